//! `1 - SSIM` with a Gaussian window of 11x11 pixels, sigma 1.5, in Q24.
//!
//! Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
//! IEEE Transactions on Image Processing 13(4), 2004, equation 13, with the window of that paper (and of TensorFlow's
//! `tf.image.ssim`): K1 = 0.01, K2 = 0.03, L = 255. `docs/scoring.md` derives what is below.
//!
//! The window is separable. Its weights are integers with the sum T = 3,624,145, which was searched for: no weight is
//! further from the real one than 4e-7 of itself. With `s = a + b`, `d = a - b` and the weighted sums over the window
//! S of s, D of d, SS of s^2 and DD of d^2 (their scale is T^2), equation 13 becomes
//! `1 - SSIM = 2 (P V + Q U) / ((P + Q) (U + V))` with
//!
//! | factor | stands for | |
//! |---|---|---|
//! | P | mean of s, squared | `S^2 + 2 C1 T^4` |
//! | Q | mean of d, squared | `D^2` |
//! | U | variance of s | `T^2 SS - S^2 + 2 C2 T^4` |
//! | V | variance of d | `T^2 DD - D^2` |
//!
//! all shifted right by 44 bits. Then P and Q together, and U and V together, are shifted until both sums fit in 30 bits.
//! It does not know where the rows come from.

use super::pixel_rows::{PixelRows, SHIFT, unpack};
use crate::fixed_point::ratio;
use crate::row_window::{RowWindow, reflect_ends};

/// Pixels on each side of the centre.
pub(super) const RADIUS: u8 = 5;
const REACH: usize = RADIUS as usize;
/// Pixels on a side.
const SIDE: usize = 2 * REACH + 1;
/// The weights of the centre and of the pixels 1 to 5 away from it.
const WEIGHTS: [u32; REACH + 1] = [964_065, 771_963, 396_339, 130_472, 27_539, 3_727];
/// T, the sum of the weights of a row.
const TOTAL: u64 = 3_624_145;
/// T^2, the sum of the weights of a window.
const AREA: u64 = TOTAL * TOTAL;
/// Bits that the sums of squares of a column lose: two of them then fit in 32 bits.
const DROPPED: u32 = 9;
/// Bits that the four factors lose: the greatest, P + Q, then fits in 62 bits.
const SCALE: u32 = 44;
/// Bits of P + Q and U + V in the end, so that the denominator fits in 60.
const FACTOR_BITS: u32 = 30;
/// `2 (K1 L)^2 = 13.005`, in the scale of the factors.
const C1: u64 = constant(13_005);
/// `2 (K2 L)^2 = 117.045`, in the scale of the factors.
const C2: u64 = constant(117_045);
/// Windows that are filtered at once, in memory on the stack.
const BLOCK: usize = 32;

/// `thousandths / 1000 T^4 / 2^44`, rounded.
const fn constant(thousandths: u128) -> u64 {
    let (area, divisor) = (AREA as u128, 1000 << SCALE);
    // T^4 is below 2^88, the product below 2^105.
    ((thousandths * area * area + divisor / 2) / divisor) as u64
}

/// Weighted sums over the rows of the window, one for each column, with [`REACH`] reflected columns on either side.
#[derive(Debug)]
pub(super) struct Columns<'m> {
    words: &'m mut [u32],
}

impl<'m> Columns<'m> {
    /// The words for images of `width` columns.
    pub(super) const fn len(width: u16) -> usize {
        4 * (width as usize + 2 * REACH)
    }

    /// Columns in `words`, of [`len`](Self::len) words.
    pub(super) fn new(words: &'m mut [u32]) -> Self {
        Self { words }
    }

    /// Writes row `y` of the map.
    pub(super) fn row(&mut self, rows: &PixelRows<'_>, window: &RowWindow, y: u16, out: &mut [u32]) {
        let rows = core::array::from_fn(|index| rows.row(window.slot(y, index as i32 - i32::from(RADIUS))));
        let length = self.words.len() / 4;
        let (sums, words) = self.words.split_at_mut(length);
        let (shifted, words) = words.split_at_mut(length);
        let (sums_squared, differences_squared) = words.split_at_mut(length);
        let mut lines = [sums, shifted, sums_squared, differences_squared];
        filter_columns(rows, lines.each_mut().map(|line| &mut line[REACH..length - REACH]));
        for line in &mut lines {
            reflect_ends(line, REACH);
        }
        let lines = lines.map(|line| &*line);
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [[0; BLOCK]; 4];
            for (sums, line) in sums.iter_mut().zip(lines) {
                filter_row(&line[block * BLOCK..][..out.len() + 2 * REACH], &mut sums[..out.len()]);
            }
            for (x, out) in out.iter_mut().enumerate() {
                *out = difference([sums[0][x], sums[1][x], sums[2][x], sums[3][x]]);
            }
        }
    }
}

/// What a pair of pixels adds to the four sums.
#[derive(Clone, Copy, Debug)]
struct Moments {
    /// `a + b`, at most 510.
    sum: u32,
    /// `a - b + 255`, at most 510.
    shifted: u32,
    /// `(a + b)^2`, at most 510^2.
    sum_squared: u32,
    /// `(a - b)^2`, at most 255^2, and zero for images that are alike, whatever is rounded.
    difference_squared: u32,
}

impl Moments {
    fn of(word: u32) -> Self {
        let (sum, shifted) = unpack(word);
        let difference = shifted.abs_diff(SHIFT.into());
        Self { sum, shifted, sum_squared: sum * sum, difference_squared: difference * difference }
    }
}

