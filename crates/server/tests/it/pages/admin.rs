//! Looking after the portal.

use stanchion_store::people as store;

use super::super::people::{House, OWN, PASSWORD, everywhere};
use super::{between, said, send, token};

/// Every page, and the role that sees it beside the administrator.
const PAGES: [(&str, Option<&str>); 17] = [
    ("/admin", Some("auditor")),
    ("/admin/people", Some("auditor")),
    ("/admin/people/root", Some("auditor")),
    ("/admin/tokens", Some("auditor")),
    ("/admin/people.csv", Some("auditor")),
    ("/admin/people.json", Some("auditor")),
    ("/admin/tokens.csv", Some("auditor")),
    ("/admin/tokens.json", Some("auditor")),
    ("/admin/feeds", Some("auditor")),
    ("/admin/feeds?source=npm", Some("auditor")),
    ("/admin/jobs", Some("auditor")),
    ("/admin/jobs?state=failed", Some("auditor")),
    ("/admin/channels", None),
    ("/admin/log", Some("auditor")),
    ("/admin/log?check=yes", Some("auditor")),
    ("/admin/log.csv", Some("auditor")),
    ("/admin/backup", None),
];

#[test]
fn each_page_is_for_who_may_and_a_stranger_comes_back_after_sign_in() {
    let house = House::new();
    let root = house.admin();
    for (path, role) in PAGES {
        let answer = house.get(path, &[&root]);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let text = answer.text();
        let is_page = text.starts_with("<!DOCTYPE");
        if is_page {
            assert_eq!(text.matches("<h1").count(), 1, "{path}");
            assert!(!text.contains(" style=") && !text.contains("<style"));
            assert!(!text.contains("N/A"));
        }
        let stranger = house.get(path, &[]);
        assert_eq!(stranger.status, 303, "{path}");
        assert!(
            stranger
                .header("location")
                .unwrap()
                .starts_with("/sign-in?back_to=%2Fadmin"),
            "{path}"
        );
        for other in ["viewer", "auditor", "maintainer"] {
            let id = house
                .write(|tx| store::by_name(tx, other))
                .map_or_else(|| house.person(other, &[other]), |account| account.id);
            let status = house.get(path, &[&house.session(id)]).status;
            let expected = if role == Some(other) { 200 } else { 403 };
            assert_eq!(status, expected, "{path} as {other}");
        }
    }
    assert_eq!(house.get("/admin/jobs/99", &[&root]).status, 404);
    assert_eq!(house.get("/admin/people/nobody", &[&root]).status, 404);
    assert_eq!(house.get("/admin/channels/x", &[&root]).status, 404);
}

#[test]
fn who_may_only_look_has_no_form_and_is_refused() {
    let house = House::new();
    house.admin();
    let auditor = house.session(house.person("auditor", &["auditor"]));
    for path in [
        "/admin/people",
        "/admin/people/root",
        "/admin/tokens",
        "/admin/jobs",
        "/admin/feeds",
    ] {
        let text = house.get(path, &[&auditor]).text();
        assert!(!text.contains("action=\"/admin/people"), "{path}");
        assert!(!text.contains("method=\"post\" action=\"/admin/"), "{path}");
    }
    for address in [
        "/admin/people",
        "/admin/services",
        "/admin/invitations/withdraw",
        "/admin/people/root",
        "/admin/people/root/roles",
        "/admin/people/root/roles/take",
        "/admin/people/root/sessions/end",
        "/admin/people/root/second-factor/remove",
        "/admin/people/root/tokens",
        "/admin/tokens/revoke",
        "/admin/feeds/update",
        "/admin/jobs/run",
        "/admin/jobs/scan",
        "/admin/jobs/1/retry",
        "/admin/channels",
        "/admin/channels/1/test",
        "/admin/channels/1/remove",
        "/admin/backup",
    ] {
        let answer = send(&house, "/admin/jobs", address, &auditor, &[]);
        assert_eq!(answer.status, 403, "{address}: {}", answer.text());
        // An old token shows what was typed, and does nothing.
        let root = house.admin();
        let before = house.log().len();
        let pairs = [("form_token", "old"), ("display", "typed & kept")];
        let answer = house.form(address, &[OWN, &root], &pairs);
        assert_eq!(answer.status, 403, "{address}");
        assert!(answer.text().contains("typed &amp; kept"), "{address}");
        assert_eq!(house.log().len(), before, "{address}");
    }
}

