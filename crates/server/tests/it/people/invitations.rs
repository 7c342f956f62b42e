//! Invitations.

use serde_json::{Value, json};
use stanchion_store::people as store;

use super::{House, OWN, PASSWORD, cookies, document};

fn invite(house: &House, admin: &str, name: &str) -> (Value, String) {
    let body = json!({"name": name, "role": {"role": "triager"}});
    let answer = house.api("POST", "/api/v1/invitations", &[admin], &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = document(&answer);
    let link = made["link"].as_str().unwrap();
    let (page, code) = link.split_once('#').unwrap();
    assert_eq!(page, "http://portal/join");
    (made.clone(), code.to_owned())
}

#[test]
fn an_invitation_is_taken_once() {
    let house = House::new();
    let admin = house.admin();
    let (_, code) = invite(&house, &admin, "bob@example.org");
    assert!(
        !house
            .get("/api/v1/invitations", &[&admin])
            .text()
            .contains(&code)
    );
    let take = |code: &str, password: &str| {
        let body = json!({"code": code, "password": password, "display": "Bob"});
        house.api("POST", "/api/v1/invitations/redeem", &[], &body)
    };
    assert_eq!(take("x", PASSWORD).status, 403);
    assert_eq!(take(&code, "weak").status, 422, "and it still holds");
    let answer = take(&code, PASSWORD);
    assert_eq!(answer.status, 204, "{answer:?}");
    let me = document(&house.get("/api/v1/me", &[&cookies(&answer)]));
    assert_eq!(me["name"], "bob@example.org");
    assert_eq!(me["display"], "Bob");
    assert_eq!(me["roles"][0]["role"], "triager");
    assert_eq!(take(&code, PASSWORD).status, 403, "twice");
    assert_eq!(house.sign_in("bob@example.org", PASSWORD).status, 204);
    let body = json!({"name": "bob@example.org", "role": {"role": "viewer"}});
    assert_eq!(
        house
            .api("POST", "/api/v1/invitations", &[&admin], &body)
            .status,
        409
    );
}

#[test]
fn an_invitation_ends_by_time_and_by_hand() {
    let house = House::new();
    let admin = house.admin();
    let (made, code) = invite(&house, &admin, "bob");
    let path = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        404
    );
    let pairs = [("code", code.as_str()), ("password", PASSWORD)];
    assert_eq!(house.form("/join", &[OWN], &pairs).status, 403);
    let (_, code) = invite(&house, &admin, "carl");
    house.pass(7 * 86_400);
    let pairs = [("code", code.as_str()), ("password", PASSWORD)];
    assert_eq!(house.form("/join", &[OWN], &pairs).status, 403);
}

#[test]
fn the_page_takes_the_whole_link_as_well() {
    let house = House::new();
    let admin = house.admin();
    let (made, _) = invite(&house, &admin, "bob");
    let page = house.get("/join", &[]);
    assert!(page.text().contains("<script src=\"/assets/"));
    let pairs = [
        ("code", made["link"].as_str().unwrap()),
        ("password", PASSWORD),
        ("display", ""),
    ];
    let answer = house.form("/join", &[OWN], &pairs);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/")),
        "{answer:?}"
    );
}

#[test]
fn an_account_that_somebody_uses_is_not_taken_over() {
    let house = House::new();
    let admin = house.admin();
    let (_, code) = invite(&house, &admin, "bob");
    let (_, second) = invite(&house, &admin, "bob");
    let take = |code: &str| {
        let body = json!({"code": code, "password": PASSWORD});
        house
            .api("POST", "/api/v1/invitations/redeem", &[], &body)
            .status
    };
    assert_eq!(take(&code), 204);
    assert_eq!(take(&second), 409, "bob has a password now");
    let bob = house.write(|tx| store::by_name(tx, "bob")).unwrap();
    assert_eq!(bob.revision, 2);
}

#[test]
fn a_role_that_is_none_is_refused() {
    let house = House::new();
    let admin = house.admin();
    for role in [
        json!({"role": "king"}),
        json!({"role": "viewer", "scope_kind": "product", "scope": "x"}),
        json!({"role": "viewer", "scope_kind": "product", "scope": "00000000-0000-4000-8000-000000000000"}),
        json!({"role": "viewer", "scope_kind": "tag"}),
        json!({"role": "viewer", "scope": "x"}),
    ] {
        let body = json!({"name": "bob", "role": role});
        let answer = house.api("POST", "/api/v1/invitations", &[&admin], &body);
        assert_eq!(answer.status, 422, "{body}");
    }
}
