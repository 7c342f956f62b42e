//! The index: a good file with bytes changed anywhere, checksums made right again.
#![no_main]

use std::sync::OnceLock;

static GOOD: OnceLock<Vec<u8>> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|patches: Vec<(u32, u8)>| {
    let good = GOOD.get_or_init(stanchion_fuzz::small_index);
    let mut file = good.clone();
    for (at, byte) in patches.into_iter().take(64) {
        let at = at as usize % file.len();
        file[at] = byte;
    }
    stanchion_advisories::fuzzing::reseal(&mut file);
    stanchion_advisories::fuzzing::index(file);
});
