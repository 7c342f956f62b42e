//! Ways around a gate, tried from outside: what a change, a folder below, a document of others or a file with a good name
//! must not reach.

use std::fs;

use serde_json::{Value, json};

use crate::exceptions::{HEAD, exception};

use crate::policy::nested;

use crate::support::{POLICY, SOUND, Scan, Shop, WEAK, list};

use crate::vex::{self, decision, minimist, openvex, trusting};

const BUILD: &str = "f.severity == 'critical' && !f.excepted";

/// A policy that closes nothing.
fn lax() -> String {
    POLICY.replacen(BUILD, "false", 1).replacen(
        "f.is_new && f.severity in ['critical', 'high'] && !f.excepted",
        "false",
        1,
    )
}

/// An exception by somebody else than the policy's approver.
fn by(who: &str) -> String {
    HEAD.to_owned() + &exception(&[("approver", &format!("{who:?}"))])
}

// ---- Which policy judges.

#[test]
fn a_file_does_not_take_the_name_of_a_preset() {
    for name in ["strict", "builtin:strict"] {
        let shop = Shop::with(&[(name, &lax())]);
        assert_eq!(
            shop.scan(&["--policy", name]).report["verdict"]["policy"]["name"],
            "strict",
            "{name}"
        );
    }
}

#[test]
fn a_named_policy_of_the_repository_is_read_from_the_base() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("package-lock.json", WEAK);
    shop.write("policy.toml", lax());
    for named in ["policy.toml", "./policy.toml"] {
        assert_eq!(
            shop.change(&["--policy", named]).rules(),
            ["change/loosens-policy", "own/change"],
            "{named}"
        );
    }
}

#[test]
fn a_named_preset_does_not_hide_new_exceptions() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("exceptions.toml", HEAD.to_owned() + &exception(&[]));
    shop.write("triage.toml", vex::HEAD.to_owned() + &decision(&[]));
    let scan = shop.change(&["--policy", "cra"]);
    let told = list(&scan.report["verdict"]["violations"])
        .filter(|one| one["rule"] == "change/loosens-policy");
    assert_eq!(told.count(), 2, "{}", scan.reasons());
}

#[cfg(unix)]
#[test]
fn what_stands_beside_a_policy_is_not_followed_out_of_the_repository() {
    use std::os::unix::fs::symlink;
    let outside = |name: &str, text: &str| {
        let shop = Shop::new();
        shop.git(&["init", "-q"]);
        fs::write(shop.bench.file("outside"), text).unwrap();
        if shop.file(name).exists() {
            shop.remove(name);
        }
        fs::create_dir_all(shop.file(name).parent().unwrap()).unwrap();
        symlink(shop.bench.file("outside"), shop.file(name)).unwrap();
        shop
    };
    let scan = outside("policy.toml", "password = hunter2").scan(&[]);
    assert!(
        scan.code == 2 && !scan.stderr.contains("hunter2"),
        "{}",
        scan.stderr
    );
    assert_eq!(outside("policy.toml", &lax()).scan(&[]).code, 2);
    assert_eq!(
        outside("exceptions.toml", &(HEAD.to_owned() + &exception(&[])))
            .scan(&[])
            .code,
        1
    );
    assert_eq!(
        outside("triage.toml", &(vex::HEAD.to_owned() + &decision(&[])))
            .scan(&[])
            .code,
        1
    );
    let shop = outside(
        "vex/a.json",
        &openvex("not_affected", &minimist(), vex::NOV_1),
    );
    shop.write("policy.toml", trusting("path = \"vex/*.json\""));
    assert_eq!(shop.scan(&[]).code, 1);
}

#[cfg(unix)]
#[test]
fn a_policy_that_is_no_file_is_no_missing_policy() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]);
    shop.remove("policy.toml");
    fs::create_dir(shop.file("policy.toml")).unwrap();
    assert_eq!(shop.scan(&[]).code, 2);
    fs::remove_dir(shop.file("policy.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", shop.file("policy.toml")).unwrap();
    assert_eq!(shop.scan(&[]).code, 2);
}

