//! The search for settings: a grid, a trial for each combination, each a process of its own that writes one result file, so
//! that a job array can spread them over machines that share a folder.
//!
//! The objective is the SSIM of reconstructions of good validation images, whatever the loss. Test images are not read.
//!
//! ```text
//! grid -> trial (one index) -> trial-INDEX/rung-R.json -> collect (halving) -> ranking
//! ```

mod collect;
mod grid;
mod halving;
mod trial;

use std::path::PathBuf;

use crate::listing::Listing;
use crate::study::StudyError;

pub use collect::Collected;
pub use grid::{Grid, GridError, TABLE_2, Trial};
pub use halving::Halving;
pub use trial::{TrialResult, TrialRun, read_result, result_file};

/// A search cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// There is no such trial.
    #[error("found index {index}, expected 0 to {}: the grid has {trials} combinations", trials.saturating_sub(1))]
    Index {
        /// What was asked for.
        index: usize,
        /// How many there are.
        trials: usize,
    },
    /// Too few photographs to keep some for validation.
    #[error("found {photographs} photographs of good parts, expected at least 20")]
    TooFew {
        /// How many there are.
        photographs: usize,
    },
    /// A result file is none.
    #[error("{}: not a result: {reason}; remove it, and run that trial again", file.display())]
    Result {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A result of other settings, lengths or photographs.
    #[error("{}: the result of another grid, of other lengths or of other photographs; give this search a folder of its own", file.display())]
    OtherSearch {
        /// The file.
        file: PathBuf,
    },
    /// The rung before has not ended.
    #[error("rung {rung} lacks the results of {} trials:\n{}", missing.len(), Listing(missing))]
    Unfinished {
        /// The rung.
        rung: usize,
        /// Their indices.
        missing: Vec<usize>,
    },
    /// Somebody asked for it.
    #[error("interrupted in trial {index} after step {step}; the same command goes on from there")]
    Interrupted {
        /// Which trial.
        index: usize,
        /// Steps taken.
        step: usize,
    },
    /// Training, measuring or writing failed.
    #[error(transparent)]
    Trial(#[from] StudyError),
}
