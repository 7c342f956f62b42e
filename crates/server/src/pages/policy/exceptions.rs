//! Exceptions: the list, each of them, asking for one, deciding, ending.

use axum::Router;
use axum::extract::State;
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::decisions::{self as kept};
use stanchion_store::products;
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::policy::exception_path;
use stanchion_ui::policy::exceptions::{About, Ask, Exception, Exceptions, Happened, Row};

use crate::exceptions::{
    self as slice, Asked, Decided, Form, LAPSING, Revoked, Scope, View, decide, history, revoke,
};
use crate::findings::{found as finding_of, view::FindingView};
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ExceptionDecide, ExceptionRequest, Permission, ProductRead};
use crate::portal::Portal;

use super::super::around::{Fields, Posted, Viewer, done, page, say};
use super::super::findings::{settle, versionless};
use super::super::map;
use super::super::sheet::{self, CHUNK, Sheet, Sort};
use super::{counted, row_of};

/// Rows of a file.
const MOST_ROWS: usize = 100_000;
/// Rows of a page.
const ROWS: usize = 50;
/// Products that the browser offers.
const OFFERED: usize = 500;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/policy/exceptions", get(list))
        .route("/policy/exceptions.csv", get(csv_file))
        .route("/policy/exceptions.json", get(json_file))
        .route("/policy/exceptions/new", get(blank).post(ask))
        .route("/policy/exceptions/{id}", get(one))
        .route("/policy/exceptions/{id}/decide", post(decided))
        .route("/policy/exceptions/{id}/end", post(ended))
}

/// What an exception is about.
pub(super) fn about(view: &View) -> About {
    About {
        ids: view.scope.ids.clone(),
        rules: view.scope.rules.clone(),
        purl: view.scope.purl.clone(),
        versions: view.scope.versions.clone(),
        product: view.scope.product.clone(),
        paths: view.scope.paths.clone(),
    }
}

/// The address of the list.
#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
    after: Option<String>,
}

impl Address {
    /// The state as the page has it.
    fn state(&self) -> &'static str {
        match self.state.as_str() {
            "requested" => "requested",
            "approved" | "in_force" => "approved",
            "lapsing" => "lapsing",
            "ended" => "ended",
            _ => "",
        }
    }

    /// As the API is asked.
    fn asked(&self, limit: usize) -> Asked {
        let state = match self.state() {
            "" => None,
            // What is over is no longer in force.
            "approved" => Some("in_force"),
            state => Some(state),
        };
        Asked {
            state: state.map(str::to_owned),
            q: Some(self.q.clone()),
            after: self.after.clone(),
            limit: Some(limit),
        }
    }
}

/// Whether what stands beside the policy in a repository decides.
pub(super) async fn elsewhere(portal: &Portal) -> Result<Option<String>, Problem> {
    portal
        .read(|tx| {
            let policy = kept::policy(tx)?;
            Ok::<_, Problem>(
                policy
                    .filter(|policy| policy.beside.is_some())
                    .map(|policy| policy.source),
            )
        })
        .await
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let Viewer { allowed, around } = viewer;
    let now = portal.engine.now();
    let counts = if allowed.may_everywhere(ProductRead::NAME) {
        let counts = portal
            .read(move |tx| Ok::<_, Problem>(kept::exception_counts(tx, now, now + LAPSING)?))
            .await?;
        Some(counts)
    } else {
        None
    };
    let mut view = Exceptions {
        state: address.state(),
        query: &address.q,
        later: address.after.is_some(),
        counts,
        elsewhere: elsewhere(&portal).await?.is_some(),
        ..Exceptions::default()
    };
    let mut status = StatusCode::OK;
    match slice::list(State(portal.clone()), allowed, Query(address.asked(ROWS))).await {
        Ok(Json(found)) => {
            view.rows = found.items.into_iter().map(row_of).collect();
            view.next = found.next;
        }
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            status = problem.status();
            view.fault = Some(problem.document().detail.clone());
        }
        Err(problem) => return Err(problem),
    }
    let text = view.page(&around);
    Ok(page(&portal, &around, status, text))
}

fn cells(view: &View) -> Vec<String> {
    let all = |many: &[String]| many.join(" ");
    let one = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        view.id.clone(),
        view.state.clone(),
        if view.ended { "yes" } else { "no" }.into(),
        all(&view.scope.ids),
        all(&view.scope.rules),
        one(&view.scope.purl),
        one(&view.scope.versions),
        one(&view.scope.product),
        all(&view.scope.paths),
        one(&view.reason),
        one(&view.compensating_control),
        view.requested_by.clone(),
        view.created.clone(),
        one(&view.decided_by),
        one(&view.decided_at),
        one(&view.expires),
    ]
}