#[cfg(unix)]
#[test]
fn a_policy_behind_a_link_in_the_base_still_judges() {
    let shop = Shop::with(&[("package-lock.json", SOUND), ("conf/policy.toml", POLICY)]);
    shop.remove("policy.toml");
    std::os::unix::fs::symlink("conf/policy.toml", shop.file("policy.toml")).unwrap();
    let shop = shop.based();
    shop.write("package-lock.json", WEAK);
    let scan = shop.change(&[]);
    assert!(
        scan.code == 2 || scan.rules() == ["own/change"],
        "{:?}",
        scan.rules()
    );
}

#[test]
fn outside_a_repository_no_folder_above_the_target_has_a_say() {
    let above = "schema = \"vmpolicy/1\"\n[policy]\nid = \"above\"\nversion = \"1\"\n";
    let shop = Shop::with(&[
        ("policy.toml", above),
        ("exceptions.toml", &(HEAD.to_owned() + &exception(&[]))),
        ("in/policy.toml", POLICY),
        ("in/package-lock.json", WEAK),
    ]);
    assert_eq!(shop.scan(&["in"]).code, 1);
}

#[test]
fn what_a_change_excludes_from_the_scan_is_told() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("web/package-lock.json", WEAK);
    shop.write("stanchion.toml", "[scan]\nexclude = [\"web/\"]\n");
    let scan = shop.change(&[]);
    assert!(
        scan.code != 0 || scan.problems().contains("stanchion.toml"),
        "{}",
        scan.problems()
    );
}

#[test]
fn a_package_from_another_registry_is_told_by_its_lockfile() {
    let lock = SOUND.replace(
        "{\"version\":\"1.0.0\"}",
        "{\"version\":\"1.0.0\",\"resolved\":\"https://evil.example/a/-/a-1.0.0.tgz\"}",
    );
    assert!(lock.contains("evil.example"));
    let registry = "[components]\nregistries = { npm = [\"https://registry.npmjs.org\"] }\n";
    let text = format!("{POLICY}\n{registry}");
    let shop = Shop::with(&[("policy.toml", &text), ("package-lock.json", &lock)]);
    assert_eq!(shop.scan(&[]).rules(), ["components/registry"]);
}

// ---- A folder below may only tighten.

#[test]
fn a_folder_below_does_not_choose_who_approves() {
    for more in [
        "[roles.members]\n\"role:ciso\" = [\"mallory@example.org\"]\n",
        "[exceptions]\napprover = \"mallory@example.org\"\n",
        "[roles]\naccountable = \"mallory@example.org\"\n[exceptions]\napprover = { critical = \"mallory@example.org\" }\n",
    ] {
        let shop = nested(POLICY, more);
        shop.write("web/exceptions.toml", by("mallory@example.org"));
        assert_ne!(shop.scan(&["web"]).code, 0, "{more}");
    }
}

#[test]
fn a_folder_below_does_not_fill_a_gap_with_something_looser() {
    let base = POLICY
        .replacen("max_age = \"90d\"", "max_age = { critical = \"90d\" }", 1)
        .replacen(
            "approver = \"role:ciso\"",
            "approver = { critical = \"role:ciso\" }",
            1,
        )
        .replacen("f.severity == 'critical'", "f.severity == 'high'", 1);
    let ids = ("vulnerability", "[\"CVE-2020-8203\", \"CVE-2021-23337\"]");
    let long = HEAD.to_owned() + &exception(&[ids, ("expires", "\"2028-12-31\"")]);
    for (more, file) in [
        ("[exceptions]\nmax_age = { high = \"5y\" }\n", long),
        (
            "[exceptions]\napprover = { high = \"mallory@example.org\" }\n",
            HEAD.to_owned() + &exception(&[ids, ("approver", "\"mallory@example.org\"")]),
        ),
    ] {
        let shop = nested(&base, "");
        shop.write("web/exceptions.toml", &file);
        assert_eq!(shop.scan(&["web"]).code, 1, "without it");
        let shop = nested(&base, more);
        shop.write("web/exceptions.toml", &file);
        assert_ne!(shop.scan(&["web"]).code, 0, "{more}");
    }
}

