//! Gates from the command line: which rules close which, missing evidence, dates, and changes that are judged by their base.

use std::fs;

use crate::exceptions::{HEAD, exception};
use serde_json::Value;

use crate::support::{POLICY, SOUND, Scan, Shop, WEAK, list};

/// What closes the build by [`POLICY`].
const CRITICAL: &str = "f.severity == 'critical' && !f.excepted";

#[test]
fn the_presets_judge_without_a_file() {
    let shop = Shop::new();
    shop.remove("policy.toml");
    let scan = shop.scan(&["--policy", "strict"]);
    assert_eq!(scan.code, 1);
    assert!(
        scan.rules().contains(&"strict/build") && scan.rules().contains(&"evidence/database"),
        "{:?}",
        scan.rules()
    );
    let none = shop.scan(&[]);
    assert_eq!(none.rules(), ["default/critical-with-fix"]);
    assert_eq!(shop.scan(&["--policy", "strikt"]).code, 2);
}

#[test]
fn a_role_that_nobody_is_in_is_told_and_closes_the_gate_where_it_has_to_act() {
    let text = POLICY.replace("[\"ciso@example.org\"]", "[]");
    let shop = Shop::with(&[("policy.toml", &text), ("package-lock.json", SOUND)]);
    let (code, _, stderr) = shop.told(&["policy", "check"]);
    assert!(
        code == 0 && stderr.contains("policy.toml:8: role:ciso resolves to nobody"),
        "{stderr}"
    );
    assert_eq!(shop.scan(&[]).code, 0, "nobody was asked to act");
    shop.write(
        "policy.toml",
        POLICY.replace(
            "[roles.members]",
            "responsible = \"role:dev\"\n\n[roles.members]",
        ),
    );
    let scan = shop.scan(&[]);
    assert_eq!(
        (scan.code, scan.rules()),
        (1, vec!["roles/unowned"]),
        "{}",
        scan.reasons()
    );
    assert!(
        scan.reasons()
            .contains("role:dev is responsible for the product \"shop\", and that is nobody")
    );
    shop.write(
        "policy.toml",
        POLICY.replace(
            "[roles.members]",
            "responsible = \"role:dev\"\n\n[roles.members]\n\"role:dev\" = [\"dev@example.org\"]",
        ),
    );
    assert_eq!(shop.scan(&[]).code, 0);
}

/// The dates of the pinned finding: state and due.
fn date_of(scan: &Scan) -> (String, String) {
    let finding = scan.finding("CVE-2021-44906");
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("due"))
}

/// With a gate that closes for what is late, and other words in place of the deadline.
fn late(due: &str, zone: &str) -> Shop {
    let text = POLICY
        .replace("due = \"30d\"", due)
        .replacen("version = \"1\"", &format!("version = \"1\"\n{zone}"), 1)
        .replacen(
            "f.severity == 'critical' && !f.excepted",
            "f.severity == 'critical' && f.overdue_days > 0",
            1,
        );
    Shop::with(&[("policy.toml", &text)])
}

#[test]
fn what_nobody_recorded_counts_as_seen_when_it_was_published_and_a_record_starts_the_time() {
    let shop = late("due = \"30d\"", "");
    let scan = shop.scan(&[]);
    assert_eq!((scan.code, date_of(&scan).0.as_str()), (1, "overdue"));
    assert_eq!(
        scan.finding("CVE-2021-44906")["deadlines"][0]["assumed"],
        true
    );
    shop.scan(&["--record"]);
    let open = ("open".to_owned(), "2026-12-24T23:59:59Z".to_owned());
    assert_eq!(date_of(&shop.scan(&[])), open);
    assert_eq!(date_of(&shop.scan_on("2026-12-24T23:59:59Z", &[])), open);
    let scan = shop.scan_on("2026-12-25", &[]);
    assert_eq!(
        (scan.code, date_of(&scan)),
        (1, ("overdue".to_owned(), open.1.clone()))
    );
    // A later record does not move the first sight, an earlier one does.
    shop.scan_on("2026-12-01", &["--record"]);
    assert_eq!(date_of(&shop.scan(&[])), open);
    shop.scan_on("2026-11-01", &["--record"]);
    assert_eq!(date_of(&shop.scan(&[])).1, "2026-12-01T23:59:59Z");
}

