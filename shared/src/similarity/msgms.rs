//! One minus the multi-scale gradient magnitude similarity (MSGMS), in Q24.
//!
//! Gradient magnitudes of both images are compared where SSIM compares windows: Xue, Zhang, Mou and Bovik, "Gradient
//! magnitude similarity deviation: a highly efficient perceptual image quality index", IEEE Transactions on Image
//! Processing 23(2), 2014, equations 1 to 4 (Prewitt's operator, T = 170 for gray values up to 255). Several scales of
//! it find defects in reconstructions: Zavrtanik, Kristan and Skocaj, "Reconstruction by inpainting for visual anomaly
//! detection", Pattern Recognition 112, 2021, equations 4 to 6.
//!
//! Level 0 is the image; a pixel of the next level is the sum of 2x2 of the one before, so that nothing is rounded. With
//! the squared gradients A and B of both images at a pixel of level l, which are 9 * 16^l times those of the papers, the
//! level's map is `(sqrt(A) - sqrt(B))^2 / (A + B + 1530 * 16^l)`, and in a form in which nothing cancels
//! `(A - B)^2 / ((A + B + 2 sqrt(A B)) (A + B + 1530 * 16^l))`. The maps are enlarged to the image's size (bilinear, pixel
//! centres on pixel centres) and averaged.
//!
//! | quantity | of level 0, 1, 2 | at most |
//! |---|---|---|
//! | pixel | sums of 1, 4, 16 gray values | 4,080 |
//! | sum of three pixels | | 12,240, below 2^14 |
//! | A, B | `gx^2 + gy^2` | 2 * 12,240^2 < 2^28.2 |
//! | `A B 2^2f` | for a root with f = 8, 4, 0 bits of fraction | 2^56.4 |
//! | numerator, denominator | both scaled by 2^f | 2^57, 2^60 |
//!
//! Rows go in one by one; a row of the map is complete [`REACH`] rows later. It does not know where the rows come from.

use crate::fixed_point::{ratio, root};

/// Rows below a row of the map that it depends on, and columns to its right; as many above and to its left.
pub(super) const REACH: u8 = 9;

/// Scales: 1, 1/2, 1/4.
const LEVELS: usize = 3;
/// Rows of pixels that a level keeps: those of Prewitt's window, or two and the one that is being summed.
const WINDOW: usize = 3;
/// Rows of its map that a level keeps. Row `y` of the whole is asked for after row `y + REACH` of the image arrived, and
/// the last rows of all levels come at once: that many are waiting then, the rows of the enlargement included.
const WAITING: [usize; LEVELS] = [10, 6, 4];
/// `9 T` with T = 170 of Xue et al. 2014: Prewitt's sums of three, not divided by three, squared.
const STABILITY: u32 = 9 * 170;
/// Pixels that are computed at once, in memory on the stack.
const BLOCK: usize = 32;
/// Bits that the first image's pixel is shifted by in a word; the second image's is below them.
const HALF: u32 = 16;

/// The maps of all levels in the making.
#[derive(Debug)]
pub(super) struct Pyramid<'m> {
    levels: [Level<'m>; LEVELS],
}

/// One scale of both images.
#[derive(Debug)]
struct Level<'m> {
    /// `WINDOW` rows, both images in one word.
    pixels: &'m mut [u32],
    /// `WAITING` rows of the map.
    map: &'m mut [u32],
    width: usize,
    height: usize,
    /// Rows that are complete.
    arrived: usize,
    index: usize,
}

impl<'m> Pyramid<'m> {
    /// The words for images of `width` columns.
    pub(super) const fn len(width: u16) -> usize {
        let mut words = 0;
        let mut level = 0;
        while level < LEVELS {
            words += (WINDOW + WAITING[level]) * shrunk(width, level);
            level += 1;
        }
        words
    }

    /// Nothing yet, in `words` of [`len`](Self::len) words.
    pub(super) fn new(words: &'m mut [u32], width: u16, height: u16) -> Self {
        let mut rest = words;
        let levels = core::array::from_fn(|index| {
            let (width, height) = (shrunk(width, index), shrunk(height, index));
            let (pixels, after) = core::mem::take(&mut rest).split_at_mut(WINDOW * width);
            let (map, after) = after.split_at_mut(WAITING[index] * width);
            rest = after;
            Level { pixels, map, width, height, arrived: 0, index }
        });
        Self { levels }
    }

