//! What people say about findings: policy, exceptions, decisions, VEX.

use serde_json::{Value, json};

use super::super::people::OWN;
use super::{Desk, desks, json as body};

const POLICY: &str = r#"schema = "vmpolicy/1"

[policy]
id = "acme"
version = "1"
organisation = "Acme"

[roles]
accountable = "role:ciso"

[roles.members]
"role:ciso" = ["ciso@acme.example"]

[exceptions]
approver = "role:ciso"
not_self_approved = true
"#;

fn state(desk: &Desk, finding: &str) -> String {
    let view = desk.get(&format!("/api/v1/findings/{finding}"));
    view["state"].as_str().unwrap().to_owned()
}

fn finding(desk: &Desk) -> String {
    desk.push("shop", "1", &[("lodash", "4.17.15")]);
    desk.only("product:shop")["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_decision_closes_a_finding_until_it_is_withdrawn() {
    for desk in desks() {
        let finding = finding(&desk);
        let form = json!({"vulnerabilities": ["CVE-2026-0001"], "product": "shop", "purls": ["pkg:npm/lodash"], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path", "reason": "template() is never called"});
        let made = body(&desk.post("/api/v1/decisions", &form), 201);
        desk.work();
        // Without a policy everything is judged by the defaults, and decisions count there too.
        assert_eq!(state(&desk, &finding), "not_affected", "{}", desk.name);
        assert_eq!(
            desk.send("GET", "/api/v1/policy/bundle?product=shop", &[], b"")
                .status,
            204
        );
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[], POLICY.as_bytes())
                .status,
            200
        );
        desk.work();
        assert_eq!(state(&desk, &finding), "not_affected", "{}", desk.name);
        assert_eq!(
            desk.get("/api/v1/findings/count?q=product:shop")["count"],
            0
        );
        let path = format!("/api/v1/decisions/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.delete(&path), 204);
        assert_eq!(desk.delete(&path), 404);
        desk.work();
        assert_eq!(state(&desk, &finding), "open", "{}", desk.name);
        for (field, value) in [
            ("status", json!("maybe")),
            ("justification", json!("because")),
            ("vulnerabilities", json!([])),
            ("product", json!("nothing")),
        ] {
            let mut wrong = form.clone();
            wrong[field] = value;
            let answer = desk.post("/api/v1/decisions", &wrong);
            assert!(
                matches!(answer.status, 404 | 422),
                "{field}: {}",
                answer.text()
            );
        }
    }
}

#[test]
fn an_exception_is_asked_for_allowed_by_another_and_ends() {
    for mut desk in desks() {
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[], POLICY.as_bytes())
                .status,
            200
        );
        let finding = finding(&desk);
        let ask = |who: &str, method: &str, path: &str, form: &Value| {
            desk.house.api(method, path, &[who], form)
        };
        let [dev, other, ciso] = [
            ("dev@acme.example", "maintainer"),
            ("other@acme.example", "approver"),
            ("ciso@acme.example", "approver"),
        ]
        .map(|(name, role)| desk.house.session(desk.house.person(name, &[role])));
        let form = json!({"scope": {"ids": ["CVE-2026-0001"], "product": "shop"}, "reason": "behind a proxy", "expires": "2027-01-31"});
        let path = "/api/v1/exceptions";
        let asked = body(&ask(&dev, "POST", path, &form), 201);
        assert_eq!(
            (&asked["state"], &asked["id"]),
            (&json!("requested"), &json!("EX-2027-001"))
        );
        desk.work();
        assert_eq!(
            state(&desk, &finding),
            "open",
            "{}: asked is not allowed",
            desk.name
        );
        let decision = format!("{path}/EX-2027-001/decision");
        let yes = json!({"approve": true});
        assert_eq!(ask(&dev, "POST", &decision, &yes).status, 403);
        let wrong = ask(&other, "POST", &decision, &yes);
        assert_eq!(wrong.status, 403, "{}", wrong.text());
        assert!(
            wrong.problem()["detail"]
                .as_str()
                .unwrap()
                .contains("policy"),
            "{}",
            wrong.text()
        );
        let allowed = body(&ask(&ciso, "POST", &decision, &yes), 200);
        assert_eq!(allowed["state"], "approved");
        assert_eq!(ask(&ciso, "POST", &decision, &yes).status, 409);
        desk.work();
        assert_eq!(state(&desk, &finding), "excepted", "{}", desk.name);

        // Nobody allows their own.
        let own = body(&ask(&ciso, "POST", path, &form), 201);
        let own = format!("{path}/{}/decision", own["id"].as_str().unwrap());
        assert_eq!(ask(&ciso, "POST", &own, &yes).status, 403);

        // Its last day passes; the clock looks.
        desk.house.pass(17 * 86_400);
        desk.root = desk.house.admin();
        desk.house.write(|tx| {
            stanchion_store::jobs::add(
                tx,
                &stanchion_store::jobs::NewJob {
                    kind: "clock",
                    key: "",
                    payload: "{}",
                    priority: 5,
                    not_before: 0,
                    most: 3,
                },
                0,
            )
            .map(drop)
        });
        desk.work();
        assert_eq!(state(&desk, &finding), "open", "{}: it is over", desk.name);
    }
}

