//! Who gets in: the list, invitations, services.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use stanchion_ui::admin::people::{Gives, Held, Pending, People, Person, person_path};
use stanchion_ui::admin::{Once, Sent};
use stanchion_ui::frame::{Around, Place};
use stanchion_ui::parts::encoded;

use crate::http::{Json, Path, Problem, Query};
use crate::people::permission::{ALL, PeopleRead, PeopleWrite, Reach, Role};
use crate::people::{Allowed, Call, accounts, bindings, invitations};
use crate::portal::Portal;
use crate::slice;

use super::super::around::{Fields, Posted, Viewer, done, page, say};
use super::super::sheet;
use super::super::shown;
use super::{MOST_LISTED, again, at, product_names};

/// Rows of a page.
const ROWS: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/people", get(show).post(invite))
        .route("/admin/people.csv", get(csv_file))
        .route("/admin/people.json", get(json_file))
        .route("/admin/services", post(service))
        .route("/admin/invitations/withdraw", post(withdraw))
}

#[derive(Deserialize)]
struct Address {
    after: Option<String>,
}

async fn show(
    State(portal): State<Portal>,
    call: Call,
    viewer: Viewer<PeopleRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    view(
        &portal,
        call,
        viewer.allowed,
        &viewer.around,
        address.after,
        StatusCode::OK,
        Sent::default(),
    )
    .await
}

/// An account of the API as the page shows it.
pub(super) fn person(view: accounts::View, roles: Vec<Held>) -> Person {
    Person {
        service: view.kind == "service",
        id: view.id,
        name: view.name,
        display: view.display,
        disabled: view.disabled,
        break_glass: view.break_glass,
        password: view.password,
        second_factor: view.second_factor,
        issuer: view.issuer,
        locked_until: view.locked_until.as_deref().map(at),
        created: at(&view.created),
        seen: view.seen.as_deref().map(at),
        roles,
    }
}

/// A role of the API as the page shows it.
pub(super) fn held((given, place): (bindings::Given, String)) -> Held {
    Held {
        from_groups: given.source == "oidc",
        role: given.role,
        kind: given.scope_kind,
        scope: given.scope,
        place,
    }
}

/// The words of the roles.
pub(super) fn role_words() -> Vec<&'static str> {
    Role::ALL.into_iter().map(Role::as_str).collect()
}

async fn view(
    portal: &Portal,
    call: Call,
    allowed: Allowed<PeopleRead>,
    around: &Around,
    after: Option<String>,
    status: StatusCode,
    sent: Sent,
) -> Result<Response, Problem> {
    let later = after.is_some();
    let wanted = accounts::Wanted {
        after,
        limit: Some(ROWS),
    };
    let now = call.now;
    let Json(listed) =
        accounts::list(State(portal.clone()), call, allowed.clone(), Query(wanted)).await?;
    let ids = listed
        .accounts
        .iter()
        .map(|account| account.id.clone())
        .collect();
    let roles = bindings::of_accounts(portal, &allowed, ids).await?;
    let Json(invited) = invitations::list(State(portal.clone()), allowed).await?;
    let pending = pending(portal, invited, now).await?;
    let page_view = People {
        people: listed
            .accounts
            .into_iter()
            .zip(roles)
            .map(|(account, roles)| person(account, roles.into_iter().map(held).collect()))
            .collect(),
        later,
        next: listed
            .next
            .map(|next| format!("/admin/people?after={}", encoded(&next))),
        pending,
        roles: role_words(),
        permissions: ALL
            .iter()
            .filter(|permission| permission.reach != Reach::Own)
            .map(|permission| Gives {
                about: permission.about,
                name: permission.name,
                given: Role::ALL
                    .iter()
                    .map(|role| role.has(permission.name))
                    .collect(),
            })
            .collect(),
        products: if around.may("people.write") {
            product_names(portal).await?
        } else {
            Vec::new()
        },
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

/// Every account with its roles, for whoever looks who has access.
async fn everybody(
    portal: &Portal,
    call: &Call,
    allowed: &Allowed<PeopleRead>,
) -> Result<Vec<Entry>, Problem> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let wanted = accounts::Wanted {
            after: after.take(),
            limit: Some(slice::MOST),
        };
        let state = State(portal.clone());
        let Json(listed) =
            accounts::list(state, call.clone(), allowed.clone(), Query(wanted)).await?;
        let ids = listed.accounts.iter().map(|one| one.id.clone()).collect();
        let roles = bindings::of_accounts(portal, allowed, ids).await?;
        for (account, roles) in listed.accounts.into_iter().zip(roles) {
            let roles = roles.into_iter().map(|one| held(one).text()).collect();
            all.push(Entry { account, roles });
        }
        match listed.next {
            Some(next) if all.len() < MOST_LISTED => after = Some(next),
            _ => return Ok(all),
        }
    }
}

