//! What reaches the line from outside: triggers, steps of the encoder, the reset button, and the wake-up calls of the
//! inspection thread. Times in microseconds of the station's monotonic clock.
//!
//! Knows nothing of parts.

mod bell;
mod debounce;
#[cfg(all(feature = "station", target_os = "linux"))]
mod found;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod gpio;
mod sequence;

use std::time::Duration;

pub use bell::Bell;
pub use debounce::{Debounce, Steady};
pub use sequence::SequenceWatch;

/// Something that happened at an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A part came by.
    Trigger {
        /// When.
        at_us: u64,
    },
    /// The encoder made one step forward.
    Tick {
        /// When.
        at_us: u64,
    },
    /// Triggers or steps were lost.
    Missed {
        /// When that was noticed.
        at_us: u64,
        /// How many, at least 1.
        lost: u32,
    },
    /// A person pressed reset.
    Reset {
        /// When.
        at_us: u64,
    },
}

/// The inputs of a line.
pub trait Inputs {
    /// Waits until there is input, a wake-up call came or the time is over, and gives what there is to `take`, in the
    /// order of time. May return early without any.
    ///
    /// # Errors
    ///
    /// [`InputError`] if the inputs can no longer be read.
    fn wait(&mut self, timeout: Duration, take: &mut dyn FnMut(Input)) -> Result<(), InputError>;
}

/// Ends the waiting of [`Inputs`], from another thread, without allocating.
pub trait Wake: Send + Sync + std::fmt::Debug {
    /// Ends the current wait, or the next one.
    fn wake(&self);
}

/// Inputs that can no longer be read.
#[derive(Debug, thiserror::Error)]
#[error("{input} can no longer be read; check the GPIO chip and its driver")]
pub struct InputError {
    /// Which.
    pub input: &'static str,
    /// Why.
    #[source]
    pub source: std::io::Error,
}