#[test]
fn an_address_that_only_begins_like_another_is_not_within_it() {
    let base = format!(
        "{POLICY}\n[components]\ngit = [\"https://github.com/acme\"]\nregistries = {{ npm = [\"https://registry.npmjs.org\"] }}\n"
    );
    for more in [
        "[components]\ngit = [\"https://github.com/acme-evil\"]\n",
        "[components]\nregistries = { npm = [\"https://registry.npmjs.org.evil.example\"] }\n",
        "[components]\nregistries = { pypi = [\"https://evil.example\"] }\n",
    ] {
        assert_eq!(nested(&base, more).scan(&["web"]).code, 2, "{more}");
    }
}

#[test]
fn a_folder_below_does_not_loosen_what_the_base_leaves_at_the_usual() {
    for more in [
        "[third_party]\nsla_clock = \"paused_until_fix\"\n",
        "[exceptions]\non_expiry = \"reopen_restart_clock\"\n",
    ] {
        assert_eq!(nested(POLICY, more).scan(&["web"]).code, 2, "{more}");
    }
    let days = nested(
        &POLICY.replace("30d", "30bd"),
        "weekend = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\"]\n",
    );
    assert_eq!(days.scan(&["web"]).code, 2);
}

#[test]
fn a_folder_below_does_not_trust_or_describe_itself() {
    let shop = nested(POLICY, "[[vex]]\npath = \"vex/*.json\"\n");
    shop.write(
        "web/vex/a.json",
        openvex("not_affected", &minimist(), vex::NOV_1),
    );
    assert_ne!(shop.scan(&["web"]).code, 0);
    let base = POLICY.replacen(BUILD, "f.severity == 'critical' && a.exposed", 1);
    let shop = nested(&base, "[[product]]\nname = \"shop\"\nexposed = false\n");
    assert_ne!(shop.scan(&["web"]).code, 0);
}

#[test]
fn a_document_is_trusted_where_the_policy_says_and_nowhere_below() {
    let shop = nested(&trusting("path = \"vex/vendor.json\""), "");
    shop.write(
        "web/vex/vendor.json",
        openvex("not_affected", &minimist(), vex::NOV_1),
    );
    assert_eq!(shop.scan(&["web"]).code, 1);
}

#[test]
fn the_worst_is_due_no_later_than_what_is_less_bad() {
    let text = POLICY
        .replacen("due = \"30d\"", "due = { high = \"14d\" }", 1)
        .replacen(BUILD, "f.overdue_days > 0", 1);
    let scan = Shop::with(&[("policy.toml", &text)]).scan(&[]);
    for id in ["CVE-2021-23337", "CVE-2021-44906"] {
        assert_eq!(scan.finding(id)["state"], "overdue", "{id}");
    }
}

// ---- What a change does to the policy.

fn diff(old: &str, new: &str) -> (i32, String) {
    let shop = Shop::with(&[("old.toml", old), ("new.toml", new)]);
    let (code, stdout, stderr) = shop.told(&["policy", "diff", "old.toml", "new.toml"]);
    (code, stdout + &stderr)
}

#[test]
fn an_approver_or_a_limit_in_a_gap_may_loosen() {
    let base = POLICY
        .replacen("max_age = \"90d\"", "max_age = { critical = \"30d\" }", 1)
        .replacen(
            "approver = \"role:ciso\"",
            "approver = { critical = \"role:ciso\" }",
            1,
        );
    for (from, to) in [
        (
            "{ critical = \"30d\" }",
            "{ critical = \"30d\", high = \"2y\" }",
        ),
        (
            "{ critical = \"role:ciso\" }",
            "{ critical = \"role:ciso\", high = \"mallory@example.org\" }",
        ),
    ] {
        let (code, told) = diff(&base, &base.replacen(from, to, 1));
        assert_eq!(code, 1, "{told}");
    }
}

