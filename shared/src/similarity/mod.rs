//! Difference maps: per pixel, how unlike two 8-bit gray images are, in Q24 (1.0 is `1 << 24`).
//!
//! It does not know which image is the frame and which the reconstruction: every metric is symmetric.

mod l2;
mod ssim;
#[cfg(test)]
mod tests;
mod window;

use serde::{Deserialize, Serialize};

use crate::image::{GrayView, Size};

/// Pixels at each border that do not enter a score: there, a window of SSIM reaches beyond the image.
pub const BORDER: u16 = 3;

/// The shortest side that can be compared: one whole window, and one pixel inside the border.
pub const MIN_SIDE: u16 = 2 * BORDER + 1;

/// What is computed for each pixel. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// `1 - SSIM`, 0.0 to 2.0, after Wang et al. 2004 with the defaults of scikit-image's
    /// `structural_similarity`: a uniform window of 7x7 pixels, sample covariance (49/48), K1 = 0.01, K2 = 0.03,
    /// L = 255. Beyond the border the image is reflected with the edge pixel repeated (NumPy's `symmetric`).
    Ssim,
    /// `((a - b) / 255)^2`, 0.0 to 1.0.
    L2,
}

/// Why two images could not be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimilarityError {
    /// The images differ in size.
    #[error("found images of {a} and {b} pixels, expected the same size")]
    SizesDiffer {
        /// The size of the first image.
        a: Size,
        /// The size of the second image.
        b: Size,
    },
    /// A side is shorter than the window.
    #[error("found images of {found} pixels, expected at least {MIN_SIDE} on each side")]
    TooSmall {
        /// The size of both images.
        found: Size,
    },
    /// The working memory is too short.
    #[error("found a scratch buffer of {found} elements, expected at least {needed}")]
    ScratchTooShort {
        /// Its length.
        found: usize,
        /// The length that it needs.
        needed: usize,
    },
    /// The map is too short.
    #[error("found a map of {found} pixels, expected at least {needed}")]
    MapTooShort {
        /// Its length.
        found: usize,
        /// The pixels of an image.
        needed: usize,
    },
}

/// The elements of working memory that [`difference_map`] needs for images of `width` columns.
pub const fn scratch_len(metric: Metric, width: u16) -> usize {
    match metric {
        Metric::Ssim => window::scratch_len(width),
        Metric::L2 => 0,
    }
}

/// Writes the difference of every pixel to the first `width * height` elements of `map`, row by row, in Q24.
///
/// `scratch` is working memory of at least [`scratch_len`] elements; its contents do not matter. The cost for each
/// pixel does not depend on the size of the window.
///
/// # Errors
///
/// [`SimilarityError`] if the images differ in size, a side is below [`MIN_SIDE`], or a buffer is too short.
pub fn difference_map(
    metric: Metric,
    a: GrayView<'_>,
    b: GrayView<'_>,
    scratch: &mut [u32],
    map: &mut [u32],
) -> Result<(), SimilarityError> {
    let size = a.size();
    if size != b.size() {
        return Err(SimilarityError::SizesDiffer { a: size, b: b.size() });
    }
    if size.shorter_side() < MIN_SIDE {
        return Err(SimilarityError::TooSmall { found: size });
    }
    let (found, needed) = (map.len(), size.area());
    let map = map.get_mut(..needed).ok_or(SimilarityError::MapTooShort { found, needed })?;
    let (found, needed) = (scratch.len(), scratch_len(metric, size.width));
    let scratch = scratch.get_mut(..needed).ok_or(SimilarityError::ScratchTooShort { found, needed })?;
    match metric {
        Metric::Ssim => ssim::map(a, b, scratch, map),
        Metric::L2 => l2::map(a, b, map),
    }
    Ok(())
}
