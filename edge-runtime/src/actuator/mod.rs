//! What the station does to the line. The line rests at *divert*; a rising edge of the accept output lets one part
//! through. A [`Pass`](shared::verdict::Pass) is taken by value: it is spent on one edge, or on none. Knows nothing of
//! why a part passed.

#[cfg(all(feature = "station", target_os = "linux"))]
pub mod gpio;
mod outputs;
mod polarity;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod traced;
mod unwired;
#[cfg(feature = "station")]
pub mod wiring;

pub use outputs::{OutputError, OutputName, Outputs, Pins};
pub use polarity::{Level, Polarity};
pub use unwired::{NoPin, Unwired};
