//! Sessions: their cookie, their end, and forms of others.

use serde_json::{Value, json};

use super::{House, OWN, PASSWORD, cookies, document};

fn me(house: &House, cookie: &str) -> u16 {
    house.get("/api/v1/me", &[cookie]).status
}

#[test]
fn a_planted_cookie_is_never_signed_in() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let planted = "cookie: stanchion=planted-by-somebody-else";
    let body = json!({"name": "ann", "password": PASSWORD});
    let answer = house.api("POST", "/api/v1/session", &[planted], &body);
    assert_eq!(answer.status, 204);
    assert_eq!(me(&house, planted), 401);
    let first = cookies(&answer);
    assert_ne!(first, planted);
    // Whoever signs in again goes on under a new one, and the old one is over.
    let second = cookies(&house.api("POST", "/api/v1/session", &[&first], &body));
    assert_ne!(first, second);
    assert_eq!((me(&house, &first), me(&house, &second)), (401, 200));
}

#[test]
fn the_cookie_is_replaced_each_hour_and_the_old_one_dies() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let old = house.session(ann);
    assert!(
        house
            .get("/api/v1/me", &[&old])
            .header("set-cookie")
            .is_none()
    );
    house.pass(3601);
    let answer = house.get("/api/v1/me", &[&old]);
    assert_eq!(answer.status, 200);
    let new = cookies(&answer);
    assert_ne!(old, new);
    // Requests that were under way still come with the old one, and do not replace it again.
    let late = house.get("/api/v1/me", &[&old]);
    assert_eq!((late.status, late.header("set-cookie")), (200, None));
    house.pass(61);
    assert_eq!((me(&house, &old), me(&house, &new)), (401, 200));
    let sessions = document(&house.get("/api/v1/me/sessions", &[&new]));
    assert_eq!(sessions.as_array().unwrap().len(), 1, "it is one session");
}

#[test]
fn a_session_ends_when_idle_and_after_a_week() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let idle = house.session(ann);
    house.pass(12 * 3600);
    assert_eq!(me(&house, &idle), 401);
    let mut used = house.session(ann);
    let mut hours = 0;
    loop {
        house.pass(10 * 3600);
        hours += 10;
        let answer = house.get("/api/v1/me", &[&used]);
        if answer.status == 401 {
            break;
        }
        used = cookies(&answer);
    }
    assert_eq!(hours, 170, "the first look after 168 hours");
}

#[test]
fn sessions_are_listed_and_ended_and_sign_out_ends_one() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let (one, two, three) = (house.session(ann), house.session(ann), house.session(ann));
    let listed = document(&house.get("/api/v1/me/sessions", &[&one]));
    let all = listed.as_array().unwrap();
    assert_eq!(all.len(), 3);
    let present: Vec<&Value> = all
        .iter()
        .filter(|session| session["present"] == true)
        .collect();
    assert_eq!(present.len(), 1);
    assert!(!listed.to_string().contains("stanchion="));
    let out = house.api("DELETE", "/api/v1/session", &[&two], &Value::Null);
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(me(&house, &two), 401);
    let own = present[0]["id"].as_str().unwrap();
    for session in all.iter().filter(|session| session["id"] != own) {
        let path = format!("/api/v1/me/sessions/{}", session["id"].as_str().unwrap());
        house.api("DELETE", &path, &[&one], &Value::Null);
    }
    assert_eq!((me(&house, &one), me(&house, &three)), (200, 401));
    // Nobody ends somebody else's.
    let bob = house.person("bob", &["viewer"]);
    let path = format!("/api/v1/me/sessions/{own}");
    let answer = house.api("DELETE", &path, &[&house.session(bob)], &Value::Null);
    assert_eq!((answer.status, me(&house, &one)), (404, 200));
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let (one, two) = (house.session(ann), house.session(ann));
    let wrong = json!({"current": "not the present one", "password": "another otter over there"});
    assert_eq!(
        house
            .api("PUT", "/api/v1/me/password", &[&one], &wrong)
            .status,
        422
    );
    let weak = json!({"current": PASSWORD, "password": "password2026!"});
    assert_eq!(
        house
            .api("PUT", "/api/v1/me/password", &[&one], &weak)
            .status,
        422
    );
    let right = json!({"current": PASSWORD, "password": "another otter over there"});
    assert_eq!(
        house
            .api("PUT", "/api/v1/me/password", &[&one], &right)
            .status,
        204
    );
    assert_eq!((me(&house, &one), me(&house, &two)), (200, 401));
    assert_eq!(house.sign_in("ann", PASSWORD).status, 401);
    assert_eq!(house.sign_in("ann", "another otter over there").status, 204);
}

#[test]
fn pages_of_others_change_nothing() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    let evil = ["sec-fetch-site: cross-site", "origin: https://evil.example"];
    let ask = |lines: &[&str]| {
        house
            .server
            .ask("DELETE", "/api/v1/session", lines, b"")
            .status
    };
    assert_eq!(ask(&[&cookie, evil[0]]), 403);
    assert_eq!(ask(&[&cookie, evil[1]]), 403);
    assert_eq!(ask(&[&cookie]), 403, "a browser says where it comes from");
    // Sign-in by a page of somebody else would put people into that one's account.
    let (code, password) = (("code", "x"), ("password", PASSWORD));
    for (path, pairs) in [
        ("/sign-in", vec![("name", "ann"), password]),
        ("/sign-in/code", vec![("ticket", "x"), code]),
        ("/setup", vec![code, ("name", "ann"), password]),
        ("/join", vec![code, password]),
    ] {
        assert_eq!(house.form(path, &[evil[0]], &pairs).status, 403, "{path}");
        assert_eq!(house.form(path, &[], &pairs).status, 403, "{path}");
    }
    // A form of a page here carries the token of its session, and no other.
    let bob = house.session(house.person("bob", &["viewer"]));
    let token = |cookie: &str| {
        let page = house.get("/", &[cookie]).text();
        let rest = page
            .split("name=\"form_token\" value=\"")
            .nth(1)
            .unwrap()
            .to_owned();
        rest.split('"').next().unwrap().to_owned()
    };
    for wrong in ["", "x", &token(&bob)] {
        let answer = house.form("/sign-out", &[OWN, &cookie], &[("form_token", wrong)]);
        assert_eq!(answer.status, 403);
    }
    let right = token(&cookie);
    let answer = house.form("/sign-out", &[OWN, &cookie], &[("form_token", &right)]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/sign-in"))
    );
    assert_eq!((me(&house, &cookie), me(&house, &bob)), (401, 200));
}
