//! What people type stays text on every page, and no form is taken from somebody else's page, from an old one or twice over.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::hostile::{self, Hostile};
use super::house::{ADMIN, House, encoded};
use super::page::Page;
use super::walk::{every_page, form_of, links};
use super::{pictures, with_house};
use crate::serving::{PASSWORD, document};

const OWN: &str = "sec-fetch-site: same-origin";

/// Writes a hostile text into every field of the portal that takes one; says which took it.
fn write_everywhere(
    house: &House,
    number: usize,
    hostile: &Hostile,
    took: &RefCell<BTreeMap<&'static str, usize>>,
) {
    let text = hostile.text.as_str();
    let count = |what: &'static str, taken: bool| {
        *took.borrow_mut().entry(what).or_default() += usize::from(taken);
    };
    let send =
        |what: &'static str, who: &str, method: &str, path: &str, form: &Value| -> Option<Value> {
            let answer = house.ask(who, method, path, form);
            assert!(
                answer.status < 300 || matches!(answer.status, 400 | 404 | 409 | 413 | 422),
                "{what}: {answer:?}"
            );
            count(what, answer.status < 300);
            (answer.status < 300).then(|| answer.json())
        };
    send(
        "name of a product",
        ADMIN,
        "POST",
        "/api/v1/products",
        &json!({"name": text}),
    );
    let product = format!("product-{number}");
    for (what, field, value) in [
        ("description of a product", "description", json!(text)),
        ("owner of a product", "owner", json!(text)),
        ("tag of a product", "tags", json!([text])),
        ("data class of a product", "data_classes", json!([text])),
        ("environment of a product", "environment", json!(text)),
    ] {
        let name = format!("{product}-{field}");
        send(
            what,
            ADMIN,
            "POST",
            "/api/v1/products",
            &json!({"name": name, field: value}),
        );
    }
    for (what, field) in [("vendor", "vendor"), ("bought version", "bought_version")] {
        let name = format!("{product}-{field}");
        let mut form =
            json!({"name": name, "kind": "bought", "vendor": "Acme", "bought_version": "1"});
        form[field] = json!(text);
        send(what, ADMIN, "POST", "/api/v1/products", &form);
    }
    // An inventory whose every text is hostile, beside a component with a finding.
    let sbom = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": text, "version": text}},
        "components": [
            {"type": "library", "name": "lodash", "version": "4.17.15", "purl": "pkg:npm/lodash@4.17.15", "description": text,
                "licenses": [{"license": {"name": text}}], "evidence": {"occurrences": [{"location": text}]}},
            {"type": "library", "name": text, "version": text, "supplier": {"name": text}, "licenses": [{"expression": text}],
                "purl": format!("pkg:npm/{}@{}", encoded(text), encoded(text))},
        ],
    });
    let answer = crate::serving::push(
        house.portal.address,
        &house.token(),
        &product,
        "1.0",
        sbom.to_string().as_bytes(),
    );
    count("texts of an inventory", answer.is_ok());
    let answer = crate::serving::push(
        house.portal.address,
        &house.token(),
        &product,
        &encoded(text),
        &document(&product, 2),
    );
    count("version of a product", answer.is_ok());
    send(
        "deployment",
        ADMIN,
        "POST",
        &format!("/api/v1/products/{product}/deployments"),
        &json!({"environment": text, "note": text, "version": "1.0"}),
    );
    for field in [
        "title",
        "description",
        "tool",
        "rule",
        "path",
        "component",
        "url",
    ] {
        let mut form = json!({"product": product, "version": "1.0", "tool": "pentest", "rule": format!("R{field}"), "title": "T", "severity": "high", "path": "a.rs"});
        form[field] = json!(text);
        let what = match field {
            "title" => "title of a finding",
            "description" => "description of a finding",
            "path" => "place of a finding",
            _ => "other fields of a finding",
        };
        send(what, ADMIN, "POST", "/api/v1/findings", &form);
    }
    let found = house.api(
        "GET",
        &format!("/api/v1/findings?q=product:{product}"),
        &Value::Null,
    );
    for one in found["items"].as_array().unwrap().iter().take(2) {
        let id = one["id"].as_str().unwrap();
        send(
            "note",
            ADMIN,
            "POST",
            &format!("/api/v1/findings/{id}/history"),
            &json!({"text": text}),
        );
    }
    send(
        "decision",
        ADMIN,
        "POST",
        "/api/v1/decisions",
        &json!({"vulnerabilities": ["CVE-2026-0001"], "purls": ["pkg:npm/lodash"], "product": product, "status": "affected",
            "reason": text, "action": text}),
    );
    let asked = send(
        "exception",
        ADMIN,
        "POST",
        "/api/v1/exceptions",
        &json!({"scope": {"ids": ["CVE-2026-0001"], "product": product}, "reason": text, "compensating_control": text, "expires": "2026-12-31"}),
    );
    if let Some(asked) = asked {
        let path = format!(
            "/api/v1/exceptions/{}/decision",
            asked["id"].as_str().unwrap()
        );
        send(
            "why an exception is refused",
            "approver",
            "POST",
            &path,
            &json!({"approve": false, "note": text}),
        );
    }
    send(
        "name of a view",
        ADMIN,
        "POST",
        "/api/v1/views",
        &json!({"name": text, "list": "findings", "query": "severity>=high", "shared": true}),
    );
    send(
        "name of a token",
        ADMIN,
        "POST",
        "/api/v1/me/tokens",
        &json!({"name": text, "permissions": ["product.read"]}),
    );
    send(
        "name of a channel",
        ADMIN,
        "POST",
        "/api/v1/channels",
        &json!({"name": text, "kind": "mail", "target": "a@acme.example"}),
    );
    send(
        "account",
        ADMIN,
        "POST",
        "/api/v1/accounts",
        &json!({"name": format!("robot-{number}"), "kind": "service", "display": text}),
    );
    send(
        "invitation",
        ADMIN,
        "POST",
        "/api/v1/invitations",
        &json!({"name": format!("guest-{number}"), "display": text, "role": {"role": "viewer"}}),
    );
    send(
        "own name",
        ADMIN,
        "PUT",
        "/api/v1/me/display",
        &json!({"display": text}),
    );
    let own = format!("ACME-{number}");
    send(
        "advisory of one's own",
        ADMIN,
        "PUT",
        &format!("/api/v1/advisories/{own}"),
        &json!({"id": own, "modified": "2026-01-01T00:00:00Z", "summary": text, "details": text,
            "references": [{"type": "WEB", "url": text}],
            "affected": [{"package": {"ecosystem": "npm", "name": "lodash"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}),
    );
}

#[test]
fn texts_of_people_and_files_stay_texts_on_every_page() {
    with_house(|house| {
        house.person("approver", "Ada", "approver");
        let policy = format!(
            "schema = \"vmpolicy/1\"\n[policy]\nid = \"acme\"\nversion = \"1\"\norganisation = {0}\ntitle = {0}\npurpose = {0}\n[[sla]]\nid = \"acme/all\"\nreason = {0}\nwhen = \"f.kev\"\ndue = \"7d\"\nclock = \"detected\"\n",
            json!(hostile::texts()[2].text)
        );
        let sent = house.ask_text(
            ADMIN,
            "PUT",
            "/api/v1/policy",
            &["if-match: *", "content-type: application/toml"],
            &policy,
        );
        assert!(sent.status < 300, "{sent:?}");
        let all = hostile::texts();
        let took = RefCell::default();
        for (number, hostile) in all.iter().enumerate() {
            write_everywhere(house, number, hostile, &took);
        }
        let took = took.into_inner();
        for (what, count) in &took {
            assert!(*count >= 4, "{what} took {count} of {}", all.len());
        }
        let page = house.page_of(ADMIN);
        let mut pages = 0;
        every_page(&page, 6, |page, address| {
            hostile::assert_harmless(page, address);
            pages += 1;
        });
        let fields = took.len();
        println!(
            "{} texts in {fields} fields, {} of them taken, harmless on {pages} pages",
            all.len(),
            took.values().sum::<usize>()
        );
        assert!(pages > 60, "{pages}");
        // What leaves the portal as a table runs nothing either.
        for file in [
            "/findings.csv?q=all:true",
            "/products.csv",
            "/components.csv",
            "/policy/exceptions.csv",
            "/admin/log.csv",
        ] {
            let answer = house.get(ADMIN, file);
            assert_eq!(answer.status, 200, "{file}: {}", answer.head);
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            for cell in text.split([',', '\n']) {
                let cell = cell.trim_matches('"');
                assert!(!cell.starts_with(['=', '+', '@', '\t']), "{file}: {cell}");
            }
        }
    });
}

/// A form of a page: where it goes, and its fields as a browser would send them.
type Form = (String, Vec<(String, String)>);

fn forms(page: &Page) -> Vec<Form> {
    let script = "return [...document.forms].filter(form => form.method === 'post').map(form => [new URL(form.action).pathname,
        [...new FormData(form)].filter(([, value]) => typeof value === 'string'), form.enctype])";
    let found = page.script(script, &json!([]));
    let mut forms = Vec::new();
    for form in found.as_array().unwrap() {
        if form[2] == "multipart/form-data" {
            continue;
        }
        let pairs = form[1].as_array().unwrap().iter().map(|pair| {
            let text = |at: usize| pair[at].as_str().unwrap_or_default().to_owned();
            (text(0), text(1))
        });
        forms.push((form[0].as_str().unwrap().to_owned(), pairs.collect()));
    }
    forms
}