#[test]
fn what_is_taken_away_is_a_difference() {
    let with = |more: &str| format!("{POLICY}\n{more}\n");
    let denied = "[components]\ndeny = [{ purl = \"pkg:npm/x\", versions = \"<9\" }]";
    let source = "[components]\ngit = [\"https://github.com/acme\"]\nregistries = { npm = [\"https://a.example\"] }";
    for (old, new) in [
        (with(denied), with(&denied.replace("<9", "<1"))),
        (
            with("[[escalate]]\nwhen = \"f.kev\"\nto = \"role:ciso\""),
            with(""),
        ),
        (with(source), with(&source.replace("acme", "acme-evil"))),
        (
            with(source),
            with(&source.replace("] }", "], pypi = [\"https://evil.example\"] }")),
        ),
        (
            POLICY.replacen(
                "version = \"1\"",
                "version = \"1\"\nreview_every = \"30d\"",
                1,
            ),
            POLICY.replacen(
                "version = \"1\"",
                "version = \"1\"\nreview_every = \"1y\"",
                1,
            ),
        ),
        (
            with(""),
            with("[[product]]\nname = \"shop\"\nlifecycle = \"retired\""),
        ),
    ] {
        let (code, told) = diff(&old, &new);
        assert_eq!(code, 1, "{new}: {told}");
    }
}

#[test]
fn an_exception_that_begins_to_hold_needs_approval() {
    let good = HEAD.to_owned() + &exception(&[]);
    for before in [
        &[("approver", "")][..],
        &[("oops", "1")],
        &[("approver", "\"dev@example.org\"")],
        &[("approved_on", "\"2020-01-01\"")],
        &[("requested_by", "\"ciso@example.org\"")],
        &[("approved_on", "\"2026-12-30\"")],
    ] {
        let shop = Shop::with(&[("exceptions.toml", &(HEAD.to_owned() + &exception(before)))]);
        assert_eq!(
            shop.scan(&[]).code,
            1,
            "{before:?}: it does not hold before"
        );
        let shop = shop.based();
        shop.write("exceptions.toml", &good);
        assert_eq!(
            shop.change(&[]).rules(),
            ["change/loosens-policy"],
            "{before:?}"
        );
    }
}

#[test]
fn a_decision_that_begins_to_win_needs_approval() {
    let file = |on: &str, rest: &str| format!("{}{}{rest}", vex::HEAD, decision(&[("on", on)]));
    let open = decision(&[
        ("status", "\"affected\""),
        ("justification", ""),
        ("action", "\"wait\""),
        ("on", "2026-11-10"),
    ]);
    for (before, after) in [
        (file("2026-11-01", &open), file("2026-11-01", "")),
        (file("2026-11-01", &open), file("2026-11-20", &open)),
        (file("2099-01-01", ""), file("2026-11-20", "")),
    ] {
        let shop = Shop::with(&[("triage.toml", &before)]);
        assert_eq!(shop.scan(&[]).code, 1, "it does not win before");
        let shop = shop.based();
        shop.write("triage.toml", &after);
        assert_eq!(shop.scan(&[]).code, 0, "and does after");
        assert_eq!(
            shop.change(&[]).rules(),
            ["change/loosens-policy"],
            "{after}"
        );
    }
}

// ---- Exceptions.

fn judged(text: &str) -> Scan {
    Shop::with(&[("exceptions.toml", text)]).scan(&[])
}

#[test]
fn an_empty_path_is_malformed() {
    for field in ["path", "paths"] {
        let scan = judged(&(HEAD.to_owned() + &exception(&[(field, "\"\"")])));
        assert_eq!(
            (scan.code, scan.exception("EX-1").0),
            (1, "malformed"),
            "{field}"
        );
    }
}

