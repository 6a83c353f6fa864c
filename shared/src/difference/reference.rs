//! What a recipe takes from the bundle besides itself: what good parts show at each pixel, and the weight of each pixel.
//!
//! Both are sections of the bundle, viewed in place or owned; `docs/bundle-format.md` specifies their bytes. Differences
//! are in Q24, weights in units of 1/255. They do not know how they were fitted.

#[cfg(test)]
mod tests;

use core::fmt;

use super::recipe::{InvalidRecipe, check_top};
use super::{Pooling, ScoreRecipe};
use crate::fixed_point::divide_rounded;
use crate::image::{ImageError, Size};
use crate::score::Score;

/// Width and height.
const HEAD_LEN: usize = 4;

/// Which of the two a message is about. Displayed as the bundle calls the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// [`ResidualMaps`].
    ResidualMaps,
    /// [`Mask`].
    Mask,
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResidualMaps => "residual_maps",
            Self::Mask => "mask",
        })
    }
}

/// Why stored maps or a mask can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// The recipe asks for what is not there.
    #[error("found no section {what}, expected one, as the recipe asks for it")]
    Missing {
        /// What is missing.
        what: Stored,
    },
    /// There is what the recipe does not ask for.
    #[error("found a section {what}, expected none, as the recipe does not use it")]
    Unused {
        /// What is not used.
        what: Stored,
    },
    /// There are too few or too many bytes.
    #[error("found {found} bytes in the section {what}, expected {expected}")]
    Length {
        /// What was read.
        what: Stored,
        /// Its length in bytes.
        found: usize,
        /// The length that its size in pixels asks for.
        expected: usize,
    },
    /// No image has its size.
    #[error("the size in the section {what} can't be that of an image")]
    Image {
        /// What was read.
        what: Stored,
        /// What is wrong with the size.
        source: ImageError,
    },
    /// It is for images of another size.
    #[error("found {found} pixels in the section {what}, expected the model's {expected}")]
    Size {
        /// What was read.
        what: Stored,
        /// Its size.
        found: Size,
        /// The size of the images.
        expected: Size,
    },
    /// A mean that no difference reaches.
    #[error("found the mean {found} at pixel {index} of the residual maps, expected at most {}", Score::MAX.raw())]
    Mean {
        /// The pixel, counted row by row.
        index: usize,
        /// The mean, in Q24.
        found: u32,
    },
    /// A spread of zero.
    #[error("found a spread of zero at pixel {index} of the residual maps, expected at least 1")]
    Spread {
        /// The pixel, counted row by row.
        index: usize,
    },
    /// No pixel counts.
    #[error("found no pixel with a weight inside the border of {border} pixels, expected at least one")]
    NoWeight {
        /// The border of the metric.
        border: u16,
    },
    /// The pooling asks for more pixels than have a weight.
    #[error("the mask and the pooling do not fit")]
    Pooling(#[from] InvalidRecipe),
}

/// Mean and spread of the difference map of good parts, by which a map is normalised pixel by pixel.
///
/// A difference `d` becomes `min(max(d - mean, 0) / spread, 2.0)`, rounded half up to Q24. The spread is the excess over
/// the mean that becomes 1.0: the trainer stores a multiple of the standard deviation, so that the result keeps within
/// the range of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResidualMaps<B> {
    size: Size,
    bytes: B,
}

impl<B: AsRef<[u8]>> ResidualMaps<B> {
    /// The bytes for images of `size`.
    pub const fn len_of(size: Size) -> usize {
        HEAD_LEN + 8 * size.area()
    }

    /// Reads the bytes of the section.
    ///
    /// # Errors
    ///
    /// [`InvalidReference`] if the length does not fit the size, a mean is above 2.0 or a spread is zero.
    pub fn read(bytes: B) -> Result<Self, InvalidReference> {
        let size = read_size(Stored::ResidualMaps, bytes.as_ref(), Self::len_of)?;
        let maps = Self { size, bytes };
        for (index, (&mean, &spread)) in maps.pixels(0..size.area()).enumerate() {
            let found = u32::from_le_bytes(mean);
            if found > Score::MAX.raw() {
                return Err(InvalidReference::Mean { index, found });
            }
            if u32::from_le_bytes(spread) == 0 {
                return Err(InvalidReference::Spread { index });
            }
        }
        Ok(maps)
    }

