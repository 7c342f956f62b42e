//! Sources made to hurt: megabytes, deep nesting, long chains, and random ones. Each is answered at once, on a small
//! stack.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::syntax::{DEEPEST, LONGEST_SOURCE, MOST_NODES};
use super::*;

/// What a thread has by default.
const STACK: usize = 2 << 20;

/// Parses and evaluates on a small stack, and in less time than anybody notices.
fn survive(source: String) -> Result<Outcome, ConditionError> {
    let work = move || {
        let started = Instant::now();
        let condition = Condition::parse(&source, Phase::Verdict)?;
        let outcome = condition.eval(&known());
        condition.explain(&Facts::new());
        condition.words();
        let took = started.elapsed();
        let head: String = source.chars().take(60).collect();
        assert!(took < Duration::from_secs(2), "{head}... took {took:?}");
        Ok(outcome)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.expect("a thread").join().expect("no panic")
}

#[test]
fn a_megabyte_of_anything_is_refused() {
    let long = 1 << 20;
    for piece in [
        "(",
        "!",
        "-",
        "[",
        "{",
        "a.",
        ".a",
        "f.kev || ",
        "f.kev && ",
        "f.kev ? ",
        "1 + ",
        "'",
        "\"",
        "\\",
        "// ",
        "\n",
        " ",
        "\0",
        "x",
        "9",
        "0x",
        "1.",
        "size(",
        "f.cwes.exists(x, ",
        "{'a': ",
        "[[[[",
        "f.cwes[",
        "'a' + ",
        "é",
        "🦀",
        "\u{feff}",
        "&",
        "r'",
        "in ",
    ] {
        let error = survive(piece.repeat(long / piece.len())).expect_err(piece);
        assert_eq!(
            error.message,
            format!("a condition is longer than {LONGEST_SOURCE} bytes")
        );
        // As much of it as is read at all.
        let most = piece.repeat(LONGEST_SOURCE / piece.len());
        assert!(survive(most).is_err(), "{piece}");
    }
}

#[test]
fn depth_and_size_are_bounded_and_what_is_within_works() {
    let nest = |open: &str, middle: &str, close: &str, times: usize| {
        format!("{}{middle}{}", open.repeat(times), close.repeat(times))
    };
    for (open, middle, close) in [
        ("(", "f.kev", ")"),
        ("!(", "f.kev", ")"),
        ("f.kev ? true : ", "f.kev", ""),
        ("[", "1", "]"),
        ("f.cwes[", "0", "]"),
        ("size(f.name + string(", "1", "))"),
        ("(f.kev && ", "f.kev", ")"),
        ("(f.name + '' == 'x' || ", "f.cwes[0] == 'x'", ")"),
    ] {
        let shallow = survive(nest(open, middle, close, DEEPEST / 2 - 1));
        if let Err(error) = shallow {
            assert!(!error.message.contains("deep"), "{open}: {error:?}");
        }
        let error = survive(nest(open, middle, close, DEEPEST + 1)).expect_err(open);
        assert!(
            error.message.contains("nested more than"),
            "{open}: {error:?}"
        );
    }
    for piece in [
        "f.kev || ",
        "f.kev && ",
        "f.cwes[0] == 'x' || ",
        "f.kev == ",
        "1 < 2 && ",
    ] {
        let chain = |times: usize| format!("{}f.kev", piece.repeat(times));
        let most = (MOST_NODES - 1) / 10;
        assert!(survive(chain(most)).is_ok(), "{piece}");
        let error = survive(chain(MOST_NODES)).expect_err(piece);
        assert_eq!(
            error.message,
            format!("a condition has more than {MOST_NODES} parts")
        );
    }
    let wide = format!(
        "f.cwes.exists_one(x, {}x == 'b')",
        "x == 'a' || ".repeat(40)
    );
    assert!(survive(wide).is_ok());
    assert!(survive("!".repeat(4000) + "f.kev").is_ok());
    assert!(survive("-".repeat(4000) + "1 == 1").is_ok());
    let outside = nest("(", "f.cwes[0] == 'x'", ")", DEEPEST - 2);
    assert!(survive(format!("{outside} && {outside}")).is_ok());
    for (piece, end, most) in [("(", ")", 4), ("(1 + int(", "))", 2), ("int(", ")", 5)] {
        let inside = |times: usize| format!("int('1') == {}", nest(piece, "int('1')", end, times));
        assert!(survive(inside(most)).is_ok(), "{piece}");
        let error = survive(inside(most + 2)).expect_err(piece);
        assert!(
            error.message.ends_with("nested too deep for it"),
            "{error:?}"
        );
    }
    let error = survive(format!("{}'a' == 'b'", "'a' + ".repeat(15))).expect_err("a high tree");
    assert!(
        error.message.ends_with("nested too deep for it"),
        "{error:?}"
    );
    assert!(survive(format!("{}'a' == 'b'", "'a' + ".repeat(13))).is_ok());
    let list = format!("f.cwes == [{}]", vec!["'x'"; 150].join(", "));
    assert!(survive(list).is_ok());
    assert!(survive(format!("f.name == '{}'", "x".repeat(257))).is_err());
    assert!(survive(format!("f.name == '{}'", "x".repeat(256))).is_ok());
}

#[test]
fn long_lists_are_walked_in_little_time() {
    let texts: Vec<String> = (0..20_000).map(|number| format!("CWE-{number}")).collect();
    let mut facts = known();
    facts.set(Field::Cwes, texts.as_slice());
    facts.set(Field::Aliases, texts.as_slice());
    let started = Instant::now();
    for source in [
        "f.cwes.exists(x, x.matches('^(a|b|ab)*c$'))",
        "f.cwes.all(x, x.startsWith('CWE-'))",
        "f.cwes.exists_one(x, x.endsWith('-19999'))",
        "f.cwes.map(x, x + x + x + x).size() == 1",
    ] {
        parse(source).eval(&facts);
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in ".{0,80}") {
        if let Err(error) = Condition::parse(&source, Phase::Verdict) {
            prop_assert!(source.is_char_boundary(error.offset));
        }
    }

    #[test]
    fn no_text_of_its_alphabet_makes_it_panic(source in r#"[fpa.xkev 0-9'"\\()\[\]{}!&|=<>+*/%?:,in-]{0,60}"#) {
        if let Err(error) = Condition::parse(&source, Phase::Verdict) {
            prop_assert!(error.offset <= source.len());
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn a_broken_condition_is_told_where(cut in 0usize..120, with in "[ -~]{0,3}") {
        let source = "f.kev && (f.severity in ['critical', 'high'] || f.cwes.exists(x, x.startsWith('CWE-7'))) && p.tier + 1 <= 2 * 3 && !a.exposed";
        let cut = cut.min(source.len());
        let broken = format!("{}{with}{}", &source[..cut], &source[(cut + 2).min(source.len())..]);
        match Condition::parse(&broken, Phase::Verdict) {
            Ok(condition) => { condition.eval(&known()); }
            Err(error) => prop_assert!(error.offset <= broken.len() && broken.is_char_boundary(error.offset)),
        }
    }
}
