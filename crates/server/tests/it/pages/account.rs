//! One's own account, and forms that outlive their session.

use stanchion_server::people::totp;

use super::super::people::{House, OWN, PASSWORD, cookies};
use super::{between, said, send, token};

#[test]
fn name_and_password_are_changed() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    let other = house.session(ann);
    let stranger = house.get("/account", &[]);
    assert_eq!(
        stranger.header("location"),
        Some("/sign-in?back_to=%2Faccount")
    );
    let answer = send(
        &house,
        "/account",
        "/account",
        &cookie,
        &[("display", "Ann & Co")],
    );
    said(&house, &answer, &cookie);
    let page = house.get("/account", &[&cookie]).text();
    assert!(page.contains("value=\"Ann &amp; Co\"") && page.contains("this one"));
    let long = "x".repeat(300);
    let answer = send(
        &house,
        "/account",
        "/account",
        &cookie,
        &[("display", &long)],
    );
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("at most 200 characters"));
    let address = "/account/password";
    let pairs = [
        ("current", "wrong wrong wrong"),
        ("password", "seven green lamps sing"),
    ];
    let answer = send(&house, "/account", address, &cookie, &pairs);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(text.contains("is another") && !text.contains("wrong wrong"));
    let pairs = [("current", PASSWORD), ("password", "short")];
    let answer = send(&house, "/account", address, &cookie, &pairs);
    assert_eq!(answer.status, 422);
    assert!(!answer.text().contains(PASSWORD));
    assert_eq!(house.get("/account", &[&other]).status, 200);
    let pairs = [
        ("current", PASSWORD),
        ("password", "seven green lamps sing"),
    ];
    let answer = send(&house, "/account", address, &cookie, &pairs);
    said(&house, &answer, &cookie);
    assert_eq!(house.get("/account", &[&other]).status, 303, "ended");
    assert_eq!(house.sign_in("ann", "seven green lamps sing").status, 204);
}

#[test]
fn a_second_factor_is_set_up_and_taken_away() {
    let house = House::new();
    let cookie = house.session(house.person("ann", &["viewer"]));
    let answer = send(&house, "/account", "/account/second-factor", &cookie, &[]);
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let secret = between(&text, "secret=", "&amp;");
    let ticket = between(&text, "name=\"ticket\" value=\"", "\"");
    let confirm = "/account/second-factor/confirm";
    let pairs = [
        ("ticket", ticket.as_str()),
        ("code", "000"),
        ("current", PASSWORD),
    ];
    let answer = send(&house, "/account", confirm, &cookie, &pairs);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(text.contains(&secret), "the same secret again");
    assert!(text.contains("is another") && !text.contains(PASSWORD));
    let code = totp::code(&secret, house.now()).unwrap();
    let pairs = [
        ("ticket", ticket.as_str()),
        ("code", &code),
        ("current", PASSWORD),
    ];
    let answer = send(&house, "/account", confirm, &cookie, &pairs);
    assert_eq!(answer.status, 200, "{answer:?}");
    let codes = between(&answer.text(), "<pre class=\"secret\"><code>", "</code>");
    assert_eq!(codes.lines().count(), totp::RECOVERY_CODES);
    let page = house.get("/account", &[&cookie]).text();
    assert!(page.contains("10 recovery codes are"), "{page}");
    let remove = "/account/second-factor/remove";
    let answer = send(
        &house,
        "/account",
        remove,
        &cookie,
        &[("factor_password", "no")],
    );
    assert_eq!(answer.status, 422);
    let answer = send(
        &house,
        "/account",
        remove,
        &cookie,
        &[("factor_password", PASSWORD)],
    );
    said(&house, &answer, &cookie);
}