#[test]
fn while_there_is_no_policy_exceptions_count_as_well() {
    for desk in desks() {
        let finding = finding(&desk);
        let [dev, ciso] = [
            ("dev@acme.example", "maintainer"),
            ("ciso@acme.example", "approver"),
        ]
        .map(|(name, role)| {
            let id = desk.house.person(name, &[role]);
            desk.house.session(id)
        });
        let form = json!({"scope": {"ids": ["CVE-2026-0001"], "product": "shop"}, "reason": "behind a proxy", "expires": "2027-01-31"});
        let asked = desk.house.api("POST", "/api/v1/exceptions", &[&dev], &form);
        let asked = body(&asked, 201);
        let path = format!(
            "/api/v1/exceptions/{}/decision",
            asked["id"].as_str().unwrap()
        );
        let answer = desk
            .house
            .api("POST", &path, &[&ciso], &json!({"approve": true}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        desk.work();
        assert_eq!(state(&desk, &finding), "excepted", "{}", desk.name);
    }
}

#[test]
fn an_exception_ends_early_by_whoever_asked_or_decides() {
    for desk in desks() {
        let finding = finding(&desk);
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[], POLICY.as_bytes())
                .status,
            200
        );
        let [dev, late, ciso] = [
            ("dev@acme.example", "maintainer"),
            ("late@acme.example", "maintainer"),
            ("ciso@acme.example", "approver"),
        ]
        .map(|(name, role)| desk.house.session(desk.house.person(name, &[role])));
        let form = json!({"id": "EX-A", "scope": {"ids": ["CVE-2026-0001"], "product": "shop"}, "reason": "x y z", "expires": "2027-01-31"});
        let path = "/api/v1/exceptions";
        assert_eq!(desk.house.api("POST", path, &[&dev], &form).status, 201);
        assert_eq!(desk.house.api("POST", path, &[&dev], &form).status, 409);
        let decision = format!("{path}/EX-A/decision");
        assert_eq!(
            desk.house
                .api("POST", &decision, &[&ciso], &json!({"approve": false}))
                .status,
            422
        );
        let stale = desk.house.api(
            "POST",
            &decision,
            &[&ciso, "if-match: \"r7\""],
            &json!({"approve": true}),
        );
        assert_eq!(stale.status, 412);
        assert_eq!(
            desk.house
                .api("POST", &decision, &[&ciso], &json!({"approve": true}))
                .status,
            200
        );
        desk.work();
        assert_eq!(state(&desk, &finding), "excepted", "{}", desk.name);
        let end = format!("{path}/EX-A/revocation");
        assert_eq!(
            desk.house
                .api("POST", &end, &[&late], &json!({"note": "n"}))
                .status,
            403
        );
        assert_eq!(
            desk.house
                .api("POST", &end, &[&dev], &json!({"note": "fixed soon"}))
                .status,
            200
        );
        assert_eq!(
            desk.house
                .api("POST", &end, &[&dev], &json!({"note": "again"}))
                .status,
            409
        );
        desk.work();
        assert_eq!(state(&desk, &finding), "open", "{}", desk.name);
        for (field, value) in [
            ("expires", json!("2020-01-01")),
            ("expires", json!("soon")),
            ("scope", json!({})),
            ("justification", json!("x")),
            ("reason", json!(7)),
        ] {
            let mut wrong = form.clone();
            wrong["id"] = json!("EX-B");
            wrong[field] = value;
            // What covers everything belongs to the whole organisation.
            let answer = desk.post(path, &wrong);
            assert_eq!(answer.status, 422, "{field}: {}", answer.text());
        }
    }
}

