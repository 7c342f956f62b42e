//! The first administrator.

use serde_json::json;

use super::{House, OWN, PASSWORD, cookies, document};

#[test]
fn the_first_administrator_is_made_once_with_the_code() {
    let house = House::new();
    let code = house
        .portal
        .people
        .begin_setup(&house.portal.engine)
        .unwrap()
        .unwrap();
    assert_eq!(house.get("/", &[]).header("location"), Some("/setup"));
    assert_eq!(document(&house.get("/api/v1/setup", &[]))["open"], true);
    let begin = |code: &str, name: &str, password: &str| {
        let body = json!({"code": code, "name": name, "password": password});
        house.api("POST", "/api/v1/setup", &[], &body)
    };
    for wrong in ["", "0000-0000-0000-0000", &code[1..]] {
        assert_eq!(begin(wrong, "root", PASSWORD).status, 403);
    }
    assert_eq!(begin(&code, "root", "short").status, 422);
    assert_eq!(begin(&code, "no spaces", PASSWORD).status, 422);
    let answer = begin(&code.to_uppercase(), "Root", PASSWORD);
    assert_eq!(answer.status, 204, "{answer:?}");
    let me = document(&house.get("/api/v1/me", &[&cookies(&answer)]));
    assert_eq!(
        (&me["name"], &me["roles"][0]["role"]),
        (&json!("root"), &json!("admin"))
    );

    assert_eq!(begin(&code, "second", PASSWORD).status, 404);
    assert_eq!(document(&house.get("/api/v1/setup", &[]))["open"], false);
    assert_eq!(
        house.get("/setup", &[]).header("location"),
        Some("/sign-in")
    );
    assert!(
        house
            .portal
            .people
            .begin_setup(&house.portal.engine)
            .unwrap()
            .is_none()
    );
    // Another server whose code is still around does not open it again.
    let other = house.beside();
    let body = json!({"code": code, "name": "second", "password": PASSWORD});
    assert_eq!(other.api("POST", "/api/v1/setup", &[], &body).status, 404);
}

#[test]
fn many_at_the_same_time_make_one() {
    let house = House::new();
    let code = house
        .portal
        .people
        .begin_setup(&house.portal.engine)
        .unwrap()
        .unwrap();
    let made: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..6)
            .map(|number| {
                let body =
                    json!({"code": code, "name": format!("root{number}"), "password": PASSWORD});
                let house = &house;
                scope.spawn(move || house.api("POST", "/api/v1/setup", &[], &body).status)
            })
            .collect();
        all.into_iter()
            .filter(|_| true)
            .map(|one| usize::from(one.join().unwrap() == 204))
            .sum()
    });
    assert_eq!(made, 1);
}

#[test]
fn the_page_does_the_same_and_says_what_is_wrong() {
    let house = House::new();
    let code = house
        .portal
        .people
        .begin_setup(&house.portal.engine)
        .unwrap()
        .unwrap();
    let pairs = [("code", "wrong"), ("name", "root"), ("password", PASSWORD)];
    let page = house.form("/setup", &[OWN], &pairs);
    assert_eq!(page.status, 403);
    assert!(page.text().contains("not the code that the server printed"));
    assert!(page.text().contains("value=\"root\"") && !page.text().contains(PASSWORD));
    let pairs = [
        ("code", code.as_str()),
        ("name", "root"),
        ("password", PASSWORD),
    ];
    let answer = house.form("/setup", &[OWN], &pairs);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let home = house.get("/", &[&cookies(&answer)]);
    assert!(home.text().contains("What needs someone now?"));
}
