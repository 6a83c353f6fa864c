//! Why a job could not be done, or its result not be written.

use std::path::PathBuf;

use edge_runtime::admission::NotAdmitted;
use edge_runtime::pipeline::{MeasureError, PipelineError};
use edge_runtime::self_test::SelfTestError;
use shared::difference::InvalidReference;
use shared::image::ImageError;
use shared::wire::NAME_LEN;

use crate::calibration::CalibrationError;
use crate::dataset::{DatasetError, SplitError, UnreadableImages};
use crate::detectability::DetectabilityError;
use crate::device::NoAdapter;
use crate::drawn_mask::MaskError;
use crate::export::ParityError;
use crate::export::bundle::SealError;
use crate::files::FileError;
use crate::model::UnfitSize;
use crate::normalisation::NormalisationError;
use crate::report::ReportError;
use crate::scoring::ScoringError;
use crate::training::{CheckpointError, TrainingError};

/// A job could not be done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error(transparent)]
    Device(#[from] NoAdapter),
    #[error(transparent)]
    Unreadable(#[from] UnreadableImages),
    #[error(transparent)]
    Network(#[from] UnfitSize),
    /// The network is more than a station takes.
    #[error("no station would admit this network; nothing was trained")]
    NotAdmitted(#[from] NotAdmitted),
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A run that has not ended would be written over.
    #[error(
        "{}: holds a training that was interrupted at step {step}; go on with --resume, or start over with --restart",
        path.display()
    )]
    Unfinished {
        /// Its checkpoint.
        path: PathBuf,
        /// How far it came.
        step: usize,
    },
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    /// The residual maps or the mask are not what the recipe asks for.
    #[error("the residual maps or the mask cannot be used")]
    Reference(#[from] InvalidReference),
    #[error(transparent)]
    Mask(#[from] MaskError),
    #[error(transparent)]
    Detectability(#[from] DetectabilityError),
    #[error(transparent)]
    Parity(#[from] ParityError),
    #[error(transparent)]
    Scoring(#[from] ScoringError),
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error("--product {0:?}: expected 1 to {NAME_LEN} bytes of UTF-8 without control characters")]
    ProductName(String),
    #[error("--camera {0:?}: expected at most {NAME_LEN} bytes of UTF-8 without control characters")]
    CameraName(String),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// An image that was loaded cannot be measured for the golden frames.
    #[error("the golden frames cannot be chosen")]
    Golden(#[from] MeasureError),
    /// A golden frame has not the model's size.
    #[error("the golden frames cannot be written")]
    GoldenImage(#[from] ImageError),
    /// The bundle does not pass its own self-test on the machine that made it.
    #[error("the bundle fails its self-test on this very machine")]
    SelfTest(#[from] SelfTestError),
}

/// The result of a job could not be written whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the bundle is written, but not its report")]
    Report(#[from] ReportError),
}
