//! Spoilt pictures: a buffer of 8-bit luma and what is made of a frame in it.

use shared::image::{FrameView, PixelFormat, Size};

use crate::camera::CaptureError;

/// Pixels on each side of the mean.
const RADIUS: usize = 8;

/// A picture; without one until something was put into it.
#[derive(Debug)]
pub(super) struct Luma {
    pixels: Vec<u8>,
    size: Size,
    work: Vec<u8>,
}

impl Default for Luma {
    fn default() -> Self {
        Self { pixels: Vec::new(), size: Size::new(0, 0), work: Vec::new() }
    }
}

impl Luma {
    /// Takes the picture of `frame`.
    pub(super) fn copy(&mut self, frame: &FrameView<'_>) -> Result<(), CaptureError> {
        self.size = frame.size();
        self.pixels.resize(self.size.area(), 0);
        for (y, row) in (0..).zip(self.pixels.chunks_exact_mut(usize::from(self.size.width))) {
            frame.luma_row(y, 0, row)?;
        }
        Ok(())
    }

    pub(super) fn view(&self) -> Result<FrameView<'_>, CaptureError> {
        Ok(FrameView::new(&self.pixels, self.size, usize::from(self.size.width), PixelFormat::Gray8)?)
    }

    /// The upper half.
    pub(super) fn half(&mut self, frame: &FrameView<'_>) -> Result<FrameView<'_>, CaptureError> {
        self.copy(frame)?;
        self.size.height /= 2;
        self.view()
    }

    /// All but the last pixel, as which it is no picture.
    pub(super) fn truncated(&mut self, frame: &FrameView<'_>) -> Result<FrameView<'_>, CaptureError> {
        self.copy(frame)?;
        self.pixels.pop();
        self.view()
    }

    /// Every pixel the same.
    pub(super) fn filled(&mut self, frame: &FrameView<'_>, level: u8) -> Result<FrameView<'_>, CaptureError> {
        self.size = frame.size();
        self.pixels.clear();
        self.pixels.resize(self.size.area(), level);
        self.view()
    }

    /// The mean of the pixels at most [`RADIUS`] away in rows and columns, as far as they are in the picture.
    pub(super) fn blurred(&mut self, frame: &FrameView<'_>) -> Result<FrameView<'_>, CaptureError> {
        self.copy(frame)?;
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        self.work.resize(width.max(height), 0);
        for y in 0..height {
            self.mean_along(y * width, 1, width);
        }
        for x in 0..width {
            self.mean_along(x, width, height);
        }
        self.view()
    }

    /// Replaces `count` pixels, `step` apart from `start` on, by their running means.
    fn mean_along(&mut self, start: usize, step: usize, count: usize) {
        let Self { pixels, work, .. } = self;
        for (index, pixel) in work[..count].iter_mut().enumerate() {
            *pixel = pixels[start + index * step];
        }
        let mut sum: u32 = work[..count.min(RADIUS)].iter().map(|&pixel| u32::from(pixel)).sum();
        for index in 0..count {
            sum += work[..count].get(index + RADIUS).map_or(0, |&pixel| u32::from(pixel));
            let first = index.saturating_sub(RADIUS);
            let summed = (index + RADIUS + 1).min(count) - first;
            pixels[start + index * step] = (sum / summed as u32) as u8;
            if index >= RADIUS {
                sum -= u32::from(work[index - RADIUS]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    #[test]
    fn a_blurred_pixel_is_the_mean_of_those_around_it() {
        let size = Size::new(40, 30);
        let mut pixels = vec![0; size.area()];
        // Alone, but in the window of the corner.
        pixels[3 * 40 + 5] = 255;
        let frame = Frame::new(pixels, size, PixelFormat::Gray8).unwrap();
        let mut luma = Luma::default();
        let blurred = luma.blurred(&frame.view().unwrap()).unwrap();
        // The mean of 9 pixels along rows, then of 9 along columns, each rounded down.
        assert_eq!(blurred.row(0)[0], 255 / 9 / 9);
        assert_eq!(blurred.row(29)[39], 0);
        let flat = Frame::new(vec![200; size.area()], size, PixelFormat::Gray8).unwrap();
        let blurred = luma.blurred(&flat.view().unwrap()).unwrap();
        assert!((0..30).all(|y| blurred.row(y).iter().all(|&pixel| pixel == 200)));
    }
}
