//! From two gray images to one difference score: metric, difference map, smoothing, normalisation, pooling.
//!
//! Differences and scores are in Q24 (1.0 is `1 << 24`). It does not know the threshold.

mod margin;
mod pooling;
mod recipe;
mod reference;
mod smoothing;
mod stream;
#[cfg(test)]
mod tests;
mod weights;

pub use margin::{MAX_MARGIN, Margin, edge_distance};
pub use recipe::{InvalidRecipe, MAX_RADIUS, Pooling, ScoreRecipe};
pub use reference::{InvalidReference, Mask, ResidualMaps, ScoreReference, Stored};
pub use stream::ScoreStream;
pub use weights::Weights;

use crate::image::{GrayView, Size};
use crate::score::Score;
use crate::similarity::{Metric, SimilarityError};
use smoothing::Smoother;
use stream::Layer;

/// Memory of [`score`], owned by the caller. The contents before a call do not matter.
#[derive(Debug)]
pub struct ScoreBuffers<'a> {
    /// Receives the difference map, row by row, in Q24.
    pub map: &'a mut [u32],
    /// Receives the map that is pooled if the recipe [reworks](ScoreRecipe::reworks) the difference map; may be empty
    /// otherwise.
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
    /// Lengths that are enough for every recipe that is valid for images of `size`.
    pub const fn needed(size: Size) -> ScoreBufferLengths {
        let greatest = if size.shorter_side() == 0 { 0 } else { (size.shorter_side() - 1) / 2 };
        let radius = if greatest < MAX_RADIUS as u16 { greatest as u8 } else { MAX_RADIUS };
        let mut scratch = 0;
        let mut metric = 0;
        while metric < Metric::ALL.len() {
            let mut recipe = ScoreRecipe::new(Metric::ALL[metric], Pooling::SmoothedMaximum { radius });
            recipe.smoothing = radius;
            let maximum = ScoreStream::scratch_len(&recipe, size);
            recipe.pooling = Pooling::TopMean { pixels: size.area() as u32 };
            let top = ScoreStream::scratch_len(&recipe, size);
            let greater = if maximum > top { maximum } else { top };
            scratch = if greater > scratch { greater } else { scratch };
            metric += 1;
        }
        ScoreBufferLengths { map: size.area(), smoothed: size.area(), scratch }
    }

    /// Lengths that are enough for `recipe` and images of `size`.
    pub const fn needed_for(recipe: &ScoreRecipe, size: Size) -> ScoreBufferLengths {
        let smoothed = if recipe.reworks() { size.area() } else { 0 };
        ScoreBufferLengths { map: size.area(), smoothed, scratch: ScoreStream::scratch_len(recipe, size) }
    }
}

