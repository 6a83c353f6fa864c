//! The line: when a part passes. [`queue`] holds the parts between trigger and gate and [`state`] the station's state,
//! both pure. [`driver`] is the thread that moves the outputs by them, and a [`LineHandle`] how the inspection thread
//! reaches them.
//!
//! Knows nothing of cameras and models.

mod camera_faults;
mod counters;
pub mod driver;
#[cfg(test)]
mod driver_tests;
mod gate;
mod handle;
mod outputs_due;
mod part;
pub mod queue;
#[cfg(test)]
mod simulation;
pub mod state;
#[cfg(test)]
mod tests;
mod timing;

pub use camera_faults::camera_fault;
pub use counters::{Counters, ReasonCounts};
pub use driver::{Driver, LineError, connect};
pub use gate::Gate;
pub use handle::LineHandle;
pub use outputs_due::{Accept, Actions, Levels};
pub use part::{Outcome, PartId};
pub use queue::{CAPACITY, Line, TriggerFault};
pub use state::{Event, FaultKind, State};
pub use timing::{LineTiming, TimingError, Travel, TriggerMode};
