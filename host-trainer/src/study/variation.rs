//! The three models of the paper's Table 1, and what its Tables 3 and 4 say of them.

use serde::{Deserialize, Serialize};

use crate::augmentation::{Flips, Handicap, Light};
use crate::loss::LossKind;
use crate::model::{ModelKind, NetworkOptions};
use crate::training::{HandicapDrawn, Length, OptimizerKind, Schedule, TrainingConfig};

/// The optimiser's rate and the images per step that the paper's search found (Table 2).
pub const LEARNING_RATE: f64 = 1e-4;
/// As above.
pub const BATCH: usize = 8;
/// Epochs at most.
pub const EPOCHS: usize = 150;
/// Epochs without a lower validation loss before training stops.
pub const PATIENCE: usize = 10;

/// A model of Table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variation {
    /// SSIM loss, undamaged input.
    Baseline,
    /// Mean squared error instead of SSIM.
    MeanSquaredError,
    /// The baseline with noise and a cutout on its input.
    InputHandicap,
}

impl Variation {
    /// All, in the order of Table 1.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::MeanSquaredError, Self::InputHandicap];

    /// 0, 1 or 2, as the paper numbers them.
    pub fn number(self) -> usize {
        self as usize
    }

    /// The model with this number.
    pub fn from_number(number: usize) -> Option<Self> {
        Self::ALL.get(number).copied()
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::MeanSquaredError => "model 1: MSE loss",
            Self::InputHandicap => "model 2: input handicap",
        }
    }

    /// The name of its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Baseline => "0-baseline",
            Self::MeanSquaredError => "1-mse",
            Self::InputHandicap => "2-handicap",
        }
    }

    /// What training makes small.
    pub fn loss(self) -> LossKind {
        if self == Self::MeanSquaredError { LossKind::Mse } else { LossKind::Ssim }
    }

    /// F1 with the SSIM metric and with the L2 metric (Tables 3 and 4).
    pub fn paper_f1(self) -> [f64; 2] {
        match self {
            Self::Baseline => [0.72, 0.82],
            Self::MeanSquaredError => [0.79, 0.74],
            Self::InputHandicap => [0.69, 0.83],
        }
    }

    /// How the paper trains it on `images` images, flipped ones counted.
    ///
    /// `handicap` is that of the model with a handicap.
    pub fn training(
        self,
        alexnet: NetworkOptions,
        handicap: Handicap,
        epochs: usize,
        seed: u64,
        images: usize,
    ) -> TrainingConfig {
        TrainingConfig {
            seed,
            model: ModelKind::Alexnet,
            network: alexnet,
            length: Length::Epochs(epochs),
            batch: BATCH,
            loss: self.loss(),
            optimizer: OptimizerKind::Adam,
            learning_rate: LEARNING_RATE,
            warmup: 0,
            schedule: Schedule::Constant,
            // A look after each epoch.
            validate_every: images.div_ceil(BATCH).max(1),
            patience: PATIENCE,
            flips: Flips::None,
            light: Light::default(),
            handicap: if self == Self::InputHandicap { handicap } else { Handicap::None },
            handicap_drawn: HandicapDrawn::Once,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_paper() {
        for (number, variation) in Variation::ALL.into_iter().enumerate() {
            assert_eq!((variation.number(), Variation::from_number(number)), (number, Some(variation)));
        }
        assert_eq!(Variation::from_number(3), None);
    }

    #[test]
    fn each_model_differs_from_the_baseline_in_one_thing() {
        let training =
            |variation: Variation| variation.training(NetworkOptions::default(), Handicap::Paper, 150, 1, 596);
        let baseline = training(Variation::Baseline);
        assert_eq!((baseline.validate_every, baseline.light.get()), (75, 0.0));
        let mse = TrainingConfig { loss: LossKind::Mse, ..baseline.clone() };
        assert_eq!(training(Variation::MeanSquaredError), mse);
        assert_eq!(training(Variation::InputHandicap), TrainingConfig { handicap: Handicap::Paper, ..baseline });
    }
}
