//! Conditions by example: what is accepted, and the three answers.

mod differential;
mod hostile;
mod mistakes;
mod words;

use super::*;

/// Facts in which everything is known.
pub(super) fn known() -> Facts<'static> {
    const TEXTS: &[&str] = &["CWE-79", "CWE-89"];
    let mut facts = Facts::new();
    for field in Field::ALL.iter().copied() {
        match field.kind() {
            Type::Bool => facts.set(field, true),
            Type::Int => facts.set(field, 7),
            Type::Double => facts.set(field, 0.5),
            Type::Text => facts.set(field, field.words().last().copied().unwrap_or("lodash")),
            Type::Texts => facts.set(field, TEXTS),
        }
    }
    facts
}

pub(super) fn parse(source: &str) -> Condition {
    Condition::parse(source, Phase::Verdict).unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

#[test]
fn the_table_agrees_with_the_model() {
    use stanchion_model::cvss::Severity;
    use stanchion_model::finding::{Confidence, Exploitation, Kind as Finding};
    use stanchion_model::inventory::Scope;
    use stanchion_model::threat::ThreatVector;

    let same =
        |field: Field, words: Vec<&str>| assert_eq!(field.words(), words, "{}", field.name());
    same(
        Field::Severity,
        Severity::ALL
            .iter()
            .map(|severity| severity.as_str())
            .collect(),
    );
    let kinds = [
        Finding::Vulnerability,
        Finding::Malicious,
        Finding::Unmaintained,
        Finding::Unsound,
        Finding::Yanked,
        Finding::EndOfLife,
        Finding::Licence,
        Finding::Check,
        Finding::External,
    ];
    same(
        Field::Kind,
        kinds.iter().map(|kind| kind.as_str()).collect(),
    );
    let scopes = [
        Scope::Runtime,
        Scope::Optional,
        Scope::Build,
        Scope::Test,
        Scope::Dev,
    ];
    same(
        Field::Scope,
        scopes.iter().map(|scope| scope.as_str()).collect(),
    );
    same(
        Field::Vectors,
        ThreatVector::all().map(ThreatVector::id).collect(),
    );
    let json = |value: String| value.trim_matches('"').to_owned();
    let confidences: Vec<String> = [Confidence::Low, Confidence::Medium, Confidence::High]
        .map(|one| json(format!("{one:?}").to_lowercase()))
        .into();
    same(
        Field::Confidence,
        confidences.iter().map(String::as_str).collect(),
    );
    let exploitation: Vec<String> = [Exploitation::None, Exploitation::Poc, Exploitation::Active]
        .map(|one| json(format!("{one:?}").to_lowercase()))
        .into();
    same(
        Field::Exploitation,
        exploitation.iter().map(String::as_str).collect(),
    );
    for state in stanchion_model::finding::STATES {
        assert!(Field::State.words().contains(&state));
    }
}

#[test]
fn the_table_is_sound() {
    for (place, field) in Field::ALL.iter().copied().enumerate() {
        assert_eq!(field as usize, place);
        assert_eq!(Field::from_name(field.name()), Some(field));
        assert!(!field.about().is_empty() && !field.about().ends_with('.'));
        let (space, name) = field.name().split_once('.').unwrap();
        assert!(["f", "p", "a"].contains(&space) && !name.contains('.'));
        // What belongs to the product or the asset is known from the start.
        assert!(space == "f" || field.phase() == Phase::Deadline);
    }
    let names: std::collections::BTreeSet<_> =
        Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(names.len(), Field::COUNT);
    let late: Fields = Field::ALL
        .iter()
        .copied()
        .filter(|field| field.phase() == Phase::Verdict)
        .collect();
    assert_eq!(
        late.to_string(),
        "f.excepted, f.state, f.overdue_days, f.days_left, f.owner, f.triaged, f.proposed"
    );
}

#[test]
fn conditions_of_real_policies_are_compiled() {
    for source in [
        "f.kev && a.exposed",
        "true",
        "p.tier <= 1",
        "f.is_new && f.severity in ['critical','high'] && !f.excepted",
        "f.overdue_days > 0 || (f.kev && !f.excepted)",
        "f.overdue_days > 7",
        "f.kind == 'malicious'",
        "f.licences.exists(x, x.startsWith('GPL') || x == 'AGPL-3.0-only')",
        "f.cwes.all(c, c != 'CWE-79')",
        "has(f.epss) && f.epss >= 0.1",
        "f.name.matches('^log4j') // a comment",
        "'pci' in p.tags && f.vectors.exists(v, v in ['injection', 'malware'])",
        "size(f.cwes) > 0 && f.aliases.size() < 3",
        "(f.kev ? 1 : 3) < p.tier * 2 - -1 % 5",
        "f.cvss > 7 && f.score / 10.0 >= 7.5e0",
        "f.name in [p.name, 'x',]",
        "[1, 2].exists(t, t == p.tier)",
        "!!f.kev\n&& true",
        "\"it's\" == f.name || f.name == r'a\\b' || f.name == '\\u00e9\\x41\\101'",
    ] {
        let condition = parse(source);
        assert!(condition.is_compiled(), "{source}: {condition:?}");
        assert_eq!(condition.source(), source);
    }
}

#[test]
fn the_rest_of_cel_goes_to_the_interpreter() {
    let mut facts = known();
    facts.set(Field::Name, "log4j-core");
    for (source, holds) in [
        ("f.cwes[0] == 'CWE-79'", true),
        ("f.cwes == ['CWE-79', 'CWE-89']", true),
        ("f.cwes.exists_one(x, x == 'CWE-89')", true),
        ("f.cwes.filter(x, x == 'CWE-1').size() == 0", true),
        ("f.cwes.map(x, x + '!') == ['CWE-79!', 'CWE-89!']", true),
        ("f.cwes.map(x, x != 'CWE-79', x.size()).size() == 1", true),
        ("f.name + '!' == 'log4j-core!'", true),
        ("double(f.overdue_days) * f.score > 3.4", true),
        ("int(f.score * 10.0) == 4", false),
        ("string(p.tier) == '7'", true),
        ("{'log4j-core': 7}[f.name] == p.tier", true),
        ("f.name in {'log4j-core': true}", true),
        ("f.cwes.exists(x, x.size() > size(string(p.tier)))", true),
        ("size(f.cwes + ['x']) == 3 && f.kev", true),
    ] {
        let condition = parse(source);
        assert!(!condition.is_compiled(), "{source}");
        assert_eq!(condition.eval(&facts), Outcome::of(holds), "{source}");
    }
    // Only the part that needs it: what is beside it decides without it.
    let condition = parse("a.exposed && f.cwes[0] == 'CWE-79'");
    facts.set(Field::Cwes, Value::Unknown);
    facts.set(Field::Exposed, false);
    assert_eq!(condition.eval(&facts), Outcome::False);
    facts.set(Field::Exposed, true);
    assert_eq!(condition.needs(&facts), Fields::of(Field::Cwes));
    // `has` is always answered.
    let condition = parse("f.cwes.map(x, has(f.epss) ? x : '')[0] == 'CWE-79'");
    let mut facts = known();
    assert_eq!(condition.eval(&facts), Outcome::True);
    facts.set(Field::Epss, Value::Unknown);
    assert_eq!(condition.eval(&facts), Outcome::False);
}

#[test]
fn three_answers() {
    use Outcome::{False, True};
    let mut facts = Facts::new();
    facts.set(Field::Kev, true);
    facts.set(Field::Direct, false);
    facts.set(Field::Name, "lodash");
    facts.set(Field::Tier, 1);
    facts.set(Field::Cwes, &[][..] as &[&str]);
    facts.set(Field::Tags, &["pci"][..]);
    let missing =
        |fields: &[Field]| Outcome::Unknown(Reason::missing(fields.iter().copied().collect()));
    let (epss, exposed) = (Field::Epss, Field::Exposed);
    for (source, outcome) in [
        ("f.kev", True),
        ("a.exposed", missing(&[exposed])),
        ("!a.exposed", missing(&[exposed])),
        ("a.exposed && f.direct", False),
        ("f.direct && a.exposed", False),
        ("a.exposed || f.kev", True),
        ("a.exposed && f.kev", missing(&[exposed])),
        ("a.exposed || f.direct", missing(&[exposed])),
        ("a.exposed || f.epss > 0.5", missing(&[epss, exposed])),
        ("f.epss > 0.5", missing(&[epss])),
        ("f.epss == f.epss", missing(&[epss])),
        ("f.epss != 0.5", missing(&[epss])),
        ("-f.epss + 1.0 < 2.0", missing(&[epss])),
        ("has(f.epss)", False),
        ("has(f.kev)", True),
        ("!has(f.epss) || f.epss > 0.5", True),
        ("a.exposed ? f.kev : p.tier == 1", True),
        ("a.exposed ? f.kev : f.direct", missing(&[exposed])),
        (
            "a.exposed ? f.kev : f.epss > 0.5",
            missing(&[epss, exposed]),
        ),
        ("(a.exposed ? 1 : 1) == p.tier", True),
        ("f.kev ? f.kev : a.exposed", True),
        ("f.owner.startsWith('x')", missing(&[Field::Owner])),
        ("f.owner.matches('x')", missing(&[Field::Owner])),
        ("f.owner in ['x']", missing(&[Field::Owner])),
        ("f.name in ['lodash', f.owner]", missing(&[Field::Owner])),
        ("'x' in f.aliases", missing(&[Field::Aliases])),
        ("size(f.aliases) == 0", missing(&[Field::Aliases])),
        ("f.aliases.exists(x, true)", missing(&[Field::Aliases])),
        ("f.cwes.exists(x, x == f.owner)", False),
        ("f.cwes.all(x, x == f.owner)", True),
        ("p.tags.exists(x, x == f.owner)", missing(&[Field::Owner])),
        ("p.tags.exists(x, x == 'pci' || x == f.owner)", True),
        ("p.tags.all(x, x == 'sox' && x == f.owner)", False),
        // Reckoning that fails on known values.
        (
            "p.tier / 0 == 1",
            Outcome::Unknown(Reason::trouble(Trouble::ByZero)),
        ),
        (
            "p.tier % (p.tier - 1) == 1",
            Outcome::Unknown(Reason::trouble(Trouble::ByZero)),
        ),
        (
            "p.tier + 9223372036854775807 > 0",
            Outcome::Unknown(Reason::trouble(Trouble::Overflow)),
        ),
        (
            "-(p.tier - 9223372036854775807 - 2) > 0",
            Outcome::Unknown(Reason::trouble(Trouble::Overflow)),
        ),
        ("-9223372036854775808 < p.tier", True),
        (
            "(0.0 / 0.0) < 1.0",
            Outcome::Unknown(Reason::trouble(Trouble::NoNumber)),
        ),
        ("(0.0 / 0.0) == (0.0 / 0.0)", False),
        ("1.0 / 0.0 > 1.0e300", True),
        ("f.kev || p.tier / 0 == 1", True),
        ("p.tier / 0 == 1 && f.direct", False),
        (
            "p.tier / 0 == 1 ? true : true",
            Outcome::Unknown(Reason::trouble(Trouble::ByZero)),
        ),
        (
            "p.tags[1] == 'x'",
            Outcome::Unknown(Reason::trouble(Trouble::NoMember)),
        ),
        (
            "int(f.name) == 1",
            Outcome::Unknown(Reason::trouble(Trouble::BadValue)),
        ),
        // Whole numbers and fractions compare.
        (
            "p.tier == 1.0 && 1.0 == p.tier && p.tier < 1.5 && 0.5 <= p.tier && p.tier in [1.0]",
            True,
        ),
        (
            "'äö'.size() == 2 && size('') == 0 && size([1, 2]) == 2",
            True,
        ),
    ] {
        let condition = parse(source);
        assert_eq!(condition.eval(&facts), outcome, "{source}");
        let needed = match outcome {
            Outcome::Unknown(reason) => reason.fields(),
            _ => Fields::EMPTY,
        };
        assert_eq!(condition.needs(&facts), needed, "{source}");
    }
}

#[test]
fn reasons_in_words() {
    let reason = |source: &str| match parse(source).eval(&Facts::new()) {
        Outcome::Unknown(reason) => reason.to_string(),
        known => known.to_string(),
    };
    assert_eq!(reason("f.kev"), "f.kev is not known");
    assert_eq!(
        reason("a.exposed && f.kev && p.tier == 1"),
        "f.kev, p.tier and a.exposed are not known"
    );
    assert_eq!(reason("1 / 0 == 1"), "a number was divided by zero");
    assert_eq!(
        reason("f.kev && 1 / 0 == 1"),
        "f.kev is not known; a number was divided by zero"
    );
}

#[test]
fn explained_clause_by_clause() {
    let mut facts = Facts::new();
    facts.set(Field::Kev, true);
    facts.set(Field::Severity, "high");
    facts.set(Field::Epss, 0.25);
    let condition = parse(
        "f.kev && (a.exposed ||\n  f.severity  in ['critical', 'high'] // both\n ) && !(f.epss > 0.5) && f.cwes[0] == 'x'",
    );
    let told: Vec<String> = condition
        .explain(&facts)
        .iter()
        .map(|clause| {
            let found: Vec<String> = clause
                .found
                .iter()
                .map(|(field, value)| format!("{}={value}", field.name()))
                .collect();
            format!("{} [{}] {}", clause.text, found.join(" "), clause.outcome)
        })
        .collect();
    assert_eq!(
        told,
        [
            "f.kev [f.kev=true] true",
            "a.exposed [a.exposed=unknown] unknown",
            "f.severity in ['critical', 'high'] [f.severity='high'] true",
            "!(f.epss > 0.5) [f.epss=0.25] true",
            "f.cwes[0] == 'x' [f.cwes=unknown] unknown",
        ]
    );
    assert_eq!(
        condition.fields().to_string(),
        "f.severity, f.epss, f.kev, f.cwes, a.exposed"
    );
}

#[test]
fn facts_keep_their_types() {
    let mut facts = Facts::new();
    facts.set(Field::Score, 7);
    assert_eq!(facts.get(Field::Score), Value::Double(7.0));
    facts.set(Field::Score, f64::NAN);
    assert_eq!(facts.get(Field::Score), Value::Unknown);
    facts.set(Field::Owner, None::<&str>);
    assert_eq!(facts.get(Field::Owner), Value::Unknown);
    facts.set(Field::Owner, Some("team"));
    assert_eq!(facts.get(Field::Owner), Value::Text("team"));
    let owned = vec!["a".to_owned()];
    facts.set(Field::Tags, owned.as_slice());
    assert_eq!(facts.get(Field::Tags), Value::from(&["a"][..]));
    assert_eq!(facts.get(Field::Tags).to_string(), "['a']");
}

#[test]
fn a_condition_is_shared_between_threads() {
    const fn shared<T: Send + Sync>() {}
    const { shared::<Condition>() };
}
