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
