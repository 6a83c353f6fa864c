//! `1 - SSIM` with a uniform window of 7x7 pixels and the sample covariance, in Q24.
//!
//! Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
//! IEEE Transactions on Image Processing 13(4), 2004, equation 13, with the defaults of scikit-image's
//! `structural_similarity`: n = 49 pixels, K1 = 0.01, K2 = 0.03, L = 255. `docs/scoring.md` derives what is below.
//!
//! With `s = a + b` and `d = a - b + 255`, their sums over the window S and D and the sums of their squares SS and DD,
//! equation 13 becomes `1 - SSIM = 2 (P V + Q U) / ((P + Q) (U + V))` with
//!
//! | factor | integer | stands for | range |
//! |---|---|---|---|
//! | P | `2 S^2 + c1` | mean of s, squared | c1 to 1,249,062,650 |
//! | Q | `2 (D - 255 n)^2` | mean of a - b, squared | 0 to 312,250,050 |
//! | U | `2 (n SS - S^2) + c2` | variance of s | c2 to 312,670,580 |
//! | V | `2 (n DD - D^2)` | variance of a - b | 0 to 312,120,000 |
//!
//! `P + Q` is at most 1,249,062,650 and `U + V` at most 312,670,580: products below 2^59, the numerator below 2^60.
//!
//! The sums are kept, not computed anew: for each column four sums over seven rows, from row to row the entering row
//! added and the leaving one subtracted; along a row the same by columns. It does not know where the rows come from.

use super::pixel_rows::{PixelRows, SHIFT, unpack};
use crate::fixed_point::ratio;
use crate::row_window::{RowWindow, reflect_ends};

/// Pixels on each side of the centre.
pub(super) const RADIUS: u8 = 3;
/// Pixels on a side.
const SIDE: usize = 2 * RADIUS as usize + 1;
/// Pixels in a window.
const PIXELS: u32 = (SIDE * SIDE) as u32;
/// `4 n^2 (K1 L)^2 = 62450.01`, rounded.
const C1: u32 = 62_450;
/// `4 n (n - 1) (K2 L)^2 = 550579.68`, rounded.
const C2: u32 = 550_580;
/// The columns that a line has on each side beyond the image.
const REACH: usize = RADIUS as usize;

/// Sums over the rows of the window, one for each column, with [`REACH`] reflected columns on either side: of the sums
/// and shifted differences of [`PixelRows`], and of their squares.
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

    /// Writes row `y` of the map, the row after that of the last call.
    pub(super) fn row(&mut self, rows: &PixelRows<'_>, window: &RowWindow, y: u16, out: &mut [u32]) {
        let reach = i32::from(RADIUS);
        if y == 0 {
            self.words.fill(0);
            for offset in -reach..=reach {
                self.enter(rows.row(window.slot(y, offset)));
            }
        } else {
            self.roll(rows.row(window.slot(y, -reach - 1)), rows.row(window.slot(y, reach)));
        }
        for line in self.lines() {
            reflect_ends(line, REACH);
        }
        self.slide(out);
    }

    /// One line for each of the four sums.
    fn lines(&mut self) -> [&mut [u32]; 4] {
        let length = self.words.len() / 4;
        let (s, words) = self.words.split_at_mut(length);
        let (d, words) = words.split_at_mut(length);
        let (ss, dd) = words.split_at_mut(length);
        [s, d, ss, dd]
    }

    /// Adds a row.
    fn enter(&mut self, row: &[u32]) {
        let [s, d, ss, dd] = self.lines().map(|line| &mut line[REACH..][..row.len()]);
        for (x, &word) in row.iter().enumerate() {
            let (sum, shifted) = unpack(word);
            s[x] += sum;
            d[x] += shifted;
            ss[x] += sum * sum;
            dd[x] += shifted * shifted;
        }
    }

    /// Adds a row and subtracts one that was added before.
    fn roll(&mut self, leaving: &[u32], entering: &[u32]) {
        let width = leaving.len();
        let entering = &entering[..width];
        let [s, d, ss, dd] = self.lines().map(|line| &mut line[REACH..][..width]);
        for x in 0..width {
            let ((sum, shifted), (old_sum, old_shifted)) = (unpack(entering[x]), unpack(leaving[x]));
            s[x] = s[x] + sum - old_sum;
            d[x] = d[x] + shifted - old_shifted;
            ss[x] = ss[x] + sum * sum - old_sum * old_sum;
            dd[x] = dd[x] + shifted * shifted - old_shifted * old_shifted;
        }
    }

    /// Slides the window along the columns and writes the difference of every position.
    fn slide(&mut self, out: &mut [u32]) {
        let lines = self.lines().map(|line| &*line);
        let [mut s, mut d, mut ss, mut dd] = lines.map(|line| line[..SIDE - 1].iter().sum::<u32>());
        let [of_s, of_d, of_ss, of_dd] = lines.map(|line| line.array_windows::<SIDE>());
        for (out, ((in_s, in_d), (in_ss, in_dd))) in out.iter_mut().zip(of_s.zip(of_d).zip(of_ss.zip(of_dd))) {
            s += in_s[SIDE - 1];
            d += in_d[SIDE - 1];
            ss += in_ss[SIDE - 1];
            dd += in_dd[SIDE - 1];
            *out = difference(s, d, ss, dd);
            s -= in_s[0];
            d -= in_d[0];
            ss -= in_ss[0];
            dd -= in_dd[0];
        }
    }
}

/// `1 - SSIM` from the sums over a window: of `s = a + b`, of `d = a - b + 255`, and of the squares of both.
fn difference(s: u32, d: u32, ss: u32, dd: u32) -> u32 {
    // Without the shift the sum of the differences may be negative; its square is not. The variance knows no shift.
    let unshifted = d.wrapping_sub(u32::from(SHIFT) * PIXELS);
    let (s_squared, d_squared) = (s * s, d * d);
    let (p, q) = (2 * s_squared + C1, 2 * unshifted.wrapping_mul(unshifted));
    let (u, v) = (2 * (PIXELS * ss - s_squared) + C2, 2 * (PIXELS * dd - d_squared));
    let product = |left: u32, right: u32| u64::from(left) * u64::from(right);
    ratio(2 * (product(p, v) + product(q, u)), product(p + q, u + v))
}
