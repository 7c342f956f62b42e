//! What is different between two versions of a product, what an attacker gains in one, and what happened in it.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_model::threat::ThreatVector;
use stanchion_store::contents::{self, Part, Turn};
use stanchion_store::findings::{self, Finding};
use stanchion_store::products::{self, Version};
use stanchion_store::{Id, Tx, params};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::findings::lists::PATIENCE;
use crate::findings::view::{SEVERITIES, score, word};
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::slice;

/// Components of a version that are compared.
const MOST_PARTS: usize = 50_000;
/// Rows of each sort that are told; all of them are counted.
const MOST_TOLD: usize = 500;
/// Things that happened, of those that are told.
const MOST_TURNS: usize = 500;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(difference))
        .routes(routes!(gains))
        .routes(routes!(history))
}

/// Which versions.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// The id of the version before.
    pub(crate) from: String,
    /// The id of the version after it.
    pub(crate) to: String,
}

/// A package in one or both of two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartChange {
    pub(crate) ecosystem: String,
    pub(crate) name: String,
    /// Its versions in the version before; none: it is new.
    pub(crate) from: Vec<String>,
    /// Its versions in the version after; none: it is gone.
    pub(crate) to: Vec<String>,
}

/// A finding that is open in one of two versions only.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingChange {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) vulnerability: String,
    pub(crate) component: String,
    pub(crate) version: String,
    pub(crate) severity: Option<&'static str>,
    pub(crate) score: Option<f64>,
}

/// What is different.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// The version before.
    pub(crate) from: String,
    /// The version after.
    pub(crate) to: String,
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) changed: usize,
    /// Packages that are as they were.
    pub(crate) same: usize,
    /// At most 500 of each sort.
    pub(crate) components: Vec<PartChange>,
    pub(crate) appeared: usize,
    pub(crate) gone: usize,
    /// Findings that are open in the version after alone, worst first; at most 500.
    pub(crate) findings_new: Vec<FindingChange>,
    /// Findings that were open in the version before alone, worst first; at most 500.
    pub(crate) findings_gone: Vec<FindingChange>,
    /// Everything was compared; a version of more than 50,000 components is not read to its end.
    pub(crate) whole: bool,
}

fn of_product(tx: &mut Tx<'_>, product: Id, id: &str, field: &str) -> Result<Version, Problem> {
    let version = match Id::parse(id) {
        Some(id) => products::version_by_id(tx, id)?,
        None => None,
    };
    version
        .filter(|version| version.product == product)
        .ok_or_else(|| {
            Problem::not_found("There is no such version of this product.")
                .field(field, "the id of a version of this product")
        })
}

type Packages = BTreeMap<(String, String), BTreeSet<String>>;

fn packages(parts: Vec<Part>) -> Packages {
    let mut all = Packages::new();
    for part in parts {
        all.entry((part.ecosystem, part.name))
            .or_default()
            .insert(part.version);
    }
    all
}

