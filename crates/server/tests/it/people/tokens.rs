//! Access tokens.

use serde_json::{Value, json};
use stanchion_server::people::who::{Scope, Who};
use stanchion_server::people::{Kind, Role, TokenScope};
use stanchion_store::people as store;
use stanchion_store::products::{self, Product};
use stanchion_store::testing::stores;
use stanchion_store::{Id, StoreError};

use super::{House, document};

#[test]
fn a_token_is_shown_once_cut_down_and_ends() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    let make = |body: &Value| house.api("POST", "/api/v1/me/tokens", &[&cookie], body);
    for (body, field) in [
        (
            json!({"name": "ci", "permissions": ["people.write"]}),
            "permissions",
        ),
        (
            json!({"name": "ci", "permissions": ["nothing.such"]}),
            "permissions",
        ),
        (json!({"name": "ci", "permissions": []}), "permissions"),
        (json!({"name": "", "permissions": ["own"]}), "name"),
        (
            json!({"name": "ci", "permissions": ["own"], "days": 366}),
            "days",
        ),
        (
            json!({"name": "ci", "permissions": ["own"], "days": 0}),
            "days",
        ),
    ] {
        let answer = make(&body);
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.problem()["errors"][0]["field"], field);
    }
    let answer = make(&json!({"name": "ci", "permissions": ["own"], "days": 30}));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(answer.header("content-encoding").is_none());
    let made = document(&answer);
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("stn_") && token.len() == 47);
    let line = format!("authorization: Bearer {token}");
    assert_eq!(house.get("/api/v1/me", &[&line]).status, 200);
    assert!(
        !house
            .get("/api/v1/me/tokens", &[&cookie])
            .text()
            .contains(token)
    );
    let listed = document(&house.get("/api/v1/me/tokens", &[&cookie]));
    assert!(listed[0]["used"].is_string());
    // A token gives no tokens, and changes no password.
    let body = json!({"name": "more", "permissions": ["own"]});
    assert_eq!(
        house
            .api("POST", "/api/v1/me/tokens", &[&line], &body)
            .status,
        403
    );
    house.pass(30 * 86_400);
    assert_eq!(house.get("/api/v1/me", &[&line]).status, 401, "expired");
}

#[test]
fn a_revoked_token_is_dead_here_at_once_and_elsewhere_in_five_seconds() {
    let house = House::new();
    let other = house.beside();
    let ann = house.person("ann", &["viewer"]);
    let line = house.token(ann, "ci", &["own"]);
    let status = |house: &House| house.get("/api/v1/me", &[&line]).status;
    assert_eq!((status(&house), status(&other)), (200, 200));
    let id = Id::derive("token", &[b"ci"]);
    let path = format!("/api/v1/me/tokens/{id}");
    let cookie = house.session(ann);
    assert_eq!(
        house.api("DELETE", &path, &[&cookie], &Value::Null).status,
        204
    );
    assert_eq!(
        house.api("DELETE", &path, &[&cookie], &Value::Null).status,
        404
    );
    assert_eq!(status(&house), 401);
    house.pass(4);
    assert_eq!(status(&other), 200, "what it has read holds for a moment");
    house.pass(1);
    assert_eq!(status(&other), 401);
}

