//! Conditions that are refused: where, why, and what to write instead.

use super::super::{Condition, Phase};

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
