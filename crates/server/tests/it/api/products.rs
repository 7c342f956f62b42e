//! The life of a product.

use serde_json::{Value, json};

use super::{desks, json as body};

#[test]
fn a_product_is_made_changed_and_taken_away() {
    for desk in desks() {
        let form = json!({"name": "shop", "tier": 1, "tags": ["web", "b", "web"]});
        let made = desk.post("/api/v1/products", &form);
        let first = body(&made, 201);
        assert_eq!(first["tags"], json!(["b", "web"]), "{}", desk.name);
        assert_eq!(desk.post("/api/v1/products", &form).status, 409);

        let shown = desk.ask("GET", "/api/v1/products/shop", &[], &Value::Null);
        let tag = shown.header("etag").unwrap().to_owned();
        assert_eq!(made.header("etag"), Some(tag.as_str()));
        let has = format!("if-none-match: {tag}");
        let again = desk.ask("GET", "/api/v1/products/shop", &[&has], &Value::Null);
        assert_eq!((again.status, again.body.len()), (304, 0));

        let change = json!({"name": "shop", "tier": 2});
        let put = |lines: &[&str]| desk.ask("PUT", "/api/v1/products/shop", lines, &change);
        assert_eq!(put(&[]).status, 428);
        let now = format!("if-match: {tag}");
        let changed = put(&[&now]);
        assert_eq!(body(&changed, 200)["tier"], 2);
        let late = put(&[&now]);
        assert_eq!(late.status, 412);
        assert!(late.problem()["hint"].is_string());

        assert_eq!(desk.delete("/api/v1/products/shop"), 204);
        assert_eq!(desk.delete("/api/v1/products/shop"), 404);
        let log = desk.get("/api/v1/audit?limit=3");
        assert!(log.to_string().contains("product.delete"), "{log}");
    }
}

