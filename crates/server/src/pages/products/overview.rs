//! A product at a glance, and what is said about it there: where it runs, which version counts, where its code is.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::products::{self as rows, Wanted};
use stanchion_store::query::{self, FINDINGS};
use stanchion_store::{Id, Tx, standing};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::Around;
use stanchion_ui::parts::{product_path, term};
use stanchion_ui::product::overview::{
    Branch, Deployment, Facts, Overview, Part, Repository, Upgrade, Version,
};

use super::{head, here, numbers};
use crate::findings::fixes::{self, fixes};
use crate::findings::lists::{parse, visible};
use crate::http::{Json, Path, Problem, Query};
use crate::pages::around::{Fields, Posted, Viewer, done, page, say};
use crate::people::{Allowed, InventoryPush, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::products::view::ProductView;
use crate::products::{deployments, repository, tree};
use crate::slice;

/// Versions that are shown.
const VERSIONS: usize = 8;
/// Products below that are shown.
const PARTS: usize = 30;
/// Upgrades that are shown.
const FIXES: usize = 5;
/// Findings that are looked at for exceptions.
const EXCEPTED: usize = 200;
/// Days of the line, and of the long one.
const DAYS: [u16; 2] = [90, 550];

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/products/{name}", get(overview))
        .route("/products/{name}/deployments", post(deploy))
        .route("/products/{name}/deployments/end", post(end))
        .route("/products/{name}/branch", post(branch))
        .route("/products/{name}/repository", post(keep))
        .route("/products/{name}/scan", post(scan))
}

#[derive(Deserialize)]
struct Address {
    days: Option<u16>,
}

async fn overview(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let days = if address.days.is_some_and(|days| days > DAYS[0]) {
        DAYS[1]
    } else {
        DAYS[0]
    };
    show(
        &portal,
        viewer.allowed,
        &viewer.around,
        name,
        days,
        StatusCode::OK,
        (String::new(), Typed::default()),
    )
    .await
}

async fn show(
    portal: &Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
    name: String,
    days: u16,
    status: StatusCode,
    typed: (String, Typed),
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (reader, own, near) = (allowed.clone(), name.clone(), around.clone());
    let (mut view, around) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &own)?;
            let around = here(tx, &near, &reader, &product)?;
            let mut view = Overview {
                head: head(tx, &reader, &product)?,
                now: numbers(&standing::of(tx, product.id)?.into()),
                window: days,
                ..Overview::default()
            };
            versions(tx, product.id, &mut view)?;
            below(tx, &reader, product.id, &mut view)?;
            view.exceptions = excepted(tx, &reader, &product.name, now)?;
            view.repository = rows::repository(tx, product.id)?.map(|found| Repository {
                url: found.url,
                reference: found.reference,
                branch: found.branch,
                token: found.secret.is_some(),
                commit: found.commit,
                scanned: found.scanned,
            });
            view.facts = facts(ProductView::of(tx, product)?);
            Ok::<_, Problem>((view, around))
        })
        .await?;
    view.today = day(now);
    let Json(line) =
        crate::products::numbers(State(portal.clone()), allowed.clone(), Path(name.clone()))
            .await?;
    view.days = line
        .iter()
        .filter_map(|one| Some((one.day.parse().ok()?, one.numbers.get("risk")?.as_f64()?)))
        .collect();
    // The numbers of a day are written once a day; how it stands now is known.
    let now_at = view.today;
    if view.days.last().is_none_or(|(day, _)| *day < now_at) {
        view.days.push((now_at, view.now.risk));
    }
    if view.now.open > 0 {
        let asked = fixes::Asked {
            q: Some(term("product", &view.head.name)),
        };
        // What takes too long is left out here; the fix plan says so itself.
        if let Ok(Json(plan)) = fixes(State(portal.clone()), allowed, Query(asked)).await {
            view.fixes = plan.items.into_iter().take(FIXES).map(upgrade).collect();
        }
    }
    view.typed = typed;
    let text = view.page(&around);
    Ok(page(portal, &around, status, text))
}