/// What is different between two versions of a product: components, and open findings.
#[utoipa::path(get, path = "/api/v1/products/{name}/difference", tag = "products", params(("name" = String, Path), Between),
    responses((status = 200, body = Difference), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn difference(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
    Query(between): Query<Between>,
) -> Result<Json<Difference>, Problem> {
    portal
        .blocking(move |portal| {
            portal.engine.store().read_within(PATIENCE, |tx| {
                let product = slice::product(tx, &allowed, &name)?;
                let from = of_product(tx, product.id, &between.from, "from")?;
                let to = of_product(tx, product.id, &between.to, "to")?;
                let old = contents::parts(tx, from.id, MOST_PARTS)?;
                let new = contents::parts(tx, to.id, MOST_PARTS)?;
                let whole = old.len() < MOST_PARTS && new.len() < MOST_PARTS;
                let mut found = compared(&packages(old), packages(new));
                found.from = from.name;
                found.to = to.name;
                found.whole = whole;
                let before = opened(tx, from.id)?;
                let after = opened(tx, to.id)?;
                (found.appeared, found.findings_new) = alone(tx, &after, &before)?;
                (found.gone, found.findings_gone) = alone(tx, &before, &after)?;
                Ok::<_, Problem>(Json(found))
            })
        })
        .await
}

fn compared(old: &Packages, new: Packages) -> Difference {
    let mut found = Difference {
        from: String::new(),
        to: String::new(),
        added: 0,
        removed: 0,
        changed: 0,
        same: 0,
        components: Vec::new(),
        appeared: 0,
        gone: 0,
        findings_new: Vec::new(),
        findings_gone: Vec::new(),
        whole: true,
    };
    let told =
        |(ecosystem, name): (String, String), from: Vec<String>, to: Vec<String>| PartChange {
            ecosystem,
            name,
            from,
            to,
        };
    for (key, from) in old {
        if !new.contains_key(key) {
            found.removed += 1;
            if found.removed <= MOST_TOLD {
                let from = from.iter().cloned().collect();
                found.components.push(told(key.clone(), from, Vec::new()));
            }
        }
    }
    for (key, to) in new {
        let from = old.get(&key);
        if from == Some(&to) {
            found.same += 1;
            continue;
        }
        let (count, from) = match from {
            None => (&mut found.added, Vec::new()),
            Some(from) => (&mut found.changed, from.iter().cloned().collect()),
        };
        *count += 1;
        if *count <= MOST_TOLD {
            found
                .components
                .push(told(key, from, to.into_iter().collect()));
        }
    }
    found
        .components
        .sort_by(|one, other| (&one.name, &one.ecosystem).cmp(&(&other.name, &other.ecosystem)));
    found
}

/// The open findings of a version by what they are about: the vulnerability, and the package without its version.
fn opened(tx: &mut Tx<'_>, version: Id) -> Result<BTreeMap<(Id, Id), Finding>, Problem> {
    let mut all = BTreeMap::new();
    let mut packages: BTreeMap<Id, Id> = BTreeMap::new();
    for (_, finding) in findings::of_version(tx, version)? {
        if finding.state >= 4 {
            continue;
        }
        let package = if let Some(package) = packages.get(&finding.component) {
            *package
        } else {
            let package: Option<Option<Id>> = tx.first(
                "SELECT package FROM component WHERE id = ?1",
                params![finding.component],
                |row| row.get(0),
            )?;
            // A place is its own.
            let package = package.flatten().unwrap_or(finding.component);
            packages.insert(finding.component, package);
            package
        };
        all.insert((finding.vulnerability, package), finding);
    }
    Ok(all)
}

fn alone(
    tx: &mut Tx<'_>,
    here: &BTreeMap<(Id, Id), Finding>,
    there: &BTreeMap<(Id, Id), Finding>,
) -> Result<(usize, Vec<FindingChange>), Problem> {
    let mut only: Vec<&Finding> = here
        .iter()
        .filter(|(key, _)| !there.contains_key(key))
        .map(|(_, finding)| finding)
        .collect();
    only.sort_by_key(|finding| (-finding.score, finding.id));
    let count = only.len();
    only.truncate(MOST_TOLD);
    let components: Vec<Id> = only.iter().map(|finding| finding.component).collect();
    let names = findings::component_names(tx, &components)?;
    let mut told = Vec::with_capacity(only.len());
    for finding in only {
        let vulnerability: Option<String> = tx.first(
            "SELECT name FROM vulnerability WHERE id = ?1",
            params![finding.vulnerability],
            |row| row.get(0),
        )?;
        let (component, version) = names
            .get(&finding.component)
            .map(|(name, version, _)| (name.clone(), version.clone()))
            .unwrap_or_default();
        told.push(FindingChange {
            id: finding.id.to_string(),
            vulnerability: vulnerability.unwrap_or_default(),
            component,
            version,
            severity: word(&SEVERITIES, finding.severity),
            score: score(finding.score),
        });
    }
    Ok((count, told))
}

/// What an attacker gains from the open findings of a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GainView {
    /// The id of the threat vector; `null`: nobody says what is gained.
    pub(crate) vector: Option<&'static str>,
    pub(crate) title: &'static str,
    /// Open findings; one that gains several things is counted for each.
    pub(crate) open: i64,
    pub(crate) critical: i64,
    pub(crate) high: i64,
    pub(crate) known_exploited: i64,
    /// The highest score.
    pub(crate) worst: Option<f64>,
}

/// The open findings of a product by what an attacker gains, worst first.
#[utoipa::path(get, path = "/api/v1/products/{name}/vectors", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = [GainView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn gains(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
) -> Result<Json<Vec<GainView>>, Problem> {
    let found = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            Ok::<_, Problem>(contents::by_vectors(tx, product.id)?)
        })
        .await?;
    let mut all = Vec::new();
    let vectors = ThreatVector::all().map(Some).chain([None]);
    for (at, vector) in vectors.enumerate() {
        let mut one = GainView {
            vector: vector.map(ThreatVector::id),
            title: vector.map_or("Not known what is gained", ThreatVector::title),
            open: 0,
            critical: 0,
            high: 0,
            known_exploited: 0,
            worst: None,
        };
        let mut worst = -1;
        for gain in &found {
            let counts = match vector {
                Some(_) => gain.vectors & (1 << at) != 0,
                None => gain.vectors == 0,
            };
            if counts {
                one.open += gain.open.count;
                one.known_exploited += gain.exploited;
                worst = worst.max(gain.open.worst);
                match gain.open.severity {
                    4 => one.critical += gain.open.count,
                    3 => one.high += gain.open.count,
                    _ => {}
                }
            }
        }
        one.worst = score(worst);
        if one.open > 0 {
            all.push(one);
        }
    }
    all.sort_by(|one, other| {
        (one.vector.is_none(), -one.known_exploited)
            .cmp(&(other.vector.is_none(), -other.known_exploited))
            .then_with(|| {
                let (own, theirs) = (one.worst.unwrap_or(-1.0), other.worst.unwrap_or(-1.0));
                theirs.total_cmp(&own)
            })
            .then_with(|| other.open.cmp(&one.open))
    });
    Ok(Json(all))
}

