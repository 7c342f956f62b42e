//! What is around findings: assets, channels, events, jobs, badges, coverage, products that were bought.

use serde_json::{Value, json};
use stanchion_store::testing::stores;

use super::super::people::House;
use super::{Desk, desks, json as body};

#[test]
fn an_asset_list_takes_the_place_of_the_one_before() {
    for desk in desks() {
        assert_eq!(
            desk.post("/api/v1/products", &json!({"name": "shop"}))
                .status,
            201
        );
        let put = |text: &str| desk.send("PUT", "/api/v1/assets/cmdb", &[], text.as_bytes());
        let first = body(
            &put(
                "\u{feff}Name,kind,owner,env,product,rack\nweb1,vm,ann,production,shop,7\nweb2,vm,,,nothing,\n,vm,,,,\nweb1,vm,,,,\n",
            ),
            200,
        );
        assert_eq!((&first["rows"], &first["known"]), (&json!(2), &json!(1)));
        assert_eq!(
            first["refused"],
            json!([[4, "it has no name"], [5, "its name stands above already"]])
        );
        let all = desk.get("/api/v1/assets?list=cmdb");
        assert_eq!(all["items"].as_array().unwrap().len(), 2, "{}", desk.name);
        let unknown = desk.get("/api/v1/assets?unknown=true");
        assert_eq!(unknown["items"][0]["name"], "web2");
        assert!(all.to_string().contains(r#""rack":"7""#));
        desk.house.pass(1);
        let second = body(&put("name\nweb2\n"), 200);
        assert_eq!(
            (&second["rows"], &second["gone"]),
            (&json!(1), &json!(1)),
            "{}",
            desk.name
        );
        for bad in ["kind\nx\n", "", "name\n\u{0}\"\n"] {
            assert!(matches!(put(bad).status, 200 | 422), "{bad:?}");
        }
        assert_eq!(
            desk.send("PUT", "/api/v1/assets/cmdb", &[], b"name\n\xff\xfe\n")
                .status,
            422
        );
    }
}

#[test]
fn a_channel_shows_its_secret_once() {
    for desk in desks() {
        let form = json!({"name": "hook", "kind": "webhook", "target": "https://hooks.example/T0/secret-path"});
        let made = body(&desk.post("/api/v1/channels", &form), 201);
        assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
        assert_eq!(made["target"], "hooks.example");
        let all = desk
            .ask("GET", "/api/v1/channels", &[], &Value::Null)
            .text();
        assert!(
            !all.contains("whsec_") && !all.contains("secret-path"),
            "{}: {all}",
            desk.name
        );
        assert_eq!(desk.post("/api/v1/channels", &form).status, 409);
        let path = format!("/api/v1/channels/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.get(&format!("{path}/deliveries")), json!([]));
        for (field, value) in [
            ("kind", json!("fax")),
            ("target", json!("ftp://x")),
            ("events", json!(["nothing"])),
            ("name", json!("")),
        ] {
            let mut wrong = form.clone();
            wrong[field] = value;
            assert_eq!(desk.post("/api/v1/channels", &wrong).status, 422, "{field}");
        }
        assert_eq!(desk.delete(&path), 204);
        assert_eq!(desk.delete(&path), 404);
    }
}

#[test]
fn events_come_in_their_order_page_by_page() {
    for desk in desks() {
        for name in ["a", "b", "c"] {
            assert_eq!(
                desk.post("/api/v1/products", &json!({"name": name})).status,
                201
            );
        }
        let mut after = 0;
        let mut seen = Vec::new();
        loop {
            let page = desk.get(&format!("/api/v1/events?after={after}&limit=2"));
            let items = page["items"].as_array().unwrap();
            after = page["next"].as_i64().unwrap();
            if items.is_empty() {
                break;
            }
            seen.extend(items.iter().map(|one| {
                one["data"]["product"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            }));
        }
        assert_eq!(seen, ["a", "b", "c"], "{}", desk.name);
        let id = desk.house.person("ann", &[]);
        desk.house.write(|tx| {
            stanchion_store::people::bind(
                tx,
                id,
                &stanchion_store::people::Binding {
                    role: "viewer".into(),
                    scope_kind: "tag".into(),
                    scope: "web".into(),
                    source: "local".into(),
                },
            )
        });
        desk.house.portal.people.changed();
        let ann = desk.house.session(id);
        let page = body(&desk.house.get("/api/v1/events", &[&ann]), 200);
        assert_eq!(
            (&page["items"], &page["next"]),
            (&json!([]), &json!(after)),
            "{}",
            desk.name
        );
    }
}

#[test]
fn jobs_are_listed_started_and_tried_again() {
    for desk in desks() {
        assert_eq!(
            desk.post("/api/v1/jobs/kinds/metrics", &Value::Null).status,
            202
        );
        assert_eq!(
            desk.post("/api/v1/jobs/kinds/nothing", &Value::Null).status,
            404
        );
        let waiting = desk.get("/api/v1/jobs?state=waiting");
        let id = waiting["items"][0]["id"].as_i64().unwrap();
        desk.work();
        assert_eq!(
            desk.get(&format!("/api/v1/jobs/{id}"))["state"],
            "done",
            "{}",
            desk.name
        );
        assert_eq!(
            desk.post(&format!("/api/v1/jobs/{id}/retry"), &Value::Null)
                .status,
            409
        );
        assert_eq!(
            desk.post("/api/v1/jobs/999999/retry", &Value::Null).status,
            404
        );
        assert_eq!(
            desk.ask("GET", "/api/v1/jobs/x", &[], &Value::Null).status,
            400
        );
        desk.house.write(|tx| {
            stanchion_store::jobs::add(
                tx,
                &stanchion_store::jobs::NewJob {
                    kind: "judge",
                    key: "bad",
                    payload: "{",
                    priority: 5,
                    not_before: 0,
                    most: 1,
                },
                0,
            )
            .map(drop)
        });
        desk.work();
        let failed = desk.get("/api/v1/jobs?state=failed");
        assert!(failed["items"][0]["error"].is_string(), "{failed}");
        let id = failed["items"][0]["id"].as_i64().unwrap();
        assert_eq!(
            desk.post(&format!("/api/v1/jobs/{id}/retry"), &Value::Null)
                .status,
            202
        );
        assert_eq!(desk.get(&format!("/api/v1/jobs/{id}"))["state"], "waiting");
        assert!(desk.get("/api/v1/jobs/kinds").as_array().unwrap().len() > 5);
    }
}

#[test]
fn a_badge_is_there_only_where_its_product_says_so() {
    for desk in desks() {
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let badge = || desk.house.get("/badges/shop/findings.svg", &[]);
        assert_eq!(badge().status, 404);
        let form = json!({"name": "shop", "badge": true});
        assert_eq!(
            desk.ask("PUT", "/api/v1/products/shop", &["if-match: *"], &form)
                .status,
            200
        );
        let shown = badge();
        assert_eq!(
            (shown.status, shown.header("content-type")),
            (200, Some("image/svg+xml"))
        );
        assert!(
            shown.text().contains("1 high or critical"),
            "{}: {}",
            desk.name,
            shown.text()
        );
    }
}

#[test]
fn coverage_names_what_nobody_can_answer_for() {
    for desk in desks() {
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        assert_eq!(
            desk.post("/api/v1/products", &json!({"name": "dark"}))
                .status,
            201
        );
        let where_ = json!({"environment": "production", "version": "1"});
        let path = "/api/v1/products/shop/deployments";
        let made = body(&desk.post(path, &where_), 201);
        assert_eq!(
            desk.post(path, &json!({"environment": "production", "version": "9"}))
                .status,
            422
        );
        assert_eq!(desk.get(path).as_array().unwrap().len(), 1);
        let coverage = desk.get("/api/v1/coverage");
        assert_eq!(
            (&coverage["covered"], &coverage["gaps"]),
            (&json!(1), &json!([{"product": "dark", "what": "product"}])),
            "{}",
            desk.name
        );
        let end = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.delete(&end), 204);
        assert_eq!(desk.delete(&end), 404);
    }
}

#[test]
fn a_product_that_was_bought_is_held_against_the_list_of_exploited_vulnerabilities() {
    for fresh in stores() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("kev.json");
        std::fs::write(&list, r#"{"vulnerabilities":[
            {"cveID":"CVE-2026-7777","vendorProject":"Atlassian","product":"Confluence","vulnerabilityName":"Confluence injection","dateAdded":"2027-01-10","dueDate":"2027-01-31","knownRansomwareCampaignUse":"Known"},
            {"cveID":"CVE-2026-8888","vendorProject":"Other","product":"Thing","vulnerabilityName":"x"}]}"#).unwrap();
        let sources = stanchion_advisories::fetch::Settings {
            kev: list.display().to_string(),
            ..stanchion_advisories::fetch::Settings::default()
        };
        let name = fresh.name;
        let desk = Desk::new(House::sourced(fresh, sources), name);
        let form = json!({"name": "Confluence", "kind": "bought", "vendor": "Atlassian", "bought_version": "8.5"});
        assert_eq!(desk.post("/api/v1/products", &form).status, 201);
        assert_eq!(
            desk.post("/api/v1/products", &json!({"name": "x", "kind": "bought"}))
                .status,
            422
        );
        desk.house.write(|tx| {
            stanchion_store::jobs::add(
                tx,
                &stanchion_store::jobs::NewJob {
                    kind: "bought",
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
        let found = desk.only("product:Confluence");
        assert_eq!(
            (&found["vulnerability"], &found["known_exploited"]),
            (&json!("CVE-2026-7777"), &json!(true)),
            "{name}: {found}"
        );
        let answer = desk.get("/api/v1/search?q=CVE-2026-7777");
        assert_eq!(answer["affected"], true, "{name}: {answer}");
    }
}
