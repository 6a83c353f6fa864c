//! The options that say how the threshold is to be found, and the command that finds a new one.

use std::path::PathBuf;

use clap::Args;
use shared::score::Threshold;

use crate::calibration::{TargetRate, ThresholdChoice, threshold_from_text};

/// Examples of `calibrate`.
pub(super) const CALIBRATE_EXAMPLES: &str = "\
Examples:
  host-trainer calibrate --bundle out/part/station.bundle --data new_good_photos
      a threshold from new photographs; writes out/part/station.recalibrated.bundle
  host-trainer calibrate --bundle out/part/station.bundle --data new_good_photos --target-frr 1%
      at most 1 % of good parts rejected on average, or how many photographs that would take
  host-trainer calibrate --bundle out/part/station.bundle --threshold 0.0123 --out station.bundle
      a threshold of your own; with --data it is tried out on good photographs

The photographs must show good parts only, and none may have served in training. Model,
preprocessing and score stay as they are in the bundle; only the threshold and the evidence for
it are new.";

/// How the threshold is to be found: one way, or the default.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[group(multiple = false)]
pub struct ThresholdArgs {
    /// Which of the calibration scores the threshold lies above: 1 is the largest; higher ranks reject more good parts
    /// and let fewer defects escape [default: 1]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    pub rank: Option<u32>,
    /// False-reject rate to aim at, such as 1% or 0.01: takes the highest rank whose rate does not exceed it on average,
    /// or says how many more photographs are needed
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    pub target_frr: Option<TargetRate>,
    /// Threshold of your own, above 0 and at most 2, in units of the score; good images only try it out
    #[arg(long, value_name = "SCORE", value_parser = threshold_from_text, allow_negative_numbers = true)]
    pub threshold: Option<Threshold>,
}

impl ThresholdArgs {
    /// Whether a choice was made.
    pub fn is_some(&self) -> bool {
        *self != Self::default()
    }

    /// The choice made; rank 1 without one.
    pub fn choice(&self) -> ThresholdChoice {
        let rank = self.rank.map(ThresholdChoice::Rank);
        let target = self.target_frr.map(ThresholdChoice::TargetRate);
        let by_hand = self.threshold.map(ThresholdChoice::ByHand);
        rank.or(target).or(by_hand).unwrap_or_default()
    }
}

/// `calibrate`
#[derive(Args, Clone, Debug)]
pub struct CalibrateArgs {
    /// The bundle that needs another threshold
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// Folder of new photographs of good parts, 20 or more: DATA/train/good if there is one, else every image below
    #[arg(long, value_name = "DIR", required_unless_present = "threshold")]
    pub data: Option<PathBuf>,
    /// File to write; it may be the bundle itself. Without it, a new file NAME.recalibrated.bundle beside the bundle
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Release of the new bundle, 1 or more [default: that of the old one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub release: Option<u32>,
    /// Name of the camera that the new bundle is for; "" for any [default: that of the old one]
    #[arg(long, value_name = "NAME")]
    pub camera: Option<String>,
    #[command(flatten)]
    pub threshold: ThresholdArgs,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

    fn calibrate(options: &[&str]) -> Option<CalibrateArgs> {
        let command = Cli::try_parse_from(["host-trainer", "calibrate", "--bundle", "b"].iter().chain(options)).ok()?;
        match command.command {
            Some(Command::Calibrate(args)) => Some(args),
            _ => None,
        }
    }

    #[test]
    fn one_way_to_find_the_threshold_or_the_default() {
        let choice = |options: &[&str]| calibrate(options).map(|args| args.threshold.choice());
        let by_hand = ThresholdChoice::ByHand(Threshold::new(1 << 22).unwrap());
        assert_eq!(choice(&["--data", "d"]), Some(ThresholdChoice::Rank(1)));
        assert_eq!(choice(&["--data", "d", "--rank", "3"]), Some(ThresholdChoice::Rank(3)));
        let target = ThresholdChoice::TargetRate("2%".parse().unwrap());
        assert_eq!(choice(&["--data", "d", "--target-frr", "0.02"]), Some(target));
        assert_eq!(choice(&["--data", "d", "--threshold", "0.25"]), Some(by_hand));
        assert_eq!(choice(&["--threshold", "0.25"]), Some(by_hand));
        for refused in [
            &["--rank", "1"][..],
            &["--data", "d", "--rank", "1", "--target-frr", "1%"],
            &["--data", "d", "--rank", "1", "--threshold", "1"],
            &["--data", "d", "--target-frr", "1%", "--threshold", "1"],
            &["--data", "d", "--rank", "0"],
        ] {
            assert_eq!(choice(refused), None, "{refused:?}");
        }
    }
}
