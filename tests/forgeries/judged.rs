//! The one way to a Pass: the proofs, through `judge`.

use shared::admission::Admitted;
use shared::bundle::Verified;
use shared::reconstruction::Finite;
use shared::score::Score;
use shared::verdict::{Verdict, judge};

fn judged(admitted: Admitted, bundle: Verified, finite: Finite, score: Score) -> Verdict {
    judge(admitted, bundle, finite, score)
}

fn main() {
    let _ = judged;
}
