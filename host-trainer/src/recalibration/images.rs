//! The new images with their scores: every one that cannot be used is named, not only the first.

use std::collections::HashMap;
use std::error::Error;

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::Pipeline;
use edge_runtime::reconstruct::Reconstructor;

use super::RecalibrationError;
use crate::dataset::{GoodImages, fingerprint};
use crate::progress;
use crate::scoring::{ScoredFile, score_file};

/// The scores of all files of `good`, in order.
///
/// # Errors
/// [`RecalibrationError::Unusable`] names all that cannot be scored, [`RecalibrationError::Copies`] all files that are
/// the same as an earlier one.
pub(super) fn score_all(
    pipeline: &mut Pipeline<impl Reconstructor>,
    good: &GoodImages,
) -> Result<Vec<ScoredFile>, RecalibrationError> {
    let clock = MonotonicClock::new();
    let images = good.files.len();
    let bar = progress::counting("scoring", images as u64);
    let (mut scored, mut faults) = (Vec::with_capacity(images), Vec::new());
    for file in &good.files {
        match score_file(pipeline, &good.root.join(file), &clock) {
            Ok(one) => scored.push(one),
            Err(error) => faults.push(with_causes(&error)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if !faults.is_empty() {
        return Err(RecalibrationError::Unusable { images, faults });
    }
    let (mut first, mut copies) = (HashMap::new(), Vec::new());
    for (file, one) in good.files.iter().zip(&scored) {
        let earlier = *first.entry(one.identity).or_insert(file);
        if earlier != file {
            copies.push(format!("{} is {}", file.display(), earlier.display()));
        }
    }
    if copies.is_empty() { Ok(scored) } else { Err(RecalibrationError::Copies { images, copies }) }
}

/// The hash over names and bytes, as for the images of a training.
pub(super) fn fingerprint_of(good: &GoodImages, scored: &[ScoredFile]) -> [u8; 32] {
    fingerprint(good.files.iter().zip(scored.iter().map(|one| one.sha256)))
}

/// An error and its causes in one line.
fn with_causes(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |&error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
