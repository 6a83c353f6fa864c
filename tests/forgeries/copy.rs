//! error[E0277]: a Pass is spent once; it cannot be cloned.
//! error[E0382]: nor used again.

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
