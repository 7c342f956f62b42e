//! A product is made, changed, or taken away.

use axum::Router;
use axum::extract::State;
use axum::http::header::{HeaderValue, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use stanchion_store::products::{self as rows, Product};
use stanchion_store::{audit, standing};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::parts::product_path;
use stanchion_ui::product::form::{Form, Meanwhile, Remove, label};

use super::{head, names};
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem};
use crate::pages::around::{Fields, Posted, Viewer, done, page, say};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::products::view::{ProductForm, ProductView};
use crate::products::{change as change_product, create, remove as remove_product};
use crate::slice;

/// Entries of the log that are looked through for who changed something.
const LOOK: usize = 5;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/products/new", get(new).post(make))
        .route("/products/{name}/change", get(show).post(change))
        .route("/products/{name}/remove", get(ask).post(remove))
}

/// Whoever may write, as a reader.
fn reader(allowed: &Allowed<ProductWrite>) -> Result<Allowed<ProductRead>, Problem> {
    Allowed::of(allowed.0.clone())
}

fn form_of(fields: &Fields) -> Result<ProductForm, Problem> {
    let word = |name: &str, usual: &str| match fields.text(name) {
        "" => usual.to_owned(),
        text => text.to_owned(),
    };
    Ok(ProductForm {
        name: fields.text("name").to_owned(),
        kind: word("kind", "own"),
        description: fields.text("description").replace("\r\n", "\n"),
        parent: fields.some("parent"),
        owner: fields.some("owner"),
        tier: fields.number("tier")?,
        exposed: match fields.text("exposed") {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        environment: fields.some("environment"),
        lifecycle: word("lifecycle", "active"),
        data_classes: fields.words("data_classes"),
        tags: fields.words("tags"),
        vendor: fields.some("vendor"),
        bought_version: fields.some("bought_version"),
        cpe: fields.some("cpe"),
        badge: fields.text("badge") == "yes",
        keep_versions: fields.number("keep_versions")?,
        keep_days: fields.number("keep_days")?,
    })
}

/// A product as its form shows it.
fn values(view: &ProductView) -> Vec<(&'static str, String)> {
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        ("name", view.name.clone()),
        ("kind", view.kind.clone()),
        ("description", view.description.clone()),
        ("parent", text(&view.parent)),
        ("owner", text(&view.owner)),
        ("tier", number(view.tier)),
        (
            "exposed",
            view.exposed
                .map(|exposed| exposed.to_string())
                .unwrap_or_default(),
        ),
        ("environment", text(&view.environment)),
        ("lifecycle", view.lifecycle.clone()),
        ("data_classes", view.data_classes.join(", ")),
        ("tags", view.tags.join(", ")),
        ("vendor", text(&view.vendor)),
        ("bought_version", text(&view.bought_version)),
        ("cpe", text(&view.cpe)),
        ("badge", if view.badge { "yes" } else { "" }.to_owned()),
        ("keep_versions", number(view.keep_versions)),
        ("keep_days", number(view.keep_days)),
    ]
}

fn typed_of(view: &ProductView, revision: i64) -> Typed {
    let mut typed = Typed {
        values: values(view)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        ..Typed::default()
    };
    typed.values.push(("revision".into(), revision.to_string()));
    typed
}

async fn new(
    State(portal): State<Portal>,
    viewer: Viewer<ProductWrite>,
) -> Result<Response, Problem> {
    let typed = Typed::of([
        ("kind", "own".to_owned()),
        ("lifecycle", "active".to_owned()),
    ]);
    shown(
        &portal,
        &viewer.allowed,
        &viewer.around,
        None,
        StatusCode::OK,
        Some(typed),
    )
    .await
}

