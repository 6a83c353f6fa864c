//! error[E0451]: the proofs that `judge` asks for cannot be made outside either.

use shared::admission::{Admitted, FrameStamp};
use shared::bundle::{BundleId, Verified};
use shared::image::Size;
use shared::preprocess::AcceptedSizes;
use shared::reconstruction::Finite;
use shared::score::Threshold;
use shared::wire::{BundleTrust, ThresholdSource};

fn main() {
    let size = Size { width: 1, height: 1 };
    let stamp = FrameStamp { sequence: 1, captured_at_us: 0 };
    let _ = Admitted { stamp, size };
    let accepted = AcceptedSizes { min: size, max: size };
    let (threshold, source, trust) = (Threshold::MAX, ThresholdSource::Station, BundleTrust::Unsigned);
    let _ = Verified { id: BundleId([0; 32]), threshold, source, accepted, reconstruction: size, trust };
    let _ = Finite { pixels: 1 };
}
