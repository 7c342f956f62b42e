//! Set-up, sign-in, sign-out, invitations, the API for readers, and problems.

use serde_json::json;

use super::axe::{assert_accessible, assert_accessible_everywhere, assert_inside};
use super::house::{ADMIN, House};
use super::{hostile, keys, no_script, pictures, with_house};
use crate::portal::serving::{Reply, Server};
use crate::serving::PASSWORD;

#[test]
fn set_up_by_typing() {
    let Some(house) = House::empty() else { return };
    let page = house.page();
    page.go("/");
    page.until_path("/setup");
    assert_accessible_everywhere(&page);
    pictures::take(&page, "set-up");
    page.fill("Set-up code", "AAAA-BBBB");
    page.fill("Name", "ann@acme.example");
    page.fill("As people call you", "Ann");
    page.fill("Password", PASSWORD);
    page.expect("status of 403");
    page.push("Make the administrator");
    page.until_text("This is not the code");
    assert_eq!(page.field("Name").property("value"), "ann@acme.example");
    page.fill("Set-up code", &house.code());
    page.fill("Password", PASSWORD);
    page.push("Make the administrator");
    page.until_path("/");
    page.until_signed_in("Ann");
    assert_eq!(page.cookie("stanchion").unwrap()["httpOnly"], true);
    // Nobody does it twice.
    page.go("/setup");
    page.until_path("/sign-in");
}

#[test]
fn sign_in_and_out() {
    with_house(|house| {
        let page = house.page();
        page.go("/sign-in?back_to=/api/");
        page.fill("Name", ADMIN);
        page.fill("Password", "wrong otter under bridge");
        page.expect("status of 401");
        page.push("Sign in");
        page.at("[role=alert]");
        // The name stays, the password does not, and what to type next has the focus.
        assert_eq!(page.field("Name").property("value"), ADMIN);
        assert_eq!(page.field("Password").property("value"), "");
        assert!(page.field("Password").is_focused());
        assert_accessible_everywhere(&page);
        page.fill("Password", PASSWORD);
        page.push("Sign in");
        page.until_path("/api/");
        page.follow("Stanchion");
        page.until_path("/");
        page.push("Sign out");
        page.until_path("/sign-in");
        assert!(page.cookie("stanchion").is_none());
        page.back();
        page.until_path("/sign-in");
    });
}

#[test]
fn sign_in_by_keys_alone() {
    with_house(|house| {
        let page = house.page();
        page.go("/sign-in");
        assert!(page.field("Name").is_focused());
        page.press(&format!("{ADMIN}{}{PASSWORD}{}", keys::TAB, keys::ENTER));
        page.until_path("/");
        assert_eq!(
            page.focus_order()[..13],
            [
                "To the content",
                "Stanchion",
                "Today",
                "Am I affected?",
                "Findings",
                "Fix plan",
                "Products",
                "Components",
                "Policy",
                "Admin",
                "Are we affected by: an id, a package, a product, a licence, a hash",
                "ann",
                "Sign out",
            ],
            "{:?}",
            page.focus_order()
        );
        // The way to the content is seen once it is focused, and leads there.
        page.go("/api/");
        page.press(keys::TAB);
        let skip = page.focused();
        assert_eq!(skip.name(), "To the content");
        assert!(skip.size().0 > 20.0);
        page.press(keys::ENTER);
        page.until_path("/api/#main");
        page.press(keys::TAB);
        assert_eq!(page.focused().name(), "The same as an OpenAPI document");
        page.press_with(&[keys::SHIFT], keys::TAB);
        assert_eq!(page.focused().name(), "Stanchion");
        page.press(keys::ENTER);
        page.until_path("/");
        let ways = page.focus_order();
        let out = ways.iter().position(|name| name == "Sign out").unwrap();
        page.press(&format!("{}{}", keys::TAB.repeat(out + 1), keys::ENTER));
        page.until_path("/sign-in");
    });
}

