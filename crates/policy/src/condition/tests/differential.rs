//! Our parser and evaluation against the `cel` crate's, and what becomes of an answer when less is known.

use proptest::prelude::*;

use super::super::foreign::interpret;
use super::*;

const TEXTS: [&str; 8] = ["", "a", "ab", "b", "CWE-79", "äö", "it's", "x\\y"];
const INTS: [i64; 9] = [0, 1, 2, -1, 7, 100, -7, i64::MAX, i64::MIN];
const DOUBLES: [f64; 9] = [0.0, 0.5, 1.0, 2.0, -1.5, 7.0, 100.0, 1e300, -0.0];
const LISTS: [&[&str]; 5] = [
    &[],
    &["a"],
    &["a", "ab"],
    &["CWE-79", "äö", "b"],
    &["", "it's"],
];

/// Makes conditions and facts of random bytes; the same of the same, and a shorter one of fewer bytes.
struct Maker<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Also what only the interpreter can do.
    foreign: bool,
    /// Also `has`.
    has: bool,
    in_loop: bool,
}

impl<'a> Maker<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.iter(),
            foreign: false,
            has: false,
            in_loop: false,
        }
    }

    /// A number below; zero where no byte is left.
    fn below(&mut self, most: usize) -> usize {
        self.bytes
            .next()
            .map_or(0, |byte| usize::from(*byte) % most)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn field(&mut self, kind: Type) -> Field {
        let fields: Vec<Field> = Field::ALL
            .iter()
            .copied()
            .filter(|field| field.kind() == kind)
            .collect();
        self.pick(&fields)
    }

    /// A variable of which any value may be asked.
    fn open(&mut self, kind: Type) -> &'static str {
        let fields: Vec<Field> = Field::ALL
            .iter()
            .copied()
            .filter(|field| field.kind() == kind && field.words().is_empty())
            .collect();
        self.pick(&fields).name()
    }

    fn spaced(&mut self, text: String) -> String {
        match self.below(5) {
            0 => format!("({text})"),
            1 => format!(" {text}\n"),
            _ => text,
        }
    }

    fn yes(&mut self, depth: usize) -> String {
        let text = if depth == 0 {
            match self.below(4) {
                0 => "true".into(),
                1 => "false".into(),
                _ => self.field(Type::Bool).name().into(),
            }
        } else {
            let deeper = depth - 1;
            match self.below(20) {
                0..=2 => format!("{} && {}", self.loose(deeper), self.loose(deeper)),
                3..=5 => format!("{} || {}", self.loose(deeper), self.loose(deeper)),
                6 => format!("!{}", self.tight(deeper)),
                7 => format!("!!{}", self.tight(deeper)),
                8 => format!(
                    "({} ? {} : {})",
                    self.tight(deeper),
                    self.tight(deeper),
                    self.tight(deeper)
                ),
                11 => {
                    let field = self.field(Type::Text);
                    let word = self.word(field);
                    let operator = self.pick(&["==", "!="]);
                    format!("{} {operator} {word}", field.name())
                }
                12 => {
                    let field = self.field(Type::Text);
                    let words: Vec<String> = (0..self.below(4)).map(|_| self.word(field)).collect();
                    format!("{} in [{}]", field.name(), words.join(", "))
                }
                13 => {
                    let field = self.field(Type::Texts);
                    let word = self.word(field);
                    format!("{word} in {}", field.name())
                }
                14 => {
                    let part = self.pick(&["startsWith", "endsWith", "contains"]);
                    format!("{}.{part}({})", self.text(deeper), self.text(deeper))
                }
                15 => {
                    let pattern = self.pick(&["'^a'", "r'\\\\d+$'", "'(?i)B|ö'", "''"]);
                    if self.below(2) == 0 {
                        format!("{}.matches({pattern})", self.text(deeper))
                    } else {
                        format!("matches({}, {pattern})", self.text(deeper))
                    }
                }
                16 | 17 if !self.in_loop => {
                    let list = self.list();
                    let all = self.pick(&["exists", "all"]);
                    self.in_loop = true;
                    let body = self.yes(deeper);
                    self.in_loop = false;
                    format!("{list}.{all}(x, {body})")
                }
                18 if self.has => {
                    let field = self.pick(Field::ALL);
                    format!("has({})", field.name())
                }
                19 if self.foreign => {
                    let list = self.open(Type::Texts);
                    match self.below(if self.in_loop { 3 } else { 5 }) {
                        0 => format!("{list}[{}] == {}", self.whole(0), self.text(0)),
                        1 => format!("{} + 'a' != {}", self.text(deeper), self.text(deeper)),
                        2 => format!("double({}) < {}", self.whole(deeper), self.fraction(0)),
                        3 => format!("{list}.exists_one(y, y != {})", self.text(0)),
                        _ => format!("{list}.filter(y, y.contains({})).size() > 0", self.text(0)),
                    }
                }
                _ => self.compared(deeper),
            }
        };
        self.spaced(text)
    }

    /// As it is, so that the operators around decide what belongs together.
    fn loose(&mut self, depth: usize) -> String {
        if self.below(3) == 0 {
            return self.tight(depth);
        }
        self.yes(depth)
    }

    /// In brackets where an operator could come between.
    fn tight(&mut self, depth: usize) -> String {
        format!("({})", self.yes(depth))
    }

    fn compared(&mut self, depth: usize) -> String {
        let operator = self.pick(&["==", "!=", "<", "<=", ">", ">="]);
        match self.below(6) {
            0 => format!("{} {operator} {}", self.whole(depth), self.whole(depth)),
            1 => format!(
                "{} {operator} {}",
                self.fraction(depth),
                self.fraction(depth)
            ),
            2 => format!("{} {operator} {}", self.whole(depth), self.fraction(depth)),
            3 => format!("{} {operator} {}", self.fraction(depth), self.whole(depth)),
            4 => format!("{} {operator} {}", self.text(depth), self.text(depth)),
            _ => format!(
                "{} in [{}, {}]",
                self.whole(depth),
                self.whole(depth),
                self.whole(depth)
            ),
        }
    }

    fn reckoned(
        &mut self,
        operator: &str,
        side: impl Fn(&mut Self, usize) -> String,
        depth: usize,
    ) -> String {
        let text = format!("{} {operator} {}", side(self, depth), side(self, depth));
        match self.below(3) {
            0 => format!("({text})"),
            _ => text,
        }
    }

    fn whole(&mut self, depth: usize) -> String {
        let text = if depth == 0 {
            if self.below(2) == 0 {
                self.open(Type::Int).to_owned()
            } else {
                match self.pick(&INTS) {
                    7 => "0x7".into(),
                    number => number.to_string(),
                }
            }
        } else {
            let deeper = depth - 1;
            match self.below(8) {
                0..=3 => {
                    let operator = self.pick(&["+", "-", "*", "/", "%"]);
                    self.reckoned(operator, Self::whole, deeper)
                }
                4 => format!("-({})", self.whole(deeper)),
                5 => format!("size({})", self.list()),
                6 => format!("{}.size()", self.text(deeper)),
                _ => format!(
                    "({} ? {} : {})",
                    self.tight(deeper),
                    self.whole(deeper),
                    self.whole(deeper)
                ),
            }
        };
        self.spaced(text)
    }

    fn fraction(&mut self, depth: usize) -> String {
        let text = if depth == 0 {
            if self.below(2) == 0 {
                self.open(Type::Double).to_owned()
            } else {
                format!("{:?}", self.pick(&DOUBLES))
            }
        } else {
            let deeper = depth - 1;
            match self.below(6) {
                0..=3 => {
                    let operator = self.pick(&["+", "-", "*", "/"]);
                    self.reckoned(operator, Self::fraction, deeper)
                }
                4 => format!("-({})", self.fraction(deeper)),
                _ => format!(
                    "({} ? {} : {})",
                    self.tight(deeper),
                    self.fraction(deeper),
                    self.fraction(deeper)
                ),
            }
        };
        self.spaced(text)
    }

    fn text(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 3 } else { 4 }) {
            0 if self.in_loop => "x".into(),
            0 | 1 => self.open(Type::Text).into(),
            2 => {
                let text = self.pick(&TEXTS);
                quoted(text, self.below(4))
            }
            _ => format!(
                "({} ? {} : {})",
                self.tight(depth - 1),
                self.text(depth - 1),
                self.text(depth - 1)
            ),
        }
    }

    fn list(&mut self) -> String {
        match self.below(3) {
            0 => {
                let texts: Vec<String> = (0..=self.below(3)).map(|_| self.text(0)).collect();
                format!("[{}]", texts.join(", "))
            }
            _ => self.open(Type::Texts).into(),
        }
    }

    fn word(&mut self, field: Field) -> String {
        let words = if field.words().is_empty() {
            &TEXTS[..]
        } else {
            field.words()
        };
        let word = self.pick(words);
        quoted(word, self.below(4))
    }

    fn facts(&mut self) -> Facts<'static> {
        let mut facts = Facts::new();
        for field in Field::ALL.iter().copied() {
            match field.kind() {
                Type::Bool => facts.set(field, self.below(2) == 0),
                Type::Int => facts.set(field, self.pick(&INTS)),
                Type::Double => facts.set(field, self.pick(&DOUBLES)),
                Type::Text if field.words().is_empty() => facts.set(field, self.pick(&TEXTS)),
                Type::Text => facts.set(field, self.pick(field.words())),
                Type::Texts => facts.set(field, self.pick(&LISTS)),
            }
        }
        facts
    }
}