#[test]
fn an_invitation_gives_its_link_once_and_can_be_taken_back() {
    let house = House::new();
    let root = house.admin();
    let wrong = [
        ("name", "ann@acme.example"),
        ("display", "Ann <b>"),
        ("role", "maintainer"),
        ("scope_kind", "product"),
        ("scope", "nothing-such"),
    ];
    let answer = send(&house, "/admin/people", "/admin/people", &root, &wrong);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    for part in [
        "names a product that is not there",
        "value=\"ann@acme.example\"",
        "Ann &lt;b&gt;",
        "value=\"maintainer\" selected",
        "value=\"product\" checked",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let right = [
        ("name", "ann@acme.example"),
        ("display", "Ann"),
        ("role", "maintainer"),
        ("scope_kind", "tag"),
        ("scope", "web"),
    ];
    let answer = send(&house, "/admin/people", "/admin/people", &root, &right);
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.text();
    let link = between(&text, "rows=\"2\" spellcheck=\"false\">", "</textarea>");
    assert!(link.contains("/join#"), "{link}");
    let list = house.get("/admin/people", &[&root]).text();
    assert!(list.contains("maintainer of what carries the tag web"));
    assert!(!list.contains(link.split('#').nth(1).unwrap()));
    let id = between(&list, "name=\"id\" value=\"", "\"");
    let address = "/admin/invitations/withdraw";
    let answer = send(&house, "/admin/people", address, &root, &[("id", &id)]);
    assert_eq!(
        said(&house, &answer, &root).1,
        "The invitation holds no more."
    );
    let answer = send(&house, "/admin/people", address, &root, &[("id", &id)]);
    assert!(said(&house, &answer, &root).1.contains("already"));
    assert_eq!(
        house.log()[..2],
        ["invitation.withdraw", "invitation.create"]
    );
}

#[test]
fn an_account_is_changed_and_a_change_meanwhile_is_told() {
    let house = House::new();
    let root = house.admin();
    let ann = house.person("ann", &["viewer"]);
    house.session(ann);
    let page = "/admin/people/ann";
    let text = house.get(page, &[&root]).text();
    let revision = between(&text, "name=\"revision\" value=\"", "\"");
    let pairs = [("display", "Ann A."), ("revision", revision.as_str())];
    let answer = send(&house, page, page, &root, &pairs);
    assert_eq!(said(&house, &answer, &root).1, "Saved.");
    // The same state once more: somebody was faster.
    let pairs = [
        ("display", "Mine"),
        ("disabled", "yes"),
        ("revision", revision.as_str()),
    ];
    let answer = send(&house, page, page, &root, &pairs);
    assert_eq!(answer.status, 412);
    let text = answer.text();
    assert!(text.contains("Now it is: Ann A.") && text.contains("value=\"Mine\""));
    let newer = between(&text, "name=\"revision\" value=\"", "\"");
    assert_ne!(newer, revision);
    let pairs = [
        ("display", "Mine"),
        ("disabled", "yes"),
        ("revision", newer.as_str()),
    ];
    let answer = send(&house, page, page, &root, &pairs);
    assert!(said(&house, &answer, &root).1.contains("Nobody gets in"));
    assert!(
        house
            .get("/admin/people", &[&root])
            .text()
            .contains("disabled")
    );
}

#[test]
fn roles_are_given_and_taken_and_the_last_administrator_stays() {
    let house = House::new();
    let root = house.admin();
    house.person("ann", &["viewer"]);
    let give = "/admin/people/ann/roles";
    let answer = send(
        &house,
        "/admin/people/ann",
        give,
        &root,
        &[("role", "boss")],
    );
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("is viewer, auditor, triager"));
    let pairs = [("role", "triager"), ("scope_kind", "tag"), ("scope", "")];
    let answer = send(&house, "/admin/people/ann", give, &root, &pairs);
    assert!(answer.text().contains("names the tag"), "{answer:?}");
    let pairs = [("role", "triager"), ("scope_kind", "tag"), ("scope", "web")];
    let answer = send(&house, "/admin/people/ann", give, &root, &pairs);
    said(&house, &answer, &root);
    let page = house.get("/admin/people/ann", &[&root]).text();
    assert!(page.contains("triager of what carries the tag web"));
    let take = "/admin/people/ann/roles/take";
    let answer = send(&house, "/admin/people/ann", take, &root, &pairs);
    assert_eq!(said(&house, &answer, &root).1, "The role is gone.");
    let pairs = [
        ("role", "admin"),
        ("scope_kind", "organisation"),
        ("scope", ""),
    ];
    let answer = send(
        &house,
        "/admin/people/root",
        "/admin/people/root/roles/take",
        &root,
        &pairs,
    );
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("nobody would be left"));
    let end = "/admin/people/ann/sessions/end";
    let answer = send(&house, "/admin/people/ann", end, &root, &[]);
    said(&house, &answer, &root);
}

