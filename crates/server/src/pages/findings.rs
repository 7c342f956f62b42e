//! The list of findings, what is decided about many of them at once, saved views, and the list as a file.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::query::{self, FINDINGS};
use stanchion_store::{Id, Tx, findings, products};
use stanchion_ui::findings::{Findings, Saved};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::{Around, Flash};
use stanchion_ui::parts::counted;

use crate::decisions;
use crate::exceptions;
use crate::findings::lists::{self, Asked, Counting, RowView};
use crate::http::{Json, Problem, Query};
use crate::people::permission::Own;
use crate::people::{Allowed, ExceptionRequest, FindingTriage, ProductRead};
use crate::portal::Portal;
use crate::views;

use super::around::{Fields, Posted, Viewer, done, page, say, to};
use super::sheet::{self, CHUNK, MOST_ROWS, Sheet, Sort, cell, yes};
use super::{map, own_path};

/// Rows of a page.
const ROWS: usize = 50;
/// Rows that are put into groups.
const GROUPED: usize = 200;
/// Findings that may be decided about at once.
const MOST_CHOSEN: usize = 200;
/// Products that one decision may be made for one by one.
const MOST_PRODUCTS: usize = 500;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/findings", get(list))
        .route("/findings.csv", get(csv_file))
        .route("/findings.json", get(json_file))
        .route("/findings/decide", post(decide))
        .route("/decisions/withdraw", post(withdraw))
        .route("/views", post(save_view))
        .route("/views/forget", post(forget_view))
}

/// The address of the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    q: String,
    #[serde(default)]
    group: String,
    after: Option<String>,
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    show(
        &portal,
        viewer.allowed,
        &viewer.around,
        address,
        StatusCode::OK,
        Typed::default(),
    )
    .await
}

async fn show(
    portal: &Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
    address: Address,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let group = match address.group.as_str() {
        group @ ("component" | "product" | "upgrade") => group,
        _ => "",
    };
    let limit = if group.is_empty() { ROWS } else { GROUPED };
    let asked = Asked {
        q: Some(address.q.clone()),
        after: address.after.clone(),
        limit: Some(limit),
    };
    let counting = Counting {
        q: Some(address.q.clone()),
    };
    let (found, number) = tokio::join!(
        lists::list(State(portal.clone()), allowed.clone(), Query(asked)),
        lists::count(State(portal.clone()), allowed.clone(), Query(counting)),
    );
    let (saved, nothing_yet) = portal
        .read(move |tx| {
            let saved = views::of(tx, &allowed, "findings")?
                .into_iter()
                .map(|view| Saved {
                    id: view.id,
                    name: view.name,
                    query: view.query,
                    group: view.group,
                    shared: view.shared,
                    own: view.own,
                })
                .collect();
            let any: Option<i64> =
                tx.first("SELECT 1 FROM version LIMIT 1", &[], |row| row.get(0))?;
            Ok::<_, Problem>((saved, any.is_none()))
        })
        .await?;
    let mut view = Findings {
        query: &address.q,
        group,
        later: address.after.is_some(),
        saved,
        typed,
        nothing_yet,
        ..Findings::default()
    };
    let mut status = status;
    match found {
        Ok(Json(found)) => {
            view.rows = found.items.into_iter().map(map::row).collect();
            view.next = found.next;
            if let Ok(Json(number)) = number {
                view.count = map::count(&number);
            }
        }
        Err(problem)
            if problem.status().is_server_error()
                && problem.status() != StatusCode::SERVICE_UNAVAILABLE =>
        {
            return Err(problem);
        }
        Err(problem) => {
            let (code, typed) = Fields::default().wrong(problem)?;
            status = code;
            let faults = typed.faults.into_iter().map(|(_, fault)| fault);
            view.fault = typed
                .error
                .into_iter()
                .chain(faults)
                .reduce(|all, one| format!("{all} {one}"));
        }
    }
    let text = view.page(around);
    Ok(page(portal, around, status, text))
}

/// What the form was about, found again: a finding, its ids and its component.
struct Chosen {
    vulnerability: Id,
    ids: Vec<String>,
    purl: String,
    product: String,
}

fn chosen(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    ids: &[String],
) -> Result<Vec<Chosen>, Problem> {
    let mut all = Vec::new();
    for id in ids {
        let (product, finding) = crate::findings::found(tx, allowed, id)?;
        let vulnerability = findings::vulnerability(tx, finding.vulnerability)?
            .ok_or_else(|| Problem::not_found("What this finding is about is gone."))?;
        let names = findings::component_names(tx, &[finding.component])?;
        let purl = names
            .get(&finding.component)
            .map(|(_, _, purl)| purl.clone())
            .unwrap_or_default();
        all.push(Chosen {
            vulnerability: finding.vulnerability,
            ids: vec![vulnerability.name],
            purl,
            product: product.name,
        });
    }
    Ok(all)
}

