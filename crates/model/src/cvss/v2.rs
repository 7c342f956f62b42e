//! CVSS 2.0: the equations of "A Complete Guide to CVSS 2.0", section 3.2, in whole numbers.

use super::{Vector, v3::Number};

/// Places of the metrics in their table.
const E: usize = 6;
const CDP: usize = 9;
const TD: usize = 10;
const CR: usize = 11;

/// Takes prefix and parentheses from a 2.0 vector; none if it does not look like one.
pub(super) fn strip(text: &str) -> Option<&str> {
    let text = match text.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?,
        None => text,
    };
    let rest = ["CVSS:2.0/", "CVSS2#", "CVSS2/"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    let rest = rest.unwrap_or(text);
    let rest = match rest.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?,
        None => rest,
    };
    let (metric, _) = rest.split_once(':')?;
    (metric != "CVSS").then_some(rest)
}

/// One of the numbers of a metric, by the place of its value; the last one where it is not given.
fn number(vector: &Vector, at: usize, numbers: &[Number]) -> Number {
    let place = usize::from(vector.values[at]);
    numbers
        .get(place)
        .or(numbers.last())
        .copied()
        .unwrap_or_default()
}

/// The base equation in tenths, not held to zero; `adjusted` by the security requirements.
fn equation(vector: &Vector, adjusted: bool) -> Number {
    const ONE: Number = 100_000; // of an impact, which has five decimals
    const UNIT: Number = 100_000_000_000_000_000; // of impact and exploitability: 17 decimals
    let mut rest = 1;
    for at in 3..6 {
        let impact = number(vector, at, &[0, 275, 660]);
        let required = if adjusted {
            number(vector, at - 3 + CR, &[50, 100, 151, 100])
        } else {
            100
        };
        rest *= ONE - impact * required;
    }
    let mut impact = 1041 * (ONE.pow(3) - rest);
    if adjusted {
        impact = impact.min(10 * UNIT);
    }
    if impact == 0 {
        return 0; // f(Impact)
    }
    let exploitability = 20
        * number(vector, 0, &[395, 646, 1000])
        * number(vector, 1, &[35, 61, 71])
        * number(vector, 2, &[450, 560, 704])
        * 1_000_000_000;
    let raw = (6 * impact + 4 * exploitability - 15 * UNIT) * 1176; // 18 + 3 decimals
    half_up(raw, UNIT * 1000)
}

/// Divides and rounds to the nearest, halves away from zero.
fn half_up(number: Number, by: Number) -> Number {
    (2 * number + number.signum() * by) / (2 * by)
}

fn with_temporal(vector: &Vector, base: Number) -> Number {
    let factors = number(vector, E, &[85, 90, 95, 100, 100])
        * number(vector, E + 1, &[87, 90, 95, 100, 100])
        * number(vector, E + 2, &[90, 95, 100, 100]);
    half_up(base * factors, 1_000_000)
}

/// Base score in tenths.
pub(super) fn base(vector: &Vector) -> i32 {
    equation(vector, false).max(0) as i32
}

/// Temporal score in tenths.
pub(super) fn temporal(vector: &Vector) -> i32 {
    with_temporal(vector, equation(vector, false).max(0)) as i32
}

/// Environmental score in tenths.
pub(super) fn environmental(vector: &Vector) -> i32 {
    let adjusted = with_temporal(vector, equation(vector, true));
    let damage = number(vector, CDP, &[0, 1, 3, 4, 5, 0]); // one decimal
    let targets = number(vector, TD, &[0, 25, 75, 100, 100]); // two decimals
    let raw = (adjusted * 10 + (100 - adjusted) * damage) * targets;
    half_up(raw, 1000).max(0) as i32
}
