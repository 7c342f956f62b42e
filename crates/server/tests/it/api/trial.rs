//! Trying a policy before it is put in force.

use serde_json::{Value, json};

use super::{Desk, desks, json as body};

/// Everything has 30 days, and the gate closes for what is low.
const MILD: &str = r#"schema = "vmpolicy/1"

[policy]
id = "acme"
version = "1"
organisation = "Acme"

[[sla]]
id = "acme/all"
due = "30d"
clock = "detected"

[[enforce]]
id = "acme/build"
at = "build"
deny = "f.severity == 'low' && !f.excepted"
"#;

/// Everything has a day, and the gate closes for everything.
fn stern() -> String {
    MILD.replace("30d", "1d")
        .replace("f.severity == 'low' && !f.excepted", "!f.excepted")
}

fn put(desk: &Desk, policy: &str, lines: &[&str]) -> u16 {
    desk.send("PUT", "/api/v1/policy", lines, policy.as_bytes())
        .status
}

fn attempt(desk: &Desk, policy: &str) -> Value {
    body(
        &desk.send("POST", "/api/v1/policy/trial", &[], policy.as_bytes()),
        200,
    )
}

#[test]
fn a_trial_says_what_would_change_and_changes_nothing() {
    for desk in desks() {
        assert_eq!(put(&desk, MILD, &[]), 200);
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        desk.push("till", "1", &[("left-pad", "1.0.0")]);
        desk.house.pass(3 * 86_400);
        let root = desk.house.admin();
        let before = desk.house.get("/api/v1/findings?q=product:shop", &[&root]);
        let send = |text: &str| {
            let path = "/api/v1/policy/trial";
            body(
                &desk.send_as(&root, "POST", path, &[], text.as_bytes()),
                200,
            )
        };

        let same = send(MILD);
        assert_eq!(
            (
                &same["products"],
                &same["versions"],
                &same["changes"],
                &same["looked_at"]
            ),
            (&json!(0), &json!([]), &json!([]), &json!(2)),
            "{}: {same}",
            desk.name
        );

        let trial = send(&stern());
        let totals = &trial["totals"];
        for (what, count) in [
            ("closes", 1),
            ("hit", 1),
            ("sooner", 1),
            ("late", 1),
            ("opens", 0),
            ("freed", 0),
            ("later", 0),
        ] {
            assert_eq!(totals[what], count, "{} {what}: {trial}", desk.name);
        }
        assert_eq!(
            (
                &trial["products"],
                &trial["not_looked_at"],
                &trial["failures"]
            ),
            (&json!(1), &json!(0), &json!(0))
        );
        let shop = &trial["versions"][0];
        assert_eq!(
            (&shop["product"], &shop["denied"], &shop["denied_then"]),
            (&json!("shop"), &json!(false), &json!(true))
        );
        let moved = &shop["findings"][0];
        assert_eq!(
            (&moved["state"], &moved["state_then"], &moved["hit"]),
            (&json!("open"), &json!("overdue"), &json!(["acme/build"])),
            "{moved}"
        );
        // The finding is the one that is there.
        let id = moved["finding"].as_str().unwrap();
        let path = format!("/api/v1/findings/{id}");
        assert_eq!(desk.house.get(&path, &[&root]).status, 200);
        assert_eq!(
            trial["rules"],
            json!([{"rule": "acme/build", "hit": 1, "freed": 0}])
        );
        assert!(
            trial["changes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|change| change["effect"] == "tightens"),
            "{trial}"
        );

        // Nothing of it is kept.
        let after = desk.house.get("/api/v1/findings?q=product:shop", &[&root]);
        assert_eq!(before.text(), after.text(), "{}", desk.name);
        let versions = desk.house.get("/api/v1/policy/versions", &[&root]);
        assert_eq!(body(&versions, 200).as_array().unwrap().len(), 1);
        // A trial of the way back, from the stern one in force, says the opposite.
        let digest = same["digest"].as_str().unwrap().to_owned();
        let has = format!("if-match: \"{digest}\"");
        let set = desk.send_as(&root, "PUT", "/api/v1/policy", &[&has], stern().as_bytes());
        assert_eq!(set.status, 200, "{}", set.text());
        desk.work();
        let back = send(MILD);
        for what in ["opens", "freed", "later", "in_time"] {
            assert_eq!(back["totals"][what], 1, "{} {what}: {back}", desk.name);
        }
        // What broke a rule is listed by it.
        let broken = desk
            .house
            .get("/api/v1/findings?q=breaks:acme/build", &[&root]);
        let broken = body(&broken, 200);
        assert_eq!(broken["items"].as_array().unwrap().len(), 1, "{broken}");
    }
}

#[test]
fn a_trial_is_for_who_may_change_the_policy_and_tells_mistakes() {
    for desk in desks() {
        // Without a policy in force what is tried is held against the defaults.
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let first = attempt(&desk, &stern());
        assert_eq!(
            (&first["totals"]["dated"], &first["versions"][0]["denied"]),
            (&json!(1), &json!(true)),
            "{}: {first}",
            desk.name
        );

        let wrong = desk.send(
            "POST",
            "/api/v1/policy/trial",
            &[],
            MILD.replace("due = ", "do = ").as_bytes(),
        );
        assert_eq!(wrong.status, 422);
        assert!(wrong.problem()["errors"][0]["line"].is_u64());
        let path = "/api/v1/policy/trial?gate=pull_request";
        assert_eq!(desk.send("POST", path, &[], MILD.as_bytes()).status, 400);
        let path = "/api/v1/policy/trial?gate=release";
        let other = body(&desk.send("POST", path, &[], stern().as_bytes()), 200);
        assert_eq!(
            (&other["gate"], &other["totals"]["closes"]),
            (&json!("release"), &json!(0)),
            "{other}"
        );
        for role in ["viewer", "maintainer", "approver", "auditor"] {
            let who = desk.house.session(desk.house.person(role, &[role]));
            let path = "/api/v1/policy/trial";
            let answer = desk.send_as(&who, "POST", path, &[], MILD.as_bytes());
            assert_eq!(answer.status, 403, "{role}");
        }
    }
}

#[test]
fn a_trial_ends_at_its_bounds_and_says_so() {
    use std::time::Duration;

    use stanchion_policy::file::Gate;
    use stanchion_server::engine::trial::Bounds;

    for desk in desks() {
        assert_eq!(put(&desk, MILD, &[]), 200);
        for product in ["a", "b", "c"] {
            desk.push(product, "1", &[("lodash", "4.17.15")]);
        }
        let run = |bounds: Bounds| {
            desk.house
                .portal
                .engine
                .try_policy(&stern(), Gate::Build, None, bounds)
                .unwrap()
        };
        let few = run(Bounds {
            versions: 2,
            ..Bounds::default()
        });
        assert_eq!(
            (few.looked, few.left, few.out_of_time, few.totals.closes),
            (2, 1, false, 2),
            "{}",
            desk.name
        );
        let none = run(Bounds {
            time: Duration::ZERO,
            ..Bounds::default()
        });
        assert_eq!(
            (none.looked, none.left, none.out_of_time),
            (0, 3, true),
            "{}",
            desk.name
        );
        let own = desk
            .house
            .write(|tx| stanchion_store::products::by_name(tx, "b"))
            .unwrap();
        let only = desk
            .house
            .portal
            .engine
            .try_policy(&stern(), Gate::Build, Some(&[own.id]), Bounds::default())
            .unwrap();
        assert_eq!((only.looked, only.left), (1, 0));
        assert_eq!(only.changed[0].product, "b");
    }
}
