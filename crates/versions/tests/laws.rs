//! What holds for every scheme and every text: the order is a total preorder, keys agree with it, and
//! nothing panics.

use std::cmp::Ordering;

use proptest::prelude::*;
use stanchion_versions::{Certainty, Scheme, parse_vers};

/// Pieces that versions are made of, in all ecosystems, and a few that they are not.
const PIECES: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "10",
    "00",
    "01",
    "007",
    "20240101",
    "99999999999999999999",
    ".",
    ".",
    ".",
    ".",
    "-",
    "-",
    "_",
    "+",
    "~",
    "^",
    ":",
    "!",
    "v",
    "V",
    "a",
    "b",
    "m",
    "x",
    "*",
    "alpha",
    "beta",
    "rc",
    "RC",
    "cr",
    "pre",
    "dev",
    "post",
    "final",
    "ga",
    "sp",
    "SNAPSHOT",
    "snapshot",
    "release",
    "p",
    "pl",
    "patch",
    "stable",
    "r",
    "-r1",
    "_p",
    "_git",
    "_alpha",
    "hg",
    "#",
    "dev-",
    "go",
    "é",
    "Δ",
    "\u{0}",
    "\u{1}",
    " ",
    "..",
    "--",
    "1.0",
    "1.0.0",
    "el9",
    "deb12u1",
    "ubuntu",
    "~rc1",
    "^git1",
    "cafe",
    "incompatible",
    "0.0.0",
];

/// A text that looks like a version, or anything at all.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::collection::vec(prop::sample::select(PIECES), 0..7).prop_map(|pieces| pieces.concat()),
        3 => prop::collection::vec(0_u32..12, 1..5).prop_map(|numbers| {
            numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
        }),
        2 => ("[0-2](\\.[0-2]){0,2}", "([-._+~^]?(a|b|rc|alpha|dev|x|pre|sp|[0-2])){0,3}")
            .prop_map(|(numbers, rest)| numbers + &rest),
        1 => any::<String>(),
    ]
}

fn key(scheme: Scheme, version: &str) -> Vec<u8> {
    let mut key = Vec::new();
    scheme.key(version, &mut key);
    key
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_is_total_and_keys_agree(a in version(), b in version(), c in version()) {
        for &scheme in Scheme::ALL {
            let order = scheme.compare(&a, &b);
            prop_assert_eq!(scheme.compare(&a, &a), Ordering::Equal, "{:?}", scheme);
            prop_assert_eq!(scheme.compare(&b, &a), order.reverse(), "{:?}", scheme);
            prop_assert_eq!(key(scheme, &a).cmp(&key(scheme, &b)), order, "{:?}", scheme);

            let mut three = [&a, &b, &c];
            three.sort_by(|left, right| scheme.compare(left, right));
            for (low, high) in [(0, 1), (1, 2), (0, 2)] {
                prop_assert!(scheme.compare(three[low], three[high]).is_le(), "{:?} {:?}", scheme, three);
            }
            if scheme.compare(three[0], three[2]) == Ordering::Equal {
                prop_assert_eq!(scheme.compare(three[0], three[1]), Ordering::Equal, "{:?} {:?}", scheme, three);
            }
        }
    }

    #[test]
    fn nothing_panics(a in version(), b in version()) {
        for &scheme in Scheme::ALL {
            let mut out = vec![7];
            let certainty = scheme.key(&a, &mut out);
            prop_assert_eq!(certainty, scheme.certainty(&a));
            prop_assert_eq!(out[0], 7);
            scheme.is_prerelease(&a);
            let explanation = scheme.explain(&a, &b);
            // Maven's own comparison is no order; its unit tests say where it differs from this one.
            if scheme != Scheme::Maven {
                prop_assert_eq!(explanation.order, scheme.compare(&a, &b), "{:?}", scheme);
            }
            prop_assert_eq!(explanation.order, scheme.explain(&b, &a).order.reverse(), "{:?}", scheme);
            prop_assert!(!explanation.deciding_part.is_empty());
            for text in [a.clone(), format!("^{a}"), format!(">={a},<{b}"), format!("[{a},{b})"), format!("~>{a}"), format!("{a} - {b}"), format!("={a}.*")] {
                if let Ok(range) = scheme.parse_range(&text) {
                    range.contains(&b);
                    range.contains_any_prerelease(&b);
                    let _ = range.to_string();
                    for interval in range.intervals() {
                        let _ = interval.to_string();
                    }
                }
            }
        }
        let _ = parse_vers(&a);
        let _ = parse_vers(&format!("vers:npm/{a}|{b}"));
    }

    #[test]
    fn a_bound_is_where_the_order_says(a in version(), b in version()) {
        for name in ["npm", "pypi", "maven", "deb", "rpm", "gem", "apk", "nuget"] {
            let Ok((scheme, range)) = parse_vers(&format!("vers:{name}/>={}", a.replace(['|', '%', ' '], ""))) else { continue };
            let bound = a.replace(['|', '%'], "").split_whitespace().collect::<String>();
            if scheme == Scheme::Pep440 || scheme.certainty(&b) == Certainty::Unparsed || bound.starts_with(['=', '<', '>', '!']) {
                continue;
            }
            prop_assert_eq!(range.contains(&b), scheme.compare(&b, &bound).is_ge(), "{:?} {}", scheme, bound);
        }
    }
}

