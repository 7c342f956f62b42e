//! Accounts, roles, the policy's people, and the log.

use serde_json::{Value, json};
use stanchion_server::people::admin;
use stanchion_store::people as store;

use super::{House, PASSWORD, document};

#[test]
fn a_change_names_the_state_that_it_is_made_to() {
    let house = House::new();
    let admin = house.admin();
    let ann = house.person("ann", &["viewer"]);
    let path = format!("/api/v1/accounts/{ann}");
    let shown = house.get(&path, &[&admin]);
    let tag = shown.header("etag").unwrap().to_owned();
    let body = json!({"display": "Ann Archer", "disabled": false});
    let change = |lines: &[&str]| house.api("PUT", &path, lines, &body).status;
    assert_eq!(change(&[&admin]), 428);
    assert_eq!(change(&[&admin, "if-match: \"r99\""]), 412);
    let line = format!("if-match: {tag}");
    assert_eq!(change(&[&admin, &line]), 204);
    assert_eq!(change(&[&admin, &line]), 412, "somebody else was faster");
    assert_eq!(
        document(&house.get(&path, &[&admin]))["display"],
        "Ann Archer"
    );
    let shown = house.get(&path, &[&admin]).text();
    assert!(!shown.contains("argon2"), "{shown}");
}

#[test]
fn roles_and_closing_end_sessions_at_once() {
    let house = House::new();
    let admin = house.admin();
    let ann = house.person("ann", &["viewer"]);
    let me = |cookie: &str| house.get("/api/v1/me", &[cookie]).status;
    let cookie = house.session(ann);
    assert_eq!(me(&cookie), 200);
    let roles = format!("/api/v1/accounts/{ann}/roles");
    let body = json!({"role": "approver"});
    assert_eq!(house.api("POST", &roles, &[&admin], &body).status, 204);
    assert_eq!(me(&cookie), 401);
    let cookie = house.session(ann);
    assert_eq!(me(&cookie), 200);
    let path = format!("{roles}?role=approver");
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        404
    );
    assert_eq!(me(&cookie), 401);
    let cookie = house.session(ann);
    let path = format!("/api/v1/accounts/{ann}");
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(me(&cookie), 401);
    assert_eq!(house.sign_in("ann", PASSWORD).status, 401);
}

#[test]
fn somebody_can_always_administer() {
    let house = House::new();
    let admin = house.admin();
    let root = house.write(|tx| store::by_name(tx, "root")).unwrap().id;
    let roles = format!("/api/v1/accounts/{root}/roles?role=admin");
    assert_eq!(
        house.api("DELETE", &roles, &[&admin], &Value::Null).status,
        409
    );
    let path = format!("/api/v1/accounts/{root}");
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        409
    );
    house.person("ann", &["admin"]);
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
}

#[test]
fn accounts_come_in_pages() {
    let house = House::new();
    let admin = house.admin();
    for name in ["ann", "bob", "carl"] {
        let body = json!({"name": name, "kind": "person"});
        assert_eq!(
            house
                .api("POST", "/api/v1/accounts", &[&admin], &body)
                .status,
            201
        );
        assert_eq!(
            house
                .api("POST", "/api/v1/accounts", &[&admin], &body)
                .status,
            409
        );
    }
    let mut names = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/accounts?limit=2&after={after}");
        let page = document(&house.get(&path, &[&admin]));
        for account in page["accounts"].as_array().unwrap() {
            names.push(account["name"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["ann", "bob", "carl", "root"]);
}

#[test]
fn people_stand_behind_roles_of_the_policy() {
    let house = House::new();
    let admin = house.admin();
    let ann = house.person("ann", &["viewer"]);
    let path = format!("/api/v1/policy-members/role:ciso/{ann}");
    assert_eq!(house.api("PUT", &path, &[&admin], &Value::Null).status, 204);
    let list = document(&house.get("/api/v1/policy-members", &[&admin]));
    assert_eq!(
        (&list[0]["role"], &list[0]["name"]),
        (&json!("role:ciso"), &json!("ann"))
    );
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        204
    );
    assert_eq!(
        house.api("DELETE", &path, &[&admin], &Value::Null).status,
        404
    );
    let bad = format!("/api/v1/policy-members/role:a%20b/{ann}");
    assert_eq!(house.api("PUT", &bad, &[&admin], &Value::Null).status, 422);
}

#[test]
fn every_change_is_in_the_log_and_no_secret_is() {
    let house = House::new();
    let admin = house.admin();
    let body = json!({"name": "bob", "role": {"role": "viewer"}});
    let made = document(&house.api("POST", "/api/v1/invitations", &[&admin], &body));
    let code = made["link"]
        .as_str()
        .unwrap()
        .split_once('#')
        .unwrap()
        .1
        .to_owned();
    let body = json!({"code": code, "password": PASSWORD});
    house.api("POST", "/api/v1/invitations/redeem", &[], &body);
    let answer = house.get("/api/v1/audit?limit=2", &[&admin]);
    let page = document(&answer);
    assert_eq!(page["rows"][0]["action"], "invitation.redeem");
    assert_eq!(page["rows"][1]["action"], "invitation.create");
    assert!(page["rows"][0]["request"].as_str().unwrap().len() >= 32);
    let next = page["next"].as_i64().unwrap();
    let rest = document(&house.get(&format!("/api/v1/audit?before={next}"), &[&admin]));
    assert_eq!(rest["rows"][0]["action"], "account.create");
    assert!(rest["next"].is_null());
    let all = house.get("/api/v1/audit?limit=500", &[&admin]).text();
    assert!(!all.contains(&code) && !all.contains(PASSWORD) && !all.contains("argon2"));
    let verified = document(&house.get("/api/v1/audit/verify", &[&admin]));
    assert_eq!(
        (&verified["whole"], &verified["rows"]),
        (&json!(true), &json!(3))
    );
}

#[test]
fn whoever_runs_the_server_lets_people_in_again() {
    let house = House::new();
    admin::create(&house.store, "root", PASSWORD, false, house.now()).unwrap();
    let again = admin::create(&house.store, "root", PASSWORD, false, house.now());
    assert!(again.unwrap_err().to_string().contains("already"));
    let weak = admin::create(&house.store, "other", "password", false, house.now());
    assert!(weak.unwrap_err().to_string().contains("12 characters"));
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    house.write(|tx| {
        let mut account = store::by_id(tx, ann)?.unwrap();
        account.disabled = true;
        store::update(tx, &account)?;
        store::lock(tx, ann, i64::MAX)
    });
    admin::reset(&house.store, "ann", "another otter over there", house.now()).unwrap();
    house.pass(5);
    assert_eq!(house.get("/api/v1/me", &[&cookie]).status, 401);
    assert_eq!(house.sign_in("ann", "another otter over there").status, 204);
    assert!(admin::reset(&house.store, "nobody", PASSWORD, house.now()).is_err());
}
