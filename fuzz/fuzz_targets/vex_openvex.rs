//! The reader of VEX in OpenVEX on any bytes, and on any list of statements.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stanchion_fuzz::vex(data, "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"@id\":\"x:y\",\"statements\":", "}");
});
