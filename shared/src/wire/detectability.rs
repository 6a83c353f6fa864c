//! What a bundle was seen to catch: how many synthetic defects of each size and contrast were found at its threshold.
//!
//! Sizes are in pixels of the model's input, contrasts in gray levels. The order of fields is part of the wire format.
//! It does not know how the defects were made, and decides nothing: no verdict depends on it.

use serde::{Deserialize, Serialize};

use super::WireError;
use super::envelope::{Format, MessageKind, OVERHEAD};
use crate::image::Size;
use crate::score::Threshold;

/// Version 1 takes at most 725 bytes; the rest is for versions to come.
const FORMAT: Format = Format { kind: MessageKind::Detectability, newest: 1, max_payload: 1014 };

/// The most sizes of a [`Detectability`].
pub const MAX_DEFECT_SIZES: usize = 8;

/// The most contrasts of a [`Detectability`].
pub const MAX_CONTRASTS: usize = 6;

/// The most cells of a [`DetectionMap`].
pub const MAX_CELLS: usize = 64;

const MAX_TALLIES: usize = MAX_DEFECT_SIZES * MAX_CONTRASTS;

/// How many defects were tried, and how many of them were found: scored at or above the threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionTally {
    /// Found, at most `trials`.
    pub found: u16,
    /// Tried.
    pub trials: u16,
}

/// How many synthetic defects were found, by size and contrast and by place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detectability {
    /// The size of the model's input.
    pub input: Size,
    /// The part of it, at the top left, in which defects were placed: what shows the frame.
    pub content: Size,
    /// The threshold that they were judged by.
    pub threshold: Threshold,
    /// How many images of good parts they were put into, at least 1.
    pub images: u32,
    /// The largest extents of the defects in input pixels, ascending, at least 1.
    pub sizes: heapless::Vec<u16, MAX_DEFECT_SIZES>,
    /// The largest change of a pixel in gray levels, ascending, at least 1.
    pub contrasts: heapless::Vec<u8, MAX_CONTRASTS>,
    /// For each contrast, for each size.
    pub tallies: heapless::Vec<DetectionTally, MAX_TALLIES>,
    /// By place.
    pub map: DetectionMap,
}

/// How often one kind of defect was found in each cell of a grid over the content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionMap {
    /// The largest extent of the defect in input pixels, at least 1.
    pub size: u16,
    /// Its largest change of a pixel in gray levels, at least 1.
    pub contrast: u8,
    /// Cells of a row, at least 1.
    pub columns: u8,
    /// Row by row; a whole number of rows, at least one. A cell may be without trials.
    pub cells: heapless::Vec<DetectionTally, MAX_CELLS>,
}

/// What is wrong with a [`Detectability`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDetectability {
    /// A size that no image has, or a content that is not inside the input.
    #[error("found the input {input} and the content {content}, expected images, the second within the first")]
    Content {
        /// The size of the input.
        input: Size,
        /// The size of the content.
        content: Size,
    },
    /// Defects in no image.
    #[error("found no images, expected at least one")]
    Images,
    /// No sizes, or sizes that do not ascend or exceed the content.
    #[error("found sizes of defects that don't ascend from 1 to the content's shorter side")]
    Sizes,
    /// No contrasts, or contrasts that do not ascend.
    #[error("found contrasts that don't ascend from 1")]
    Contrasts,
    /// A table with another number of tallies.
    #[error("found {found} tallies, expected {expected}, one for each contrast and size")]
    Tallies {
        /// The number of tallies.
        found: usize,
        /// The number of contrasts times the number of sizes.
        expected: usize,
    },
    /// More defects found than tried, or none tried.
    #[error("found {} defects of {} found, expected some tried, and no more found than tried", .0.found, .0.trials)]
    Tally(DetectionTally),
    /// The map's cells are no rows, or its defect is none.
    #[error("found {cells} cells in rows of {columns} for defects of {size} pixels, expected whole rows and a size")]
    Map {
        /// The number of cells.
        cells: usize,
        /// The cells of a row.
        columns: u8,
        /// The size of the defect.
        size: u16,
    },
    /// It was found out for another model or threshold.
    #[error("found what {found} at the threshold {threshold} catches, expected {expected} at {expected_threshold}")]
    Other {
        /// The size of the input.
        found: Size,
        /// The threshold.
        threshold: Threshold,
        /// The size of the bundle's input.
        expected: Size,
        /// The bundle's threshold.
        expected_threshold: Threshold,
    },
}