#[test]
fn an_invitation_is_taken_from_its_link() {
    with_house(|house| {
        let link = house.invite("bob@acme.example", "Bob", "viewer");
        let (_, code) = link.split_once('#').unwrap();
        let page = house.page();
        page.go(&link);
        page.until("code", || {
            (page.field("Invitation").property("value") == code).then_some(())
        });
        // It is out of the address, and of what the browser remembers.
        assert_eq!(page.path(), "/join");
        assert!(page.field("As people call you").is_focused());
        assert_accessible_everywhere(&page);
        pictures::take(&page, "join");
        page.fill("As people call you", "Bob");
        page.fill("Password", PASSWORD);
        page.push("Come in");
        page.until_path("/");
        page.until_signed_in("Bob");
        // Nobody takes it twice.
        let again = house.page();
        again.go(&link);
        again.fill("Password", PASSWORD);
        again.expect("status of 4");
        again.push("Come in");
        again.at("[role=alert]");
    });
}

#[test]
fn pages_can_be_used_by_everybody() {
    with_house(|house| {
        let page = house.page_of(ADMIN);
        for (path, name) in [
            ("/", "home"),
            ("/sign-in", "sign-in"),
            ("/api/", "api"),
            ("/join", "join-empty"),
        ] {
            page.go(path);
            assert_accessible_everywhere(&page);
            pictures::take(&page, name);
        }
        page.go("/api/");
        page.with_text("/api/v1/products").click();
        page.until_text("Permission: product.read");
        let open = "for (const one of [...document.querySelectorAll('details')].slice(0, 12)) one.open = true";
        page.script(open, &json!([]));
        page.narrow();
        assert_accessible(&page);
        assert_inside(&page);
    });
}

#[test]
fn pages_are_quick_and_small() {
    with_house(|house| {
        let page = house.page_of(ADMIN);
        page.forget_files();
        page.go("/");
        let first = page.measured();
        assert!(first.bytes < 40_000.0 && first.requests <= 3.0, "{first:?}");
        page.go("/api/");
        page.go("/");
        let again = page.measured();
        assert!(again.bytes < first.bytes, "{first:?} {again:?}");
    });
}

#[test]
fn everything_works_without_scripts() {
    let Some(house) = House::empty() else { return };
    no_script(&house, |page| {
        page.go("/setup");
        page.fill("Set-up code", &house.code());
        page.fill("Name", ADMIN);
        page.fill("Password", PASSWORD);
        page.push("Make the administrator");
        page.until_signed_in("ann");
        page.push("Sign out");
        page.until_path("/sign-in");
        page.fill("Name", ADMIN);
        page.fill("Password", PASSWORD);
        page.push("Sign in");
        page.until_signed_in("ann");
        page.go("/api/");
        page.with_text("/api/v1/products").click();
        page.until_text("Permission: product.read");
    });
    no_script(&house, |page| {
        // The code is typed, or the whole link.
        let link = house.invite("bob", "Bob", "viewer");
        page.go("/join");
        page.fill("Invitation", &link);
        page.fill("Password", PASSWORD);
        page.push("Come in");
        page.at("nav.account > a");
    });
}

#[test]
fn problems_are_pages() {
    with_house(|house| {
        let page = house.page();
        page.expect("status of 404");
        page.go("/nowhere");
        page.until_text("There is nothing at this address.");
        assert_accessible_everywhere(&page);
        pictures::take(&page, "problem");
        page.follow("To the start");
        page.until_path("/sign-in");
    });
}

