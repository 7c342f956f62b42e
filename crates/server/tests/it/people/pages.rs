//! The pages.

use super::{House, OWN, PASSWORD, document};

#[test]
fn a_stranger_is_sent_to_sign_in_and_back() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let answer = house.get("/", &[]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/sign-in"))
    );
    let page = house.get("/sign-in?back_to=/api/", &[]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("name=\"back_to\" value=\"/api/\""));
    for (back_to, expected) in [
        ("/api/", "/api/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/%0d%0aset-cookie:a=b", "/%0d%0aset-cookie:a=b"),
        ("/\r\nset-cookie: a=b", "/"),
    ] {
        let pairs = [
            ("name", "ann"),
            ("password", PASSWORD),
            ("back_to", back_to),
        ];
        let answer = house.form("/sign-in", &[OWN], &pairs);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(expected))
        );
    }
    let home = house.get("/", &[&house.session(ann)]);
    assert_eq!(home.status, 200);
    assert!(home.text().contains("What needs someone now?"));
    assert_eq!(home.header("cache-control"), Some("no-store"));
}

#[test]
fn a_wrong_password_shows_the_page_again_without_it() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let pairs = [("name", "ann\"><b>"), ("password", "wrong wrong wrong")];
    let answer = house.form("/sign-in", &[OWN], &pairs);
    assert_eq!(answer.status, 401);
    let text = answer.text();
    assert!(text.contains("ann&quot;&gt;&lt;b&gt;") && !text.contains("wrong wrong"));
    assert!(text.contains("role=\"alert\""));
}

#[test]
fn browsers_get_problems_as_pages_and_programs_as_json() {
    let house = House::new();
    house.person("ann", &["viewer"]);
    let page = house.get("/nowhere", &["accept: text/html"]);
    assert_eq!(
        (page.status, page.header("content-type")),
        (404, Some("text/html; charset=utf-8"))
    );
    assert!(page.text().contains("There is nothing at this address."));
    assert_eq!(house.get("/nowhere", &[]).problem()["status"], 404);
}

#[test]
fn every_file_of_a_page_is_there_and_nothing_is_inside() {
    let house = House::new();
    let ann = house.person("ann", &["viewer"]);
    let cookie = house.session(ann);
    for path in ["/", "/sign-in", "/join", "/api/"] {
        let lines: &[&str] = if path == "/" { &[&cookie] } else { &[] };
        let page = house.get(path, lines);
        let text = page.text();
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !text.contains("<style") && !text.contains(" style=") && !text.contains("<script>")
        );
        for part in text.split("\"/assets/").skip(1) {
            let name = part.split('"').next().unwrap();
            let file = house.get(&format!("/assets/{name}"), &[]);
            assert_eq!(file.status, 200);
            assert!(file.header("cache-control").unwrap().contains("immutable"));
        }
        assert!(text.contains("/assets/"));
    }
    assert_eq!(house.get("/assets/style.css", &[]).status, 404);
}

#[test]
fn the_api_is_a_page_with_every_operation() {
    let house = House::new();
    let page = house.get("/api/", &[]);
    let text = page.text();
    let document = document(&house.get("/api/v1/openapi.json", &[]));
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(text.contains(path.as_str()), "{path}");
    }
    assert!(text.contains("people.write"));
    for (path, method, parameter) in [
        ("/api/v1/accounts", "get", "after"),
        ("/api/v1/audit", "get", "before"),
        ("/api/v1/accounts/{id}/roles", "delete", "scope_kind"),
    ] {
        let parameters = document["paths"][path][method]["parameters"]
            .as_array()
            .unwrap();
        let found = parameters.iter().find(|found| found["name"] == parameter);
        assert_eq!(
            found.unwrap_or_else(|| panic!("{path} {parameter}"))["in"],
            "query"
        );
    }
    let condition = format!("if-none-match: {}", page.header("etag").unwrap());
    assert_eq!(house.get("/api/", &[&condition]).status, 304);
}