#[test]
fn a_star_behind_a_name_is_no_wider_than_the_name() {
    for purl in ["pkg:npm/x#*", "pkg:npm/minimistx#*", "pkg:npm/minimist?a=*"] {
        let scan = judged(&(HEAD.to_owned() + &exception(&[("purl", &format!("{purl:?}"))])));
        assert_eq!(
            (scan.code, scan.exception("EX-1").0),
            (1, "malformed"),
            "{purl}"
        );
    }
}

#[test]
fn a_file_without_schema_is_not_in_force() {
    let scan = judged(&exception(&[]));
    assert_eq!(scan.code, 1, "{}", scan.problems());
    assert_eq!(
        Shop::with(&[("triage.toml", &decision(&[]))])
            .scan(&[])
            .code,
        1
    );
}

#[test]
fn nobody_approves_their_own_under_another_name() {
    let two = POLICY.replace(
        "[\"ciso@example.org\"]",
        "[\"ciso@example.org\", \"deputy@example.org\"]",
    );
    for (asked, approver) in [
        ("ciso@example.org", "role:ciso"),
        ("role:ciso", "ciso@example.org"),
        ("ciso@example.org\u{200b}", "ciso@example.org"),
        ("ciso@example.org\u{ad}", "ciso@example.org"),
        ("Ciso <ciso@example.org>", "ciso@example.org"),
    ] {
        let text = HEAD.to_owned()
            + &exception(&[
                ("requested_by", &format!("\"{asked}\"")),
                ("approver", &format!("\"{approver}\"")),
            ]);
        let shop = Shop::with(&[("policy.toml", &two), ("exceptions.toml", &text)]);
        assert_eq!(shop.scan(&[]).code, 1, "{asked:?} and {approver:?}");
    }
}

#[test]
fn a_role_in_a_role_is_not_somebody() {
    for members in ["[\"role:nobody\"]", "[\"role:dev\"]", "[]"] {
        let text = POLICY.replace(
            "[roles.members]",
            &format!("responsible = \"role:dev\"\n\n[roles.members]\n\"role:dev\" = {members}"),
        );
        let shop = Shop::with(&[("policy.toml", &text), ("package-lock.json", SOUND)]);
        assert_eq!(shop.scan(&[]).rules(), ["roles/unowned"], "{members}");
    }
}

#[test]
fn what_does_not_hold_for_a_critical_finding_is_not_given_out() {
    let policy = POLICY.replacen(
        "approver = \"role:ciso\"",
        "approver = { critical = \"role:ciso\", low = \"dev@example.org\" }",
        1,
    );
    let text = HEAD.to_owned()
        + &exception(&[
            ("approver", "\"dev@example.org\""),
            ("requested_by", "\"a@example.org\""),
            ("purl", "\"pkg:npm/minimist\""),
            ("justification", "\"component_not_present\""),
        ]);
    let shop = Shop::with(&[("policy.toml", &policy), ("exceptions.toml", &text)]);
    assert_eq!(shop.scan(&[]).exception("EX-1").0, "against_policy");
    let (_, stdout, _) = shop.told(&[
        "exception",
        "export",
        "--for",
        "trivy",
        "--as-of",
        "2026-11-24",
    ]);
    assert!(!stdout.contains("CVE-2021-44906"), "{stdout}");
    let (_, stdout, _) = shop.told(&["vex", "export", "--author", "Acme", "--as-of", "2026-11-24"]);
    assert!(!stdout.contains("not_affected"), "{stdout}");
}

#[test]
fn an_export_is_written_with_the_flag_that_help_shows() {
    let shop = Shop::with(&[("exceptions.toml", &(HEAD.to_owned() + &exception(&[])))]);
    let (code, _, stderr) = shop.told(&[
        "exception",
        "export",
        "--for",
        "trivy",
        "--as-of",
        "2026-11-24",
        "-o",
        ".trivyignore.yaml",
    ]);
    assert_eq!(code, 0, "{stderr}");
}