/// The weighted sums of the four moments over the rows, for each column.
///
/// A sum of `s` or `d + 255` is at most `510 T`, below 2^31. One of squares is at most `510^2 T`, below 2^40; rounded to
/// a multiple of 2^9 it is below 2^31.
fn filter_columns(rows: [&[u32]; SIDE], lines: [&mut [u32]; 4]) {
    let [sums, shifted, sums_squared, differences_squared] = lines;
    let width = sums.len();
    let rows = rows.map(|row| &row[..width]);
    let (shifted, sums_squared) = (&mut shifted[..width], &mut sums_squared[..width]);
    let differences_squared = &mut differences_squared[..width];
    let drop = |sum: u64| ((sum + (1 << (DROPPED - 1))) >> DROPPED) as u32;
    let wide = |value: u32, weight: u32| u64::from(value) * u64::from(weight);
    for x in 0..width {
        let centre = Moments::of(rows[REACH][x]);
        let mut total = (centre.sum * WEIGHTS[0], centre.shifted * WEIGHTS[0]);
        let mut squared = (wide(centre.sum_squared, WEIGHTS[0]), wide(centre.difference_squared, WEIGHTS[0]));
        for (step, &weight) in WEIGHTS.iter().enumerate().skip(1) {
            let (above, below) = (Moments::of(rows[REACH - step][x]), Moments::of(rows[REACH + step][x]));
            total.0 += (above.sum + below.sum) * weight;
            total.1 += (above.shifted + below.shifted) * weight;
            squared.0 += wide(above.sum_squared + below.sum_squared, weight);
            squared.1 += wide(above.difference_squared + below.difference_squared, weight);
        }
        (sums[x], shifted[x]) = total;
        (sums_squared[x], differences_squared[x]) = (drop(squared.0), drop(squared.1));
    }
}

/// The weighted sums along a row: `sums[x]` from `line[x..=x + 2 * REACH]`, at most 2^31 T. Two columns fit in 32 bits.
fn filter_row(line: &[u32], sums: &mut [u64]) {
    let width = sums.len();
    let taps: [&[u32]; SIDE] = core::array::from_fn(|tap| &line[tap..][..width]);
    for (x, sum) in sums.iter_mut().enumerate() {
        let mut total = u64::from(taps[REACH][x]) * u64::from(WEIGHTS[0]);
        for (step, &weight) in WEIGHTS.iter().enumerate().skip(1) {
            total += u64::from(taps[REACH - step][x] + taps[REACH + step][x]) * u64::from(weight);
        }
        *sum = total;
    }
}

/// `1 - SSIM` from the four weighted sums of a window: of `a + b`, of `a - b + 255`, and of both squares over 2^9.
fn difference([sum, shifted, sum_squared, difference_squared]: [u64; 4]) -> u32 {
    let difference = shifted.abs_diff(u64::from(SHIFT) * AREA);
    let square = |value: u64| u128::from(value) * u128::from(value);
    let scaled = |value: u128| (value >> SCALE) as u64;
    // At least zero but for the rounding of the squares.
    let variance = |squared: u64, sum: u64| {
        scaled((u128::from(squared << DROPPED) * u128::from(AREA)).saturating_sub(square(sum)))
    };
    let (p, q) = (scaled(square(sum)) + C1, scaled(square(difference)));
    let (u, v) = (variance(sum_squared, sum) + C2, variance(difference_squared, difference));
    let excess = |bound: u64| (u64::BITS - FACTOR_BITS).saturating_sub(bound.leading_zeros());
    let (means, variances) = (excess(p + q), excess(u + v));
    let (p, q, u, v) = (p >> means, q >> means, u >> variances, v >> variances);
    ratio(2 * (p * v + q * u), (p + q) * (u + v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_the_gaussian() {
        assert_eq!(TOTAL, u64::from(WEIGHTS[0] + 2 * WEIGHTS[1..].iter().sum::<u32>()));
        let gaussian = |step: usize| (-((step * step) as f64) / (2.0 * 1.5 * 1.5)).exp();
        let total: f64 = gaussian(0) + 2.0 * (1..=REACH).map(gaussian).sum::<f64>();
        for (step, &weight) in WEIGHTS.iter().enumerate() {
            let (found, expected) = (f64::from(weight) / TOTAL as f64, gaussian(step) / total);
            assert!((found / expected - 1.0).abs() < 4e-7, "weight {step}: {found}, expected {expected}");
        }
    }

    #[test]
    fn the_constants_are_those_of_the_paper() {
        let scale = (TOTAL as f64).powi(4) / 2_f64.powi(SCALE as i32);
        for (found, expected) in [(C1, 2.0 * (0.01_f64 * 255.0).powi(2)), (C2, 2.0 * (0.03_f64 * 255.0).powi(2))] {
            assert!((found as f64 / (expected * scale) - 1.0).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn the_greatest_sums_fit() {
        // Every pixel of both images white, or of one white and of the other black.
        for (sum, shifted) in [(510, 255), (255, 0), (255, 510)] {
            let word = sum | shifted << 17;
            let row = [word; 40];
            let rows = [&row[..]; SIDE];
            let mut lines = [[0; 50]; 4];
            filter_columns(rows, lines.each_mut().map(|line| &mut line[REACH..45]));
            for line in &mut lines {
                reflect_ends(line, REACH);
            }
            let mut sums = [[0; 40]; 4];
            for (sums, line) in sums.iter_mut().zip(&lines) {
                filter_row(line, sums);
            }
            let (sum, d) = (u64::from(sum), u64::from(shifted).abs_diff(255));
            assert!(sums[0].iter().all(|&found| found == sum * AREA));
            assert!(sums[1].iter().all(|&found| found == u64::from(shifted) * AREA));
            for (found, expected) in [(sums[2][7], sum * sum * AREA), (sums[3][7], d * d * AREA)] {
                assert!((found << DROPPED).abs_diff(expected) <= TOTAL << (DROPPED - 1));
            }
        }
    }
}