#[test]
fn no_form_is_taken_from_another_page() {
    with_house(|house| {
        house.push("shop", "1.0.0", 3);
        house.push("shop", "1.1.0", 4);
        house.person("bob", "Bob", "viewer");
        let form = json!({"scope": {"ids": ["CVE-2026-0001"], "product": "shop"}, "reason": "Not yet.", "expires": "2026-12-31"});
        house.api("POST", "/api/v1/exceptions", &form);
        let page = house.page_of(ADMIN);
        let mut found: BTreeMap<String, Form> = BTreeMap::new();
        every_page(&page, 2, |page, _| {
            for form in forms(page) {
                found.entry(form_of(&form.0)).or_insert(form);
            }
        });
        let log = |house: &House| {
            let answer = house.api("GET", "/api/v1/audit?limit=1", &Value::Null);
            answer["items"][0]["seq"].clone()
        };
        let before = log(house);
        let mut tried = 0;
        for (action, fields) in found.values() {
            assert!(
                fields
                    .iter()
                    .any(|(name, value)| name == "form_token" && !value.is_empty()),
                "{action} has no token"
            );
            let without: Vec<_> = fields
                .iter()
                .filter(|(name, _)| name != "form_token")
                .cloned()
                .collect();
            let mut wrong = without.clone();
            wrong.push((
                "form_token".into(),
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
            ));
            for (how, lines, fields) in [
                (
                    "from another site",
                    &["sec-fetch-site: cross-site"][..],
                    fields,
                ),
                (
                    "from another address",
                    &["origin: https://evil.example"][..],
                    fields,
                ),
                ("from a page of nowhere", &["origin: null"][..], fields),
                ("without a token", &[OWN][..], &without),
                ("with a token of somebody else", &[OWN][..], &wrong),
            ] {
                let answer = house.form(ADMIN, action, lines, fields);
                assert!(
                    matches!(answer.status, 400 | 403 | 409 | 422),
                    "{action} {how}: {}",
                    answer.head
                );
                assert!(
                    !answer.head.contains("stanchion=;"),
                    "{action} {how} signs out: {}",
                    answer.head
                );
                tried += 1;
            }
        }
        assert_eq!(log(house), before, "something was done");
        println!("{} forms, {tried} refused: {:?}", found.len(), found.keys());
        assert!(found.len() > 20, "{:?}", found.keys());
        // With its own token a form goes.
        let (action, fields) = &found["/sign-out"];
        assert_eq!(house.form(ADMIN, action, &[OWN], fields).status, 303);
    });
}

