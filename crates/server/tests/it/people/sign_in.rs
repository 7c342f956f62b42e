//! Sign-in with a password and a second factor.

use serde_json::json;
use stanchion_server::http::limits::Rate;
use stanchion_server::people::{self, admin, totp};
use stanchion_store::people as store;

use super::{House, OWN, PASSWORD, cookies, document, patient};
use crate::http::settings;

#[test]
fn the_right_password_gets_in_and_nothing_else_does() {
    let house = House::new();
    let ann = house.person("ann@example.org", &["viewer"]);
    let answer = house.sign_in(" Ann@Example.org", PASSWORD);
    assert_eq!(answer.status, 204, "{answer:?}");
    let set = answer.header("set-cookie").unwrap();
    for part in [
        "stanchion=",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=604800",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");
    let me = house.get("/api/v1/me", &[&cookies(&answer)]);
    assert_eq!(document(&me)["name"], "ann@example.org");

    let unknown = house.sign_in("nobody@example.org", PASSWORD);
    let wrong = house.sign_in("ann@example.org", "quiet otter under bridges");
    house.write(|tx| {
        let mut account = store::by_id(tx, ann)?.unwrap();
        account.disabled = true;
        store::update(tx, &account)
    });
    let disabled = house.sign_in("ann@example.org", PASSWORD);
    for answer in [&unknown, &wrong, &disabled] {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.problem()["detail"], unknown.problem()["detail"]);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert!(house.log().contains(&"session.begin".to_owned()));
}

#[test]
fn five_wrong_tries_lock_for_longer_each_time() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    for _ in 0..4 {
        assert_eq!(house.sign_in("ann", "wrong wrong wrong").status, 401);
    }
    assert_eq!(
        house.sign_in("ann", PASSWORD).status,
        204,
        "four are forgiven"
    );
    for _ in 0..5 {
        house.sign_in("ann", "wrong wrong wrong");
    }
    assert_eq!(house.sign_in("ann", PASSWORD).status, 401, "locked");
    house.pass(61);
    assert_eq!(house.sign_in("ann", "wrong wrong wrong").status, 401);
    house.pass(61);
    assert_eq!(house.sign_in("ann", PASSWORD).status, 401, "twice as long");
    house.pass(60);
    assert_eq!(house.sign_in("ann", PASSWORD).status, 204);
    let locks = house
        .log()
        .iter()
        .filter(|action| *action == "account.lock")
        .count();
    assert_eq!(locks, 2);
}

#[test]
fn guesses_at_the_same_time_count_each() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| house.sign_in("ann", "wrong wrong wrong"));
        }
    });
    let account = house.write(|tx| store::by_name(tx, "ann")).unwrap();
    assert!(account.failed >= 5 && account.locked_until > house.now());
    assert_eq!(house.sign_in("ann", PASSWORD).status, 401);
}

#[test]
fn the_administrator_for_emergencies_is_never_locked_and_always_told() {
    let house = House::new();
    admin::create(&house.store, "glass", PASSWORD, true, house.now()).unwrap();
    for _ in 0..8 {
        assert_eq!(house.sign_in("glass", "wrong wrong wrong").status, 401);
    }
    assert_eq!(house.sign_in("glass", PASSWORD).status, 204);
    assert!(house.log().contains(&"session.break_glass".to_owned()));
}

#[test]
fn many_tries_are_slowed_down_by_name_and_by_address() {
    let few = Rate {
        per_minute: 1,
        burst: 3,
    };
    let house = House::with(
        settings(),
        people::Settings {
            tries_by_name: few,
            ..patient()
        },
    );
    for _ in 0..3 {
        assert_eq!(house.sign_in("glass", "x").status, 401);
    }
    let answer = house.sign_in("Glass", "x");
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(
        house.sign_in("other", "x").status,
        401,
        "others are not held up"
    );

    let house = House::with(
        settings(),
        people::Settings {
            tries_by_address: few,
            ..patient()
        },
    );
    for name in ["a1", "a2", "a3"] {
        assert_eq!(house.sign_in(name, "x").status, 401);
    }
    assert_eq!(house.sign_in("a4", "x").status, 429);
}

