//! Scoring row by row: rows of input and reconstruction in, one score out, in memory of (window x width).
//!
//! The units are gray values in and Q24 out. It does not know where the rows come from.

use core::ops::Range;

use super::margin::{FULL, Margin, nearer};
use super::pooling::Pool;
use super::smoothing::Smoother;
use super::weights::both;
use super::{ScoreError, ScoreRecipe, ScoreReference};
use crate::image::Size;
use crate::score::Score;
use crate::similarity::{MapStream, SimilarityError};

/// A score in the making.
///
/// Rows go in by [`push`](Self::push), from the first to the last; [`finish`](Self::finish) gives the score. It is that of
/// [`score`](super::score), which is built on this.
#[derive(Debug)]
pub struct ScoreStream<'m> {
    map: MapStream<'m>,
    rest: AfterMap<'m>,
}

/// Which map a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The difference map.
    Difference,
    /// The map that is pooled.
    Pooled,
}

/// Everything after the difference map.
#[derive(Debug)]
struct AfterMap<'m> {
    row: &'m mut [u32],
    smoothing: Option<Smoother<'m>>,
    reference: ScoreReference<&'m [u8]>,
    pooling_smoothing: Option<Smoother<'m>>,
    pool: Pool<'m>,
    /// What is scored: all of the images, or the picture in them.
    size: Size,
    border: u16,
    margin: Margin,
}

impl<'m> ScoreStream<'m> {
    /// The elements of working memory (4 bytes each) to score images of `size`.
    ///
    /// Those of [`MapStream::scratch_len`], one row, `2 radius + (6 radius + 10) width` for each of smoothing and
    /// smoothed maximum with a radius above 0, and twice the number of pixels of a mean of the greatest.
    pub const fn scratch_len(recipe: &ScoreRecipe, size: Size) -> usize {
        let map = MapStream::scratch_len(recipe.metric, size.width);
        let smoothing = smoother_len(recipe.smoothing, size.width) + smoother_len(recipe.pooling_radius(), size.width);
        map + size.width as usize + smoothing + Pool::scratch_len(recipe.top())
    }

    /// A score of images of `size`, in `scratch` of at least [`scratch_len`](Self::scratch_len) elements, whose contents
    /// do not matter.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] if recipe, size and reference do not fit each other, or `scratch` is too short.
    pub fn new(
        recipe: &ScoreRecipe,
        reference: ScoreReference<&'m [u8]>,
        size: Size,
        scratch: &'m mut [u32],
    ) -> Result<Self, ScoreError> {
        size.check().map_err(|source| SimilarityError::Size { source })?;
        recipe.validate(size).map_err(|source| ScoreError::Recipe { size, source })?;
        reference.check(recipe, size)?;
        let (found, needed) = (scratch.len(), Self::scratch_len(recipe, size));
        if found < needed {
            return Err(SimilarityError::ScratchTooShort { found, needed }.into());
        }
        let mut rest = scratch;
        let mut take = |length: usize| {
            let (taken, after) = core::mem::take(&mut rest).split_at_mut(length);
            rest = after;
            taken
        };
        let mut smoother =
            |radius: u8| (radius > 0).then(|| Smoother::new(radius, size, take(smoother_len(radius, size.width))));
        let (smoothing, pooling_smoothing) = (smoother(recipe.smoothing), smoother(recipe.pooling_radius()));
        let pool = Pool::new(recipe.pooling, take(Pool::scratch_len(recipe.top())));
        let row = take(size.width.into());
        let border = recipe.metric.border();
        let map = MapStream::new(recipe.metric, size, rest)?;
        let margin = recipe.margin;
        Ok(Self { map, rest: AfterMap { row, smoothing, reference, pooling_smoothing, pool, size, border, margin } })
    }

    /// Says, before the first row, that `content` at the top left of the images is the picture, and what lies beyond its
    /// mirror image, which does not count if the recipe has a [`Margin`].
    ///
    /// # Errors
    ///
    /// [`ScoreError::Content`] if it does not lie in the images or, with a margin, no pixel of it would count.
    pub const fn within(mut self, content: Size) -> Result<Self, ScoreError> {
        let (size, min) = (self.rest.size, 2 * self.rest.border + 1);
        let inside = content.width <= size.width && content.height <= size.height;
        let scored = self.rest.margin.is_none() || content.shorter_side() >= min;
        if !inside || !scored {
            return Err(ScoreError::Content { found: content, size, min });
        }
        if !self.rest.margin.is_none() {
            self.rest.size = content;
        }
        Ok(self)
    }

    /// Takes the next row of both images.
    ///
    /// # Errors
    ///
    /// [`SimilarityError`] if a row has another length than the width, or all rows were there already.
    pub fn push(&mut self, input: &[u8], reconstruction: &[u8]) -> Result<(), SimilarityError> {
        self.push_observed(input, reconstruction, &mut |_, _, _| {})
    }

