//! How a product is held: what is open in it, what the policy says, what became of it, what is different.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::CvssScore;
use stanchion_model::report::{Assessment, Violation};
use stanchion_policy::file::Gate;
use stanchion_policy::gate;
use stanchion_report::chart::{AGE_FROM, BySeverity, Dot, Slice};
use stanchion_store::products::Product;
use stanchion_store::{Id, Tx, products, spread, standing};
use stanchion_ui::parts::{findings_path, term};
use stanchion_ui::product::difference::{self as ui_difference, Difference};
use stanchion_ui::product::findings::{Findings, Gain};
use stanchion_ui::product::history::{self as ui_history, History, WINDOWS};
use stanchion_ui::product::policy::{Broken, Exception, Policy, Verdict};

use super::{choice, choices, head, here, numbers, overview, told};
use crate::findings::lists::{self, Asked};
use crate::http::{Json, Path, Problem, Query};
use crate::inventories;
use crate::pages::around::{Viewer, page};
use crate::pages::map;
use crate::people::ProductRead;
use crate::portal::Portal;
use crate::products::difference::{self, Between, FindingChange, Window};
use crate::slice;

/// Findings that are shown.
const WORST: usize = 15;
/// Versions that came in, of those that are looked at.
const CAME: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/products/{name}/findings", get(findings))
        .route("/products/{name}/policy", get(policy))
        .route("/products/{name}/history", get(history))
        .route("/products/{name}/difference", get(differ))
}

async fn findings(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (reader, near, own) = (viewer.allowed.clone(), viewer.around.clone(), name.clone());
    let (mut view, around) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &own)?;
            let view = Findings {
                head: head(tx, &reader, &product)?,
                now: numbers(&standing::of(tx, product.id)?.into()),
                dots: dots(tx, product.id)?,
                ages: ages(tx, &product, near.now)?,
                ..Findings::default()
            };
            Ok::<_, Problem>((view, here(tx, &near, &reader, &product)?))
        })
        .await?;
    let asked = Asked {
        q: Some(term("product", &view.head.name)),
        after: None,
        limit: Some(WORST),
    };
    let (gains, worst) = tokio::join!(
        difference::gains(State(portal.clone()), viewer.allowed.clone(), Path(name)),
        lists::list(State(portal.clone()), viewer.allowed, Query(asked)),
    );
    let (Json(gains), Json(worst)) = (gains?, worst?);
    view.gains = gains
        .into_iter()
        .map(|gain| Gain {
            vector: gain.vector.map(str::to_owned),
            title: gain.title.to_owned(),
            open: gain.open,
            critical: gain.critical,
            high: gain.high,
            exploited: gain.known_exploited,
            worst: gain.worst,
        })
        .collect();
    view.rows = worst.items.into_iter().map(map::row).collect();
    let text = view.page(&around);
    Ok(page(&portal, &around, StatusCode::OK, text))
}

/// Dots of the drawing of how likely and how severe findings are.
const DOTS: i64 = 300;

fn severity_of(stored: i64) -> Severity {
    match stored {
        4 => Severity::Critical,
        3 => Severity::High,
        2 => Severity::Medium,
        1 => Severity::Low,
        _ => Severity::None,
    }
}

fn dots(tx: &mut Tx<'_>, product: Id) -> Result<Vec<Dot>, Problem> {
    /// What is read of why a component is affected.
    #[derive(Default, Deserialize)]
    struct Hit {
        #[serde(default)]
        cvss: Vec<CvssScore>,
    }
    let spots = spread::spots(tx, product, DOTS)?;
    let dot = |spot: spread::Spot| {
        let hit: Hit = spot
            .hit
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Dot {
            label: spot.name,
            epss: spot.epss,
            cvss: hit.cvss.iter().map(|one| one.score).reduce(f64::max),
            severity: severity_of(spot.severity),
            exploited: spot.known_exploited,
            // A drawing is one thing to those who hear it; the table below has the ways.
            href: None,
        }
    };
    Ok(spots.into_iter().map(dot).collect())
}

