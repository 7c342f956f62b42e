//! The reader of yaml on any text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| {
    let _ = stanchion_syntax::yaml::parse(data, &stanchion_syntax::Limits { nodes: 100_000, ..Default::default() });
});