    /// Takes the next row of both images.
    pub(super) fn push(&mut self, a: &[u8], b: &[u8]) {
        let [first, rest @ ..] = &mut self.levels;
        for (word, (&a, &b)) in first.entering().iter_mut().zip(a.iter().zip(b)) {
            *word = u32::from(a) << HALF | u32::from(b);
        }
        first.enter();
        let mut finer = first;
        for coarser in rest {
            // The last of an odd number of rows is its own neighbour.
            let row = finer.arrived - 1;
            if row % 2 == 0 && finer.arrived < finer.height {
                return;
            }
            let (above, below) = (finer.row(row & !1), finer.row(row));
            for (x, word) in coarser.entering().iter_mut().enumerate() {
                let (left, right) = (2 * x, (2 * x + 1).min(above.len() - 1));
                *word = above[left] + above[right] + below[left] + below[right];
            }
            coarser.enter();
            finer = coarser;
        }
    }

    /// Writes row `y` of the whole map, once [`REACH`] rows more or all of them have arrived.
    pub(super) fn row(&self, y: u16, out: &mut [u32]) {
        out.fill(0);
        for level in &self.levels {
            level.add(usize::from(y), out);
        }
        for value in out {
            *value = (*value + SHARES / 2) / SHARES;
        }
    }
}

/// A side of a level: half of the one before, rounded up.
const fn shrunk(side: u16, level: usize) -> usize {
    (side as usize).div_ceil(1 << level)
}

/// Shares that every level has in a pixel, `(2 * 4)^2`, so that the finest are whole.
const LEVEL_SHARES: u32 = 64;
/// Shares of all levels. As no level's value is above 2^24, their sum stays below 2^32.
const SHARES: u32 = LEVELS as u32 * LEVEL_SHARES;

impl Level<'_> {
    /// The row of pixels that arrives next.
    fn entering(&mut self) -> &mut [u32] {
        &mut self.pixels[self.arrived % WINDOW * self.width..][..self.width]
    }

    /// A row of pixels, one of the last three.
    fn row(&self, row: usize) -> &[u32] {
        &self.pixels[row % WINDOW * self.width..][..self.width]
    }

    /// Takes note of a row of pixels, and computes the rows of the map that it completes.
    fn enter(&mut self) {
        self.arrived += 1;
        if self.arrived > 1 {
            self.complete(self.arrived - 2);
        }
        if self.arrived == self.height {
            self.complete(self.height - 1);
        }
    }

    /// Computes row `y` of the map. Beyond the border the image is reflected with the edge pixel repeated.
    fn complete(&mut self, y: usize) {
        let rows = [y.saturating_sub(1), y, (y + 1).min(self.height - 1)];
        let rows = rows.map(|row| &self.pixels[row % WINDOW * self.width..][..self.width]);
        let out = &mut self.map[y % WAITING[self.index] * self.width..][..self.width];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut window = [[0; BLOCK + 2]; 3];
            for (line, row) in window.iter_mut().zip(rows) {
                spread(row, block * BLOCK, &mut line[..out.len() + 2]);
            }
            let gradients = squared_gradients(&window);
            for (x, out) in out.iter_mut().enumerate() {
                *out = dissimilarity(gradients[0][x], gradients[1][x], self.index);
            }
        }
    }

    /// Adds the level's part of row `y` of the whole map, [`LEVEL_SHARES`] times.
    fn add(&self, y: usize, out: &mut [u32]) {
        let (rows, down) = taps(y, self.index, self.height);
        let [upper, lower] = rows.map(|row| &self.map[row % WAITING[self.index] * self.width..][..self.width]);
        if self.index == 0 {
            for (out, value) in out.iter_mut().zip(upper) {
                *out += value * LEVEL_SHARES;
            }
            return;
        }
        let at = |x: usize| upper[x] * down[0] + lower[x] * down[1];
        // The weights add up to twice the scale, along either axis.
        let unit = LEVEL_SHARES >> (2 * (self.index + 1));
        for (x, out) in out.iter_mut().enumerate() {
            let ([left, right], across) = taps(x, self.index, self.width);
            *out += (at(left) * across[0] + at(right) * across[1]) * unit;
        }
    }
}

/// The two pixels of a level that a pixel of the image lies between, and their weights, which add up to twice the scale.
/// Beyond the outermost centres the edge pixel is both.
fn taps(position: usize, level: usize, side: usize) -> ([usize; 2], [u32; 2]) {
    let scale = 1 << level;
    // The distance from the centre before the first pixel's, in halves of a pixel of the image.
    let distance = 2 * position + 1 + scale;
    let (next, part) = (distance >> (level + 1), (distance & (2 * scale - 1)) as u32);
    ([next.saturating_sub(1), next.min(side - 1)], [2 * scale as u32 - part, part])
}

/// The columns from the one before `start` on, beyond the edges the edge pixel.
fn spread(row: &[u32], start: usize, out: &mut [u32]) {
    let length = out.len();
    let last = row.len() - 1;
    out[0] = row[start.saturating_sub(1)];
    out[1..length - 1].copy_from_slice(&row[start..][..length - 2]);
    out[length - 1] = row[(start + length - 2).min(last)];
}

