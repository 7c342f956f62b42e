//! What the values of a term mean.

use stanchion_model::threat::ThreatVector;

use super::fields::Kind;
use super::nearest::nearest;
use super::parse::{Op, Term, short};

const DAY: i64 = 86_400;

/// The meaning of a term's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Any of these numbers.
    Numbers(Vec<i64>),
    /// From the first, up to and without the second.
    Range(Option<i64>, Option<i64>),
    /// Yes or no.
    Truth(bool),
    /// Any of these bits.
    Bits(i64),
    /// Any of these texts.
    Texts(Vec<Pattern>),
}

/// What a text may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Exactly this.
    Exact(String),
    /// All that begin so.
    Prefix(String),
    /// None.
    None,
    /// Some.
    Any,
}

/// Why a value does not fit its field.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) hint: String,
}

fn wrong<T>(what: impl Into<String>, hint: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        what: what.into(),
        hint: hint.into(),
    })
}

/// `true` or `false`, and `yes` or `no`.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

/// Reads the values of a term. `now` is in seconds since 1970.
pub(super) fn read(term: &Term, now: i64) -> Result<Meaning, Wrong> {
    let name = term.field.name;
    let one = || match term.values.as_slice() {
        [one] => Ok(one.as_str()),
        _ => wrong(
            format!("`{name}` takes one value"),
            format!("as in {}", term.field.example),
        ),
    };
    let equal = |what: &str| {
        if term.op == Op::Is {
            Ok(())
        } else {
            wrong(
                format!("`{name}` is {what} and not compared"),
                format!("write `:`, as in {}", term.field.example),
            )
        }
    };
    match term.field.kind {
        Kind::Truth => {
            equal("true or false")?;
            match truth(one()?) {
                Some(said) => Ok(Meaning::Truth(said)),
                None => wrong(
                    format!("`{name}` is true or false"),
                    format!("write `{name}:true`"),
                ),
            }
        }
        Kind::Words { words, ordered } => numbers(term, words, ordered),
        Kind::Vector => {
            equal("one of a set")?;
            let mut bits = 0;
            for value in &term.values {
                let Some(vector) = ThreatVector::from_id(value) else {
                    return wrong(
                        format!("`{}` is no threat vector", short(value)),
                        hint(
                            value,
                            &ThreatVector::all()
                                .map(ThreatVector::id)
                                .collect::<Vec<_>>(),
                        ),
                    );
                };
                bits |= bit(vector);
            }
            Ok(Meaning::Bits(bits))
        }
        Kind::Number {
            scale,
            most,
            percent,
        } => {
            let parts = number(one()?, scale, most, percent).ok_or_else(|| Wrong {
                what: format!("`{name}` is a number from 0 to {}", most / scale),
                hint: format!("as in {}", term.field.example),
            })?;
            // Unknown is -1: it is in no range.
            Ok(match term.op {
                Op::Is => Meaning::Range(Some(parts), Some(parts + 1)),
                Op::More => Meaning::Range(Some(parts + 1), None),
                Op::AtLeast => Meaning::Range(Some(parts), None),
                Op::Less => Meaning::Range(Some(0), Some(parts)),
                Op::AtMost => Meaning::Range(Some(0), Some(parts + 1)),
            })
        }
        Kind::Until | Kind::Since | Kind::Age => time(term, one()?, now),
        Kind::Text { prefix, empty } => {
            equal("a text")?;
            Ok(Meaning::Texts(
                term.values
                    .iter()
                    .map(|value| pattern(value, prefix, empty))
                    .collect(),
            ))
        }
    }
}

/// The bit of a vector in the store.
pub(super) fn bit(vector: ThreatVector) -> i64 {
    1 << ThreatVector::all()
        .position(|known| known == vector)
        .unwrap_or(62)
}

fn pattern(value: &str, prefix: bool, empty: bool) -> Pattern {
    match value.strip_suffix('*') {
        Some(start) if prefix => Pattern::Prefix(start.to_owned()),
        _ if empty && value == "none" => Pattern::None,
        _ if empty && value == "any" => Pattern::Any,
        _ => Pattern::Exact(value.to_owned()),
    }
}

fn hint(value: &str, words: &[&str]) -> String {
    match nearest(value, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("it is one of {}", words.join(", ")),
    }
}

