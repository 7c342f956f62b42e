//! Products, components, and what comes in from a browser.

use serde_json::json;

use super::super::api::Desk;
use super::super::engine::sbom;
use super::super::http::Answer;
use super::super::people::{House, OWN};

/// A portal with two products, and somebody with a role who is signed in.
struct Room {
    desk: Desk,
    cookie: String,
}

impl Room {
    fn of(role: &str) -> Self {
        let house = House::new();
        let id = house.person("ann", &[role]);
        let cookie = house.session(id);
        Self {
            desk: Desk::new(house, "sqlite"),
            cookie,
        }
    }

    fn filled(role: &str) -> (Self, [String; 2]) {
        let room = Self::of(role);
        let (_, first) =
            room.desk
                .push("shop", "1", &[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        room.desk.house.pass(3_600);
        let (_, second) = room
            .desk
            .push("shop", "2", &[("lodash", "4.17.21"), ("chalk", "5.0.0")]);
        room.desk.push("till", "1", &[("lodash", "4.17.15")]);
        (room, [first, second])
    }

    fn get(&self, path: &str) -> Answer {
        self.desk.house.get(path, &[&self.cookie])
    }

    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    fn form_token(&self, path: &str) -> String {
        let page = self.page(path);
        let (_, rest) = page
            .split_once("name=\"form_token\" value=\"")
            .unwrap_or_else(|| panic!("no token: {page}"));
        rest.split('"').next().unwrap().to_owned()
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let token = self.form_token("/products");
        let mut all = vec![("form_token", token.as_str())];
        all.extend(pairs);
        self.desk.house.form(path, &[OWN, &self.cookie], &all)
    }

    fn multipart(&self, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend_from_slice(
                format!(
                    "--xyz\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        body.extend_from_slice(
            b"--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"shop.cdx.json\"\r\n\r\n",
        );
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--xyz--\r\n");
        let lines = [
            OWN,
            &self.cookie,
            "content-type: multipart/form-data; boundary=xyz",
        ];
        self.desk
            .house
            .server
            .ask("POST", "/products/hand-in", &lines, &body)
    }

    /// The page that an answer leads to, with what is said there once.
    fn follow(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{}", answer.text());
        let flash = super::super::people::cookies(answer);
        let own = self.cookie.trim_start_matches("cookie: ");
        let both = format!("{flash}; {own}");
        let to = answer.header("location").unwrap();
        let path = to.split('#').next().unwrap();
        let page = self.desk.house.get(path, &[&both]);
        assert_eq!(page.status, 200, "{to}: {}", page.text());
        page.text()
    }
}

const READING: [&str; 22] = [
    "/products",
    "/products?q=tier:1",
    "/products?without=inventory",
    "/products?view=tree",
    "/products.csv",
    "/products.json",
    "/products/shop",
    "/products/shop?days=550",
    "/products/shop/versions",
    "/products/shop/inventory",
    "/products/shop/inventory?q=lod&licence=none&direct=false",
    "/products/shop/inventory.csv",
    "/products/shop/inventory.json",
    "/products/shop/findings",
    "/products/shop/licences",
    "/products/shop/licences.csv",
    "/products/shop/policy",
    "/products/shop/history",
    "/products/shop/difference",
    "/components",
    "/components/licences",
    "/components/licences.csv",
];

#[test]
fn every_page_is_for_whoever_may_read() {
    let (room, _) = Room::filled("viewer");
    for path in READING {
        let answer = room.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        if answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
        {
            let text = answer.text();
            assert_eq!(text.matches("<h1").count(), 1, "{path}");
            assert!(
                !text.contains(" style=") && !text.contains(" onclick"),
                "{path}"
            );
        }
        let stranger = room.desk.house.get(path, &[]);
        assert_eq!(stranger.status, 303, "{path}");
        assert!(stranger.header("location").unwrap().starts_with("/sign-in"));
    }
    // Whoever only reads is offered no form, and refused.
    assert!(
        !room
            .page("/products/shop")
            .contains("/products/shop/change")
    );
    for path in [
        "/products/new",
        "/products/hand-in",
        "/products/shop/change",
        "/products/shop/remove",
    ] {
        assert_eq!(room.get(path).status, 403, "{path}");
    }
    assert_eq!(room.post("/products/new", &[("name", "x")]).status, 403);
    for path in [
        "/products/none",
        "/products/none/inventory",
        "/products/shop/inventory?version=x",
    ] {
        assert_eq!(room.get(path).status, 404, "{path}");
    }
    let wrong = room.get("/products?q=severty:high");
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("aria-invalid"));
}

#[test]
fn an_empty_portal_says_how_to_fill_it() {
    let room = Room::of("admin");
    let page = room.page("/products");
    for text in [
        "stanchion login http",
        "stanchion push . --product NAME",
        "/products/new",
        "data-drop",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for path in [
        "/components",
        "/components/licences",
        "/products?view=tree",
        "/products?without=inventory",
    ] {
        room.page(path);
    }
    room.desk.post("/api/v1/products", &json!({"name": "bare"}));
    for tab in [
        "",
        "/versions",
        "/inventory",
        "/findings",
        "/licences",
        "/policy",
        "/history",
        "/difference",
    ] {
        room.page(&format!("/products/bare{tab}"));
    }
    assert!(
        room.page("/products?without=inventory")
            .contains("no inventory has come in")
    );
}

#[test]
fn pages_say_what_is_there() {
    let (room, [first, second]) = Room::filled("viewer");
    let list = room.page("/products");
    // What is worst off stands first.
    assert!(
        list.find(">till<").unwrap() < list.rfind(">shop<").unwrap(),
        "{list}"
    );
    let inventory = room.page("/products/shop/inventory");
    assert!(
        inventory.contains("chalk")
            && inventory.contains("4.17.21")
            && !inventory.contains("left-pad")
    );
    let old = room.page(&format!("/products/shop/inventory?version={first}&q=LOD"));
    assert!(
        old.contains("4.17.15") && !old.contains("left-pad"),
        "{old}"
    );
    let difference = room.page("/products/shop/difference");
    assert!(
        difference.contains("+ is new")
            && difference.contains("− is gone")
            && difference.contains("~ changed"),
        "{difference}"
    );
    assert!(difference.contains("1 went"), "{difference}");
    let other = room.page(&format!(
        "/products/shop/difference?from={second}&to={first}"
    ));
    assert!(other.contains("1 finding came"), "{other}");
    let sheet = room.page(&format!("/products/shop/inventory.csv?version={first}"));
    assert!(
        sheet.contains("name,version,ecosystem,purl") && sheet.contains("left-pad"),
        "{sheet}"
    );
    let all = room.page("/products.json");
    let (_, all) = all.split_once('[').unwrap();
    let (all, _) = all.rsplit_once(']').unwrap();
    let all: serde_json::Value = serde_json::from_str(&format!("[{all}]")).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let components = room.page("/components?q=lodash");
    assert!(
        components.contains("4.17.15") && components.contains("4.17.21"),
        "{components}"
    );
    let history = room.page("/products/shop/history");
    assert!(history.contains("CVE-2026-0001"), "{history}");
    let policy = room.page("/products/shop/policy?gate=release");
    assert!(
        policy.contains("One may") && policy.contains("release it"),
        "{policy}"
    );
    assert!(
        room.page("/products/till/findings")
            .contains("CVE-2026-0001")
    );
}

#[test]
fn a_product_is_made_changed_and_taken_away() {
    let room = Room::of("admin");
    let wrong = room.post(
        "/products/new",
        &[
            ("name", "sh\"op"),
            ("tier", "9"),
            ("owner", "team:<web>"),
            ("kind", "own"),
            ("lifecycle", "active"),
        ],
    );
    assert_eq!(wrong.status, 422);
    let text = wrong.text();
    assert!(
        text.contains("sh&quot;op") && text.contains("team:&lt;web&gt;") && text.contains("1 to 5"),
        "{text}"
    );
    let made = room.post(
        "/products/new",
        &[
            ("name", "new"),
            ("tier", "2"),
            ("tags", "web, pay"),
            ("kind", "own"),
            ("lifecycle", "active"),
            ("exposed", "true"),
        ],
    );
    assert_eq!(made.header("location"), Some("/products/%6Eew"));
    let page = room.follow(&made);
    assert!(
        page.contains("It is made.") && page.contains("How does new stand?"),
        "{page}"
    );
    let product = room.desk.get("/api/v1/products/new");
    assert_eq!(
        (&product["tier"], &product["tags"], &product["exposed"]),
        (&json!(2), &json!(["pay", "web"]), &json!(true))
    );

    let form = room.page("/products/%6Eew/change");
    let revision = form
        .split("name=\"revision\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    // Somebody else is faster.
    let other = room.desk.ask(
        "PUT",
        "/api/v1/products/new",
        &["if-match: *"],
        &json!({"name": "new", "owner": "team:db"}),
    );
    assert_eq!(other.status, 200);
    let mine = [
        ("name", "new"),
        ("owner", "team:web"),
        ("tier", "3"),
        ("kind", "own"),
        ("lifecycle", "active"),
        ("revision", &revision),
    ];
    let late = room.post("/products/%6Eew/change", &mine);
    assert_eq!(late.status, 412);
    let text = late.text();
    for part in [
        "team:db",
        "team:web",
        "<b>root</b>",
        "Save mine all the same",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let now = text
        .split("name=\"revision\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert_ne!(now, revision);
    let mut mine = mine;
    mine[5].1 = &now;
    let saved = room.post("/products/%6Eew/change", &mine);
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(room.desk.get("/api/v1/products/new")["owner"], "team:web");

    let kept = room.post("/products/%6Eew/remove", &[("name", "old")]);
    assert_eq!(kept.status, 422);
    assert!(kept.text().contains("is not the product"));
    let gone = room.post("/products/%6Eew/remove", &[("name", "new")]);
    assert_eq!(gone.header("location"), Some("/products"));
    assert_eq!(room.get("/products/%6Eew").status, 404);
    // A form of another session is not taken.
    let foreign = room.desk.house.form(
        "/products/new",
        &[OWN, &room.cookie],
        &[("form_token", "x"), ("name", "y")],
    );
    assert_eq!(foreign.status, 403);
    assert!(foreign.text().contains("Send it again"));
}

#[test]
fn deployments_branches_and_versions_are_changed_on_the_page() {
    let (room, [first, _]) = Room::filled("admin");
    let said = room.post(
        "/products/shop/deployments",
        &[
            ("environment", "production"),
            ("version", "1"),
            ("note", "since <spring>"),
        ],
    );
    let page = room.follow(&said);
    assert!(
        page.contains("1 runs in production.") && page.contains("since &lt;spring&gt;"),
        "{page}"
    );
    let wrong = room.post(
        "/products/shop/deployments",
        &[("environment", "test<x>"), ("version", "99")],
    );
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("test&lt;x&gt;")
            && wrong.text().contains("a version of this product")
    );
    let id = room.desk.get("/api/v1/products/shop/deployments")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        room.post("/products/shop/deployments/end", &[("id", &id)])
            .status,
        303
    );
    assert_eq!(
        room.desk.get("/api/v1/products/shop/deployments"),
        json!([])
    );
    let pinned = room.post(
        "/products/shop/branch",
        &[("branch", "main"), ("latest", "pinned"), ("version", "1")],
    );
    assert!(room.follow(&pinned).contains("the one that is pinned"));
    let bad = room.post(
        "/products/shop/branch",
        &[("branch", "main"), ("latest", "pinned"), ("version", "77")],
    );
    assert_eq!(bad.status, 422);
    let set = room.post(
        "/products/shop/repository",
        &[("url", "https://git.example/shop"), ("token", "s3cret")],
    );
    let page = room.follow(&set);
    assert!(page.contains("https://git.example/shop") && !page.contains("s3cret"));
    let bad = room.post(
        "/products/shop/repository",
        &[("url", "file:///etc"), ("token", "s3cret")],
    );
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("file:///etc") && !bad.text().contains("s3cret"));
    let gone = room.post("/products/shop/versions/remove", &[("id", &first)]);
    assert!(room.follow(&gone).contains("The version is gone."));
    assert_eq!(
        room.get(&format!("/products/shop/inventory?version={first}"))
            .status,
        404
    );
}

#[test]
fn a_file_is_handed_in() {
    let room = Room::of("admin");
    let token = room.form_token("/products/hand-in?product=sh%3Cop");
    assert!(
        room.page("/products/hand-in?product=sh%3Cop")
            .contains("sh&lt;op")
    );
    let document = sbom(&[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
    let fields = [
        ("form_token", token.as_str()),
        ("product", "shop"),
        ("version", "1.0"),
        ("branch", ""),
        ("what", "inventory"),
    ];
    let taken = room.multipart(&fields, &document);
    assert_eq!(
        taken.header("location"),
        Some("/products/shop"),
        "{}",
        taken.text()
    );
    let page = room.follow(&taken);
    assert!(
        page.contains("shop 1.0: 2 components, 1 finding. The build gate is"),
        "{page}"
    );
    let again = room.follow(&room.multipart(&fields, &document));
    assert!(
        again.contains("the same document was here already"),
        "{again}"
    );

    let broken = room.multipart(&fields, b"{\"bomFormat\": \"CycloneDX\", \"components\": [");
    assert_eq!(broken.status, 422);
    assert!(broken.text().contains("value=\"1.0\"") && broken.text().contains("role=\"alert\""));
    let empty = room.multipart(&fields, b"");
    assert_eq!(empty.status, 422);
    assert!(empty.text().contains("choose a file"));
    let mut foreign = fields;
    foreign[0].1 = "x";
    assert_eq!(room.multipart(&foreign, &document).status, 403);
    let mut vague = fields;
    vague[2].1 = "";
    assert!(
        room.multipart(&vague, &document)
            .text()
            .contains("Of which version is it?")
    );

    let vex = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/1", "author": "Acme", "timestamp": "2026-11-01T00:00:00Z", "version": 1,
        "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "products": [{"@id": "pkg:npm/lodash@4.17.15"}], "status": "not_affected", "justification": "vulnerable_code_not_present"}]});
    let mut said = fields;
    said[4].1 = "vex";
    let taken = room.multipart(&said, vex.to_string().as_bytes());
    assert!(
        room.follow(&taken)
            .contains("shop.cdx.json: 1 statement read")
    );
    // What is no form at all, and a stranger.
    let lines = [OWN, &room.cookie, "content-type: application/json"];
    assert_eq!(
        room.desk
            .house
            .server
            .ask("POST", "/products/hand-in", &lines, b"{}")
            .status,
        415
    );
    let stranger = room.desk.house.server.ask(
        "POST",
        "/products/hand-in",
        &[OWN, "content-type: multipart/form-data; boundary=x"],
        b"--x--",
    );
    assert_eq!(
        stranger.header("location"),
        Some("/sign-in?back_to=/products/hand-in")
    );
    let elsewhere = room.desk.house.server.ask(
        "POST",
        "/products/hand-in",
        &[
            &room.cookie,
            "sec-fetch-site: cross-site",
            "content-type: multipart/form-data; boundary=x",
        ],
        b"--x--",
    );
    assert_eq!(elsewhere.status, 403);
}

#[test]
fn a_file_that_is_too_large_is_refused_with_what_to_do() {
    let room = Room::of("admin");
    let lines = [
        OWN,
        &room.cookie,
        "content-type: multipart/form-data; boundary=xyz",
        "content-length: 99000000",
    ];
    // The length alone is enough.
    let answer = room
        .desk
        .house
        .server
        .ask("POST", "/products/hand-in", &lines, b"");
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(
        answer.text().contains("is larger than 64 MiB") && answer.text().contains("stanchion push")
    );
}

#[test]
fn whoever_has_a_role_on_one_product_sees_no_other() {
    let (room, _) = Room::filled("admin");
    room.desk.post(
        "/api/v1/products",
        &json!({"name": "secret", "tags": ["web"]}),
    );
    let house = &room.desk.house;
    let id = house.person("bob", &[]);
    house.write(|tx| {
        stanchion_store::people::bind(
            tx,
            id,
            &stanchion_store::people::Binding {
                role: "maintainer".to_owned(),
                scope_kind: "tag".to_owned(),
                scope: "web".to_owned(),
                source: "local".to_owned(),
            },
        )
    });
    let cookie = house.session(id);
    let page = |path: &str| house.get(path, &[&cookie]);
    let list = page("/products").text();
    assert!(
        list.contains("secret") && !list.contains(">till<") && !list.contains(">shop<"),
        "{list}"
    );
    for path in [
        "/products/shop",
        "/products/shop/inventory",
        "/products/shop/history",
    ] {
        assert_eq!(page(path).status, 404, "{path}");
    }
    for path in [
        "/products?view=tree",
        "/products?without=inventory",
        "/products.csv",
        "/components",
        "/components.csv",
        "/products/hand-in",
    ] {
        let text = page(path).text();
        assert!(
            !text.contains("till") && !text.contains("lodash"),
            "{path}: {text}"
        );
    }
    assert!(
        page("/products/secret")
            .text()
            .contains("/products/secret/change")
    );
}
