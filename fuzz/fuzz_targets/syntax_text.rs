//! Decoding any bytes as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = stanchion_syntax::text::decode(data);
});