#[test]
fn what_looks_like_a_token_and_is_none_is_refused() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let good = house.token(ann, "ci", &["own"]);
    let cookie = house.session(ann);
    for bad in [
        "authorization: Bearer stn_x",
        "authorization: Bearer x",
        "authorization: Basic YTpi",
        "authorization: Bearer",
        &format!("authorization: Bearer stn_{}", "a".repeat(5_000)),
    ] {
        let answer = house.get("/api/v1/me", &[bad, &cookie]);
        assert_eq!(
            answer.status, 401,
            "a wrong token is not made good by a cookie"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(house.get("/api/v1/me", &[&good, &good]).status, 401);
    assert_eq!(
        house
            .get("/api/v1/me", &[&good.replace("Bearer", "bearer")])
            .status,
        200
    );
}

#[test]
fn a_token_falls_with_what_its_account_loses() {
    let house = House::new();
    let admin = house.admin();
    let ann = house.person("ann", &["auditor"]);
    let line = house.token(ann, "ci", &["audit.read"]);
    let status = || house.get("/api/v1/audit", &[&line]).status;
    assert_eq!(status(), 200);
    let path = format!("/api/v1/accounts/{ann}/roles?role=auditor");
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(status(), 403);
    let path = format!("/api/v1/accounts/{ann}");
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(status(), 401);
}

#[test]
fn a_service_has_tokens_and_no_password() {
    let house = House::new();
    let admin = house.admin();
    let body = json!({"name": "Build-Bot", "kind": "service"});
    let made = document(&house.api("POST", "/api/v1/accounts", &[&admin], &body));
    let id = made["id"].as_str().unwrap();
    let tokens = format!("/api/v1/accounts/{id}/tokens");
    let body = json!({"name": "ci", "permissions": ["inventory.push"]});
    assert_eq!(
        house.api("POST", &tokens, &[&admin], &body).status,
        422,
        "no role yet"
    );
    let role = json!({"role": "maintainer"});
    let roles = format!("/api/v1/accounts/{id}/roles");
    assert_eq!(house.api("POST", &roles, &[&admin], &role).status, 204);
    assert_eq!(house.api("POST", &tokens, &[&admin], &body).status, 201);
    assert_eq!(house.sign_in("build-bot", "").status, 401);
    let ann = house.person("ann", &["viewer"]);
    let tokens = format!("/api/v1/accounts/{ann}/tokens");
    let body = json!({"name": "ci", "permissions": ["product.read"]});
    assert_eq!(house.api("POST", &tokens, &[&admin], &body).status, 409);
}

fn product(name: &str, parent: Option<&str>, tags: &[&str]) -> Product {
    Product {
        id: products::id_of(name),
        name: name.to_owned(),
        kind: "own".to_owned(),
        description: String::new(),
        parent: parent.map(products::id_of),
        owner: None,
        tier: None,
        exposed: None,
        environment: None,
        lifecycle: "active".to_owned(),
        data_classes: Vec::new(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        vendor: None,
        bought: None,
        cpe: None,
        badge: false,
        keep_versions: None,
        keep_days: None,
        created: 0,
        changed: 0,
        revision: 1,
    }
}

fn who(bindings: Vec<(Role, Scope)>, token: Option<(&[&str], Option<&str>)>) -> Who {
    Who {
        account: Id::default(),
        name: "ann".to_owned(),
        display: "Ann".to_owned(),
        kind: Kind::Person,
        bindings,
        token: token.map(|(permissions, product)| TokenScope {
            id: Id::default(),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            product: product.map(products::id_of),
        }),
        session: None,
        break_glass: false,
    }
}

/// Lists and single answers agree about each product, whoever asks.
#[test]
fn roles_reach_down_and_by_tag_and_tokens_cut_them() {
    for fresh in stores() {
        fresh
            .store
            .write(|tx| -> Result<(), StoreError> {
                for product in [
                    product("shop", None, &[]),
                    product("web", Some("shop"), &["pci"]),
                    product("web-api", Some("web"), &[]),
                    product("bank", None, &["pci"]),
                ] {
                    products::create(tx, &product)?;
                }
                Ok(())
            })
            .unwrap();
        let read: &[&str] = &["product.read"];
        let on = |name: &str| Scope::Product(products::id_of(name));
        let tag = || Scope::Tag("pci".to_owned());
        let cases: Vec<(Who, &[&str])> = vec![
            (who(vec![], None), &[]),
            (
                who(vec![(Role::Viewer, on("web"))], None),
                &["web", "web-api"],
            ),
            (
                who(vec![(Role::Viewer, on("shop"))], None),
                &["shop", "web", "web-api"],
            ),
            (who(vec![(Role::Triager, tag())], None), &["bank", "web"]),
            (
                who(
                    vec![(Role::Viewer, tag()), (Role::Admin, on("web-api"))],
                    None,
                ),
                &["bank", "web", "web-api"],
            ),
            (
                who(vec![(Role::Admin, Scope::Organisation)], None),
                &["bank", "shop", "web", "web-api"],
            ),
            (
                who(vec![(Role::Admin, Scope::Organisation)], Some((&[], None))),
                &[],
            ),
            (
                who(
                    vec![(Role::Admin, Scope::Organisation)],
                    Some((read, Some("web"))),
                ),
                &["web", "web-api"],
            ),
            (
                who(vec![(Role::Viewer, tag())], Some((read, Some("shop")))),
                &["web"],
            ),
            (
                who(vec![(Role::Viewer, on("bank"))], Some((read, Some("shop")))),
                &[],
            ),
        ];
        for (who, expected) in cases {
            let (only, single) = fresh
                .store
                .read(|tx| -> Result<_, StoreError> {
                    let only = who.only(tx, "product.read")?;
                    let mut single = Vec::new();
                    for name in ["bank", "shop", "web", "web-api"] {
                        let product = products::by_name(tx, name)?.unwrap();
                        let above = products::above(tx, product.id)?;
                        if who.may_on("product.read", &above, &product.tags) {
                            single.push(name);
                        }
                    }
                    Ok((only, single))
                })
                .unwrap();
            assert_eq!(single, expected, "{}: {who:?}", fresh.name);
            match only {
                None => assert_eq!(expected.len(), 4),
                Some(ids) => {
                    let mut names: Vec<Id> =
                        expected.iter().map(|name| products::id_of(name)).collect();
                    names.sort_unstable();
                    assert_eq!(ids, names, "{}: {who:?}", fresh.name);
                }
            }
            assert!(!who.may_anywhere("nothing.such"));
        }
    }
}

#[test]
fn the_store_holds_no_secret_as_it_is() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let line = house.token(ann, "ci", &["own"]);
    assert_eq!(house.get("/api/v1/me", &[&line]).status, 200);
    let token = house
        .write(|tx| store::tokens(tx, ann))
        .into_iter()
        .next()
        .unwrap();
    assert_eq!(token.used, Some(house.now()));
    house.pass(30);
    house.get("/api/v1/me", &[&line]);
    let again = house
        .write(|tx| store::token_by_id(tx, ann, token.id))
        .unwrap();
    assert_eq!(again.used, token.used, "written at most once a minute");
    house.pass(31);
    house.get("/api/v1/me", &[&line]);
    let again = house
        .write(|tx| store::token_by_id(tx, ann, token.id))
        .unwrap();
    assert_eq!(again.used, Some(house.now()));
}
