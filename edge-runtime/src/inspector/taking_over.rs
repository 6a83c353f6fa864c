//! One inspector takes the place of another while the camera goes on.

use std::mem;

use super::Inspector;

impl<R, C> Inspector<R, C> {
    /// Takes the place of `before` in the same camera session. A frame that `before` has seen is a repeated one here too,
    /// and the limits of a frame's quality, with the memory of the last frame, go over. Model, preprocessing, stored
    /// maps, mask, threshold and the name of the bundle are this inspector's: nothing of them is mixed.
    pub(crate) fn take_over_from(&mut self, before: &mut Self) {
        self.gate.go_on_from(&before.gate);
        // Exchanged, so that nothing is given back to the allocator between two parts.
        mem::swap(&mut self.quality, &mut before.quality);
    }
}

#[cfg(test)]
mod tests {
    use shared::admission::FrameStamp;
    use shared::verdict::{FaultReason, Verdict};

    use crate::camera::quality::QualityLimits;
    use crate::test_support::{FRAME, FakeModel, INPUT, Redraw, StepClock, bundle_around, frame_of, inspector};

    fn stamp(sequence: u64) -> FrameStamp {
        FrameStamp { sequence, captured_at_us: 0 }
    }

    #[test]
    fn what_the_one_before_has_seen_is_not_judged_again() {
        let (mut before, mut after) = (inspector(Redraw::Identical), inspector(Redraw::Inverted));
        let frame = frame_of(FRAME);
        let frame = frame.view().unwrap();
        assert!(matches!(before.inspect(&frame, stamp(5)).verdict, Verdict::Pass(_)));
        after.take_over_from(&mut before);
        for repeated in [5, 4] {
            assert_eq!(after.inspect(&frame, stamp(repeated)).verdict, Verdict::Fault(FaultReason::FrameRepeated));
        }
        assert!(matches!(after.inspect(&frame, stamp(6)).verdict, Verdict::Reject(_)));
    }

    #[test]
    fn a_camera_that_freezes_across_the_change_is_found() {
        let limits = QualityLimits { frozen_frames: 2, ..QualityLimits::NONE };
        let file = bundle_around(b"another model");
        let bundle = file.verify().unwrap();
        let model = FakeModel::new(INPUT, Redraw::Identical);
        let mut after = super::Inspector::new(&bundle, model, StepClock::default(), 1000).unwrap();
        let mut before = inspector(Redraw::Identical).with_quality(limits);
        let frame = frame_of(FRAME);
        let frame = frame.view().unwrap();
        assert!(matches!(before.inspect(&frame, stamp(1)).verdict, Verdict::Pass(_)));
        after.take_over_from(&mut before);
        assert_eq!(after.bundle(), bundle.id());
        assert_eq!(after.inspect(&frame, stamp(2)).verdict, Verdict::Fault(FaultReason::FrameFrozen));
    }
}