/// An account in a file.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    account: accounts::View,
    roles: Vec<String>,
}

async fn csv_file(
    State(portal): State<Portal>,
    call: Call,
    viewer: Viewer<PeopleRead>,
) -> Result<Response, Problem> {
    let heads = [
        "name",
        "display",
        "kind",
        "roles",
        "disabled",
        "password",
        "second_factor",
        "issuer",
        "created",
        "last_signed_in",
    ];
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let rows = everybody(&portal, &call, &viewer.allowed)
        .await?
        .into_iter()
        .map(|Entry { account, roles }| {
            vec![
                account.name,
                account.display,
                account.kind,
                roles.join("; "),
                yes(account.disabled),
                yes(account.password),
                yes(account.second_factor),
                account.issuer.unwrap_or_default(),
                account.created,
                account.seen.unwrap_or_default(),
            ]
        });
    sheet::table("people", &heads, rows)
}

async fn json_file(
    State(portal): State<Portal>,
    call: Call,
    viewer: Viewer<PeopleRead>,
) -> Result<Response, Problem> {
    let all = everybody(&portal, &call, &viewer.allowed).await?;
    sheet::json("people", &all)
}

async fn pending(
    portal: &Portal,
    invited: Vec<invitations::View>,
    now: i64,
) -> Result<Vec<Pending>, Problem> {
    portal
        .read(move |tx| {
            let open = invited
                .iter()
                .filter(|one| one.redeemed.is_none() && at(&one.expires) > now);
            let mut all = Vec::new();
            for one in open {
                let held = Held {
                    role: one.role.role.clone(),
                    kind: one.role.scope_kind.clone(),
                    scope: one.role.scope.clone(),
                    place: bindings::place(tx, &one.role.scope_kind, &one.role.scope)?,
                    from_groups: false,
                };
                all.push(Pending {
                    id: one.id.clone(),
                    name: one.name.clone(),
                    role: held.text(),
                    by: one.invited_by.clone(),
                    expires: at(&one.expires),
                });
            }
            Ok(all)
        })
        .await
}

/// The role that a form names.
pub(super) async fn role_of(portal: &Portal, fields: &Fields) -> Result<bindings::Held, Problem> {
    bindings::named(
        portal,
        fields.text("role"),
        fields.text("scope_kind"),
        fields.text("scope"),
    )
    .await
}

/// What somebody may see who may change it.
pub(super) fn reader(allowed: &Allowed<PeopleWrite>) -> Result<Allowed<PeopleRead>, Problem> {
    Allowed::of(allowed.0.clone())
}

async fn invite(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let (around, fields) = (&posted.around, &posted.fields);
    let result = match role_of(&portal, fields).await {
        Ok(role) => {
            let create = invitations::Create {
                name: fields.text("name").to_owned(),
                display: fields.some("display"),
                role,
            };
            invitations::invite(&portal, call.clone(), &posted.allowed, create).await
        }
        Err(problem) => Err(problem),
    };
    match result {
        Ok(made) => {
            let title = format!("Send this link to {}", made.view.display);
            let text = Once {
                title: &title,
                about: "It holds for seven days and is taken once. Whoever has it comes in under the name below.",
                label: "Link",
                secret: &made.link,
                blocks: vec![("Comes in as", made.view.name.clone())],
                on: ("/admin/people", "Back to people"),
            }
            .page(around, Place::Admin);
            Ok(shown(StatusCode::OK, text))
        }
        Err(problem) => {
            let (status, sent) = again(fields, "invite", problem, &[])?;
            let reader = reader(&posted.allowed)?;
            view(&portal, call, reader, around, None, status, sent).await
        }
    }
}

async fn service(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let fields = &posted.fields;
    let create = accounts::Create {
        name: fields.text("service_name").to_owned(),
        display: fields.some("service_display"),
        kind: "service".into(),
    };
    let made = accounts::create(
        State(portal.clone()),
        call.clone(),
        posted.allowed.clone(),
        Json(create),
    )
    .await;
    match made {
        Ok(_) => {
            let name = fields.text("service_name").to_lowercase();
            Ok(done(
                &portal,
                &person_path(&name),
                say("The service is there. Give it a role, then make a token for it."),
            ))
        }
        Err(problem) => {
            let names = [("name", "service_name"), ("display", "service_display")];
            let (status, sent) = again(fields, "service", problem, &names)?;
            let reader = reader(&posted.allowed)?;
            view(&portal, call, reader, &posted.around, None, status, sent).await
        }
    }
}

async fn withdraw(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = posted.fields.text("id").to_owned();
    let said =
        match invitations::withdraw(State(portal.clone()), call, posted.allowed, Path(id)).await {
            Ok(_) => "The invitation holds no more.",
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
                "It was taken, or taken back already."
            }
            Err(problem) => return Err(problem),
        };
    Ok(done(&portal, "/admin/people", say(said)))
}
