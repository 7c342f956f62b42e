//! The word that somebody probably meant.

/// Longest word that is compared, in bytes: what is longer is no slip of the finger.
const LONGEST: usize = 40;

/// The nearest of the known words: the only one that begins so (from three letters on), else the one with the fewest
/// slips, and the first of those. A slip is a letter too many, missing, wrong, or swapped with the next; at most one for
/// every three letters.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let most = word.len().div_ceil(3);
    let known: Vec<&str> = known.into_iter().collect();
    let mut longer = known
        .iter()
        .filter(|known| word.len() > 2 && known.to_ascii_lowercase().starts_with(&lower));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    known
        .into_iter()
        .filter(|known| known.len() <= LONGEST)
        .map(|known| (slips(&lower, &known.to_ascii_lowercase()), known))
        .filter(|(slips, _)| *slips <= most)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

/// The [optimal string alignment distance](https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance), by bytes.
fn slips(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j - 1] + wrong).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_forgiven_and_another_word_is_not() {
        let known = ["f.severity", "f.scope", "f.score", "f.epss"];
        for (word, meant) in [
            ("f.sevrity", Some("f.severity")),
            ("f.Severity", Some("f.severity")),
            ("f.scpoe", Some("f.scope")),
            ("f.scor", Some("f.score")),
            ("f.esps", Some("f.epss")),
            ("f.sev", Some("f.severity")),
            ("f.", None),
            ("nothing like it", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
        assert_eq!(nearest("ü", known), None);
    }
}
