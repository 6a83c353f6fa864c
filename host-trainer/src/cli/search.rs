//! Arguments of `search`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::device::DeviceChoice;
use crate::search::Halving;
use crate::study::Validation;

/// Shown after the help of `search`.
pub const SEARCH_EXAMPLES: &str = "\
Examples:
  host-trainer search grid > grid.toml
      the grid of the paper's Table 2, to be edited
  host-trainer search trial --data photos --out out/search --grid grid.toml --index 7
      one trial; any number of them may run at once, on any machine that shares the folder
  host-trainer search run --data photos --out out/search --grid grid.toml
      all trials on this machine, one after the other, each a process of its own
  host-trainer search collect --out out/search --grid grid.toml
      the ranking so far, and which trials are missing

The objective is the mean SSIM of reconstructions of good validation images. A trial that was killed goes on where it
was when it is run again. docs/study.md shows job arrays for Slurm and Kubernetes.";

/// What can be done.
#[derive(Subcommand, Clone, Debug)]
pub enum SearchCommand {
    /// Print the grid of the paper's Table 2
    Grid,
    /// Train and measure one combination
    Trial(TrialArgs),
    /// Train and measure all of them here
    Run(RunArgs),
    /// Rank the results
    Collect(CollectArgs),
}

/// What all of them need.
#[derive(Args, Clone, Debug)]
pub struct SharedArgs {
    /// Folder that all trials share
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The grid [default: the paper's Table 2]
    #[arg(long, value_name = "FILE")]
    pub grid: Option<PathBuf>,
    /// Successive halving: one trial in so many goes on to the next rung
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::new(3).expect("not 0"))]
    pub factor: NonZeroUsize,
    /// Successive halving: how often trials are dropped; 0 trains all of them to the end
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rungs: usize,
}

impl SharedArgs {
    /// The halving of trials of so many epochs.
    pub fn halving(&self, epochs: usize) -> Halving {
        Halving { epochs, factor: self.factor.get(), rungs: self.rungs }
    }
}

/// What trials learn from, and where.
#[derive(Args, Clone, Debug)]
pub struct TrialTrainingArgs {
    /// Folder of photographs of good parts, or a data set with train/good
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Which images are kept for validation
    #[arg(long, value_enum, default_value_t)]
    pub validation: Validation,
    /// Where to train
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
}

/// `search trial`
#[derive(Args, Clone, Debug)]
pub struct TrialArgs {
    /// Which combination, from 0
    #[arg(long, value_name = "I")]
    pub index: usize,
    /// Which rung of the halving, from 0
    #[arg(long, value_name = "R", default_value_t = 0)]
    pub rung: usize,
    #[command(flatten)]
    pub training: TrialTrainingArgs,
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// `search run`
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub training: TrialTrainingArgs,
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// `search collect`
#[derive(Args, Clone, Debug)]
pub struct CollectArgs {
    /// Which rung of the halving, from 0
    #[arg(long, value_name = "R", default_value_t = 0)]
    pub rung: usize,
    #[command(flatten)]
    pub shared: SharedArgs,
}
