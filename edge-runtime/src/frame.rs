//! A frame that owns its pixels: what a file or a generator gives, before anything is judged. It knows nothing of
//! where it came from or when.

use shared::image::{FrameView, ImageError, PixelFormat, Size};

/// An image without gaps between its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    data: Vec<u8>,
    size: Size,
    format: PixelFormat,
}

impl Frame {
    /// Takes the pixels, row after row without gaps; 16-bit values are little-endian.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if the size is empty or too large, or `data` is shorter than the size needs.
    pub fn new(data: Vec<u8>, size: Size, format: PixelFormat) -> Result<Self, ImageError> {
        FrameView::new(&data, size, stride(size, format), format)?;
        Ok(Self { data, size, format })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// How the pixels are stored.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The pixels, row after row without gaps; 16-bit values are little-endian.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Borrows the frame for the inspection.
    ///
    /// # Errors
    ///
    /// None in practice: [`Frame::new`] checked the same conditions.
    pub fn view(&self) -> Result<FrameView<'_>, ImageError> {
        FrameView::new(&self.data, self.size, stride(self.size, self.format), self.format)
    }
}

/// Bytes from one row to the next.
fn stride(size: Size, format: PixelFormat) -> usize {
    usize::from(size.width) * format.bytes_per_pixel()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_needs_all_its_pixels() {
        let size = Size::new(4, 3);
        assert!(Frame::new(vec![0; 12], size, PixelFormat::Gray8).is_ok());
        assert!(Frame::new(vec![0; 11], size, PixelFormat::Gray8).is_err());
        assert!(Frame::new(vec![0; 24], size, PixelFormat::Gray16).is_ok());
        assert!(Frame::new(vec![0; 35], size, PixelFormat::Rgb8).is_err());
        assert!(Frame::new(Vec::new(), Size::new(0, 0), PixelFormat::Gray8).is_err());
    }
}