fn upgrade(view: fixes::View) -> Upgrade {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Upgrade {
        component: view.component,
        to: view.to,
        clears: number(view.clears),
        exploited: number(view.known_exploited),
        risk: view.risk,
        worst: view.worst,
    }
}

/// A moment as a day.
pub(super) fn day(now: i64) -> jiff::civil::Date {
    let moment = jiff::Timestamp::from_second(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::TimeZone::UTC.to_datetime(moment).date()
}

fn facts(view: ProductView) -> Facts {
    Facts {
        description: view.description,
        owner: view.owner,
        tier: view.tier,
        exposed: view.exposed,
        environment: view.environment,
        lifecycle: view.lifecycle,
        data_classes: view.data_classes,
        tags: view.tags,
        vendor: view.vendor,
        bought_version: view.bought_version,
        cpe: view.cpe,
        badge: view.badge,
    }
}

/// A version as pages show it.
pub(super) fn version(
    version: &rows::Version,
    branches: &[rows::Branch],
    running: &[rows::Deployment],
) -> Version {
    Version {
        id: version.id.to_string(),
        name: version.name.clone(),
        branch: branches
            .iter()
            .find(|branch| branch.id == version.branch)
            .map(|branch| branch.name.clone())
            .unwrap_or_default(),
        latest: version.latest,
        live: version.live,
        components: version.components,
        pushed: version.pushed,
        denied: version.denied,
        environments: running
            .iter()
            .filter(|one| one.version == Some(version.id))
            .map(|one| one.environment.clone())
            .collect(),
    }
}

fn versions(tx: &mut Tx<'_>, product: Id, view: &mut Overview) -> Result<(), Problem> {
    let branches = rows::branches(tx, product)?;
    let running = rows::deployments(tx, product, false)?;
    let mut found = rows::versions_after(tx, product, None, VERSIONS + 1)?;
    view.all_versions = i64::try_from(found.len()).unwrap_or(i64::MAX);
    found.truncate(VERSIONS);
    view.versions = found
        .iter()
        .map(|one| version(one, &branches, &running))
        .collect();
    for one in running {
        let version = match one.version {
            Some(id) => rows::version_by_id(tx, id)?.map(|version| version.name),
            None => None,
        };
        view.deployments.push(Deployment {
            id: one.id.to_string(),
            environment: one.environment,
            version,
            since: one.since,
            note: one.note,
        });
    }
    view.branches = branches
        .into_iter()
        .take(VERSIONS)
        .map(|branch| Branch {
            name: branch.name,
            latest: branch.latest.as_str(),
        })
        .collect();
    Ok(())
}

/// The products right below this one.
fn below(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    product: Id,
    view: &mut Overview,
) -> Result<(), Problem> {
    let only = allowed.only(tx, "product.read")?;
    let wanted = Wanted {
        below: Some(product),
        only: only.as_deref(),
        limit: slice::MOST,
        ..Wanted::default()
    };
    let parts: Vec<rows::Product> = rows::page(tx, &wanted)?
        .into_iter()
        .filter(|one| one.parent == Some(product))
        .collect();
    let ids: Vec<Id> = parts.iter().map(|one| one.id).collect();
    let now = standing::of_all(tx, &ids)?;
    view.parts = parts
        .into_iter()
        .map(|one| {
            let now = now.get(&one.id).copied().unwrap_or_default();
            Part {
                name: one.name,
                risk: now.risk as f64 / 10.0,
                open: now.total,
            }
        })
        .collect();
    view.parts.sort_by(|one, other| {
        other
            .risk
            .total_cmp(&one.risk)
            .then_with(|| one.name.cmp(&other.name))
    });
    view.parts.truncate(PARTS);
    Ok(())
}

/// The exceptions that cover something in a product, and how many findings each.
fn excepted(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    name: &str,
    now: i64,
) -> Result<Vec<(String, i64)>, Problem> {
    let query = parse(&FINDINGS, &format!("{} is:excepted", term("product", name)))?;
    let visible = visible(allowed.only(tx, "product.read")?);
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    for row in query::findings(tx, &query, &visible, now, None, EXCEPTED)?.rows {
        if let Some(id) = row.finding.exception {
            *all.entry(id).or_default() += 1;
        }
    }
    Ok(all.into_iter().collect())
}

/// Does something about the product of the address, and shows its page again with what was typed where that fails.
async fn act<P: crate::people::Permission>(
    portal: Portal,
    name: String,
    posted: Posted<P>,
    form: &str,
    place: &str,
    run: impl AsyncFnOnce(Portal, Allowed<P>, String, &Fields) -> Result<String, Problem>,
) -> Result<Response, Problem> {
    let Posted {
        allowed,
        around,
        fields,
    } = posted;
    let reader = Allowed::of(allowed.0.clone())?;
    match run(portal.clone(), allowed, name.clone(), &fields).await {
        Ok(text) => {
            let path = format!("{}{place}", product_path(&name));
            Ok(done(&portal, &path, say(text)))
        }
        Err(problem) => {
            let (status, typed) = fields.wrong(problem)?;
            let typed = (form.to_owned(), typed);
            show(&portal, reader, &around, name, DAYS[0], status, typed).await
        }
    }
}

async fn deploy(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    act(
        portal,
        name,
        posted,
        "deploy",
        "#deployments",
        async |portal, allowed, name, fields| {
            let form = deployments::Form {
                environment: fields.text("environment").to_owned(),
                version: fields.some("version"),
                branch: fields.some("branch"),
                since: None,
                beside: fields.text("beside") == "yes",
                note: fields.text("note").to_owned(),
            };
            let told = match &form.version {
                Some(version) => format!("{version} runs in {}.", form.environment),
                None => format!(
                    "Something that nobody knows runs in {}: it is told as a gap.",
                    form.environment
                ),
            };
            deployments::deploy(State(portal), allowed, Path(name), Json(form)).await?;
            Ok(told)
        },
    )
    .await
}

async fn end(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    act(
        portal,
        name,
        posted,
        "end",
        "#deployments",
        async |portal, allowed, name, fields| {
            let id = fields.text("id").to_owned();
            deployments::end(State(portal), allowed, Path((name, id))).await?;
            Ok("It has ended.".into())
        },
    )
    .await
}

async fn branch(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    act(
        portal,
        name,
        posted,
        "branch",
        "#versions",
        async |portal, allowed, name, fields| {
            let branch = fields.text("branch").to_owned();
            let rule = tree::Rule {
                latest: fields.text("latest").to_owned(),
                version: fields.some("version"),
            };
            let told = format!("The rule of {branch} is set.");
            tree::set_branch(State(portal), allowed, Path((name, branch)), Json(rule)).await?;
            Ok(told)
        },
    )
    .await
}

async fn keep(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    act(
        portal,
        name,
        posted,
        "repository",
        "#repository",
        async |portal, allowed, name, fields| {
            let form = repository::Form {
                url: fields.text("url").to_owned(),
                reference: fields.text("reference").to_owned(),
                branch: fields.some("into"),
                token: fields.some("token"),
            };
            repository::set(State(portal), allowed, Path(name), Json(form)).await?;
            Ok("It is set. Scan it now, or wait for the next time.".into())
        },
    )
    .await
}

async fn scan(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<InventoryPush>,
) -> Result<Response, Problem> {
    act(
        portal,
        name,
        posted,
        "scan",
        "#repository",
        async |portal, allowed, name, _| {
            repository::scan(State(portal), allowed, Path(name)).await?;
            Ok("The repository is being scanned in the background.".into())
        },
    )
    .await
}
