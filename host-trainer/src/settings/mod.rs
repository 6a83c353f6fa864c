//! The settings of `train`: the same names on the command line and in a TOML file, on top of a preset.
//!
//! What counts, in this order: the command line, the file (`--config`), the preset (`--preset`), the preset `standard`.
//! A preset is such a file itself; `presets/` holds them. This module checks each value by itself and knows nothing of
//! what the settings do.

mod file;
mod preset;
mod value;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::augmentation::{Flips, Handicap};
use crate::cli::ThresholdArgs;
use crate::dataset::{GeometryChoice, Resolution};
use crate::detectability::DefectTrials;
use crate::device::DeviceChoice;
use crate::loss::LossKind;
use crate::margin::MarginChoice;
use crate::model::{AverageLayers, Bottleneck, ModelKind, NetworkOptions, Skips, Width};
use crate::normalisation::Normalise;
use crate::recipe::{MetricChoice, PoolingChoice, ScoreChoice};
use crate::training::{HandicapDrawn, Length, OptimizerKind, Schedule, TrainingConfig};

pub use file::SettingsError;
pub use preset::Preset;
pub use value::{LearningRate, LightVariation};

/// What a user may set of `train`; what is not set is left to the next source.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct TrainSettings {
    /// Settings to start from; each other setting given goes before it [default: standard]
    #[arg(long, value_enum, value_name = "NAME")]
    pub preset: Option<Preset>,
    /// Name of the part, kept in the bundle [default: unnamed part]. Not taken from the folder: the same photographs and
    /// settings give the same bundle wherever they lie
    #[arg(long, value_name = "NAME")]
    pub product: Option<String>,
    /// Release of the bundle, 1 or more [default: 1]. A station does not go back to a smaller one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub release: Option<u32>,
    /// Name of the camera that the bundle is for, as the station's configuration calls it [default: any]
    #[arg(long, value_name = "NAME")]
    pub camera: Option<String>,
    /// How photographs become the network's input [default: auto]
    #[arg(long, value_enum)]
    pub geometry: Option<GeometryChoice>,
    /// How large that input is: the side of a square with as many pixels as a whole photograph becomes; half the shorter
    /// side of a photograph in tiles. a multiple of 16 from 64 to 512; more shows smaller defects, and takes longer by its
    /// square [default: 128]
    #[arg(long, value_name = "PIXELS")]
    pub resolution: Option<Resolution>,
    /// The difference map that the station computes for each frame [default: ssim for parts at one
    /// place, else ssim-msgms]
    #[arg(long, value_enum)]
    pub metric: Option<MetricChoice>,
    /// How the map becomes the score [default: max]
    #[arg(long, value_enum)]
    pub pooling: Option<PoolingChoice>,
    /// Whether a difference counts by what good parts show at the same pixel [default: never]
    #[arg(long, value_enum)]
    pub normalise: Option<Normalise>,
    /// Whether pixels near the edges of the picture count less [default: fitted]
    #[arg(long, value_enum)]
    pub margin: Option<MarginChoice>,
    /// An image of the photographs' size that says which pixels count: white in full, black not at all, gray in
    /// proportion. What moves, or does not belong to the part, can be left out by it
    #[arg(long, value_name = "FILE", value_parser = value::path)]
    pub mask: Option<PathBuf>,
    /// Where to train [default: auto]
    #[arg(long, value_enum)]
    pub device: Option<DeviceChoice>,
    /// Seed of the split, the initial weights and the order of the images [standard: 1]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Which network [standard: unet]
    #[arg(long, value_enum)]
    pub model: Option<ModelKind>,
    /// A factor on the channels of the networks unet and alexnet, and on alexnet's bottleneck; above 0 and at most 2
    /// [standard: 1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub width: Option<Width>,
    /// Of the network unet: how detail gets past the coarse middle [standard: sums]
    #[arg(long, value_enum)]
    pub skips: Option<Skips>,
    /// Of the network alexnet: the decoder stage that is averaged with its encoder twin [standard: 0]
    #[arg(long, value_enum, value_name = "K")]
    pub average_layer: Option<AverageLayers>,
    /// Of the network alexnet: what lies in the middle [standard: dense]
    #[arg(long, value_enum)]
    pub bottleneck: Option<Bottleneck>,
    /// Training steps at most [standard: 2800]
    #[arg(long, value_name = "N", conflicts_with = "epochs", value_parser = value::steps)]
    pub steps: Option<NonZeroUsize>,
    /// Instead of --steps: how often at most each training image is seen
    #[arg(long, value_name = "N", value_parser = value::steps)]
    pub epochs: Option<NonZeroUsize>,
    /// Images per step [standard: 4]
    #[arg(long, value_name = "N", value_parser = value::batch)]
    pub batch: Option<NonZeroUsize>,
    /// What training makes small [standard: ssim]
    #[arg(long, value_enum)]
    pub loss: Option<LossKind>,
    /// How gradients become steps [standard: adam]
    #[arg(long, value_enum)]
    pub optimizer: Option<OptimizerKind>,
    /// Peak learning rate [standard: 0.001]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: Option<LearningRate>,
    /// Steps over which the learning rate rises to its peak [standard: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub warmup: Option<u32>,
    /// Steps between two looks at the validation images [standard: 200]
    #[arg(long, value_name = "N", value_parser = value::steps)]
    pub validate_every: Option<NonZeroUsize>,
    /// Looks without a better validation loss before training stops [standard: 10]
    #[arg(long, value_name = "N", value_parser = value::steps)]
    pub patience: Option<NonZeroUsize>,
    /// Mirror images that are good parts too [standard: both]
    #[arg(long, value_enum)]
    pub flips: Option<Flips>,
    /// How much the light varies in training: a factor within 1 - X to 1 + X for each image [standard: 0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub light: Option<LightVariation>,
    /// How the network's input is damaged in training, while it has to draw the undamaged part [standard: stain]
    #[arg(long, value_enum)]
    pub handicap: Option<Handicap>,
    #[command(flatten)]
    pub threshold: ThresholdArgs,
    /// Whether synthetic defects are put into good images, to say which ones the bundle finds [default: tried]
    #[arg(long, value_enum)]
    pub detectability: Option<DefectTrials>,
    /// Leave out images that cannot be used (empty, cut off, no image) instead of stopping; they are listed and counted
    #[arg(long)]
    pub skip_unreadable: bool,
}

