//! Outputs that lead nowhere: for replaying recorded frames, and for a station without pins.

use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};
use shared::verdict::Verdict;

use crate::line::{Gate, Outcome, PartId};

/// Takes every verdict, spends every pass on nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwired;

impl Gate for Unwired {
    fn part_for_frame(&mut self, _captured_at_us: u64) -> Option<PartId> {
        Some(PartId::UNWIRED)
    }

    fn decide(&mut self, _part: PartId, verdict: Verdict) -> Outcome {
        match verdict {
            Verdict::Pass(_) => Outcome::Armed,
            Verdict::Reject(_) => Outcome::Rejected,
            Verdict::Fault(reason) => Outcome::Diverted(reason),
        }
    }
}

/// The type of pins where there are none.
#[derive(Debug, Clone, Copy)]
pub enum NoPin {}

impl ErrorType for NoPin {
    type Error = Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        match *self {}
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        match *self {}
    }
}