#[test]
fn a_policy_is_read_whole_and_names_itself_in_every_verdict() {
    for desk in desks() {
        let get = |path: &str, lines: &[&str]| desk.ask("GET", path, lines, &Value::Null);
        assert_eq!(get("/api/v1/policy/bundle", &[]).status, 204);
        assert_eq!(get("/api/v1/policy", &[]).status, 404);
        let wrong = POLICY
            .replace("approver = ", "aprover = ")
            .replace("version = \"1\"", "version = 1");
        for (method, path) in [("PUT", "/api/v1/policy"), ("POST", "/api/v1/policy/check")] {
            let answer = desk.send(method, path, &[], wrong.as_bytes());
            assert_eq!(answer.status, 422, "{}", answer.text());
            let problem = answer.problem();
            let lines: Vec<u64> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|error| error["line"].as_u64())
                .collect();
            assert!(lines.contains(&5) && lines.contains(&15), "{problem}");
        }
        assert_eq!(desk.send("PUT", "/api/v1/policy", &[], b"\xff").status, 422);
        assert_eq!(
            desk.send("POST", "/api/v1/policy/check", &[], POLICY.as_bytes())
                .status,
            200
        );
        let set = body(
            &desk.send("PUT", "/api/v1/policy", &[], POLICY.as_bytes()),
            200,
        );
        assert_eq!(set["known"], false);
        let later = POLICY.replace("version = \"1\"", "version = \"2\"");
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[], later.as_bytes())
                .status,
            428
        );
        assert_eq!(
            desk.send(
                "PUT",
                "/api/v1/policy",
                &["if-match: \"x\""],
                later.as_bytes()
            )
            .status,
            412
        );
        let digest = set["digest"].as_str().unwrap();
        let has = format!("if-match: \"{digest}\"");
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[&has], later.as_bytes())
                .status,
            200
        );
        let all = desk.get("/api/v1/policy/versions");
        assert_eq!(all.as_array().unwrap().len(), 2, "{}", desk.name);

        let (pushed, _) = desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let verdict = body(&pushed, 200);
        let bundle = get("/api/v1/policy/bundle?product=shop", &[]);
        assert_eq!(bundle.status, 200);
        let tag = bundle.header("etag").unwrap().to_owned();
        assert!(
            tag.len() > 40 && verdict.to_string().contains(tag.trim_matches('"')),
            "{}: {tag}",
            desk.name
        );
        assert_eq!(
            get(
                "/api/v1/policy/bundle?product=shop",
                &[&format!("if-none-match: {tag}")]
            )
            .status,
            304
        );
        assert!(bundle.text().contains("stanchion.bundle/1"));
    }
}