async fn send(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    let sheet = Sheet {
        name: "exceptions",
        columns: &[
            "id",
            "state",
            "over",
            "vulnerabilities",
            "rules",
            "purl",
            "versions",
            "product",
            "paths",
            "reason",
            "compensating_control",
            "requested_by",
            "requested_at",
            "decided_by",
            "decided_at",
            "expires",
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

async fn one(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(
        &portal,
        viewer.allowed,
        &viewer.around,
        id,
        StatusCode::OK,
        Typed::default(),
    )
    .await
}

async fn show(
    portal: &Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
    id: String,
    status: StatusCode,
    mut typed: Typed,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (reader, wanted) = (allowed.clone(), id.clone());
    let (row, may, only) = portal
        .read(move |tx| {
            let row = slice::found(tx, &reader, &wanted)?;
            let may = slice::may(tx, &reader, &row, now);
            Ok::<_, Problem>((row, may, reader.only(tx, ProductRead::NAME)?))
        })
        .await?;
    let Json(happened) = history(State(portal.clone()), allowed, Path(id)).await?;
    let revision = row.revision;
    let view = View::of(row, now)?;
    if status == StatusCode::PRECONDITION_FAILED {
        let by = view.decided_by.as_deref().unwrap_or("somebody");
        typed.error = Some(format!(
            "It is {} since you opened it, by {by}. What you wrote was not sent on.",
            match view.state.as_str() {
                "approved" => "allowed",
                "rejected" => "refused",
                "revoked" => "ended",
                _ => "changed",
            }
        ));
    }
    let mut shown = Exception {
        about: about(&view),
        control: view.compensating_control.clone(),
        decided_at: view.decided_at.as_deref().and_then(map::seconds),
        history: happened
            .into_iter()
            .map(|one| Happened {
                at: map::seconds(&one.at).unwrap_or_default(),
                by: one.by,
                what: one.what,
                note: one.note,
            })
            .collect(),
        revision,
        covers: None,
        concerns: None,
        may_decide: may.0,
        may_end: may.1,
        elsewhere: elsewhere(portal).await?.is_some(),
        typed,
        row: row_of(view),
    };
    let held = format!(
        "is:excepted {}",
        stanchion_ui::parts::term("exception", &shown.row.id)
    );
    let (query, holds) = (
        shown.query(),
        shown.row.state == "approved" && !shown.row.ended,
    );
    (shown.covers, shown.concerns) = portal
        .blocking(move |portal| {
            let only = only.as_deref();
            let covers = holds.then(|| counted(portal, only, &held)).flatten();
            let concerns = (!query.is_empty())
                .then(|| counted(portal, only, &query))
                .flatten();
            Ok((covers, concerns))
        })
        .await?;
    let text = shown.page(around);
    Ok(page(portal, around, status, text))
}

async fn decided(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    posted: Posted<ExceptionDecide>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let reader = Allowed::of(allowed.0.clone())?;
    let approve = fields.text("approve") == "yes";
    let mut headers = HeaderMap::new();
    let revision = fields.text("revision").parse().unwrap_or_default();
    if let Ok(tag) = HeaderValue::from_str(EntityTag::of_revision(revision).as_str()) {
        headers.insert(IF_MATCH, tag);
    }
    let form = Decided {
        approve,
        note: fields.text("note").to_owned(),
    };
    let did = decide(
        State(portal.clone()),
        allowed,
        Path(id.clone()),
        headers,
        Json(form),
    )
    .await;
    match did {
        Ok(Json(view)) => {
            settle(&portal).await;
            let text = if approve {
                format!("{} is in force.", view.id)
            } else {
                format!("{} is refused.", view.id)
            };
            Ok(done(&portal, &exception_path(&id), say(text)))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            show(&portal, reader, &around, id, status, typed).await
        }
    }
}

async fn ended(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    posted: Posted<ExceptionRequest>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let reader = Allowed::of(allowed.0.clone())?;
    // The list's own undo says `note`.
    let note = match fields.text("end_note") {
        "" => fields.text("note"),
        note => note,
    };
    let form = Revoked {
        note: note.to_owned(),
    };
    match revoke(State(portal.clone()), allowed, Path(id.clone()), Json(form)).await {
        Ok(Json(view)) => {
            settle(&portal).await;
            let text = format!("{} is over. What it covered is judged again.", view.id);
            Ok(done(&portal, &exception_path(&id), say(text)))
        }
        Err(problem) => {
            let (status, mut typed) = fields.wrong(problem)?;
            for (field, _) in &mut typed.faults {
                if field == "note" {
                    "end_note".clone_into(field);
                }
            }
            show(&portal, reader, &around, id, status, typed).await
        }
    }
}

/// What the form is filled with.
#[derive(Clone, Debug, Default, Deserialize)]
struct Given {
    finding: Option<String>,
    id: Option<String>,
    rule: Option<String>,
    product: Option<String>,
    purl: Option<String>,
    from: Option<String>,
}

async fn blank(
    State(portal): State<Portal>,
    viewer: Viewer<ExceptionRequest>,
    Query(given): Query<Given>,
) -> Result<Response, Problem> {
    let Viewer { allowed, around } = viewer;
    let reader: Allowed<ProductRead> = Allowed::of(allowed.0.clone())?;
    let from = given.from.clone();
    let typed = portal
        .read(move |tx| {
            let mut scope = Scope {
                ids: given.id.clone().into_iter().collect(),
                rules: given.rule.clone().into_iter().collect(),
                purl: given.purl.clone(),
                product: given.product.clone(),
                ..Scope::default()
            };
            let mut more = (String::new(), String::new());
            if let Some(id) = &given.finding {
                let (product, finding) = finding_of(tx, &reader, id)?;
                let view = FindingView::of(tx, &product, finding)?;
                match (view.kind, &view.rule) {
                    ("licence" | "check", Some(rule)) => scope.rules.push(rule.clone()),
                    _ => scope.ids.push(view.vulnerability.id.clone()),
                }
                scope.purl = Some(versionless(&view.component.purl).to_owned())
                    .filter(|purl| !purl.is_empty());
                scope.product = Some(product.name);
            }
            if let Some(id) = &given.from {
                let row = slice::found(tx, &reader, id)?;
                let view = View::of(row, 0)?;
                scope = view.scope;
                more = (
                    view.reason.unwrap_or_default(),
                    view.compensating_control.unwrap_or_default(),
                );
            }
            Ok::<_, Problem>(Typed::of([
                ("ids", scope.ids.join(", ")),
                ("rules", scope.rules.join(", ")),
                ("purl", scope.purl.unwrap_or_default()),
                ("versions", scope.versions.unwrap_or_default()),
                ("product", scope.product.unwrap_or_default()),
                ("paths", scope.paths.join("\n")),
                ("reason", more.0),
                ("compensating_control", more.1),
            ]))
        })
        .await?;
    form(&portal, allowed, &around, from, StatusCode::OK, typed).await
}

async fn form(
    portal: &Portal,
    allowed: Allowed<ExceptionRequest>,
    around: &Around,
    from: Option<String>,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (row, offers) = portal
        .read(move |tx| {
            let reader: Allowed<ProductRead> = Allowed::of(allowed.0.clone())?;
            let row = match &from {
                Some(id) => Some(slice::found(tx, &reader, id)?),
                None => None,
            };
            let names: Vec<String> = match allowed.only(tx, ExceptionRequest::NAME)? {
                None => tx.all(
                    &format!("SELECT name FROM product ORDER BY name LIMIT {OFFERED}"),
                    &[],
                    |row| row.get(0),
                )?,
                Some(only) => {
                    let mut names = Vec::new();
                    for id in only.into_iter().take(OFFERED) {
                        names.extend(products::by_id(tx, id)?.map(|product| product.name));
                    }
                    names.sort();
                    names
                }
            };
            Ok::<_, Problem>((row, names))
        })
        .await?;
    let follows: Option<Row> = match row {
        Some(row) => Some(row_of(View::of(row, now)?)),
        None => None,
    };
    let text = Ask {
        typed,
        follows: follows.as_ref(),
        products: &offers,
        elsewhere: elsewhere(portal).await?,
    }
    .page(around);
    Ok(page(portal, around, status, text))
}

fn wanted(fields: &Fields) -> Form {
    Form {
        id: None,
        scope: Scope {
            ids: fields.words("ids"),
            rules: fields.words("rules"),
            purl: fields.some("purl"),
            versions: fields.some("versions"),
            product: fields.some("product"),
            paths: fields.words("paths"),
        },
        reason: fields.text("reason").to_owned(),
        compensating_control: fields.some("compensating_control"),
        expires: fields.text("expires").to_owned(),
        justification: fields.some("justification"),
    }
}

async fn ask(
    State(portal): State<Portal>,
    posted: Posted<ExceptionRequest>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let now = portal.engine.now();
    let (asker, wanted) = (allowed.clone(), wanted(&fields));
    let asked = if wanted.reason.is_empty() {
        Err(Problem::unprocessable("Say why it has to stay open.").field("reason", "is needed"))
    } else if wanted.expires.is_empty() {
        Err(Problem::unprocessable("An exception holds for a time.").field("expires", "is needed"))
    } else {
        portal
            .write(move |tx| slice::ask(tx, &asker, &wanted, now, false))
            .await
    };
    match asked {
        Ok(view) => {
            let text = format!("Asked for {}. Somebody else decides.", view.id);
            Ok(done(&portal, &exception_path(&view.id), say(text)))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            let from = fields.some("from");
            form(&portal, allowed, &around, from, status, typed).await
        }
    }
}