fn ages(tx: &mut Tx<'_>, product: &Product, now: i64) -> Result<[BySeverity<Slice>; 5], Problem> {
    let mut ages: [BySeverity<Slice>; 5] = Default::default();
    let name = term("product", &product.name);
    for (at, age) in ages.iter_mut().enumerate() {
        let from = i64::from(AGE_FROM[at]);
        let to = AGE_FROM.get(at + 1).map(|to| i64::from(*to));
        // The younger a finding, the later it was seen; what was seen a moment ago is of the youngest.
        let since = to.map_or(0, |to| now - to * 86_400 + 1);
        let before = if from == 0 {
            i64::MAX
        } else {
            now - from * 86_400 + 1
        };
        for (severity, count) in spread::seen_between(tx, product.id, since, before)? {
            let severity = severity_of(severity);
            let bounds = match (from, to) {
                (0, Some(to)) => format!("age<{to}d"),
                (from, Some(to)) => format!("age>={from}d age<{to}d"),
                (from, None) => format!("age>={from}d"),
            };
            let word = match severity {
                Severity::None => "severity:none,unknown",
                severity => &format!("severity:{}", severity.as_str()),
            };
            let slice = age.of_mut(severity);
            slice.count += u64::try_from(count).unwrap_or_default();
            slice.href = Some(findings_path(&format!("{name} {word} {bounds}")));
        }
    }
    Ok(ages)
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Judged {
    #[serde(default)]
    version: String,
    #[serde(default)]
    gate: String,
}

async fn policy(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(asked): Query<Judged>,
) -> Result<Response, Problem> {
    let gate = Gate::from_word(&asked.gate).unwrap_or(gate::DEFAULT);
    let (reader, near) = (viewer.allowed.clone(), viewer.around.clone());
    let (mut view, around, version) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &name)?;
            let (versions, version) = choices(tx, product.id, &asked.version)?;
            let view = Policy {
                head: head(tx, &reader, &product)?,
                version: version.as_ref().map(|version| choice(&versions, version)),
                versions,
                gate: gate.as_str().to_owned(),
                ..Policy::default()
            };
            let around = here(tx, &near, &reader, &product)?;
            Ok::<_, Problem>((view, around, version.map(|version| version.id.to_string())))
        })
        .await?;
    let mut status = StatusCode::OK;
    if let Some(id) = version {
        let allowed = viewer.allowed;
        let judged = portal
            .blocking(move |portal| inventories::assessed(portal, &allowed, &id, gate, None))
            .await;
        match judged {
            Ok(assessment) => view.verdict = Some(verdict(&assessment)),
            Err(problem) => {
                let (code, fault) = told(problem)?;
                // The page is there; only what it would say is not.
                if code != StatusCode::NOT_FOUND {
                    status = code;
                }
                view.fault = Some(fault);
            }
        }
    }
    let text = view.page(&around);
    Ok(page(&portal, &around, status, text))
}

