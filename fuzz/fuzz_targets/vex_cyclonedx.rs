//! The reader of VEX in CycloneDX on any bytes, and on any components and vulnerabilities.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stanchion_fuzz::vex(data, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",", "}");
});