fn numbers(
    term: &Term,
    words: &'static [(&'static str, i64)],
    ordered: bool,
) -> Result<Meaning, Wrong> {
    let name = term.field.name;
    let mut given = Vec::new();
    for value in &term.values {
        let word = value.to_ascii_lowercase().replace(' ', "_");
        let found = words
            .iter()
            .find(|(known, _)| *known == word || known.replace('-', "_") == word.replace('-', "_"));
        match found {
            Some((_, number)) => given.push(*number),
            None => {
                return wrong(
                    format!("`{name}` is never `{}`", short(value)),
                    hint(
                        value,
                        &words.iter().map(|(word, _)| *word).collect::<Vec<_>>(),
                    ),
                );
            }
        }
    }
    if term.op == Op::Is {
        given.sort_unstable();
        given.dedup();
        return Ok(Meaning::Numbers(given));
    }
    let ([than], true) = (given.as_slice(), ordered) else {
        let what = if ordered {
            format!("`{name}` is compared with one value")
        } else {
            format!("`{name}` is one of a set and not compared")
        };
        return wrong(what, format!("as in {}", term.field.example));
    };
    if *than < 0 {
        return wrong(
            "what is unknown is neither more nor less",
            format!("write `{name}:unknown`"),
        );
    }
    Ok(Meaning::Numbers(
        words
            .iter()
            .map(|(_, number)| *number)
            .filter(|number| {
                *number >= 0
                    && match term.op {
                        Op::Is => number == than,
                        Op::More => number > than,
                        Op::AtLeast => number >= than,
                        Op::Less => number < than,
                        Op::AtMost => number <= than,
                    }
            })
            .collect(),
    ))
}

/// Parts of a number that is written in decimals. Digits beyond the scale are cut off.
fn number(text: &str, scale: i64, most: i64, percent: bool) -> Option<i64> {
    let (text, scale) = match text.strip_suffix('%') {
        Some(text) if percent => (text, scale / 100),
        Some(_) => return None,
        None => (text, scale),
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || (whole.is_empty() && decimals.is_empty()) {
        return None;
    }
    let mut parts = whole.parse::<i64>().unwrap_or(0) * scale;
    let mut place = scale;
    for digit in decimals.bytes() {
        place /= 10;
        parts += i64::from(digit - b'0') * place;
    }
    (parts <= most).then_some(parts)
}

/// A length of time: a number and `h`, `d`, `w`, `m` (30 days) or `y` (365 days).
fn length(text: &str) -> Option<i64> {
    let unit = match text.bytes().last()? {
        b'h' => 3_600,
        b'd' => DAY,
        b'w' => 7 * DAY,
        b'm' => 30 * DAY,
        b'y' => 365 * DAY,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok().map(|count| count * unit)
}

fn time(term: &Term, text: &str, now: i64) -> Result<Meaning, Wrong> {
    let name = term.field.name;
    let kind = term.field.kind;
    if kind == Kind::Until && text == "overdue" && term.op == Op::Is {
        return Ok(Meaning::Range(None, Some(now)));
    }
    if let Some(length) = length(text) {
        if term.op == Op::Is {
            return wrong(
                format!("`{name}` with a length of time is compared"),
                format!("write `{name}<{text}` or `{name}>{text}`"),
            );
        }
        let moment = if kind == Kind::Until {
            now + length
        } else {
            now - length
        };
        // The older, the earlier.
        let later = matches!(term.op, Op::More | Op::AtLeast) != (kind == Kind::Age);
        return Ok(if later {
            Meaning::Range(Some(moment), None)
        } else {
            Meaning::Range(None, Some(moment))
        });
    }
    let day = (kind != Kind::Age && text.len() == 10)
        .then(|| format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().ok())
        .flatten();
    if let Some(day) = day {
        let start = day.as_second();
        let end = start + DAY;
        return Ok(match term.op {
            Op::Is => Meaning::Range(Some(start), Some(end)),
            Op::More => Meaning::Range(Some(end), None),
            Op::AtLeast => Meaning::Range(Some(start), None),
            Op::Less => Meaning::Range(None, Some(start)),
            Op::AtMost => Meaning::Range(None, Some(end)),
        });
    }
    let takes = match kind {
        Kind::Age => "a length of time such as 12h, 30d, 2w, 6m or 1y",
        Kind::Until => "a day (2026-01-31), a length of time from now (7d), or `overdue`",
        _ => "a day (2026-01-31), or a length of time ago (7d)",
    };
    wrong(
        format!("`{}` is no time for `{name}`", short(text)),
        format!("it takes {takes}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        for (text, want) in [
            ("0.5", Some(5_000)),
            ("50%", Some(5_000)),
            ("12.34%", Some(1_234)),
            ("1", Some(10_000)),
            (".1", Some(1_000)),
            ("1.1", None),
            ("101%", None),
            ("-1", None),
            ("1e3", None),
            (".", None),
            ("", None),
            ("9999999999999999999", None),
        ] {
            assert_eq!(number(text, 10_000, 10_000, true), want, "{text}");
        }
        assert_eq!(number("70.5", 10, 1_000, false), Some(705));
        assert_eq!(number("70%", 10, 1_000, false), None);
    }
}
