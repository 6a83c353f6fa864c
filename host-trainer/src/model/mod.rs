//! The convolutional autoencoder: an [`Architecture`] is a list of layers, [`Weights`] are its numbers, and
//! [`Autoencoder`] is the two of them as a burn module that can be trained.
//!
//! The exporter reads the same list and the same numbers, so what is exported is what was trained. This module
//! knows nothing of images, losses or files.

mod alexnet;
mod architecture;
mod autoencoder;
mod chain;
mod compact;
mod kind;
mod options;
mod unet;
mod weights;

pub use alexnet::SIDE as ALEXNET_SIDE;
pub use alexnet::alexnet;
pub use architecture::{Architecture, ConvShape, LayerSpec, ParameterSpec, PoolShape};
pub use autoencoder::Autoencoder;
pub use compact::compact;
pub use kind::{ModelKind, Network, UnfitSize};
pub use options::{AverageLayers, Bottleneck, InvalidWidth, NetworkOptions, Skips, Width};
pub use unet::{GRID, Placement, unet};
pub use weights::{WeightTensor, Weights, WeightsError};
