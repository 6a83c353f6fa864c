//! Neither a Pass nor a Verdict can be read from bytes. What was recorded is another type.

use shared::verdict::{Pass, Verdict};

fn readable<'a, T: serde::Deserialize<'a>>() {}

fn main() {
    readable::<Pass>();
    readable::<Verdict>();
}
