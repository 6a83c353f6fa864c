//! An output that leads nowhere, for replaying recorded frames.

use shared::verdict::Pass;

use super::{AcceptOutput, ActuatorError};

/// Spends every pass on nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwired;

impl AcceptOutput for Unwired {
    fn accept(&mut self, _pass: Pass) -> Result<(), ActuatorError> {
        Ok(())
    }
}
