//! The command line: what can be asked for, and the help that teaches it.

mod flash;
mod search;
mod signing;
mod study;
mod threshold;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::device::DeviceChoice;
use crate::recipe::MetricChoice;
use crate::render::PartKind;
use crate::settings::TrainSettings;

pub use flash::FlashArgs;
use flash::{FLASH_ABOUT, FLASH_EXAMPLES};
use search::SEARCH_EXAMPLES;
pub use search::{CollectArgs, RunArgs, SearchCommand, SharedArgs, TrialArgs, TrialTrainingArgs};
use signing::{KEYGEN_EXAMPLES, SIGN_EXAMPLES, VERIFY_EXAMPLES};
pub use signing::{KeygenArgs, SignArgs, VerifyArgs};
use study::STUDY_EXAMPLES;
pub use study::StudyArgs;
use threshold::CALIBRATE_EXAMPLES;
pub use threshold::{CalibrateArgs, ThresholdArgs};

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
  5. host-trainer bundle sign out/part/station.bundle --key signing.key
     host-trainer flash out/part/station.bundle --to edge-runtime@line1 --to edge-runtime@line2
     installs it on the stations.

If parts, light or camera change later, `calibrate` finds a new threshold from new good photographs,
without training.

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
  host-trainer train --data photos --out out/part --preset thorough --config line3.toml
      line3.toml may hold, for example:  batch = 16
                                         flips = \"none\"
  host-trainer train --data photos --out out/part --resume
      goes on after an interruption, with the settings it had
  host-trainer train --data photos --out out/part --target-frr 2%
      the lowest threshold that rejects at most 2 % of good parts on average; if there are too few
      photographs for that, says how many are missing, before training

Writes into the --out folder:
  station.bundle          flash this
  report.html             how it came about, with charts and example images
  loss.svg                the course of training
  model.onnx              the network alone
  training.json           settings, versions, course of training, which image served for what
  checkpoint.safetensors  the training after its last epoch, for --resume

Ctrl-C ends the training and seals the best weights so far; a second Ctrl-C ends the program.")]
    Train(TrainArgs),
    /// Run the study of the paper that the method comes from: three models, both metrics, Tables 1 to 4
    #[command(after_help = STUDY_EXAMPLES)]
    Study(StudyArgs),
    /// Search settings of the paper's network on a grid, one process for each trial
    #[command(subcommand, after_help = SEARCH_EXAMPLES)]
    Search(SearchCommand),
    /// Judge labelled photographs with a bundle and report rates and curves
    #[command(after_help = "\
Examples:
  host-trainer evaluate --bundle out/bottle/station.bundle --data mvtec_bottle --json
  host-trainer evaluate --bundle out/bottle/station.bundle --data mvtec_bottle --report bottle.html")]
    Evaluate(EvaluateArgs),
    /// Give a bundle a new threshold, from new good photographs or by hand, without training again
    #[command(after_help = CALIBRATE_EXAMPLES)]
    Calibrate(CalibrateArgs),
    /// Say how unlike two images of the same size are: SSIM or squared difference, as the station computes them
    #[command(after_help = "\
Examples:
  host-trainer compare part.png redrawn.png
  host-trainer compare part.png redrawn.png --metric ssim-gaussian --map map.png --json

Score: 0 is alike. The mean over the pixels whose window lies within the image (l2, msgms: over all) of
  ssim           1 - SSIM, windows of 7x7 pixels, as scikit-image's structural_similarity
  ssim-gaussian  1 - SSIM, Gaussian windows of 11x11 pixels, sigma 1.5, as TensorFlow's
  l2             ((a - b) / 255)^2
  msgms          1 - similarity of gradient magnitudes, 3x3 pixels at the scales 1, 1/2 and 1/4
Colour is reduced to 8-bit gray first. In the JSON, raw is the integer that the station compares: score times 2^24.")]
    Compare(CompareArgs),
    /// Look into a bundle, sign it, check who signed it
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Install a bundle on stations, over ssh or by a stick
    #[command(long_about = FLASH_ABOUT, after_help = FLASH_EXAMPLES)]
    Flash(FlashArgs),
    /// Write a data set of rendered parts, good and defective, in the MVTec layout
    #[command(after_help = "\
Examples:
  host-trainer render --out out/rendered --seed 3
  host-trainer render --out out/metal --kind surface --size 320

Defects, one folder for each in test and in ground_truth:
  bottle   chip, crack, contamination
  surface  scratch, pit, stain
  turned   chip, hole, scratch, contamination")]
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
    /// TOML file of settings, by the names below without the dashes; the command line goes before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on with the training in --out that was interrupted; the result is that of an uninterrupted one
    #[arg(long)]
    pub resume: bool,
    /// Start over, though the training in --out was interrupted
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    #[command(flatten, next_help_heading = "Settings")]
    pub settings: TrainSettings,
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
    /// Also write a report to look at: one HTML file with charts and with every part that was judged wrongly
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// One JSON object on standard output instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `compare`
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// The first image, PNG or JPEG
    pub a: PathBuf,
    /// The second image, of the same size; which is first does not matter
    pub b: PathBuf,
    /// What to compute for each pixel
    #[arg(long, value_enum, default_value_t = MetricChoice::Ssim)]
    pub metric: MetricChoice,
    /// Also write the difference of every pixel as a picture (PNG) with a fixed colour scale and a legend
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// `bundle`
#[derive(Subcommand, Debug)]
pub enum BundleCommand {
    /// Verify a bundle and print what it holds
    #[command(after_help = "Example:\n  host-trainer bundle inspect out/bottle/station.bundle")]
    Inspect(InspectArgs),
    /// Make a key for signing bundles
    #[command(after_help = KEYGEN_EXAMPLES)]
    Keygen(KeygenArgs),
    /// Sign a bundle, so that stations that trust the key take it
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(SignArgs),
    /// Check that a bundle is whole and signed by one of the given keys
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
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
    /// The kind of part
    #[arg(long, value_enum, default_value_t)]
    pub kind: PartKind,
    /// Another seed makes other parts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Height of the frames in pixels; bottle and turned are square, a surface is half as wide again
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
