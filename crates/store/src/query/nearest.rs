//! Which known word somebody may have meant.

/// The known word that is closest to a given one, if any is close.
pub(super) fn nearest<'k>(given: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Longer ones are no slip of the hand; and the work stays bounded.
    if given.chars().count() > 40 {
        return None;
    }
    let given = given.to_lowercase();
    let allowed = if given.len() <= 3 { 1 } else { 2 };
    known
        .map(|word| (distance(&given, word), word))
        .filter(|(distance, word)| {
            *distance <= allowed || (given.len() >= 3 && word.starts_with(&given))
        })
        .min()
        .map(|(_, word)| word)
}

/// Insertions, deletions and replacements from one to the other (Levenshtein), swaps of neighbours counting as one.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, b) in other.iter().enumerate() {
            let mut least = (last[to] + usize::from(a != b))
                .min(last[to + 1] + 1)
                .min(row[to] + 1);
            if at > 0 && to > 0 && *a == other[to - 1] && one[at - 1] == *b {
                least = least.min(before[to - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_close() {
        let known = ["severity", "score", "state", "due"];
        for (given, want) in [
            ("severty", Some("severity")),
            ("serverity", Some("severity")),
            ("sevreity", Some("severity")),
            ("sco", Some("score")),
            ("du", Some("due")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known.into_iter()), want, "{given}");
        }
    }
}
