//! The squared difference of two pixels, `((a - b) / 255)^2` in Q24, rounded to the nearest.
//!
//! It knows single pixels only.

use crate::fixed_point::ratio;
use crate::image::GrayView;

/// Writes the map of two images of the same size, row by row.
pub(super) fn map(a: GrayView<'_>, b: GrayView<'_>, map: &mut [u32]) {
    let pixels = a.rows().flatten().zip(b.rows().flatten());
    for (difference, (&a, &b)) in map.iter_mut().zip(pixels) {
        *difference = l2(a, b);
    }
}

/// `(a - b)^2 / 255^2`: numerator and denominator are at most 65025, and the result at most 1.0.
fn l2(a: u8, b: u8) -> u32 {
    let distance = u64::from(a.abs_diff(b));
    ratio(distance * distance, 255 * 255)
}
