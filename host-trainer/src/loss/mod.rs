//! Training losses on batches of images in the range 0 to 1. They know tensors and nothing else.

mod pixel;
mod reconstruction;
mod ssim;

pub use reconstruction::{LossKind, ReconstructionLoss};
pub use ssim::{Border, SsimLoss};
