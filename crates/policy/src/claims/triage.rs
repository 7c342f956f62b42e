//! Reads `triage.toml`: the organisation's own decisions, from which its VEX is generated.

use std::sync::Arc;

use stanchion_model::purl::Purl;
use stanchion_model::vex::Identifier;
use stanchion_model::vex::{Justification, Statement, Status, VexProduct};
use stanchion_syntax::{Limits, toml};

use super::{Claim, Rank, Scope, Target};
use crate::clock::Calendar;
use crate::file::Fault;
use crate::file::reader::{Table, beside};
use crate::pattern::{PurlPattern, RANGE, glob};

/// The value of `schema`.
pub const SCHEMA: &str = "stanchion.triage/1";

/// The file's name, beside the policy.
pub const FILE: &str = "triage.toml";

/// Largest file that is read.
pub const MOST_BYTES: usize = 32 << 20;

/// Most decisions in one file.
const MOST: usize = 100_000;

struct Decision {
    claim: Claim,
    purls: Vec<String>,
    versions: Option<String>,
    product: Option<String>,
    on: Option<String>,
}

pub(super) fn read(
    file: &str,
    text: &str,
    prefix: &str,
    calendar: &Calendar,
) -> (Vec<Claim>, Vec<Fault>) {
    let (decisions, faults) = all(file, text, prefix, calendar);
    (
        decisions
            .into_iter()
            .map(|decision| decision.claim)
            .collect(),
        faults,
    )
}

/// The decisions of a file as statements for VEX: about the component, in the product where one is named.
pub fn decisions(file: &str, text: &str, calendar: &Calendar) -> (Vec<Statement>, Vec<Fault>) {
    let (decisions, mut faults) = all(file, text, "", calendar);
    let mut statements = Vec::new();
    for decision in decisions {
        let components = match published(&decision) {
            Ok(components) => components,
            Err(message) => {
                faults.push(Fault {
                    place: decision.claim.place.clone(),
                    message,
                    hint: None,
                });
                continue;
            }
        };
        let products = match &decision.product {
            None => components,
            Some(name) => vec![VexProduct {
                identifiers: vec![
                    Purl::parse_lenient(name)
                        .map_or_else(|_| Identifier::Other(name.clone()), Identifier::Purl),
                ],
                versions: None,
                subcomponents: components,
            }],
        };
        let claim = decision.claim;
        let mut ids = claim.ids.into_iter();
        statements.push(Statement {
            id: None,
            vulnerability: ids.next().unwrap_or_default(),
            aliases: ids.collect(),
            products,
            status: claim.status,
            justification: claim.justification,
            impact: claim.reason,
            action: claim.action,
            timestamp: claim.time.map(|time| time.to_string()).or(decision.on),
            original: None,
            lossy: Vec::new(),
            line: claim.place.line,
        });
    }
    (statements, faults)
}

/// The components of a decision as VEX can name them; what would grow wider on the way is refused.
fn published(decision: &Decision) -> Result<Vec<VexProduct>, String> {
    if !decision.claim.scope.paths.is_empty() {
        return Err(
            "VEX has no place for paths, and without them it would say more: not written".into(),
        );
    }
    decision
        .purls
        .iter()
        .map(|text| {
            if text.ends_with('*') {
                return Err(format!(
                    "VEX names packages one by one, and {text:?} is many: not written"
                ));
            }
            let purl = Purl::parse_lenient(text).map_err(|error| format!("{text:?}: {error}"))?;
            let (purl, versions) = match decision.versions.as_deref() {
                None => (purl, None),
                Some(range)
                    if range
                        .trim_start()
                        .get(..5)
                        .is_some_and(|start| start.eq_ignore_ascii_case("vers:")) =>
                {
                    (purl, Some(range.to_owned()))
                }
                Some(range) if range.contains(RANGE) => {
                    return Err(format!(
                        "VEX takes a range as vers:{}/..., not as {range:?}: not written",
                        purl.purl_type()
                    ));
                }
                Some(version) => (
                    purl.with_version(version.trim())
                        .map_err(|error| error.to_string())?,
                    None,
                ),
            };
            Ok(VexProduct {
                identifiers: vec![Identifier::Purl(purl)],
                versions,
                subcomponents: Vec::new(),
            })
        })
        .collect()
}

