//! The sum of the structural similarities of two images over all windows, and its gradient, on plain numbers.
//!
//! With m the filtered images, C1 and C2 as in Wang et al. 2004, equation 13:
//! `S = A1 A2 / (B1 B2)`, `A1 = 2 m(x) m(y) + C1`, `A2 = 2 (m(xy) - m(x) m(y)) + C2`, `B1 = m(x)^2 + m(y)^2 + C1`,
//! `B2 = m(xx) - m(x)^2 + m(yy) - m(y)^2 + C2`. The gradient by x goes through m(x), m(xx) and m(xy), and through the
//! filter backwards: `m'(dS/dm(x)) + 2 x m'(dS/dm(xx)) + y m'(dS/dm(xy))`.

use pulp::{Simd, WithSimd};

use super::ssim::{Border, C1, C2, WINDOW, gaussian, mirrored};

const RADIUS: usize = WINDOW / 2;
/// Vectors that are summed side by side.
const BLOCK: usize = 4;
/// x, y, xx, yy, xy; and x, xx, xy backwards.
const MAPS: usize = 5;
const SLOPES: usize = 3;

/// Images of one size and the filter for them.
#[derive(Debug)]
pub(super) struct Similarity {
    pub height: usize,
    pub width: usize,
    border: Border,
    weights: [f32; WINDOW],
    /// For each row of pixels, the rows of windows that see it, and how much of it.
    seen_by: Vec<Vec<(usize, f32)>>,
}

impl Similarity {
    pub(super) fn new(height: usize, width: usize, border: Border) -> Self {
        let weights = gaussian().map(|weight| weight as f32);
        let mut new = Self { height, width, border, weights, seen_by: vec![Vec::new(); height] };
        for window in 0..new.windows(height) {
            for (offset, &weight) in weights.iter().enumerate() {
                let seen = &mut new.seen_by[border.pixel(window + offset, height)];
                match seen.last_mut() {
                    Some((last, sum)) if *last == window => *sum += weight,
                    _ => seen.push((window, weight)),
                }
            }
        }
        new
    }

    /// Windows along a side.
    fn windows(&self, side: usize) -> usize {
        match self.border {
            Border::Valid => side + 1 - WINDOW,
            Border::Mirrored => side,
        }
    }

    /// Windows of one image.
    pub(super) fn count(&self) -> usize {
        self.windows(self.height) * self.windows(self.width)
    }
}

/// One pair of images, `[height, width]` each.
pub(super) struct Pair<'a> {
    pub similarity: &'a Similarity,
    pub x: &'a [f32],
    pub y: &'a [f32],
    /// Receives the gradient of the sum by x.
    pub gradient: Option<&'a mut [f32]>,
}

impl WithSimd for Pair<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { similarity, x, y, gradient } = self;
        let (height, width) = (similarity.height, similarity.width);
        let (rows, columns) = (similarity.windows(height), similarity.windows(width));
        let filtered = similarity.along_rows(simd, x, y);
        let mut means = vec![0.0; MAPS * columns];
        let mut values = vec![0.0; columns];
        let mut slopes = vec![0.0; if gradient.is_some() { rows * SLOPES * columns } else { SLOPES * columns }];
        let mut sum = 0.0;
        for row in 0..rows {
            let line = |offset: usize| {
                &filtered[similarity.border.pixel(row + offset, height) * MAPS * columns..][..MAPS * columns]
            };
            let taps: [_; WINDOW] = std::array::from_fn(|offset| (line(offset), similarity.weights[offset]));
            weighted_sum(simd, &mut means, &taps);
            let slopes = match gradient {
                Some(_) => &mut slopes[row * SLOPES * columns..][..SLOPES * columns],
                None => &mut slopes[..],
            };
            compare(simd, &means, &mut values, slopes);
            sum += values.iter().map(|&value| f64::from(value)).sum::<f64>();
        }
        if let Some(gradient) = gradient {
            similarity.backwards(simd, x, y, &slopes, gradient);
        }
        sum
    }
}

