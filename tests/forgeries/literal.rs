//! error[E0451]: a Pass has private fields.

use shared::admission::FrameStamp;
use shared::bundle::BundleId;
use shared::score::Score;
use shared::verdict::{Pass, Verdict};

fn main() {
    let stamp = FrameStamp { sequence: 1, captured_at_us: 0 };
    let _ = Verdict::Pass(Pass { score: Score::MIN, stamp, bundle: BundleId([0; 32]) });
}
