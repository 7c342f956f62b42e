//! Changing the policy: tried first, then put in force.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;
use stanchion_policy::presets;
use stanchion_store::decisions as kept;
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::policy::change::{Change, Changed, Moved, Source, Totals, Trial};

use crate::http::body::BodyLimit;
use crate::http::etag::EntityTag;
use crate::http::{Problem, Query};
use crate::people::{Allowed, PolicyWrite};
use crate::policy::{put_in_force, trial};
use crate::portal::Portal;

use super::super::around::{Fields, Posted, Viewer, done, page, say};
use super::super::findings::settle;
use super::super::map;
use super::in_force;

/// A form with a policy: three times the largest, for how forms are written, and what goes along.
const MOST_FORM: usize = 4 << 20;

pub(super) fn routes() -> Router<Portal> {
    Router::new().route(
        "/policy/change",
        get(begin).post(change).layer((
            Extension(BodyLimit(MOST_FORM as u64)),
            DefaultBodyLimit::max(MOST_FORM),
        )),
    )
}

/// With what the form begins.
#[derive(Clone, Debug, Default, Deserialize)]
struct Begin {
    /// A policy that is written already.
    from: Option<String>,
    /// An earlier version.
    version: Option<i64>,
}

async fn begin(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyWrite>,
    Query(begin): Query<Begin>,
) -> Result<Response, Problem> {
    let (now, earlier) = portal
        .read(move |tx| {
            let earlier = match begin.version {
                Some(seq) => kept::policy_version(tx, seq)?,
                None => None,
            };
            Ok::<_, Problem>((kept::policy(tx)?, earlier))
        })
        .await?;
    let digest = now
        .as_ref()
        .map(|now| now.digest.clone())
        .unwrap_or_default();
    let mut note = String::new();
    let preset = begin.from.as_deref().and_then(presets::find);
    let text = if let Some(earlier) = earlier {
        note = format!("back to version {}", earlier.seq);
        earlier.text
    } else if let Some(preset) = preset {
        preset.text.to_owned()
    } else {
        now.map(|now| now.text).unwrap_or_default()
    };
    let typed = Typed::of([("text", text), ("digest", digest), ("note", note)]);
    show(
        &portal,
        &viewer.allowed,
        &viewer.around,
        StatusCode::OK,
        typed,
        None,
    )
    .await
}

async fn show(
    portal: &Portal,
    _allowed: &Allowed<PolicyWrite>,
    around: &Around,
    status: StatusCode,
    mut typed: Typed,
    tried: Option<Trial>,
) -> Result<Response, Problem> {
    let (now, source) = portal
        .blocking(|portal| {
            let source = portal.engine.policy_source()?;
            Ok((portal.engine.store().read(kept::policy)?, source))
        })
        .await?;
    let digest = now.as_ref().map_or("", |now| now.digest.as_str());
    // 428: it is the first one to the form, and somebody else has put one in force meanwhile.
    let overtaken = matches!(status.as_u16(), 412 | 428) && typed.get("digest") != digest;
    if overtaken {
        typed.error = None;
        for (name, value) in &mut typed.values {
            if name == "digest" {
                digest.clone_into(value);
            }
        }
    }
    let kept_there = now.as_ref().is_some_and(|now| now.beside.is_some());
    let source = match source {
        Some(source) => Some(Source {
            url: source.url,
            reference: source.reference,
            folder: source.folder,
        }),
        None if kept_there => Some(Source {
            url: now
                .as_ref()
                .map(|now| now.source.clone())
                .unwrap_or_default(),
            ..Source::default()
        }),
        None => None,
    };
    let view = Change {
        typed,
        now: now.map(|now| (in_force(&now), now.text)),
        source,
        presets: presets::REGISTRY
            .iter()
            .map(|preset| (preset.name, preset.about))
            .collect(),
        overtaken,
        trial: tried,
    };
    let text = view.page(around);
    Ok(page(portal, around, status, text))
}

