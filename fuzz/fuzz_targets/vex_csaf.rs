//! The reader of VEX in CSAF on any bytes, and on any product tree and vulnerabilities.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stanchion_fuzz::vex(data, "{\"document\":{\"csaf_version\":\"2.1\"},", "}");
});