fn all(file: &str, text: &str, prefix: &str, calendar: &Calendar) -> (Vec<Decision>, Vec<Fault>) {
    let file: Arc<str> = file.into();
    let document = toml::parse(text, &Limits::default());
    let mut faults = Vec::new();
    let Some(root) = beside(&document, &file, SCHEMA, "decision", &mut faults) else {
        return (Vec::new(), faults);
    };
    let mut decisions = Vec::new();
    for table in root.tables("decision", MOST, &mut faults) {
        match decision(&table, prefix, calendar) {
            Ok(decision) => decisions.push(decision),
            Err(more) => faults.extend(more),
        }
    }
    root.finish(&mut faults);
    (decisions, faults)
}

fn decision(table: &Table<'_>, prefix: &str, calendar: &Calendar) -> Result<Decision, Vec<Fault>> {
    let mut faults = Vec::new();
    let plain = |name, faults: &mut Vec<Fault>| table.text(name, faults).map(|text| text.value);
    let ids = table.either("vulnerability", "vulnerabilities", &mut faults);
    let purls = table.either("purl", "purls", &mut faults);
    let versions = plain("versions", &mut faults);
    let status = table.needed("status", &mut faults).and_then(|word| {
        let words = Status::ALL.map(Status::as_str);
        table
            .one_of("status", &word, &words, &mut faults)
            .then(|| Status::from_word(&word.value))
            .flatten()
    });
    let justification = table.word(
        "justification",
        &Justification::ALL.map(Justification::as_str),
        &mut faults,
    );
    let reason = plain("reason", &mut faults);
    let action = plain("action", &mut faults);
    let by = table.needed("by", &mut faults);
    let on = table.needed("on", &mut faults);
    let product = plain("product", &mut faults);
    let paths = table.either("path", "paths", &mut faults);
    let time = on.as_ref().and_then(|on| {
        let time = calendar.moment(&on.value, false);
        if time.is_none() {
            faults.push(table.fault(
                on.place.line,
                format!("`on` is {:?}, which is no day or time", on.value),
                Some("write it as 2026-11-24"),
            ));
        }
        time
    });
    table.finish(&mut faults);
    let line = table.place().line;
    if ids.is_empty() {
        faults.push(table.fault(line, "[[decision]] names no `vulnerability`", None));
    }
    if purls.is_empty() {
        faults.push(table.fault(
            line,
            "[[decision]] names no `purl`",
            Some("say about which package: purl = \"pkg:npm/lodash\""),
        ));
    }
    let mut targets = Vec::new();
    for purl in &purls {
        match PurlPattern::parse(purl, versions.as_deref()) {
            Ok(what) => targets.push(Target {
                what,
                within: Vec::new(),
                names: Vec::new(),
            }),
            Err(error) => faults.push(table.fault(line, format!("`purl`: {error}"), None)),
        }
    }
    let mut globs = Vec::new();
    for path in &paths {
        match glob(path) {
            Ok(glob) => globs.push(glob),
            Err(error) => faults.push(table.fault(line, format!("`path`: {error}"), None)),
        }
    }
    if status == Some(Status::NotAffected) && justification.is_none() {
        let words = Justification::ALL.map(Justification::as_str).join(", ");
        faults.push(table.fault(
            line,
            "`not_affected` without a `justification`",
            Some(&format!("say why: {words}")),
        ));
    }
    if status == Some(Status::Affected) && action.is_none() {
        faults.push(table.fault(
            line,
            "`affected` without an `action`",
            Some("say what is to be done, or until when it waits for what"),
        ));
    }
    let (Some(status), Some(by), true) = (status, by, faults.is_empty()) else {
        return Err(faults);
    };
    Ok(Decision {
        claim: Claim {
            ids,
            status,
            justification: justification.and_then(|word| Justification::from_word(&word.value)),
            reason,
            action,
            author: by.value,
            time,
            rank: Rank::Own,
            place: table.place(),
            targets,
            scope: Scope {
                product: product.clone(),
                paths: globs,
                prefix: prefix.to_owned(),
            },
        },
        purls,
        versions,
        product,
        on: on.map(|on| on.value),
    })
}
