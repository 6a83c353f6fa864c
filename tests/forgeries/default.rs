//! error[E0599]: neither a Pass nor a Verdict has a default.

use shared::verdict::{Pass, Verdict};

fn main() {
    let _ = Pass::default();
    let _ = Verdict::default();
}
