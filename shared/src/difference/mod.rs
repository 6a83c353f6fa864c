//! From two gray images to one difference score: metric, difference map, pooling.
//!
//! Differences and scores are in Q24 (1.0 is `1 << 24`). It does not know the threshold.

mod recipe;
mod smoothing;
#[cfg(test)]
mod tests;

pub use recipe::{InvalidRecipe, MAX_RADIUS, Pooling, ScoreRecipe};

use crate::fixed_point::divide_rounded;
use crate::image::{GrayView, Size};
use crate::score::Score;
use crate::similarity::{self, BORDER, Metric, SimilarityError};

/// Memory of [`score`], owned by the caller. The contents before a call do not matter.
#[derive(Debug)]
pub struct ScoreBuffers<'a> {
    /// Receives the difference map, row by row, in Q24.
    pub map: &'a mut [u32],
    /// Receives the smoothed map if the recipe smooths; may be empty otherwise.
    pub smoothed: &'a mut [u32],
    /// Working memory.
    pub scratch: &'a mut [u32],
}

/// Lengths of the three buffers, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreBufferLengths {
    /// Of [`ScoreBuffers::map`].
    pub map: usize,
    /// Of [`ScoreBuffers::smoothed`].
    pub smoothed: usize,
    /// Of [`ScoreBuffers::scratch`].
    pub scratch: usize,
}

impl ScoreBuffers<'_> {
    /// Lengths that are enough for every recipe and images of `size`.
    pub const fn needed(size: Size) -> ScoreBufferLengths {
        let windows = similarity::scratch_len(Metric::Ssim, size.width);
        let lines = smoothing::scratch_len(size);
        let scratch = if windows > lines { windows } else { lines };
        ScoreBufferLengths { map: size.area(), smoothed: size.area(), scratch }
    }
}

/// Why two images could not be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The recipe does not fit the images.
    #[error("the recipe does not fit images of {size} pixels")]
    Recipe {
        /// The size of the input.
        size: Size,
        /// What does not fit.
        source: InvalidRecipe,
    },
    /// The images could not be compared.
    #[error("the images could not be compared")]
    Similarity(#[from] SimilarityError),
    /// The buffer for the smoothed map is too short.
    #[error("found a buffer for the smoothed map of {found} pixels, expected at least {needed}")]
    SmoothedTooShort {
        /// Its length.
        found: usize,
        /// The pixels of an image.
        needed: usize,
    },
}

/// The difference score of an input and its reconstruction.
///
/// The mean or the maximum, as the recipe says, over the pixels at least [`BORDER`] from the border. The mean is
/// rounded half up. Afterwards `buffers.map` holds the difference map and, if the recipe smooths,
/// `buffers.smoothed` the smoothed one.
///
/// # Errors
///
/// [`ScoreError`] if the recipe does not fit the size, the sizes differ, or a buffer is too short.
pub fn score(
    recipe: &ScoreRecipe,
    input: GrayView<'_>,
    reconstruction: GrayView<'_>,
    buffers: ScoreBuffers<'_>,
) -> Result<Score, ScoreError> {
    let size = input.size();
    recipe.validate(size).map_err(|source| ScoreError::Recipe { size, source })?;
    let ScoreBuffers { map, smoothed, scratch } = buffers;
    similarity::difference_map(recipe.metric, input, reconstruction, scratch, map)?;
    let raw = match recipe.pooling {
        Pooling::Mean => mean(map, size),
        Pooling::SmoothedMaximum { radius } => {
            let (found, needed) = (smoothed.len(), size.area());
            let smoothed = smoothed.get_mut(..needed).ok_or(ScoreError::SmoothedTooShort { found, needed })?;
            let (found, needed) = (scratch.len(), smoothing::scratch_len(size));
            let scratch = scratch.get_mut(..needed).ok_or(SimilarityError::ScratchTooShort { found, needed })?;
            smoothed.copy_from_slice(&map[..size.area()]);
            smoothing::smooth(smoothed, size, radius, scratch);
            maximum(smoothed, size)
        }
    };
    // A mean or maximum of differences is at most the greatest difference, 2.0.
    Ok(Score::new(raw).unwrap_or(Score::MAX))
}

/// The rows of a map without its border.
fn interior(map: &[u32], size: Size) -> impl Iterator<Item = &[u32]> {
    let (border, width) = (usize::from(BORDER), usize::from(size.width));
    map.chunks_exact(width)
        .take(usize::from(size.height) - border)
        .skip(border)
        .map(move |row| &row[border..width - border])
}

/// The mean without the border. The sum of 2^28 pixels of at most 2^25 is at most 2^53.
fn mean(map: &[u32], size: Size) -> u32 {
    let sum = interior(map, size).flatten().map(|&value| u64::from(value)).sum();
    let columns = u64::from(size.width - 2 * BORDER);
    let rows = u64::from(size.height - 2 * BORDER);
    divide_rounded(sum, columns * rows) as u32
}

/// The maximum without the border.
fn maximum(map: &[u32], size: Size) -> u32 {
    interior(map, size).flatten().copied().max().unwrap_or(u32::MAX)
}
