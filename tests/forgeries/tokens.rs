//! error[E0063]: the proofs that `judge` asks for cannot be made outside either.

use shared::admission::Admitted;
use shared::bundle::Verified;
use shared::reconstruction::Finite;

fn main() {
    let _ = Admitted {};
    let _ = Verified {};
    let _ = Finite {};
}
