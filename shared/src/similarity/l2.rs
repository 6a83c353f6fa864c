//! The squared difference of two pixels, `((a - b) / 255)^2` in Q24, rounded to the nearest.
//!
//! It knows single pixels only.

/// Writes a row of the map.
pub(super) fn row(a: &[u8], b: &[u8], out: &mut [u32]) {
    for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
        *out = difference(a, b);
    }
}

/// `floor(2^24 (a - b)^2 / 65025 + 1/2)`.
///
/// `2^24 = 258 * 65025 + 766`; with `(a - b)^2` at most 65025 the product with 766 is below 2^26.
fn difference(a: u8, b: u8) -> u32 {
    const WHITE: u32 = 255 * 255;
    const WHOLE: u32 = (1 << 24) / WHITE;
    const REST: u32 = (1 << 24) % WHITE;
    let distance = u32::from(a.abs_diff(b));
    let squared = distance * distance;
    WHOLE * squared + (REST * squared + WHITE / 2) / WHITE
}
