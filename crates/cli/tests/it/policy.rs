//! `policy.toml` from the command line: found, joined, checked, enforced at each gate, explained, tested and compared.
//!
//! `docs/policy.md` is held against the program here: its examples are read, its tables are those of the code.

use std::fs;

use serde_json::Value;

use stanchion_policy::condition::{Field, Phase};

use stanchion_policy::presets;

use crate::support::{Bench, POLICY, Shop, WEAK, root};

/// The blocks of a document in a notation, each with its line.
fn blocks(document: &str, notation: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in document.lines().enumerate() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some((_, text)) => text.extend([line, "\n"]),
            None if line == format!("```{notation}") => open = Some((at + 1, String::new())),
            None => {}
        }
    }
    blocks
}

fn docs(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

#[test]
fn the_examples_of_the_documentation_can_be_used() {
    let mut count = 0;
    for name in ["policy.md", "exceptions.md"] {
        for (line, text) in blocks(&docs(name), "toml") {
            count += 1;
            let shop = Shop::new();
            let file = if text.contains("\"stanchion.exceptions/") {
                "exceptions.toml"
            } else if text.contains("\"stanchion.triage/") {
                "triage.toml"
            } else {
                "policy.toml"
            };
            let head = "schema = \"vmpolicy/1\"\n[policy]\nid = \"x\"\nversion = \"1\"\n";
            let whole = file != "policy.toml" || text.contains("schema = ");
            shop.write(
                file,
                if whole {
                    text.clone()
                } else {
                    format!("{head}{text}")
                },
            );
            let (code, _, stderr) = shop.told(&["policy", "check"]);
            assert_eq!(code, 0, "{name}:{line}: {stderr}");
            assert!(
                !stderr.contains(&format!("{file}:")) || file == "policy.toml",
                "{name}:{line}: {stderr}"
            );
            if text.contains("[[case]]") {
                let (code, stdout, _) = shop.told(&["policy", "test"]);
                assert_eq!(code, 0, "{name}:{line}: {stdout}");
            }
            if file == "exceptions.toml" {
                let (code, stdout, _) = shop.told(&["exception", "list", "--as-of", "2026-11-24"]);
                assert!(
                    code == 0 && !stdout.contains("malformed"),
                    "{name}:{line}: {stdout}"
                );
            }
        }
    }
    assert!(count >= 4, "{count} examples");
}

/// Holds a table of a document, found by its head, against rows; `UPDATE_DOCS=1` writes it anew.
fn table_is(name: &str, head: &str, rows: &[String]) {
    let text = docs(name);
    let begin = text.find(head).unwrap() + head.len();
    let end = text[begin..]
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('|'))
        .map(str::len)
        .sum::<usize>()
        + begin;
    let want = rows.iter().fold(String::new(), |all, row| all + row + "\n");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let new = format!("{}{want}{}", &text[..begin], &text[end..]);
        fs::write(root().join("docs").join(name), new).unwrap();
        return;
    }
    assert_eq!(
        &text[begin..end],
        want,
        "docs/{name}: run the test with UPDATE_DOCS=1"
    );
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_program() {
    let variables: Vec<String> = Field::ALL
        .iter()
        .map(|field| {
            let words: Vec<String> = field
                .words()
                .iter()
                .map(|word| format!("`{word}`"))
                .collect();
            let words = if words.is_empty() {
                String::new()
            } else {
                format!(": {}", words.join(", "))
            };
            let phase = if field.phase() == Phase::Verdict {
                "gates"
            } else {
                "all"
            };
            let (name, kind, about) = (field.name(), field.kind(), field.about());
            format!("| `{name}` | {kind} | {phase} | {about}{words} |")
        })
        .collect();
    let head = "| variable | type | asked in | says |\n|---|---|---|---|\n";
    table_is("policy.md", head, &variables);
    let rows: Vec<String> = presets::REGISTRY
        .iter()
        .map(|preset| format!("| `{}` | {} |", preset.name, preset.about))
        .collect();
    let head = "| preset | what it is for |\n|---|---|\n";
    table_is("policy.md", head, &rows);
}