impl ScoreRecipe {
    /// Whether the map that is pooled is another one than the difference map.
    pub const fn reworks(&self) -> bool {
        self.smoothing > 0 || self.normalised || matches!(self.pooling, Pooling::SmoothedMaximum { .. })
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
    /// Stored maps or mask do not fit recipe or images.
    #[error("the stored maps do not fit")]
    Reference(#[from] InvalidReference),
    /// The images could not be compared.
    #[error("the images could not be compared")]
    Similarity(#[from] SimilarityError),
    /// A value that no difference reaches.
    #[error("found the difference {found} (in units of 2^-24), expected at most {}", Score::MAX.raw())]
    Value {
        /// The value.
        found: u32,
    },
    /// The picture in the images is larger than they are, or too small to be scored.
    #[error("found a picture of {found} pixels in images of {size}, expected at least {min} on each side and no more")]
    Content {
        /// The size of the picture.
        found: Size,
        /// The size of the images.
        size: Size,
        /// The shortest side that is scored.
        min: u16,
    },
    /// The buffer for the map that is pooled is too short.
    #[error("found a buffer for the smoothed map of {found} pixels, expected at least {needed}")]
    SmoothedTooShort {
        /// Its length.
        found: usize,
        /// The pixels of an image.
        needed: usize,
    },
}

/// The elements of working memory that [`smooth`] needs for maps of `width` columns.
pub const fn smooth_scratch_len(radius: u8, width: u16) -> usize {
    Smoother::scratch_len(radius, width) + width as usize
}

/// Smooths a map of `size`, packed and in Q24, in place, as [`ScoreRecipe::smoothing`] does.
///
/// # Errors
///
/// [`ScoreError`] if the radius does not fit the size, a value is above 2.0, or a buffer is too short.
pub fn smooth(map: &mut [u32], size: Size, radius: u8, scratch: &mut [u32]) -> Result<(), ScoreError> {
    size.check().map_err(|source| SimilarityError::Size { source })?;
    recipe::check_radius(radius, size).map_err(|source| ScoreError::Recipe { size, source })?;
    let (found, needed) = (map.len(), size.area());
    let map = map.get_mut(..needed).ok_or(SimilarityError::MapTooShort { found, needed })?;
    if let Some(&found) = map.iter().find(|&&value| value > Score::MAX.raw()) {
        return Err(ScoreError::Value { found });
    }
    let (found, needed) = (scratch.len(), smooth_scratch_len(radius, size.width));
    let scratch = scratch.get_mut(..needed).ok_or(SimilarityError::ScratchTooShort { found, needed })?;
    let width = usize::from(size.width);
    let (row, scratch) = scratch.split_at_mut(width);
    let mut smoother = Smoother::new(radius, size, scratch);
    // A row that is complete is never one that has not been read yet.
    for y in 0..usize::from(size.height) {
        row.copy_from_slice(&map[y * width..][..width]);
        if let Some(y) = smoother.push(row) {
            map[usize::from(y) * width..][..width].copy_from_slice(row);
        }
    }
    while let Some(y) = smoother.flush(row) {
        map[usize::from(y) * width..][..width].copy_from_slice(row);
    }
    Ok(())
}

/// The difference score of an input and its reconstruction, by a recipe that needs no stored maps.
///
/// The mean, the maximum or the mean of the greatest, as the recipe says, over the pixels at least
/// [`Metric::border`](crate::similarity::Metric::border) from each edge, each with its weight. Means are rounded half up.
/// Afterwards
/// `buffers.map` holds the difference map and, if the recipe [reworks](ScoreRecipe::reworks) it, `buffers.smoothed` the
/// map that was pooled.
///
/// # Errors
///
/// [`ScoreError`] if the recipe does not fit the size, it asks for stored maps, the sizes differ, or a buffer is too
/// short.
pub fn score(
    recipe: &ScoreRecipe,
    input: GrayView<'_>,
    reconstruction: GrayView<'_>,
    buffers: ScoreBuffers<'_>,
) -> Result<Score, ScoreError> {
    score_with(recipe, ScoreReference::default(), input, reconstruction, buffers)
}

/// [`score`] by a recipe with the stored maps that it asks for.
///
/// # Errors
///
/// As [`score`], and if the stored maps are not those that the recipe asks for, or do not fit the size.
pub fn score_with(
    recipe: &ScoreRecipe,
    reference: ScoreReference<&[u8]>,
    input: GrayView<'_>,
    reconstruction: GrayView<'_>,
    buffers: ScoreBuffers<'_>,
) -> Result<Score, ScoreError> {
    score_within(recipe, reference, input.size(), input, reconstruction, buffers)
}

/// [`score_with`] where `content`, at the top left of the input, is the picture, and what lies beyond its mirror image: a
/// recipe with a [`Margin`] counts from the picture's edges and leaves the mirror image out.
///
/// # Errors
///
/// As [`score_with`], and if the picture does not lie in the input or, with a margin, has a side too short to be scored.
pub fn score_within(
    recipe: &ScoreRecipe,
    reference: ScoreReference<&[u8]>,
    content: Size,
    input: GrayView<'_>,
    reconstruction: GrayView<'_>,
    buffers: ScoreBuffers<'_>,
) -> Result<Score, ScoreError> {
    let size = input.size();
    let ScoreBuffers { map, smoothed, scratch } = buffers;
    let mut stream = ScoreStream::new(recipe, reference, size, scratch)?.within(content)?;
    if size != reconstruction.size() {
        return Err(SimilarityError::SizesDiffer { a: size, b: reconstruction.size() }.into());
    }
    let lengths = ScoreBuffers::needed_for(recipe, size);
    let (found, needed) = (map.len(), lengths.map);
    let map = map.get_mut(..needed).ok_or(SimilarityError::MapTooShort { found, needed })?;
    let (found, needed) = (smoothed.len(), lengths.smoothed);
    let smoothed = smoothed.get_mut(..needed).ok_or(ScoreError::SmoothedTooShort { found, needed })?;
    let width = usize::from(size.width);
    let mut keep = |layer, y: u16, row: &[u32]| {
        let map = match layer {
            Layer::Difference => &mut *map,
            Layer::Pooled => &mut *smoothed,
        };
        if let Some(kept) = map.chunks_exact_mut(width).nth(y.into()) {
            kept.copy_from_slice(row);
        }
    };
    for (input, reconstruction) in input.rows().zip(reconstruction.rows()) {
        stream.push_observed(input, reconstruction, &mut keep)?;
    }
    Ok(stream.finish_observed(&mut keep)?)
}
