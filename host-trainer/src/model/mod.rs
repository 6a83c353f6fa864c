//! The convolutional autoencoder: an [`Architecture`] is a list of layers, [`Weights`] are its numbers, and
//! [`Autoencoder`] is the two of them as a burn module that can be trained.
//!
//! The exporter reads the same list and the same numbers, so what is exported is what was trained. This module
//! knows nothing of images, losses or files.

mod architecture;
mod autoencoder;
mod compact;
mod sizes;
mod weights;

pub use architecture::{Architecture, ConvShape, LayerSpec, ParameterSpec};
pub use autoencoder::Autoencoder;
pub use compact::compact;
pub use sizes::{UnsupportedSize, architecture_for};
pub use weights::{WeightTensor, Weights, WeightsError};
