//! Scores image files as the station would: from the file, through preprocessing, the exported model and the integer
//! score. The one way from a photograph to a calibration score. It does not know what the score is for.

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{DecodeError, decode_bytes, read_image_file};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use sha2::{Digest, Sha256};
use shared::score::Score;

use crate::dataset::GoodImages;

/// An image could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoringError {
    /// The file cannot be read or is no image.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A good image that the pipeline cannot measure; most often its size is not accepted.
    #[error("{}: a good image cannot be scored", path.display())]
    Measure {
        /// The image.
        path: PathBuf,
        /// Why not.
        source: MeasureError,
    },
}

/// A file and its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoredFile {
    /// The difference score.
    pub score: Score,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
}

/// Scores one file.
///
/// # Errors
/// [`ScoringError`] names the file.
pub fn score_file(
    pipeline: &mut Pipeline<impl Reconstructor>,
    path: &Path,
    clock: &impl Clock,
) -> Result<ScoredFile, ScoringError> {
    let bytes = read_image_file(path)?;
    let frame = decode_bytes(&bytes, path)?;
    let measured = frame.view().map_err(MeasureError::from).and_then(|view| pipeline.measure(&view, clock));
    let measured = measured.map_err(|source| ScoringError::Measure { path: path.to_owned(), source })?;
    Ok(ScoredFile { score: measured.score, sha256: Sha256::digest(&bytes).into() })
}

/// The scores of `good`'s files at `indices`, in that order.
///
/// # Errors
/// [`ScoringError`] names the first file that cannot be scored.
pub fn score_good(
    pipeline: &mut Pipeline<impl Reconstructor>,
    good: &GoodImages,
    indices: &[usize],
) -> Result<Vec<Score>, ScoringError> {
    let clock = MonotonicClock::new();
    indices.iter().map(|&i| Ok(score_file(pipeline, &good.root.join(&good.files[i]), &clock)?.score)).collect()
}
