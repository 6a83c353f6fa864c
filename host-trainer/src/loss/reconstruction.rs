//! The loss between an image and its reconstruction that a user can choose.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use shared::image::Size;

use super::pixel::{l1, mse};
use super::ssim::{Border, SsimLoss};

/// Weight of SSIM beside L1, as Zhao et al. 2017 ("Loss Functions for Image Restoration with Neural Networks",
/// equation 12) weigh their multi-scale SSIM.
const SSIM_SHARE: f64 = 0.84;

/// What training makes small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// One minus the structural similarity: structure counts more than brightness
    #[default]
    Ssim,
    /// Mean squared error, pixel by pixel
    Mse,
    /// 0.84 of the SSIM loss and 0.16 of the mean absolute error: sees a change of brightness with unchanged structure
    SsimL1,
}

/// A loss, made ready for images of one size on one device.
#[derive(Debug)]
pub enum ReconstructionLoss {
    /// [`LossKind::Ssim`]
    Ssim(SsimLoss),
    /// [`LossKind::Mse`]
    Mse,
    /// [`LossKind::SsimL1`]
    SsimL1(SsimLoss),
}

impl ReconstructionLoss {
    /// Prepares the loss. SSIM windows are centred on every pixel ([`Border::Mirrored`]).
    ///
    /// # Panics
    /// If a side is shorter than the SSIM window of 11 pixels; architectures guarantee it.
    pub fn new(kind: LossKind, size: Size, device: &Device) -> Self {
        let ssim = || SsimLoss::new(size, Border::Mirrored, device);
        match kind {
            LossKind::Ssim => Self::Ssim(ssim()),
            LossKind::Mse => Self::Mse,
            LossKind::SsimL1 => Self::SsimL1(ssim()),
        }
    }

    /// The mean loss of a batch: 0 for equal images.
    ///
    /// # Shapes
    /// - x, y: `[batch, 1, height, width]`, values in 0 to 1
    /// - output: `[1]`
    pub fn forward(&self, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
        match self {
            Self::Ssim(ssim) => ssim.forward(x, y),
            Self::Mse => mse(x, y),
            Self::SsimL1(ssim) => {
                let structure = ssim.forward(x.clone(), y.clone());
                structure.mul_scalar(SSIM_SHARE).add(l1(x, y).mul_scalar(1.0 - SSIM_SHARE))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    #[test]
    fn the_mixed_loss_is_the_mix_of_both() {
        let (device, size) = (Device::flex(), Size { width: 16, height: 12 });
        let image = |m: usize| {
            let values: Vec<f32> = (0..192).map(|i| (i * m % 31) as f32 / 30.0).collect();
            Tensor::<4>::from_data(TensorData::new(values, [1, 1, 12, 16]), &device)
        };
        let loss =
            |kind| -> f32 { ReconstructionLoss::new(kind, size, &device).forward(image(7), image(11)).into_scalar() };
        let absolute: f32 = l1(image(7), image(11)).into_scalar();
        let expected = 0.84 * loss(LossKind::Ssim) + 0.16 * absolute;
        assert!((loss(LossKind::SsimL1) - expected).abs() < 1e-6);
        assert!(loss(LossKind::Mse) < absolute); // every difference is below 1
    }
}
