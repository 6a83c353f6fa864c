//! Sizes of images and regions of them, in pixels.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::ImageError;

/// The largest side of an image, in pixels. It bounds every intermediate of the arithmetic.
pub const MAX_SIDE: u16 = 16384;

/// Width and height in pixels. Displayed as `128x64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// A size; [`check`](Self::check) tells whether an image may have it.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// The number of pixels, below 2^32.
    pub const fn area(self) -> usize {
        self.width as usize * self.height as usize
    }

    /// Whether an image may have this size.
    ///
    /// # Errors
    ///
    /// [`ImageError::Empty`] or [`ImageError::TooLarge`] if a side is not in `1..=MAX_SIDE`.
    pub const fn check(self) -> Result<(), ImageError> {
        if self.width == 0 || self.height == 0 {
            return Err(ImageError::Empty { found: self });
        }
        if self.width > MAX_SIDE || self.height > MAX_SIDE {
            return Err(ImageError::TooLarge { found: self });
        }
        Ok(())
    }

    /// Whether both sides are at most those of `other`.
    pub const fn fits_in(self, other: Self) -> bool {
        self.width <= other.width && self.height <= other.height
    }

    /// The shorter side, in pixels.
    pub const fn shorter_side(self) -> u16 {
        if self.width < self.height { self.width } else { self.height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A rectangle of pixels. Displayed as `128x64+10+20` (size, then left and top).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Region {
    /// The first column.
    pub x: u16,
    /// The first row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Region {
    /// The region that is a whole image of `size`.
    pub const fn whole(size: Size) -> Self {
        Self { x: 0, y: 0, width: size.width, height: size.height }
    }

    /// Width and height.
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Whether the region has at least one pixel and lies wholly inside an image of `size`.
    pub const fn is_inside(self, size: Size) -> bool {
        self.width > 0
            && self.height > 0
            && self.x as u32 + self.width as u32 <= size.width as u32
            && self.y as u32 + self.height as u32 <= size.height as u32
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)
    }
}