#[test]
fn a_service_gets_a_token_and_it_is_revoked() {
    let house = House::new();
    let root = house.admin();
    let answer = send(
        &house,
        "/admin/people",
        "/admin/services",
        &root,
        &[("service_name", "?")],
    );
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("takes 2 to 200 letters"));
    let pairs = [("service_name", "CI-Web"), ("service_display", "Pipeline")];
    let answer = send(&house, "/admin/people", "/admin/services", &root, &pairs);
    assert_eq!(said(&house, &answer, &root).0, "/admin/people/ci-web");
    let id = house.write(|tx| store::by_name(tx, "ci-web")).unwrap().id;
    house.write(|tx| store::bind(tx, id, &everywhere("maintainer")));
    let page = "/admin/people/ci-web";
    let make = "/admin/people/ci-web/tokens";
    let pairs = [
        ("token_name", "push"),
        ("permissions", "people.write"),
        ("days", "x"),
    ];
    let answer = send(&house, page, make, &root, &pairs);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("is 1 to 365") && answer.text().contains("value=\"push\""));
    let pairs = [
        ("token_name", "push"),
        ("permissions", "inventory.push"),
        ("permissions", "product.read"),
        ("days", "30"),
    ];
    let answer = send(&house, page, make, &root, &pairs);
    assert_eq!(answer.status, 200, "{answer:?}");
    let secret = between(
        &answer.text(),
        "rows=\"2\" spellcheck=\"false\">",
        "</textarea>",
    );
    assert!(secret.starts_with("stn_"));
    let line = format!("authorization: Bearer {secret}");
    assert_eq!(house.get("/api/v1/products", &[&line]).status, 200);
    let all = house.get("/admin/tokens", &[&root]).text();
    assert!(all.contains("1 token holds") && !all.contains(&secret));
    let csv = house.get("/admin/people.csv", &[&root]).text();
    assert!(
        csv.contains("ci-web,Pipeline,service,maintainer,no,no,no,"),
        "{csv}"
    );
    let csv = house.get("/admin/tokens.csv", &[&root]).text();
    assert!(
        csv.contains("push,ci-web,inventory.push product.read,"),
        "{csv}"
    );
    let token_id = between(&all, "name=\"id\" value=\"", "\"");
    let id = id.to_string();
    let pairs = [
        ("account", id.as_str()),
        ("id", &token_id),
        ("back_to", "//evil"),
    ];
    let answer = send(
        &house,
        "/admin/tokens",
        "/admin/tokens/revoke",
        &root,
        &pairs,
    );
    assert_eq!(answer.header("location"), Some("/"));
    assert_eq!(house.get("/api/v1/products", &[&line]).status, 401);
}

#[test]
fn jobs_are_started_and_tried_again() {
    let house = House::new();
    let root = house.admin();
    let answer = send(
        &house,
        "/admin/jobs",
        "/admin/jobs/run",
        &root,
        &[("kind", "metrics")],
    );
    let (path, text) = said(&house, &answer, &root);
    assert!(path.starts_with("/admin/jobs/") && text == "It is started.");
    let page = house.get(&path, &[&root]).text();
    assert!(
        page.contains("Writes down the numbers of the day"),
        "{page}"
    );
    assert!(page.contains(&format!("data-progress=\"{path}/events\"")));
    house.write(|tx| {
        tx.execute(
            "UPDATE job SET state = 'failed', error = 'no <way>', attempts = 5, finished = 1",
            &[],
        )
    });
    let list = house.get("/admin/jobs?state=failed", &[&root]).text();
    assert!(list.contains("no &lt;way&gt;") && list.contains("Try again"));
    assert!(
        house
            .get("/admin", &[&root])
            .text()
            .contains("1 job failed")
    );
    let answer = send(&house, "/admin/jobs", &format!("{path}/retry"), &root, &[]);
    assert_eq!(said(&house, &answer, &root).1, "It is tried again.");
    let answer = send(&house, "/admin/jobs", &format!("{path}/retry"), &root, &[]);
    assert!(said(&house, &answer, &root).1.contains("has not failed"));
    let answer = send(
        &house,
        "/admin/jobs",
        "/admin/jobs/scan",
        &root,
        &[("product", "shop")],
    );
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("value=\"shop\""));
    let answer = send(&house, "/admin/feeds", "/admin/feeds/update", &root, &[]);
    said(&house, &answer, &root);
    assert!(
        house
            .get("/admin/feeds", &[&root])
            .text()
            .contains("It waits for its turn.")
    );
}