#[test]
fn a_clock_that_was_set_back_wins_no_time() {
    let shop = late("due = \"30d\"", "");
    shop.scan_on("2099-01-01", &["--record"]);
    shop.scan_on("2026-11-24", &["--record"]);
    let scan = shop.scan_now(&[]);
    assert_eq!(
        (scan.code, &scan.report["as_of"]),
        (1, &"2099-01-01T00:00:00Z".into())
    );
    assert!(
        scan.problems().contains(
            "before the last recorded scan at 2099-01-01T00:00:00Z: the later time counts"
        )
    );
    assert_eq!(
        shop.scan(&[]).report["as_of"],
        "2026-11-24T00:00:00Z",
        "a time that is given holds"
    );
}

#[test]
fn days_end_in_the_zone_of_the_policy() {
    // First seen, deadline, end of it.
    for (due, zone, seen, end) in [
        // Clocks go forward in Berlin on 29 March 2026, and back on 25 October: days of 23 and of 25 hours.
        (
            "due = \"1d\"",
            "clock_tz = \"Europe/Berlin\"",
            "2026-03-28T10:00:00Z",
            "2026-03-29T21:59:59Z",
        ),
        (
            "due = \"24h\"",
            "clock_tz = \"Europe/Berlin\"",
            "2026-03-28T22:30:00Z",
            "2026-03-29T22:30:00Z",
        ),
        (
            "due = \"1d\"",
            "clock_tz = \"Europe/Berlin\"",
            "2026-10-24T10:00:00Z",
            "2026-10-25T22:59:59Z",
        ),
        // In Berlin it is already the next day.
        (
            "due = \"1d\"",
            "clock_tz = \"Europe/Berlin\"",
            "2026-03-28T23:30:00Z",
            "2026-03-30T21:59:59Z",
        ),
        (
            "due = \"1mo\"",
            "",
            "2024-01-31T10:00:00Z",
            "2024-02-29T23:59:59Z",
        ),
        (
            "due = \"1mo\"",
            "",
            "2023-01-31T10:00:00Z",
            "2023-02-28T23:59:59Z",
        ),
        (
            "due = \"1y\"",
            "",
            "2024-02-29T10:00:00Z",
            "2025-02-28T23:59:59Z",
        ),
        // A Friday; Saturday, Sunday and a holiday on Tuesday do not count.
        (
            "due = \"2bd\"",
            "holidays = [2026-11-24]",
            "2026-11-20T10:00:00Z",
            "2026-11-25T23:59:59Z",
        ),
        (
            "due = \"2bd\"",
            "weekend = [\"fri\", \"sat\"]",
            "2026-11-20T10:00:00Z",
            "2026-11-23T23:59:59Z",
        ),
        (
            "due = \"1d\"",
            "clock_tz = \"Pacific/Apia\"",
            "2011-12-29T12:00:00Z",
            "2011-12-31T09:59:59Z",
        ),
    ] {
        let shop = late(due, zone);
        shop.scan_on(seen, &["--record"]);
        let last = shop.scan_on(end, &[]);
        assert_eq!(
            (last.code, date_of(&last)),
            (0, ("open".into(), end.into())),
            "{due} {zone} {seen}"
        );
        let second = end.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(1);
        let over = shop.scan_on(&second.to_string(), &[]);
        assert_eq!(
            (over.code, date_of(&over).0.as_str()),
            (1, "overdue"),
            "{due} {zone} {seen}"
        );
    }
}

