//! Reads OpenVEX.

use stanchion_model::vex::{
    Identifier, Justification, Refused, Statement, Status, VexDocument, VexFormat, VexProduct,
};
use stanchion_syntax::{Node, Value};

use super::NAMESPACE;
use crate::vex::reading::{
    Budget, Named, is_purl, lacks_reason, lose, other_names, percent_decoded, size, time_at, told,
    words,
};
use crate::vex::{VexError, refused};

/// Whether a document is OpenVEX.
pub(in crate::vex) fn recognises(root: &Node<'_>) -> bool {
    context(root).is_some()
}

/// The context's version as written, empty where it has none, and its line.
fn context<'n>(root: &'n Node<'_>) -> Option<(&'n str, u32)> {
    let node = root.get("@context")?;
    std::iter::once(node).chain(node.items()).find_map(|item| {
        let rest = item.as_str()?.strip_prefix(NAMESPACE)?;
        let version = rest.strip_prefix('/').unwrap_or(rest);
        (rest.is_empty() || rest.starts_with('/')).then_some((version, item.line))
    })
}

/// What the statements take from the document.
struct Above<'n> {
    id: Option<&'n str>,
    timestamp: Result<Option<String>, Refused>,
}

/// Reads a document that [`recognises`] knows.
pub(in crate::vex) fn read(root: &Node<'_>, budget: &mut Budget) -> Result<VexDocument, VexError> {
    let (version, line) = context(root).unwrap_or_default();
    let known = ["v0.0.", "v0.1.", "v0.2."];
    if !version.is_empty() && !known.iter().any(|known| version.starts_with(known)) {
        return Err(VexError::unusable(
            line,
            format!(
                "OpenVEX {} is not known; versions up to 0.2.0 are read",
                told(version)
            ),
        ));
    }
    let statements = match root.get("statements") {
        Some(Node {
            value: Value::Array(statements),
            ..
        }) => statements,
        Some(other) => {
            let message = format!("`statements` is {} and no list", other.kind());
            return Err(VexError::unusable(other.line, message));
        }
        None => {
            let message = "the document has no `statements`";
            return Err(VexError::unusable(root.line, message));
        }
    };
    let above = Above {
        id: words(root, "@id"),
        timestamp: time_at(root, "timestamp"),
    };
    let mut document = VexDocument {
        format: VexFormat::OpenVex,
        id: above.id.map(str::to_owned),
        author: words(root, "author").map(str::to_owned),
        timestamp: match time_at(root, "last_updated") {
            Ok(Some(updated)) => Some(updated),
            _ => above.timestamp.clone().ok().flatten(),
        },
        subject: None,
        statements: Vec::with_capacity(statements.len()),
        refused: Vec::new(),
    };
    for node in statements {
        match statement(node, &above, budget) {
            Ok(statement) => document.statements.push(statement),
            Err(refused) => document.refused.push(refused),
        }
    }
    Ok(document)
}

fn statement(
    node: &Node<'_>,
    above: &Above<'_>,
    budget: &mut Budget,
) -> Result<Statement, Refused> {
    if !node.is_object() {
        let reason = format!("{} where a statement is expected", node.kind());
        return Err(refused(node.line, reason));
    }
    let mut lossy = Vec::new();
    let (vulnerability, aliases) = vulnerability(node, &mut lossy)?;
    let at = |reason: String| refused(node.line, format!("{vulnerability}: {reason}"));
    let status = match node.get("status").map(|status| status.text()) {
        Some(Some(word)) => Status::from_word(word)
            .ok_or_else(|| at(format!("the status {} is not known", told(word))))?,
        _ => return Err(at("the statement has no status".into())),
    };
    let mut justification = match node.get("justification") {
        None => None,
        Some(found) => Some(
            found
                .as_str()
                .and_then(Justification::from_word)
                .ok_or_else(|| {
                    let word = found.text().map_or_else(|| found.kind().to_owned(), told);
                    at(format!("the justification {word} is not known"))
                })?,
        ),
    };
    if status != Status::NotAffected
        && let Some(label) = justification.take()
    {
        lossy.push(format!(
            "the justification `{}` stands with the status `{}`, of which none is expected",
            label.as_str(),
            status.as_str()
        ));
    }
    let reason = words(node, "impact_statement");
    if lacks_reason(status, justification.is_some(), reason) {
        let reason = "`not_affected` with neither a justification nor an impact statement";
        return Err(at(reason.into()));
    }
    let products = products(node, above, &mut lossy, budget)
        .map_err(|found| refused(found.line, format!("{vulnerability}: {}", found.reason)))?;
    let timestamp = match time_at(node, "timestamp")? {
        Some(own) => Some(own),
        None => above
            .timestamp
            .clone()
            .map_err(|found| at(format!("the document's {}", found.reason)))?,
    };
    let notes: Vec<&str> = [reason, words(node, "status_notes")]
        .into_iter()
        .flatten()
        .collect();
    Ok(Statement {
        id: words(node, "@id").map(str::to_owned),
        vulnerability,
        aliases,
        products,
        status,
        justification,
        impact: (!notes.is_empty()).then(|| notes.join("\n")),
        action: words(node, "action_statement").map(str::to_owned),
        timestamp,
        original: None,
        lossy,
        line: node.line,
    })
}