async fn make(
    State(portal): State<Portal>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let made = match form_of(&fields) {
        Ok(form) => {
            create(
                State(portal.clone()),
                allowed.clone(),
                HeaderMap::new(),
                Json(form),
            )
            .await
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok(_) => {
            let path = product_path(fields.text("name"));
            Ok(done(
                &portal,
                &path,
                say("It is made. Now hand in what is in it."),
            ))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            shown(&portal, &allowed, &around, None, status, Some(typed)).await
        }
    }
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<ProductWrite>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    shown(
        &portal,
        &viewer.allowed,
        &viewer.around,
        Some(name),
        StatusCode::OK,
        None,
    )
    .await
}

/// The form; with what was typed where something was wrong with it.
async fn shown(
    portal: &Portal,
    allowed: &Allowed<ProductWrite>,
    around: &Around,
    name: Option<String>,
    status: StatusCode,
    typed: Option<Typed>,
) -> Result<Response, Problem> {
    let (writer, reader) = (allowed.clone(), reader(allowed)?);
    let stale = status == StatusCode::PRECONDITION_FAILED;
    let view = portal
        .read(move |tx| {
            let mut view = Form {
                typed: typed.clone().unwrap_or_default(),
                products: names(tx, &reader)?,
                owners: tx.all(
                    "SELECT DISTINCT owner FROM product WHERE owner IS NOT NULL ORDER BY owner LIMIT 200",
                    &[],
                    |row| row.get(0),
                )?,
                ..Form::default()
            };
            if !reader.may_everywhere("product.read") {
                view.owners.clear();
            }
            if let Some(name) = &name {
                let product = slice::product(tx, &writer, name)?;
                view.of = Some(head(tx, &reader, &product)?);
                let revision = product.revision;
                let now = ProductView::of(tx, product.clone())?;
                match &typed {
                    None => view.typed = typed_of(&now, revision),
                    Some(_) if stale => {
                        view.meanwhile = Some(meanwhile(tx, &reader, &product, &now, &view.typed)?);
                        // Saved again, it is made to the state that is shown now.
                        for (name, value) in &mut view.typed.values {
                            if name == "revision" {
                                *value = revision.to_string();
                            }
                        }
                        view.typed.error = None;
                    }
                    Some(_) => {}
                }
            }
            Ok::<_, Problem>(view)
        })
        .await?;
    let text = view.page(around);
    Ok(page(portal, around, status, text))
}

/// Who changed a product while somebody typed, and what of it is not as it was typed.
fn meanwhile(
    tx: &mut stanchion_store::Tx<'_>,
    reader: &Allowed<ProductRead>,
    product: &Product,
    now: &ProductView,
    typed: &Typed,
) -> Result<Meanwhile, Problem> {
    let who = if reader.may_everywhere("audit.read") {
        audit::list(tx, Some(&product.name), None, None, LOOK)?
            .into_iter()
            .find(|entry| entry.action.starts_with("product."))
            .map(|entry| entry.actor)
    } else {
        None
    };
    let same = |one: &str, other: &str| {
        let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        bare(one) == bare(other)
    };
    let now = values(now)
        .into_iter()
        .filter(|(name, value)| !same(value, typed.get(name)))
        .map(|(name, value)| (label(name).to_owned(), value))
        .collect();
    Ok(Meanwhile { who, now })
}

async fn change(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let changed = match form_of(&fields) {
        Ok(form) => {
            let mut headers = HeaderMap::new();
            let revision = fields.text("revision").parse().unwrap_or_default();
            if let Ok(value) = HeaderValue::from_str(EntityTag::of_revision(revision).as_str()) {
                headers.insert(IF_MATCH, value);
            }
            change_product(
                State(portal.clone()),
                allowed.clone(),
                Path(name.clone()),
                headers,
                Json(form),
            )
            .await
        }
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => {
            crate::pages::findings::settle(&portal).await;
            let path = product_path(fields.text("name"));
            Ok(done(
                &portal,
                &path,
                say("It is changed, and judged by that."),
            ))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            shown(&portal, &allowed, &around, Some(name), status, Some(typed)).await
        }
    }
}

async fn ask(
    State(portal): State<Portal>,
    viewer: Viewer<ProductWrite>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    asked(
        &portal,
        &viewer.allowed,
        &viewer.around,
        name,
        StatusCode::OK,
        Typed::default(),
    )
    .await
}

async fn asked(
    portal: &Portal,
    allowed: &Allowed<ProductWrite>,
    around: &Around,
    name: String,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Problem> {
    let (writer, reader) = (allowed.clone(), reader(allowed)?);
    let view = portal
        .read(move |tx| {
            let product = slice::product(tx, &writer, &name)?;
            let versions = rows::versions(tx, product.id)?.len();
            Ok::<_, Problem>(Remove {
                head: head(tx, &reader, &product)?,
                versions: i64::try_from(versions).unwrap_or(i64::MAX),
                open: standing::of(tx, product.id)?.total,
                typed: typed.clone(),
            })
        })
        .await?;
    let text = view.page(around);
    Ok(page(portal, around, status, text))
}

async fn remove(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let gone = if fields.text("name") == name.trim() {
        remove_product(State(portal.clone()), allowed.clone(), Path(name.clone())).await
    } else {
        Err(
            Problem::unprocessable("Nothing was taken away: that is not its name.")
                .field("name", "is not the product's name"),
        )
    };
    match gone {
        Ok(_) => Ok(done(&portal, "/products", say(format!("{name} is gone.")))),
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            if status == StatusCode::NOT_FOUND {
                return Ok(done(
                    &portal,
                    "/products",
                    say("There is no product of that name any more."),
                ));
            }
            asked(&portal, &allowed, &around, name, status, typed).await
        }
    }
}
