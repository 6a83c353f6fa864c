//! Checked views over pixels that the caller owns.
//!
//! Sizes are in pixels, strides in bytes. A view is checked once, when it is made; afterwards every row of it
//! exists. It does not know where the pixels come from.

mod frame;
mod gray;
mod luma;
mod size;
#[cfg(test)]
mod tests;

pub use frame::{FrameView, PixelFormat};
pub use gray::GrayView;
pub use size::{MAX_SIDE, Region, Size};

/// Why bytes could not be viewed as an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// A side of zero pixels.
    #[error("found an image of {found} pixels, expected at least one pixel on each side")]
    Empty {
        /// The size that was asked for.
        found: Size,
    },
    /// A side of more than [`MAX_SIDE`] pixels.
    #[error("found an image of {found} pixels, expected at most {MAX_SIDE} on each side")]
    TooLarge {
        /// The size that was asked for.
        found: Size,
    },
    /// A row would overlap the next one.
    #[error("found a stride of {found} bytes, expected at least {needed}")]
    StrideTooShort {
        /// The stride, in bytes.
        found: usize,
        /// The bytes that the pixels of one row take.
        needed: usize,
    },
    /// The last row would end after the buffer.
    #[error("found a buffer of {found} bytes, expected at least {needed}")]
    BufferTooShort {
        /// The length of the buffer, in bytes.
        found: usize,
        /// The bytes up to the end of the last row; `usize::MAX` if they can't be counted.
        needed: usize,
    },
    /// A region that is not wholly inside the image.
    #[error("found the region {region}, expected one inside {size} pixels")]
    RegionOutside {
        /// The region that was asked for.
        region: Region,
        /// The size of the image.
        size: Size,
    },
}

/// Checks a buffer of `length` bytes against rows of `row_bytes` bytes and gives the bytes that the image spans.
fn span(length: usize, size: Size, row_bytes: usize, stride: usize) -> Result<usize, ImageError> {
    size.check()?;
    if stride < row_bytes {
        return Err(ImageError::StrideTooShort { found: stride, needed: row_bytes });
    }
    let needed = stride
        .checked_mul(usize::from(size.height) - 1)
        .and_then(|start| start.checked_add(row_bytes))
        .unwrap_or(usize::MAX);
    if length < needed {
        return Err(ImageError::BufferTooShort { found: length, needed });
    }
    Ok(needed)
}
