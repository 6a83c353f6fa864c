//! Fuzzes a station's own threshold: envelope and postcard payload, and what its evidence promises.

#![no_main]

use shared::wire::StationThreshold;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::check_behind_checksum::<StationThreshold>(bytes);
});
