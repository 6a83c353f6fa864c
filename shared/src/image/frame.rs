//! A view of a camera frame in any of the pixel formats that cameras and files deliver.

use core::fmt;

use super::{ImageError, Region, Size, luma, span};

/// How the pixels of a frame are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// One byte a pixel.
    Gray8,
    /// Two bytes a pixel, the less significant first; the full range 0 to 65535 is black to white.
    Gray16,
    /// Three bytes a pixel: red, green, blue.
    Rgb8,
}

impl PixelFormat {
    /// The bytes of one pixel.
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Gray16 => 2,
            Self::Rgb8 => 3,
        }
    }
}

/// A borrowed camera frame.
#[derive(Clone, Copy)]
pub struct FrameView<'a> {
    data: &'a [u8],
    size: Size,
    stride: usize,
    format: PixelFormat,
}

impl<'a> FrameView<'a> {
    /// Views `data` as `size.height` rows that start `stride_bytes` bytes apart.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if a side is not in `1..=MAX_SIDE`, the stride is shorter than a row, or the last row would
    /// end after `data`.
    pub fn new(data: &'a [u8], size: Size, stride_bytes: usize, format: PixelFormat) -> Result<Self, ImageError> {
        let row_bytes = usize::from(size.width) * format.bytes_per_pixel();
        span(data.len(), size, row_bytes, stride_bytes)?;
        Ok(Self { data, size, stride: stride_bytes, format })
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// How the pixels are stored.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// The bytes of row `y`, without what lies between the rows; empty if there is no such row.
    pub fn row(&self, y: u16) -> &'a [u8] {
        if y >= self.size.height {
            return &[];
        }
        let start = usize::from(y) * self.stride;
        &self.data[start..start + usize::from(self.size.width) * self.format.bytes_per_pixel()]
    }

    /// Writes the 8-bit luma of the pixels from column `x0` of row `y` on, as many as `out` holds.
    ///
    /// RGB becomes `(19595 R + 38470 G + 7471 B + 32768) >> 16` (Pillow's integers for ITU-R BT.601), 16-bit gray
    /// becomes `(v + 128) / 257`; both round to the nearest.
    ///
    /// # Errors
    ///
    /// [`ImageError::RegionOutside`] if there are no such pixels in the frame, or none were asked for.
    pub fn luma_row(&self, y: u16, x0: u16, out: &mut [u8]) -> Result<(), ImageError> {
        let width = u16::try_from(out.len()).unwrap_or(u16::MAX);
        let region = Region { x: x0, y, width, height: 1 };
        if out.len() > usize::from(width) || !region.is_inside(self.size) {
            return Err(ImageError::RegionOutside { region, size: self.size });
        }
        let pixel = self.format.bytes_per_pixel();
        let start = usize::from(y) * self.stride + usize::from(x0) * pixel;
        let row = &self.data[start..start + out.len() * pixel];
        match self.format {
            PixelFormat::Gray8 => out.copy_from_slice(row),
            PixelFormat::Gray16 => {
                for (gray, &bytes) in out.iter_mut().zip(row.as_chunks().0) {
                    *gray = luma::of_gray16(bytes);
                }
            }
            PixelFormat::Rgb8 => {
                for (gray, &rgb) in out.iter_mut().zip(row.as_chunks().0) {
                    *gray = luma::of_rgb8(rgb);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FrameView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameView({}, {:?}, stride {})", self.size, self.format, self.stride)
    }
}
