//! How much less pixels near the edges of the picture count.
//!
//! What a network redraws at an edge it redraws from one side only, and where parts are not framed alike the edge shows
//! now this, now that: good parts differ most from their reconstruction there. Weights are 0 to 255 in units of 1/255,
//! distances in pixels of the model's input. It does not know where the picture ends.

use serde::{Deserialize, Serialize};

use super::recipe::InvalidRecipe;
use crate::image::Size;

/// The greatest width of a margin.
pub const MAX_MARGIN: u8 = 64;

/// The weight of a pixel that counts in full.
pub(super) const FULL: u8 = 255;

/// A margin along all four edges: at the edge pixels count with `weight`, `width` pixels further inside in full, and
/// between them in proportion.
///
/// Where a picture does not fill the model's input and its mirror image fills the rest, the edges are those of the
/// picture, and the mirror image does not count. Without a margin it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Margin {
    /// 1 to [`MAX_MARGIN`] pixels; 0 for no margin.
    pub width: u8,
    /// 1 to 254; 255 for no margin.
    pub weight: u8,
}

impl Margin {
    /// No margin: every pixel counts in full.
    pub const NONE: Self = Self { width: 0, weight: FULL };

    /// Whether there is none.
    pub const fn is_none(self) -> bool {
        self.width == 0
    }

    /// The weight of a pixel `distance` pixels away from the nearest edge, 0 for a pixel at the edge:
    /// `weight + floor((255 - weight) distance / width)`, and 255 from `width` on.
    pub const fn at(self, distance: u16) -> u8 {
        if distance >= self.width as u16 {
            return FULL;
        }
        let rise = (FULL - self.weight) as u16 * distance / self.width as u16;
        self.weight + rise as u8
    }

    /// The weight of the pixel in column `x` and row `y` of a picture of `size`, which holds it.
    pub const fn of(self, x: u16, y: u16, size: Size) -> u8 {
        self.at(edge_distance(x, y, size))
    }

    /// Checks the two numbers.
    ///
    /// # Errors
    ///
    /// [`InvalidRecipe::Margin`] if one of them is out of range, or says that there is a margin and the other does not.
    pub const fn validate(self) -> Result<(), InvalidRecipe> {
        let none = self.width == 0 && self.weight == FULL;
        let some = self.width >= 1 && self.width <= MAX_MARGIN && self.weight >= 1 && self.weight < FULL;
        if none || some { Ok(()) } else { Err(InvalidRecipe::Margin { width: self.width, weight: self.weight }) }
    }
}

/// The distance of the pixel in column `x` and row `y` from the nearest edge of a picture of `size`, which holds it; 0 at
/// the edge.
pub const fn edge_distance(x: u16, y: u16, size: Size) -> u16 {
    let (across, down) = (nearer(x, size.width), nearer(y, size.height));
    if across < down { across } else { down }
}

/// The distance of pixel `index` from the nearer end of a side.
pub(super) const fn nearer(index: u16, side: u16) -> u16 {
    let other = side - 1 - index;
    if index < other { index } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_rise_from_the_edge_to_the_inside() {
        let margin = Margin { width: 4, weight: 55 };
        assert_eq!([0, 1, 2, 3, 4, 5, 999].map(|distance| margin.at(distance)), [55, 105, 155, 205, 255, 255, 255]);
        let size = Size::new(20, 10);
        assert_eq!(margin.of(0, 5, size), 55);
        assert_eq!(margin.of(19, 5, size), 55);
        assert_eq!(margin.of(10, 9, size), 55);
        assert_eq!(margin.of(2, 1, size), 105, "the nearest edge counts");
        assert_eq!(margin.of(4, 5, size), 255);
        assert_eq!(Margin::NONE.of(0, 0, size), 255);
    }

    #[test]
    fn a_margin_has_both_or_none() {
        let valid = |width, weight| Margin { width, weight }.validate().is_ok();
        assert!(valid(0, 255) && valid(1, 1) && valid(64, 254));
        for (width, weight) in [(0, 254), (0, 0), (1, 255), (16, 0), (65, 100), (255, 255)] {
            assert_eq!(Margin { width, weight }.validate(), Err(InvalidRecipe::Margin { width, weight }));
        }
    }
}
