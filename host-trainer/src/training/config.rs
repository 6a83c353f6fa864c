//! What shapes a training run: plain settings, all of them part of the record beside the weights.
//!
//! It does not know where the settings came from; `settings` does.

use serde::{Deserialize, Serialize};

use crate::augmentation::{Flips, Handicap, Light};
use crate::loss::LossKind;
use crate::model::{ModelKind, NetworkOptions};

/// Everything that shapes a training run, besides the images and the architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrainingConfig {
    /// Of the initial weights and the order of the images.
    pub seed: u64,
    /// Which network.
    pub model: ModelKind,
    /// What is varied about it.
    #[serde(default, alias = "alexnet")]
    pub network: NetworkOptions,
    /// When training ends at the latest.
    pub length: Length,
    /// Images per step, at least 1.
    pub batch: usize,
    /// What is made small.
    pub loss: LossKind,
    /// How gradients become steps.
    pub optimizer: OptimizerKind,
    /// The optimiser's peak learning rate, above 0.
    pub learning_rate: f64,
    /// Steps over which the rate rises from 0 to its peak.
    pub warmup: usize,
    /// What the rate does after that.
    #[serde(default)]
    pub schedule: Schedule,
    /// Steps between two looks at the validation images, at least 1.
    pub validate_every: usize,
    /// Looks without a better validation loss before training stops, at least 1.
    pub patience: usize,
    /// Mirror images that count as good parts too.
    pub flips: Flips,
    /// How much the light varies from image to image.
    pub light: Light,
    /// How what the network is shown is damaged.
    pub handicap: Handicap,
    /// How often that is drawn.
    #[serde(default)]
    pub handicap_drawn: HandicapDrawn,
}

/// What the learning rate does after its peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// It falls to zero with half a cosine.
    #[default]
    Cosine,
    /// It stays, as in the paper.
    Constant,
}

/// How often the damage of a training image is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandicapDrawn {
    /// Each time that the image is shown.
    #[default]
    EachTime,
    /// Once for the whole run, as the paper describes it; so are the light and the window.
    Once,
}

/// When training ends at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// After this many steps.
    Steps(usize),
    /// After every training image has been seen this many times.
    Epochs(usize),
}

impl Length {
    /// The number of steps for `images` training images and batches of `batch`.
    pub fn steps(self, images: usize, batch: usize) -> usize {
        match self {
            Self::Steps(steps) => steps,
            Self::Epochs(epochs) => epochs.saturating_mul(images).div_ceil(batch.max(1)),
        }
    }
}

/// How gradients become steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam (Kingma and Ba 2015)
    #[default]
    Adam,
    /// Adam with decoupled weight decay of 1e-4 (Loshchilov and Hutter 2019)
    AdamW,
    /// Stochastic gradient descent with a momentum of 0.9; it wants a rate some 100 times Adam's
    Sgd,
    /// RMSProp (Tieleman and Hinton 2012), smoothing 0.9, without momentum
    RmsProp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_whole_passes_rounded_up_to_steps() {
        assert_eq!(Length::Steps(800).steps(126, 8), 800);
        assert_eq!(Length::Epochs(1).steps(16, 8), 2);
        assert_eq!(Length::Epochs(3).steps(17, 8), 7); // 51 images in batches of 8
        assert_eq!(Length::Epochs(usize::MAX).steps(17, 1), usize::MAX);
    }
}