#[test]
fn what_is_below_a_product_moves_up_when_it_goes() {
    for desk in desks() {
        for (name, parent) in [
            ("top", Value::Null),
            ("middle", json!("top")),
            ("low", json!("middle")),
        ] {
            let form = json!({"name": name, "parent": parent});
            assert_eq!(desk.post("/api/v1/products", &form).status, 201);
        }
        let below = |name: &str| -> Vec<String> {
            let page = desk.get(&format!("/api/v1/products?below={name}"));
            let items = page["items"].as_array().unwrap();
            items
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(below("top"), ["low", "middle", "top"]);
        // Nothing hangs below itself.
        let round = json!({"name": "top", "parent": "low"});
        let answer = desk.ask("PUT", "/api/v1/products/top", &["if-match: *"], &round);
        assert_eq!(answer.status, 422, "{}", desk.name);
        assert_eq!(answer.problem()["errors"][0]["field"], "parent");
        assert_eq!(desk.delete("/api/v1/products/middle"), 204);
        assert_eq!(desk.get("/api/v1/products/low")["parent"], "top");
        assert_eq!(below("top"), ["low", "top"]);
    }
}

#[test]
fn odd_names_are_names() {
    for desk in desks() {
        for (name, path) in [
            ("a b", "a%20b"),
            ("team/shop", "team%2Fshop"),
            ("50% off?", "50%25%20off%3F"),
            ("Größe 🛒", "Gr%C3%B6%C3%9Fe%20%F0%9F%9B%92"),
            (
                "'; DROP TABLE product; --",
                "'%3B%20DROP%20TABLE%20product%3B%20--",
            ),
        ] {
            assert_eq!(
                desk.post("/api/v1/products", &json!({"name": name})).status,
                201,
                "{name}"
            );
            assert_eq!(desk.get(&format!("/api/v1/products/{path}"))["name"], name);
        }
        let pages = desk.get("/api/v1/products?limit=2");
        assert_eq!(pages["items"].as_array().unwrap().len(), 2);
        assert!(pages["next"].is_string());
        for name in ["", " a", "a\nb", "a\u{0}b", &"x".repeat(300)] {
            let answer = desk.post("/api/v1/products", &json!({"name": name}));
            assert_eq!(answer.status, 422, "{name:?}: {}", answer.text());
        }
        for limit in ["0", "501", "-1", "x"] {
            let path = format!("/api/v1/products?limit={limit}");
            assert_eq!(
                desk.ask("GET", &path, &[], &Value::Null).status,
                400,
                "{limit}"
            );
        }
    }
}

#[test]
fn the_same_sent_again_with_its_key_is_done_once() {
    for mut desk in desks() {
        let key = "idempotency-key: 6f1e";
        let twice = |path: &str, form: &Value| {
            let first = body(&desk.ask("POST", path, &[key], form), 201);
            let second = body(&desk.ask("POST", path, &[key], form), 201);
            assert_eq!(first, second, "{} {path}", desk.name);
        };
        let form = json!({"name": "shop"});
        twice("/api/v1/products", &form);
        let other = json!({"name": "shop", "tier": 3});
        assert_eq!(
            desk.ask("POST", "/api/v1/products", &[key], &other).status,
            409
        );
        assert_eq!(desk.post("/api/v1/products", &form).status, 409);
        let decision = json!({"vulnerabilities": ["CVE-2026-0001"], "product": "shop", "purls": ["pkg:npm/lodash"], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path", "reason": "never called"});
        twice("/api/v1/decisions", &decision);
        let count = |path: &str| desk.get(path)["items"].as_array().unwrap().len();
        assert_eq!(count("/api/v1/decisions"), 1, "{}", desk.name);
        assert_eq!(desk.post("/api/v1/decisions", &decision).status, 201);
        assert_eq!(count("/api/v1/decisions"), 2);
        let exception = json!({"scope": {"ids": ["CVE-2026-0001"], "product": "shop"}, "reason": "next month", "expires": "2027-02-01"});
        twice("/api/v1/exceptions", &exception);
        assert_eq!(count("/api/v1/exceptions"), 1);
        let bad = desk.ask(
            "POST",
            "/api/v1/products",
            &["idempotency-key: "],
            &json!({"name": "b"}),
        );
        assert_eq!(bad.status, 400);
        // A day later it is something new.
        desk.house.pass(86_401);
        desk.root = desk.house.admin();
        let late = desk.ask("POST", "/api/v1/decisions", &[key], &decision);
        assert_eq!(late.status, 201);
        let all = desk.get("/api/v1/decisions");
        assert_eq!(all["items"].as_array().unwrap().len(), 3, "{}", desk.name);
    }
}

#[test]
fn a_name_that_was_given_up_can_be_used_again() {
    for desk in desks() {
        assert_eq!(
            desk.post("/api/v1/products", &json!({"name": "old"}))
                .status,
            201
        );
        let renamed = desk.ask(
            "PUT",
            "/api/v1/products/old",
            &["if-match: *"],
            &json!({"name": "new"}),
        );
        assert_eq!(renamed.status, 200);
        let again = desk.post("/api/v1/products", &json!({"name": "old"}));
        let again = body(&again, 201);
        assert_ne!(
            again["id"],
            desk.get("/api/v1/products/new")["id"],
            "{}",
            desk.name
        );
    }
}

#[test]
fn products_stand_by_their_risk_and_the_tree_and_the_difference_are_told() {
    for desk in desks() {
        let (_, first) = desk.push("shop", "1", &[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        desk.house.pass(60);
        let (_, second) = desk.push("shop", "2", &[("lodash", "4.17.21"), ("chalk", "5.0.0")]);
        desk.push("till", "1", &[("lodash", "4.17.15")]);
        let form = json!({"name": "bare", "parent": "till", "tags": ["web"]});
        assert_eq!(desk.post("/api/v1/products", &form).status, 201);

        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let page = desk.get(&format!("/api/v1/standings?limit=1{after}"));
            names.push(
                page["items"][0]["product"]["name"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(
            (names.len(), names[0].as_str()),
            (3, "till"),
            "{}",
            desk.name
        );
        let till = desk.get("/api/v1/standings?q=name:till");
        assert_eq!(till["items"][0]["now"]["open"], 1, "{till}");
        assert_eq!(till["items"][0]["version"], "1");
        let by_name = desk.get("/api/v1/standings?q=sort:name");
        assert_eq!(by_name["items"][0]["product"]["name"], "bare");
        let turned = desk.get("/api/v1/standings?q=sort:-risk");
        assert_eq!(turned["items"][2]["product"]["name"], "till", "{turned}");
        assert_eq!(
            desk.get("/api/v1/standings?q=tag:web")["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );

        let tree = desk.get("/api/v1/hierarchy");
        assert_eq!(
            (&tree["nodes"][0]["name"], &tree["nodes"][0]["parent"]),
            (&json!("bare"), &json!("till"))
        );

        let told = desk.get(&format!(
            "/api/v1/products/shop/difference?from={first}&to={second}"
        ));
        assert_eq!(
            (
                &told["added"],
                &told["removed"],
                &told["changed"],
                &told["gone"],
                &told["appeared"]
            ),
            (&json!(1), &json!(1), &json!(1), &json!(1), &json!(0)),
            "{} {told}",
            desk.name
        );
        let foreign = format!("/api/v1/products/till/difference?from={first}&to={second}");
        assert_eq!(desk.ask("GET", &foreign, &[], &Value::Null).status, 404);

        let gains = desk.get("/api/v1/products/till/vectors");
        let open: i64 = gains
            .as_array()
            .unwrap()
            .iter()
            .map(|gain| gain["open"].as_i64().unwrap())
            .max()
            .unwrap();
        assert_eq!(open, 1, "{gains}");
        let history = desk.get("/api/v1/products/shop/history?days=30");
        assert_eq!(history["turns"][0]["what"], "new", "{history}");
        assert_eq!(
            desk.ask(
                "GET",
                "/api/v1/products/shop/history?days=0",
                &[],
                &Value::Null
            )
            .status,
            400
        );
    }
}

#[test]
fn components_are_filtered_counted_and_paged_by_name() {
    for desk in desks() {
        let (_, first) = desk.push(
            "shop",
            "1",
            &[
                ("lodash", "4.17.15"),
                ("left-pad", "1.3.0"),
                ("Ajv", "8.0.0"),
            ],
        );
        desk.push("till", "1", &[("lodash", "4.17.15")]);
        let path = format!("/api/v1/versions/{first}/components");
        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let page = desk.get(&format!("{path}?limit=1{after}"));
            assert_eq!(page["total"], 3);
            names.push(page["items"][0]["name"].as_str().unwrap().to_lowercase());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(names, ["ajv", "left-pad", "lodash"], "{}", desk.name);
        let found = desk.get(&format!("{path}?q=ODA"));
        assert_eq!(
            (
                &found["total"],
                &found["items"][0]["open"],
                &found["items"][0]["severity"]
            ),
            (&json!(1), &json!(1), &json!("critical")),
            "{found}"
        );
        assert_eq!(desk.get(&format!("{path}?q=%25"))["total"], 0);
        assert_eq!(desk.get(&format!("{path}?licence=none"))["total"], 3);
        assert_eq!(desk.get(&format!("{path}?licence=MIT"))["total"], 0);
        for wrong in ["?scope=odd", "?after=x", "?direct=maybe"] {
            assert_eq!(
                desk.ask("GET", &format!("{path}{wrong}"), &[], &Value::Null)
                    .status,
                400,
                "{wrong}"
            );
        }
        let licences = desk.get(&format!("/api/v1/versions/{first}/licences"));
        assert_eq!(
            licences,
            json!([{"licence": null, "components": 3, "direct": licences[0]["direct"]}])
        );
        let all = desk.get("/api/v1/components?q=lodash");
        let one = &all["items"][0];
        assert_eq!(
            (&one["products"], &one["open"], &one["exact"]),
            (&json!(2), &json!(2), &json!(true)),
            "{} {all}",
            desk.name
        );
        assert_eq!(desk.get("/api/v1/licences")["items"], json!([]));
    }
}