#[test]
fn times_are_times() {
    let shop = Shop::new();
    for good in [
        "2024-02-29",
        "1970-01-01",
        "0001-01-01",
        "2016-12-31T23:59:60Z",
        "2026-11-24T10:00:00+02:00",
    ] {
        assert!(matches!(shop.scan_on(good, &[]).code, 0 | 1), "{good}");
    }
    for bad in [
        "2023-02-29",
        "2026-13-01",
        "2026-11",
        "20261124",
        "now",
        "9999-12-31",
        "yesterday",
        "2026-11-24T25:00:00Z",
    ] {
        let scan = shop.scan_on(bad, &[]);
        assert!(
            scan.code == 2 && scan.stderr.contains("is no time"),
            "{bad}: {}",
            scan.stderr
        );
    }
}

#[test]
fn missing_evidence_closes_where_the_policy_says_so() {
    let shop = Shop::with(&[
        ("package-lock.json", SOUND),
        ("tools/requirements.txt", "flask\n"),
    ]);
    let scan = shop.scan(&[]);
    assert_eq!(scan.code, 0);
    assert_eq!(
        list(&scan.report["verdict"]["undecided"]).count(),
        1,
        "told all the same"
    );
    let deny = POLICY.replace(
        "at = \"build\"",
        "at = \"build\"\nmissing_evidence = \"deny\"",
    );
    shop.write("policy.toml", &deny);
    let scan = shop.scan(&[]);
    assert_eq!(
        (scan.code, scan.rules()),
        (3, vec!["evidence/unresolved"]),
        "{}",
        scan.reasons()
    );
    // With something that closes the gate besides, that is the answer.
    shop.write("package-lock.json", WEAK);
    assert_eq!(shop.scan(&[]).code, 1);
    shop.write(
        "policy.toml",
        format!("{deny}\n[[discovery]]\nkind = \"sca\"\nevery = \"1d\"\nmax_db_age = \"1d\"\n"),
    );
    assert!(shop.scan(&[]).rules().contains(&"evidence/database"));
}

#[test]
fn each_gate_has_its_rules_and_exit_codes_are_as_documented() {
    let shop = Shop::new();
    for (args, code) in [
        (&[][..], 1),
        (&["--gate", "build"], 1),
        (&["--gate", "release"], 0),
        (&["--gate", "deploy"], 0),
        (&["--gate", "lunch"], 2),
        (&["--policy", "gone.toml"], 2),
        (&["--since", "main"], 2),
    ] {
        let scan = shop.scan(args);
        assert_eq!(scan.code, code, "{args:?}: {}", scan.stderr);
    }
    fs::create_dir(shop.file("empty")).unwrap();
    assert_eq!(shop.scan(&["empty"]).code, 3);
}

#[test]
fn a_change_is_judged_by_its_base() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    assert_eq!(shop.change(&[]).code, 0);
    shop.write("package-lock.json", WEAK);
    let scan = shop.change(&[]);
    assert_eq!((scan.code, scan.rules()), (1, vec!["own/change"]));
    assert_eq!(scan.finding("CVE-2021-44906")["is_new"], true);
    // The change lets itself through.
    shop.write(
        "policy.toml",
        POLICY.replacen("f.is_new && ", "f.kev && ", 1),
    );
    assert_eq!(
        shop.change(&[]).rules(),
        ["change/loosens-policy", "own/change"]
    );
    shop.remove("policy.toml");
    assert_eq!(
        shop.change(&[]).rules(),
        ["change/loosens-policy", "own/change"],
        "nor by taking the policy away"
    );
    shop.write("policy.toml", "schema = 1\n");
    assert_eq!(
        shop.change(&[]).rules(),
        ["change/loosens-policy", "own/change"],
        "nor by breaking it"
    );
}

