//! The command line: what can be asked for, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::augmentation::Flips;
use crate::device::DeviceChoice;
use crate::training::TrainingConfig;

/// The way from photographs to a flashed station.
const OVERVIEW: &str = "\
Learns from photographs of good parts and seals what an inspection station needs into one bundle.

The way from photographs to a station:
  1. Photograph good parts only, 200 or more, as the station's camera will see them.
  2. host-trainer train --data PHOTOS --out out/part
     trains an autoencoder to redraw good parts, exports it, calibrates the threshold on
     photographs that nothing else has seen, and seals out/part/station.bundle.
  3. host-trainer evaluate --bundle out/part/station.bundle --data PHOTOS
     says how well it judges, if there are also labelled defective parts in PHOTOS/test.
  4. edge-runtime replay --bundle out/part/station.bundle FRAMES
     judges a folder of frames exactly as the station will.

Without a command, the whole way is demonstrated on frames that the program renders itself (out/demo).";

/// Arguments of the program.
#[derive(Parser, Debug)]
#[command(name = "host-trainer", version, about = "Trains, calibrates and seals a visual inspection from photographs of good parts", long_about = OVERVIEW)]
pub struct Cli {
    /// What to do; without it, the demonstration
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Render, train, export, calibrate, seal and evaluate on made-up parts (the default without a command)
    #[command(after_help = "Example:\n  host-trainer demo --out out/demo")]
    Demo(DemoArgs),
    /// Train on good photographs, export, calibrate and seal a bundle
    #[command(after_help = "\
Examples:
  host-trainer train --data photos --out out/part
      photos/*.png are all good parts
  host-trainer train --data mvtec_bottle --out out/bottle
      good parts are in mvtec_bottle/train/good; test/ is not touched

Writes into the --out folder:
  station.bundle   flash this
  model.onnx       the network alone
  training.json    settings, course of training, which image served for what")]
    Train(TrainArgs),
    /// Judge labelled photographs with a bundle and report rates and curves
    #[command(
        after_help = "Example:\n  host-trainer evaluate --bundle out/bottle/station.bundle --data mvtec_bottle --json"
    )]
    Evaluate(EvaluateArgs),
    /// Look into a bundle
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Write a data set of rendered parts, good and defective, in the MVTec layout
    #[command(after_help = "Example:\n  host-trainer render --out out/rendered --seed 3")]
    Render(RenderArgs),
    /// Retrain the committed default model and record its verdicts anew (for developers of this project)
    #[command(after_help = "Example, from the root of the repository:\n  host-trainer bless --repository .")]
    Bless(BlessArgs),
}

/// `demo`
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Folder to write into
    #[arg(long, default_value = "out/demo", value_name = "DIR")]
    pub out: PathBuf,
    /// Where to train
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
}

/// `train`
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Folder of photographs: MVTec layout, or good parts only
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the part, kept in the bundle. Not taken from the folder: the same photographs and settings give the same
    /// bundle wherever they lie
    #[arg(long, default_value = "unnamed part", value_name = "NAME")]
    pub product: String,
    /// Where to train
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
    #[command(flatten)]
    pub training: TrainingArgs,
    /// Which of the calibration scores the threshold lies above: 1 is the largest; higher ranks reject more good parts
    /// and let fewer defects escape
    #[arg(long, default_value_t = 1, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    pub rank: u32,
    /// Leave out images that cannot be used (empty, cut off, no image) instead of stopping; they are listed and counted
    #[arg(long)]
    pub skip_unreadable: bool,
}

/// Settings of the training loop.
#[derive(Args, Clone, Debug)]
pub struct TrainingArgs {
    /// Seed of the split, the initial weights and the order of the images
    #[arg(long, default_value_t = TrainingConfig::default().seed)]
    pub seed: u64,
    /// Training steps at most
    #[arg(long, default_value_t = TrainingConfig::default().steps, value_parser = at_least_one)]
    pub steps: usize,
    /// Images per step
    #[arg(long, default_value_t = TrainingConfig::default().batch, value_parser = at_least_one)]
    pub batch: usize,
    /// Peak learning rate of Adam
    #[arg(long, default_value_t = TrainingConfig::default().learning_rate, value_name = "RATE", value_parser = rate)]
    pub learning_rate: f64,
    /// Looks at the validation images without improvement before training stops
    #[arg(long, default_value_t = TrainingConfig::default().patience, value_parser = at_least_one)]
    pub patience: usize,
    /// Mirror images that are good parts too
    #[arg(long, value_enum, default_value_t)]
    pub flips: Flips,
}

impl TrainingArgs {
    /// The settings that the loop takes.
    pub fn config(&self) -> TrainingConfig {
        TrainingConfig {
            seed: self.seed,
            steps: self.steps,
            batch: self.batch,
            learning_rate: self.learning_rate,
            patience: self.patience,
            flips: self.flips,
            ..TrainingConfig::default()
        }
    }
}

/// `evaluate`
#[derive(Args, Clone, Debug)]
pub struct EvaluateArgs {
    /// The bundle to judge with
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// Folder with test/good and test/KIND, or good parts only
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// One JSON object on standard output instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `bundle`
#[derive(Subcommand, Debug)]
pub enum BundleCommand {
    /// Verify a bundle and print what it holds
    #[command(after_help = "Example:\n  host-trainer bundle inspect out/bottle/station.bundle")]
    Inspect(InspectArgs),
}

/// `bundle inspect`
#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// The bundle
    pub file: PathBuf,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// `render`
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// Folder to write into; it must be empty or hold an earlier rendering
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Another seed makes other parts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Side of the square frames in pixels
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(64..=2048))]
    pub size: u16,
    /// Good frames in train/good
    #[arg(long, default_value_t = 200)]
    pub train_good: usize,
    /// Good frames in test/good
    #[arg(long, default_value_t = 24)]
    pub test_good: usize,
    /// Defective frames of each kind
    #[arg(long, default_value_t = 12)]
    pub test_per_kind: usize,
}

/// `bless`
#[derive(Args, Clone, Debug)]
pub struct BlessArgs {
    /// Root of this project's checkout
    #[arg(long, value_name = "DIR")]
    pub repository: PathBuf,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("0 is too few; use 1 or more".into()),
        Ok(value) => Ok(value),
        Err(error) => Err(error.to_string()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        Ok(_) => Err("expected a number above 0 and at most 1; 0.001 is usual".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_arguments_mean_the_demonstration() {
        assert!(Cli::parse_from(["host-trainer"]).command.is_none());
    }
}