    /// The bytes of the section, from mean and spread of each pixel in Q24, row by row. [`read`](Self::read) says whether
    /// they are valid.
    pub fn encode(
        size: Size,
        means: impl IntoIterator<Item = u32>,
        spreads: impl IntoIterator<Item = u32>,
    ) -> impl Iterator<Item = u8> {
        head(size).into_iter().chain(means.into_iter().chain(spreads).flat_map(u32::to_le_bytes))
    }

    /// The same maps, viewed.
    pub fn view(&self) -> ResidualMaps<&[u8]> {
        ResidualMaps { size: self.size, bytes: self.bytes.as_ref() }
    }

    /// The same, with a copy of the bytes.
    fn owned<C: for<'b> From<&'b [u8]>>(&self) -> ResidualMaps<C> {
        ResidualMaps { size: self.size, bytes: self.bytes.as_ref().into() }
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Mean and spread of the pixels, counted row by row, in little-endian order.
    fn pixels(&self, range: core::ops::Range<usize>) -> impl Iterator<Item = (&[u8; 4], &[u8; 4])> {
        let words = self.bytes.as_ref()[HEAD_LEN..].as_chunks().0;
        let (means, spreads) = words.split_at(self.size.area());
        means[range.clone()].iter().zip(&spreads[range])
    }

    /// Normalises row `y` of a map.
    pub(super) fn normalise(&self, y: u16, row: &mut [u32]) {
        let (y, width) = (usize::from(y), usize::from(self.size.width));
        for (value, (&mean, &spread)) in row.iter_mut().zip(self.pixels(y * width..(y + 1) * width)) {
            let excess = value.saturating_sub(u32::from_le_bytes(mean));
            // The dividend is at most 2^49, the divisor below 2^32.
            let quotient = divide_rounded(u64::from(excess) << 24, u32::from_le_bytes(spread).into());
            *value = quotient.min(Score::MAX.raw().into()) as u32;
        }
    }
}

/// The weight of each pixel: 0, the pixel does not count, to 255, it counts in full.
///
/// Masked-out pixels still enter the windows of their neighbours, of the metric and of smoothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask<B> {
    size: Size,
    bytes: B,
}

impl<B: AsRef<[u8]>> Mask<B> {
    /// The bytes for images of `size`.
    pub const fn len_of(size: Size) -> usize {
        HEAD_LEN + size.area()
    }

    /// Reads the bytes of the section.
    ///
    /// # Errors
    ///
    /// [`InvalidReference`] if the length does not fit the size.
    pub fn read(bytes: B) -> Result<Self, InvalidReference> {
        let size = read_size(Stored::Mask, bytes.as_ref(), Self::len_of)?;
        Ok(Self { size, bytes })
    }

    /// The bytes of the section, from the weight of each pixel, row by row. [`read`](Self::read) says whether they are
    /// valid.
    pub fn encode(size: Size, weights: impl IntoIterator<Item = u8>) -> impl Iterator<Item = u8> {
        head(size).into_iter().chain(weights)
    }

    /// The same mask, viewed.
    pub fn view(&self) -> Mask<&[u8]> {
        Mask { size: self.size, bytes: self.bytes.as_ref() }
    }

