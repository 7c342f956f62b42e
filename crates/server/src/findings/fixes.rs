//! The fix plan: which upgrades clear most, across products.
//!
//! It is made of the worst findings that some version clears, up to a bound, and says where the bound was reached. Findings
//! of one package are cleared together by the highest of the versions that clear each of its versions in use.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_model::Ecosystem;
use stanchion_model::purl::Purl;
use stanchion_store::findings::flag;
use stanchion_store::query::{self, FINDINGS, ListedFinding};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lists::{PATIENCE, parse, visible};
use crate::http::{Json, Problem, Query};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;

/// Findings that are looked at.
const LOOKED: usize = 2_000;
/// Rows of one read.
const READ: usize = 1_000;
/// Products that are named of one upgrade.
const PRODUCTS: usize = 50;
/// Versions in use that are named of one upgrade.
const VERSIONS: usize = 20;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(fixes))
}

/// What is to be cleared.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A query of findings; only what some version clears is looked at.
    pub(crate) q: Option<String>,
}

/// A product that needs an upgrade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FixProduct)]
pub(crate) struct Needs {
    pub(crate) product: String,
    /// The project asks for the component itself.
    pub(crate) direct: bool,
}

/// An upgrade of one component, in all products that need it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fix)]
pub(crate) struct View {
    pub(crate) ecosystem: String,
    pub(crate) component: String,
    /// Versions in use, lowest first; at most 20.
    pub(crate) from: Vec<String>,
    /// The lowest version that is known to clear all of it.
    pub(crate) to: String,
    /// Findings that it clears.
    pub(crate) clears: usize,
    /// Of them known exploited.
    pub(crate) known_exploited: usize,
    /// The highest score of them.
    pub(crate) worst: Option<f64>,
    /// Their scores, added up.
    pub(crate) risk: f64,
    /// `patch`, `minor` or `major`: the first number that changes, from the lowest version in use; `null` where versions
    /// are not made of such numbers.
    pub(crate) jump: Option<&'static str>,
    /// At most 50.
    pub(crate) products: Vec<Needs>,
    /// How to make it where the project asks for the component itself.
    pub(crate) command: Option<String>,
}

/// The fix plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FixPlan)]
pub(crate) struct Plan {
    /// What clears most risk first.
    pub(crate) items: Vec<View>,
    /// Findings that were looked at, the worst first.
    pub(crate) looked: usize,
    /// All that the query has were looked at.
    pub(crate) whole: bool,
}

/// Upgrades by what they clear, across the products that you may see, what clears most risk first.
#[utoipa::path(get, path = "/api/v1/fixes", tag = "findings", params(Asked),
    responses((status = 200, body = Plan), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn fixes(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Plan>, Problem> {
    let own = asked.q.unwrap_or_default();
    // What is wrong is told about what was written, not about what was made of it.
    parse(&FINDINGS, &own)?;
    let whole = if own.trim().is_empty() {
        "fixable".to_owned()
    } else if own.split_whitespace().any(|word| word == "or") {
        format!("({own}) fixable")
    } else {
        format!("{own} fixable")
    };
    let query = parse(&FINDINGS, &whole)?;
    portal
        .blocking(move |portal| {
            let now = portal.engine.now();
            let (rows, whole) = portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                let mut rows: Vec<ListedFinding> = Vec::new();
                let mut after: Option<String> = None;
                loop {
                    let page = query::findings(tx, &query, &visible, now, after.as_deref(), READ)?;
                    rows.extend(page.rows);
                    after = page.next;
                    if after.is_none() || rows.len() >= LOOKED {
                        return Ok::<_, Problem>((rows, after.is_none()));
                    }
                }
            })?;
            Ok(Json(plan(&rows, whole)))
        })
        .await
}

/// What is gathered of one package.
#[derive(Default)]
struct Gathered {
    from: BTreeSet<String>,
    to: Vec<String>,
    clears: usize,
    known_exploited: usize,
    tenths: i64,
    worst: i64,
    products: BTreeMap<String, bool>,
    purl: String,
}

fn plan(rows: &[ListedFinding], whole: bool) -> Plan {
    let mut packages: BTreeMap<(Ecosystem, String), Gathered> = BTreeMap::new();
    for row in rows {
        let finding = &row.finding;
        let Some(to) = &finding.upgrade else { continue };
        let Ok(purl) = Purl::parse(&row.purl) else {
            continue;
        };
        let (ecosystem, _, name) = Ecosystem::of_purl(&purl);
        let one = packages.entry((ecosystem, name)).or_default();
        one.from.insert(row.component_version.clone());
        if !one.to.contains(to) {
            one.to.push(to.clone());
        }
        one.clears += 1;
        one.known_exploited += usize::from(finding.flags & flag::KEV != 0);
        one.tenths += finding.score.max(0);
        one.worst = one.worst.max(finding.score);
        *one.products.entry(row.product.clone()).or_default() |= finding.flags & flag::DIRECT != 0;
        one.purl.clone_from(&row.purl);
    }
    let mut items: Vec<View> = packages
        .into_iter()
        .filter_map(|((ecosystem, component), one)| view(ecosystem, component, one))
        .collect();
    items.sort_by(|a, b| {
        b.risk
            .total_cmp(&a.risk)
            .then_with(|| a.component.cmp(&b.component))
            .then_with(|| a.ecosystem.cmp(&b.ecosystem))
    });
    Plan {
        items,
        looked: rows.len(),
        whole,
    }
}