#[test]
fn names_are_shown_as_text() {
    with_house(|house| {
        let page = house.page();
        let mut shown = 0;
        for (number, hostile) in hostile::texts().iter().enumerate() {
            let name = format!("person-{number}");
            let form = json!({"name": name, "display": hostile.text, "role": {"role": "viewer"}});
            let answer = house.ask(ADMIN, "POST", "/api/v1/invitations", &form);
            // Long ones and those of several lines are no names.
            let odd =
                hostile.text.chars().count() > 200 || hostile.text.chars().any(char::is_control);
            assert_eq!(answer.status, if odd { 422 } else { 201 }, "{hostile:?}");
            if odd {
                continue;
            }
            house.person(&name, &hostile.text, "viewer");
            house.sign_in(&page, &name);
            page.go("/");
            hostile::assert_text(&page, hostile);
            assert_eq!(
                page.at("nav.account > a").property("textContent"),
                hostile.text,
                "{hostile:?}"
            );
            shown += 1;
        }
        assert!(shown > 15);
        // What was typed comes back as text as well.
        let page = house.page();
        page.expect("status of 40");
        for hostile in hostile::texts()
            .iter()
            .filter(|one| !one.text.contains(char::is_control))
            .step_by(3)
        {
            page.go("/sign-in");
            let script = "document.getElementById('name').value = arguments[0]";
            page.script(script, &json!([hostile.text]));
            page.fill("Password", PASSWORD);
            page.push("Sign in");
            page.at("[role=alert]");
            hostile::assert_text(&page, hostile);
        }
    });
}

#[test]
fn no_other_site_puts_the_portal_into_a_frame() {
    with_house(|house| {
        let target = format!("{}/sign-in", house.url());
        let evil = Server::start(move |_| {
            let page = format!(
                "<!doctype html><title>t</title><link rel=icon href='data:,'><iframe src='{target}'></iframe>"
            );
            Reply::bytes(page).with("content-type", "text/html")
        });
        let page = house.page();
        page.expect("frame-ancestors");
        page.go(&evil.url());
        page.frame(&page.at("iframe"));
        assert!(!page.has("form") && !page.has("input"), "{}", page.html());
        page.top();
        page.until("message", || {
            page.logged()
                .iter()
                .any(|one| one.message.contains("frame-ancestors"))
                .then_some(())
        });
    });
}

#[test]
fn nobody_is_led_to_another_site() {
    with_house(|house| {
        let page = house.page();
        for back_to in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "javascript:alert(1)",
            "/%09/evil.example",
        ] {
            page.go(&format!("/sign-in?back_to={back_to}"));
            page.fill("Name", ADMIN);
            page.fill("Password", PASSWORD);
            page.push("Sign in");
            page.until_path("/");
            page.push("Sign out");
            page.until_path("/sign-in");
        }
        assert!(page.dialog().is_none());
        page.go("/sign-in?back_to=/api/%23products");
        page.fill("Name", ADMIN);
        page.fill("Password", PASSWORD);
        page.push("Sign in");
        page.until_path("/api/#products");
    });
}

#[test]
fn sign_in_with_somebody_else() {
    let Some((_provider, house)) = super::with_provider(true) else {
        return;
    };
    let page = house.page();
    page.go("/sign-in?back_to=/");
    assert_accessible_everywhere(&page);
    pictures::take(&page, "sign-in-with");
    for _ in 0..2 {
        page.follow("Sign in with Example");
        page.until_path("/");
        page.at("nav.account a[href='/account']");
        // What she may is seen from what is there: she decides, and has nothing to do with the portal's people.
        assert!(page.has("nav.rail a[href='/findings']"));
        assert!(!page.has("nav.rail a[href='/admin']"));
        assert!(page.cookie("stanchion-sign-in").is_none());
        page.push("Sign out");
        page.until_path("/sign-in");
    }
}

#[test]
fn everybody_is_shown_the_places_that_are_theirs() {
    with_house(|house| {
        let pushed = house.push("shop", "1.0.0", 3);
        assert!(pushed.findings > 0);
        for role in house.everybody() {
            let page = house.page_of(role);
            page.go("/");
            page.until_signed_in(role);
            let runs = role == "admin" || role == "auditor";
            assert_eq!(page.has("nav.rail a[href='/admin']"), runs, "{role}");
            assert!(page.has("nav.rail a[href='/products']"), "{role}");
        }
    });
}
