//! Fuzzes the framing: messages of both kinds that follow one another, and what comes after the last of them.
//!
//! The input is read as it is, and as a list of messages to seal: kind, version, length of the payload in one byte,
//! payload.

#![no_main]

use fuzz::{check, seal};
use shared::wire::{InspectionRecord, Manifest};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    walk(bytes);
    let (mut stream, mut ends, mut rest) = (Vec::new(), Vec::new(), bytes);
    while let Some((&[kind, version, length], after)) = rest.split_first_chunk() {
        let (payload, after) = after.split_at(usize::from(length).min(after.len()));
        stream.extend(seal(kind, version, payload));
        ends.push(stream.len());
        rest = after;
    }
    stream.extend(rest);
    // Messages are found where they were put, and nowhere else.
    assert!(ends.starts_with(&walk(&stream)));
});

/// Reads messages until there is none, and gives the position after each.
fn walk(bytes: &[u8]) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 0);
    loop {
        let (record, manifest) = (check::<InspectionRecord>(&bytes[at..]), check::<Manifest>(&bytes[at..]));
        assert!(record.is_none() || manifest.is_none(), "a message of two kinds");
        let Some(length) = record.or(manifest) else {
            return ends;
        };
        at += length;
        ends.push(at);
    }
}
