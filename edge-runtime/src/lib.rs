//! The inspection core of the station: everything between a captured frame and an accept pulse, generic over where
//! frames come from ([`camera`]), what reconstructs them ([`reconstruct`]), the inputs and outputs ([`trigger`],
//! [`actuator`]), the records ([`recorder`]) and the [`clock`].
//!
//! Bottom up: [`pipeline`] measures a frame, [`inspector`] judges what was measured, [`station`] hands the verdict to
//! the [`mod@line`], which alone decides what passes, and keeps the record. The host trainer uses the first two, so that
//! what it measures is what runs.
//!
//! The library logs nothing; it emits [`events`]. It knows nothing of training.

#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(all(feature = "station", target_os = "linux"))]
pub mod acceptance;
pub mod actuator;
#[cfg(feature = "tract")]
pub mod admission;
pub mod bounded_read;
pub mod bundle;
pub mod calibration;
pub mod camera;
pub mod clock;
pub mod commissioning;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod config;
pub mod events;
pub mod frame;
pub mod inspector;
pub mod line;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod own_threshold;
#[cfg(any(feature = "files", feature = "tract"))]
mod panic_guard;
pub mod pipeline;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod preflight;
pub mod reconstruct;
pub mod recorder;
pub mod self_test;
pub mod station;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod status;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod store;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod supervision;
#[cfg(test)]
mod test_random;
#[cfg(test)]
mod test_support;
pub mod trial;
pub mod trigger;
pub mod trust;