/// The text as it was typed: browsers send line ends as CRLF.
fn text_of(fields: &Fields) -> String {
    fields
        .0
        .iter()
        .find(|(name, _)| name == "text")
        .map(|(_, value)| value.replace("\r\n", "\n"))
        .unwrap_or_default()
}

async fn change(
    State(portal): State<Portal>,
    posted: Posted<PolicyWrite>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        mut fields,
    } = posted;
    let text = text_of(&fields);
    for (name, value) in &mut fields.0 {
        if name == "text" {
            value.clone_from(&text);
        }
    }
    if fields.text("do") == "set" {
        let digest = fields.text("digest");
        let mut headers = HeaderMap::new();
        if !digest.is_empty()
            && let Ok(tag) = HeaderValue::from_str(EntityTag::named(digest).as_str())
        {
            headers.insert(IF_MATCH, tag);
        }
        let note = fields.text("note").to_owned();
        return match put_in_force(&portal, allowed.clone(), text, note, headers).await {
            Ok(set) => {
                settle(&portal).await;
                let text = if set.known {
                    "This policy is in force already: nothing is changed."
                } else {
                    "The policy is in force, and everything is judged by it."
                };
                Ok(done(&portal, "/policy", say(text)))
            }
            Err(problem) if problem.status() == StatusCode::PRECONDITION_REQUIRED => {
                let typed = fields.typed();
                let status = StatusCode::PRECONDITION_REQUIRED;
                show(&portal, &allowed, &around, status, typed, None).await
            }
            Err(problem) => {
                let (status, typed) = fields.wrong(problem)?;
                show(&portal, &allowed, &around, status, typed, None).await
            }
        };
    }
    let gate = fields.some("gate");
    match trial::run(&portal, &allowed, text, gate).await {
        Ok(view) => {
            let typed = fields.typed();
            let tried = Some(tried(view));
            show(&portal, &allowed, &around, StatusCode::OK, typed, tried).await
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            show(&portal, &allowed, &around, status, typed, None).await
        }
    }
}

fn totals(totals: &trial::Totals) -> Totals {
    Totals {
        closes: totals.closes,
        opens: totals.opens,
        hit: totals.hit,
        freed: totals.freed,
        sooner: totals.sooner,
        later: totals.later,
        dated: totals.dated,
        undated: totals.undated,
        late: totals.late,
        in_time: totals.in_time,
        appears: totals.appears,
        vanishes: totals.vanishes,
        other: totals.other,
    }
}

fn tried(view: trial::View) -> Trial {
    let due = |text: Option<String>| text.as_deref().and_then(map::seconds);
    Trial {
        gate: view.gate.to_owned(),
        changes: view
            .changes
            .into_iter()
            .map(|change| (change.effect.to_owned(), change.what, change.how))
            .collect(),
        more_changes: view.more_changes,
        totals: totals(&view.totals),
        products: view.products,
        versions: view
            .versions
            .into_iter()
            .map(|one| Changed {
                product: one.product,
                version: one.version,
                denied: one.denied,
                denied_then: one.denied_then,
                totals: totals(&one.totals),
                findings: one
                    .findings
                    .into_iter()
                    .map(|moved| Moved {
                        finding: moved.finding,
                        vulnerability: moved.vulnerability,
                        component: moved.component,
                        hit: moved.hit,
                        freed: moved.freed,
                        state: moved.state,
                        state_then: moved.state_then,
                        due: due(moved.due),
                        due_then: due(moved.due_then),
                    })
                    .collect(),
            })
            .collect(),
        more_versions: view.more_versions,
        rules: view
            .rules
            .into_iter()
            .map(|rule| (rule.rule, rule.hit, rule.freed))
            .collect(),
        looked: view.looked_at,
        left: view.not_looked_at,
        out_of_time: view.out_of_time,
        failures: view.failures,
        failed: view
            .failed
            .into_iter()
            .map(|one| (one.version, one.reason))
            .collect(),
    }
}
