//! Purls: what is read is written so that it reads the same.
#![no_main]

use stanchion_model::purl::Purl;

libfuzzer_sys::fuzz_target!(|data: &str| {
    for purl in [Purl::parse(data), Purl::parse_lenient(data)].into_iter().flatten() {
        let again = Purl::parse_lenient(&purl.to_string()).expect("a written purl is a purl");
        assert_eq!(purl, again);
        let _ = stanchion_model::Ecosystem::of_purl(&purl);
    }
});
