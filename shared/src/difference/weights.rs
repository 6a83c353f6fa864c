//! How much each pixel of a picture counts, by margin and mask together.
//!
//! Weights are 0 to 255 in units of 1/255, maps are in Q24. A score takes the weights row by row; this is for whoever shows
//! or measures a whole map as it is scored.

use super::margin::{FULL, Margin};
use super::pooling::weighted;
use super::reference::Mask;
use crate::image::Size;

/// The weights of the pixels of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights<'a> {
    /// How much less pixels near the edges count.
    pub margin: Margin,
    /// The weights that are stored, for an image that has the picture at its top left.
    pub mask: Option<Mask<&'a [u8]>>,
}

impl Weights<'_> {
    /// Whether every pixel counts in full.
    pub const fn are_full(&self) -> bool {
        self.margin.is_none() && self.mask.is_none()
    }

    /// The weight of the pixel in column `x` and row `y` of a picture of `size`, which holds it and lies in the mask.
    pub fn of(&self, x: u16, y: u16, size: Size) -> u8 {
        let margin = self.margin.of(x, y, size);
        self.mask.as_ref().map_or(margin, |mask| both(margin, mask.row(y)[usize::from(x)]))
    }

    /// Gives every pixel of a map of a picture of `size`, packed and in Q24, its weight: the values that are pooled.
    pub fn apply(&self, map: &mut [u32], size: Size) {
        if self.are_full() || size.width == 0 {
            return;
        }
        for (y, row) in (0..size.height).zip(map.chunks_exact_mut(size.width.into())) {
            for (x, value) in (0..size.width).zip(row) {
                *value = weighted((*value, self.of(x, y, size)));
            }
        }
    }
}

/// The weight of a pixel with two weights: their product. No weight becomes none by it.
pub(super) fn both(a: u8, b: u8) -> u8 {
    let product = u16::from(a) * u16::from(b);
    (product / u16::from(FULL)).max(u16::from(product > 0)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_with_its_weights() {
        let (size, margin) = (Size::new(5, 3), Margin { width: 2, weight: 155 });
        let mut map = [255; 15];
        Weights { margin, mask: None }.apply(&mut map, size);
        assert_eq!(map, [155, 155, 155, 155, 155, 155, 205, 205, 205, 155, 155, 155, 155, 155, 155]);
        Weights { margin: Margin::NONE, mask: None }.apply(&mut map, size);
        assert_eq!(map[6], 205);
    }

    #[test]
    fn a_mask_is_of_the_image_and_a_map_of_the_picture_in_it() {
        // An image of 3x2 with a picture of 2x2.
        let bytes = [3, 0, 2, 0, 255, 51, 0, 0, 1, 255];
        let mask = Some(Mask::read(&bytes[..]).unwrap());
        let mut map = [100; 4];
        Weights { margin: Margin::NONE, mask }.apply(&mut map, Size::new(2, 2));
        assert_eq!(map, [100, 20, 0, 0]);
        let faint = Weights { margin: Margin { width: 1, weight: 1 }, mask };
        assert_eq!([(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| faint.of(x, y, Size::new(2, 2))), [1, 1, 0, 1]);
    }
}