/// The vulnerability's name and its other names.
fn vulnerability(
    node: &Node<'_>,
    lossy: &mut Vec<String>,
) -> Result<(String, Vec<String>), Refused> {
    let missing = || refused(node.line, "the statement names no vulnerability");
    let found = node.get("vulnerability").ok_or_else(missing)?;
    if let Some(name) = found.as_str() {
        if name.trim().is_empty() {
            return Err(missing());
        }
        lose(
            lossy,
            "the statement is in the form before OpenVEX 0.2.0".to_owned(),
        );
        return Ok((name.to_owned(), Vec::new()));
    }
    let name = match (words(found, "name"), words(found, "@id")) {
        (Some(name), _) => name,
        (None, Some(iri)) => {
            lose(
                lossy,
                "the vulnerability has no name; its `@id` is read as one".to_owned(),
            );
            iri.rsplit('/').find(|part| !part.is_empty()).unwrap_or(iri)
        }
        (None, None) if found.is_object() => {
            return Err(refused(found.line, "the vulnerability has no name"));
        }
        (None, None) => {
            let reason = format!("{} where a vulnerability is named", found.kind());
            return Err(refused(found.line, reason));
        }
    };
    let mut aliases: Vec<&str> = Vec::new();
    for alias in found.at(&["aliases"]).items() {
        let alias = alias.as_str().ok_or_else(|| {
            let reason = format!("{name}: {} where another name is expected", alias.kind());
            refused(alias.line, reason)
        })?;
        aliases.push(alias);
    }
    Ok((name.to_owned(), other_names(name, aliases.into_iter())))
}

fn products(
    node: &Node<'_>,
    above: &Above<'_>,
    lossy: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<Vec<VexProduct>, Refused> {
    let all = node.at(&["products"]).items();
    if all.is_empty() {
        return Err(refused(node.line, "the statement names no product"));
    }
    // Only the form before 0.2.0 has them here.
    let mut shared = Vec::new();
    for part in node.at(&["subcomponents"]).items() {
        shared.push(component(part, above, lossy)?);
    }
    if !shared.is_empty() && all.len() > 1 {
        lossy.push("its subcomponents are read as those of each product".to_owned());
    }
    let shared_size: usize = shared.iter().map(size).sum();
    let mut products = Vec::with_capacity(all.len());
    for item in all {
        let mut product = component(item, above, lossy)?;
        match item.get("subcomponents") {
            None
            | Some(Node {
                value: Value::Null, ..
            }) => {
                budget.take(shared_size, item.line)?;
                product.subcomponents.clone_from(&shared);
            }
            Some(Node {
                value: Value::Array(parts),
                ..
            }) => {
                for part in parts {
                    product.subcomponents.push(component(part, above, lossy)?);
                }
            }
            Some(other) => {
                let reason = format!("`subcomponents` is {} and no list", other.kind());
                return Err(refused(other.line, reason));
            }
        }
        products.push(product);
    }
    Ok(products)
}

/// A product or a part of one, without its parts.
fn component(
    node: &Node<'_>,
    above: &Above<'_>,
    lossy: &mut Vec<String>,
) -> Result<VexProduct, Refused> {
    let mut named = Named::default();
    let mut local = None;
    let id = match &node.value {
        Value::String(id) => Some(id.as_ref()),
        Value::Object(_) => words(node, "@id"),
        _ => {
            let reason = format!("{} where a product is expected", node.kind());
            return Err(refused(node.line, reason));
        }
    };
    if let Some(id) = id.filter(|id| !id.trim().is_empty()) {
        let fragment = above
            .id
            .and_then(|document| id.strip_prefix(document)?.strip_prefix('#'));
        match fragment {
            Some(fragment) if !is_purl(id) => local = Some((id, fragment)),
            _ => named.iri(id, node.line)?,
        }
    }
    for member in node.at(&["identifiers"]).members() {
        let text = member.value.as_str().ok_or_else(|| {
            let reason = format!("the identifier {} is no string", told(&member.key));
            refused(member.line, reason)
        })?;
        match member.key.as_ref() {
            "purl" => named.purl(text, member.line)?,
            "cpe22" | "cpe23" => named.cpe(text, member.line)?,
            other => lose(
                &mut named.lossy,
                format!("an identifier {} is not read", told(other)),
            ),
        }
    }
    for member in node.at(&["hashes"]).members() {
        let hex = member.value.as_str().ok_or_else(|| {
            let reason = format!("the hash {} is no string", told(&member.key));
            refused(member.line, reason)
        })?;
        named.hash(&member.key, hex, member.line)?;
    }
    if let Some((id, fragment)) = local
        && named.product.identifiers.is_empty()
    {
        let name = percent_decoded(fragment).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| id.to_owned());
        named.add(Identifier::Other(name), node.line)?;
    }
    if named.product.identifiers.is_empty() {
        return Err(refused(node.line, "a product is named by nothing"));
    }
    for sentence in named.lossy {
        lose(lossy, sentence);
    }
    Ok(named.product)
}
