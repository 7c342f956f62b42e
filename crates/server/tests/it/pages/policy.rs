//! The policy, exceptions, decisions, VEX.

use serde_json::{Value, json};

use super::super::api::{Desk, desks, json as body};
use super::super::http::Answer;
use super::super::people::OWN;

const POLICY: &str = r#"schema = "vmpolicy/1"

[policy]
id = "acme"
version = "1"
organisation = "Acme"
title = "How Acme <b>keeps</b> up"

[roles]
accountable = "role:ciso"

[roles.members]
"role:ciso" = ["ciso"]

[[sla]]
id = "acme/all"
reason = "Everything has a date."
due = "30d"
clock = "detected"

[[enforce]]
id = "acme/build"
at = "build"
deny = "f.severity == 'critical' && !f.excepted"

[exceptions]
approver = "role:ciso"
not_self_approved = true
"#;

/// Somebody with a role, and the token of their forms.
struct Person {
    cookie: String,
    token: String,
}

impl Person {
    fn new(desk: &Desk, name: &str, role: &str) -> Self {
        let cookie = desk.house.session(desk.house.person(name, &[role]));
        let page = desk.house.get("/policy/exceptions", &[&cookie]);
        assert_eq!(page.status, 200, "{name}: {}", page.text());
        let token = between(&page.text(), "name=\"form_token\" value=\"", "\"");
        Self { cookie, token }
    }

    fn get(&self, desk: &Desk, path: &str) -> Answer {
        desk.house.get(path, &[&self.cookie])
    }

