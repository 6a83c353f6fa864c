//! A Pass is spent once: it cannot be copied or cloned.

use shared::verdict::Pass;

fn clonable<T: Clone>() {}

fn spend(_: Pass) {}

fn twice(pass: Pass) {
    spend(pass);
    spend(pass);
}

fn main() {
    clonable::<Pass>();
    let _ = twice;
}