/// How far back.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// Days: 1 to 730; 90 without it.
    pub(crate) days: Option<i64>,
}

/// Something that happened to a finding.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TurnView {
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// `new`, `again` (in a new version what another had before), `fixed`, `closed` or `reopened`.
    pub(crate) what: &'static str,
    pub(crate) reason: String,
    /// The finding's id.
    pub(crate) finding: String,
    /// The version's id.
    pub(crate) version: String,
    pub(crate) vulnerability: String,
    pub(crate) component: String,
    pub(crate) component_version: String,
    /// Versions of the product in which the same happened on that day; told once, of the latest.
    pub(crate) versions: usize,
}

/// What happened in a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The latest first, of the 20 versions that came in last.
    pub(crate) turns: Vec<TurnView>,
    /// These are all since then.
    pub(crate) whole: bool,
}

/// What became of the findings of a product, the latest first.
#[utoipa::path(get, path = "/api/v1/products/{name}/history", tag = "products", params(("name" = String, Path), Window),
    responses((status = 200, body = History), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn history(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
    Query(window): Query<Window>,
) -> Result<Json<History>, Problem> {
    let days = window.days.unwrap_or(90);
    if !(1..=730).contains(&days) {
        return Err(
            Problem::bad_request("So many days cannot be looked back.").field("days", "1 to 730")
        );
    }
    let since = portal.engine.now() - days * 86_400;
    portal
        .blocking(move |portal| {
            portal.engine.store().read_within(PATIENCE, |tx| {
                let product = slice::product(tx, &allowed, &name)?;
                let (turns, whole) = contents::turns(tx, product.id, since, MOST_TURNS)?;
                let turns = told_once(turns.into_iter().map(TurnView::from));
                Ok::<_, Problem>(Json(History { turns, whole }))
            })
        })
        .await
}

impl From<Turn> for TurnView {
    fn from(turn: Turn) -> Self {
        Self {
            what: match turn.what.as_str() {
                // A version that is new has what the one before it had.
                "appeared" if turn.at - turn.first_seen < 86_400 => "new",
                "appeared" => "again",
                "fixed" => "fixed",
                "reopened" => "reopened",
                _ => "closed",
            },
            at: turn.at,
            reason: turn.reason,
            finding: turn.finding.to_string(),
            version: turn.version.to_string(),
            vulnerability: turn.vulnerability,
            component: turn.component,
            component_version: turn.component_version,
            versions: 1,
        }
    }
}

/// What happened in several versions on one day stands once.
fn told_once(turns: impl Iterator<Item = TurnView>) -> Vec<TurnView> {
    let mut all: Vec<TurnView> = Vec::new();
    let mut places: BTreeMap<(i64, &'static str, String, String), usize> = BTreeMap::new();
    for turn in turns {
        let key = (
            turn.at.div_euclid(86_400),
            turn.what,
            turn.vulnerability.clone(),
            turn.component.clone(),
        );
        if let Some(at) = places.get(&key) {
            all[*at].versions += 1;
        } else {
            places.insert(key, all.len());
            all.push(turn);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, version: &str) -> Part {
        Part {
            ecosystem: "npm".into(),
            name: name.into(),
            version: version.into(),
            purl: String::new(),
        }
    }

    #[test]
    fn packages_are_new_gone_changed_or_as_they_were() {
        let old = packages(vec![
            part("a", "1"),
            part("b", "1"),
            part("c", "1"),
            part("c", "2"),
        ]);
        let new = packages(vec![
            part("a", "1"),
            part("c", "2"),
            part("c", "3"),
            part("d", "1"),
        ]);
        let found = compared(&old, new);
        assert_eq!(
            (found.added, found.removed, found.changed, found.same),
            (1, 1, 1, 1)
        );
        let changed = &found.components[1];
        assert_eq!(
            (changed.name.as_str(), &changed.from[..], &changed.to[..]),
            (
                "c",
                &["1".to_owned(), "2".to_owned()][..],
                &["2".to_owned(), "3".to_owned()][..]
            )
        );
    }

    #[test]
    fn what_happened_in_several_versions_at_once_is_told_once() {
        let turn = |at: i64, vulnerability: &str| TurnView {
            at,
            what: "new",
            reason: String::new(),
            finding: String::new(),
            version: String::new(),
            vulnerability: vulnerability.into(),
            component: "a".into(),
            component_version: "1".into(),
            versions: 1,
        };
        let told =
            told_once([turn(10, "x"), turn(9, "x"), turn(8, "y"), turn(-1, "x")].into_iter());
        let counts: Vec<usize> = told.iter().map(|turn| turn.versions).collect();
        assert_eq!(counts, [2, 1, 1]);
    }
}
