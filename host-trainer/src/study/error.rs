//! Why a study cannot be made or has stopped.

use std::path::PathBuf;

use edge_runtime::pipeline::MeasureError;

use crate::dataset::{DatasetError, LoadError, UnreadableImages};
use crate::device::NoAdapter;
use crate::evaluation::EvaluationError;
use crate::export::ParityError;
use crate::files::FileError;
use crate::model::UnfitSize;
use crate::training::{CheckpointError, TrainingError};

/// A study could not be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Photographs of good parts cannot be used.
    #[error(transparent)]
    Unreadable(#[from] UnreadableImages),
    /// A test image cannot be used.
    #[error("{}: {source}; copy it again or remove it", path.display())]
    Test {
        /// The image.
        path: PathBuf,
        /// Why not.
        source: LoadError,
    },
    /// Too few images to follow the paper with.
    #[error(
        "found {photographs} photographs of good parts to train on, {good} good and {defective} defective test images; \
         expected at least 20, 4 and 4: train/good, test/good and test/KIND below the data folder (MVTec layout)"
    )]
    TooFew {
        /// To train on.
        photographs: usize,
        /// Good test images.
        good: usize,
        /// Defective ones.
        defective: usize,
    },
    /// A mask cannot be used.
    #[error(transparent)]
    Mask(#[from] EvaluationError),
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] NoAdapter),
    /// The network does not fit.
    #[error(transparent)]
    Size(#[from] UnfitSize),
    /// Training failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A run cannot be gone on with.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The exported file is not what was trained.
    #[error(transparent)]
    Parity(#[from] ParityError),
    /// The network fails on an image.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A result cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody asked for it.
    #[error("interrupted in {run} after step {step}; the same command goes on from there")]
    Interrupted {
        /// Folder of the run.
        run: String,
        /// Steps taken.
        step: usize,
    },
}