/// Sections of the three files, with what must be there where its lack would hide the rest.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("policy.toml", "[policy]", ""),
    ("policy.toml", "[roles]", ""),
    ("policy.toml", "[resources]", ""),
    (
        "policy.toml",
        "[[resources.training]]",
        "who = \"a\"\nwhat = \"b\"",
    ),
    (
        "policy.toml",
        "[[resources.contacts]]",
        "name = \"a\"\naddress = \"b\"",
    ),
    ("policy.toml", "[[discovery]]", ""),
    ("policy.toml", "[[sla]]", ""),
    ("policy.toml", "[third_party]", ""),
    ("policy.toml", "[third_party.no_patch]", ""),
    ("policy.toml", "[components]", ""),
    ("policy.toml", "[[components.deny]]", "purl = \"pkg:npm/a\""),
    ("policy.toml", "[licences]", ""),
    ("policy.toml", "[exceptions]", ""),
    ("policy.toml", "[[enforce]]", ""),
    ("policy.toml", "[[escalate]]", ""),
    ("policy.toml", "[report]", ""),
    ("policy.toml", "[[product]]", ""),
    ("policy.toml", "[[supplier]]", ""),
    ("policy.toml", "[[vex]]", ""),
    ("policy.toml", "[[case]]", ""),
    ("policy.toml", "[[case]]\n[case.clocks]", ""),
    ("policy.toml", "[[case]]\n[case.expect]", ""),
    ("exceptions.toml", "[[exception]]", ""),
    ("triage.toml", "[[decision]]", ""),
];

/// Every field that a section takes stands in the documentation: the sections say themselves what they take.
#[test]
fn every_field_is_documented() {
    for (file, section, needed) in SECTIONS {
        let (document, schema) = match *file {
            "policy.toml" => ("policy.md", "vmpolicy/1"),
            "exceptions.toml" => ("exceptions.md", "stanchion.exceptions/1"),
            _ => ("exceptions.md", "stanchion.triage/1"),
        };
        let shop = Shop::new();
        let odd = "qqqqqqqqqqqqqqqqqqqqqq = 1";
        shop.write(
            file,
            format!("schema = {schema:?}\n{section}\n{needed}\n{odd}\n"),
        );
        let (_, _, said) = shop.told(&["policy", "check"]);
        let known = said
            .split("known are ")
            .nth(1)
            .unwrap_or_else(|| panic!("{section}: {said}"));
        let text = docs(document);
        for field in known.split(['\n', ')']).next().unwrap().split(", ") {
            let there = ["`", "."].iter().any(|before| {
                ["`", "]]`"]
                    .iter()
                    .any(|after| text.contains(&format!("{before}{field}{after}")))
            });
            assert!(
                there,
                "docs/{document} says nothing of `{field}` in {section}"
            );
        }
    }
}

#[test]
fn from_the_first_policy_to_an_open_gate() {
    let shop = Shop::new();
    shop.remove("policy.toml");
    let (code, _, said) = shop.told(&[
        "policy",
        "init",
        "--yes",
        "--organisation",
        "Acme",
        "--accountable",
        "ciso@acme.example",
    ]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        shop.told(&["policy", "init", "--yes"]).0,
        2,
        "a file is not written over"
    );
    let (code, stdout, _) = shop.told(&["policy", "check"]);
    assert!(code == 0 && stdout.contains("4 gate rules"), "{stdout}");
    assert_eq!(shop.told(&["policy", "test"]).0, 0);
    let scan = shop.scan(&[]);
    assert_eq!(
        (scan.code, scan.rules()),
        (1, vec!["startup/build"]),
        "{}",
        scan.stderr
    );
    assert_eq!(
        scan.report["verdict"]["policy"]["name"],
        "acme-vulnerability-management"
    );
    let (code, _, said) = shop.told(
        &[
            &["exception", "add", "CVE-2021-44906", "--id", "EX-1"][..],
            &["--purl", "pkg:npm/minimist", "--reason", "only in tests"],
            &["--requested-by", "dev@acme.example"],
            &["--approver", "ciso@acme.example"],
            &["--approved-on", "2026-11-20", "--expires", "2027-01-31"],
        ]
        .concat(),
    );
    assert_eq!(code, 0, "{said}");
    let scan = shop.scan(&[]);
    assert_eq!(
        (scan.code, scan.exception("EX-1").0),
        (0, "applied"),
        "{}",
        scan.reasons()
    );
    let finding = scan.finding("CVE-2021-44906");
    assert_eq!(
        (&finding["state"], &finding["exception"]),
        (&"excepted".into(), &"EX-1".into())
    );
}