#[test]
fn a_channel_shows_its_secret_once_is_tested_and_goes() {
    let house = House::new();
    let root = house.admin();
    let page = "/admin/channels";
    let pairs = [
        ("name", "ops"),
        ("kind", "webhook"),
        ("target", "ftp://x"),
        ("events", "policy.changed"),
    ];
    let answer = send(&house, page, page, &root, &pairs);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(text.contains("an https address") && text.contains("value=\"ftp://x\""));
    assert!(text.contains("value=\"policy.changed\" checked"));
    let pairs = [
        ("name", "ops"),
        ("kind", "webhook"),
        ("target", "https://127.0.0.1:9/secret-path"),
    ];
    let answer = send(&house, page, page, &root, &pairs);
    assert_eq!(answer.status, 201);
    let secret = between(
        &answer.text(),
        "rows=\"2\" spellcheck=\"false\">",
        "</textarea>",
    );
    assert!(secret.starts_with("whsec_"));
    let list = house.get(page, &[&root]).text();
    assert!(!list.contains(&secret) && !list.contains("secret-path"));
    assert!(list.contains("something of ours is known to be exploited"));
    let own = format!(
        "/admin/channels/{}",
        between(&list, "href=\"/admin/channels/", "\"")
    );
    let answer = send(&house, page, &format!("{own}/test"), &root, &[]);
    let (_, text) = said(&house, &answer, &root);
    assert!(text.starts_with("The test did not arrive: "), "{text}");
    assert!(!text.contains("secret-path"));
    let answer = send(&house, page, &format!("{own}/remove"), &root, &[]);
    assert!(said(&house, &answer, &root).1.contains("gone"));
    assert_eq!(house.get(&own, &[&root]).status, 404);
    assert_eq!(
        house.log()[..3],
        ["channel.delete", "channel.test", "channel.create"]
    );
}

#[test]
fn the_log_is_narrowed_checked_and_sent_as_a_file() {
    let house = House::new();
    let root = house.admin();
    house.form(
        "/sign-in",
        &[OWN],
        &[("name", "root"), ("password", PASSWORD)],
    );
    let text = house.get("/admin/log", &[&root]).text();
    assert!(text.contains("session: begin") && text.contains("account: create"));
    let text = house
        .get("/admin/log?action=session.begin", &[&root])
        .text();
    assert!(text.contains("session: begin") && !text.contains("account: create"));
    let text = house.get("/admin/log?actor=nobody-such", &[&root]).text();
    assert!(text.contains("Nothing like that in the log"));
    let answer = house.get("/admin/log?from=yesterday", &[&root]);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("is a day such as"), "{answer:?}");
    let day = house
        .get("/admin/log?from=2027-01-15&to=2027-01-15", &[&root])
        .text();
    assert!(day.contains("session: begin"), "{day}");
    let day = house.get("/admin/log?to=2027-01-14", &[&root]).text();
    assert!(day.contains("Nothing like that"));
    let text = house.get("/admin/log?check=yes", &[&root]).text();
    assert!(text.contains("The log is whole"));
    let csv = house.get("/admin/log.csv?action=session.begin", &[&root]);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    // It comes in pieces.
    assert!(csv.text().contains("seq,at,actor,action,object"));
    assert_eq!(csv.text().matches("session.begin").count(), 1, "{csv:?}");
    assert!(!csv.text().contains("account.create"));
    let text = house.get("/admin/log.json", &[&root]).text();
    let text = &text[text.find('[').unwrap()..=text.rfind(']').unwrap()];
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(house.get("/admin/log.csv?from=x", &[&root]).status, 422);
}

#[test]
fn a_copy_is_taken_and_listed() {
    let house = House::new();
    let root = house.admin();
    let before = house.get("/admin", &[&root]).text();
    assert!(before.contains("nobody has taken a copy yet"));
    let answer = send(&house, "/admin/backup", "/admin/backup", &root, &[]);
    assert!(
        said(&house, &answer, &root)
            .1
            .starts_with("The copy is there: ")
    );
    let page = house.get("/admin/backup", &[&root]).text();
    assert!(
        page.contains(".tar.zst") && page.contains(" by <bdi>root</bdi>"),
        "{page}"
    );
    assert!(
        !house
            .get("/admin", &[&root])
            .text()
            .contains("nobody has taken a copy")
    );
    let status = house.get("/api/v1/status", &[&root]);
    let status: serde_json::Value = serde_json::from_slice(&status.body).unwrap();
    assert_eq!(
        (&status["people"], &status["store"]),
        (&1.into(), &"sqlite".into())
    );
    assert!(status["store_bytes"].as_i64().unwrap() > 0);
    assert!(!token(&house, "/admin/backup", &root).is_empty());
}
