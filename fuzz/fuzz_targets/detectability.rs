//! Fuzzes what a bundle is said to catch: envelope and postcard payload.

#![no_main]

use shared::wire::Detectability;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_behind_checksum::<Detectability>(bytes));
