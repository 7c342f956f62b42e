//! One finding with everything that is known of it.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::findings;
use stanchion_store::query::{self, FINDINGS};
use stanchion_ui::finding::{Deadline, Elsewhere, Evidence, Finding, Happened, Page, Statement};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::parts::{finding_path, term};

use crate::findings::external::{self, CloseForm};
use crate::findings::lists::{RowView, visible};
use crate::findings::view::FindingView;
use crate::findings::{NoteForm, add_note, found, paths};
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, FindingTriage, ProductRead};
use crate::portal::Portal;

use super::around::{Posted, Viewer, done, page, say};
use super::map;

/// Places where the same is besides.
const ELSEWHERE: usize = 10;
/// Things that happened, of those that are shown.
const HISTORY: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/findings/{id}", get(one))
        .route("/findings/{id}/note", post(note))
        .route("/findings/{id}/close", post(close))
}

#[derive(Deserialize)]
struct Wanted {
    paths: Option<String>,
}

async fn one(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    show(
        &portal,
        viewer.allowed,
        &viewer.around,
        &id,
        wanted.paths.is_some(),
        StatusCode::OK,
        Typed::default(),
    )
    .await
}

pub(super) async fn show(
    portal: &Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
    id: &str,
    all_paths: bool,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (reader, wanted) = (allowed.clone(), id.to_owned());
    let (view, history, elsewhere) = portal
        .read(move |tx| {
            let (product, finding) = found(tx, &reader, &wanted)?;
            let own = finding.id;
            let view = FindingView::of(tx, &product, finding)?;
            let history = findings::history(tx, own, HISTORY)?;
            let only = visible(reader.only(tx, "product.read")?);
            let same = query::Query::parse(&FINDINGS, &term("id", &view.vulnerability.id));
            let elsewhere = match same {
                Ok(same) => query::findings(tx, &same, &only, now, None, ELSEWHERE + 1)?.rows,
                Err(_) => Vec::new(),
            };
            Ok::<_, Problem>((view, history, elsewhere))
        })
        .await?;
    let paths = if all_paths {
        let Json(all) = paths(State(portal.clone()), allowed, Path(id.to_owned())).await?;
        Some((all.paths, all.others))
    } else {
        None
    };
    let elsewhere: Vec<Elsewhere> = elsewhere
        .into_iter()
        .map(RowView::from)
        .filter(|row| row.id != view.id)
        .map(|row| Elsewhere {
            id: row.id,
            product: row.product,
            version: row.version,
        })
        .collect();
    let page_view = Page {
        more_elsewhere: elsewhere.len() >= ELSEWHERE,
        elsewhere: elsewhere.into_iter().take(ELSEWHERE).collect(),
        history: history
            .into_iter()
            .map(|one| Happened {
                at: one.at,
                what: one.what,
                actor: one.actor,
                reason: one.reason,
            })
            .collect(),
        paths,
        typed,
        finding: of(view),
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

fn of(view: FindingView) -> Finding {
    Finding {
        id: view.id,
        kind: view.kind,
        product: view.product,
        version: view.version,
        version_id: view.version_id,
        project: view.project,
        component: view.component.name,
        component_version: view.component.version,
        purl: view.component.purl,
        vulnerability: view.vulnerability.id,
        aliases: view.vulnerability.aliases,
        title: view.title,
        cwes: view.vulnerability.cwes,
        severity: view.severity,
        score: view.score,
        factors: view.factors,
        state: view.state,
        work: view.work,
        kev_added: view.vulnerability.kev_added,
        ransomware: view.vulnerability.ransomware,
        epss: view.vulnerability.epss,
        epss_percentile: view.vulnerability.epss_percentile,
        ssvc: view.vulnerability.ssvc,
        published: view
            .vulnerability
            .published
            .as_deref()
            .and_then(map::seconds),
        direct: view.direct,
        development: view.development,
        vectors: map::vectors(&view.vectors),
        fixed_in: view.fixed_in,
        upgrade_to: view.upgrade_to,
        confidence: view.confidence,
        evidence: view
            .evidence
            .into_iter()
            .map(|evidence| Evidence {
                source: evidence.source,
                advisory: evidence.advisory,
                range: evidence.range,
                comparator: evidence.comparator,
                note: evidence.note,
                url: evidence.url,
            })
            .collect(),
        cvss: view
            .cvss
            .into_iter()
            .map(|cvss| (cvss.score, cvss.version, cvss.vector, cvss.source))
            .collect(),
        locations: view
            .locations
            .into_iter()
            .map(|place| (place.path.to_string(), place.line))
            .collect(),
        path: view.path,
        owner: view.owner,
        due: view.due.as_deref().and_then(map::seconds),
        deadlines: view
            .deadlines
            .into_iter()
            .map(|deadline| Deadline {
                what: deadline.what,
                due: deadline.due.as_deref().and_then(map::seconds),
                rule: deadline.rule,
                clock: deadline.clock,
            })
            .collect(),
        tasks: view.tasks,
        escalated_to: view.escalated_to,
        rule: view.rule,
        exception: view.exception,
        statements: view
            .statements
            .into_iter()
            .map(|statement| Statement {
                status: statement.status,
                author: statement.author,
                standing: statement.standing,
                reason: statement.reason,
            })
            .collect(),
        violations: view.violations,
        first_seen: map::seconds(&view.first_seen).unwrap_or_default(),
        closed: view.closed.as_deref().and_then(map::seconds),
        reason: view.reason,
    }
}

async fn note(
    State(portal): State<Portal>,
    posted: Posted<FindingTriage>,
) -> Result<Response, Problem> {
    act(portal, posted, async |portal, allowed, id, fields| {
        let form = NoteForm {
            text: fields.text("text").to_owned(),
        };
        add_note(State(portal), allowed, Path(id), Json(form)).await?;
        Ok("The note is written.")
    })
    .await
}

async fn close(
    State(portal): State<Portal>,
    posted: Posted<FindingTriage>,
) -> Result<Response, Problem> {
    act(portal, posted, async |portal, allowed, id, fields| {
        let form = CloseForm {
            reason: fields.text("reason").to_owned(),
        };
        external::close(State(portal), allowed, Path(id), Json(form)).await?;
        Ok("It is closed.")
    })
    .await
}

/// Does something about the finding of the address, and shows its page again with what was typed where that fails.
async fn act(
    portal: Portal,
    posted: Posted<FindingTriage>,
    run: impl AsyncFnOnce(
        Portal,
        Allowed<FindingTriage>,
        String,
        &super::around::Fields,
    ) -> Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    // `/findings/{id}/...`
    let id = around.here.split('/').nth(2).unwrap_or_default().to_owned();
    let reader = Allowed::of(allowed.0.clone())?;
    match run(portal.clone(), allowed, id.clone(), &fields).await {
        Ok(text) => Ok(done(&portal, &finding_path(&id), say(text))),
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            show(&portal, reader, &around, &id, false, status, typed).await
        }
    }
}
