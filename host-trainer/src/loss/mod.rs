//! Training losses on batches of images in the range 0 to 1. They know tensors and nothing else.

mod flex;
mod similarity;
mod ssim;
#[cfg(test)]
mod tests;

pub use ssim::{Border, SsimLoss};