#[test]
fn no_page_may_stand_in_a_frame_nor_be_kept() {
    with_house(|house| {
        house.push("shop", "1.0.0", 3);
        let page = house.page_of(ADMIN);
        let mut addresses = BTreeSet::new();
        every_page(&page, 1, |_, address| {
            addresses.insert(address.to_owned());
        });
        for address in &addresses {
            let answer = house.get(ADMIN, address);
            let policy = answer.header("content-security-policy");
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'self'",
            ] {
                assert!(policy.contains(part), "{address}: {policy}");
            }
            assert!(
                !policy.contains("unsafe") && !policy.contains('*'),
                "{address}: {policy}"
            );
            assert_eq!(answer.header("x-frame-options"), "DENY", "{address}");
            assert!(
                answer.header("cache-control").contains("no-store"),
                "{address}"
            );
        }
        assert!(addresses.len() > 25, "{}", addresses.len());
    });
}

#[test]
fn pages_are_bounded_however_many_rows_are_asked_for() {
    with_house(|house| {
        house.push("shop", "1.0.0", 700);
        for list in [
            "/findings",
            "/products",
            "/components",
            "/products/shop/inventory",
            "/policy/exceptions",
            "/admin/log",
            "/admin/jobs",
        ] {
            for limit in ["501", "100000", "-1", "a"] {
                let answer = house.get(ADMIN, &format!("{list}?limit={limit}"));
                // Pages have a length of their own, whatever is asked for.
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(answer.status < 500, "{list} {limit}: {}", answer.head);
                assert!(text.matches("<tr").count() <= 502, "{list} {limit}");
            }
            let answer = house.get(
                ADMIN,
                &format!(
                    "/api/v1{}?limit=100000",
                    list.replace("/policy", "")
                        .replace("/admin/log", "/audit")
                        .replace("/admin", "")
                        .replace("/products/shop/inventory", "/products")
                ),
            );
            assert!(
                matches!(answer.status, 400 | 422),
                "{list}: {}",
                answer.head
            );
            let answer = house.get(ADMIN, &format!("{list}?after=%27%22%3Cscript%3E"));
            assert!(answer.status < 500, "{list}: {}", answer.head);
        }
        let answer = house.get(ADMIN, "/products/shop/inventory");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.matches("<tr").count() <= 502);
    });
}