#[test]
fn every_preset_can_be_begun_with_alone_and_with_another() {
    let names: Vec<&str> = presets::names().collect();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at..] {
            let shop = Shop::new();
            let (code, _, said) = shop.told(&[
                "policy", "init", "--yes", "--force", "--preset", one, "--preset", other,
            ]);
            assert_eq!(
                code,
                i32::from(one == other) * code,
                "{one} {other}: {said}"
            );
            if code == 0 {
                assert_eq!(shop.told(&["policy", "check"]).0, 0, "{one} {other}");
                assert_eq!(
                    shop.told(&["policy", "render", "-o", "json"]).0,
                    0,
                    "{one} {other}"
                );
            }
        }
    }
}

#[test]
fn mistakes_are_named_with_their_line_and_the_nearest_word() {
    for (from, to, line, said) in [
        (
            "not_self_approved",
            "not_self_aproved",
            19,
            "did you mean `not_self_approved`",
        ),
        (
            "[exceptions]",
            "[exeptions]",
            17,
            "did you mean `exceptions`",
        ),
        (
            "f.severity == 'critical'",
            "f.sevrity == 'critical'",
            25,
            "did you mean f.severity",
        ),
        (
            "f.severity == 'critical'",
            "f.severity == 'critcal'",
            25,
            "did you mean 'critical'",
        ),
        (
            "f.severity == 'critical'",
            "f.kev == 'yes'",
            25,
            "a bool cannot be compared with a string",
        ),
        (
            "at = \"build\"",
            "at = \"biuld\"",
            24,
            "did you mean \"build\"",
        ),
        ("due = \"30d\"", "due = \"3m\"", 15, "write 3min or 3mo"),
        (
            "due = \"30d\"",
            "due = \"30d\"\nwhen = \"f.excepted\"",
            16,
            "not known yet when deadlines are set",
        ),
        (
            "version = \"1\"",
            "version = \"1\"\nversion = \"2\"",
            6,
            "duplicate key",
        ),
        (
            "version = \"1\"",
            "version = \"1\"\nclock_tz = \"Berlin\"",
            6,
            "did you mean Europe/Berlin",
        ),
        (
            "id = \"own/change\"",
            "id = \"own/build\"",
            27,
            "already on line 22",
        ),
    ] {
        let shop = Shop::with(&[("policy.toml", &POLICY.replacen(from, to, 1))]);
        let (code, _, stderr) = shop.told(&["policy", "check"]);
        assert_eq!(code, 2, "{to}: {stderr}");
        assert!(
            stderr.contains(&format!("policy.toml:{line}: ")) && stderr.contains(said),
            "{to}: {stderr}"
        );
        assert_eq!(
            shop.scan(&[]).code,
            2,
            "nothing is judged by half a policy: {to}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = POLICY
        .replace("at = \"build\"", "at = \"biuld\"")
        .replace("30d", "30x");
    let (code, _, stderr) = Shop::with(&[("policy.toml", &text)]).told(&["policy", "check"]);
    assert_eq!(
        (code, stderr.matches("error: ").count()),
        (2, 2),
        "{stderr}"
    );
}

#[test]
fn what_is_no_text_of_a_policy_is_refused_and_what_only_looks_odd_is_not() {
    for (text, code) in [
        (format!("\u{feff}{POLICY}").into_bytes(), 0),
        (POLICY.replace('\n', "\r\n").into_bytes(), 0),
        (
            POLICY
                .replace(
                    "[policy]\nid = \"shop\"\nversion = \"1\"",
                    "policy.id = \"shop\"\npolicy.version = \"1\"",
                )
                .into_bytes(),
            0,
        ),
        (format!("{POLICY}\0").into_bytes(), 2),
        ([POLICY.as_bytes(), b"# \xff"].concat(), 2),
        (format!("{POLICY}[policy]\nid = \"x\"\n").into_bytes(), 2),
        (POLICY.replace("vmpolicy/1", "vmpolicy/2").into_bytes(), 2),
        (format!("{POLICY}#{}", "x".repeat(1 << 20)).into_bytes(), 2),
        (Vec::new(), 2),
    ] {
        let shop = Shop::new();
        shop.write("policy.toml", &text);
        let (got, _, stderr) = shop.told(&["policy", "check"]);
        assert_eq!(got, code, "{stderr}");
    }
}

#[test]
fn conditions_that_are_made_to_cost_are_refused_when_they_are_read() {
    for deny in [
        "(".repeat(1500) + "true" + &")".repeat(1500),
        "(".repeat(40) + "true" + &")".repeat(40),
        vec!["f.kev"; 300].join(" || "),
        "f.cwes.exists(x, f.cwes.exists(y, x == y))".into(),
        "f.cwes.map(x, x + x).map(y, y + y).size() > 1".into(),
        "f.name.matches('(a{1,1000}){1,1000}')".into(),
        "f.name.matches(f.version)".into(),
        format!("f.name == '{}'", "x".repeat(300)),
        "9223372036854775808 > 1".into(),
        "f.score > 1 && now() > 3".into(),
    ] {
        let text = POLICY.replacen("f.severity == 'critical' && !f.excepted", &deny, 1);
        let (code, _, stderr) = Shop::with(&[("policy.toml", &text)]).told(&["policy", "check"]);
        assert!(code == 2 && stderr.contains("`deny`: "), "{deny}: {stderr}");
    }
    // Linear in the text whatever the pattern, and a thousand rules are asked once for each set of facts.
    let rules = (0..900).fold(POLICY.to_owned(), |all, at| {
        let deny = format!("f.name.matches('(a|aa)+{at}$')");
        format!("{all}[[enforce]]\nid = \"r{at}\"\nat = \"build\"\ndeny = \"{deny}\"\n")
    });
    assert_eq!(Shop::with(&[("policy.toml", &rules)]).scan(&[]).code, 1);
}

#[test]
fn what_is_built_on_is_found_and_circles_and_contradictions_are_named() {
    let on = |what: &str| {
        POLICY.replacen(
            "version = \"1\"",
            &format!("version = \"1\"\nextends = [{what}]"),
            1,
        )
    };
    let other = |what: &str| {
        format!("schema = \"vmpolicy/1\"\n[policy]\nid = \"o\"\nversion = \"1\"\n{what}\n")
    };
    for (own, files, said) in [
        (on("\"policy.toml\""), vec![], "policy.toml → policy.toml"),
        (
            on("\"a.toml\""),
            vec![
                ("a.toml", other("extends = [\"b.toml\"]")),
                ("b.toml", other("extends = [\"./a.toml\"]")),
            ],
            "a.toml → b.toml → a.toml",
        ),
        (on("\"strict\""), vec![], "a preset is named builtin:strict"),
        (
            on("\"builtin:strickt\""),
            vec![],
            "there is no preset \"strickt\"",
        ),
        (on("\"gone.toml\""), vec![], "cannot be read"),
        (on("\"/dev/zero\""), vec![], "no regular file"),
        (
            on("\"a.toml\""),
            vec![("a.toml", other("[exceptions]\nmax_age = \"10d\""))],
            "is looser than in a.toml:6",
        ),
        (
            on("\"a.toml\", \"b.toml\""),
            vec![
                ("a.toml", other("review_every = \"1mo\"")),
                ("b.toml", other("review_every = \"30d\"")),
            ],
            "contradict each other",
        ),
        (
            on("\"a.toml\""),
            vec![(
                "a.toml",
                other("[[enforce]]\nid = \"own/build\"\nat = \"build\"\ndeny = \"f.kev\""),
            )],
            "is already in a.toml:5",
        ),
        (
            on("\"a.toml\""),
            vec![
                ("a.toml", other("clock_tz = \"Europe/Berlin\"")),
                ("x", String::new()),
            ],
            "",
        ),
    ] {
        let shop = Shop::with(&[("policy.toml", &own)]);
        for (name, text) in files {
            shop.write(name, text);
        }
        let (code, _, stderr) = shop.told(&["policy", "check"]);
        assert_eq!(
            code,
            if said.is_empty() { 0 } else { 2 },
            "{said}: {stderr}"
        );
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
}

#[test]
fn a_path_of_extends_stays_in_the_repository() {
    let shop = Shop::new();
    fs::write(
        shop.bench.file("outside.toml"),
        "schema = \"vmpolicy/1\"\n[policy]\nid = \"o\"\nversion = \"1\"\n",
    )
    .unwrap();
    shop.git(&["init", "-q"]);
    shop.write(
        "policy.toml",
        POLICY.replacen(
            "version = \"1\"",
            "version = \"1\"\nextends = [\"../outside.toml\"]",
            1,
        ),
    );
    let (code, _, stderr) = shop.told(&["policy", "check"]);
    assert!(
        code == 2 && stderr.contains("leads out of the repository"),
        "{stderr}"
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(shop.bench.file("outside.toml"), shop.file("link.toml"))
            .unwrap();
        shop.write(
            "policy.toml",
            POLICY.replacen(
                "version = \"1\"",
                "version = \"1\"\nextends = [\"link.toml\"]",
                1,
            ),
        );
        let (code, _, stderr) = shop.told(&["policy", "check"]);
        assert!(
            code == 2 && stderr.contains("leads out of the repository"),
            "{stderr}"
        );
    }
}

/// A policy for a folder below, with more in it.
pub(crate) fn below(more: &str) -> String {
    format!("schema = \"vmpolicy/1\"\n[policy]\nid = \"web\"\nversion = \"1\"\n{more}")
}

/// A repository with a policy at its root and a project below, whose own policy says more.
pub(crate) fn nested(base: &str, more: &str) -> Shop {
    let shop = Shop::with(&[
        ("policy.toml", base),
        ("web/package-lock.json", WEAK),
        ("web/policy.toml", &below(more)),
    ]);
    shop.remove("package-lock.json");
    shop.git(&["init", "-q"]);
    shop
}

#[test]
fn a_folder_below_may_tighten_and_not_loosen() {
    assert_eq!(nested(POLICY, "").scan(&["web"]).rules(), ["own/build"]);
    let shop = nested(
        POLICY,
        "[[enforce]]\nid = \"web/build\"\nat = \"build\"\ndeny = \"f.severity == 'high'\"\n",
    );
    assert_eq!(shop.scan(&["web"]).rules(), ["own/build", "web/build"]);
    assert_eq!(
        shop.scan(&["web"]).report["verdict"]["policy"]["name"],
        "web"
    );
    for more in [
        "[exceptions]\nmax_age = \"91d\"\n",
        "[exceptions]\nmax_age = { critical = \"1y\" }\n",
        "[exceptions]\nnot_self_approved = false\n",
        "[[enforce]]\nid = \"own/build\"\nat = \"build\"\ndeny = \"false\"\n",
        "[[sla]]\nid = \"all\"\ndue = \"1y\"\n",
        "extends = [\"../policy.toml\"]\n[exceptions]\nmax_age = \"91d\"\n",
    ] {
        let scan = nested(POLICY, more).scan(&["web"]);
        assert_eq!(scan.code, 2, "{more}: {}", scan.stderr);
    }
    // The search ends at the root of the repository.
    let shop = Shop::with(&[("web/package-lock.json", WEAK)]);
    fs::create_dir(shop.file("web/.git")).unwrap();
    shop.run(&["scan", "web"]);
    Shop::git(&shop, &["init", "-q", "web"]);
    assert_eq!(shop.scan(&["web"]).rules(), ["default/critical-with-fix"]);
}

#[test]
fn tests_of_a_policy_hold_or_do_not() {
    let case = |expect: &str| {
        format!(
            "{POLICY}\n[[case]]\nname = \"a\"\nf = {{ severity = \"critical\" }}\nexpect = {{ {expect} }}\n"
        )
    };
    let shop = Shop::new();
    assert_eq!(shop.told(&["policy", "test"]).0, 2, "no test is no success");
    for (expect, code) in [
        ("denied = true", 0),
        ("denied = false", 1),
        ("due = \"2026-02-14\"", 0),
        ("due = \"2026-02-13\"", 1),
        ("due = \"none\"", 1),
        ("rule = \"own/build\"", 0),
        ("rule = \"all\"", 1),
        ("denid = true", 2),
    ] {
        shop.write("policy.toml", case(expect));
        let (got, stdout, stderr) = shop.told(&["policy", "test"]);
        assert_eq!(got, code, "{expect}: {stdout}{stderr}");
    }
    shop.write("policy.toml", POLICY);
    shop.write(
        "policy.test.toml",
        "[[case]]\nname = \"beside\"\nexpect = { denied = true }\n",
    );
    let (code, stdout, _) = shop.told(&["policy", "test"]);
    assert!(code == 1 && stdout.contains("FAIL  beside"), "{stdout}");
    shop.write(
        "more.toml",
        "[[case]]\nname = \"x\"\nf = { sevrity = \"low\" }\nexpect = { denied = true }\n",
    );
    let (code, _, stderr) = shop.told(&["policy", "test", "--cases", "more.toml"]);
    assert!(
        code == 2 && stderr.contains("did you mean f.severity"),
        "{stderr}"
    );
}

#[test]
fn a_difference_that_loosens_needs_approval() {
    let shop = Shop::new();
    let diff = |new: &str, more: &[&str]| {
        shop.write("new.toml", new);
        shop.told(&[&["policy", "diff", "policy.toml", "new.toml"], more].concat())
    };
    assert_eq!(diff(POLICY, &[]).0, 0);
    for (from, to) in [
        ("due = \"30d\"", "due = \"31d\""),
        ("due = \"30d\"", "due = \"1mo\""),
        ("due = \"30d\"", "due = \"30d\"\nwhen = \"f.kev\""),
        ("due = \"30d\"", "due = \"30d\"\nclock = \"kev_added\""),
        ("'critical' && !f.excepted", "'critical' && f.direct"),
        ("missing_evidence = \"deny\"\n", ""),
        ("not_self_approved = true", "not_self_approved = false"),
        ("max_age = \"90d\"", "max_age = \"91d\""),
        ("approver = \"role:ciso\"", "approver = \"role:dev\""),
        ("ciso@example.org", "mallory@example.org"),
        ("accountable = \"role:ciso\"", "accountable = \"role:dev\""),
        (
            "version = \"1\"",
            "version = \"1\"\nholidays = [2026-12-25]",
        ),
        (
            "[exceptions]",
            "[[vex]]\npath = \"vex/*.json\"\n\n[exceptions]",
        ),
        (
            "[exceptions]",
            "[[product]]\nname = \"shop\"\nexposed = false\n\n[exceptions]",
        ),
    ] {
        let new = POLICY.replacen(from, to, 1);
        let (code, stdout, stderr) = diff(&new, &[]);
        assert!(
            code == 1 && stdout.contains("Loosens"),
            "{to}: {stdout}{stderr}"
        );
        assert_eq!(diff(&new, &["--approved-by", "role:ciso"]).0, 0, "{to}");
        assert_eq!(
            diff(&new, &["--approved-by", "dev@example.org"]).0,
            1,
            "{to}"
        );
    }
    for (from, to) in [
        ("due = \"30d\"", "due = \"2w\""),
        ("max_age = \"90d\"", "max_age = \"2mo\""),
        (
            "at = \"build\"",
            "at = \"build\"\nmissing_evidence = \"deny\"",
        ),
        ("[exceptions]", "[exceptions]\nrequire = [\"scope\"]"),
    ] {
        let (code, stdout, _) = diff(&POLICY.replacen(from, to, 1), &[]);
        assert!(code == 0 && stdout.contains("Tightens"), "{to}: {stdout}");
    }
    let (code, stdout, _) = diff(&POLICY.replace("30d", "60d"), &["-o", "json"]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &answer["needs_approval_of"], &answer["approved"]),
        (1, &"role:ciso".into(), &false.into())
    );
}

#[test]
fn a_difference_to_a_commit() {
    let shop = Shop::new().based();
    assert_eq!(shop.told(&["policy", "diff", "--since", "main"]).0, 0);
    shop.write("policy.toml", POLICY.replace("30d", "60d"));
    let (code, stdout, _) = shop.told(&["policy", "diff", "--since", "main"]);
    assert!(code == 1 && stdout.contains("from 30d to 60d"), "{stdout}");
    assert_eq!(
        shop.told(&[
            "policy",
            "diff",
            "--since",
            "main",
            "--approved-by",
            "ciso@example.org"
        ])
        .0,
        0
    );
    assert_eq!(shop.told(&["policy", "diff", "--since", "gone"]).0, 2);
    assert_eq!(shop.told(&["policy", "diff"]).0, 2);
}

#[test]
fn an_explanation_names_rule_clock_and_date() {
    let bench = Bench::new();
    let args = [
        "--policy",
        "bod-26-04",
        "--target",
        "examples/storefront",
        "--as-of",
        "2026-11-24",
    ];
    let output = bench.run(&[&["policy", "explain", "CVE-2021-44228"], &args[..]].concat());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for words in [
        "overdue",
        "2021-12-13",
        "kev added 2021-12-10",
        "fix by 2021-12-13 (+3d)",
        "bod-26-04/row-12 (builtin:bod-26-04:100) decides",
        "forensic triage",
        "Taken for what nobody says: f.automatable = false, f.total_impact = true, a.exposed = true",
        "bod-26-04/build",
        "If its product were not exposed",
    ] {
        assert!(shown.contains(words), "{words} is missing in\n{shown}");
    }
    let output = bench.run(&[&["policy", "explain", "CVE-1999-0001"], &args[..]].concat());
    assert_eq!(output.status.code(), Some(2));
}
