//! Every order on any three texts: total, antisymmetric, transitive, and keys order as versions do.
#![no_main]

use stanchion_versions::Scheme;

libfuzzer_sys::fuzz_target!(|data: (u8, &str, &str, &str)| {
    let (number, a, b, c) = data;
    let scheme = Scheme::ALL[usize::from(number) % Scheme::ALL.len()];
    let key = |text: &str| {
        let mut key = Vec::new();
        scheme.key(text, &mut key);
        key
    };
    let (ab, bc, ac) = (scheme.compare(a, b), scheme.compare(b, c), scheme.compare(a, c));
    assert_eq!(ab, scheme.compare(b, a).reverse());
    assert_eq!(ab, key(a).cmp(&key(b)));
    if ab == bc {
        assert_eq!(ab, ac);
    }
    let _ = (scheme.is_prerelease(a), scheme.explain(a, b), scheme.certainty(a));
});