#[test]
fn only_what_came_in_is_new() {
    let shop = Shop::new().based();
    let scan = shop.change(&[]);
    assert_eq!(
        (scan.code, &scan.finding("CVE-2021-44906")["is_new"]),
        (0, &false.into())
    );
    // Another version of the same package is no new problem, the same in another folder is.
    shop.write("package-lock.json", WEAK.replace("1.2.5", "1.2.4"));
    assert_eq!(shop.change(&[]).code, 0);
    shop.write("other/package-lock.json", WEAK);
    let scan = shop.change(&[]);
    assert_eq!(scan.code, 1);
    let new: Vec<&str> = list(&scan.report["findings"])
        .filter(|finding| finding["is_new"] == true)
        .filter_map(|finding| finding["key"].as_str())
        .collect();
    assert!(
        new.len() >= 3 && new.iter().all(|key| key.starts_with("other|")),
        "{new:?}"
    );
    // Without a base nobody knows, and the rule closes for that.
    let scan = shop.scan(&["--gate", "pull_request"]);
    assert!(
        scan.code == 1 && scan.reasons().contains("f.is_new is not known"),
        "{}",
        scan.reasons()
    );
    assert!(scan.problems().contains("no base was given"));
}

#[test]
fn what_a_change_loosens_needs_whoever_is_accountable() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("policy.toml", POLICY.replace("30d", "60d"));
    let scan = shop.change(&[]);
    assert_eq!(
        (scan.code, scan.rules()),
        (1, vec!["change/loosens-policy"])
    );
    assert!(scan.reasons().contains("policy.toml:13: sla all due critical: from 30d to 60d; it needs the approval of role:ciso"), "{}", scan.reasons());
    for (who, code) in [
        ("ciso@example.org", 0),
        ("CISO@example.org", 0),
        ("role:ciso", 0),
        ("dev@example.org", 1),
        ("role:dev", 1),
        ("", 1),
        ("ciso@example.org.evil.example", 1),
    ] {
        assert_eq!(shop.change(&["--approved-by", who]).code, code, "{who:?}");
    }
    // Whoever the change makes accountable is nobody yet.
    shop.write(
        "policy.toml",
        POLICY
            .replace("ciso@example.org", "mallory@example.org")
            .replace("30d", "60d"),
    );
    assert_eq!(
        shop.change(&["--approved-by", "mallory@example.org"]).code,
        1
    );
    shop.write("policy.toml", POLICY.replace("30d", "10d"));
    assert_eq!(shop.change(&[]).code, 0, "tightening needs nobody");
}

#[test]
fn names_of_a_base_are_names_and_no_options() {
    let shop = Shop::new().based();
    for bad in [
        "-x",
        "--upload-pack=touch x",
        "HEAD:policy.toml",
        "main..change",
        "",
        "gone",
        "main~99",
        "main^{tree}",
        "../x",
        "a\u{1b}[31m",
    ] {
        let scan = shop.scan(&["--gate", "pull_request", &format!("--since={bad}")]);
        assert!(
            scan.code == 2 && scan.stderr.contains("names no commit"),
            "{bad:?}: {}",
            scan.stderr
        );
        assert!(!scan.stderr.contains('\u{1b}'));
    }
    for good in ["main", "HEAD", "@", "refs/heads/main"] {
        assert_eq!(
            shop.scan(&["--gate", "pr", "--since", good]).code,
            0,
            "{good}"
        );
    }
}

#[test]
fn a_minimum_age_is_judged() {
    let text = format!("{POLICY}\n[components]\nminimum_age = \"7d\"\n");
    let shop = Shop::with(&[("policy.toml", &text), ("package-lock.json", SOUND)]);
    let undecided = &shop.scan(&[]).report["verdict"]["undecided"];
    assert_eq!(
        undecided[0]["rule"], "evidence/minimum-age",
        "nobody knows since when a 1.0.0 is"
    );
    let text = text.replacen("[[enforce]]", "[[enforce]]\nmissing_evidence = \"deny\"", 1);
    let scan = Shop::with(&[("policy.toml", &text), ("package-lock.json", SOUND)]).scan(&[]);
    assert_eq!(scan.rules(), ["evidence/minimum-age"]);
}