fn view(ecosystem: Ecosystem, component: String, one: Gathered) -> Option<View> {
    let scheme = ecosystem.scheme();
    let to = one.to.into_iter().max_by(|a, b| scheme.compare(a, b))?;
    let mut from: Vec<String> = one.from.into_iter().collect();
    from.sort_by(|a, b| scheme.compare(a, b));
    let jump = from.first().and_then(|lowest| jump(lowest, &to));
    from.truncate(VERSIONS);
    let command = command(ecosystem, &component, &to);
    Some(View {
        ecosystem: ecosystem.name().to_owned(),
        from,
        clears: one.clears,
        known_exploited: one.known_exploited,
        worst: (one.worst >= 0).then(|| one.worst as f64 / 10.0),
        risk: one.tenths as f64 / 10.0,
        jump,
        products: one
            .products
            .into_iter()
            .take(PRODUCTS)
            .map(|(product, direct)| Needs { product, direct })
            .collect(),
        command,
        to,
        component,
    })
}

/// The first of the three numbers that changes. Before 1.0 the second one means what the first means later (Semantic
/// Versioning 2.0.0, item 4).
fn jump(from: &str, to: &str) -> Option<&'static str> {
    let numbers = |text: &str| -> Option<[u64; 3]> {
        let text = text.trim_start_matches(['v', 'V']);
        let end = text.find(['-', '+', '~', ':']).unwrap_or(text.len());
        let mut all = [0; 3];
        for (at, part) in text[..end].split('.').enumerate() {
            let number = part.parse().ok()?;
            if let Some(place) = all.get_mut(at) {
                *place = number;
            }
        }
        Some(all)
    };
    let (from, to) = (numbers(from)?, numbers(to)?);
    Some(match (from[0] == to[0], from[1] == to[1]) {
        (false, _) => "major",
        (true, false) if to[0] == 0 => "major",
        (true, false) => "minor",
        (true, true) => "patch",
    })
}

/// A word that no shell takes for anything else.
fn plain(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('-')
        && word.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'@' | b'+' | b':')
        })
}

/// The command that raises a component which the project asks for itself.
fn command(ecosystem: Ecosystem, name: &str, to: &str) -> Option<String> {
    if !plain(name) || !plain(to) {
        return None;
    }
    Some(match ecosystem.purl_type() {
        "npm" => format!("npm install {name}@{to}"),
        "pypi" => format!("pip install {name}=={to}"),
        "cargo" => format!("cargo update -p {name} --precise {to}"),
        "golang" => format!("go get {name}@v{}", to.trim_start_matches('v')),
        "gem" => format!("bundle update {name}"),
        "composer" => format!("composer require {name}:{to}"),
        "nuget" => format!("dotnet add package {name} --version {to}"),
        "maven" => format!("mvn versions:use-dep-version -Dincludes={name} -DdepVersion={to}"),
        "pub" => format!("dart pub upgrade {name}"),
        "hex" => format!("mix deps.update {name}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(purl: &str, product: &str, upgrade: &str, score: i64, flags: i64) -> ListedFinding {
        let version = purl.rsplit('@').next().unwrap().to_owned();
        let finding = stanchion_store::findings::Finding {
            upgrade: Some(upgrade.into()),
            score,
            flags,
            ..stanchion_store::findings::Finding::default()
        };
        ListedFinding {
            finding,
            work: true,
            live: true,
            vulnerability: "CVE-1".into(),
            title: String::new(),
            component: "x".into(),
            component_version: version,
            purl: purl.into(),
            product: product.into(),
            version: "1".into(),
        }
    }

    #[test]
    fn one_upgrade_stands_for_all_products() {
        let rows = [
            row(
                "pkg:npm/lodash@4.17.15",
                "shop",
                "4.17.21",
                700,
                flag::DIRECT | flag::KEV,
            ),
            row("pkg:npm/lodash@4.9.0", "desk", "4.17.9", 200, 0),
            row("pkg:npm/lodash@4.9.0", "desk", "4.17.21", 100, 0),
            row("pkg:pypi/django@3.2", "desk", "4.2.1", 900, 0),
        ];
        let plan = plan(&rows, true);
        assert_eq!(plan.items.len(), 2);
        let lodash = &plan.items[0];
        assert_eq!(
            (lodash.component.as_str(), lodash.to.as_str()),
            ("lodash", "4.17.21")
        );
        assert_eq!((lodash.clears, lodash.known_exploited), (3, 1));
        assert_eq!(lodash.from, ["4.9.0", "4.17.15"]);
        assert_eq!(lodash.jump, Some("minor"));
        assert_eq!(
            lodash
                .products
                .iter()
                .map(|one| (one.product.as_str(), one.direct))
                .collect::<Vec<_>>(),
            [("desk", false), ("shop", true)]
        );
        assert_eq!(
            lodash.command.as_deref(),
            Some("npm install lodash@4.17.21")
        );
        assert_eq!(plan.items[1].jump, Some("major"));
    }

    #[test]
    fn jumps_and_commands() {
        assert_eq!(jump("0.3.1", "0.4.0"), Some("major"));
        assert_eq!(jump("1.3.1", "1.3.9"), Some("patch"));
        assert_eq!(jump("7.50.3-1", "7.50.3-2"), Some("patch"));
        assert_eq!(jump("abc", "1.0"), None);
        assert_eq!(command(Ecosystem::Npm, "a; rm -rf /", "1"), None);
        assert_eq!(command(Ecosystem::Npm, "a", "$(x)"), None);
        assert_eq!(command(Ecosystem::Npm, "-g", "1"), None);
    }
}
