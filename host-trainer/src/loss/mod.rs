//! Training losses on batches of images in the range 0 to 1. They know tensors and nothing else.

mod flex;
mod pixel;
mod reconstruction;
mod similarity;
mod ssim;
#[cfg(test)]
mod tests;

pub use reconstruction::{LossKind, ReconstructionLoss};
pub(crate) use ssim::mirrored;
pub use ssim::{Border, SsimLoss};
