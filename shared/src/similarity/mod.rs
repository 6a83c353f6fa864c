//! Difference maps: per pixel, how unlike two 8-bit gray images are, in Q24 (1.0 is `1 << 24`).
//!
//! It does not know which image is the frame and which the reconstruction: every metric is symmetric.

mod gaussian;
mod l2;
mod msgms;
mod pixel_rows;
mod stream;
#[cfg(test)]
mod tests;
mod uniform;

pub use stream::MapStream;

use serde::{Deserialize, Serialize};

use crate::image::{GrayView, ImageError, Size};

/// What is computed for each pixel. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// `1 - SSIM`, 0.0 to 2.0, after Wang et al. 2004 with the defaults of scikit-image's
    /// `structural_similarity`: a uniform window of 7x7 pixels, sample covariance (49/48), K1 = 0.01, K2 = 0.03,
    /// L = 255. Beyond the border the image is reflected with the edge pixel repeated (NumPy's `symmetric`, SciPy's
    /// `reflect`).
    Ssim,
    /// `((a - b) / 255)^2`, 0.0 to 1.0.
    L2,
    /// `1 - SSIM`, 0.0 to 2.0, after Wang et al. 2004 with the window of the paper: Gaussian, 11x11 pixels, sigma 1.5,
    /// population covariance; constants and border as [`Ssim`](Self::Ssim).
    SsimGaussian,
    /// One minus the multi-scale gradient magnitude similarity, 0.0 to 1.0: Prewitt's gradients of 3x3 pixels after Xue
    /// et al. 2014 (T = 170), averaged over the scales 1, 1/2 and 1/4 as by Zavrtanik et al. 2021. Beyond the border
    /// the images are reflected as for [`Ssim`](Self::Ssim). It does not see gray levels, only how they change: a light
    /// that is even over the part does not matter to it.
    Msgms,
    /// `(1 - SSIM) / 2 + MSGMS`, 0.0 to 2.0, the first rounded half up: [`Ssim`](Self::Ssim), which sees gray levels and
    /// fine structure, and [`Msgms`](Self::Msgms), which sees coarse structure and is not moved by the light.
    SsimMsgms,
}

impl Metric {
    /// Every metric, by position.
    pub const ALL: [Self; 5] = [Self::Ssim, Self::L2, Self::SsimGaussian, Self::Msgms, Self::SsimMsgms];

    /// Pixels at each border that do not enter a score. 3 for SSIM and the sum with it, 5 for the Gaussian: there, the window reaches
    /// beyond the image. 0 for L2, and for MSGMS, whose gradients at the border are as good as any.
    pub const fn border(self) -> u16 {
        match self {
            Self::Ssim | Self::L2 | Self::SsimGaussian => self.reach() as u16,
            Self::Msgms => 0,
            Self::SsimMsgms => uniform::RADIUS as u16,
        }
    }

    /// The shortest side that can be compared: one whole window (7 for SSIM, 11 for the Gaussian, 19 for MSGMS and
    /// the sum), and 7 for L2.
    pub const fn min_side(self) -> u16 {
        let window = 2 * self.reach() as u16 + 1;
        if window > MIN_SIDE { window } else { MIN_SIDE }
    }

    /// Pixels on each side that the difference of a pixel depends on.
    const fn reach(self) -> u8 {
        match self {
            Self::Ssim => uniform::RADIUS,
            Self::L2 => 0,
            Self::SsimGaussian => gaussian::RADIUS,
            Self::Msgms | Self::SsimMsgms => msgms::REACH,
        }
    }
}

/// The shortest side that any metric compares.
pub const MIN_SIDE: u16 = 7;

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
    /// No image has this size.
    #[error("the size can't be that of an image")]
    Size {
        /// What is wrong with it.
        source: ImageError,
    },
    /// A side is shorter than the window.
    #[error("found images of {found} pixels, expected at least {min} on each side")]
    TooSmall {
        /// The size of both images.
        found: Size,
        /// The shortest side that the metric compares.
        min: u16,
    },
    /// The working memory is too short.
    #[error("found a scratch buffer of {found} elements, expected at least {needed}")]
    ScratchTooShort {
        /// Its length.
        found: usize,
        /// The length that it needs.
        needed: usize,
    },
    /// The map, or a row of it, is too short.
    #[error("found room for {found} pixels of the map, expected at least {needed}")]
    MapTooShort {
        /// Its length.
        found: usize,
        /// The pixels of an image, or of a row.
        needed: usize,
    },
    /// A row of an image is too short or too long.
    #[error("found a row of {found} pixels, expected {expected}")]
    RowLength {
        /// Its length.
        found: usize,
        /// The width of the images.
        expected: usize,
    },
    /// A row after the last.
    #[error("found a row after the last of {expected}")]
    TooManyRows {
        /// The height of the images.
        expected: u16,
    },
    /// The rest of the map was asked for before all rows were there.
    #[error("found {found} rows of the images, expected {expected} before the end of the map")]
    RowsMissing {
        /// The rows there are.
        found: u16,
        /// The height of the images.
        expected: u16,
    },
}

/// The elements of working memory that [`difference_map`] needs for images of `width` columns.
pub const fn scratch_len(metric: Metric, width: u16) -> usize {
    MapStream::scratch_len(metric, width)
}

/// Writes the difference of every pixel to the first `width * height` elements of `map`, row by row, in Q24.
///
/// `scratch` is working memory of at least [`scratch_len`] elements; its contents do not matter. The cost for each
/// pixel does not depend on the size of the uniform window.
///
/// # Errors
///
/// [`SimilarityError`] if the images differ in size, a side is below [`Metric::min_side`], or a buffer is too short.
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
    let mut stream = MapStream::new(metric, size, scratch)?;
    let (found, needed) = (map.len(), size.area());
    let map = map.get_mut(..needed).ok_or(SimilarityError::MapTooShort { found, needed })?;
    // A row of the map is complete as soon as its window is; the rows come one by one, from the first to the last.
    let mut missing = map.chunks_exact_mut(usize::from(size.width));
    let mut out = missing.next().unwrap_or_default();
    for (a, b) in a.rows().zip(b.rows()) {
        if stream.push(a, b, out)?.is_some() {
            out = missing.next().unwrap_or_default();
        }
    }
    while !out.is_empty() && stream.flush(out)?.is_some() {
        out = missing.next().unwrap_or_default();
    }
    Ok(())
}