/// The squared gradients of both images, times nine, from three rows of both. No sum of three pixels reaches the other
/// image's half of a word.
fn squared_gradients([above, row, below]: &[[u32; BLOCK + 2]; 3]) -> [[u32; BLOCK]; 2] {
    let mut squares = [[0; BLOCK]; 2];
    let column: [u32; BLOCK + 2] = core::array::from_fn(|x| above[x] + row[x] + below[x]);
    let [first, second] = &mut squares;
    for x in 0..BLOCK {
        let (left, right) = (column[x], column[x + 2]);
        let (top, bottom) = (above[x] + above[x + 1] + above[x + 2], below[x] + below[x + 1] + below[x + 2]);
        let square = |one: u32, other: u32| {
            let difference = one.abs_diff(other);
            difference * difference
        };
        let low = |word: u32| word & ((1 << HALF) - 1);
        first[x] = square(left >> HALF, right >> HALF) + square(top >> HALF, bottom >> HALF);
        second[x] = square(low(left), low(right)) + square(low(top), low(bottom));
    }
    squares
}

/// The level's map from the squared gradients of both images.
fn dissimilarity(a: u32, b: u32, level: usize) -> u32 {
    let fraction = 8 - 4 * level;
    let product = u64::from(a) * u64::from(b);
    let between = (u64::from(a + b) << fraction) + 2 * u64::from(root(product << (2 * fraction)));
    let difference = u64::from(a.abs_diff(b));
    ratio((difference * difference) << fraction, between * u64::from(a + b + (STABILITY << (4 * level))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steepest_gradients_by_hand() {
        for level in 0..LEVELS {
            let white = 255 << (2 * level);
            // The first image is white on the right and black on the left, the second white at the bottom left alone.
            let mut window = [[0; BLOCK + 2]; 3];
            for row in &mut window {
                row[2] = white << HALF;
            }
            window[2][0] = white;
            let [[a, ..], [b, ..]] = squared_gradients(&window);
            let scale = 1 << (4 * level);
            assert_eq!((a, b), (765 * 765 * scale, 2 * 255 * 255 * scale));
            // A = 585225, without a gradient in the other image: A / (A + 1530) of it.
            assert_eq!(dissimilarity(a, 0, level), ratio(585_225, 586_755));
            // (765 - 360.624)^2 / (585225 + 130050 + 1530) = 0.228123
            let found = f64::from(dissimilarity(a, b, level)) / f64::from(1_u32 << 24);
            assert!((found - 0.228_123).abs() < 1e-6, "{found}");
            // The steepest along both axes, in both images.
            let greatest = 2 * 765 * 765 * scale;
            assert_eq!((dissimilarity(greatest, greatest, level), dissimilarity(0, 0, level)), (0, 0));
            assert_eq!(dissimilarity(greatest, 0, level), ratio(1_170_450, 1_171_980));
        }
    }

    #[test]
    fn beyond_the_edges_the_edge_pixel_is_repeated() {
        let row: [u32; 5] = [1, 2, 3, 4, 5];
        let spread = |start, length: usize| {
            let mut out = [0; 7];
            spread(&row, start, &mut out[..length]);
            out
        };
        assert_eq!(spread(0, 7), [1, 1, 2, 3, 4, 5, 5]);
        assert_eq!(spread(0, 4), [1, 1, 2, 3, 0, 0, 0]);
        assert_eq!(spread(2, 5), [2, 3, 4, 5, 5, 0, 0]);
    }

    #[test]
    fn taps_are_those_of_bilinear_enlargement() {
        assert_eq!(taps(5, 0, 9), ([5, 6], [2, 0]));
        assert_eq!(taps(8, 0, 9), ([8, 8], [2, 0]));
        assert_eq!(taps(0, 1, 5), ([0, 0], [1, 3]));
        assert_eq!(taps(3, 1, 5), ([1, 2], [3, 1]));
        assert_eq!(taps(4, 1, 5), ([1, 2], [1, 3]));
        assert_eq!(taps(9, 1, 5), ([4, 4], [3, 1]));
        assert_eq!(taps(6, 2, 3), ([1, 2], [7, 1]));
        assert_eq!(taps(9, 2, 3), ([1, 2], [1, 7]));
        for level in 0..LEVELS {
            for position in 0..40 {
                let ([first, second], [before, after]) = taps(position, level, 1000);
                let scale = f64::from(1 << level);
                let found = (first as f64 * f64::from(before) + second as f64 * f64::from(after)) / (2.0 * scale);
                let expected = ((position as f64 + 0.5) / scale - 0.5).max(0.0);
                assert!((found - expected).abs() < 1e-12, "{position} at level {level}");
            }
        }
    }
}