#[test]
fn a_name_of_ten_thousand_letters_is_refused_where_names_are_and_cut_where_it_comes() {
    with_house(|house| {
        let long = "w".repeat(10_000);
        let answer = house.ask(ADMIN, "POST", "/api/v1/products", &json!({"name": long}));
        assert_eq!(answer.status, 422);
        // A component may be called as it likes.
        let sbom = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{"type": "library", "name": long, "version": long, "purl": format!("pkg:npm/{long}@1"),
                "licenses": [{"license": {"name": long}}]},
                {"type": "library", "name": "lodash", "version": "4.17.15", "purl": "pkg:npm/lodash@4.17.15"}]});
        let kept = crate::serving::push(
            house.portal.address,
            &house.token(),
            "shop",
            "1.0",
            sbom.to_string().as_bytes(),
        );
        assert!(kept.is_ok());
        let page = house.page_of(ADMIN);
        for path in [
            "/",
            "/products/shop",
            "/products/shop/inventory",
            "/components",
            "/components/licences",
            "/findings",
        ] {
            page.go(path);
            for narrow in [false, true] {
                if narrow {
                    page.narrow();
                } else {
                    page.wide();
                }
                super::axe::assert_inside(&page);
            }
            assert!(page.html().len() < 400_000, "{path}");
        }
        pictures::take(&page, "long-name");
    });
}