fn verdict(assessment: &Assessment) -> Verdict {
    let known: BTreeMap<&str, _> = assessment
        .findings
        .iter()
        .map(|finding| (finding.key.as_str(), finding))
        .collect();
    let broken = |one: &Violation| {
        let finding = one.finding.as_deref().and_then(|key| known.get(key));
        Broken {
            rule: one.rule.clone(),
            about: finding
                .map(|finding| {
                    format!(
                        "{} in {} {}",
                        finding.id, finding.component.name, finding.component.version
                    )
                })
                .or_else(|| one.finding.clone()),
            vulnerability: finding.map(|finding| finding.id.clone()),
            reason: finding.map_or_else(
                || one.reason.clone(),
                // What it is about stands before it already.
                |finding| match one.reason.rsplit_once(&format!("{}: ", finding.id)) {
                    Some((_, reason)) => reason.to_owned(),
                    None => one.reason.clone(),
                },
            ),
        }
    };
    let said = &assessment.verdict;
    let mut policy = said.policy.name.clone();
    if let Some(version) = &said.policy.version {
        policy = format!("{policy} {version}");
    }
    Verdict {
        policy,
        digest: said.policy.digest.clone(),
        denied: said.denied,
        violations: said.violations.iter().map(broken).collect(),
        undecided: said.undecided.iter().map(broken).collect(),
        incomplete: said.incomplete,
        findings: i64::try_from(assessment.findings.len()).unwrap_or(i64::MAX),
        exceptions: assessment
            .exceptions
            .iter()
            .filter(|one| one.covers > 0 || one.is_wrong())
            .map(|one| Exception {
                id: one.id.clone(),
                status: one.status.clone(),
                covers: i64::from(one.covers),
                reason: one.reason.clone(),
                expires: one.expires.clone(),
            })
            .collect(),
        as_of: assessment.as_of.clone(),
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Back {
    days: Option<u16>,
}

async fn history(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let window = back
        .days
        .filter(|days| WINDOWS.contains(days))
        .unwrap_or(90);
    let since = now - i64::from(window) * 86_400;
    let (reader, near, own) = (viewer.allowed.clone(), viewer.around.clone(), name.clone());
    let (mut view, around) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &own)?;
            let found = products::versions_after(tx, product.id, None, CAME)?;
            let came = found
                .iter()
                .enumerate()
                .filter_map(|(at, version)| {
                    let pushed = version.pushed.filter(|pushed| *pushed >= since)?;
                    let before = found
                        .iter()
                        .skip(at + 1)
                        .find(|older| older.branch == version.branch && older.pushed.is_some());
                    Some(ui_history::Came {
                        at: pushed,
                        id: version.id.to_string(),
                        name: version.name.clone(),
                        before: before.map(|older| older.id.to_string()),
                    })
                })
                .collect();
            let view = History {
                head: head(tx, &reader, &product)?,
                came,
                ..History::default()
            };
            Ok::<_, Problem>((view, here(tx, &near, &reader, &product)?))
        })
        .await?;
    let asked = Window {
        days: Some(i64::from(window)),
    };
    let (turns, line) = tokio::join!(
        difference::history(
            State(portal.clone()),
            viewer.allowed.clone(),
            Path(name.clone()),
            Query(asked)
        ),
        crate::products::numbers(State(portal.clone()), viewer.allowed, Path(name)),
    );
    let (Json(turns), Json(line)) = (turns?, line?);
    view.window = window;
    view.today = overview::day(now);
    view.whole = turns.whole;
    view.turns = turns
        .turns
        .into_iter()
        .map(|turn| ui_history::Turn {
            at: turn.at,
            what: turn.what,
            reason: turn.reason,
            finding: turn.finding,
            versions: turn.versions,
            vulnerability: turn.vulnerability,
            component: format!("{} {}", turn.component, turn.component_version)
                .trim()
                .to_owned(),
        })
        .collect();
    view.days = line
        .iter()
        .filter_map(|one| {
            let count = |word: &str| one.numbers.get(word).and_then(serde_json::Value::as_u64);
            Some(ui_history::Day {
                day: one.day.parse().ok()?,
                severities: [
                    count("critical")?,
                    count("high")?,
                    count("medium")?,
                    count("low")?,
                ],
            })
        })
        .collect();
    let text = view.page(&around);
    Ok(page(&portal, &around, StatusCode::OK, text))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Two {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

async fn differ(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(two): Query<Two>,
) -> Result<Response, Problem> {
    let (reader, near, own) = (viewer.allowed.clone(), viewer.around.clone(), name.clone());
    let (mut view, around) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &own)?;
            let (versions, latest) = choices(tx, product.id, &two.to)?;
            // Without a word: the latest, and the one that came in before it.
            let to = latest
                .map(|version| version.id.to_string())
                .unwrap_or_default();
            let from = if two.from.is_empty() {
                let mut older = versions.iter().skip_while(|choice| choice.id != to).skip(1);
                older
                    .next()
                    .map(|choice| choice.id.clone())
                    .unwrap_or_default()
            } else {
                two.from.clone()
            };
            let view = Difference {
                head: head(tx, &reader, &product)?,
                versions,
                from,
                to,
                ..Difference::default()
            };
            Ok::<_, Problem>((view, here(tx, &near, &reader, &product)?))
        })
        .await?;
    let mut status = StatusCode::OK;
    if !view.from.is_empty() && !view.to.is_empty() {
        let between = Between {
            from: view.from.clone(),
            to: view.to.clone(),
        };
        match difference::difference(
            State(portal.clone()),
            viewer.allowed,
            Path(name),
            Query(between),
        )
        .await
        {
            Ok(Json(found)) => view.told = Some(changes(found)),
            Err(problem) => {
                let (code, fault) = told(problem)?;
                status = code;
                view.fault = Some(fault);
            }
        }
    }
    let text = view.page(&around);
    Ok(page(&portal, &around, status, text))
}

fn changes(found: difference::Difference) -> ui_difference::Told {
    let finding = |one: FindingChange| ui_difference::Finding {
        id: one.id,
        vulnerability: one.vulnerability,
        component: one.component,
        version: one.version,
        severity: one.severity,
        score: one.score,
    };
    ui_difference::Told {
        counts: [found.added, found.removed, found.changed, found.same],
        components: found
            .components
            .into_iter()
            .map(|one| ui_difference::Change {
                ecosystem: one.ecosystem,
                name: one.name,
                from: one.from,
                to: one.to,
            })
            .collect(),
        findings: [found.appeared, found.gone],
        appeared: found.findings_new.into_iter().map(finding).collect(),
        gone: found.findings_gone.into_iter().map(finding).collect(),
        whole: found.whole,
    }
}