impl TrainSettings {
    /// These settings, and those of `base` where these leave something open.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        // A length replaces the other kind of length too.
        let (steps, epochs) =
            if self.steps.or(self.epochs).is_some() { (self.steps, self.epochs) } else { (base.steps, base.epochs) };
        Self {
            preset: self.preset.or(base.preset),
            product: self.product.or(base.product),
            release: self.release.or(base.release),
            camera: self.camera.or(base.camera),
            geometry: self.geometry.or(base.geometry),
            resolution: self.resolution.or(base.resolution),
            metric: self.metric.or(base.metric),
            pooling: self.pooling.or(base.pooling),
            normalise: self.normalise.or(base.normalise),
            margin: self.margin.or(base.margin),
            mask: self.mask.or(base.mask),
            device: self.device.or(base.device),
            seed: self.seed.or(base.seed),
            model: self.model.or(base.model),
            width: self.width.or(base.width),
            skips: self.skips.or(base.skips),
            average_layer: self.average_layer.or(base.average_layer),
            bottleneck: self.bottleneck.or(base.bottleneck),
            steps,
            epochs,
            batch: self.batch.or(base.batch),
            loss: self.loss.or(base.loss),
            optimizer: self.optimizer.or(base.optimizer),
            learning_rate: self.learning_rate.or(base.learning_rate),
            warmup: self.warmup.or(base.warmup),
            validate_every: self.validate_every.or(base.validate_every),
            patience: self.patience.or(base.patience),
            flips: self.flips.or(base.flips),
            light: self.light.or(base.light),
            handicap: self.handicap.or(base.handicap),
            detectability: self.detectability.or(base.detectability),
            threshold: if self.threshold.is_some() { self.threshold } else { base.threshold },
            skip_unreadable: self.skip_unreadable || base.skip_unreadable,
        }
    }

    /// These settings, and those of the preset that they name.
    #[must_use]
    pub fn with_preset(self) -> Self {
        match self.preset {
            Some(preset) => self.over(preset.settings()),
            None => self,
        }
    }

    /// How parts are scored; what is still open is the default.
    pub fn score(&self) -> ScoreChoice {
        ScoreChoice {
            metric: self.metric,
            pooling: self.pooling.unwrap_or_default(),
            normalise: self.normalise.unwrap_or_default(),
            margin: self.margin.unwrap_or_default(),
        }
    }

    /// The settings in full: what is still open comes from the preset, and from `standard`.
    pub fn resolve(self) -> TrainingConfig {
        let all = self.with_preset().over(Preset::Standard.settings());
        let complete = || {
            Some(TrainingConfig {
                seed: all.seed?,
                model: all.model?,
                network: NetworkOptions {
                    width: all.width?,
                    skips: all.skips?,
                    average: all.average_layer?,
                    bottleneck: all.bottleneck?,
                },
                length: match (all.epochs, all.steps) {
                    (Some(epochs), _) => Length::Epochs(epochs.get()),
                    (None, steps) => Length::Steps(steps?.get()),
                },
                batch: all.batch?.get(),
                loss: all.loss?,
                optimizer: all.optimizer?,
                learning_rate: all.learning_rate?.get(),
                warmup: all.warmup? as usize,
                schedule: Schedule::Cosine,
                validate_every: all.validate_every?.get(),
                patience: all.patience?.get(),
                flips: all.flips?,
                light: all.light?.get(),
                handicap: all.handicap?,
                handicap_drawn: HandicapDrawn::EachTime,
            })
        };
        complete().expect("the preset `standard` sets everything")
    }
}

