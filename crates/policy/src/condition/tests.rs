//! Conditions by example: what is accepted, what is refused and with which words, and the three answers.

mod differential;
mod hostile;
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
    use stanchion_model::vex::Status;

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
    for status in Status::ALL {
        assert!(Field::State.words().contains(&status.as_str()));
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
fn mistakes_are_refused_with_their_place_and_a_way_out() {
    let late = "f.overdue_days > 0";
    assert!(Condition::parse(late, Phase::Verdict).is_ok());
    let error = Condition::parse(late, Phase::Deadline).unwrap_err();
    assert_eq!(
        (error.offset, error.message.as_str()),
        (0, "f.overdue_days is not known yet when deadlines are set")
    );
    let mut wrong = Vec::new();
    for (source, offset, message, hint) in [
        // Names.
        (
            "f.sevrity == 'high'",
            0,
            "there is no `f.sevrity`",
            "did you mean f.severity?",
        ),
        (
            "f.kev && severity == 'high'",
            9,
            "there is no variable `severity`",
            "did you mean f.severity?",
        ),
        (
            "exposd",
            0,
            "there is no variable `exposd`",
            "did you mean a.exposed?",
        ),
        (
            "finding.kev",
            0,
            "there is no `finding.kev`",
            "did you mean f.kev?",
        ),
        (
            "p.exposed",
            0,
            "there is no `p.exposed`",
            "did you mean a.exposed?",
        ),
        (
            "f.severity == high",
            14,
            "there is no variable `high`",
            "a word stands in quotes: 'high'",
        ),
        (
            "f.unheard_of > 1",
            0,
            "there is no `f.unheard_of`",
            "the variables begin with f. (the finding), p. (its product) or a. (its asset)",
        ),
        (
            "f == 'x'",
            0,
            "`f` needs one of its fields",
            "such as f.severity",
        ),
        ("f.published < now", 0, "there is no `f.published`", ""),
        (
            "f.age_days > now",
            13,
            "there is no variable `now`",
            "a condition has no clock: use f.age_days, f.known_days, f.overdue_days or f.days_left",
        ),
        (
            "f.name.startswith('x')",
            7,
            "there is no function `startswith`",
            "did you mean startsWith?",
        ),
        (
            "timestamp('2026-01-01') == 1",
            0,
            "there is no function `timestamp`",
            "a condition has no clock: use f.age_days, f.known_days, f.overdue_days or f.days_left",
        ),
        (
            "f.name.startsWith == 'x'",
            7,
            "`f.name` is a string and has no fields",
            "a function is called with brackets: .startsWith(...)",
        ),
        ("f.kev.yes", 6, "`f.kev` is a bool and has no fields", ""),
        (
            "size()",
            0,
            "`size` is not used like this",
            "write size(f.cwes)",
        ),
        (
            "f.cwes.all('x')",
            7,
            "`all` is not used like this",
            "write f.cwes.all(x, x == 'CWE-79')",
        ),
        (
            "f.name.endsWith()",
            7,
            "`endsWith` is not used like this",
            "write f.name.endsWith('x')",
        ),
        // Words of closed sets.
        (
            "f.severity == 'crit'",
            14,
            "f.severity is never 'crit'",
            "did you mean 'critical'? The words are none, low, medium, high, critical",
        ),
        (
            "'High' == f.severity",
            0,
            "f.severity is never 'High'",
            "did you mean 'high'? The words are none, low, medium, high, critical",
        ),
        (
            "f.severity in ['critical', 'severe']",
            27,
            "f.severity is never 'severe'",
            "the words are none, low, medium, high, critical",
        ),
        (
            "f.scope != 'production'",
            11,
            "f.scope is never 'production'",
            "the words are runtime, optional, build, test, dev",
        ),
        ("f.kind == 'malware'", 10, "f.kind is never 'malware'", ""),
        ("'sqli' in f.vectors", 0, "f.vectors is never 'sqli'", ""),
        (
            "f.vectors.exists(v, v == 'malwear')",
            25,
            "f.vectors is never 'malwear'",
            "",
        ),
        ("f.state == 'closed'", 11, "f.state is never 'closed'", ""),
        (
            "f.severity >= 'high'",
            11,
            "`f.severity` is a word, and words are ordered by letter",
            "name the words that you mean: f.severity in ['...', '...']",
        ),
        // Types.
        (
            "f.severity == 7",
            11,
            "a string cannot be compared with an int",
            "write '7' for a string",
        ),
        (
            "f.kev == 'true'",
            6,
            "a bool cannot be compared with a string",
            "",
        ),
        ("f.kev < true", 6, "a bool has no order", ""),
        ("!f.name", 1, "`!` takes a bool, and this is a string", ""),
        (
            "-f.name == 'x'",
            1,
            "`-` takes a number, and this is a string",
            "",
        ),
        (
            "f.kev && f.cwes",
            9,
            "`&&` takes a bool, and this is a list of strings",
            "",
        ),
        (
            "'x' in f.name",
            7,
            "`in` takes a list on its right, and this is a string",
            "for a part of a string, write name.contains('x')",
        ),
        ("7 in f.cwes", 2, "an int is never in a list of strings", ""),
        (
            "f.cwes.contains('CWE-79')",
            0,
            "contains takes a string, and `f.cwes` is a list",
            "write 'x' in f.cwes, or f.cwes.exists(x, x.contains('...'))",
        ),
        (
            "f.severity",
            0,
            "a condition is true or false, and this is a string",
            "compare it with something: == '...'",
        ),
        (
            "f.cvss * 10 > 70.0",
            7,
            "`*` cannot take a double and an int",
            "write a number with a fraction as 2.0, or double(...) around the other",
        ),
        (
            "f.kev ? 1 : 'x'",
            6,
            "the two values of `?:` differ in type: an int and a string",
            "",
        ),
        (
            "f.kev ? 1 : 2",
            0,
            "a condition is true or false, and this is an int",
            "compare it with something",
        ),
        (
            "f.name in ['x', 7]",
            16,
            "the members of a list differ in type: string and int",
            "",
        ),
        (
            "f.score in [7, 8.5]",
            15,
            "the members of a list differ in type: int and double",
            "write whole numbers among them as 7.0",
        ),
        (
            "[[1]].size() == 1",
            1,
            "the members of a list cannot be a list of ints",
            "",
        ),
        (
            "f.epss == null",
            10,
            "no variable is ever null",
            "to ask whether a variable is known, write has(f.epss)",
        ),
        ("int(f.kev) == 1", 4, "int cannot be made of a bool", ""),
        (
            "has(f.nme)",
            4,
            "there is no `f.nme`",
            "did you mean f.name?",
        ),
        ("has('x')", 4, "has takes a variable", "write has(f.epss)"),
        // Loops and patterns.
        (
            "f.cwes.exists(x, f.aliases.exists(y, x == y))",
            27,
            "exists stands inside another loop",
            "",
        ),
        (
            "f.cwes.filter(x, x != '').exists(y, y == 'a')",
            26,
            "exists runs over the result of another loop",
            "",
        ),
        (
            "f.name.exists(x, x == 'a')",
            0,
            "exists runs over a list, and this is a string",
            "",
        ),
        (
            "f.cwes.exists(f, f == 'a')",
            14,
            "`f` has a meaning already",
            "write list.exists(x, ...)",
        ),
        (
            "f.cwes.exists('x', true)",
            14,
            "exists takes a new name for each member first",
            "write list.exists(x, ...)",
        ),
        (
            "f.name.matches(p.name)",
            15,
            "matches takes a pattern that is written out",
            "",
        ),
        (
            "f.name.matches('(')",
            15,
            "the pattern cannot be used: unclosed group",
            "",
        ),
        (
            "f.name.matches('(?=x)')",
            15,
            "the pattern cannot be used: look-around, including look-ahead and look-behind, is not supported",
            "",
        ),
        (
            "f.name.matches('(\\\\w{1,999}){1,999}')",
            15,
            "the pattern is too large",
            "",
        ),
        // Spelling.
        (
            "",
            0,
            "the condition is empty",
            "write `true` for a rule that always applies",
        ),
        ("  // nothing", 0, "the condition is empty", ""),
        (
            "f.severity = 'high'",
            11,
            "`=` has no place in a condition",
            "to compare, write ==",
        ),
        (
            "f.kev & a.exposed",
            6,
            "`&` has no place in a condition",
            "for `and`, write &&",
        ),
        (
            "f.kev and a.exposed",
            6,
            "`and` where an operator or the end is expected",
            "write &&",
        ),
        (
            "not f.kev",
            4,
            "`f` where an operator or the end is expected",
            "",
        ),
        (
            "f.kev &&",
            8,
            "the condition ends where a value is expected",
            "",
        ),
        (
            "(f.kev",
            6,
            "the condition ends where `)` to close the bracket is expected",
            "",
        ),
        (
            "f.kev)",
            5,
            "`)` where an operator or the end is expected",
            "",
        ),
        (
            "f.name == 'x",
            10,
            "the string does not end",
            "close it with ' on the same line",
        ),
        (
            "f.name == '''x'''",
            10,
            "a string takes one quote, not three",
            "",
        ),
        ("f.name == b'x'", 10, "no variable holds bytes", ""),
        (
            "f.name == '\\q'",
            11,
            "`\\` begins no known escape in this string",
            "write `\\\\` for a backslash, or the string as r'...'",
        ),
        (
            "f.name == '\\u202e'",
            11,
            "a string here cannot hold an invisible character",
            "",
        ),
        (
            "f.name == '\u{202e}x'",
            11,
            "there is an invisible character, U+202E",
            "delete it",
        ),
        (
            "f.name == “x”",
            10,
            "`“` has no place in a condition",
            "write straight quotes: '...'",
        ),
        (
            "f.age_days > 7d",
            13,
            "`7d` is no number",
            "write days as a plain number",
        ),
        (
            "p.tier == 1u",
            10,
            "`1u` is no number",
            "write the number without the `u`",
        ),
        (
            "p.tier == 9223372036854775808",
            10,
            "the number is too large",
            "",
        ),
        ("f.score > 1e999", 10, "the number is too large", ""),
        ("f.?kev", 2, "`?` where the name of a field is expected", ""),
        (
            "f{x: 1}",
            1,
            "`{` where an operator or the end is expected",
            "",
        ),
        (
            "size(f.cwes,) == 1",
            12,
            "`)` where a value is expected",
            "",
        ),
        (
            "f.kev; true",
            5,
            "`;` where an operator or the end is expected",
            "",
        ),
    ] {
        let error = Condition::parse(source, Phase::Verdict).expect_err(source);
        let right = error.message.starts_with(message)
            && error.offset == offset
            && (hint.is_empty() || error.hint.as_deref() == Some(hint));
        if !right {
            wrong.push(format!("{source}\n  {error:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
