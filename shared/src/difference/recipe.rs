//! How a score is computed. It is stored in the bundle's manifest; the order of fields and variants is part of the
//! wire format.

use serde::{Deserialize, Serialize};

use crate::image::Size;
use crate::similarity::{MIN_SIDE, Metric};

/// The greatest radius of [`Pooling::SmoothedMaximum`]: 127 differences of 2.0 in Q24 stay below 2^32.
pub const MAX_RADIUS: u8 = 63;

/// How a difference map becomes one number. Stored by position: do not reorder.
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
}

/// The metric and the pooling of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScoreRecipe {
    /// What is computed for each pixel.
    pub metric: Metric,
    /// How the pixels become one number.
    pub pooling: Pooling,
}

/// Why a recipe can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipe {
    /// A side is shorter than the window.
    #[error("found images of {found} pixels, expected at least {MIN_SIDE} on each side")]
    TooSmall {
        /// The size of the images.
        found: Size,
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
}

impl ScoreRecipe {
    /// Checks that images of `size` can be scored with this recipe.
    ///
    /// # Errors
    ///
    /// [`InvalidRecipe`] if a side is below [`MIN_SIDE`], or the smoothing window is greater than the shorter side
    /// or has a radius above [`MAX_RADIUS`].
    pub const fn validate(&self, size: Size) -> Result<(), InvalidRecipe> {
        if size.shorter_side() < MIN_SIDE {
            return Err(InvalidRecipe::TooSmall { found: size });
        }
        let Pooling::SmoothedMaximum { radius } = self.pooling else {
            return Ok(());
        };
        if radius > MAX_RADIUS {
            return Err(InvalidRecipe::RadiusTooLarge { found: radius });
        }
        let window = 2 * radius as u16 + 1;
        if window > size.shorter_side() {
            return Err(InvalidRecipe::WindowTooLarge { window, side: size.shorter_side() });
        }
        Ok(())
    }
}
