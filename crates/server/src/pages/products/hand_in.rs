//! An SBOM or a VEX document comes in from a browser.

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_policy::gate;
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::{Around, Flash};
use stanchion_ui::hand_in::HandIn;
use stanchion_ui::parts::{counted, product_path};

use super::{multipart, names};
use crate::engine::ingest::Pushed;
use crate::http::{Client, Problem, Query, Upload, security};
use crate::inventories::{self, Asked};
use crate::pages::around::{Fields, Viewer, around, done, page, say, to};
use crate::people::who::Who;
use crate::people::{Allowed, InventoryPush, PolicyWrite, ProductRead, resolve, session};
use crate::portal::Portal;
use crate::vex;

/// Largest document.
const MOST: u64 = 64 << 20;
/// Largest request: the document, and what stands around it.
const MOST_SENT: u64 = MOST + (256 << 10);

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/products/hand-in", get(show).post(take))
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    product: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    branch: String,
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<InventoryPush>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let typed = Typed::of([
        ("product", address.product),
        ("version", address.version),
        ("branch", address.branch),
    ]);
    let who = viewer.allowed.0.clone();
    shown(&portal, &who, &viewer.around, StatusCode::OK, typed).await
}

async fn shown(
    portal: &Portal,
    who: &Who,
    around: &Around,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let products = match Allowed::<ProductRead>::of(who.clone()) {
        Ok(reader) => portal.read(move |tx| names(tx, &reader)).await?,
        Err(_) => Vec::new(),
    };
    let text = HandIn { typed, products }.page(around);
    Ok(page(portal, around, status, text))
}

/// What stands in the fields, and what was wrong.
fn typed(fields: &Fields, mut typed: Typed) -> Typed {
    typed.values = fields
        .0
        .iter()
        .filter(|(name, _)| name != "form_token")
        .cloned()
        .collect();
    typed
}

fn too_large() -> Problem {
    Problem::too_large(MOST)
        .hint("Let the tool that makes it leave out files, evidence and the texts of licences; or let `stanchion push` read the folder itself: it sends components alone.")
        .field("file", "is larger than 64 MiB")
}

async fn take(State(portal): State<Portal>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let client = Client::from_request_parts(&mut parts, &portal).await?;
    let origin = portal.site.origin(client, &parts.headers);
    security::same_origin(&parts.headers, origin.as_deref())?;
    // Who it is, before anything of a large file is read.
    let who = match resolve::who(&parts, &portal).await {
        Ok(who) => who,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            return Ok(to("/sign-in?back_to=/products/hand-in"));
        }
        Err(problem) => return Err(problem),
    };
    let allowed = Allowed::<InventoryPush>::of(who.clone())?;
    let around = around(&portal, &who, &parts);
    let kind = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(multipart::boundary);
    let Some(boundary) = kind else {
        return Err(
            Problem::unsupported("This page takes a form with a file in it.")
                .hint("Programs send the document itself to `POST /api/v1/push` instead."),
        );
    };
    let upload: Upload<MOST_SENT> =
        match Upload::from_request(Request::from_parts(parts, body), &portal).await {
            Ok(upload) => upload,
            Err(refused) => {
                let problem = match Problem::from(refused) {
                    problem if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                    problem => problem,
                };
                let (status, typed) = Fields::default().wrong(problem)?;
                return shown(&portal, &who, &around, status, typed).await;
            }
        };
    let own = who.clone();
    let (fields, did) = portal
        .blocking(move |portal| {
            let bytes = upload
                .into_bytes()
                .map_err(|error| Problem::internal(&error))?;
            let Some(form) = multipart::read(&bytes, &boundary) else {
                return Err(
                    Problem::bad_request("The form broke off or is not well formed.")
                        .hint("Send it once more."),
                );
            };
            let fields = Fields(form.fields);
            let did = session::check_form(portal, &own, fields.text("form_token")).and_then(|()| {
                let bytes = form.file.unwrap_or_default();
                did(portal, &own, &allowed, &fields, &form.file_name, bytes)
            });
            Ok((fields, did))
        })
        .await?;
    match did {
        Ok((path, flash)) => Ok(done(&portal, &path, flash)),
        Err(problem) => {
            let (status, wrong) = fields.wrong(problem)?;
            shown(&portal, &who, &around, status, typed(&fields, wrong)).await
        }
    }
}

