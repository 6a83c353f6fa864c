//! error[E0451]: a station's threshold cannot be made without its evidence being checked.

use shared::bundle::BundleId;
use shared::score::Threshold;
use shared::wire::{StationThreshold, ThresholdEvidence};

fn main() {
    let evidence = ThresholdEvidence::ByHand { trial: None };
    let _ = StationThreshold { bundle: BundleId([0; 32]), threshold: Threshold::MAX, evidence };
}
