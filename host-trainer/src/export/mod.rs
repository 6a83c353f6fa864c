//! From trained weights to the file a station is flashed with: [`onnx`] writes the network, [`parity`] proves that the
//! station computes what training computed, [`golden`] chooses the frames by which a station proves it again,
//! [`bundle`] seals it all.

pub mod bundle;
pub mod describe;
pub mod golden;
pub mod onnx;
pub mod parity;

pub use bundle::{Further, seal, seal_with};
pub use onnx::to_onnx;
pub use parity::{ParityError, check_admission, check_parity, check_parity_within};
