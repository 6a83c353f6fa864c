//! From a camera frame to the pixels that the model sees: region of interest, gray, area resampling, mirror image.
//!
//! 8-bit gray out, rows without gaps. Trainer and station call the same function, so that a model meets on the
//! line what it was trained with. It does not know the model, nor how its pixels become the model's numbers.

mod config;
mod fixed_scale;
mod resample;
#[cfg(test)]
mod tests;

pub use crate::image::Region;
pub use config::{AcceptedSizes, Geometry, InvalidPreprocessing, Preprocessing, Scale};

use crate::image::{FrameView, ImageError, Size};

/// Working memory of [`preprocess`], owned by the caller. The contents before a call do not matter.
#[derive(Debug)]
pub struct ResampleScratch<'a> {
    /// The luma of one row: at least as many elements as the region has columns.
    pub luma: &'a mut [u8],
    /// Horizontal sums of one row: at least as many elements as the model's input has columns.
    pub sums: &'a mut [u32],
    /// Sums of one output row: at least as many elements as the model's input has columns.
    pub accumulators: &'a mut [u64],
}

/// Why a frame could not be preprocessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreprocessError {
    /// The frame's size is outside the accepted range.
    #[error("found a frame of {found} pixels, expected {} to {}", accepted.min, accepted.max)]
    SizeNotAccepted {
        /// The size of the frame.
        found: Size,
        /// The range that the bundle accepts.
        accepted: AcceptedSizes,
    },
    /// The preprocessing itself is invalid.
    #[error("the preprocessing is invalid")]
    Configuration(#[from] InvalidPreprocessing),
    /// A working buffer is too short.
    #[error("found a {buffer} buffer of {found} elements, expected at least {needed}")]
    ScratchTooShort {
        /// Which buffer: the name of the field of [`ResampleScratch`].
        buffer: &'static str,
        /// Its length.
        found: usize,
        /// The length that it needs.
        needed: usize,
    },
    /// The output buffer is too short.
    #[error("found an output buffer of {found} pixels, expected at least {needed}")]
    OutputTooShort {
        /// Its length.
        found: usize,
        /// The pixels of the model's input.
        needed: usize,
    },
    /// The frame could not be read.
    #[error("the frame could not be read")]
    Image(#[from] ImageError),
}

/// Writes the model's input to the first `how.input.area()` elements of `out`, row by row, and gives the size of the part
/// at its top left that shows the frame ([`Preprocessing::content`]). What lies beyond is its mirror image.
///
/// The region of interest (the whole frame if there is none) is converted to 8-bit luma
/// ([`FrameView::luma_row`]) and resampled by area: an output pixel is the mean of all source pixels that it
/// overlaps, each weighted by the overlapping area, rounded half up once, at the end. Where an axis is enlarged,
/// the same formula holds: an output pixel that lies within one source pixel takes its value (as the nearest
/// neighbour would), and one that lies across an edge takes the weighted mean of both sides.
///
/// With [`Geometry::FixedScale`] the mirror image repeats the edge pixel, then the one before it, and so on, as often
/// as it takes to fill the input. Frames of any accepted size so give an input of one size.
///
/// # Errors
///
/// [`PreprocessError`] if `how` is invalid, the frame's size is not accepted, or a buffer is too short. `out` is then
/// not to be used.
pub fn preprocess(
    frame: &FrameView<'_>,
    how: &Preprocessing,
    scratch: ResampleScratch<'_>,
    out: &mut [u8],
) -> Result<Size, PreprocessError> {
    how.validate()?;
    if !how.accepted.accepts(frame.size()) {
        return Err(PreprocessError::SizeNotAccepted { found: frame.size(), accepted: how.accepted });
    }
    let region = how.region.unwrap_or(Region::whole(frame.size()));
    let (found, needed) = (out.len(), how.input.area());
    let out = out.get_mut(..needed).ok_or(PreprocessError::OutputTooShort { found, needed })?;
    let (content, width) = (how.content(frame.size()), usize::from(how.input.width));
    resample::by_area(frame, region, content, scratch, out.chunks_exact_mut(width))?;
    fixed_scale::mirror(out, width, content);
    Ok(content)
}
