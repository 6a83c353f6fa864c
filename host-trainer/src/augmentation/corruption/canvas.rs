//! An image that is being damaged, and where in it.

use shared::image::Size;

/// A packed gray image, 0 to 1, to draw on.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    pub width: usize,
    pub height: usize,
    pub pixels: &'a mut [f32],
}

/// Columns and rows of a rectangle, the ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub left: usize,
    pub right: usize,
    pub top: usize,
    pub bottom: usize,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(pixels: &'a mut [f32], size: Size) -> Self {
        Self { width: size.width.into(), height: size.height.into(), pixels }
    }

    pub(super) fn shorter_side(&self) -> f64 {
        self.width.min(self.height) as f64
    }

    /// The part of a square around `(x, y)` that lies in the image; it may be empty.
    pub(super) fn around(&self, (x, y): (f64, f64), reach: f64) -> Area {
        let from = |centre: f64| (centre - reach).floor().max(0.0) as usize;
        let to = |centre: f64, side: usize| ((centre + reach).ceil().max(0.0) as usize + 1).min(side);
        let (right, bottom) = (to(x, self.width), to(y, self.height));
        Area { left: from(x).min(right), right, top: from(y).min(bottom), bottom }
    }

    /// Replaces each pixel of `area` by `draw(x, y, before)`.
    pub(super) fn draw(&mut self, area: Area, mut draw: impl FnMut(usize, usize, f32) -> f32) {
        for y in area.top..area.bottom {
            let row = &mut self.pixels[y * self.width..][area.left..area.right];
            for (pixel, x) in row.iter_mut().zip(area.left..) {
                *pixel = draw(x, y, *pixel).clamp(0.0, 1.0);
            }
        }
    }
}
