//! How a score is computed. It is stored in the bundle's manifest; the order of fields and variants is part of the
//! wire format.

use serde::{Deserialize, Serialize};

use super::margin::{MAX_MARGIN, Margin};
use crate::image::Size;
use crate::similarity::Metric;

/// The greatest radius of smoothing: 127 differences of 2.0 in Q24 stay below 2^32.
pub const MAX_RADIUS: u8 = 63;

/// How a map becomes one number. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pooling {
    /// The mean of the map.
    Mean,
    /// The maximum of the smoothed map.
    ///
    /// The map is averaged three times over `w = 2 * radius + 1` pixels along the rows, then three times along the
    /// columns; each average is rounded half up. This approximates a Gaussian of variance `(w^2 - 1) / 4`. Beyond the
    /// border the map is reflected with the edge pixel repeated.
    SmoothedMaximum {
        /// 0 (no smoothing) to [`MAX_RADIUS`] pixels; `2 * radius + 1` is at most the map's shorter side.
        radius: u8,
    },
    /// The mean of the greatest pixels of the map.
    TopMean {
        /// How many: 1 (the maximum) to the number of pixels that count.
        pixels: u32,
    },
}

/// From input and reconstruction to a score, in the order of the steps: metric, smoothing, normalisation, pooling with
/// the weights of mask and margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScoreRecipe {
    /// What is computed for each pixel.
    pub metric: Metric,
    /// How the pixels become one number.
    pub pooling: Pooling,
    /// The radius by which the difference map is smoothed before anything else, as in
    /// [`Pooling::SmoothedMaximum`]; 0 for none.
    pub smoothing: u8,
    /// Whether the map is normalised by what good parts show at each pixel ([`ResidualMaps`](super::ResidualMaps)).
    pub normalised: bool,
    /// Whether pixels have weights ([`Mask`](super::Mask)).
    pub masked: bool,
    /// How much less pixels near the edges count.
    pub margin: Margin,
}

/// Why a recipe can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipe {
    /// A side is shorter than the window.
    #[error("found images of {found} pixels, expected at least {min} on each side")]
    TooSmall {
        /// The size of the images.
        found: Size,
        /// The shortest side that the metric compares.
        min: u16,
    },
    /// The radius is greater than the arithmetic allows.
    #[error("found a smoothing radius of {found} pixels, expected at most {MAX_RADIUS}")]
    RadiusTooLarge {
        /// The radius.
        found: u8,
    },
    /// The smoothing window does not fit in the images.
    #[error("found a smoothing window of {window} pixels, expected at most the shorter side of {side}")]
    WindowTooLarge {
        /// `2 * radius + 1`.
        window: u16,
        /// The shorter side of the images.
        side: u16,
    },
    /// The mean of no pixels, or of more than count.
    #[error("found a mean of the greatest {found} pixels, expected 1 to {max}")]
    TopOutOfRange {
        /// The number of pixels.
        found: u32,
        /// The pixels that count.
        max: u32,
    },
    /// A margin that is too wide, without a weight, or half of one.
    #[error(
        "found a margin of {width} pixels that begins with the weight {weight}, expected 1 to {MAX_MARGIN} pixels and \
         1 to 254, or 0 and 255 for none"
    )]
    Margin {
        /// Its width.
        width: u8,
        /// Its weight at the edge.
        weight: u8,
    },
}

impl ScoreRecipe {
    /// The recipe without smoothing, normalisation, mask and margin.
    pub const fn new(metric: Metric, pooling: Pooling) -> Self {
        Self { metric, pooling, smoothing: 0, normalised: false, masked: false, margin: Margin::NONE }
    }

    /// Checks that images of `size` can be scored with this recipe. Stored maps and a mask are checked by
    /// [`ScoreReference::check`](super::ScoreReference::check).
    ///
    /// # Errors
    ///
    /// [`InvalidRecipe`] if a side is below [`Metric::min_side`], a smoothing window is greater than the shorter side or
    /// has a radius above [`MAX_RADIUS`], the margin is out of range, or more pixels are asked for than lie inside the
    /// border.
    pub const fn validate(&self, size: Size) -> Result<(), InvalidRecipe> {
        let min = self.metric.min_side();
        if size.shorter_side() < min {
            return Err(InvalidRecipe::TooSmall { found: size, min });
        }
        if let Err(error) = check_radius(self.smoothing, size) {
            return Err(error);
        }
        if let Err(error) = self.margin.validate() {
            return Err(error);
        }
        match self.pooling {
            Pooling::Mean => Ok(()),
            Pooling::SmoothedMaximum { radius } => check_radius(radius, size),
            Pooling::TopMean { pixels } => check_top(pixels, self.interior(size)),
        }
    }

    /// The pixels inside the metric's border, at most 2^28.
    pub(super) const fn interior(&self, size: Size) -> u32 {
        let borders = 2 * self.metric.border();
        (size.width - borders) as u32 * (size.height - borders) as u32
    }

    /// The radius of the smoothing that belongs to the pooling.
    pub(super) const fn pooling_radius(&self) -> u8 {
        match self.pooling {
            Pooling::SmoothedMaximum { radius } => radius,
            Pooling::Mean | Pooling::TopMean { .. } => 0,
        }
    }

    /// How many of the greatest pixels are kept.
    pub(super) const fn top(&self) -> u32 {
        match self.pooling {
            Pooling::TopMean { pixels } => pixels,
            Pooling::Mean | Pooling::SmoothedMaximum { .. } => 0,
        }
    }
}

/// Checks a radius of smoothing for images of `size`.
pub(super) const fn check_radius(radius: u8, size: Size) -> Result<(), InvalidRecipe> {
    if radius > MAX_RADIUS {
        return Err(InvalidRecipe::RadiusTooLarge { found: radius });
    }
    let (window, side) = (2 * radius as u16 + 1, size.shorter_side());
    if window > side {
        return Err(InvalidRecipe::WindowTooLarge { window, side });
    }
    Ok(())
}

/// Checks the number of pixels of [`Pooling::TopMean`] against those that count.
pub(super) const fn check_top(pixels: u32, max: u32) -> Result<(), InvalidRecipe> {
    if pixels < 1 || pixels > max {
        return Err(InvalidRecipe::TopOutOfRange { found: pixels, max });
    }
    Ok(())
}
