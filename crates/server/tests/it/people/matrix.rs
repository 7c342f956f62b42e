//! Every operation of the OpenAPI document, asked by nobody, by each role, and with a token that lacks the permission:
//! refused exactly where its `x-permission` says so. What others add is asked as well, for the document is read.

use serde_json::{Value, json};
use stanchion_server::people::{Role, permission};
use stanchion_store::Id;

use super::{House, OWN};

/// An id that nothing has.
const UNUSED: &str = "00000000-0000-4000-8000-000000000000";

struct Operation {
    method: String,
    path: String,
    permission: String,
    body: Option<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, value) in item.as_object().unwrap() {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let permission = value["x-permission"]
                .as_str()
                .unwrap_or_else(|| panic!("{method} {path} does not say its permission"));
            let known = permission == "public" || permission::named(permission).is_some();
            assert!(known, "{method} {path}: {permission}");
            let body = value["requestBody"]["content"]
                .as_object()
                .map(|content| content.keys().next().unwrap().clone());
            all.push(Operation {
                method: method.to_uppercase(),
                path: filled(path),
                permission: permission.to_owned(),
                body,
            });
        }
    }
    all
}

fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(UNUSED);
        rest = after.split_once('}').unwrap().1;
    }
    out + rest
}

fn ask(house: &House, operation: &Operation, who: Option<&str>) -> u16 {
    let kind = operation
        .body
        .as_ref()
        .map(|kind| format!("content-type: {kind}"));
    let mut lines = vec![OWN];
    lines.extend(who);
    lines.extend(kind.as_deref());
    let body: &[u8] = match &operation.body {
        Some(kind) if kind.ends_with("json") => b"{}",
        Some(_) => b"x",
        None => b"",
    };
    house
        .server
        .ask(&operation.method, &operation.path, &lines, body)
        .status
}

#[test]
fn every_operation_asks_for_its_permission_and_no_other() {
    let house = House::new();
    let people: Vec<(Role, Id)> = Role::ALL
        .into_iter()
        .map(|role| (role, house.person(role.as_str(), &[role.as_str()])))
        .collect();
    let answer = house.get("/api/v1/openapi.json", &[]);
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    let operations = operations(&document);
    assert!(operations.len() >= 35, "{}", operations.len());
    let admin = people
        .iter()
        .find(|(role, _)| *role == Role::Admin)
        .unwrap()
        .1;
    let mut checks = 0;
    let mut wrong = Vec::new();
    let mut check = |operation: &Operation, who: &str, status: u16, expected: Option<u16>| {
        checks += 1;
        let right = match expected {
            Some(expected) => status == expected,
            None => !matches!(status, 401 | 403 | 429) && status < 500,
        };
        if !right {
            wrong.push(format!(
                "{} {} ({}) as {who}: {status}, not {expected:?}",
                operation.method, operation.path, operation.permission
            ));
        }
    };
    for (number, operation) in operations.iter().enumerate() {
        let public = operation.permission == "public";
        let status = ask(&house, operation, None);
        check(operation, "nobody", status, (!public).then_some(401));
        for (role, id) in &people {
            let lets = public || operation.permission == "own" || role.has(&operation.permission);
            // A session of its own for each, as some operations end it.
            let cookie = house.session(*id);
            let status = ask(&house, operation, Some(&cookie));
            check(operation, role.as_str(), status, (!lets).then_some(403));
        }
        if public {
            continue;
        }
        let others: Vec<&str> = permission::ALL
            .iter()
            .map(|permission| permission.name)
            .filter(|name| *name != operation.permission)
            .collect();
        let token = house.token(admin, &format!("without {number}"), &others);
        let status = ask(&house, operation, Some(&token));
        check(operation, "a token without it", status, Some(403));
        if operation.permission != "own" {
            let token = house.token(admin, &format!("with {number}"), &[&operation.permission]);
            let status = ask(&house, operation, Some(&token));
            check(operation, "a token with it", status, None);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{checks} checks of {} operations", operations.len());
    assert!(checks > operations.len() * 7);
}

#[test]
fn a_role_on_a_product_opens_nothing_of_the_organisation() {
    let house = House::new();
    let id = house.person("ann", &[]);
    house.write(|tx| {
        stanchion_store::people::bind(
            tx,
            id,
            &stanchion_store::people::Binding {
                role: "admin".to_owned(),
                scope_kind: "tag".to_owned(),
                scope: "web".to_owned(),
                source: "local".to_owned(),
            },
        )
    });
    let cookie = house.session(id);
    for path in ["/api/v1/accounts", "/api/v1/audit", "/api/v1/invitations"] {
        assert_eq!(house.get(path, &[&cookie]).status, 403, "{path}");
    }
    let body = json!({"role": "admin"});
    let path = format!("/api/v1/accounts/{id}/roles");
    assert_eq!(house.api("POST", &path, &[&cookie], &body).status, 403);
    assert_eq!(house.get("/api/v1/me", &[&cookie]).status, 200);
}
