//! Whatever the bundle, it is read and opened or refused; what is read is written again, and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanchion_policy::bundle::Bundle;

fuzz_target!(|data: &[u8]| {
    match Bundle::from_json(data) {
        Ok(bundle) => {
            let again = Bundle::from_json(bundle.to_json().as_bytes()).expect("what is written is read");
            assert_eq!(again, bundle);
            assert_eq!(again.digest(), bundle.digest());
            match bundle.open() {
                Ok(opened) => assert_eq!(opened.policy.digest, bundle.digest()),
                Err(faults) => assert!(!faults.is_empty()),
            }
        }
        Err(error) => assert!(!error.hint().is_empty() && error.to_string().len() < 4000),
    }
});