/// Takes the document in: where to go on, and what is said there.
fn did(
    portal: &Portal,
    who: &Who,
    allowed: &Allowed<InventoryPush>,
    fields: &Fields,
    file_name: &str,
    bytes: &[u8],
) -> Result<(String, Flash), Problem> {
    if bytes.is_empty() {
        return Err(Problem::unprocessable("There is no file in it.")
            .field("file", "choose a file that is not empty"));
    }
    if bytes.len() as u64 > MOST {
        return Err(too_large());
    }
    let product = fields.text("product");
    if fields.text("what") == "vex" {
        let may = Allowed::<PolicyWrite>::of(who.clone())?;
        let taken = vex::take_in(portal, &may, &document_name(file_name), bytes)?;
        let mut text = format!(
            "{}: {} read",
            taken.name,
            counted(taken.statements, "statement", "statements")
        );
        if taken.known {
            text = format!("{} is here already: nothing changed", taken.name);
        } else if !taken.refused.is_empty() {
            text = format!("{text}, {} that cannot be used", taken.refused.len());
        }
        let path = if product.is_empty() {
            "/products".to_owned()
        } else {
            product_path(product)
        };
        return Ok((path, say(format!("{text}."))));
    }
    for (field, what) in [("product", "product"), ("version", "version")] {
        if fields.text(field).is_empty() {
            return Err(
                Problem::unprocessable(format!("Of which {what} is it?")).field(field, "is needed")
            );
        }
    }
    let asked = Asked {
        product: product.to_owned(),
        version: fields.text("version").to_owned(),
        branch: fields.some("branch"),
        gate: None,
        as_of: None,
        name: Some(file_name.chars().take(200).collect::<String>())
            .filter(|name| !name.trim().is_empty()),
    };
    let pushed = inventories::take_in(portal, allowed, &asked, bytes, gate::DEFAULT, None)?;
    let path = product_path(&pushed.product.name);
    Ok((path, flash(&pushed)))
}

fn flash(pushed: &Pushed) -> Flash {
    let assessment = &pushed.assessment;
    let open = assessment.findings.len();
    let mut text = format!(
        "{} {}: {}, {}",
        pushed.product.name,
        pushed.version.name,
        counted(assessment.component_count(), "component", "components"),
        counted(open, "finding", "findings"),
    );
    if pushed.known {
        text.push_str("; the same document was here already");
    } else {
        let new = pushed.changes.appeared.len();
        let closed = pushed.changes.closed.len();
        if new > 0 && closed > 0 {
            text = format!("{text} ({new} new, {closed} closed)");
        } else if closed > 0 {
            text = format!("{text} ({closed} closed)");
        }
    }
    text.push_str(if assessment.verdict.denied {
        ". The build gate is closed."
    } else {
        ". The build gate is open."
    });
    if !assessment.problems.is_empty() {
        text = format!(
            "{text} {} told in the report.",
            counted(assessment.problems.len(), "problem is", "problems are")
        );
    }
    say(text)
}

/// The name that a VEX document is kept under: that of its file, as far as it is a plain one.
fn document_name(file_name: &str) -> String {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = base
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(140)
        .collect();
    name = name.trim_start_matches('.').to_owned();
    if !name.ends_with(".json") {
        name.push_str(".json");
    }
    if name.len() < 6 {
        name = format!("vex-{name}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_get_plain_names() {
        for (given, name) in [
            ("acme.openvex.json", "acme.openvex.json"),
            ("C:\\docs\\a b.csaf", "a-b.csaf.json"),
            ("../../.hidden", "hidden.json"),
            ("", "vex-.json"),
        ] {
            assert_eq!(document_name(given), name);
        }
    }
}
