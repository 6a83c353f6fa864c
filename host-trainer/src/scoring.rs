//! Scores image files as the station would: from the file, through preprocessing, the exported model and the integer
//! score. The one way from a photograph to a calibration score. It does not know what the score is for.

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{DecodeError, decode_bytes, read_image_file};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use sha2::{Digest, Sha256};
use shared::score::Score;

use crate::dataset::LoadedImages;
use crate::dataset::duplicates::Identity;

/// An image could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoringError {
    /// The file cannot be read or is no image.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Somebody replaced the file meanwhile.
    #[error(
        "{}: the file has changed since it was loaded; begin again, and leave the folder alone meanwhile",
        path.display()
    )]
    Changed {
        /// The image.
        path: PathBuf,
    },
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
    /// What the image shows in the network's size.
    pub identity: Identity,
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
    let identity = Identity::of(pipeline.evidence().iter().flat_map(|evidence| evidence.input.rows()));
    Ok(ScoredFile { score: measured.score, sha256: Sha256::digest(&bytes).into(), identity })
}

/// The scores of the files behind `images` at `indices`, in that order.
///
/// # Errors
/// [`ScoringError`] names the first file that cannot be scored, or is another one than was loaded.
pub fn score_loaded(
    pipeline: &mut Pipeline<impl Reconstructor>,
    images: &LoadedImages,
    indices: &[usize],
) -> Result<Vec<Score>, ScoringError> {
    let clock = MonotonicClock::new();
    let score = |&index: &usize| {
        let path = images.path(index);
        let scored = score_file(pipeline, &path, &clock)?;
        if scored.sha256 != images.sha256[index] { Err(ScoringError::Changed { path }) } else { Ok(scored.score) }
    };
    indices.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use edge_runtime::reconstruct::ReconstructError;
    use shared::difference::{Pooling, ScoreRecipe};
    use shared::image::Size;
    use shared::similarity::Metric;

    use super::*;
    use crate::dataset::{GoodImages, OnUnreadable, load_good};

    const SIZE: Size = Size { width: 8, height: 8 };

    struct Black([f32; 64]);

    impl Reconstructor for Black {
        fn size(&self) -> Size {
            SIZE
        }

        fn reconstruct(&mut self, _input: &[u8]) -> Result<&[f32], ReconstructError> {
            Ok(&self.0)
        }
    }

    #[test]
    fn a_file_that_changes_during_the_job_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let pgm = |value: u8| [b"P5 8 8 255\n", &[value; 64][..]].concat();
        for (name, value) in [("a.pgm", 0), ("b.pgm", 255)] {
            std::fs::write(folder.path().join(name), pgm(value)).unwrap();
        }
        let good = GoodImages::open(folder.path()).unwrap();
        let images = load_good(&good, SIZE, OnUnreadable::Refuse, &|| {}).unwrap();
        let recipe = ScoreRecipe::new(Metric::L2, Pooling::Mean);
        let mut pipeline = Pipeline::new(images.preprocessing, recipe, Black([0.0; 64])).unwrap();
        let scores = score_loaded(&mut pipeline, &images, &[0, 1]).unwrap();
        assert_eq!(scores.iter().map(|score| score.raw()).collect::<Vec<_>>(), [0, 1 << 24]);

        std::fs::write(images.path(1), pgm(254)).unwrap();
        let error = score_loaded(&mut pipeline, &images, &[0, 1]).unwrap_err();
        assert!(matches!(&error, ScoringError::Changed { path } if path.ends_with("b.pgm")), "{error}");
    }
}
