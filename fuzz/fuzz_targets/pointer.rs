//! Fuzzes the records of a station's store, pointer and floor: envelope and postcard payload.

#![no_main]

use shared::wire::{StorePointer, VersionFloor};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::check_behind_checksum::<StorePointer>(bytes);
    fuzz::check_behind_checksum::<VersionFloor>(bytes);
});
