//! Tests of `verdict`, beside it.

use super::*;
use crate::admission::FrameGate;
use crate::bundle::Bundle;
use crate::image::{FrameView, PixelFormat, Size};
use crate::preprocess::AcceptedSizes;
use crate::reconstruction::quantize;
use crate::testing;
use crate::wire::RecordedVerdict;

const STAMP: FrameStamp = FrameStamp { sequence: 4, captured_at_us: 1000 };

fn verified() -> Verified {
    Bundle::verify(&testing::bundle(&testing::manifest())).unwrap().proof()
}

fn admitted(size: Size) -> Admitted {
    let accepted = AcceptedSizes { min: size, max: size };
    let data = std::vec![0; size.area()];
    let frame = FrameView::new(&data, size, usize::from(size.width), PixelFormat::Gray8).unwrap();
    FrameGate::new(accepted, 0).admit(&frame, STAMP, 1000).unwrap()
}

fn finite(pixels: usize) -> Finite {
    quantize(std::iter::repeat_n(0, pixels), &mut std::vec![0; pixels]).unwrap()
}

fn score(raw: u32) -> Score {
    Score::new(raw).unwrap()
}

const FRAME: Size = Size::new(320, 240);

#[test]
fn below_the_threshold_is_a_pass() {
    let bundle = verified();
    assert_eq!(bundle.threshold().raw(), 1001);
    let verdict = judge(admitted(FRAME), bundle, finite(128), score(1000));
    assert_eq!(RecordedVerdict::from(&verdict), RecordedVerdict::Pass);
    let Verdict::Pass(pass) = verdict else { panic!("{verdict:?}") };
    assert_eq!((pass.score(), pass.stamp(), pass.bundle()), (score(1000), STAMP, bundle.id()));
}

#[test]
fn at_and_above_the_threshold_is_a_reject() {
    for raw in [1001, 1002, Score::MAX.raw()] {
        let verdict = judge(admitted(FRAME), verified(), finite(128), score(raw));
        assert_eq!(RecordedVerdict::from(&verdict), RecordedVerdict::Reject);
        assert_eq!(verdict, Verdict::Reject(Rejection { score: score(raw) }));
    }
}

#[test]
fn proofs_that_do_not_belong_together_are_a_fault() {
    for size in [Size::new(319, 240), Size::new(640, 481)] {
        let verdict = judge(admitted(size), verified(), finite(128), score(0));
        assert_eq!(verdict, Verdict::Fault(FaultReason::FrameSize));
    }
    for pixels in [0, 127, 129] {
        let verdict = judge(admitted(FRAME), verified(), finite(pixels), score(0));
        assert_eq!(verdict, Verdict::Fault(FaultReason::OutputSize));
        assert_eq!(RecordedVerdict::from(&verdict), RecordedVerdict::Fault(FaultReason::OutputSize));
    }
}
