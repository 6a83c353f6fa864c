//! Arguments of `study`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::augmentation::Handicap;
use crate::device::DeviceChoice;
use crate::model::{AverageLayers, Bottleneck, Width};
use crate::study::{EPOCHS, Validation};

/// Shown after the help of `study`.
pub const STUDY_EXAMPLES: &str = "\
Examples:
  host-trainer study --data mvtec_bottle --out out/study
      the paper's study at full width and length; on a GPU
  host-trainer study --data mvtec_bottle --out out/small --width 0.25 --epochs 15
      small enough for two cores
  host-trainer study --data mvtec_bottle --out out/averaged --models 0 --average-layer 5 --width 0.25 --epochs 15
      the baseline with its last decoder stage averaged with the first convolution

The data folder has the MVTec layout: train/good, test/good, test/KIND, ground_truth/KIND.
The same command goes on after an interruption, with the results of an uninterrupted one.

Writes into the --out folder:
  report.html              tables, loss curves, score plots, example images
  tables.md                Tables 1 to 4 with the paper's figures beside ours
  study.json               every score and figure
  N-MODEL-seedK/           of each run: checkpoint.safetensors, model.onnx

A study keeps the paper's protocol, whose threshold needs defective parts; it seals no bundle. `train --model alexnet`
does.";

/// `study`
#[derive(Args, Clone, Debug)]
pub struct StudyArgs {
    /// Folder of photographs in the MVTec layout
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder for runs and results
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which models of Table 1: 0 baseline, 1 MSE loss, 2 input handicap
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "0,1,2",
        value_parser = clap::value_parser!(u8).range(0..=2))]
    pub models: Vec<u8>,
    /// A factor on the network's channels and bottleneck, above 0 and at most 1
    #[arg(long, value_name = "X", default_value_t, allow_negative_numbers = true)]
    pub width: Width,
    /// The decoder stage that is averaged with its encoder twin
    #[arg(long, value_enum, value_name = "K", default_value_t)]
    pub average_layer: AverageLayers,
    /// What lies in the middle
    #[arg(long, value_enum, default_value_t)]
    pub bottleneck: Bottleneck,
    /// The handicap of model 2; the paper leaves other strengths to future work
    #[arg(long, value_enum, default_value_t = Handicap::Paper)]
    pub handicap: Handicap,
    /// Epochs at most
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::new(EPOCHS).expect("not 0"))]
    pub epochs: NonZeroUsize,
    /// Trainings of each model, with the seeds 1 to K
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Splits of the test scores into those that choose the threshold and those that are judged by it
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub splits: u32,
    /// Which images are kept for validation
    #[arg(long, value_enum, default_value_t)]
    pub validation: Validation,
    /// Where to train
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
    /// Begin every run anew instead of going on
    #[arg(long)]
    pub restart: bool,
}