    /// The same, with a copy of the bytes.
    fn owned<C: for<'b> From<&'b [u8]>>(&self) -> Mask<C> {
        Mask { size: self.size, bytes: self.bytes.as_ref().into() }
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The weights of row `y`, which must be below the height.
    pub fn row(&self, y: u16) -> &[u8] {
        let (y, width) = (usize::from(y), usize::from(self.size.width));
        &self.bytes.as_ref()[HEAD_LEN + y * width..][..width]
    }

    /// Whether the pixel in column `x` and row `y`, which must lie in it, counts by half at least.
    pub fn counts(&self, x: u16, y: u16) -> bool {
        self.row(y)[usize::from(x)] > u8::MAX / 2
    }

    /// The pixels inside a border that have a weight, at most 2^28.
    fn weighted(&self, border: u16) -> u32 {
        let columns = usize::from(border)..usize::from(self.size.width - border);
        let rows = (border..self.size.height - border).map(|y| &self.row(y)[columns.clone()]);
        rows.flatten().map(|&weight| u32::from(weight > 0)).sum()
    }
}

/// Width and height as the section holds them.
fn head(size: Size) -> [u8; HEAD_LEN] {
    let ([w0, w1], [h0, h1]) = (size.width.to_le_bytes(), size.height.to_le_bytes());
    [w0, w1, h0, h1]
}

/// Reads width and height and checks the length against them.
fn read_size(what: Stored, bytes: &[u8], len_of: fn(Size) -> usize) -> Result<Size, InvalidReference> {
    let found = bytes.len();
    let &[w0, w1, h0, h1] = bytes.first_chunk().ok_or(InvalidReference::Length { what, found, expected: HEAD_LEN })?;
    let size = Size::new(u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
    size.check().map_err(|source| InvalidReference::Image { what, source })?;
    let expected = len_of(size);
    if found != expected {
        return Err(InvalidReference::Length { what, found, expected });
    }
    Ok(size)
}

/// The stored maps and the mask of a recipe, as far as it uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreReference<B> {
    /// What a map is normalised by.
    pub residuals: Option<ResidualMaps<B>>,
    /// The weights of the pixels.
    pub mask: Option<Mask<B>>,
}

impl<B> Default for ScoreReference<B> {
    fn default() -> Self {
        Self { residuals: None, mask: None }
    }
}

impl<B: AsRef<[u8]>> ScoreReference<B> {
    /// The same, with copies of the bytes: `owned::<Vec<u8>>()` where there is an allocator.
    pub fn owned<C: for<'b> From<&'b [u8]>>(&self) -> ScoreReference<C> {
        ScoreReference {
            residuals: self.residuals.as_ref().map(ResidualMaps::owned),
            mask: self.mask.as_ref().map(Mask::owned),
        }
    }

    /// The same, viewed.
    pub fn view(&self) -> ScoreReference<&[u8]> {
        ScoreReference {
            residuals: self.residuals.as_ref().map(ResidualMaps::view),
            mask: self.mask.as_ref().map(Mask::view),
        }
    }

    /// Checks that exactly what `recipe` asks for is here, and fits images of `size`, for which the recipe is valid.
    ///
    /// # Errors
    ///
    /// [`InvalidReference`] if a section is missing, not used or of another size, no pixel has a weight, or fewer have
    /// than the pooling asks for.
    pub fn check(&self, recipe: &ScoreRecipe, size: Size) -> Result<(), InvalidReference> {
        let residuals = self.residuals.as_ref().map(ResidualMaps::size);
        let mask = self.mask.as_ref().map(Mask::size);
        let parts = [(Stored::ResidualMaps, recipe.normalised, residuals), (Stored::Mask, recipe.masked, mask)];
        for (what, used, found) in parts {
            match found {
                None if used => return Err(InvalidReference::Missing { what }),
                Some(_) if !used => return Err(InvalidReference::Unused { what }),
                Some(found) if found != size => return Err(InvalidReference::Size { what, found, expected: size }),
                _ => {}
            }
        }
        if let Some(mask) = &self.mask {
            let border = recipe.metric.border();
            let weighted = mask.weighted(border);
            if weighted == 0 {
                return Err(InvalidReference::NoWeight { border });
            }
            if let Pooling::TopMean { pixels } = recipe.pooling {
                check_top(pixels, weighted)?;
            }
        }
        Ok(())
    }
}
