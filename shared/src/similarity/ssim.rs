//! `1 - SSIM` of two 8-bit gray images, in Q24.
//!
//! Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
//! IEEE Transactions on Image Processing 13(4), 2004, equation 13, with the defaults of scikit-image's
//! `structural_similarity`: uniform window of n = 49 pixels, sample covariance, K1 = 0.01, K2 = 0.03, L = 255.
//!
//! ```text
//! SSIM = (2 ma mb + C1) (2 cov + C2) / ((ma^2 + mb^2 + C1) (va + vb + C2)),   C1 = (K1 L)^2,   C2 = (K2 L)^2
//! ```
//!
//! With the window's sums Sa, Sb, Saa, Sbb, Sab the means are `ma = Sa / n`, the sample variances
//! `va = (n Saa - Sa^2) / (n (n - 1))`, the sample covariance `cov = (n Sab - Sa Sb) / (n (n - 1))`. Both factors
//! that hold C1 are multiplied by `4 n^2`, both that hold C2 by `4 n (n - 1)`; the ratio stays the same and all
//! four become integers:
//!
//! | factor | integer | range |
//! |---|---|---|
//! | A1 | `8 Sa Sb + c1` | c1 to 1,249,062,650, below 2^31 |
//! | B1 | `4 (Sa^2 + Sb^2) + c1` | c1 to 1,249,062,650 |
//! | A2 | `8 (n Sab - Sa Sb) + c2` | -311,569,420 to 312,670,580 |
//! | B2 | `4 (n Saa - Sa^2 + n Sbb - Sb^2) + c2` | c2 to 312,670,580, below 2^29 |
//!
//! `c1 = 62450` stands for `4 n^2 C1 = 62450.01` and `c2 = 550580` for `4 n (n - 1) C2 = 550579.68`. The greatest
//! `n Saa - Sa^2` is `255^2 * 24 * 25 = 39,015,000` (24 of 49 pixels white, the rest black).
//!
//! `1 - SSIM = (B1 B2 - A1 A2) / (B1 B2)`. Because `2 |x y| <= x^2 + y^2`, `A1 <= B1` and `|A2| <= B2`. The
//! products are below 2^59, their difference is from 0 to below `2 B1 B2 < 2^60`, and the result from 0.0 to 2.0.
//!
//! Error: a constant c that is wrong by d changes `(x + c) / (y + c)` by at most `d (y - x) / (y + c)^2`. That is at
//! most `d / (4 c)` for `x >= 0` (the factor with C1: 4e-8) and `d / (2 c)` for `x >= -y` (the factor with C2: 2.9e-7),
//! and neither factor exceeds 1, so that the result is wrong by less than 3.4e-7. The division adds little more than
//! half a unit of Q24, 3.0e-8. It does not know images, only the sums of a window.

use super::window::{self, PIXELS, Sums};
use crate::fixed_point::ratio;
use crate::image::GrayView;

/// `4 n^2 (K1 L)^2`, rounded.
const C1: u32 = 62_450;
/// `4 n (n - 1) (K2 L)^2`, rounded.
const C2: u32 = 550_580;

/// Writes the map of two images of the same size, row by row.
pub(super) fn map(a: GrayView<'_>, b: GrayView<'_>, scratch: &mut [u32], map: &mut [u32]) {
    window::for_each(a, b, scratch, map, difference);
}

/// `1 - SSIM` of one window.
fn difference(Sums { a, b, aa, bb, ab }: Sums) -> u32 {
    let luminance = 8 * a * b + C1;
    let luminance_bound = 4 * (a * a + b * b) + C1;
    let covariance = i64::from(PIXELS * ab) - i64::from(a * b);
    let structure = 8 * covariance + i64::from(C2);
    let structure_bound = 4 * (PIXELS * aa - a * a + (PIXELS * bb - b * b)) + C2;
    let denominator = u64::from(luminance_bound) * u64::from(structure_bound);
    let product = i64::from(luminance) * structure;
    ratio(denominator.saturating_add_signed(product.saturating_neg()), denominator)
}