fn quoted(text: &str, way: usize) -> String {
    match way {
        0 if !text.contains(['\'', '\\']) => format!("r'{text}'"),
        1 => format!("\"{}\"", text.replace('\\', "\\\\")),
        2 => {
            let unit = |c: char| format!("\\u{:04x}", u32::from(c));
            let units: Vec<String> = text.chars().map(unit).collect();
            let units = units.concat();
            format!("'{units}'")
        }
        _ => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// The answer of the interpreter, as ours would say it.
fn same(outcome: Outcome, theirs: &Result<bool, String>) -> bool {
    match (outcome, theirs) {
        (Outcome::True, Ok(true)) | (Outcome::False, Ok(false)) => true,
        (Outcome::Unknown(reason), Err(_)) => {
            reason.error().is_some() && reason.fields().is_empty()
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn ours_is_the_interpreters_answer(
        shape in proptest::collection::vec(any::<u8>(), 0..120),
        values in proptest::collection::vec(any::<u8>(), Field::COUNT),
        has: bool,
    ) {
        let mut maker = Maker { has, ..Maker::new(&shape) };
        let source = maker.yes(4);
        let facts = Maker::new(&values).facts();
        match Condition::parse(&source, Phase::Verdict) {
            Err(error) => prop_assert!(error.message.contains("more than"), "{source}: {error:?}"),
            Ok(condition) => {
                prop_assert!(condition.is_compiled(), "{source}");
                let theirs = interpret(&source, &facts);
                let ours = condition.eval(&facts);
                prop_assert!(same(ours, &theirs), "{source}\nours {ours:?}\ntheirs {theirs:?}\n{facts:?}");
            }
        }
    }

    #[test]
    fn what_is_not_known_never_turns_the_answer(
        shape in proptest::collection::vec(any::<u8>(), 0..120),
        values in proptest::collection::vec(any::<u8>(), Field::COUNT),
        hidden in proptest::collection::vec(any::<bool>(), Field::COUNT),
    ) {
        let mut maker = Maker { foreign: true, ..Maker::new(&shape) };
        let source = maker.yes(4);
        let facts = Maker::new(&values).facts();
        let mut fewer = facts.clone();
        for (field, hide) in Field::ALL.iter().copied().zip(hidden) {
            if hide {
                fewer.set(field, Value::Unknown);
            }
        }
        if let Ok(condition) = Condition::parse(&source, Phase::Verdict) {
            let (full, less) = (condition.eval(&facts), condition.eval(&fewer));
            let theirs = interpret(&source, &facts);
            prop_assert!(same(full, &theirs), "{source}\nours {full:?}\ntheirs {theirs:?}");
            match (full, less) {
                (Outcome::True, Outcome::False) | (Outcome::False, Outcome::True) => {
                    prop_assert!(false, "{source}\n{full:?} became {less:?}\n{fewer:?}");
                }
                (_, Outcome::Unknown(reason)) => {
                    prop_assert!(reason.error().is_some() || !reason.fields().is_empty());
                    for field in reason.fields().iter() {
                        prop_assert!(condition.fields().has(field));
                        prop_assert_eq!(fewer.get(field), Value::Unknown);
                    }
                    // Learning what it asks for decides it, or shows an error.
                    let mut learnt = fewer.clone();
                    for field in reason.fields().iter() {
                        learnt.set(field, facts.get(field));
                    }
                    if reason.error().is_none() {
                        prop_assert!(condition.eval(&learnt) != less, "{source}\n{fewer:?}");
                    }
                }
                // A failing test of `?:` is the only way to know more with less: its arms agree.
                (Outcome::Unknown(reason), _) => prop_assert!(reason.error().is_some()),
                _ => {}
            }
            let clauses = condition.explain(&fewer);
            prop_assert!(!clauses.is_empty());
            prop_assert!(clauses.iter().any(|clause| matches!(clause.outcome, Outcome::Unknown(_))) || !matches!(less, Outcome::Unknown(_)));
            prop_assert!(!condition.words().is_empty());
        }
    }

    #[test]
    fn what_we_accept_is_cel(tokens in proptest::collection::vec(0usize..48, 1..12), values in proptest::collection::vec(any::<u8>(), Field::COUNT)) {
        const PIECES: [&str; 48] = [
            "f.kev", "a.exposed", "f.severity", "p.tier", "f.cwes", "f.epss", "f.name", "'high'", "'a'", "1", "-1", "2.5", "true", "&&", "||", "==", "!=",
            "<", ">=", "in", "+", "-", "*", "/", "%", "?", ":", "!", "(", ")", "[", "]", "{", "}", ",", ".", "x", ".exists(x,", ".all(x,", ".size()",
            ".startsWith(", "size(", "has(", "== 1", "== 'a'", "!!", "// c\n", "[0]",
        ];
        let source: String = tokens.iter().map(|token| PIECES[*token]).collect::<Vec<_>>().join(" ");
        if let Ok(condition) = Condition::parse(&source, Phase::Verdict) {
            let facts = Maker::new(&values).facts();
            let theirs = interpret(&source, &facts);
            let ours = condition.eval(&facts);
            prop_assert!(same(ours, &theirs), "{source}\nours {ours:?}\ntheirs {theirs:?}");
        }
    }
}

#[test]
fn the_maker_makes_all_sorts() {
    let (mut yes, mut no, mut unknown, mut refused) = (0, 0, 0, 0);
    let mut state = 1_u32;
    let mut bytes = |count: usize| -> Vec<u8> {
        let byte = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(byte).collect()
    };
    for _ in 0..2000 {
        let source = Maker::new(&bytes(100)).yes(4);
        match Condition::parse(&source, Phase::Verdict) {
            Err(_) => refused += 1,
            Ok(condition) => match condition.eval(&Maker::new(&bytes(Field::COUNT)).facts()) {
                Outcome::True => yes += 1,
                Outcome::False => no += 1,
                Outcome::Unknown(_) => unknown += 1,
            },
        }
    }
    assert!(yes > 400 && no > 400 && unknown > 50 && refused < 200);
}

#[test]
fn corners_of_the_grammar() {
    let facts = known();
    for source in [
        "1 - 1 - 1 == -1",
        "2 * 3 % 4 == 2",
        "7 - -1 == 8",
        "- 1 == -1",
        "--1 == 1",
        "---922337203685477580 < 0",
        "-(-9223372036854775808) < 0",
        "--f.overdue_days == 7",
        "!!!f.kev == !f.kev",
        "true == f.kev == true",
        "f.kev ? true : false ? false : true",
        "(f.kev ? 1 : 2) == 1 ? true : f.kev",
        "true || false && false",
        "false && false || true",
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
        "1 < 2 == true",
        "1 in [1] == true",
        ".5 < 1.0 && 1e3 == 1000.0 && 1.5E-1 < 0.2 && 0xfF == 255",
        "'\\?\\`\\\"\\'' == '?`\"' + \"'\"",
        "'\\U0001F600'.size() == 1 && '\\X41\\x41\\101' == 'AAA'",
        "R\"\\n\" == '\\\\n'",
        "[1, 2,].size() == 2 && {'a': 1,}['a'] == 1",
        "f.cwes.exists(size, size == 'CWE-79')",
        "f.cwes.exists(x, x == 'CWE-79') && f.aliases.exists(x, x == 'CWE-79')",
        "[] == [] && size([]) == 0",
        "f.name in []",
        "9007199254740993 == 9007199254740992.0",
        "5 / -2 == -2 && -5 % 3 == -2",
        "9223372036854775807 + 1 > 0 || true",
        "(-9223372036854775807 - 1) / -1 > 0",
        "(-9223372036854775807 - 1) % -1 == 0",
        "f.cwes.all(x, 1 / (x.size() - 6) > 0)",
        "f.cwes.exists(x, 1 / (x.size() - 6) > 0)",
        "[1, 2].exists(x, x / 0 == 1 || x == 2)",
        "[1 / 0, 2].exists(x, x == 2)",
        "2 in [2, 1 / 0]",
    ] {
        match Condition::parse(source, Phase::Verdict) {
            Err(error) => {
                let theirs = interpret(source, &facts);
                panic!("{source}: {error:?}, theirs {theirs:?}");
            }
            Ok(condition) => {
                let (ours, theirs) = (condition.eval(&facts), interpret(source, &facts));
                assert!(
                    same(ours, &theirs),
                    "{source}\nours {ours:?}\ntheirs {theirs:?}"
                );
            }
        }
    }
}