#[test]
fn two_people_who_edit_one_thing_are_told_and_lose_nothing() {
    with_house(|house| {
        house.push("shop", "1.0.0", 3);
        house.person("mia", "Mia", "maintainer");
        let (one, other) = (house.page_of(ADMIN), house.page_of("mia"));
        for page in [&one, &other] {
            page.go("/products/shop/change");
        }
        other.fill("Owner", "team:web");
        other.push("Save");
        other.until("saved", || other.has(".flash").then_some(()));
        one.fill("Description", "The shop, says Ann.");
        one.expect("status of 412");
        one.push("Save");
        one.at("[role=alert]");
        assert!(one.text().contains("mia"), "{}", one.text());
        assert_eq!(
            one.field("Description").property("value"),
            "The shop, says Ann."
        );
        super::axe::assert_accessible_everywhere(&one);
        one.push("Save mine all the same");
        one.until("saved", || one.has(".flash").then_some(()));
        let product = house.api("GET", "/api/v1/products/shop", &Value::Null);
        assert_eq!(product["description"], "The shop, says Ann.", "{product}");
    });
}

#[test]
fn a_session_that_ends_mid_form_loses_nothing() {
    with_house(|house| {
        house.push("shop", "1.0.0", 3);
        house.person("tess", "Tess", "triager");
        let page = house.page_of("tess");
        page.go("/findings");
        let finding = links(&page)
            .into_iter()
            .find(|link| form_of(link) == "/findings/*")
            .unwrap();
        page.go(&finding);
        page.fill("Write a note", "A long thought, <b>worth</b> keeping.");
        // Somebody signs her out everywhere.
        let gone = house.ask("tess", "DELETE", "/api/v1/session", &Value::Null);
        assert!(gone.status < 300, "{gone:?}");
        page.expect("status of 401");
        page.push("Add the note");
        page.until_text("Your session has ended");
        page.until_text("A long thought, <b>worth</b> keeping.");
        super::axe::assert_accessible_everywhere(&page);
        pictures::take(&page, "session-ended");
        page.fill("Name", "tess");
        page.fill("Password", PASSWORD);
        page.push("Sign in and go on");
        page.until_text("Send it once more");
        page.at("main form button").click();
        page.until_path(&finding);
        page.until_text("A long thought, <b>worth</b> keeping.");
        assert!(page.has(".timeline"));
    });
}

#[test]
fn no_header_can_be_made_by_an_address() {
    with_house(|house| {
        for path in [
            "/findings?q=%0d%0aset-cookie:%20pwned=1",
            "/affected?q=%0d%0a%0d%0a%3Cscript%3E",
            "/products/%0d%0aset-cookie:%20pwned=1",
            "/findings.csv?q=%0d%0aset-cookie:pwned=1",
            "/sign-in?back_to=/%0d%0aset-cookie:pwned=1",
        ] {
            let answer = house.get(ADMIN, path);
            assert!(answer.status < 500, "{path}: {}", answer.head);
            assert!(
                !answer.head.to_lowercase().contains("\nset-cookie: pwned"),
                "{path}: {}",
                answer.head
            );
        }
        // What is said once and where it goes next come from the portal alone.
        let page = house.page_of(ADMIN);
        house.push("shop", "1.0.0", 3);
        page.go("/findings");
        let (action, mut fields) = forms(&page)
            .into_iter()
            .find(|form| form.0 == "/findings/decide")
            .unwrap();
        let id = page.at("input[name=finding]").property("value");
        fields.push(("finding".into(), id.as_str().unwrap().into()));
        fields.push(("what".into(), "decide".into()));
        for (name, value) in &mut fields {
            match name.as_str() {
                "back_to" => *value = "//evil.example/\r\nset-cookie: pwned=1".into(),
                "status" => *value = "under_investigation".into(),
                "reason" => *value = "Looking.".into(),
                _ => {}
            }
        }
        let answer = house.form(ADMIN, &action, &[OWN], &fields);
        assert_eq!(answer.status, 303, "{}", answer.head);
        assert!(
            answer.header("location").starts_with('/')
                && !answer.header("location").starts_with("//"),
            "{}",
            answer.head
        );
        assert!(!answer.head.contains("pwned"), "{}", answer.head);
    });
}