    /// The text of a page that is there.
    fn page(&self, desk: &Desk, path: &str) -> String {
        let answer = self.get(desk, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    fn post(&self, desk: &Desk, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut all = vec![("form_token", self.token.as_str())];
        all.extend(pairs);
        desk.house.form(path, &[OWN, &self.cookie], &all)
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let start = text
        .find(before)
        .unwrap_or_else(|| panic!("no {before}: {text}"))
        + before.len();
    let end = text[start..].find(after).unwrap();
    text[start..start + end].to_owned()
}

fn put(desk: &Desk, policy: &str) {
    let answer = desk.send("PUT", "/api/v1/policy", &["if-match: *"], policy.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

const PAGES: [&str; 6] = [
    "/policy",
    "/policy/exceptions",
    "/policy/decisions",
    "/policy/vex",
    "/policy/versions",
    "/policy/policy.toml",
];

#[test]
fn the_pages_are_for_who_may_see_the_policy() {
    for desk in desks() {
        let root = Person::new(&desk, "boss", "admin");
        let empty = root.page(&desk, "/policy");
        assert!(empty.contains("/policy/change?from=strict"), "{empty}");
        let begun = root.page(&desk, "/policy/change?from=strict");
        assert!(begun.contains("schema = &quot;vmpolicy/1&quot;"), "{begun}");
        put(&desk, POLICY);
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        desk.work();
        let eve = Person::new(&desk, "eve", "viewer");
        for path in PAGES {
            let stranger = desk.house.get(path, &[]);
            let to = stranger.header("location").unwrap_or_default();
            assert!(
                stranger.status == 303 && to.starts_with("/sign-in"),
                "{path}"
            );
            let page = eve.page(&desk, path);
            assert!(
                !page.contains("<b>keeps</b>") || path.ends_with(".toml"),
                "{path}"
            );
            assert!(
                !page.contains("<form method=\"post\" action=\"/policy"),
                "{path}"
            );
        }
        assert_eq!(eve.get(&desk, "/policy/change").status, 403);
        assert_eq!(eve.get(&desk, "/policy/exceptions/new").status, 403);
        let page = eve.page(&desk, "/policy");
        for part in [
            "How Acme &lt;b&gt;keeps&lt;/b&gt; up",
            "Accountable: <bdi>CISO (ciso)",
            "/findings?q=breaks%3Aacme%2Fbuild\">1</a>",
            "/findings?q=rule%3Aacme%2Fall\">1</a>",
            "The build gate is closed for <b>1</b> of 1 live version.",
        ] {
            assert!(page.contains(part), "{} {part}: {page}", desk.name);
        }
        let list = body(
            &desk.house.get(
                "/api/v1/findings?q=breaks:acme/build%20rule:acme/all",
                &[&eve.cookie],
            ),
            200,
        );
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        // Whoever sees one product sees the policy, and counts of that product alone.
        let ann = desk.house.person("ann", &[]);
        desk.post("/api/v1/products", &json!({"name": "till"}));
        let till = desk.get("/api/v1/products/till")["id"]
            .as_str()
            .unwrap()
            .to_owned();
        desk.house.write(|tx| {
            stanchion_store::people::bind(
                tx,
                ann,
                &stanchion_store::people::Binding {
                    role: "viewer".into(),
                    scope_kind: "product".into(),
                    scope: till.clone(),
                    source: "local".into(),
                },
            )
        });
        desk.house.portal.people.changed();
        let ann = desk.house.session(ann);
        let page = desk.house.get("/policy", &[&ann]);
        assert_eq!(page.status, 200);
        assert!(
            page.text()
                .contains("/findings?q=rule%3Aacme%2Fall\">0</a>")
                && page
                    .text()
                    .contains("/findings?q=breaks%3Aacme%2Fbuild\">0</a>")
                && page.text().contains("Nothing is open."),
            "{}",
            page.text()
        );
    }
}

#[test]
fn an_exception_is_asked_for_decided_and_ended_on_its_page() {
    for desk in desks() {
        put(&desk, POLICY);
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let dev = Person::new(&desk, "dev", "maintainer");
        let ciso = Person::new(&desk, "ciso", "approver");
        let other = Person::new(&desk, "other", "approver");
        let finding = desk.only("product:shop")["id"].as_str().unwrap().to_owned();
        let filled = dev.page(&desk, &format!("/policy/exceptions/new?finding={finding}"));
        for part in [
            "value=\"CVE-2026-0001\"",
            "value=\"pkg:npm/lodash\"",
            "value=\"shop\"",
        ] {
            assert!(filled.contains(part), "{part}: {filled}");
        }
        let form = |expires: &'static str| {
            [
                ("ids", "CVE-2026-0001"),
                ("product", "shop"),
                ("reason", "behind <a> proxy"),
                ("expires", expires),
            ]
        };
        for (expires, fault) in [("", "is needed"), ("2020-01-01", "a day to come")] {
            let wrong = dev.post(&desk, "/policy/exceptions/new", &form(expires));
            assert_eq!(wrong.status, 422, "{expires}");
            assert!(
                wrong.text().contains("behind &lt;a&gt; proxy") && wrong.text().contains(fault),
                "{}",
                wrong.text()
            );
        }
        let mut stale = Person::new(&desk, "dev2", "maintainer");
        stale.token = "nonsense".into();
        let refused = stale.post(&desk, "/policy/exceptions/new", &form("2027-01-31"));
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("behind &lt;a&gt; proxy"));

        let asked = dev.post(&desk, "/policy/exceptions/new", &form("2027-01-31"));
        assert_eq!(asked.status, 303, "{}", asked.text());
        let path = asked.header("location").unwrap().to_owned();
        assert_eq!(path, "/policy/exceptions/EX-2027-001");
        assert!(
            dev.page(&desk, "/policy/exceptions?state=requested")
                .contains("EX-2027-001")
        );
        assert!(!dev.page(&desk, &path).contains("Allow it"));
        let page = ciso.page(&desk, &path);
        assert!(page.contains("Allow it") && page.contains("behind &lt;a&gt; proxy"));
        assert!(page.contains("1</a> open finding"), "{page}");

        // Who asked does not decide; whom the policy does not name neither.
        let decide = format!("{path}/decide");
        let yes = [("approve", "yes"), ("revision", "1"), ("note", "so be it")];
        assert_eq!(dev.post(&desk, &decide, &yes).status, 403);
        let not = other.post(&desk, &decide, &yes);
        assert_eq!(not.status, 403, "{}", not.text());
        assert!(not.text().contains("so be it") && not.text().contains("policy"));
        let unsaid = ciso.post(&desk, &decide, &[("approve", "no"), ("revision", "1")]);
        assert_eq!(unsaid.status, 422);
        // Another revision than the one that was read.
        let late = ciso.post(
            &desk,
            &decide,
            &[("approve", "yes"), ("revision", "7"), ("note", "my words")],
        );
        assert_eq!(late.status, 412);
        assert!(
            late.text().contains("my words")
                && late.text().contains("name=\"revision\" value=\"1\""),
            "{}",
            late.text()
        );
        let allowed = ciso.post(&desk, &decide, &yes);
        assert_eq!(allowed.status, 303, "{}", allowed.text());
        desk.work();
        let page = ciso.page(&desk, &path);
        for part in [
            "in force",
            "so be it",
            "is%3Aexcepted%20exception%3AEX-2027-001\">1</a>",
        ] {
            assert!(page.contains(part), "{} {part}: {page}", desk.name);
        }
        // Decided meanwhile: what was written is not lost.
        let twice = ciso.post(
            &desk,
            &decide,
            &[("approve", "no"), ("revision", "1"), ("note", "too late")],
        );
        assert_eq!(twice.status, 412);
        assert!(
            twice.text().contains("What you had written") && twice.text().contains("too late"),
            "{}",
            twice.text()
        );
        let longer = dev.page(&desk, "/policy/exceptions/new?from=EX-2027-001");
        assert!(longer.contains("This follows") && longer.contains("behind &lt;a&gt; proxy"));

        for (state, there) in [
            ("approved", true),
            ("lapsing", true),
            ("requested", false),
            ("ended", false),
            ("", true),
        ] {
            let page = dev.page(&desk, &format!("/policy/exceptions?state={state}"));
            assert_eq!(page.contains("EX-2027-001"), there, "{state}");
        }
        for (words, there) in [("SHOP dev", true), ("proxy", true), ("till", false)] {
            let words = words.replace(' ', "%20");
            let page = dev.page(&desk, &format!("/policy/exceptions?q={words}"));
            assert_eq!(page.contains("EX-2027-001"), there, "{words}");
        }
        let sheet = dev.get(&desk, "/policy/exceptions.csv?state=approved&q=");
        assert_eq!(sheet.status, 200);
        assert!(
            sheet
                .text()
                .contains("EX-2027-001,approved,no,CVE-2026-0001"),
            "{}",
            sheet.text()
        );
        let all = dev.page(&desk, "/policy/exceptions.json?state=&q=");
        assert!(
            all.contains("[{\"id\":\"EX-2027-001\"") && all.contains("}]"),
            "{all}"
        );

        let end = format!("{path}/end");
        let why = dev.post(&desk, &end, &[("end_note", "")]);
        assert_eq!(why.status, 422);
        assert_eq!(other.get(&desk, &path).status, 200);
        let over = dev.post(&desk, &end, &[("end_note", "fixed now")]);
        assert_eq!(over.status, 303, "{}", over.text());
        desk.work();
        let page = dev.page(&desk, &path);
        assert!(page.contains("ended early") && page.contains("fixed now"));
        assert!(
            dev.page(&desk, "/policy/exceptions?state=ended")
                .contains("EX-2027-001")
        );
        assert_eq!(desk.only("product:shop")["state"], "open", "{}", desk.name);
        assert_eq!(dev.get(&desk, "/policy/exceptions/EX-9").status, 404);
    }
}

#[test]
fn exceptions_go_on_page_by_page_in_each_order() {
    for desk in desks() {
        for number in 1..=7 {
            let form = json!({"id": format!("EX-{number}"), "scope": {"ids": ["CVE-2026-0001"]}, "reason": "for now",
                "expires": format!("2027-0{}-28", 9 - number)});
            let made = desk.post("/api/v1/exceptions", &form);
            assert_eq!(made.status, 201, "{}", made.text());
        }
        let ciso = desk.house.session(desk.house.person("ciso", &["approver"]));
        for number in [1, 2, 3, 4, 5] {
            let path = format!("/api/v1/exceptions/EX-{number}/decision");
            let answer = desk
                .house
                .api("POST", &path, &[&ciso], &json!({"approve": true}));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        for number in [6, 7] {
            let path = format!("/api/v1/exceptions/EX-{number}/decision");
            let form = json!({"approve": false, "note": "no"});
            assert_eq!(desk.house.api("POST", &path, &[&ciso], &form).status, 200);
        }
        for (state, expected) in [
            ("in_force", vec!["EX-5", "EX-4", "EX-3", "EX-2", "EX-1"]),
            ("ended", vec!["EX-7", "EX-6"]),
            ("approved", vec!["EX-1", "EX-2", "EX-3", "EX-4", "EX-5"]),
            ("requested", vec![]),
        ] {
            let mut seen = Vec::new();
            let mut after = String::new();
            for _ in 0..10 {
                let page = desk.get(&format!("/api/v1/exceptions?state={state}&limit=2{after}"));
                seen.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|one| one["id"].as_str().unwrap().to_owned()),
                );
                let Some(next) = page["next"].as_str() else {
                    break;
                };
                after = format!("&after={}", next.replace(' ', "%20"));
            }
            assert_eq!(seen, expected, "{} {state}", desk.name);
        }
        let path = "/api/v1/exceptions?state=in_force&after=x";
        assert_eq!(desk.ask("GET", path, &[], &Value::Null).status, 400);
        let history = desk.get("/api/v1/exceptions/EX-6/history");
        assert_eq!(
            (
                &history[0]["what"],
                &history[0]["note"],
                &history[1]["what"]
            ),
            (&json!("rejected"), &json!("no"), &json!("requested")),
            "{history}"
        );
    }
}

#[test]
fn the_policy_is_tried_and_put_in_force_and_two_editors_are_told() {
    for desk in desks() {
        let ann = Person::new(&desk, "ann", "admin");
        let bob = Person::new(&desk, "bob", "admin");
        let change = "/policy/change";
        let first = ann.post(
            &desk,
            change,
            &[
                ("do", "set"),
                ("text", POLICY),
                ("digest", ""),
                ("note", "first"),
            ],
        );
        assert_eq!(
            (first.status, first.header("location")),
            (303, Some("/policy")),
            "{}",
            first.text()
        );
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        desk.work();
        let page = ann.page(&desk, change);
        let digest = between(&page, "name=\"digest\" value=\"", "\"");
        assert!(page.contains("id = &quot;acme/all&quot;"));

        // A browser's line ends are not a change.
        let crlf = POLICY.replace('\n', "\r\n");
        let same = ann.post(
            &desk,
            change,
            &[("do", "try"), ("text", &crlf), ("digest", &digest)],
        );
        assert_eq!(same.status, 200, "{}", same.text());
        assert!(
            same.text().contains("Nothing changes")
                && same.text().contains("The two texts are the same"),
            "{}",
            same.text()
        );

        let mild = POLICY.replace("f.severity == 'critical'", "f.severity == 'low'");
        let tried = ann.post(
            &desk,
            change,
            &[
                ("do", "try"),
                ("text", &mild),
                ("digest", &digest),
                ("note", "kinder"),
                ("gate", "build"),
            ],
        );
        assert_eq!(tried.status, 200, "{}", tried.text());
        for part in [
            "1</b> gate would open",
            "the gate is closed, and would be open",
            "1 part is looser",
            "value=\"kinder\"",
            "1 new, 1 gone",
        ] {
            assert!(
                tried.text().contains(part),
                "{} {part}: {}",
                desk.name,
                tried.text()
            );
        }
        assert!(
            desk.get("/api/v1/policy")["text"]
                .as_str()
                .unwrap()
                .contains("'critical'")
        );

        let broken = ann.post(
            &desk,
            change,
            &[
                ("do", "set"),
                ("text", &POLICY.replace("due = ", "do = ")),
                ("digest", &digest),
            ],
        );
        assert_eq!(broken.status, 422);
        assert!(
            broken.text().contains("line 18") && broken.text().contains("do = &quot;30d&quot;"),
            "{}",
            broken.text()
        );

        let theirs = POLICY.replace("30d", "20d");
        let set = bob.post(
            &desk,
            change,
            &[
                ("do", "set"),
                ("text", &theirs),
                ("digest", &digest),
                ("note", "bob's"),
            ],
        );
        assert_eq!(set.status, 303, "{}", set.text());
        let late = ann.post(
            &desk,
            change,
            &[
                ("do", "set"),
                ("text", &mild),
                ("digest", &digest),
                ("note", "mine"),
            ],
        );
        assert_eq!(late.status, 412);
        let text = late.text();
        let now = between(&text, "name=\"digest\" value=\"", "\"");
        assert!(
            now != digest
                && text.contains("<bdi>bob</bdi> put another policy in force")
                && text.contains("value=\"mine\""),
            "{text}"
        );
        assert!(
            desk.get("/api/v1/policy")["text"]
                .as_str()
                .unwrap()
                .contains("20d")
        );
        let again = ann.post(
            &desk,
            change,
            &[
                ("do", "set"),
                ("text", &mild),
                ("digest", &now),
                ("note", "mine"),
            ],
        );
        assert_eq!(again.status, 303);

        let versions = ann.page(&desk, "/policy/versions");
        assert!(
            versions.contains("/policy/versions/3") && versions.contains("bob&#39;s")
                || versions.contains("bob's"),
            "{versions}"
        );
        let third = ann.page(&desk, "/policy/versions/3?with=1");
        assert!(
            third.contains("What differs from version 1") && third.contains("1 line is new"),
            "{third}"
        );
        let raw = ann.get(&desk, "/policy/versions/2/policy.toml");
        assert_eq!((raw.status, raw.text()), (200, theirs.clone()));
        assert_eq!(ann.get(&desk, "/policy/versions/9").status, 404);
        let back = ann.page(&desk, "/policy/change?version=1");
        assert!(back.contains("back to version 1"));
        let eve = Person::new(&desk, "eve", "approver");
        assert_eq!(
            eve.post(&desk, change, &[("do", "set"), ("text", POLICY)])
                .status,
            403
        );
    }
}

#[test]
fn decisions_are_listed_taken_back_and_published() {
    for desk in desks() {
        put(&desk, POLICY);
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let dev = Person::new(&desk, "dev", "maintainer");
        let none = dev.get(&desk, "/policy/decisions/vex");
        assert_eq!(none.status, 404);
        let form = json!({"vulnerabilities": ["CVE-2026-0001"], "product": "shop", "purls": ["pkg:npm/lodash"], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path", "reason": "template() is <never> called"});
        let made = desk
            .house
            .api("POST", "/api/v1/decisions", &[&dev.cookie], &form);
        let id = body(&made, 201)["id"].as_str().unwrap().to_owned();
        let page = dev.page(&desk, "/policy/decisions");
        assert!(
            page.contains(&id) && page.contains("template() is &lt;never&gt; called"),
            "{page}"
        );
        assert!(!dev.page(&desk, "/policy/decisions?q=till").contains(&id));
        let sheet = dev.get(&desk, "/policy/decisions.csv?q=shop");
        assert!(sheet.text().contains("not_affected"), "{}", sheet.text());
        for (format, word) in [
            ("openvex", "openvex"),
            ("csaf", "csaf"),
            ("cyclonedx", "CycloneDX"),
        ] {
            let ours = dev.get(&desk, &format!("/policy/decisions/vex?format={format}"));
            assert_eq!(ours.status, 200, "{format}: {}", ours.text());
            assert!(
                ours.text().contains(word)
                    && ours.text().contains("CVE-2026-0001")
                    && ours.text().contains("Acme"),
                "{format}: {}",
                ours.text()
            );
        }
        assert_eq!(
            dev.get(&desk, "/policy/decisions/vex?format=pdf").status,
            400
        );
        let back = "/policy/decisions?q=shop";
        let taken = dev.post(
            &desk,
            "/decisions/withdraw",
            &[("id", &id), ("back_to", back)],
        );
        assert_eq!((taken.status, taken.header("location")), (303, Some(back)));
        assert!(!dev.page(&desk, "/policy/decisions").contains(&id));
        let all = dev.page(&desk, "/policy/decisions?withdrawn=true");
        assert!(all.contains("taken back"), "{all}");
    }
}

#[test]
fn a_vex_document_is_brought_and_taken_away() {
    for desk in desks() {
        let root = Person::new(&desk, "boss", "admin");
        let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/1", "author": "Acme", "timestamp": "2027-01-01T00:00:00Z", "version": 1,
            "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "products": [{"@id": "pkg:npm/lodash@4.17.15"}], "status": "not_affected", "justification": "vulnerable_code_not_present"}]}).to_string();
        let wrong = root.post(
            &desk,
            "/policy/vex",
            &[("name", "a b"), ("document", &document)],
        );
        assert_eq!(wrong.status, 400);
        assert!(
            wrong.text().contains("openvex.dev/ns") && wrong.text().contains("it ends with .json")
        );
        let broken = root.post(
            &desk,
            "/policy/vex",
            &[("name", "a.json"), ("document", "{\"<b>\"")],
        );
        assert_eq!(broken.status, 422);
        let there = root.post(
            &desk,
            "/policy/vex",
            &[("name", "a.json"), ("document", &document)],
        );
        assert_eq!(there.status, 303, "{}", there.text());
        let page = root.page(&desk, "/policy/vex");
        assert!(
            page.contains("/policy/vex/a.json") && page.contains("OpenVEX"),
            "{page}"
        );
        assert_eq!(root.get(&desk, "/policy/vex/a.json").status, 200);
        let eve = Person::new(&desk, "eve", "viewer");
        assert_eq!(
            eve.post(&desk, "/policy/vex/remove", &[("name", "a.json")])
                .status,
            403
        );
        assert_eq!(
            root.post(&desk, "/policy/vex/remove", &[("name", "a.json")])
                .status,
            303
        );
        assert_eq!(root.get(&desk, "/policy/vex/a.json").status, 404);
        assert_eq!(
            root.post(&desk, "/policy/vex/remove", &[("name", "a.json")])
                .status,
            303
        );
        // One of more than the usual size of a form is read.
        let large = document.replace("\"Acme\"", &format!("\"{}\"", "x".repeat(1 << 20)));
        let much = root.post(
            &desk,
            "/policy/vex",
            &[("name", "b.json"), ("document", &large)],
        );
        assert!(matches!(much.status, 303 | 422), "{}", much.status);
    }
}
