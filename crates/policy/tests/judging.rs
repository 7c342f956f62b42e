//! Laws that judging keeps, whatever the findings, the exceptions and the statements are.

mod world;

use std::fmt::Write as _;

use proptest::prelude::*;
use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_policy::claims::Claims;
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::Exceptions;
use stanchion_policy::extend::{self, PresetsOnly};
use stanchion_policy::file::{Gate, Policy};

use world::{Spec, World, spec};

/// A policy that demands something at every gate, and what random edits can tighten in it.
const BASE: &str = r#"
schema = "vmpolicy/1"
[policy]
id = "base"
version = "1"
[roles]
accountable = "role:ciso"
responsible = "team:all"
[roles.members]
"role:ciso" = ["ciso@example.org"]
"team:all" = ["all@example.org"]
[[sla]]
id = "all"
due = { critical = "7d", high = "30d", medium = "90d", low = "next_release" }
triage = "5d"
[exceptions]
approver = { critical = "role:ciso", low = "lead@example.org" }
not_self_approved = true
max_age = { critical = "30d", low = "180d" }
require = ["approved_on"]
[[enforce]]
at = "build"
deny = "f.severity in ['critical', 'high'] && !f.excepted"
missing_evidence = "deny"
[[enforce]]
at = "build"
deny = "f.overdue_days > 0 || (f.kev && !f.excepted)"
"#;

fn policy(text: &str) -> Policy {
    extend::load("policy.toml", text, &PresetsOnly)
        .unwrap_or_else(|faults| panic!("{faults:?}\n{text}"))
}

/// Entries that are wrong in one way or another, for the finding that they name.
fn wrong_exceptions(id: &str, purl: &str, way: usize) -> String {
    let good = |lines: &str| format!("[[exception]]\nid = \"EX-{way}\"\n{lines}\n");
    let rest = "reason = \"x\"\napprover = \"role:ciso\"\nrequested_by = \"dev@example.org\"\napproved_on = 2026-01-01\nexpires = 2026-01-20";
    match way {
        0 => good(&format!(
            "vulnerability = \"{id}\"\napprover = \"role:ciso\"\nexpires = 2026-01-20"
        )),
        1 => good(&format!(
            "vulnerability = \"{id}\"\nreason = \"x\"\nexpires = 2026-01-20"
        )),
        2 => good(&format!(
            "vulnerability = \"{id}\"\nreason = \"x\"\napprover = \"role:ciso\""
        )),
        3 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("2026-01-20", "2025-13-40")
        )),
        4 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace(
                "approved_on = 2026-01-01\nexpires = 2026-01-20",
                "approved_on = 2025-12-01\nexpires = 2025-12-20"
            )
        )),
        5 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("role:ciso", "dev@example.org")
        )),
        6 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("expires = 2026-01-20", "expires = 2027-01-20")
        )),
        7 => good(&format!(
            "vulnerability = \"{id}\"\npurl = \"pkg:npm/other\"\n{rest}"
        )),
        8 => good(&format!(
            "vulnerability = \"{id}\"\npurl = \"{purl}\"\nversions = \"vers:npm/<0.0.1\"\n{rest}"
        )),
        9 => good(&format!(
            "vulnerability = \"{id}\"\nproduct = \"another\"\n{rest}"
        )),
        10 => good(&format!(
            "vulnerability = \"{id}\"\npath = \"elsewhere/**\"\n{rest}"
        )),
        11 => good(&format!("vulnerability = \"{id}\"\nunknown = 1\n{rest}")),
        12 => good(&format!("vulnerability = [\"{id}\", 3]\n{rest}")),
        13 => good(&format!("purl = \"{purl}\"\n{rest}")),
        14 => good(&format!(
            "vulnerability = \"{id}\"\npurl = \"not a purl\"\n{rest}"
        )),
        15 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("approved_on = 2026-01-01\n", "")
        )),
        16 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("requested_by = \"dev@example.org\"\n", "")
        )),
        17 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace(
                "requested_by = \"dev@example.org\"",
                "requested_by = \"ciso@example.org\""
            )
        )),
        18 => good(&format!("rule = \"build-9\"\n{rest}")),
        19 => format!("[[exception]]\nvulnerability = \"{id}\"\n{rest}\n"),
        20 => good(&format!(
            "vulnerability = \"{id}\"\n{}",
            rest.replace("approved_on = 2026-01-01", "approved_on = 2026-01-18")
        )),
        _ => format!("[[exception]]\nid = \"EX\"\nvulnerability = \"{id}\n"),
    }
}

/// How many ways there are.
const WAYS: usize = 22;