#[test]
fn long_texts_are_read_in_linear_time() {
    let hostile = [
        "1".repeat(1 << 16),
        "1.".repeat(1 << 15),
        "1-".repeat(1 << 15),
        "0.".repeat(1 << 15),
        "a1".repeat(1 << 15),
        "-".repeat(1 << 16),
        "1".to_owned() + &"-a".repeat(1 << 15),
        "1".to_owned() + &"~".repeat(1 << 16),
        "1_p".repeat(1 << 14),
        "é".repeat(1 << 15),
        "1.0-".to_owned() + &"0".repeat(1 << 16),
        "1final-".repeat(1 << 13),
    ];
    let start = std::time::Instant::now();
    for &scheme in Scheme::ALL {
        for text in &hostile {
            let other = format!("{text}0");
            scheme.compare(text, &other);
            scheme.is_prerelease(text);
            scheme.explain(text, &other);
            let _ = scheme.parse_range(text);
            let _ = scheme.parse_range(text.get(..60_000).unwrap_or_default());
        }
    }
    // A quadratic step would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn long_numbers_are_compared_as_numbers() {
    let nines = "9".repeat(10_000);
    let one_more = format!("1{}", "0".repeat(10_000));
    let padded = format!("{}{nines}", "0".repeat(500));
    for &scheme in Scheme::ALL {
        let version = |number: &str| format!("{number}.1");
        assert_eq!(
            scheme.compare(&version(&nines), &version(&one_more)),
            Ordering::Less,
            "{scheme:?}"
        );
        assert_eq!(
            scheme.compare(&version(&nines), &version(&padded)),
            Ordering::Equal,
            "{scheme:?}"
        );
    }
}

#[test]
fn numbers_keep_their_order_where_the_length_of_their_key_changes() {
    let mut numbers: Vec<u128> = vec![
        0, 1, 159, 160, 161, 255, 256, 12_447, 12_448, 12_449, 65_535, 65_536,
    ];
    numbers.extend((1..26).flat_map(|power| {
        [
            10_u128.pow(power) - 1,
            10_u128.pow(power),
            10_u128.pow(power) + 1,
        ]
    }));
    numbers.extend((8..80).flat_map(|bits| [(1_u128 << bits) - 1, 1 << bits]));
    numbers.sort_unstable();
    numbers.dedup();
    for pair in numbers.windows(2) {
        let (low, high) = (pair[0].to_string(), pair[1].to_string());
        for &scheme in Scheme::ALL {
            assert_eq!(
                scheme.compare(&low, &high),
                Ordering::Less,
                "{scheme:?} {low} {high}"
            );
        }
    }
}

#[test]
fn keys_are_short() {
    for (scheme, version, most) in [
        (Scheme::SemVer, "4.17.21", 4),
        (Scheme::SemVer, "1.0.0", 2),
        (Scheme::SemVer, "18.2.0-rc.1", 8),
        (Scheme::Go, "v1.9.0", 3),
        (Scheme::Pep440, "2.31.0", 3),
        (Scheme::Maven, "2.17.1", 4),
        (Scheme::Debian, "1.2.3-4", 8),
        (Scheme::Rpm, "1.2.3-4.el9", 11),
        (Scheme::Alpine, "1.2.3-r1", 6),
        (Scheme::NuGet, "13.0.3", 4),
    ] {
        let key = key(scheme, version);
        assert!(key.len() <= most, "{scheme:?} {version}: {key:02x?}");
    }
}
