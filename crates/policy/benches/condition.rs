//! Micro-benches of conditions: one evaluation, fifty rules, loading, the interpreter. `cargo bench -p stanchion-policy`.

#![allow(
    clippy::expect_used,
    reason = "a bench that cannot be set up has nothing to say"
)]

use divan::Bencher;
use stanchion_policy::condition::{Condition, Facts, Field, Outcome, Phase};

fn main() {
    divan::main();
}

const RULES: [&str; 10] = [
    "f.kev && a.exposed",
    "f.severity in ['critical', 'high'] && !f.excepted",
    "f.is_new && f.severity in ['critical', 'high'] && !f.excepted",
    "f.overdue_days > 0 || (f.kev && !f.excepted)",
    "p.tier <= 1 && f.cvss >= 7.0",
    "has(f.epss) && f.epss >= 0.1 && f.scope == 'runtime'",
    "'pci' in p.tags && f.vectors.exists(v, v in ['injection', 'remote-code-execution'])",
    "f.licences.exists(x, x.startsWith('GPL') || x == 'AGPL-3.0-only')",
    "f.name.matches('^log4j-(core|api)$')",
    "f.kev ? f.known_days > 3 : f.known_days > p.tier * 30",
];

fn condition(source: &str) -> Condition {
    Condition::parse(source, Phase::Verdict).expect("a condition")
}

fn facts() -> Facts<'static> {
    let mut facts = Facts::new();
    facts.set(Field::Kev, false);
    facts.set(Field::Exposed, true);
    facts.set(Field::Severity, "high");
    facts.set(Field::Excepted, false);
    facts.set(Field::IsNew, true);
    facts.set(Field::OverdueDays, 0);
    facts.set(Field::Tier, 1);
    facts.set(Field::Cvss, 8.1);
    facts.set(Field::Epss, 0.03);
    facts.set(Field::Scope, "runtime");
    facts.set(Field::Tags, &["pci", "web"][..]);
    facts.set(Field::Vectors, &["injection"][..]);
    facts.set(Field::Licences, &["Apache-2.0", "MIT"][..]);
    facts.set(Field::Name, "log4j-core");
    facts.set(Field::KnownDays, 12);
    facts
}

#[divan::bench(args = RULES)]
fn one(bencher: Bencher<'_, '_>, source: &str) {
    let (condition, facts) = (condition(source), facts());
    bencher.bench_local(|| divan::black_box(&condition).eval(divan::black_box(&facts)));
}

#[divan::bench]
fn fifty_rules(bencher: Bencher<'_, '_>) {
    let conditions: Vec<Condition> = RULES
        .iter()
        .cycle()
        .take(50)
        .map(|rule| condition(rule))
        .collect();
    let facts = facts();
    bencher.bench_local(|| {
        let holds =
            |condition: &&Condition| condition.eval(divan::black_box(&facts)) == Outcome::True;
        conditions.iter().filter(holds).count()
    });
}

#[divan::bench]
fn the_interpreter(bencher: Bencher<'_, '_>) {
    let (condition, facts) = (condition("f.licences[0] == 'MIT'"), facts());
    assert!(!condition.is_compiled());
    bencher.bench_local(|| divan::black_box(&condition).eval(divan::black_box(&facts)));
}

#[divan::bench(args = RULES)]
fn load(source: &str) -> Condition {
    condition(divan::black_box(source))
}