impl Detectability {
    /// A length that is enough for every encoded message, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + FORMAT.max_payload;

    /// The tallies of the contrast at `index`, one for each size; `None` if there is no such contrast.
    pub fn of_contrast(&self, index: usize) -> Option<&[DetectionTally]> {
        self.tallies.chunks_exact(self.sizes.len().max(1)).nth(index)
    }

    /// Writes the message in its envelope to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if it is invalid or `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        self.validate()?;
        FORMAT.encode(self, out)
    }

    /// Reads the message at the start of `bytes` and gives it with the length of its envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or it is invalid.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (_version, payload, length) = FORMAT.open(bytes)?;
        let message: Self = FORMAT.payload(payload)?;
        message.validate()?;
        Ok((message, length))
    }

    /// Checks every field and that they fit together.
    ///
    /// # Errors
    ///
    /// [`InvalidDetectability`] names the first that does not.
    pub fn validate(&self) -> Result<(), InvalidDetectability> {
        let (input, content) = (self.input, self.content);
        if input.check().is_err() || content.check().is_err() || !content.fits_in(input) {
            return Err(InvalidDetectability::Content { input, content });
        }
        if self.images == 0 {
            return Err(InvalidDetectability::Images);
        }
        if !ascends(&self.sizes) || self.sizes.iter().any(|&size| size > content.shorter_side()) {
            return Err(InvalidDetectability::Sizes);
        }
        if !ascends(&self.contrasts) {
            return Err(InvalidDetectability::Contrasts);
        }
        let (found, expected) = (self.tallies.len(), self.sizes.len() * self.contrasts.len());
        if found != expected {
            return Err(InvalidDetectability::Tallies { found, expected });
        }
        if let Some(&tally) = self.tallies.iter().find(|tally| tally.trials == 0 || tally.found > tally.trials) {
            return Err(InvalidDetectability::Tally(tally));
        }
        self.map.validate(content)
    }

    /// Checks that it was found out for a model of `size` and for `threshold`.
    ///
    /// # Errors
    ///
    /// [`InvalidDetectability::Other`] if not.
    pub fn check(&self, size: Size, threshold: Threshold) -> Result<(), InvalidDetectability> {
        if (self.input, self.threshold) == (size, threshold) {
            return Ok(());
        }
        Err(InvalidDetectability::Other {
            found: self.input,
            threshold: self.threshold,
            expected: size,
            expected_threshold: threshold,
        })
    }
}

impl DetectionMap {
    fn validate(&self, content: Size) -> Result<(), InvalidDetectability> {
        let &Self { size, contrast, columns, ref cells } = self;
        let rows = cells.chunks_exact(usize::from(columns).max(1));
        let is_grid = columns > 0 && rows.len() > 0 && rows.remainder().is_empty();
        if !is_grid || contrast == 0 || !(1..=content.shorter_side()).contains(&size) {
            return Err(InvalidDetectability::Map { cells: cells.len(), columns, size });
        }
        match cells.iter().find(|tally| tally.found > tally.trials) {
            Some(&tally) => Err(InvalidDetectability::Tally(tally)),
            None => Ok(()),
        }
    }
}

/// Whether there are values, each greater than the one before it, the first greater than 0.
fn ascends<T: Copy + PartialOrd + Default>(values: &[T]) -> bool {
    values.first().is_some_and(|&first| first > T::default()) && values.windows(2).all(|pair| pair[0] < pair[1])
}

#[cfg(test)]
#[path = "detectability_tests.rs"]
mod tests;
