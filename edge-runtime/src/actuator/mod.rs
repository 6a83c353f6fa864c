//! What the station does to the line. The line rests at *divert*; a rising edge of the accept output lets one part
//! through. A [`Pass`] is taken by value: it is spent on one edge, or on none. Knows nothing of why a part passed.

mod accept_pin;
mod unwired;

use embedded_hal::digital::ErrorKind;
use shared::verdict::Pass;

pub use accept_pin::AcceptPin;
pub use unwired::Unwired;

/// The output that lets a part through.
pub trait AcceptOutput {
    /// Spends `pass` on one rising edge and returns the output to rest.
    ///
    /// # Errors
    ///
    /// [`ActuatorError`] if the output did not do all of that. Whether the part was let through is then unknown; it
    /// must not be counted as passed.
    fn accept(&mut self, pass: Pass) -> Result<(), ActuatorError>;
}

/// A movement of an output that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the accept output could not {movement} ({kind}: {detail}); stop the line and check the pin and its wiring")]
pub struct ActuatorError {
    /// What was asked of the output.
    pub movement: Movement,
    /// embedded-hal's classification.
    pub kind: ErrorKind,
    /// What the pin's driver said.
    pub detail: String,
}

/// A movement of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// To the inactive level, which diverts.
    Rest,
    /// The rising edge, which lets a part through.
    Rise,
    /// Back from the pulse to the inactive level.
    Fall,
}

impl std::fmt::Display for Movement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rest => "be brought to rest",
            Self::Rise => "rise",
            Self::Fall => "fall back to rest",
        })
    }
}