/// A purl without its version and what follows it.
pub(super) fn versionless(purl: &str) -> &str {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let purl = &purl[..end];
    match purl.rfind('@') {
        // An `@` before the last slash belongs to a namespace.
        Some(at) if at > purl.rfind('/').unwrap_or(0) => &purl[..at],
        _ => purl,
    }
}

/// Products in which a vulnerability is found in a package, as far as somebody may decide there.
fn products_with(
    tx: &mut Tx<'_>,
    allowed: &Allowed<FindingTriage>,
    one: &Chosen,
    tag: Option<&str>,
) -> Result<Vec<String>, Problem> {
    let ids: Vec<Id> = tx.all(
        "SELECT DISTINCT product FROM finding WHERE vulnerability = ?1 AND work = 1",
        stanchion_store::params![one.vulnerability],
        |row| row.get(0),
    )?;
    let mut names = Vec::new();
    for id in ids {
        let Some(product) = products::by_id(tx, id)? else {
            continue;
        };
        if tag.is_none_or(|tag| product.tags.iter().any(|own| own == tag))
            && allowed.on(tx, &product).is_ok()
        {
            names.push(product.name);
        }
        if names.len() > MOST_PRODUCTS {
            return Err(
                Problem::unprocessable("That is more than 500 products at once.").hint(
                    "Decide by tag, or ask somebody who may decide for the whole organisation.",
                ),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// The decisions that a form asks for.
fn wanted(
    tx: &mut Tx<'_>,
    allowed: &Allowed<FindingTriage>,
    fields: &Fields,
    all: &[Chosen],
) -> Result<Vec<decisions::Form>, Problem> {
    let scope = fields.text("scope");
    let tag = fields.some("tag");
    let mut forms: BTreeMap<(String, String, Option<String>), decisions::Form> = BTreeMap::new();
    for one in all {
        if one.purl.is_empty() {
            return Err(Problem::unprocessable(
                "What another tool found in a place is closed on its own page, not decided about.",
            ));
        }
        let products: Vec<Option<String>> = match scope {
            "version" | "product" | "" => vec![Some(one.product.clone())],
            "tag" => {
                let tag = tag.as_deref().ok_or_else(|| {
                    Problem::unprocessable("Which tag?").field("tag", "the tag of the products")
                })?;
                products_with(tx, allowed, one, Some(tag))?
                    .into_iter()
                    .map(Some)
                    .collect()
            }
            "everywhere" if allowed.everywhere().is_ok() => vec![None],
            "everywhere" => products_with(tx, allowed, one, None)?
                .into_iter()
                .map(Some)
                .collect(),
            _ => {
                return Err(Problem::unprocessable("Where does it hold?")
                    .field("scope", "version, product, tag or everywhere"));
            }
        };
        if products.is_empty() {
            return Err(Problem::unprocessable(
                "No product where you may decide has that tag and this finding.",
            )
            .field("tag", "no such product has it"));
        }
        let purl = match scope {
            "version" | "" => one.purl.clone(),
            _ => versionless(&one.purl).to_owned(),
        };
        for product in products {
            let key = (one.ids.join(" "), purl.clone(), product.clone());
            forms.entry(key).or_insert_with(|| decisions::Form {
                vulnerabilities: one.ids.clone(),
                purls: vec![purl.clone()],
                product,
                status: fields.text("status").to_owned(),
                justification: fields.some("justification"),
                reason: fields.some("reason"),
                action: (fields.text("status") == "affected")
                    .then(|| fields.text("reason").to_owned()),
                ..decisions::Form::default()
            });
        }
    }
    Ok(forms.into_values().collect())
}

async fn decide(
    State(portal): State<Portal>,
    posted: Posted<ProductRead>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let back = own_path(Some(fields.text("back_to"))).to_owned();
    let ids = fields.all("finding");
    let did = if ids.is_empty() {
        Err(Problem::unprocessable("Nothing is chosen.")
            .hint("Choose findings with the boxes at their left, or with the key x."))
    } else if ids.len() > MOST_CHOSEN {
        Err(Problem::unprocessable(
            "At most 200 findings are decided about at once.",
        ))
    } else if fields.text("what") == "except" {
        except(&portal, &allowed, &fields, ids).await
    } else {
        triage(&portal, &allowed, &fields, ids).await
    };
    match did {
        Ok(flash) => {
            settle(&portal).await;
            Ok(done(&portal, &back, flash))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            again(&portal, allowed, &around, &back, status, typed).await
        }
    }
}

/// The page that the form stood on, with what was typed and what was wrong.
async fn again(
    portal: &Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
    back: &str,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    if let Some(id) = back.strip_prefix("/findings/") {
        return super::finding::show(portal, allowed, around, id, false, status, typed).await;
    }
    let query = back.split_once('?').map_or("", |(_, query)| query);
    let address: Address = axum::extract::Query::try_from_uri(
        &format!("/findings?{query}").parse().unwrap_or_default(),
    )
    .map(|axum::extract::Query(address)| address)
    .unwrap_or_default();
    show(portal, allowed, around, address, status, typed).await
}

async fn triage(
    portal: &Portal,
    allowed: &Allowed<ProductRead>,
    fields: &Fields,
    ids: Vec<String>,
) -> Result<Flash, Problem> {
    let may: Allowed<FindingTriage> = Allowed::of(allowed.0.clone())?;
    let (reader, fields) = (allowed.clone(), fields.clone());
    let now = portal.engine.now();
    let (made, about) = portal
        .write(move |tx| {
            let all = chosen(tx, &reader, &ids)?;
            let mut made = Vec::new();
            for form in wanted(tx, &may, &fields, &all)? {
                let own: [u8; 16] =
                    crate::seal::random().map_err(|error| Problem::internal(&error))?;
                made.push(decisions::make(tx, &may, &form, Id::random(own), now)?.id);
            }
            Ok::<_, Problem>((made, all.len()))
        })
        .await?;
    let about = i64::try_from(about).unwrap_or(i64::MAX);
    Ok(Flash {
        text: format!("Decided about {}.", counted(about, "finding", "findings")),
        bad: false,
        undo: Some((
            "/decisions/withdraw".into(),
            made.into_iter().map(|id| ("id".into(), id)).collect(),
        )),
    })
}

async fn except(
    portal: &Portal,
    allowed: &Allowed<ProductRead>,
    fields: &Fields,
    ids: Vec<String>,
) -> Result<Flash, Problem> {
    let may: Allowed<ExceptionRequest> = Allowed::of(allowed.0.clone())?;
    let (reader, fields) = (allowed.clone(), fields.clone());
    let now = portal.engine.now();
    let asked = portal
        .write(move |tx| {
            let mut by_product: BTreeMap<String, Vec<Chosen>> = BTreeMap::new();
            for one in chosen(tx, &reader, &ids)? {
                by_product.entry(one.product.clone()).or_default().push(one);
            }
            let mut asked = Vec::new();
            for (product, all) in by_product {
                let mut scope = exceptions::Scope {
                    product: Some(product),
                    ..exceptions::Scope::default()
                };
                for one in &all {
                    scope.ids.extend(one.ids.iter().cloned());
                }
                scope.ids.sort();
                scope.ids.dedup();
                let mut purls: Vec<&str> = all.iter().map(|one| versionless(&one.purl)).collect();
                purls.dedup();
                if let [one] = purls[..]
                    && !one.is_empty()
                {
                    scope.purl = Some(one.to_owned());
                }
                let form = exceptions::Form {
                    scope,
                    reason: fields.text("exception_reason").to_owned(),
                    compensating_control: fields.some("compensating_control"),
                    expires: fields.text("expires").to_owned(),
                    ..exceptions::Form::default()
                };
                asked.push(exceptions::ask(tx, &may, &form, now, false)?.id);
            }
            Ok::<_, Problem>(asked)
        })
        .await?;
    let undo = match &asked[..] {
        [one] => Some((
            format!(
                "/policy/exceptions/{}/end",
                stanchion_ui::parts::encoded(one)
            ),
            vec![("note".to_owned(), "taken back at once".to_owned())],
        )),
        _ => None,
    };
    Ok(Flash {
        text: format!("Asked for {}. Somebody else decides.", asked.join(", ")),
        bad: false,
        undo,
    })
}

/// Waits a moment until what was decided is judged, so that the next page shows it; it goes on by itself where that takes
/// longer.
pub(super) async fn settle(portal: &Portal) {
    for _ in 0..30 {
        let busy = portal
            .read(|tx| {
                let one: Option<i64> = tx.first(
                    "SELECT 1 FROM job WHERE kind = 'judge' AND state IN ('waiting', 'running') LIMIT 1",
                    &[],
                    |row| row.get(0),
                )?;
                Ok::<_, Problem>(one.is_some())
            })
            .await;
        if !matches!(busy, Ok(true)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn withdraw(
    State(portal): State<Portal>,
    posted: Posted<FindingTriage>,
) -> Result<Response, Problem> {
    let back = match posted.fields.text("back_to") {
        "" => "/findings".to_owned(),
        back => own_path(Some(back)).to_owned(),
    };
    let ids = posted.fields.all("id");
    let mut taken = 0;
    for id in ids {
        match decisions::withdraw(
            State(portal.clone()),
            posted.allowed.clone(),
            crate::http::Path(id),
        )
        .await
        {
            Ok(_) => taken += 1,
            // Somebody else took it back meanwhile: it is as it was asked for.
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {}
            Err(problem) => return Err(problem),
        }
    }
    settle(&portal).await;
    let text = match taken {
        0 => "It was taken back already.".to_owned(),
        taken => format!("Took back {}.", counted(taken, "decision", "decisions")),
    };
    Ok(done(&portal, &back, say(text)))
}

async fn save_view(State(portal): State<Portal>, posted: Posted<Own>) -> Result<Response, Problem> {
    let fields = posted.fields;
    let form = views::Form {
        list: fields.text("list").to_owned(),
        name: fields.text("name").to_owned(),
        query: fields.text("query").to_owned(),
        group: fields.text("group").to_owned(),
        shared: fields.text("shared") == "yes",
    };
    let (_, Json(view)) = views::save(State(portal.clone()), posted.allowed, Json(form)).await?;
    let mut back = stanchion_ui::parts::findings_path(&view.query);
    if !view.group.is_empty() {
        back = format!("{back}&group={}", view.group);
    }
    Ok(done(&portal, &back, say(format!("Saved “{}”.", view.name))))
}

async fn forget_view(
    State(portal): State<Portal>,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let id = posted.fields.text("id").to_owned();
    match views::forget(State(portal.clone()), posted.allowed, crate::http::Path(id)).await {
        Ok(_) => Ok(done(&portal, "/findings", say("The view is gone."))),
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(to("/findings")),
        Err(problem) => Err(problem),
    }
}

const SHEET: Sheet<RowView> = Sheet {
    name: "findings",
    columns: &[
        "id",
        "kind",
        "vulnerability",
        "title",
        "product",
        "version",
        "component",
        "component_version",
        "purl",
        "severity",
        "score",
        "state",
        "known_exploited",
        "upgrade_to",
        "epss",
        "owner",
        "due",
        "exception",
        "first_seen",
    ],
    cells: |row| {
        vec![
            row.id.clone(),
            row.kind.to_owned(),
            row.vulnerability.clone(),
            row.title.clone(),
            row.product.clone(),
            row.version.clone(),
            row.component.name.clone(),
            row.component.version.clone(),
            row.component.purl.clone(),
            cell(row.severity),
            cell(row.score),
            row.state.to_owned(),
            yes(Some(row.known_exploited)),
            cell(row.upgrade_to.as_ref()),
            cell(row.epss),
            cell(row.owner.as_ref()),
            cell(row.due.as_ref()),
            cell(row.exception.as_ref()),
            row.first_seen.clone(),
        ]
    },
    most: MOST_ROWS,
};

async fn send(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    let query = lists::parse(&FINDINGS, &address.q)?;
    sheet::send(SHEET, sort, move |after| {
        let (portal, query, allowed) = (portal.clone(), query.clone(), allowed.clone());
        async move {
            let found = portal
                .blocking(move |portal| {
                    let now = portal.engine.now();
                    portal
                        .engine
                        .store()
                        .read_within(Duration::from_secs(3), |tx| {
                            let visible = lists::visible(allowed.only(tx, "product.read")?);
                            Ok::<_, Problem>(query::findings(
                                tx,
                                &query,
                                &visible,
                                now,
                                after.as_deref(),
                                CHUNK,
                            )?)
                        })
                })
                .await?;
            let rows = found.rows.into_iter().map(RowView::from).collect();
            Ok((rows, found.next))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purl_loses_its_version_alone() {
        for (whole, bare) in [
            ("pkg:npm/lodash@4.17.15", "pkg:npm/lodash"),
            ("pkg:npm/%40scope/a@1?x=y#z", "pkg:npm/%40scope/a"),
            ("pkg:npm/@scope/a", "pkg:npm/@scope/a"),
            (
                "pkg:deb/debian/curl@7.50.3-1?arch=i386",
                "pkg:deb/debian/curl",
            ),
            ("", ""),
        ] {
            assert_eq!(versionless(whole), bare);
        }
    }
}
