//! What Maven says of one pair of versions, for [`Scheme::explain`](crate::Scheme::explain).
//!
//! This is the comparison of the [specification](https://maven.apache.org/pom.html#version-order-specification):
//! the nulls at the end of each list are cut off, and then items are compared one after another, where a
//! missing one is a null of the kind of the other. `ComparableVersion` did so up to Maven 3.8.6, and the
//! conformance files agree with it; only `1-ga-1` = `1-1` is as the specification has it, and `1-a-1` =
//! `1-alpha-1` as Maven 4 does. Maven 3.8.7 and 4.0 have each changed what some qualifiers mean that come
//! after a dot or before a number.
//!
//! It is antisymmetric but not transitive, hence nothing to match with. The tests hold it to differ from
//! [`Scheme::compare`](crate::Scheme::compare) in two cases only:
//!
//! * After what the versions have in common, one goes on below the end (a pre-release) and the other above
//!   it: 2.9.0.RC1 and 2.9.0-1, 1-rc and 1.x. Matching puts the pre-release first. Maven looks no further
//!   than the kind of the next item: a zero is above a list, and a list above a word.
//! * Zeros stand before the last word (1.0.x and 1.x), where they count here, but neither in matching nor in
//!   Maven since 3.8.7; or a `ga` stands within a list (`1.ga.x`), where matching reads a zero.

use std::cmp::Ordering;

use crate::maven::{self, Item, UNKNOWN};

/// What Maven says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pairwise {
    pub(crate) order: Ordering,
    /// The order of what follows the common part by whether it is below, at or above the end.
    pub(crate) by_end: Ordering,
}

pub(crate) fn compare(a: &str, b: &str) -> Pairwise {
    let (a, b) = (maven::lower(a), maven::lower(b));
    of_items(&trimmed(&a), &trimmed(&b))
}

fn of_items(left: &[Item<'_>], right: &[Item<'_>]) -> Pairwise {
    // Lists nest at their end only, so that going on after two of them is going into both.
    let common = left
        .iter()
        .zip(right)
        .take_while(|(left, right)| by_item(left, right).is_eq())
        .count();
    let (left, right) = (
        left.get(common..).unwrap_or_default(),
        right.get(common..).unwrap_or_default(),
    );
    let by_end = sign(left).cmp(&sign(right));
    let order = match (left.first(), right.first()) {
        (Some(left), Some(right)) => by_item(left, right),
        _ => by_end,
    };
    Pairwise { order, by_end }
}

/// Whether items are below, at or above the end.
fn sign(items: &[Item<'_>]) -> i8 {
    items
        .iter()
        .map(Item::sign)
        .find(|&sign| sign != 0)
        .unwrap_or(0)
}

/// The items of a version without the nulls at the end of each list.
fn trimmed(version: &str) -> Vec<Item<'_>> {
    let mut items = maven::items(version);
    items.reverse();
    let mut at_end = true;
    let mut empty = true;
    items.retain(|item| {
        if *item == Item::List {
            at_end = true;
            return !empty;
        }
        at_end &= item.sign() == 0;
        empty &= at_end;
        !at_end
    });
    items.reverse();
    items
}