impl Similarity {
    /// The five maps filtered along the rows: `[row, map, window]`.
    #[inline(always)]
    fn along_rows<S: Simd>(&self, simd: S, x: &[f32], y: &[f32]) -> Vec<f32> {
        let columns = self.windows(self.width);
        let mut filtered = vec![0.0; self.height * MAPS * columns];
        let mut wide = vec![0.0; MAPS * (columns + 2 * RADIUS)];
        let lines = x.chunks_exact(self.width).zip(y.chunks_exact(self.width));
        for ((x, y), filtered) in lines.zip(filtered.chunks_exact_mut(MAPS * columns)) {
            let wide_row = columns + 2 * RADIUS;
            let (wide_x, rest) = wide.split_at_mut(wide_row);
            let (wide_y, products) = rest.split_at_mut(wide_row);
            self.continued(x, wide_x);
            self.continued(y, wide_y);
            let (xx, rest) = products.split_at_mut(wide_row);
            let (yy, xy) = rest.split_at_mut(wide_row);
            for i in 0..wide_row {
                (xx[i], yy[i], xy[i]) = (wide_x[i] * wide_x[i], wide_y[i] * wide_y[i], wide_x[i] * wide_y[i]);
            }
            for (wide, filtered) in wide.chunks_exact(wide_row).zip(filtered.chunks_exact_mut(columns)) {
                let taps: [_; WINDOW] = std::array::from_fn(|i| (&wide[i..][..columns], self.weights[i]));
                weighted_sum(simd, filtered, &taps);
            }
        }
        filtered
    }

    /// A line with what the outermost windows see beyond its ends.
    #[inline(always)]
    fn continued(&self, line: &[f32], wide: &mut [f32]) {
        let margin = (wide.len() - line.len()) / 2;
        wide[margin..][..line.len()].copy_from_slice(line);
        for i in 0..margin {
            wide[i] = line[self.border.pixel(i, line.len())];
            let end = margin + line.len() + i;
            wide[end] = line[self.border.pixel(end, line.len())];
        }
    }

    /// The gradient by x from the gradients by the filtered maps, `[row of windows, map, window]`.
    #[inline(always)]
    fn backwards<S: Simd>(&self, simd: S, x: &[f32], y: &[f32], slopes: &[f32], gradient: &mut [f32]) {
        let columns = self.windows(self.width);
        // As far from both ends as a window reaches, zeros.
        let mut lines = vec![0.0; SLOPES * columns];
        let mut padded = vec![0.0; columns + 4 * RADIUS];
        let mut wide = vec![0.0; columns + 2 * RADIUS];
        let mut maps = vec![0.0; SLOPES * self.width];
        let rows =
            x.chunks_exact(self.width).zip(y.chunks_exact(self.width)).zip(gradient.chunks_exact_mut(self.width));
        for (((x, y), gradient), seen_by) in rows.zip(&self.seen_by) {
            let none: (&[f32], f32) = (&[], 0.0);
            let mut taps = [none; WINDOW];
            for (tap, &(row, weight)) in taps.iter_mut().zip(seen_by) {
                *tap = (&slopes[row * SLOPES * columns..][..SLOPES * columns], weight);
            }
            weighted_sum(simd, &mut lines, &taps[..seen_by.len()]);
            for (line, map) in lines.chunks_exact(columns).zip(maps.chunks_exact_mut(self.width)) {
                padded[2 * RADIUS..][..columns].copy_from_slice(line);
                let taps: [_; WINDOW] =
                    std::array::from_fn(|i| (&padded[2 * RADIUS - i..][..columns + 2 * RADIUS], self.weights[i]));
                weighted_sum(simd, &mut wide, &taps);
                self.folded(&wide, map);
            }
            let (by_x, rest) = maps.split_at(self.width);
            let (by_xx, by_xy) = rest.split_at(self.width);
            for i in 0..self.width {
                gradient[i] = by_x[i] + 2.0 * x[i] * by_xx[i] + y[i] * by_xy[i];
            }
        }
    }

    /// The reverse of [`Similarity::continued`]: what was read twice receives twice.
    #[inline(always)]
    fn folded(&self, wide: &[f32], line: &mut [f32]) {
        let margin = (wide.len() - line.len()) / 2;
        line.copy_from_slice(&wide[margin..][..line.len()]);
        for i in 0..margin {
            line[self.border.pixel(i, line.len())] += wide[i];
            let end = margin + line.len() + i;
            line[self.border.pixel(end, line.len())] += wide[end];
        }
    }
}

