//! CVSS 4.0: the scoring of specification section 8 - macro vectors, FIRST's look-up table and the
//! interpolation between them - in whole numbers.

use super::{Vector, metrics::Group};

/// Places of the metrics in their table. A modified metric comes 15 places after its base metric.
const VC: usize = 5;
const SC: usize = 8;
const E: usize = 11;
const CR: usize = 12;
const MODIFIED: usize = 15;

/// Scores of the macro vectors in tenths, as FIRST publishes them. A row is one EQ1, EQ2 and
/// EQ3+EQ6 (00, 01, 10, 11, 21; a 20 does not exist); in it EQ4 ascends, and EQ5 within EQ4.
#[rustfmt::skip]
static TABLE: [[u8; 9]; 30] = [
    [100,  98,  95, 100,  93,  91,  93,  89,  81], // 0000
    [ 99,  95,  92,  96,  87,  81,  90,  80,  68], // 0001
    [ 98,  95,  90,  93,  89,  81,  88,  78,  69], // 0010
    [ 95,  92,  84,  92,  81,  65,  80,  70,  48], // 0011
    [ 92,  82,  72,  79,  69,  50,  69,  55,  27], // 0021
    [ 99,  95,  92,  95,  90,  84,  92,  82,  72], // 0100
    [ 97,  92,  85,  91,  83,  71,  81,  71,  53], // 0101
    [ 95,  92,  85,  92,  80,  70,  84,  71,  50], // 0110
    [ 93,  85,  73,  82,  72,  59,  70,  52,  30], // 0111
    [ 86,  75,  52,  71,  52,  29,  63,  29,  17], // 0121
    [ 98,  94,  91,  94,  86,  77,  87,  74,  63], // 1000
    [ 95,  87,  81,  89,  74,  64,  75,  63,  49], // 1001
    [ 94,  88,  76,  86,  74,  59,  72,  57,  52], // 1010
    [ 89,  77,  67,  76,  58,  50,  57,  52,  25], // 1011
    [ 83,  70,  54,  65,  58,  26,  53,  21,  13], // 1021
    [ 95,  88,  76,  90,  75,  61,  77,  68,  52], // 1100
    [ 90,  76,  70,  77,  62,  53,  66,  59,  30], // 1101
    [ 89,  76,  62,  74,  57,  47,  61,  57,  24], // 1110
    [ 78,  67,  58,  59,  57,  23,  52,  29,  16], // 1111
    [ 71,  59,  30,  58,  26,  15,  23,  13,   6], // 1121
    [ 93,  86,  75,  86,  74,  56,  70,  52,  40], // 2000
    [ 87,  72,  58,  74,  61,  34,  54,  40,  22], // 2001
    [ 85,  74,  62,  72,  55,  46,  53,  34,  19], // 2010
    [ 75,  55,  51,  57,  41,  19,  36,  19,   8], // 2011
    [ 64,  51,  20,  47,  21,  11,  24,   9,   4], // 2021
    [ 88,  73,  60,  73,  59,  41,  54,  45,  20], // 2100
    [ 75,  53,  50,  55,  40,  20,  43,  22,  11], // 2101
    [ 75,  58,  40,  61,  48,  20,  46,  17,   8], // 2110
    [ 55,  45,  21,  51,  18,   9,  18,   7,   2], // 2111
    [ 53,  24,  14,  24,  12,   5,  10,   3,   1], // 2121
];

