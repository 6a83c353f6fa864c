//! From trained weights to the file a station is flashed with: [`onnx`] writes the network, [`parity`] proves that the
//! station computes what training computed, [`bundle`] seals it all.

pub mod bundle;
pub mod describe;
pub mod onnx;
pub mod parity;

pub use bundle::seal;
pub use onnx::to_onnx;
pub use parity::{ParityError, check_parity};
