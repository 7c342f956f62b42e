//! The portal's policy in a scan.

use super::Fake;

const LAST: &str = "2026-11-10T00:00:00Z";
const NOW: &str = "2026-11-24T10:00:00Z";

fn scan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["scan", ".", "-o", "json"], more].concat()
}

#[test]
fn a_scan_says_what_the_portal_says_to_the_byte() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    // The portal sees it first on the 10th: its clocks run from there, here too.
    let (code, _, stderr) =
        fake.told(&["push", ".", "--version", "1", "--as-of", LAST, "-o", "json"]);
    assert_eq!(code, 1, "{stderr}");
    let scanned = fake.output(&scan(&["--as-of", NOW]));
    let pushed = fake.output(&["push", ".", "--version", "1", "--as-of", NOW, "-o", "json"]);
    assert!(!pushed.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&scanned.stdout),
        String::from_utf8_lossy(&pushed.stdout)
    );
    assert_eq!(scanned.status.code(), pushed.status.code());
    let report: serde_json::Value = serde_json::from_slice(&scanned.stdout).unwrap();
    assert_eq!(report["findings"][0]["deadlines"][0]["start"], LAST);
    let shop = fake
        .engine
        .store()
        .read(|tx| stanchion_store::products::by_name(tx, "shop"))
        .unwrap_or_else(|error: stanchion_store::StoreError| panic!("{error}"));
    let digest = &fake
        .engine
        .policy_for(shop.as_ref())
        .unwrap()
        .unwrap()
        .digest;
    assert_eq!(report["verdict"]["policy"]["digest"], digest.as_str());
}

#[test]
fn what_was_fetched_serves_while_the_portal_is_away() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.told(&["push", ".", "--version", "1", "--as-of", NOW]);
    let args = scan(&["--as-of", NOW]);
    let first = fake.output(&args);
    fake.output(&args);
    let bundles = || fake.server.count("GET", "/api/v1/policy/bundle");
    assert_eq!(bundles(), 2);
    let last = fake.server.asked();
    let last = last
        .iter()
        .rev()
        .find(|asked| asked.path == "/api/v1/policy/bundle")
        .unwrap();
    assert!(last.headers.contains_key("if-none-match"));
    // Away.
    fake.whims.lock().unwrap().always = Some(502);
    let (code, stdout, stderr) = fake.told(&args);
    assert_eq!(code, 1, "{stderr}");
    assert_eq!(stdout.as_bytes(), first.stdout);
    assert!(
        stderr.contains("its policy of 0 minutes ago judges"),
        "{stderr}"
    );
    // Offline.
    let asked = fake.server.asked().len();
    let (code, stdout, stderr) = fake.told(&scan(&["--as-of", NOW, "--offline"]));
    assert_eq!(
        (code, stdout.as_bytes()),
        (1, &first.stdout[..]),
        "{stderr}"
    );
    assert_eq!(fake.server.asked().len(), asked);
    // Too old.
    let settings = fake.shop.bench.file("config/stanchion/config.toml");
    std::fs::write(settings, "[portal]\nmax-age = \"0h\"\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let (code, stdout, stderr) = fake.told(&args);
    assert_eq!((code, stdout.as_str()), (3, ""), "{stderr}");
    assert!(
        stderr.contains("hint:") && stderr.contains("max-age"),
        "{stderr}"
    );
    // Without the portal the local policy judges, and the verdict says so.
    let (_, stdout, _) = fake.told(&scan(&["--as-of", NOW, "--no-portal"]));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["verdict"]["policy"]["name"], "default");
}

#[test]
fn what_was_kept_and_is_damaged_is_not_believed() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.told(&["push", ".", "--version", "1", "--as-of", NOW]);
    let args = scan(&["--as-of", NOW]);
    let first = fake.output(&args);
    let folder = fake.shop.bench.file("data/portal");
    let host = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let file = host.path().join("shop.bundle");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("critical", "none")).unwrap();
    let (code, _, stderr) = fake.told(&scan(&["--as-of", NOW, "--offline"]));
    assert_eq!(code, 3, "{stderr}");
    let again = fake.output(&args);
    assert_eq!(again.stdout, first.stdout);
}

#[test]
fn the_project_names_its_product_and_may_only_tighten() {
    let fake = Fake::new();
    fake.login(&[]);
    let (_, _, stderr) = fake.told(&scan(&[]));
    assert!(stderr.contains("nothing says which product"), "{stderr}");
    fake.shop
        .write("stanchion.toml", "[portal]\nproduct = \"shop\"\n");
    let (code, _, stderr) = fake.told(&scan(&[]));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("push it first"), "{stderr}");
    fake.told(&["push", ".", "--version", "1"]);
    assert_eq!(fake.told(&scan(&[])).0, 1);
    // A local policy that loosens is refused.
    fake.shop.write(
        "policy.toml",
        "schema = \"vmpolicy/1\"\n[policy]\nid = \"own\"\nversion = \"1\"\n[exceptions]\napprover = \"dev@example.org\"\n",
    );
    let (code, _, stderr) = fake.told(&scan(&[]));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("may only tighten"), "{stderr}");
    // Exceptions of the repository decide nothing.
    fake.shop.remove("policy.toml");
    fake.shop.write(
        "exceptions.toml",
        "schema = \"stanchion.exceptions/1\"\n[[exception]]\nid = \"E\"\nvulnerability = \"CVE-2026-0001\"\nreason = \"x\"\nrequested_by = \"a@example.org\"\napprover = \"ciso@example.org\"\napproved_on = 2026-11-24\nexpires = 2026-12-24\n",
    );
    assert_eq!(fake.told(&scan(&[])).0, 1);
}

#[test]
fn a_token_that_is_not_taken_is_no_reason_to_judge_by_less() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.told(&["push", ".", "--version", "1"]);
    fake.told(&scan(&[]));
    fake.whims.lock().unwrap().always = Some(401);
    let (code, stdout, stderr) = fake.told(&scan(&[]));
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
}
