//! Whatever is sent, it is read or refused; what is read is written again, and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stanchion_inventory::document;

fuzz_target!(|data: &[u8]| {
    match document::read(data) {
        Ok(inventory) => {
            let count = inventory.components.len();
            for component in &inventory.components {
                assert!((component.project as usize) < inventory.projects.len());
                assert!(component.dependencies.iter().all(|id| (*id as usize) < count));
            }
            let mut out = Vec::new();
            // What is read leniently may be longer when it is written: that alone is refused.
            if document::write(&inventory, &mut out).is_ok() {
                assert_eq!(document::read(&out).expect("what is written is read"), inventory);
            }
        }
        Err(error) => assert!(!error.hint().is_empty() && error.to_string().len() < 2000),
    }
});