/// Statements that nobody has reason to trust, or that are about something else.
fn wrong_vex(id: &str, purl: &str, way: usize) -> String {
    let document = |statements: &str| {
        format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.org/1","author":"ciso@example.org","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{statements}]}}"#
        )
    };
    let statement = |status: &str, product: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"{id}"}},"products":[{{"@id":"{product}"}}],"status":"{status}","justification":"vulnerable_code_not_present"}}"#
        )
    };
    match way {
        0 => document(&statement("not_affected", purl)),
        1 => document(&statement("fixed", purl)),
        2 => document(&statement("ignored", purl)),
        3 => document(&statement("not_affected", "pkg:npm/other")),
        _ => document(&statement("not_affected", purl))[..120].to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever is malformed, ended, not allowed or about something else never opens a gate.
    #[test]
    fn nothing_wrong_opens_a_gate(specs in prop::collection::vec(spec(), 1..8), ways in prop::collection::vec((0..8usize, 0..WAYS), 1..6), vex in prop::collection::vec((0..8usize, 0..5usize), 0..4), decided in prop::collection::vec((0..8usize, 0..5usize), 0..3), gaps in 0..3usize) {
        let policy = policy(BASE);
        let world = World::of(&specs);
        let before = world.judge(&policy, Gate::Build, &Exceptions::default(), &Claims::default(), &[]);
        let mut text = String::from("schema = \"stanchion.exceptions/1\"\n");
        for (at, way) in &ways {
            let finding = &world.findings[at % world.findings.len()];
            text.push_str(&wrong_exceptions(&finding.id, &finding.component.purl.without_version().to_string(), *way));
        }
        let mut exceptions = Exceptions::default();
        let _ = exceptions.read("exceptions.toml", &text, "", &Calendar::default());
        let mut claims = Claims::default();
        for (at, way) in &vex {
            let finding = &world.findings[at % world.findings.len()];
            let purl = finding.component.purl.without_version().to_string();
            if let Ok(document) = stanchion_formats::vex::read(wrong_vex(&finding.id, &purl, *way).as_bytes()) {
                let _ = claims.take(Some(&policy), "vex/a.json", "", &document);
            }
        }
        let mut triage = String::from("schema = \"stanchion.triage/1\"\n");
        for (at, way) in &decided {
            let finding = &world.findings[at % world.findings.len()];
            let purl = finding.component.purl.without_version();
            let line = match way {
                0 => format!("vulnerability = \"{}\"\npurl = \"{purl}\"\nstatus = \"not_affected\"\nby = \"x\"\non = 2026-01-01", finding.id),
                1 => format!("vulnerability = \"{}\"\nstatus = \"fixed\"\nby = \"x\"\non = 2026-01-01", finding.id),
                2 => format!("vulnerability = \"{}\"\npurl = \"{purl}\"\nstatus = \"fixed\"\nby = \"x\"\non = 2027-01-01", finding.id),
                3 => format!("vulnerability = \"{}\"\npurl = \"{purl}\"\nstatus = \"closed\"\nby = \"x\"\non = 2026-01-01", finding.id),
                _ => format!("vulnerability = \"{}\"\npurl = \"{purl}\"\nstatus = \"fixed\"\non = 2026-01-01", finding.id),
            };
            let _ = write!(triage, "[[decision]]\n{line}\n");
        }
        let _ = claims.own("triage.toml", &triage, "", &Calendar::default());
        let problems: Vec<Problem> = (0..gaps)
            .map(|at| Problem { path: format!("{at}.lock"), line: None, kind: ProblemKind::Unreadable, reason: "broken".into(), hint: None })
            .collect();
        let after = world.judge(&policy, Gate::Build, &exceptions, &claims, &problems);
        prop_assert!(!before.verdict.denied || after.verdict.denied, "{text}\n{triage}");
        prop_assert!(after.verdict.violations.len() >= before.verdict.violations.len());
        // None of them is dropped in silence.
        prop_assert_eq!(after.exceptions.len(), exceptions.entries().len());
        prop_assert!(after.exceptions.iter().all(|note| note.covers == 0 && note.status != "applied"), "{:?}\n{}", after.exceptions, text);
    }

    /// What a looser policy denies, a tightened one denies as well.
    #[test]
    fn a_tightened_policy_passes_nothing_more(specs in prop::collection::vec(spec(), 1..10), edits in prop::collection::vec(0..10usize, 1..5), days in 1..40u32) {
        let base = policy(BASE);
        let mut top = String::from("schema = \"vmpolicy/1\"\n[policy]\nid = \"top\"\nversion = \"1\"\n");
        let mut exceptions = String::new();
        let mut tables = String::new();
        let mut seen = Vec::new();
        for edit in edits {
            if seen.contains(&edit) {
                continue;
            }
            seen.push(edit);
            match edit {
                0 => { let _ = write!(tables, "[[sla]]\nid = \"shorter\"\ndue = \"{days}d\"\n"); }
                1 => { let _ = write!(tables, "[[sla]]\nid = \"kev\"\nwhen = \"f.kev\"\ndue = \"{days}h\"\nclock = \"min(kev_added, detected)\"\n"); }
                2 => tables.push_str("[[enforce]]\nat = \"build\"\ndeny = \"f.severity == 'medium'\"\n"),
                3 => tables.push_str("[[enforce]]\nat = \"build\"\ndeny = \"f.epss > 0.5\"\nmissing_evidence = \"deny\"\n"),
                4 => tables.push_str("[[discovery]]\nkind = \"sca\"\nevery = \"1d\"\nmax_db_age = \"1h\"\n"),
                5 => { let _ = writeln!(exceptions, "max_age = {{ critical = \"{}d\" }}", days.min(29)); }
                6 => exceptions.push_str("require = [\"compensating_control\"]\n"),
                7 => tables.push_str("[components]\ngit = \"deny\"\n"),
                8 => tables.push_str("[[components.deny]]\npurl = \"pkg:npm/a*\"\n"),
                _ => tables.push_str("[third_party]\nsla_clock = \"runs\"\n"),
            }
        }
        if seen.contains(&7) && seen.contains(&8) {
            tables = tables.replace("[components]\ngit = \"deny\"\n", "");
        }
        if !exceptions.is_empty() {
            let _ = write!(top, "[exceptions]\n{exceptions}");
        }
        top.push_str(&tables);
        let place = stanchion_policy::file::Place { file: "top".into(), line: 1 };
        let tight = extend::join(policy(BASE), policy(&top), &place, true).unwrap_or_else(|faults| panic!("{faults:?}\n{top}"));
        let world = World::of(&specs);
        let mut allowed = String::from("schema = \"stanchion.exceptions/1\"\n");
        for (at, finding) in world.findings.iter().enumerate().step_by(2) {
            let _ = write!(allowed, "[[exception]]\nid = \"EX-{at}\"\nvulnerability = \"{}\"\nreason = \"x\"\napprover = \"role:ciso\"\nrequested_by = \"dev\"\napproved_on = 2026-01-01\nexpires = 2026-01-25\n", finding.id);
        }
        let mut permitted = Exceptions::default();
        prop_assert!(permitted.read("exceptions.toml", &allowed, "", &Calendar::default()).is_empty());
        let loose = world.judge(&base, Gate::Build, &permitted, &Claims::default(), &[]);
        let strict = world.judge(&tight, Gate::Build, &permitted, &Claims::default(), &[]);
        prop_assert!(!loose.verdict.denied || strict.verdict.denied, "{top}");
        // And no date gets later.
        for (loose, strict) in loose.findings.iter().zip(&strict.findings) {
            if let (Some(loose), Some(strict)) = (&loose.due, &strict.due) {
                prop_assert!(strict <= loose, "{top}");
            }
            prop_assert!(loose.due.is_none() || strict.due.is_some());
        }
        // What compares them says so too.
        let changes = stanchion_policy::change::changes(&base, &tight);
        prop_assert!(changes.iter().all(|one| one.effect != stanchion_policy::change::Effect::Loosens), "{changes:?}\n{top}");
        let back = stanchion_policy::change::changes(&tight, &base);
        prop_assert!(seen == [9] || back.iter().any(|one| one.effect == stanchion_policy::change::Effect::Loosens), "{top}");
    }

    /// A valid exception covers what it names and nothing else, and the order of the file does not matter.
    #[test]
    fn an_exception_covers_what_it_names(specs in prop::collection::vec(spec(), 2..8)) {
        let policy = policy(BASE);
        let world = World::of(&specs);
        let named = &world.findings[0];
        let entry = |id: &str, vulnerability: &str| format!("[[exception]]\nid = \"{id}\"\nvulnerability = \"{vulnerability}\"\npurl = \"{}\"\nreason = \"x\"\napprover = \"role:ciso\"\nrequested_by = \"dev\"\napproved_on = 2026-01-01\nexpires = 2026-01-25\n", named.component.purl.without_version());
        let judge = |text: String| {
            let mut exceptions = Exceptions::default();
            let faults = exceptions.read("e.toml", &format!("schema = \"stanchion.exceptions/1\"\n{text}"), "", &Calendar::default());
            assert!(faults.is_empty(), "{faults:?}");
            world.judge(&policy, Gate::Build, &exceptions, &Claims::default(), &[])
        };
        let one = judge(format!("{}{}", entry("A", &named.id), entry("B", "CVE-1999-1")));
        let other = judge(format!("{}{}", entry("B", "CVE-1999-1"), entry("A", &named.id)));
        prop_assert_eq!(&one.verdict, &other.verdict);
        for finding in &one.findings {
            let meant = finding.id == named.id && finding.component.purl.without_version() == named.component.purl.without_version();
            prop_assert_eq!(finding.exception.as_deref() == Some("A"), meant, "{} {}", finding.id, finding.component.purl);
        }
    }
}

#[test]
fn specs_reach_every_branch() {
    // The laws above say nothing if every world passes, or none does.
    let policy = policy(BASE);
    let good = Spec {
        severity: 1,
        ..Spec::default()
    };
    let bad = Spec {
        severity: 4,
        ..Spec::default()
    };
    let judged = |spec: Spec| {
        World::of(&[spec])
            .judge(
                &policy,
                Gate::Build,
                &Exceptions::default(),
                &Claims::default(),
                &[],
            )
            .verdict
            .denied
    };
    assert!(!judged(good) && judged(bad));
}
