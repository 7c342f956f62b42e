//! Results: one for each finding.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use stanchion_model::finding::{Confidence, Epss, Finding, Kev, Kind, Ssvc};
use stanchion_model::inventory::{Inventory, Scope};

use super::review::{Review, Suppression};
use super::{Location, LogicalLocation, OwnedText};
use crate::text::plain;
use crate::{advice, identity};

/// Most places of one result.
const MOST_PLACES: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: OwnedText,
    locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<f64>,
    properties: Properties<'a>,
}

/// What the result is made of, for programs. Others' tools ignore what they do not know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    key: &'a str,
    kind: Kind,
    purl: String,
    project: &'a str,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<bool>,
    confidence: Confidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    kev: Option<&'a Kev>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<Epss>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssvc: Option<Ssvc>,
    fixed_in: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade_to: Option<&'a str>,
    paths: &'a [Vec<String>],
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<&'a str>,
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
}

impl<'a> Outcome<'a> {
    /// `repeat` counts findings of the same key from 1.
    pub(super) fn new(
        finding: &'a Finding,
        rule_index: usize,
        repeat: usize,
        prefix: &str,
        inventory: &Inventory,
        review: &Review<'_>,
    ) -> Self {
        let digest = identity::digest(&finding.key);
        let fingerprints = [
            (
                "primaryLocationLineHash",
                format!("{}:{repeat}", &digest[..16]),
            ),
            (
                "stanchionKey/v1",
                if repeat == 1 {
                    digest
                } else {
                    format!("{digest}:{repeat}")
                },
            ),
        ];
        Self {
            rule_id: &finding.id,
            rule_index,
            kind: "fail",
            level: review.level(finding),
            message: OwnedText {
                text: message(finding),
            },
            locations: locations(finding, prefix, inventory),
            partial_fingerprints: fingerprints.into_iter().collect(),
            suppressions: review.suppressions(finding),
            baseline_state: finding
                .is_new
                .map(|new| if new { "new" } else { "unchanged" }),
            rank: finding.score.map(|score| score.clamp(0.0, 100.0)),
            properties: Properties {
                key: &finding.key,
                kind: finding.kind,
                purl: finding.component.purl.to_string(),
                project: &finding.project,
                scope: finding.scope,
                direct: finding.direct,
                confidence: finding.confidence,
                kev: finding.kev.as_ref(),
                epss: finding.epss,
                ssvc: finding.ssvc,
                fixed_in: &finding.fixed_in,
                upgrade_to: finding.upgrade_to.as_deref(),
                paths: &finding.paths,
                owner: finding.owner.as_deref(),
                due: finding.due.as_deref(),
                state: &finding.state,
                policy_rule: finding.rule.as_deref(),
                exception: finding.exception.as_deref(),
                product: finding.product.as_deref(),
            },
        }
    }
}

/// The first sentence stands alone: some viewers show no more.
fn message(finding: &Finding) -> String {
    let component = advice::component(finding);
    let title = advice::sentence(&finding.title);
    let mut text = match finding.kind {
        Kind::Yanked | Kind::EndOfLife => title,
        _ => format!("{component}: {}, {title}", plain(&finding.id)),
    };
    let why = advice::why(finding);
    if !why.is_empty() {
        let mut why = why.join("; ");
        if let Some(first) = why.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let _ = write!(text, " {why}.");
    }
    if let Some(path) = advice::path(finding) {
        let others = finding.other_paths + finding.paths.len().saturating_sub(1);
        let more = if others > 0 {
            format!(" (and {others} other ways)")
        } else {
            String::new()
        };
        let _ = write!(text, " Needed by {path}{more}.");
    }
    text.push(' ');
    text.push_str(&advice::fix(finding));
    if finding.locations.len() > MOST_PLACES {
        let _ = write!(
            text,
            " {} more places name it.",
            finding.locations.len() - MOST_PLACES
        );
    }
    text
}

/// Code scanning refuses a result without a place: where the finding has none, it stands at the file that its
/// project was read from.
fn locations(finding: &Finding, prefix: &str, inventory: &Inventory) -> Vec<Location> {
    let mut all: Vec<Location> = finding
        .locations
        .iter()
        .take(MOST_PLACES)
        .map(|place| Location::new(prefix, &place.path, place.line))
        .collect();
    if all.is_empty() {
        let project = inventory
            .projects
            .iter()
            .find(|project| project.root == finding.project);
        let file = project
            .and_then(|project| project.files.first())
            .map_or(".", String::as_str);
        all.push(Location::new(prefix, file, None));
    }
    all[0].logical_locations.push(LogicalLocation {
        name: finding.component.name.clone(),
        fully_qualified_name: finding.component.purl.to_string(),
        kind: "package",
    });
    all
}
