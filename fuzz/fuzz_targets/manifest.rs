//! Fuzzes the manifest: envelope and postcard payload.

#![no_main]

use shared::wire::Manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_behind_checksum::<Manifest>(bytes));