// ---- VEX.

/// The scan of a shop whose policy trusts this document.
fn with_vex(document: &str) -> Scan {
    Shop::with(&[
        ("policy.toml", &trusting("path = \"vex/*.json\"")),
        ("vex/a.json", document),
    ])
    .scan(&[])
}

fn cyclonedx(product: &Value, components: &Value, about: &str) -> String {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "timestamp": vex::NOV_1, "component": product }, "components": components,
        "vulnerabilities": [{ "id": "CVE-2021-44906", "analysis": { "state": "not_affected", "justification": "code_not_present" }, "affects": [{ "ref": about }] }],
    })
    .to_string()
}

#[test]
fn a_product_known_by_its_hash_is_not_ours() {
    let hash = "a".repeat(64);
    let product =
        json!({ "@id": "", "hashes": { "sha-256": hash }, "subcomponents": [minimist()] });
    assert_eq!(
        with_vex(&openvex("not_affected", &product, vex::NOV_1)).code,
        1
    );
    let product = json!({ "type": "application", "bom-ref": "a", "name": "other", "hashes": [{ "alg": "SHA-256", "content": hash }] });
    let components = json!([{ "type": "library", "bom-ref": "m", "name": "minimist", "purl": "pkg:npm/minimist@1.2.5" }]);
    let scan = with_vex(&cyclonedx(&product, &components, "m"));
    assert_eq!(scan.finding("CVE-2021-44906")["statements"], Value::Null);
}

#[test]
fn a_statement_about_a_part_of_a_component_is_not_about_the_component() {
    let components = json!([{ "type": "library", "bom-ref": "w", "name": "shop", "components": [
        { "type": "library", "bom-ref": "m", "name": "minimist", "purl": "pkg:npm/minimist@1.2.5", "components": [
            { "type": "library", "bom-ref": "z", "name": "z", "purl": "pkg:npm/z@1.0.0" }] }] }]);
    let scan = with_vex(&cyclonedx(
        &json!({ "type": "application", "bom-ref": "a", "name": "shop" }),
        &components,
        "z",
    ));
    let closed =
        list(&scan.report["findings"]).filter(|finding| finding["state"] == "not_affected");
    assert_eq!(closed.count(), 0);
}

#[test]
fn a_vex_document_is_no_inventory() {
    let components = json!([{ "type": "library", "bom-ref": "m", "name": "minimist", "version": "1.2.5", "purl": "pkg:npm/minimist@1.2.5" }]);
    let scan = with_vex(&cyclonedx(
        &json!({ "type": "application", "bom-ref": "a", "name": "other" }),
        &components,
        "m",
    ));
    assert_eq!(scan.report["components"], 2, "{}", scan.reasons());
}

#[test]
fn a_package_of_another_release_of_a_distribution_is_another() {
    let shop = Shop::with(&[("policy.toml", &trusting("path = \"vex/*.json\""))]);
    let advisory = json!({ "id": "DSA-1", "modified": vex::NOV_1, "summary": "x",
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
        "affected": [{ "package": { "ecosystem": "Debian:12", "name": "curl" }, "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "9" }] }] }] });
    fs::create_dir_all(shop.bench.file("osv/Debian")).unwrap();
    fs::write(
        shop.bench.file("osv/Debian/DSA-1.json"),
        advisory.to_string(),
    )
    .unwrap();
    assert_eq!(
        shop.told(&["db", "import", shop.bench.file("osv").to_str().unwrap()])
            .0,
        0
    );
    shop.remove("package-lock.json");
    let bill = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "bom-ref": "c", "name": "curl", "version": "7.88.1-10", "purl": "pkg:deb/debian/curl@7.88.1-10?distro=debian-12" }] });
    shop.write("bom.json", bill.to_string());
    assert_eq!(shop.scan(&[]).code, 1);
    for product in [
        json!({ "@id": "debian-11", "identifiers": { "cpe23": "cpe:2.3:o:debian:debian_linux:11:*:*:*:*:*:*:*" } }),
        json!({ "@id": "https://vendor.example/appliance" }),
    ] {
        let mut product = product;
        product["subcomponents"] = json!([{ "@id": "pkg:deb/debian/curl" }]);
        let document =
            openvex("not_affected", &product, vex::NOV_1).replace("CVE-2021-44906", "DSA-1");
        shop.write("vex/a.json", document);
        assert_eq!(shop.scan(&[]).code, 1, "{product}");
    }
}

