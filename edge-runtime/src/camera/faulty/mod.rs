//! A source that spoils what another one gives, for trials of the whole station: which frame, and how, follows from a
//! seed. Rates are in millionths of the frames; each frame is spoilt in one way at most. It counts what it did, so that
//! the faults seen can be held against it.
//!
//! Spoilt pixels are 8-bit luma. It does not know what the station makes of a frame; [`Injection::expected`] says what
//! it should.

mod pixels;
#[cfg(test)]
mod tests;

use pixels::Luma;
use shared::verdict::FaultReason;

use super::{CaptureCounts, CaptureError, Captured, FrameSource};

/// A way to spoil a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Injection {
    /// The camera says nothing: a timeout instead of the frame.
    Stall,
    /// The frame is left out; only a gap in the numbers shows it.
    Drop,
    /// The picture of the frame before under a new number, for [`FaultPlan::frozen_frames`] frames. Only after a frame
    /// that was handed out as it was.
    Frozen,
    /// The number of the frame before. Only after a frame that was handed out as it was.
    RepeatedSequence,
    /// The frame has half of its rows.
    WrongSize,
    /// The frame lacks its last bytes.
    Truncated,
    /// All pixels are 0.
    Black,
    /// All pixels are 255.
    White,
    /// The mean of the 17x17 pixels around each.
    Blurred,
    /// The camera is gone for [`FaultPlan::disconnected_frames`] frames.
    Disconnect,
    /// Captured [`FaultPlan::clock_error_us`] earlier than it was.
    OldStamp,
    /// Captured [`FaultPlan::clock_error_us`] later than it was.
    FutureStamp,
}

impl Injection {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 12] = [
        Self::Stall,
        Self::Drop,
        Self::Frozen,
        Self::RepeatedSequence,
        Self::WrongSize,
        Self::Truncated,
        Self::Black,
        Self::White,
        Self::Blurred,
        Self::Disconnect,
        Self::OldStamp,
        Self::FutureStamp,
    ];

    /// The Fault that each frame spoilt in this way should be; none where no frame is handed out. Frozen frames are
    /// faults from the [`QualityLimits::frozen_frames`](super::quality::QualityLimits::frozen_frames)-th equal one on.
    pub const fn expected(self) -> Option<FaultReason> {
        Some(match self {
            Self::Drop => return None,
            Self::Stall => FaultReason::CameraTimeout,
            Self::Frozen => FaultReason::FrameFrozen,
            Self::RepeatedSequence => FaultReason::FrameRepeated,
            Self::WrongSize => FaultReason::FrameSize,
            Self::Truncated => FaultReason::FrameUnreadable,
            Self::Black => FaultReason::FrameUnderexposed,
            Self::White => FaultReason::FrameOverexposed,
            Self::Blurred => FaultReason::FrameBlurred,
            Self::Disconnect => FaultReason::CameraLost,
            Self::OldStamp => FaultReason::FrameStale,
            Self::FutureStamp => FaultReason::FrameFromFuture,
        })
    }
}

/// How often frames are spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultPlan {
    /// The same seed spoils the same frames in the same way.
    pub seed: u64,
    rates: [u32; Injection::ALL.len()],
    /// How many frames in a row a frozen picture is shown after the true one.
    pub frozen_frames: u32,
    /// How many frames a disconnection takes.
    pub disconnected_frames: u32,
    /// How wrong a wrong time stamp is, in microseconds.
    pub clock_error_us: u64,
}

impl FaultPlan {
    /// Nothing is spoilt.
    pub const fn new(seed: u64) -> Self {
        let rates = [0; Injection::ALL.len()];
        Self { seed, rates, frozen_frames: 5, disconnected_frames: 10, clock_error_us: 60_000_000 }
    }

    /// Spoils so many millionths of the frames in this way. What goes beyond a million in all is never reached.
    pub const fn with(mut self, injection: Injection, rate: u32) -> Self {
        self.rates[injection as usize] = rate;
        self
    }

    /// The same rate for everything.
    pub const fn with_all(mut self, rate: u32) -> Self {
        self.rates = [rate; Injection::ALL.len()];
        self
    }
}

/// Frames of another source, some of them spoilt.
#[derive(Debug)]
pub struct FaultySource<S> {
    inner: S,
    plan: FaultPlan,
    random: u64,
    injected: [u64; Injection::ALL.len()],
    /// An injection that goes on, and for how many frames.
    going_on: Option<(Injection, u32)>,
    /// The number of the frame before, if that was handed out as it was.
    clean: Option<u64>,
    /// The picture of that frame.
    last: Luma,
    spoilt: Luma,
}