impl From<&TrainingConfig> for TrainSettings {
    fn from(config: &TrainingConfig) -> Self {
        let (steps, epochs) = match config.length {
            Length::Steps(steps) => (NonZeroUsize::new(steps), None),
            Length::Epochs(epochs) => (None, NonZeroUsize::new(epochs)),
        };
        Self {
            seed: Some(config.seed),
            model: Some(config.model),
            width: Some(config.network.width),
            skips: Some(config.network.skips),
            average_layer: Some(config.network.average),
            bottleneck: Some(config.network.bottleneck),
            steps,
            epochs,
            batch: NonZeroUsize::new(config.batch),
            loss: Some(config.loss),
            optimizer: Some(config.optimizer),
            learning_rate: config.learning_rate.try_into().ok(),
            warmup: u32::try_from(config.warmup).ok(),
            validate_every: NonZeroUsize::new(config.validate_every),
            patience: NonZeroUsize::new(config.patience),
            flips: Some(config.flips),
            light: Some(config.light.into()),
            handicap: Some(config.handicap),
            ..Self::default()
        }
    }
}

impl Default for TrainingConfig {
    /// The preset `standard`.
    fn default() -> Self {
        TrainSettings::default().resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TrainSettings, SettingsError> {
        file::parse(text, std::path::Path::new("line3.toml"))
    }

    #[test]
    fn the_command_line_goes_before_the_file_and_the_file_before_the_preset() {
        let file = parse("preset = \"thorough\"\nbatch = 16\nlearning-rate = 0.0005").unwrap();
        let line = TrainSettings { learning_rate: "0.002".parse().ok(), ..TrainSettings::default() };
        let config = line.over(file).resolve();
        assert_eq!((config.learning_rate, config.batch), (0.002, 16));
        assert_eq!((config.length, config.patience), (Length::Steps(12_000), 20));
        assert_eq!(config.flips, Flips::Both);
    }

    #[test]
    fn settings_made_of_a_configuration_give_it_back() {
        for text in ["", "epochs = 7\nloss = \"ssim-l1\"\noptimizer = \"sgd\"\nlearning-rate = 0.1\nwarmup = 0"] {
            let config = parse(text).unwrap().resolve();
            assert_eq!(TrainSettings::from(&config).resolve(), config);
        }
    }

    #[test]
    fn epochs_given_later_replace_steps_given_earlier() {
        let config = parse("epochs = 12").unwrap().resolve();
        assert_eq!(config.length, Length::Epochs(12));
        let over = TrainSettings { steps: NonZeroUsize::new(9), ..TrainSettings::default() };
        assert_eq!(over.over(parse("epochs = 12").unwrap()).resolve().length, Length::Steps(9));
    }
}