impl Border {
    /// The pixel that number `i` of a line as the windows see it shows.
    #[inline(always)]
    fn pixel(self, i: usize, side: usize) -> usize {
        match self {
            Self::Valid => i,
            Self::Mirrored => mirrored(i as isize - RADIUS as isize, side),
        }
    }
}

/// `out = sum of weight * line` over the taps, in their order.
#[inline(always)]
fn weighted_sum<S: Simd>(simd: S, out: &mut [f32], taps: &[(&[f32], f32)]) {
    let mut at = 0;
    for out in out.chunks_mut(BLOCK * S::F32_LANES) {
        if out.len() == BLOCK * S::F32_LANES {
            let mut sums = [simd.splat_f32s(0.0); BLOCK];
            for &(line, weight) in taps {
                let (weight, line) = (simd.splat_f32s(weight), S::as_simd_f32s(&line[at..][..out.len()]).0);
                for v in 0..BLOCK {
                    sums[v] = simd.mul_add_f32s(weight, line[v], sums[v]);
                }
            }
            S::as_mut_simd_f32s(out).0.copy_from_slice(&sums);
        } else {
            for (v, out) in out.chunks_mut(S::F32_LANES).enumerate() {
                let mut sum = simd.splat_f32s(0.0);
                for &(line, weight) in taps {
                    let line = simd.partial_load_f32s(&line[at + v * S::F32_LANES..][..out.len()]);
                    sum = simd.mul_add_f32s(simd.splat_f32s(weight), line, sum);
                }
                simd.partial_store_f32s(out, sum);
            }
        }
        at += BLOCK * S::F32_LANES;
    }
}

/// Similarities of one row of windows, and their slopes by m(x), m(xx) and m(xy).
#[inline(always)]
fn compare<S: Simd>(simd: S, means: &[f32], values: &mut [f32], slopes: &mut [f32]) {
    let columns = values.len();
    let two = simd.splat_f32s(2.0);
    let (c1, c2) = (simd.splat_f32s(C1), simd.splat_f32s(C2));
    for (v, values) in values.chunks_mut(S::F32_LANES).enumerate() {
        let at = v * S::F32_LANES;
        let mean = |map: usize| simd.partial_load_f32s(&means[map * columns + at..][..values.len()]);
        let (x, y, xx, yy, xy) = (mean(0), mean(1), mean(2), mean(3), mean(4));
        let (x_x, y_y, x_y) = (simd.mul_f32s(x, x), simd.mul_f32s(y, y), simd.mul_f32s(x, y));
        let a1 = simd.mul_add_f32s(two, x_y, c1);
        let a2 = simd.mul_add_f32s(two, simd.sub_f32s(xy, x_y), c2);
        let b1 = simd.add_f32s(simd.add_f32s(x_x, y_y), c1);
        let b2 = simd.add_f32s(simd.add_f32s(simd.sub_f32s(xx, x_x), simd.sub_f32s(yy, y_y)), c2);
        let inverse = simd.div_f32s(simd.splat_f32s(1.0), simd.mul_f32s(b1, b2));
        let value = simd.mul_f32s(simd.mul_f32s(a1, a2), inverse);
        simd.partial_store_f32s(values, value);
        let twice = simd.mul_f32s(two, inverse);
        let towards = simd.mul_f32s(y, simd.sub_f32s(a2, a1));
        let away = simd.mul_f32s(simd.mul_f32s(x, value), simd.sub_f32s(b2, b1));
        let by_x = simd.mul_f32s(twice, simd.sub_f32s(towards, away));
        let by_xx = simd.neg_f32s(simd.mul_f32s(simd.mul_f32s(value, b1), inverse));
        let by_xy = simd.mul_f32s(twice, a1);
        for (map, slope) in [by_x, by_xx, by_xy].into_iter().enumerate() {
            simd.partial_store_f32s(&mut slopes[map * columns + at..][..values.len()], slope);
        }
    }
}