impl<S: FrameSource> FaultySource<S> {
    /// Spoils the frames of `inner` as planned.
    pub fn new(inner: S, plan: FaultPlan) -> Self {
        let injected = [0; Injection::ALL.len()];
        let (last, spoilt) = (Luma::default(), Luma::default());
        Self { inner, plan, random: plan.seed, injected, going_on: None, clean: None, last, spoilt }
    }

    /// How many frames were spoilt in this way.
    pub fn injected(&self, injection: Injection) -> u64 {
        self.injected[injection as usize]
    }

    /// The source whose frames are spoilt.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What is to be done with the next frame, and for how many more after it.
    fn draw(&mut self) -> Option<(Injection, u32)> {
        let mut drawn = (u64::from((splitmix(&mut self.random) >> 32) as u32) * 1_000_000) >> 32;
        if let Some(going_on) = self.going_on.take() {
            return Some(going_on);
        }
        let injection = Injection::ALL.into_iter().find(|&injection| {
            let rate = u64::from(self.plan.rates[injection as usize]);
            let is_hit = drawn < rate;
            drawn = drawn.saturating_sub(rate);
            is_hit
        })?;
        let run = match injection {
            Injection::Frozen => self.plan.frozen_frames,
            Injection::Disconnect => self.plan.disconnected_frames,
            _ => 1,
        };
        Some((injection, run))
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl<S: FrameSource> FrameSource for FaultySource<S> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        let mut drawn = self.draw();
        while let Some((Injection::Drop, _)) = drawn {
            // A failure is no frame that could be dropped, but nobody misses it.
            if self.inner.next_frame()?.frame.is_ok() {
                self.injected[Injection::Drop as usize] += 1;
            }
            drawn = self.draw();
        }
        let Self { inner, plan, injected, going_on, clean, last, spoilt, .. } = self;
        let Captured { sequence, captured_at_us, frame } = inner.next_frame()?;
        let before = clean.take();
        let frame = match frame {
            Ok(frame) => frame,
            failed => return Some(Captured { sequence, captured_at_us, frame: failed }),
        };
        let (injection, frames) = match drawn {
            // These need the frame before, in a run of them only at its start.
            Some((Injection::Frozen, frames)) if before.is_none() && frames == plan.frozen_frames => (None, 0),
            Some((Injection::RepeatedSequence, _)) if before.is_none() => (None, 0),
            Some((Injection::WrongSize, _)) if frame.size().height < 2 => (None, 0),
            Some((injection, frames)) => (Some(injection), frames),
            None => (None, 0),
        };
        let Some(injection) = injection else {
            *clean = Some(sequence);
            if let Err(error) = last.copy(&frame) {
                return Some(Captured { sequence, captured_at_us, frame: Err(error) });
            }
            return Some(Captured { sequence, captured_at_us, frame: Ok(frame) });
        };
        injected[injection as usize] += 1;
        *going_on = (frames > 1).then_some((injection, frames - 1));
        let as_it_is = Captured { sequence, captured_at_us, frame: Ok(frame) };
        let instead = |frame| Captured { sequence, captured_at_us, frame };
        let error = plan.clock_error_us;
        Some(match injection {
            Injection::Stall => instead(Err(CaptureError::Timeout { waited_ms: 0 })),
            Injection::Disconnect => instead(Err(CaptureError::Disconnected { source: "injected".into() })),
            Injection::RepeatedSequence => Captured { sequence: before.unwrap_or(sequence), ..as_it_is },
            Injection::OldStamp => Captured { captured_at_us: captured_at_us.saturating_sub(error), ..as_it_is },
            Injection::FutureStamp => Captured { captured_at_us: captured_at_us.saturating_add(error), ..as_it_is },
            Injection::Frozen => instead(last.view()),
            Injection::WrongSize => instead(spoilt.half(&frame)),
            Injection::Truncated => instead(spoilt.truncated(&frame)),
            Injection::Black => instead(spoilt.filled(&frame, 0)),
            Injection::White => instead(spoilt.filled(&frame, 255)),
            Injection::Blurred => instead(spoilt.blurred(&frame)),
            Injection::Drop => as_it_is,
        })
    }

    fn counts(&self) -> CaptureCounts {
        self.inner.counts()
    }
}
