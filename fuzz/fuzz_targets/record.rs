//! Fuzzes the inspection record: envelope and postcard payload.

#![no_main]

use shared::wire::InspectionRecord;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_behind_checksum::<InspectionRecord>(bytes));