    /// The score.
    ///
    /// # Errors
    ///
    /// [`SimilarityError`] if not all rows were there.
    pub fn finish(self) -> Result<Score, SimilarityError> {
        self.finish_observed(&mut |_, _, _| {})
    }

    /// [`push`](Self::push) that shows every row of the maps as it is complete, with its number.
    pub(super) fn push_observed(
        &mut self,
        input: &[u8],
        reconstruction: &[u8],
        observe: &mut impl FnMut(Layer, u16, &[u32]),
    ) -> Result<(), SimilarityError> {
        if let Some(y) = self.map.push(input, reconstruction, self.rest.row)? {
            self.rest.difference(y, observe);
        }
        Ok(())
    }

    /// [`finish`](Self::finish) that shows every row of the maps as it is complete.
    pub(super) fn finish_observed(
        mut self,
        observe: &mut impl FnMut(Layer, u16, &[u32]),
    ) -> Result<Score, SimilarityError> {
        while let Some(y) = self.map.flush(self.rest.row)? {
            self.rest.difference(y, observe);
        }
        self.rest.flush(observe);
        // A mean or maximum of differences is at most the greatest difference, 2.0.
        Ok(Score::new(self.rest.pool.finish()).unwrap_or(Score::MAX))
    }
}

/// Pools some columns of a row by the weights that `weight` gives each column, and those of the mask's row.
fn pool_weighted(
    pool: &mut Pool<'_>,
    row: &[u32],
    mask: Option<&[u8]>,
    columns: Range<u16>,
    weight: impl Fn(u16) -> u8,
) {
    let range = usize::from(columns.start)..usize::from(columns.end);
    let weights = columns.map(weight);
    match mask {
        None => pool.weighted_row(&row[range], weights),
        Some(mask) => pool.weighted_row(&row[range.clone()], weights.zip(&mask[range]).map(|(a, &b)| both(a, b))),
    }
}

const fn smoother_len(radius: u8, width: u16) -> usize {
    if radius == 0 { 0 } else { Smoother::scratch_len(radius, width) }
}

impl AfterMap<'_> {
    /// Takes row `y` of the difference map.
    fn difference(&mut self, y: u16, observe: &mut impl FnMut(Layer, u16, &[u32])) {
        observe(Layer::Difference, y, self.row);
        let smoothed = match &mut self.smoothing {
            None => Some(y),
            Some(smoother) => smoother.push(self.row),
        };
        if let Some(y) = smoothed {
            self.smoothed(y, observe);
        }
    }

    /// Takes row `y` of the smoothed map.
    fn smoothed(&mut self, y: u16, observe: &mut impl FnMut(Layer, u16, &[u32])) {
        if let Some(residuals) = &self.reference.residuals {
            residuals.normalise(y, self.row);
        }
        let smoothed = match &mut self.pooling_smoothing {
            None => Some(y),
            Some(smoother) => smoother.push(self.row),
        };
        if let Some(y) = smoothed {
            self.pool(y, observe);
        }
    }

    /// Takes row `y` of the map that is pooled.
    fn pool(&mut self, y: u16, observe: &mut impl FnMut(Layer, u16, &[u32])) {
        observe(Layer::Pooled, y, self.row);
        if !(self.border..self.size.height - self.border).contains(&y) {
            return;
        }
        let (width, margin) = (self.size.width, self.margin);
        let of_row = margin.at(nearer(y, self.size.height));
        let of_pixel = |x| margin.at(nearer(x, width)).min(of_row);
        let mask = self.reference.mask.as_ref().map(|mask| mask.row(y));
        // Between the two ends of a row, all its pixels have the row's own weight.
        let (first, last) = (self.border, width - self.border);
        let left = u16::from(margin.width).clamp(first, last);
        let right = (width - left).clamp(left, last);
        pool_weighted(&mut self.pool, self.row, mask, first..left, of_pixel);
        if of_row == FULL {
            let inside = usize::from(left)..usize::from(right);
            match mask {
                None => self.pool.row(&self.row[inside]),
                Some(mask) => self.pool.weighted_row(&self.row[inside.clone()], mask[inside].iter().copied()),
            }
        } else {
            pool_weighted(&mut self.pool, self.row, mask, left..right, |_| of_row);
        }
        pool_weighted(&mut self.pool, self.row, mask, right..last, of_pixel);
    }

    /// Takes the rows that are still in the smoothers.
    fn flush(&mut self, observe: &mut impl FnMut(Layer, u16, &[u32])) {
        while let Some(y) = self.smoothing.as_mut().and_then(|smoother| smoother.flush(self.row)) {
            self.smoothed(y, observe);
        }
        while let Some(y) = self.pooling_smoothing.as_mut().and_then(|smoother| smoother.flush(self.row)) {
            self.pool(y, observe);
        }
    }
}