/// The most severe vectors of each level of EQ1: AV, PR, UI, as steps from the most severe value.
const MOST_1: [&[[i32; 3]]; 3] = [
    &[[0, 0, 0]],
    &[[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    &[[3, 0, 0], [1, 1, 1]],
];
/// The same of EQ2: AC, AT.
const MOST_2: [&[[i32; 2]]; 2] = [&[[0, 0]], &[[1, 0], [0, 1]]];
/// The same of EQ3+EQ6: VC, VI, VA, CR, IR, AR.
const MOST_36: [&[[i32; 6]]; 5] = [
    &[[0, 0, 0, 0, 0, 0]],
    &[[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]],
    &[[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]],
    &[
        [1, 0, 1, 0, 1, 0],
        [1, 0, 0, 0, 1, 1],
        [0, 1, 0, 1, 0, 1],
        [0, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0, 1],
    ],
    &[[1, 1, 1, 0, 0, 0]],
];
/// The same of EQ4: SC, SI, SA, where "safety" is the most severe value.
const MOST_4: [&[[i32; 3]]; 3] = [&[[1, 0, 0]], &[[1, 1, 1]], &[[2, 2, 2]]];

/// Steps a level is deep, for EQ1, EQ2, EQ3+EQ6 and EQ4.
const DEPTH_1: [i32; 3] = [1, 4, 5];
const DEPTH_2: [i32; 2] = [1, 2];
const DEPTH_36: [i32; 5] = [7, 6, 8, 8, 10];
const DEPTH_4: [i32; 3] = [6, 5, 4];

/// A multiple of every depth, so that shares of a depth are whole.
const SHARES: i32 = 840;

/// A vector's level of EQ1, EQ2, EQ3+EQ6, EQ4 and EQ5.
#[derive(Clone, Copy)]
struct Levels([usize; 5]);

impl Levels {
    /// The score of the macro vector in tenths.
    fn score(self) -> i32 {
        let [one, two, three, four, five] = self.0;
        i32::from(TABLE[(one * 2 + two) * 5 + three][four * 3 + five])
    }

    /// The score with one of the levels set to another.
    fn score_at(mut self, eq: usize, level: usize) -> i32 {
        self.0[eq] = level;
        self.score()
    }
}

/// The score in tenths of the base metrics and those of the `groups`.
pub(super) fn score(vector: &Vector, groups: &[Group]) -> i32 {
    let environmental = groups.contains(&Group::Environmental);
    // Steps from the most severe value. The lists of values ascend so; an absent metric and "not
    // defined" lie behind them.
    let base = |at: usize| {
        let known = [4, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3][at];
        let given = vector.values[at + MODIFIED];
        let used = if environmental && given < known {
            given
        } else {
            vector.values[at]
        };
        i32::from(used)
    };
    // SC, SI, SA have "safety" before "high"; only the modified metrics know it, as fourth value.
    let subsequent = |at: usize| {
        if environmental && at > SC && vector.values[at + MODIFIED] == 3 {
            0
        } else {
            base(at) + 1
        }
    };
    let optional = |at: usize, group: Group| {
        let given = vector.values[at];
        if groups.contains(&group) && given < 3 {
            i32::from(given)
        } else {
            0
        }
    };
    let requirement = |at: usize| optional(at, Group::Environmental);

    let one = [base(0), base(3), base(4)];
    let two = [base(1), base(2)];
    let [c, i, a] = [base(VC), base(VC + 1), base(VC + 2)];
    let required = [requirement(CR), requirement(CR + 1), requirement(CR + 2)];
    let four = [subsequent(SC), subsequent(SC + 1), subsequent(SC + 2)];
    if [c, i, a] == [2, 2, 2] && four == [3, 3, 3] {
        return 0;
    }

    let level_1 = match one {
        [0, 0, 0] => 0,
        [av, pr, ui] if av != 3 && (av == 0 || pr == 0 || ui == 0) => 1,
        _ => 2,
    };
    let level_2 = usize::from(two != [0, 0]);
    let none_required_is_high = ![c, i, a]
        .iter()
        .zip(required)
        .any(|(&v, r)| v == 0 && r == 0);
    let level_36 = match [c, i, a] {
        [0, 0, _] => usize::from(none_required_is_high),
        [0, _, _] | [_, 0, _] | [_, _, 0] => 2 + usize::from(none_required_is_high),
        _ => 4,
    };
    let level_4 = match four {
        [_, 0, _] | [_, _, 0] => 0,
        [1, _, _] | [_, 1, _] | [_, _, 1] => 1,
        _ => 2,
    };
    let level_5 = usize::try_from(optional(E, Group::Temporal)).unwrap_or_default();
    let levels = Levels([level_1, level_2, level_36, level_4, level_5]);
    let score = levels.score();

    // What is left of the score in the next lower macro vector, for each EQ that has one.
    let lower_36 = match level_36 {
        0 => Some(levels.score_at(2, 1).max(levels.score_at(2, 2))),
        1 | 2 => Some(levels.score_at(2, 3)),
        3 => Some(levels.score_at(2, 4)),
        _ => None,
    };
    let lower = |eq: usize, level: usize, last: usize| {
        (level < last).then(|| levels.score_at(eq, level + 1))
    };
    let impact = [c, i, a, required[0], required[1], required[2]];
    let steps = [
        (
            lower(0, level_1, 2),
            distance(one, MOST_1[level_1]),
            DEPTH_1[level_1],
        ),
        (
            lower(1, level_2, 1),
            distance(two, MOST_2[level_2]),
            DEPTH_2[level_2],
        ),
        (
            lower_36,
            distance(impact, MOST_36[level_36]),
            DEPTH_36[level_36],
        ),
        (
            lower(3, level_4, 2),
            distance(four, MOST_4[level_4]),
            DEPTH_4[level_4],
        ),
        (lower(4, level_5, 2), 0, 1),
    ];
    let (mut count, mut shares) = (0, 0);
    for (lower, distance, depth) in steps {
        if let Some(lower) = lower
            && lower <= score
        {
            count += 1;
            shares += (score - lower) * distance * (SHARES / depth);
        }
    }
    if count == 0 {
        return score;
    }
    // The mean of the shares, taken from the score and rounded to the nearest tenth, halves up.
    let unit = SHARES * count;
    ((2 * (score * unit - shares) + unit) / (2 * unit)).max(0)
}

/// Steps from the first most severe vector of the level that is nowhere less severe.
fn distance<const N: usize>(values: [i32; N], most: &[[i32; N]]) -> i32 {
    let sums = most.iter().filter_map(|most| {
        values.iter().zip(most).try_fold(0, |sum, (value, most)| {
            (value >= most).then_some(sum + value - most)
        })
    });
    sums.take(1).sum()
}