#[test]
fn a_session_is_ended_and_a_token_made_and_revoked() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let (cookie, other) = (house.session(ann), house.session(ann));
    let page = house.get("/account", &[&cookie]).text();
    let id = between(&page, "name=\"id\" value=\"", "\"");
    let answer = send(
        &house,
        "/account",
        "/account/sessions/end",
        &cookie,
        &[("id", &id)],
    );
    said(&house, &answer, &cookie);
    assert_eq!(house.get("/account", &[&other]).status, 303);
    let page = "/account/tokens";
    let text = house.get(page, &[&cookie]).text();
    assert!(text.contains("value=\"product.read\" checked") && !text.contains("people.write"));
    let pairs = [
        ("token_name", "ci \"x\""),
        ("permissions", "people.write"),
        ("days", "30"),
    ];
    let answer = send(&house, page, page, &cookie, &pairs);
    assert_eq!(answer.status, 422);
    assert!(
        answer.text().contains("does not have people.write")
            && answer.text().contains("ci &quot;x&quot;")
    );
    let pairs = [
        ("token_name", "ci"),
        ("permissions", "product.read"),
        ("days", "30"),
        ("product", "hidden"),
    ];
    let answer = send(&house, page, page, &cookie, &pairs);
    assert!(answer.text().contains("names a product that is not there"));
    let answer = send(&house, page, page, &cookie, &pairs[..3]);
    assert_eq!(answer.status, 200);
    let secret = between(
        &answer.text(),
        "rows=\"2\" spellcheck=\"false\">",
        "</textarea>",
    );
    assert!(answer.text().contains("secrets.STANCHION_TOKEN"));
    let line = format!("authorization: Bearer {secret}");
    assert_eq!(house.get("/api/v1/products", &[&line]).status, 200);
    let text = house.get(page, &[&cookie]).text();
    assert!(!text.contains(&secret));
    let id = between(&text, "name=\"id\" value=\"", "\"");
    let answer = send(
        &house,
        page,
        "/account/tokens/revoke",
        &cookie,
        &[("id", &id)],
    );
    assert_eq!(said(&house, &answer, &cookie).1, "The token holds no more.");
    assert_eq!(house.get("/api/v1/products", &[&line]).status, 401);
}

#[test]
fn what_was_typed_outlives_the_session() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    let old = token(&house, "/account", &cookie);
    house.pass(8 * 86_400);
    let pairs = [
        ("form_token", old.as_str()),
        ("display", "Typed <long> ago"),
        ("current", "my secret words"),
    ];
    let answer = house.form("/account", &[OWN, &cookie], &pairs);
    assert_eq!(answer.status, 401);
    let text = answer.text();
    assert!(
        text.contains("name=\"again.display\" value=\"Typed &lt;long&gt; ago\""),
        "{text}"
    );
    assert!(!text.contains("my secret words"), "no password goes back");
    let again = |password: &str, address: &str| {
        let pairs = [
            ("again_address", address),
            ("again.display", "Typed <long> ago"),
            ("name", "ann"),
            ("password", password),
            ("code", ""),
        ];
        house.form("/sign-in/again", &[OWN], &pairs)
    };
    let answer = again("wrong wrong wrong", "/account");
    assert_eq!(answer.status, 401);
    let text = answer.text();
    assert!(text.contains("role=\"alert\"") && text.contains("value=\"ann\""));
    assert!(text.contains("again.display") && !text.contains("wrong wrong"));
    assert!(
        again(PASSWORD, "https://evil.example/")
            .text()
            .contains("action=\"/\"")
    );
    let answer = again(PASSWORD, "/account");
    assert_eq!(answer.status, 200);
    let new = cookies(&answer);
    let text = answer.text();
    assert!(text.contains("action=\"/account\""), "{text}");
    let fresh = between(&text, "name=\"form_token\" value=\"", "\"");
    let kept = between(&text, "name=\"display\" value=\"", "\"");
    assert_eq!(kept, "Typed &lt;long&gt; ago");
    let pairs = [
        ("form_token", fresh.as_str()),
        ("display", "Typed <long> ago"),
    ];
    let answer = house.form("/account", &[OWN, &new], &pairs);
    assert_eq!(answer.status, 303, "{answer:?}");
    let page = house.get("/account", &[&new]).text();
    assert!(page.contains("value=\"Typed &lt;long&gt; ago\""));
    let answer = house.form(
        "/sign-in/again",
        &["sec-fetch-site: cross-site"],
        &[("name", "ann")],
    );
    assert_eq!(answer.status, 403);
}