#[test]
fn a_licence_is_not_exploited() {
    let text = POLICY
        .replacen(CRITICAL, "f.kev && !f.excepted", 1)
        .replacen(
            "at = \"build\"",
            "at = \"build\"\nmissing_evidence = \"deny\"",
            1,
        );
    let shop = Shop::with(&[
        (
            "policy.toml",
            &format!("{text}\n[licences]\nunknown = \"review\"\n"),
        ),
        ("package-lock.json", SOUND),
    ]);
    fs::create_dir_all(shop.bench.file("osv/npm")).unwrap();
    fs::write(shop.bench.file("osv/npm/A-1.json"), r#"{"id":"A-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"other"},"versions":["1"]}]}"#).unwrap();
    assert_eq!(
        shop.told(&["db", "import", shop.bench.file("osv").to_str().unwrap()])
            .0,
        0
    );
    let scan = shop.scan(&[]);
    assert_eq!(scan.code, 0, "{}", scan.reasons());
}

#[test]
fn no_preset_lets_malicious_packages_through() {
    for preset in stanchion_policy::presets::names() {
        let shop = Shop::new();
        assert_eq!(
            shop.told(&["policy", "init", "--yes", "--force", "--preset", preset])
                .0,
            0
        );
        let (code, stdout, _) = shop.told(&["policy", "test"]);
        assert_eq!(code, 0, "{preset}: {stdout}");
    }
}

#[test]
fn an_explanation_says_what_the_scan_says() {
    let text = POLICY
        .replacen(
            "[exceptions]",
            "[exceptions]\non_expiry = \"reopen_restart_clock\"",
            1,
        )
        .replacen(
            CRITICAL,
            "f.severity == 'critical' && f.overdue_days > 0",
            1,
        );
    let ended = HEAD.to_owned()
        + &exception(&[
            ("approved_on", "\"2026-10-01\""),
            ("expires", "\"2026-11-20\""),
        ]);
    let shop = Shop::with(&[("policy.toml", &text), ("exceptions.toml", &ended)]);
    let scan = shop.scan(&[]);
    assert_eq!(
        (scan.code, &scan.finding("CVE-2021-44906")["due"]),
        (0, &"2026-12-20T23:59:59Z".into())
    );
    let (_, stdout, _) = shop.told(&[
        "policy",
        "explain",
        "CVE-2021-44906",
        "--as-of",
        "2026-11-24",
    ]);
    assert!(
        stdout.contains("fix by 2026-12-20") && !stdout.contains("closes the gate"),
        "{stdout}"
    );
}

#[test]
fn the_history_of_a_file_tells_since_when_a_finding_is_there() {
    let shop = Shop::with(&[("web/package-lock.json", SOUND)]);
    shop.remove("package-lock.json");
    shop.git(&["init", "-q", "-b", "main"]);
    let commit = |day: &str| {
        shop.git_on(day, &["add", "-A"]);
        shop.git_on(day, &["commit", "-q", "-m", day]);
    };
    commit("2026-01-01T00:00:00Z");
    shop.write("web/package-lock.json", WEAK);
    commit("2026-11-10T00:00:00Z");
    shop.write("web/package-lock.json", format!("{WEAK}\n"));
    commit("2026-11-20T00:00:00Z");
    let scan = shop.scan(&[]);
    let deadline = &scan.finding("CVE-2021-44906")["deadlines"][0];
    assert_eq!(
        (&deadline["start"], &deadline["assumed"], &deadline["due"]),
        (
            &"2026-11-10T00:00:00Z".into(),
            &Value::Null,
            &"2026-12-10T23:59:59Z".into()
        ),
        "the commit that brought it, and not the last one"
    );
    // Where the history ends too early, nothing is won.
    let clone = Shop::new();
    for file in ["package-lock.json", "policy.toml"] {
        clone.remove(file);
    }
    let from = format!("file://{}", shop.file("").display());
    clone.git(&["clone", "-q", "--depth", "1", &from, "."]);
    let scan = clone.scan(&[]);
    let deadline = &scan.finding("CVE-2021-44906")["deadlines"][0];
    assert_eq!(deadline["assumed"], true, "{deadline}");
    assert!(deadline["start"].as_str().unwrap() < "2026", "{deadline}");
}