/// The order of two items: qualifiers, lists, numbers.
fn by_item(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    let kind = |item: &Item<'_>| match item {
        Item::Qualifier(..) => 0,
        Item::List => 1,
        Item::Number(_) => 2,
    };
    match (a, b) {
        (Item::Number(a), Item::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (Item::Qualifier(a, UNKNOWN), Item::Qualifier(b, UNKNOWN)) => {
            let lower = |word: &[u8]| word.to_ascii_lowercase();
            lower(a).cmp(&lower(b))
        }
        (Item::Qualifier(_, a), Item::Qualifier(_, b)) => a.cmp(b),
        _ => kind(a).cmp(&kind(b)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Scheme;

    #[test]
    fn maven_goes_in_circles() {
        // Each comes before the next one, and the last before the first.
        for circle in [
            &["2.9.0.RC3", "2.9.0", "2.9.0-1", "2.9.0.RC1"][..],
            &["1", "1-1", "1.0.rc"],
            &["1-rc", "1", "1.x"],
        ] {
            for (at, a) in circle.iter().enumerate() {
                let b = circle[(at + 1) % circle.len()];
                assert_eq!(compare(a, b).order, Ordering::Less, "{a} {b}");
                assert_eq!(compare(b, a).order, Ordering::Greater, "{b} {a}");
            }
        }
    }

    #[test]
    fn nulls_count_where_something_follows_in_the_list() {
        for (a, b, wanted) in [
            ("1.0-rc", "1-rc", Ordering::Equal),
            ("1.0.rc", "1.rc", Ordering::Greater),
            ("1.ga.x", "1.x", Ordering::Less),
            ("1.0.x", "1.x", Ordering::Greater),
            ("1.0.x", "1.0.0.x", Ordering::Less),
            ("1-1", "1.0.x", Ordering::Less),
            ("1.0.x.0-0", "1.0.x", Ordering::Equal),
            ("1-0-ga.0-final", "1", Ordering::Equal),
            ("1.10000000000000000000", "1.9999999999", Ordering::Greater),
            ("1-É", "1-é", Ordering::Equal),
        ] {
            assert_eq!(compare(a, b).order, wanted, "{a} {b}");
        }
    }

    /// The nulls of matching: any is a zero, and those before the last word mean nothing.
    fn as_matching_reads(mut items: Vec<Item<'_>>) -> Vec<Item<'_>> {
        for item in &mut items {
            if item.sign() == 0 && *item != Item::List {
                *item = Item::Number(b"");
            }
        }
        if let Some((last @ Item::Qualifier(..), before)) = items.split_last()
            && last.sign() > 0
        {
            let zeros = before.iter().rev();
            let zeros = zeros.take_while(|item| **item == Item::Number(b""));
            let end = before.len();
            items.drain(end - zeros.count()..end);
        }
        items
    }

    fn version() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "0", "1", "2", "10", "00", ".", ".", ".", "-", "-", "a", "b", "m", "x", "alpha", "RC",
            "cr", "ga", "final", "sp", "SNAPSHOT", "1.0", "0.0.0", "foo", "é", "É",
        ];
        prop_oneof![
            4 => prop::collection::vec(prop::sample::select(PIECES), 0..8).prop_map(|all| all.concat()),
            4 => ("[0-2](\\.[0-2]){0,3}", "([-.]?(a|rc|x|sp|ga|[0-2])){0,4}").prop_map(|(a, b)| a + &b),
            1 => any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn differs_from_matching_as_documented(a in version(), b in version()) {
            let pair = compare(&a, &b);
            let other = compare(&b, &a);
            prop_assert_eq!((pair.order, pair.by_end), (other.order.reverse(), other.by_end.reverse()));
            prop_assert_eq!(compare(&a, &a).order, Ordering::Equal);

            let (a_lower, b_lower) = (maven::lower(&a), maven::lower(&b));
            let (left, right) = (trimmed(&a_lower), trimmed(&b_lower));
            let read = (as_matching_reads(left.clone()), as_matching_reads(right.clone()));
            let seen = of_items(&read.0, &read.1);
            let matching = Scheme::Maven.compare(&a, &b);
            prop_assert_eq!(matching, seen.by_end.then(seen.order));
            if read == (left, right) && (pair.by_end.is_eq() || pair.by_end == pair.order) {
                prop_assert_eq!(matching, pair.order);
            }
        }
    }

    #[test]
    fn long_texts_are_compared_in_linear_time() {
        let start = std::time::Instant::now();
        for piece in [
            "1", "1.", "0.", "-", "1-", "a1", "-a", "rc.", "ga-1", "0-", "É",
        ] {
            let text = piece.repeat((1 << 20) / piece.len());
            for other in [text.clone() + "0", text.clone() + "x", text.clone() + ".1"] {
                compare(&text, &other);
            }
        }
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
}