#[test]
fn a_decision_grows_no_wider_when_it_is_given_out() {
    for change in [("path", "\"web/**\""), ("purl", "\"pkg:npm/mini*\"")] {
        let shop = Shop::with(&[(
            "triage.toml",
            &(vex::HEAD.to_owned() + &decision(&[change])),
        )]);
        let (code, stdout, stderr) =
            shop.told(&["vex", "export", "--author", "Acme", "--as-of", "2026-11-24"]);
        assert!(
            code == 2 && stdout.is_empty(),
            "{change:?}: {stdout}{stderr}"
        );
    }
}

#[test]
fn a_decision_for_one_version_can_be_given_out() {
    let shop = Shop::with(&[(
        "triage.toml",
        &(vex::HEAD.to_owned() + &decision(&[("versions", "\"1.2.5\"")])),
    )]);
    let (code, stdout, stderr) =
        shop.told(&["vex", "export", "--author", "Acme", "--as-of", "2026-11-24"]);
    assert!(
        code == 0 && stdout.contains("pkg:npm/minimist@1.2.5"),
        "{stderr}"
    );
}

// ---- Cost, and what is promised.

#[test]
fn a_glob_that_cannot_be_compiled_is_malformed() {
    let deep = format!("{}a{}", "{".repeat(500), "}".repeat(500));
    let scan = judged(&(HEAD.to_owned() + &exception(&[("path", &format!("{deep:?}"))])));
    assert_eq!(
        (scan.code, scan.exception("EX-1").0),
        (1, "malformed"),
        "{}",
        scan.stderr
    );
    let product = format!("{POLICY}\n[[product]]\nname = \"x\"\npaths = [{deep:?}]\n");
    assert_eq!(Shop::with(&[("policy.toml", &product)]).scan(&[]).code, 2);
}

#[test]
fn extending_the_same_files_again_and_again_is_refused() {
    let on = |name: &str| format!("extends = [{}]", vec![format!("{name:?}"); 10].join(", "));
    let shop = Shop::with(&[(
        "policy.toml",
        &POLICY.replacen(
            "version = \"1\"",
            &format!("version = \"1\"\n{}", on("p1.toml")),
            1,
        ),
    )]);
    for level in 1..4 {
        let more = if level == 3 {
            String::new()
        } else {
            on(&format!("p{}.toml", level + 1))
        };
        // Rules of a file that is joined twice stand twice: that can be seen without waiting for minutes.
        shop.write(&format!("p{level}.toml"), format!("schema = \"vmpolicy/1\"\n[policy]\nid = \"p\"\nversion = \"1\"\n{more}\n[[escalate]]\nwhen = \"f.kev\"\nto = \"owner\"\n"));
    }
    let (code, stdout, stderr) = shop.told(&["policy", "render", "-o", "json"]);
    assert!(
        code == 2 || stdout.matches("known exploited").count() <= 3,
        "{code} {} {stderr}",
        stdout.len()
    );
}

#[test]
fn days_since_an_end_are_days_of_the_calendar() {
    let scan = judged(&(HEAD.to_owned() + &exception(&[("expires", "\"2026-11-23\"")])));
    assert!(
        scan.exception("EX-1").2.contains("yesterday"),
        "{}",
        scan.exception("EX-1").2
    );
}
