//! Which frames may be judged: those of an accepted size that are new and fresh.
//!
//! Time is in microseconds of one monotonic clock, and always an argument. It does not know the camera, nor what
//! is on the frame.

use serde::{Deserialize, Serialize};

use crate::image::{FrameView, Size};
use crate::preprocess::AcceptedSizes;
use crate::verdict::FaultReason;

/// Which frame it is, and when it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameStamp {
    /// Counts the frames of one camera session; grows with every frame.
    pub sequence: u64,
    /// When it was captured, in microseconds of a monotonic clock.
    pub captured_at_us: u64,
}

/// The proof that a frame may be judged, for one judgement.
///
/// Only [`FrameGate::admit`] makes one, and [`judge`](crate::verdict::judge) uses it up.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    stamp: FrameStamp,
    size: Size,
}

impl Admitted {
    /// Which frame was admitted.
    pub const fn stamp(&self) -> FrameStamp {
        self.stamp
    }

    /// The size of the frame.
    pub const fn size(&self) -> Size {
        self.size
    }
}

/// Admits each frame of a camera session at most once.
///
/// A camera that is opened again counts from the start and needs a new gate.
#[derive(Debug)]
pub struct FrameGate {
    accepted: AcceptedSizes,
    max_age_us: u64,
    last_sequence: Option<u64>,
}

impl FrameGate {
    /// A gate that has seen no frame yet.
    ///
    /// It accepts frames of the sizes in `accepted` that were captured at most `max_age_us` microseconds ago.
    pub const fn new(accepted: AcceptedSizes, max_age_us: u64) -> Self {
        Self { accepted, max_age_us, last_sequence: None }
    }

    /// Uses up the number of a frame that is not offered, because it is of no part.
    pub fn pass_over(&mut self, stamp: FrameStamp) {
        self.last_sequence = self.last_sequence.max(Some(stamp.sequence));
    }

    /// Goes on in the camera session of `before`: a number that was used up there is used up here.
    pub fn go_on_from(&mut self, before: &Self) {
        self.last_sequence = self.last_sequence.max(before.last_sequence);
    }

    /// Admits a frame at the time `now_us`, or says why it must not be judged.
    ///
    /// A sequence number is used up by the first frame that carries it, whether that is admitted or not.
    ///
    /// # Errors
    ///
    /// The first of these that holds: [`FrameRepeated`](FaultReason::FrameRepeated) if the sequence number is not
    /// greater than the last one, [`FrameFromFuture`](FaultReason::FrameFromFuture) if it was captured after
    /// `now_us`, [`FrameStale`](FaultReason::FrameStale) if that was longer ago than the greatest age,
    /// [`FrameSize`](FaultReason::FrameSize) if its size is not accepted.
    pub fn admit(&mut self, frame: &FrameView<'_>, stamp: FrameStamp, now_us: u64) -> Result<Admitted, FaultReason> {
        if self.last_sequence.is_some_and(|last| stamp.sequence <= last) {
            return Err(FaultReason::FrameRepeated);
        }
        self.last_sequence = Some(stamp.sequence);
        let age_us = now_us.checked_sub(stamp.captured_at_us).ok_or(FaultReason::FrameFromFuture)?;
        if age_us > self.max_age_us {
            return Err(FaultReason::FrameStale);
        }
        if !self.accepted.accepts(frame.size()) {
            return Err(FaultReason::FrameSize);
        }
        Ok(Admitted { stamp, size: frame.size() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::PixelFormat;

    const ACCEPTED: AcceptedSizes = AcceptedSizes { min: Size::new(2, 2), max: Size::new(4, 3) };

    fn admit(
        gate: &mut FrameGate,
        size: Size,
        sequence: u64,
        captured_at_us: u64,
        now_us: u64,
    ) -> Result<(), FaultReason> {
        let frame = FrameView::new(&[0; 64], size, 8, PixelFormat::Gray8).unwrap();
        let stamp = FrameStamp { sequence, captured_at_us };
        let admitted = gate.admit(&frame, stamp, now_us)?;
        assert_eq!((admitted.stamp(), admitted.size()), (stamp, size));
        Ok(())
    }

    const SIZE: Size = ACCEPTED.min;

    #[test]
    fn a_sequence_number_is_admitted_once() {
        let gate = &mut FrameGate::new(ACCEPTED, 100);
        assert_eq!(admit(gate, SIZE, 0, 0, 0), Ok(()));
        assert_eq!(admit(gate, SIZE, 0, 0, 0), Err(FaultReason::FrameRepeated));
        assert_eq!(admit(gate, SIZE, 7, 0, 0), Ok(()));
        for sequence in [7, 6, 1, 0] {
            assert_eq!(admit(gate, SIZE, sequence, 0, 0), Err(FaultReason::FrameRepeated));
        }
        assert_eq!(admit(gate, SIZE, u64::MAX, 0, 0), Ok(()));
        assert_eq!(admit(gate, SIZE, u64::MAX, 0, 0), Err(FaultReason::FrameRepeated));
    }

    #[test]
    fn age_has_a_limit_on_both_sides() {
        let gate = &mut FrameGate::new(ACCEPTED, 100);
        assert_eq!(admit(gate, SIZE, 1, 1000, 1100), Ok(()));
        assert_eq!(admit(gate, SIZE, 2, 1000, 1101), Err(FaultReason::FrameStale));
        assert_eq!(admit(gate, SIZE, 3, 1000, 1000), Ok(()));
        assert_eq!(admit(gate, SIZE, 4, 1000, 999), Err(FaultReason::FrameFromFuture));
        assert_eq!(admit(gate, SIZE, 5, 0, u64::MAX), Err(FaultReason::FrameStale));
        assert_eq!(admit(gate, SIZE, 6, u64::MAX, 0), Err(FaultReason::FrameFromFuture));
    }

    #[test]
    fn sizes_have_limits_on_both_sides() {
        let gate = &mut FrameGate::new(ACCEPTED, 100);
        let sizes = [(2, 2, true), (4, 3, true), (1, 2, false), (2, 1, false), (5, 3, false), (4, 4, false)];
        for (sequence, (width, height, accepted)) in (0..).zip(sizes) {
            let expected = if accepted { Ok(()) } else { Err(FaultReason::FrameSize) };
            assert_eq!(admit(gate, Size::new(width, height), sequence, 0, 0), expected);
        }
    }

    #[test]
    fn a_frame_that_was_passed_over_has_used_up_its_number() {
        let gate = &mut FrameGate::new(ACCEPTED, 100);
        gate.pass_over(FrameStamp { sequence: 5, captured_at_us: 0 });
        assert_eq!(admit(gate, SIZE, 5, 0, 0), Err(FaultReason::FrameRepeated));
        assert_eq!(admit(gate, SIZE, 6, 0, 0), Ok(()));
        gate.pass_over(FrameStamp { sequence: 2, captured_at_us: 0 });
        assert_eq!(admit(gate, SIZE, 6, 0, 0), Err(FaultReason::FrameRepeated));
    }

    #[test]
    fn a_refused_frame_uses_up_its_sequence_number() {
        let gate = &mut FrameGate::new(ACCEPTED, 100);
        assert_eq!(admit(gate, SIZE, 1, 1000, 999), Err(FaultReason::FrameFromFuture));
        assert_eq!(admit(gate, SIZE, 1, 1000, 1000), Err(FaultReason::FrameRepeated));
        assert_eq!(admit(gate, SIZE, 2, 1000, 1000), Ok(()));
    }
}
