//! CVSS vectors of every version: scores stay in their range.
#![no_main]

use stanchion_model::cvss::Vector;

libfuzzer_sys::fuzz_target!(|data: &str| {
    if let Ok(vector) = Vector::parse(data) {
        assert!((0.0..=10.0).contains(&vector.score()));
        let again = Vector::parse(&vector.to_string()).expect("a written vector is a vector");
        assert_eq!(vector.score(), again.score());
        let _ = vector.explain();
    }
});
