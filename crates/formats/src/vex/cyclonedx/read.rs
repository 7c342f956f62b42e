//! Reads CycloneDX.

use std::collections::HashMap;

use stanchion_model::vex::{
    Justification, Refused, Statement, Status, VexDocument, VexFormat, VexProduct,
};
use stanchion_syntax::Node;

use super::bill::{Base, Bill, component, elsewhere, narrow};
use super::words::{FALSE_POSITIVE, REASONS, RESPONSES, Reason, STATES, State};
use crate::vex::reading::{
    Budget, Named, gather, lacks_reason, lose, other_names, time_at, told, words,
};
use crate::vex::{VexError, refused};

/// Whether a document is CycloneDX.
pub(in crate::vex) fn recognises(root: &Node<'_>) -> bool {
    root.str("bomFormat")
        .is_some_and(|format| format.eq_ignore_ascii_case("cyclonedx"))
}

/// Reads a document that [`recognises`] knows.
pub(in crate::vex) fn read(root: &Node<'_>, budget: &mut Budget) -> Result<VexDocument, VexError> {
    let version = root.at(&["specVersion"]);
    if !matches!(version.text(), Some("1.4" | "1.5" | "1.6" | "1.7")) {
        let message = format!(
            "CycloneDX {} is not known for VEX; 1.4 to 1.7 are read",
            told(version.text().unwrap_or(version.kind()))
        );
        return Err(VexError::unusable(version.line.max(root.line), message));
    }
    let metadata = root.at(&["metadata"]);
    let stamp = time_at(metadata, "timestamp");
    let id = words(root, "serialNumber");
    let mut reader = Reader {
        bill: Bill::new(root),
        bases: HashMap::new(),
        budget,
        document: VexDocument {
            format: VexFormat::CycloneDx,
            id: id.map(str::to_owned),
            author: author(metadata),
            timestamp: stamp.clone().ok().flatten(),
            subject: metadata
                .get("component")
                .and_then(|product| component(product).ok())
                .map(|named| named.product),
            statements: Vec::new(),
            refused: Vec::new(),
        },
        stamp,
    };
    if let Some(list) = root.get("vulnerabilities") {
        if !list.is_array() {
            let message = format!("`vulnerabilities` is {} and no list", list.kind());
            return Err(VexError::unusable(list.line, message));
        }
        let analysed =
            |node: &&Node<'_>| node.get("analysis").is_some_and(|found| !found.is_null());
        let is_vex = list.items().iter().any(|node| analysed(&node));
        for node in list.items() {
            if analysed(&node) || !node.is_object() {
                reader.vulnerability(node);
            } else if !is_vex {
                let id = words(node, "id").map_or_else(|| "a vulnerability".to_owned(), told);
                reader.refuse(
                    node.line,
                    format!("{id} has no analysis, and no other has one"),
                );
            }
        }
    }
    Ok(reader.document)
}

fn author(metadata: &Node<'_>) -> Option<String> {
    let authors = metadata.at(&["authors"]).items().first();
    let organisations = ["manufacturer", "manufacture", "supplier"];
    let organisations = organisations.iter().map(|key| metadata.at(&[key]));
    let mut all = authors.into_iter().chain(organisations);
    all.find_map(|who| words(who, "name")).map(str::to_owned)
}

/// What the analysis says of the products that have no status of their own.
struct Analysis<'n> {
    name: &'n str,
    state: &'static State,
    reason: Option<&'static Reason>,
    detail: Option<&'n str>,
    action: Option<String>,
    /// Versions are listed as `unaffected` too, so that `affected` ones are told apart.
    parted: bool,
}

/// Products with the same status: a statement.
struct Group {
    status: Status,
    leaves: Vec<(Vec<u32>, VexProduct)>,
    lossy: Vec<String>,
}

/// What an item of `affects` refers to.
struct Target<'n> {
    /// `None` where it leads out of the document.
    node: Option<&'n Node<'n>>,
    named: Base,
    holders: Vec<u32>,
    /// What the holders take of memory.
    outer: usize,
}

struct Reader<'n, 'b> {
    bill: Bill<'n>,
    bases: HashMap<u32, Result<Base, String>>,
    budget: &'b mut Budget,
    document: VexDocument,
    stamp: Result<Option<String>, Refused>,
}

