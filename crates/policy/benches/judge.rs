//! Judging 100,000 findings under 50 rules, with facts that repeat and with every fact distinct; and 10,000 exceptions.
//! `cargo bench -p stanchion-policy --bench judge`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot be set up has nothing to say, and its figures are printed"
)]

#[path = "../tests/world/mod.rs"]
#[allow(dead_code, reason = "the laws use more of it")]
mod world;

use std::fmt::Write as _;

use divan::Bencher;
use stanchion_model::finding::Finding;
use stanchion_policy::claims::Claims;
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::Exceptions;
use stanchion_policy::extend::{self, PresetsOnly};
use stanchion_policy::file::{Gate, Policy};
use stanchion_policy::judge::{self, Setting};

use world::{Spec, World, finding, now};

const FINDINGS: usize = 100_000;

fn main() {
    for (name, world) in [
        ("facts that repeat", repeating()),
        ("every fact distinct", distinct()),
    ] {
        let mut findings = world.findings.clone();
        let (exceptions, claims) = (Exceptions::default(), Claims::default());
        let ruling = rule(&world, &policy(), &exceptions, &claims, &mut findings);
        let ((asked, deadlines), (_, gates)) = (ruling.deadline_share, ruling.verdict_share);
        println!(
            "{name}: {deadlines} distinct sets of facts for deadlines and {gates} for gates in {asked} findings"
        );
    }
    divan::main();
}

/// Forty deadline rules and ten gate rules over a dozen variables.
fn policy() -> Policy {
    let mut text = String::from(
        "schema = \"vmpolicy/1\"\n[policy]\nid = \"bench\"\nversion = \"1\"\nclock_tz = \"Europe/Berlin\"\n",
    );
    for at in 0..40 {
        let when = match at % 5 {
            0 => format!("f.kev && f.age_days > {at}"),
            1 => format!(
                "f.severity in ['critical', 'high'] && f.fix_available && f.score >= {at}.0"
            ),
            2 => format!("(has(f.epss) && f.epss >= 0.{at:02}) || f.exploitation == 'active'"),
            3 => format!("a.exposed && p.tier <= 2 && f.scope == 'runtime' && f.age_days > {at}"),
            _ => format!("f.name.startsWith('p{at}') || f.cwes.exists(c, c == 'CWE-{at}')"),
        };
        let _ = write!(
            text,
            "[[sla]]\nid = \"s{at}\"\nwhen = \"{when}\"\ntriage = \"{}h\"\ndue = {{ critical = \"{}d\", high = \"{}d\", medium = \"90d\", low = \"next_release\" }}\nclock = \"min(kev_added, detected)\"\n",
            at + 1,
            at + 3,
            at + 20
        );
    }
    for at in 0..10 {
        let _ = write!(
            text,
            "[[enforce]]\nat = \"build\"\ndeny = \"(f.overdue_days > {at} || (f.kev && f.severity == 'critical')) && !f.excepted\"\n"
        );
    }
    extend::load("bench", &text, &PresetsOnly).expect("a policy")
}

fn repeating() -> World {
    let specs: Vec<Spec> = (0..FINDINGS)
        .map(|at| Spec {
            id: (at % 997) as u16,
            package: (at % 4) as u8,
            severity: (at % 997 % 5) as u8,
            kev: at % 997 % 50 == 0,
            epss: Some((at % 997 % 20) as u8),
            fixed: at % 997 % 3 == 0,
            published: (at % 997 % 365) as u16,
            new: Some(at % 2 == 0),
        })
        .collect();
    World::of(&specs)
}

fn distinct() -> World {
    let mut world = World::of(&[]);
    world.findings = (0..FINDINGS)
        .map(|at| {
            let mut one = finding(&Spec {
                id: at as u16,
                severity: (at % 5) as u8,
                published: (at % 4000) as u16,
                ..Spec::default()
            });
            one.component.name = format!("p{at}");
            one.key = at.to_string();
            one.score = Some(at as f64 / FINDINGS as f64 * 100.0);
            one
        })
        .collect();
    world
}

fn rule(
    world: &World,
    policy: &Policy,
    exceptions: &Exceptions,
    claims: &Claims,
    findings: &mut [Finding],
) -> judge::Ruling {
    judge::judge(
        &Setting {
            policy,
            gate: Gate::Build,
            as_of: now(),
            inventory: &world.inventory,
            prefix: "",
            exceptions,
            claims,
            first_seen: &|_| None,
            database: &world.database,
            problems: &[],
        },
        findings,
    )
}

fn bench(bencher: Bencher<'_, '_>, world: &World, exceptions: &Exceptions) {
    let (policy, claims) = (policy(), Claims::default());
    bencher
        .with_inputs(|| world.findings.clone())
        .bench_local_values(|mut findings| {
            rule(world, &policy, exceptions, &claims, &mut findings)
        });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn facts_that_repeat(bencher: Bencher<'_, '_>) {
    bench(bencher, &repeating(), &Exceptions::default());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn every_fact_distinct(bencher: Bencher<'_, '_>) {
    bench(bencher, &distinct(), &Exceptions::default());
}

fn many() -> String {
    let mut text = String::from("schema = \"stanchion.exceptions/1\"\n");
    for at in 0..10_000 {
        let _ = write!(
            text,
            "[[exception]]\nid = \"EX-{at}\"\nvulnerability = \"CVE-2025-{at:04}\"\npurl = \"pkg:npm/alpha\"\nreason = \"x\"\napprover = \"role:ciso\"\napproved_on = 2026-01-01\nexpires = 2026-02-01\n"
        );
    }
    text
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn reading_10_000_exceptions(bencher: Bencher<'_, '_>) {
    let text = many();
    bencher.bench_local(|| {
        let mut exceptions = Exceptions::default();
        let faults = exceptions.read("exceptions.toml", &text, "", &Calendar::default());
        assert!(faults.is_empty());
        exceptions
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn facts_that_repeat_under_10_000_exceptions(bencher: Bencher<'_, '_>) {
    let mut exceptions = Exceptions::default();
    let _ = exceptions.read("exceptions.toml", &many(), "", &Calendar::default());
    bench(bencher, &repeating(), &exceptions);
}
