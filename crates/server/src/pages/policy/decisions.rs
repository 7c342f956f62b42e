//! Decisions about findings, and VEX documents.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use stanchion_store::Id;
use stanchion_store::decisions::{self as kept};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::parts::counted;
use stanchion_ui::policy::decisions::{Decision, Decisions, Document, Vex};

use crate::decisions::{self as slice, Asked, View};
use crate::http::body::BodyLimit;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, PolicyRead, PolicyWrite, ProductRead};
use crate::portal::Portal;
use crate::vex;
use crate::vex::ours::{self, Wanted};

use super::super::around::{Posted, Viewer, done, page, say};
use super::super::findings::settle;
use super::super::map;
use super::super::sheet::{self, CHUNK, Sheet, Sort};
use super::exceptions::elsewhere;

/// Rows of a file.
const MOST_ROWS: usize = 100_000;
/// Rows of a page.
const ROWS: usize = 50;
/// A form with a document: more than its bytes, for how forms are written.
const MOST_FORM: usize = 4 << 20;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route(
            "/policy/vex",
            get(documents).post(bring).layer((
                Extension(BodyLimit(MOST_FORM as u64)),
                DefaultBodyLimit::max(MOST_FORM),
            )),
        )
        .route("/policy/decisions", get(list))
        .route("/policy/decisions.csv", get(csv_file))
        .route("/policy/decisions.json", get(json_file))
        .route("/policy/decisions/vex", get(publish))
        .route("/policy/vex/remove", post(remove))
        .route("/policy/vex/{name}", get(document))
}

/// The address of the list.
#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    q: String,
    #[serde(default)]
    withdrawn: String,
    after: Option<String>,
}

impl Address {
    fn asked(&self, limit: usize) -> Asked {
        Asked {
            withdrawn: self.withdrawn == "true",
            newest: true,
            q: Some(self.q.clone()),
            after: self.after.clone(),
            limit: Some(limit),
        }
    }
}

fn decision(view: View) -> Decision {
    Decision {
        id: view.id,
        vulnerabilities: view.vulnerabilities,
        purls: view.purls,
        versions: view.versions,
        product: view.product,
        paths: view.paths,
        status: view.status,
        justification: view.justification,
        reason: view.reason,
        action: view.action,
        by: view.made_by,
        at: map::seconds(&view.at).unwrap_or_default(),
        withdrawn: view.withdrawn.as_deref().and_then(map::seconds),
    }
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let mut view = Decisions {
        query: &address.q,
        withdrawn: address.withdrawn == "true",
        later: address.after.is_some(),
        elsewhere: elsewhere(&portal).await?.is_some(),
        ..Decisions::default()
    };
    let mut status = StatusCode::OK;
    let asked = Query(address.asked(ROWS));
    match slice::list(State(portal.clone()), viewer.allowed, asked).await {
        Ok(Json(found)) => {
            view.rows = found.items.into_iter().map(decision).collect();
            view.next = found.next;
        }
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            status = problem.status();
            view.fault = Some(problem.document().detail.clone());
        }
        Err(problem) => return Err(problem),
    }
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn cells(view: &View) -> Vec<String> {
    let one = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        view.id.clone(),
        view.vulnerabilities.join(" "),
        view.purls.join(" "),
        one(&view.versions),
        one(&view.product),
        view.paths.join(" "),
        view.status.clone(),
        one(&view.justification),
        one(&view.reason),
        one(&view.action),
        view.made_by.clone(),
        view.at.clone(),
        one(&view.withdrawn),
    ]
}

async fn send(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    let sheet = Sheet {
        name: "decisions",
        columns: &[
            "id",
            "vulnerabilities",
            "purls",
            "versions",
            "product",
            "paths",
            "status",
            "justification",
            "reason",
            "action",
            "made_by",
            "at",
            "withdrawn",
        ],
        cells,
        most: MOST_ROWS,
    };
    sheet::send(sheet, sort, move |after| {
        let (portal, allowed) = (portal.clone(), allowed.clone());
        let asked = Asked {
            after,
            ..address.asked(CHUNK)
        };
        async move {
            let Json(found) = slice::list(State(portal), allowed, Query(asked)).await?;
            Ok((found.items, found.next))
        }
    })
    .await
}

async fn csv_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    send(portal, viewer.allowed, address, Sort::Csv).await
}

async fn json_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    send(portal, viewer.allowed, address, Sort::Json).await
}

async fn documents(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
) -> Result<Response, Problem> {
    show(
        &portal,
        viewer.allowed,
        &viewer.around,
        StatusCode::OK,
        Typed::default(),
    )
    .await
}

async fn show(
    portal: &Portal,
    allowed: Allowed<PolicyRead>,
    around: &Around,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let everywhere = Allowed::<ProductRead>::of(allowed.0.clone())
        .is_ok_and(|reader| reader.everywhere().is_ok());
    let Json(all) = vex::list(State(portal.clone()), allowed).await?;
    let any = portal
        .read(|tx| Ok::<_, Problem>(!kept::decisions(tx, false, (0, Id::default()), 1)?.is_empty()))
        .await?;
    let view = Vex {
        documents: all
            .into_iter()
            .map(|one| Document {
                name: one.name,
                format: one.format,
                bytes: one.bytes,
                by: one.sent_by,
                at: one.at,
            })
            .collect(),
        elsewhere: elsewhere(portal).await?.is_some(),
        typed,
        decided: any && everywhere,
    };
    let text = view.page(around);
    Ok(page(portal, around, status, text))
}

async fn bring(
    State(portal): State<Portal>,
    posted: Posted<PolicyWrite>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let reader = Allowed::of(allowed.0.clone())?;
    let name = fields.text("name").to_owned();
    let bytes = fields.text("document").as_bytes().to_vec();
    let taken = portal
        .blocking(move |portal| vex::take_in(portal, &allowed, &name, &bytes))
        .await;
    match taken {
        Ok(taken) => {
            settle(&portal).await;
            let read = counted(taken.statements, "statement", "statements");
            let refused = match taken.refused.first() {
                None => String::new(),
                Some((line, reason)) => format!(
                    " and {} that cannot be used, the first in line {line}: {reason}",
                    taken.refused.len()
                ),
            };
            let text = format!("{} is here, with {read}{refused}.", taken.name);
            Ok(done(&portal, "/policy/vex", say(text)))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            show(&portal, reader, &around, status, typed).await
        }
    }
}

async fn document(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    vex::show(State(portal), viewer.allowed, Path(name)).await
}

async fn remove(
    State(portal): State<Portal>,
    posted: Posted<PolicyWrite>,
) -> Result<Response, Problem> {
    let name = posted.fields.text("name").to_owned();
    let text = match vex::remove(State(portal.clone()), posted.allowed, Path(name.clone())).await {
        Ok(_) => format!("{name} is taken away."),
        // Somebody else was faster: it is as it was asked for.
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            format!("{name} was taken away already.")
        }
        Err(problem) => return Err(problem),
    };
    settle(&portal).await;
    Ok(done(&portal, "/policy/vex", say(text)))
}

/// Which document of ours.
#[derive(Clone, Debug, Default, Deserialize)]
struct Ours {
    format: Option<String>,
    product: Option<String>,
}

async fn publish(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(ours): Query<Ours>,
) -> Result<Response, Problem> {
    let origin = viewer.around.origin;
    let public = portal.engine.options().public_url.clone();
    let wanted = Wanted {
        format: ours.format,
        product: ours.product,
        namespace: public.or_else(|| origin.contains("://").then_some(origin)),
    };
    ours::publish(State(portal), viewer.allowed, Query(wanted)).await
}