/// Turns the second factor on: its secret and the recovery codes.
fn second_factor(house: &House, cookie: &str) -> (String, Vec<String>) {
    let offer = document(&house.api("POST", "/api/v1/me/second-factor", &[cookie], &json!(null)));
    let secret = offer["secret"].as_str().unwrap().to_owned();
    let code = totp::code(&secret, house.now()).unwrap();
    let body = json!({"ticket": offer["ticket"], "code": code, "current": PASSWORD});
    let wrong = json!({"ticket": offer["ticket"], "code": "000000", "current": PASSWORD});
    assert_eq!(
        house
            .api("PUT", "/api/v1/me/second-factor", &[cookie], &wrong)
            .status,
        422
    );
    let answer = house.api("PUT", "/api/v1/me/second-factor", &[cookie], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let codes = document(&answer)["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    (secret, codes)
}

#[test]
fn a_code_is_taken_once_and_a_recovery_code_as_well() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let cookie = cookies(&house.sign_in("ann", PASSWORD));
    let (secret, codes) = second_factor(&house, &cookie);
    assert_eq!(codes.len(), 10);
    let with = |code: &str| {
        let body = json!({"name": "ann", "password": PASSWORD, "code": code});
        house.api("POST", "/api/v1/session", &[], &body).status
    };
    let asked = house.sign_in("ann", PASSWORD);
    assert_eq!(asked.status, 401);
    assert_eq!(
        asked.problem()["type"],
        "urn:stanchion:problem:second-factor"
    );
    // The code that turned it on is used up.
    assert_eq!(with(&totp::code(&secret, house.now()).unwrap()), 401);
    house.pass(30);
    let code = totp::code(&secret, house.now()).unwrap();
    assert_eq!(with(&code), 204);
    assert_eq!(with(&code), 401, "taken twice");
    assert_eq!(with(&codes[0].to_uppercase()), 204);
    assert_eq!(with(&codes[0]), 401, "taken twice");
    assert!(house.log().contains(&"account.recovery_code".to_owned()));
    // Nothing of the secret stands in the database as it is.
    let account = house.write(|tx| store::by_name(tx, "ann")).unwrap();
    assert!(!account.totp.unwrap().contains(&secret));
}

#[test]
fn wrong_codes_lock_like_wrong_passwords() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let cookie = cookies(&house.sign_in("ann", PASSWORD));
    let (secret, _) = second_factor(&house, &cookie);
    house.pass(60);
    for _ in 0..5 {
        let body = json!({"name": "ann", "password": PASSWORD, "code": "000000"});
        assert_eq!(house.api("POST", "/api/v1/session", &[], &body).status, 401);
    }
    let code = totp::code(&secret, house.now()).unwrap();
    let body = json!({"name": "ann", "password": PASSWORD, "code": code});
    assert_eq!(house.api("POST", "/api/v1/session", &[], &body).status, 401);
}

#[test]
fn the_page_asks_for_the_code_and_its_ticket_ends_with_the_password() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let cookie = cookies(&house.sign_in("ann", PASSWORD));
    let (secret, _) = second_factor(&house, &cookie);
    house.pass(30);
    let pairs = [
        ("name", "ann"),
        ("password", PASSWORD),
        ("back_to", "/api/"),
    ];
    let page = house.form("/sign-in", &[OWN], &pairs);
    assert_eq!(page.status, 200);
    assert!(page.header("set-cookie").is_none(), "not in yet");
    let text = page.text();
    let ticket = text.split("name=\"ticket\" value=\"").nth(1).unwrap();
    let ticket = ticket.split('"').next().unwrap();
    let code = totp::code(&secret, house.now()).unwrap();
    let pairs = [("ticket", ticket), ("code", &code), ("back_to", "/api/")];
    let tampered = [("ticket", &ticket[2..]), ("code", &code), ("back_to", "/")];
    assert_eq!(house.form("/sign-in/code", &[OWN], &tampered).status, 401);
    let answer = house.form("/sign-in/code", &[OWN], &pairs);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/api/"))
    );
    house.pass(30);
    let code = totp::code(&secret, house.now()).unwrap();
    admin::reset(&house.store, "ann", "another otter over there", house.now()).unwrap();
    let pairs = [("ticket", ticket), ("code", &code)];
    assert_eq!(house.form("/sign-in/code", &[OWN], &pairs).status, 401);
    house.pass(301);
    assert_eq!(house.form("/sign-in/code", &[OWN], &pairs).status, 401);
}

#[test]
fn passwords_do_not_go_over_open_lines() {
    // The test comes from this machine, so that a trusted proxy says that somebody else does.
    let mut own = settings();
    own.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let house = House::with(own.clone(), patient());
    house.person("ann", &["viewer"]);
    let body = json!({"name": "ann", "password": PASSWORD});
    let far = "x-forwarded-for: 192.0.2.7";
    let answer = house.api("POST", "/api/v1/session", &[far], &body);
    assert_eq!(answer.status, 403, "{answer:?}");
    let https = "x-forwarded-proto: https";
    let answer = house.api("POST", "/api/v1/session", &[far, https], &body);
    assert_eq!(answer.status, 204);
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.starts_with("__Host-stanchion=") && set.ends_with("; Secure"),
        "{set}"
    );
    own.public_url = Some("http://portal.internal".to_owned().try_into().unwrap());
    let house = House::with(own, patient());
    house.person("ann", &["viewer"]);
    let answer = house.api("POST", "/api/v1/session", &[far], &body);
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .starts_with("stanchion=")
    );
}
