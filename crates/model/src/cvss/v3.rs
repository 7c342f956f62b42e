//! CVSS 3.0 and 3.1: the equations of section 8 (3.0) and 7 (3.1), in whole numbers but for the
//! power in the impact of a changed scope.

use super::{Vector, Version};

/// A decimal number times a power of ten; the widest one here and in `v2` has 24 digits.
pub(super) type Number = i128;

/// Places of the metrics in their table. A modified metric comes 14 places after its base metric.
const PR: usize = 2;
const S: usize = 4;
const C: usize = 5;
const E: usize = 8;
const CR: usize = 11;
const MODIFIED: usize = 14;

/// The unit of impact, exploitability and their sum: eleven decimals.
const UNIT: Number = 100_000_000_000;

/// The value of a base metric, or its modified value where that is given and asked for.
fn place(vector: &Vector, at: usize, modified: bool) -> usize {
    const VALUES: [u8; 8] = [4, 2, 3, 2, 2, 3, 3, 3]; // what follows them is "not defined"
    let given = vector.values[at + MODIFIED];
    let place = if modified && given < VALUES[at] {
        given
    } else {
        vector.values[at]
    };
    usize::from(place)
}

fn number(place: usize, numbers: &[Number]) -> Number {
    // Optional metrics that are not given count as their last value, "not defined".
    numbers
        .get(place)
        .or(numbers.last())
        .copied()
        .unwrap_or_default()
}

/// The equation of the base score, in tenths; with `modified` the inner part of the environmental.
#[expect(
    clippy::cast_precision_loss,
    reason = "at most 0.915 with nine decimals"
)]
fn equation(vector: &Vector, modified: bool) -> Number {
    let mut rest = 1; // three decimals a factor
    for at in C..C + 3 {
        let impact = number(place(vector, at, modified), &[0, 22, 56]);
        let required = match usize::from(vector.values[at - C + CR]) {
            at if modified => number(at, &[5, 10, 15, 10]),
            _ => 10,
        };
        rest *= 1000 - impact * required;
    }
    let mut sub_score = 1_000_000_000 - rest; // nine decimals
    if modified {
        sub_score = sub_score.min(915_000_000);
    }
    let changed = place(vector, S, modified) == 1;
    let impact = if changed {
        let share = sub_score as f64 / 1e9;
        let power = if modified && vector.version == Version::V31 {
            (share * 0.9731 - 0.02).powi(13)
        } else {
            (share - 0.02).powi(15)
        };
        // No power of these ends within eleven decimals, so nothing hangs on the last one.
        ((7.52 * (share - 0.029) - 3.25 * power) * 1e11).round() as Number
    } else {
        642 * sub_score
    };
    if impact <= 0 {
        return 0;
    }
    let privileges: &[Number] = if changed {
        &[85, 68, 50]
    } else {
        &[85, 62, 27]
    };
    let exploitability = 822
        * number(place(vector, 0, modified), &[85, 62, 55, 20])
        * number(place(vector, 1, modified), &[77, 44])
        * number(place(vector, PR, modified), privileges)
        * number(place(vector, 3, modified), &[85, 62])
        * 10;
    let sum = impact + exploitability;
    let (sum, unit) = if changed {
        (sum * 108, UNIT * 100)
    } else {
        (sum, UNIT)
    };
    round_up(sum.min(10 * unit), unit, vector.version)
}

/// Rounds up to tenths as the version says it.
///
/// 3.0, section 8: the smallest number with one decimal that is not below the input. 3.1, appendix
/// A: the same after rounding to five decimals.
fn round_up(number: Number, unit: Number, version: Version) -> Number {
    let up = |number: Number, by: Number| (number + by - 1) / by;
    if version == Version::V31 {
        up((2 * number * 100_000 + unit) / (2 * unit), 10_000)
    } else {
        up(number * 10, unit)
    }
}

fn with_temporal(vector: &Vector, score: Number) -> Number {
    let factor = |at: usize, numbers: &[Number]| number(usize::from(vector.values[at]), numbers);
    let factors = factor(E, &[91, 94, 97, 100, 100])
        * factor(E + 1, &[95, 96, 97, 100, 100])
        * factor(E + 2, &[92, 96, 100, 100]);
    round_up(score * factors, 10_000_000, vector.version)
}

/// Base score in tenths.
pub(super) fn base(vector: &Vector) -> i32 {
    equation(vector, false) as i32
}

/// Temporal score in tenths.
pub(super) fn temporal(vector: &Vector) -> i32 {
    with_temporal(vector, equation(vector, false)) as i32
}

/// Environmental score in tenths.
pub(super) fn environmental(vector: &Vector) -> i32 {
    with_temporal(vector, equation(vector, true)) as i32
}
