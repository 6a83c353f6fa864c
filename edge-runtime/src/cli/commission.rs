//! The command line of `commission`.

use std::path::PathBuf;

use clap::Args;
use edge_runtime::calibration::TargetRate;

pub const COMMISSION_ABOUT: &str = "\
Show that a bundle does on this station what was promised for it.

Takes good parts from the station's camera and tests whether they score as those of the calibration did. If they do \
not, or with --recalibrate, the station gets a threshold of its own for this bundle from these parts, which `run` uses \
from then on. Then one good part is measured again and again, and known bad parts must be rejected: if one passes, the \
commissioning has failed and nothing changes.

Nothing moves: the outputs are held in their safe state throughout. The station must not run meanwhile.

With a free trigger and a terminal, each part is asked for. With a wired trigger each trigger is a part. --no-wait \
takes frames as they come. The order is: good parts, the repeated part, known bad parts. The exit code is 0 if the \
commissioning passed, with or without remarks, and 1 if not.";

pub const COMMISSION_EXAMPLES: &str = "\
Examples:
  edge-runtime commission --config station.toml --good 30 --red-rabbits 5 --out quality/station4.html
  edge-runtime commission --config station.toml --good 100 --false-reject-rate 1% --recalibrate --json

With --json, one object:
  passed           whether every known bad part was rejected
  bundle, product, station, date
  p_value          that good parts score as those of the calibration; null if there is nothing to compare with
  differs          whether p_value is below 0.01
  tests            each with landmark, at_raw, direction, count, expected, chance, adjusted
  recalibrated     whether these parts gave a threshold
  threshold_raw, threshold_source
                   in force now: times 2^24; bundle or station
  before_raw       the threshold before, times 2^24
  proposed_raw     what these parts gave, also if it was not put in force; else null
  promise          of the threshold in force, in words
  good_raw, repeat_raw
                   scores times 2^24
  rejected_before, rejected_after
                   good parts rejected by the threshold before, and by the one in force or proposed
  repeatability    measurements, mean, range, deviation, distance, distance_in_deviations, sufficient; else null
  bad              each with verdict, score_raw and reason
  warnings         in words";

/// Arguments of `commission`.
#[derive(Debug, Args)]
pub struct CommissionArguments {
    /// The station's configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// How many good parts, each another one; 20 at least
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub good: u32,

    /// The bundle, if not the one of the configuration
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,

    /// How often one good part is measured; 0 to leave that out
    #[arg(long, value_name = "K", default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub repeat: u32,

    /// How many known bad parts; each must be rejected
    #[arg(long, value_name = "M", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub red_rabbits: u32,

    /// For a new threshold: good parts rejected on average at most; without it the threshold lies above all of them
    #[arg(long, value_name = "RATE")]
    pub false_reject_rate: Option<TargetRate>,

    /// Give the station its own threshold, whatever the test says
    #[arg(long)]
    pub recalibrate: bool,

    /// Take frames as they come, without asking for parts
    #[arg(long)]
    pub no_wait: bool,

    /// Write the report for the quality file, an HTML page
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// The station's name in the report [default: this machine's name]
    #[arg(long, value_name = "NAME")]
    pub station: Option<String>,

    /// The date in the report [default: now, by this machine's clock, UTC]
    #[arg(long, value_name = "TEXT")]
    pub date: Option<String>,

    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}
