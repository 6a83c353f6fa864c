//! A view of 8-bit gray pixels. Values are 0 (black) to 255 (white), rows are `stride` bytes apart.

use core::fmt;

use super::{ImageError, Region, Size, span};

/// Borrowed 8-bit gray pixels.
#[derive(Clone, Copy)]
pub struct GrayView<'a> {
    data: &'a [u8],
    size: Size,
    stride: usize,
}

impl<'a> GrayView<'a> {
    /// Views `data` as `size.height` rows that start `stride` bytes apart.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if a side is not in `1..=MAX_SIDE`, the stride is shorter than a row, or the last row would
    /// end after `data`.
    pub fn new(data: &'a [u8], size: Size, stride: usize) -> Result<Self, ImageError> {
        span(data.len(), size, usize::from(size.width), stride)?;
        Ok(Self { data, size, stride })
    }

    /// Views `data` as rows without a gap between them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn packed(data: &'a [u8], size: Size) -> Result<Self, ImageError> {
        Self::new(data, size, usize::from(size.width))
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Row `y`, exactly `size().width` bytes; no bytes if `y` is not below the height.
    pub fn row(&self, y: u16) -> &'a [u8] {
        if y >= self.size.height {
            return &[];
        }
        let start = usize::from(y) * self.stride;
        &self.data[start..start + usize::from(self.size.width)]
    }

    /// The rows from top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let view = *self;
        (0..view.size.height).map(move |y| view.row(y))
    }

    /// The part of the view that `region` covers, without copying.
    ///
    /// # Errors
    ///
    /// [`ImageError::RegionOutside`] if the region is empty or not wholly inside the view.
    pub fn crop(&self, region: Region) -> Result<Self, ImageError> {
        if !region.is_inside(self.size) {
            return Err(ImageError::RegionOutside { region, size: self.size });
        }
        let start = usize::from(region.y) * self.stride + usize::from(region.x);
        Self::new(&self.data[start..], region.size(), self.stride)
    }
}

impl fmt::Debug for GrayView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrayView({}, stride {})", self.size, self.stride)
    }
}
