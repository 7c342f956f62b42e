//! The first hour of a new team, from an empty portal on, led by what the empty pages say. The pictures of
//! docs/first-hour.md are made here: with `STANCHION_GUIDE` set, they are written anew.

use std::process::Command;

use serde_json::json;

use super::axe::assert_accessible_everywhere;
use super::page::Page;
use super::{keys, pictures, with_provider};
use crate::serving::{PASSWORD, document};

/// A picture for the guide.
fn picture(page: &Page, name: &str) {
    pictures::for_guide(page, &format!("first-hour/{name}"));
}

fn flash(page: &Page) -> String {
    page.at(".flash p").text()
}

#[test]
fn a_team_gets_from_nothing_to_all_of_it() {
    let Some((_provider, house)) = with_provider(false) else {
        return;
    };
    // The administrator.
    let ann = house.page();
    ann.go("/");
    ann.until_path("/setup");
    ann.fill("Set-up code", &house.code());
    ann.fill("Name", "ann@acme.example");
    ann.fill("As people call you", "Ann");
    ann.fill("Password", PASSWORD);
    picture(&ann, "1-set-up");
    ann.push("Make the administrator");
    ann.until_signed_in("Ann");

    // A product, from the empty page.
    assert_accessible_everywhere(&ann);
    picture(&ann, "2-empty");
    ann.follow("Hand in an SBOM");
    ann.until_path("/products/hand-in");
    ann.fill("Product", "storefront");
    ann.fill("Version", "1.0.0");
    picture(&ann, "3-hand-in");
    // What is dropped is sent at once.
    ann.at("form[data-drop]").drop_file(
        "bom.cdx.json",
        "application/json",
        &document("storefront", 12),
    );
    ann.until_path("/products/storefront");
    assert!(flash(&ann).contains("1.0.0"), "{}", flash(&ann));
    assert_accessible_everywhere(&ann);
    picture(&ann, "4-product");

    // A finding is looked at and decided about, by keys.
    ann.follow("Findings");
    ann.until("findings", || ann.has("tr[data-row]").then_some(()));
    if ann.path() != "/findings" {
        ann.go("/findings");
    }
    ann.press("jo");
    ann.until("finding", || ann.has(".timeline").then_some(()));
    let finding = ann.path();
    assert_accessible_everywhere(&ann);
    picture(&ann, "5-finding");
    ann.field("It is").select("somebody is looking into it");
    ann.fill("In words", "Asking the team who calls template().");
    ann.push("Decide");
    ann.until("flash", || ann.has(".flash").then_some(()));
    ann.until("in triage", || {
        ann.go(&finding);
        ann.text().contains("in triage").then_some(())
    });

    // It can wait for a while, if somebody else says so.
    ann.with_text("Ask for an exception").click();
    ann.fill(
        "Why it can wait",
        "It is behind the gateway, and the upgrade is planned.",
    );
    ann.fill("What stands in meanwhile", "The gateway drops templates.");
    let script = "document.querySelector('[name=expires]').value = new Date(Date.now() + 30 * 864e5).toISOString().slice(0, 10)";
    ann.script(script, &json!([]));
    picture(&ann, "6-exception");
    ann.push("Ask for it");
    ann.until("flash", || ann.has(".flash").then_some(()));

    // A colleague who may say so.
    ann.follow("Admin");
    ann.follow("People");
    ann.until_path("/admin/people");
    ann.fill("Name", "bob@acme.example");
    ann.fill("As people call them", "Bob");
    ann.field("Role").select("approver: decides on exceptions");
    ann.push("Make the invitation");
    let link = ann.until("link", || {
        let shown = ann.script(
            "return [...document.querySelectorAll('main textarea')].map(one => one.value ?? one.textContent).find(text => text.includes('/join#')) ?? null",
            &json!([]),
        );
        shown.as_str().map(str::to_owned)
    });
    assert_accessible_everywhere(&ann);
    picture(&ann, "7-invitation");
    let bob = house.page();
    bob.go(link.trim());
    bob.until("code", || {
        (bob.field("Invitation").property("value") != "").then_some(())
    });
    bob.fill("Password", PASSWORD);
    bob.push("Come in");
    bob.until_signed_in("Bob");
    bob.until_text("Exceptions to decide");
    picture(&bob, "8-to-decide");
    bob.follow("decide");
    bob.push("Allow it");
    bob.until("flash", || bob.has(".flash").then_some(()));
    bob.until("excepted", || {
        bob.go(&finding);
        bob.text().contains("excepted").then_some(())
    });
    // Nobody allows their own: there is no button for it.
    bob.go("/policy/exceptions");
    assert_accessible_everywhere(&bob);

    // A policy, tried before it holds.
    ann.follow("Policy");
    ann.until_path("/policy");
    ann.go("/policy/change?from=startup");
    ann.push("Try it");
    ann.until("trial", || ann.has("#trial").then_some(()));
    assert_accessible_everywhere(&ann);
    picture(&ann, "9-trial");
    ann.push("Put it in force");
    ann.until("flash", || ann.has(".flash").then_some(()));
    ann.until_path("/policy");
    picture(&ann, "10-policy");

    // A token for CI, and a push with it.
    ann.follow("Ann");
    ann.follow("Tokens");
    ann.until_path("/account/tokens");
    ann.fill("What it is for", "ci");
    ann.script(
        "document.querySelector('[name=permissions][value=\"product.write\"]').checked = true",
        &json!([]),
    );
    ann.push("Make the token");
    let token = ann.until("token", || {
        let value = ann.at("#once").property("value");
        value
            .as_str()
            .filter(|text| text.len() > 20)
            .map(str::to_owned)
    });
    assert_accessible_everywhere(&ann);
    picture(&ann, "11-token");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bom.cdx.json"), document("checkout", 3)).unwrap();
    let push = Command::new(env!("CARGO_BIN_EXE_stanchion"))
        .args(["push", "--product", "checkout", "--version", "2.0.0"])
        .arg(folder.path())
        .env("STANCHION_PORTAL", house.url())
        .env("STANCHION_TOKEN", &token)
        .env(
            "STANCHION_ALLOW_PRIVATE",
            house.url().trim_start_matches("http://"),
        )
        .env("STANCHION_DATA_DIR", folder.path().join("data"))
        .output()
        .unwrap();
    // 1: the gate is closed, and that is an answer.
    assert!(
        matches!(push.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&push.stderr)
    );
    ann.go("/");
    ann.until_text("checkout");
    assert_accessible_everywhere(&ann);
    picture(&ann, "12-today");

    // "Are we affected?", from everywhere.
    ann.press("/");
    ann.press(&format!("CVE-2026-0001{}", keys::ENTER));
    ann.until_text("Yes.");
    picture(&ann, "13-affected");

    // Somebody of the organisation's own provider comes in, and may look and no more.
    let carla = house.page();
    carla.go("/sign-in");
    carla.follow("Sign in with Example");
    carla.until("page", || carla.has("nav.account").then_some(()));
    carla.go("/products/storefront");
    assert!(!carla.text().contains("Take it away") && !carla.has("a[href$='/change']"));
    carla.expect("status of 403");
    carla.go("/admin/people");
    carla.at("main h1");
    assert_accessible_everywhere(&carla);
    picture(&carla, "14-may-not");
    // All of it stands in the log.
    ann.go("/admin/log");
    let log = ann.text();
    for who in ["ann@acme.example", "bob@acme.example", "carla"] {
        assert!(log.contains(who), "{who} is not in the log: {log}");
    }
}