impl<'n> Reader<'n, '_> {
    fn refuse(&mut self, line: u32, reason: String) {
        let size = size_of::<Refused>() + reason.len();
        // Past the bound the whole document is refused.
        if self.budget.take(size, line).is_ok() {
            self.document.refused.push(refused(line, reason));
        }
    }

    fn vulnerability(&mut self, node: &'n Node<'n>) {
        let said = match analysis(node) {
            Ok(said) => said,
            Err(found) => return self.document.refused.push(found),
        };
        let affects = node.at(&["affects"]).items();
        if affects.is_empty() {
            return self.refuse(node.line, format!("{}: it affects no product", said.name));
        }
        let mut groups: Vec<Group> = Vec::new();
        for affected in affects {
            let target = match self.target(affected) {
                Ok(target) => target,
                Err(found) => {
                    self.refuse(found.line, format!("{}: {}", said.name, found.reason));
                    continue;
                }
            };
            let versions = affected.at(&["versions"]).items();
            let whole = versions.is_empty().then_some(None);
            for version in whole.into_iter().chain(versions.iter().map(Some)) {
                if let Err(found) = self.put(&said, affected, &target, version, &mut groups) {
                    self.refuse(found.line, format!("{}: {}", said.name, found.reason));
                }
            }
        }
        for group in groups {
            match self.statement(&said, node, group) {
                Ok(statement) => self.document.statements.push(statement),
                Err(found) => self.refuse(found.line, format!("{}: {}", said.name, found.reason)),
            }
        }
    }

    /// A component by its place in the document; each is read once.
    fn base(&mut self, index: u32) -> Result<&Base, String> {
        let bill = &self.bill;
        let found = self.bases.entry(index).or_insert_with(|| {
            let entry = bill.entries.get(index as usize);
            let entry = entry.ok_or_else(|| "it is not there".to_owned())?;
            match component(entry.node) {
                Ok(named) => Ok(Base::of(named)),
                Err(found) => Err(found.reason),
            }
        });
        found.as_ref().map_err(Clone::clone)
    }

    fn target(&mut self, affected: &Node<'_>) -> Result<Target<'n>, Refused> {
        let line = affected.line;
        let reference =
            words(affected, "ref").ok_or_else(|| refused(line, "`affects` without a `ref`"))?;
        let at = |reason: String| refused(line, format!("{}: {reason}", told(reference)));
        let Some(index) = self.bill.find(reference).map_err(at)? else {
            return Ok(Target {
                node: None,
                named: Base::of(elsewhere(reference, line)?),
                holders: Vec::new(),
                outer: 0,
            });
        };
        let holders = self.bill.holders(index).map_err(at)?;
        let mut outer = 0;
        for holder in &holders {
            outer += self.base(*holder).map_err(at)?.size;
        }
        let named = self.base(index).map_err(at)?.clone();
        Ok(Target {
            node: self
                .bill
                .entries
                .get(index as usize)
                .map(|entry| entry.node),
            named,
            holders,
            outer,
        })
    }

    /// Puts a product, or one of its versions, to those of its status.
    fn put(
        &mut self,
        said: &Analysis<'n>,
        affected: &Node<'_>,
        target: &Target<'n>,
        version: Option<&Node<'_>>,
        groups: &mut Vec<Group>,
    ) -> Result<(), Refused> {
        let line = version.map_or(affected.line, |version| version.line);
        self.budget.take(target.outer + target.named.size, line)?;
        let mut named = Named {
            product: target.named.product.clone(),
            lossy: target.named.lossy.clone(),
        };
        let mut status = said.state.status;
        if let Some(version) = version {
            status = status_of(version, said)?;
            if status.closes() && version.str("status") == Some("affected") {
                let word = said.state.word;
                lose(
                    &mut named.lossy,
                    format!("versions are listed as affected; the analysis, `{word}`, is read"),
                );
            }
            narrow(&mut named, version, target.node)?;
        }
        let place = groups.iter().position(|group| group.status == status);
        let place = place.unwrap_or_else(|| {
            groups.push(Group {
                status,
                leaves: Vec::new(),
                lossy: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.leaves.push((target.holders.clone(), named.product));
            for sentence in named.lossy {
                lose(&mut group.lossy, sentence);
            }
        }
        Ok(())
    }

    fn statement(
        &mut self,
        said: &Analysis<'n>,
        node: &Node<'_>,
        group: Group,
    ) -> Result<Statement, Refused> {
        let Group {
            status,
            leaves,
            mut lossy,
        } = group;
        let closed = status == Status::NotAffected;
        let mut original = None;
        let mut justification = None;
        if status == said.state.status {
            if let Some(sentence) = said.state.lossy {
                lose(&mut lossy, sentence.to_owned());
                original = Some(said.state.word);
            }
            match said.reason {
                Some(reason) if closed => {
                    justification = Some(reason.label);
                    if let Some(sentence) = reason.lossy {
                        lose(&mut lossy, sentence.to_owned());
                        original = original.or(Some(reason.word));
                    }
                }
                None if said.state.word == FALSE_POSITIVE => {
                    justification = Some(Justification::ComponentNotPresent);
                }
                _ => {}
            }
        } else {
            let (state, status) = (said.state.word, status.as_str());
            let sentence = format!(
                "the analysis says `{state}`, and of these versions the document says `{status}`"
            );
            lose(&mut lossy, sentence);
        }
        if let Some(reason) = said.reason.filter(|_| !closed) {
            let (word, status) = (reason.word, status.as_str());
            let sentence = format!("`{word}` stands with `{status}`, of which none is expected");
            lose(&mut lossy, sentence);
        }
        if lacks_reason(status, justification.is_some(), said.detail) {
            let reason = "`not_affected` with neither a justification nor a detail";
            return Err(refused(node.line, reason));
        }
        let analysis = node.at(&["analysis"]);
        let own = match time_at(analysis, "lastUpdated")? {
            Some(own) => Some(own),
            None => time_at(analysis, "firstIssued")?,
        };
        let timestamp = match own {
            Some(own) => Some(own),
            None => self
                .stamp
                .clone()
                .map_err(|found| refused(node.line, format!("the document's {}", found.reason)))?,
        };
        let others = node.at(&["references"]).items().iter();
        let others = others.filter_map(|other| other.str("id"));
        Ok(Statement {
            id: words(node, "bom-ref").map(str::to_owned),
            vulnerability: said.name.to_owned(),
            aliases: other_names(said.name, others),
            products: gather(leaves, |index| {
                let holder = self.bases.get(&index).and_then(|base| base.as_ref().ok());
                holder
                    .map(|holder| holder.product.clone())
                    .unwrap_or_default()
            }),
            status,
            justification,
            impact: said.detail.map(str::to_owned),
            action: said.action.clone(),
            timestamp,
            original: original.map(str::to_owned),
            lossy,
            line: node.line,
        })
    }
}

/// What the analysis of a vulnerability says.
fn analysis<'n>(node: &'n Node<'n>) -> Result<Analysis<'n>, Refused> {
    let name = words(node, "id").ok_or_else(|| refused(node.line, "a vulnerability has no id"))?;
    let found = node.at(&["analysis"]);
    let at = |reason: String| refused(found.line, format!("{name}: {reason}"));
    let word = found
        .get("state")
        .and_then(Node::text)
        .ok_or_else(|| at("the analysis has no state".to_owned()))?;
    let state = STATES
        .iter()
        .find(|state| state.word == word)
        .ok_or_else(|| at(format!("the state {} is not known", told(word))))?;
    let reason = match found.get("justification") {
        None => None,
        Some(given) => {
            let word = given.text().unwrap_or(given.kind());
            let reason = REASONS.iter().find(|reason| reason.word == word);
            Some(
                reason
                    .ok_or_else(|| at(format!("the justification {} is not known", told(word))))?,
            )
        }
    };
    let mut actions: Vec<String> = ["recommendation", "workaround"]
        .into_iter()
        .filter_map(|key| words(node, key).map(str::to_owned))
        .collect();
    let responses = found.at(&["response"]).items().iter();
    let responses: Vec<&str> = responses
        .filter_map(Node::as_str)
        .filter(|word| RESPONSES.contains(word))
        .collect();
    if !responses.is_empty() {
        actions.push(responses.join(", "));
    }
    let affects = node.at(&["affects"]).items().iter();
    let mut versions = affects.flat_map(|affected| affected.at(&["versions"]).items());
    Ok(Analysis {
        parted: versions.any(|version| version.str("status") == Some("unaffected")),
        name,
        state,
        reason,
        detail: words(found, "detail"),
        action: (!actions.is_empty()).then(|| actions.join("\n")),
    })
}

/// The status of one entry of `versions`.
fn status_of(version: &Node<'_>, said: &Analysis<'_>) -> Result<Status, Refused> {
    let state = said.state;
    let Some(found) = version.get("status") else {
        return Ok(state.status);
    };
    let word = found.text().unwrap_or(found.kind());
    match (word, state.status) {
        ("affected", Status::Fixed | Status::NotAffected) if said.parted => Ok(Status::Affected),
        ("affected", _) | ("unaffected", Status::Fixed | Status::NotAffected) => Ok(state.status),
        ("unknown", _) => Ok(Status::UnderInvestigation),
        ("unaffected", _) => Err(refused(
            version.line,
            format!(
                "versions are `unaffected` while the analysis says `{}`, so there is no reason why",
                state.word
            ),
        )),
        _ => {
            let reason = format!("the status {} of a version is not known", told(word));
            Err(refused(version.line, reason))
        }
    }
}