#[test]
fn whoever_sees_one_product_sees_nothing_of_another() {
    for desk in desks() {
        for name in ["shop", "till"] {
            assert_eq!(
                desk.post("/api/v1/products", &json!({"name": name})).status,
                201
            );
            let form = json!({"id": format!("EX-{name}"), "scope": {"ids": ["CVE-2026-0001"], "product": name}, "reason": "for now", "expires": "2027-01-31"});
            assert_eq!(desk.post("/api/v1/exceptions", &form).status, 201);
        }
        assert_eq!(
            desk.send("PUT", "/api/v1/policy", &[], POLICY.as_bytes())
                .status,
            200
        );
        let id = desk.house.person("ann", &[]);
        let shop = desk.get("/api/v1/products/shop")["id"]
            .as_str()
            .unwrap()
            .to_owned();
        desk.house.write(|tx| {
            stanchion_store::people::bind(
                tx,
                id,
                &stanchion_store::people::Binding {
                    role: "maintainer".into(),
                    scope_kind: "product".into(),
                    scope: shop.clone(),
                    source: "local".into(),
                },
            )
        });
        desk.house.portal.people.changed();
        let ann = desk.house.session(id);
        let get = |path: &str| desk.house.get(path, &[OWN, &ann]);
        let ids: Vec<Value> = body(&get("/api/v1/exceptions"), 200)["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].clone())
            .collect();
        assert_eq!(ids, ["EX-shop"], "{}", desk.name);
        assert_eq!(get("/api/v1/exceptions/EX-till").status, 404);
        assert_eq!(get("/api/v1/products/till").status, 404);
        assert_eq!(get("/api/v1/policy/bundle?product=till").status, 404);
        assert_eq!(get("/api/v1/policy/bundle").status, 403);
        assert_eq!(get("/api/v1/policy/bundle?product=shop").status, 200);
        let form = json!({"vulnerabilities": ["CVE-2026-0001"], "purls": ["pkg:npm/lodash"], "product": "till", "status": "under_investigation"});
        assert_eq!(
            desk.house
                .api("POST", "/api/v1/decisions", &[&ann], &form)
                .status,
            404
        );
        assert_eq!(
            desk.house
                .api("POST", "/api/v1/products", &[&ann], &json!({"name": "new"}))
                .status,
            403
        );
    }
}

#[test]
fn vex_documents_come_and_go() {
    for desk in desks() {
        let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/1", "author": "Acme", "timestamp": "2027-01-01T00:00:00Z", "version": 1,
            "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "products": [{"@id": "pkg:npm/lodash@4.17.15"}], "status": "not_affected", "justification": "vulnerable_code_not_present"}]}).to_string();
        let send = |name: &str, bytes: &[u8]| {
            desk.send("POST", &format!("/api/v1/vex?name={name}"), &[], bytes)
        };
        let first = body(&send("acme.json", document.as_bytes()), 200);
        assert_eq!(
            (&first["statements"], &first["format"], &first["known"]),
            (&json!(1), &json!("openvex"), &json!(false))
        );
        assert_eq!(
            body(&send("acme.json", document.as_bytes()), 200)["known"],
            true
        );
        assert_eq!(send("..%2Fa.json", document.as_bytes()).status, 400);
        assert_eq!(send("b.json", b"{}").status, 422);
        assert_eq!(
            desk.get("/api/v1/vex").as_array().unwrap().len(),
            1,
            "{}",
            desk.name
        );
        assert_eq!(desk.get("/api/v1/vex/acme.json")["author"], "Acme");
        assert_eq!(desk.delete("/api/v1/vex/acme.json"), 204);
        assert_eq!(desk.delete("/api/v1/vex/acme.json"), 404);
    }
}

#[test]
fn an_advisory_of_ones_own_becomes_a_finding() {
    for desk in desks() {
        desk.push("shop", "1", &[("inhouse", "1.0.0")]);
        assert_eq!(desk.get("/api/v1/findings/count")["count"], 0);
        let advisory = json!({"id": "ACME-1", "modified": "2027-01-01T00:00:00Z", "summary": "Leaks tokens",
            "affected": [{"package": {"ecosystem": "npm", "name": "inhouse"}, "versions": ["1.0.0"]}]});
        let put = |id: &str, advisory: &Value| {
            desk.ask("PUT", &format!("/api/v1/advisories/{id}"), &[], advisory)
        };
        assert_eq!(put("ACME-1", &advisory).status, 200);
        assert_eq!(put("ACME-2", &advisory).status, 422);
        assert_eq!(put("ACME-3", &json!({"id": "ACME-3"})).status, 422);
        for odd in [json!([]), json!("x"), json!(null), json!(1)] {
            let answer = put("ACME-4", &odd);
            assert!(
                matches!(answer.status, 415 | 422),
                "{odd}: {}",
                answer.text()
            );
        }
        desk.work();
        assert_eq!(
            desk.only("product:shop")["vulnerability"],
            "ACME-1",
            "{}",
            desk.name
        );
        assert_eq!(desk.delete("/api/v1/advisories/ACME-1"), 204);
        desk.house.pass(1);
        desk.work();
        assert_eq!(
            desk.get("/api/v1/findings/count")["count"],
            0,
            "{}",
            desk.name
        );
    }
}
