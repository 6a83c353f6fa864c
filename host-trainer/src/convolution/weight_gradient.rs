//! The gradient of a loss by the weights: for every weight, the sum over all windows of the number that it multiplies
//! in the fine image times the gradient (or value) at the window's place in the coarse map.
//!
//! Tasks share out the weights, never the windows: each sum has one order, whatever the number of threads.

#![expect(clippy::needless_range_loop, reason = "only constant indices keep the sums in registers")]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::buffer::{Buffer, Padded};
use super::windows::Windows;
use crate::vectors::Vectors;

/// Numbers of a line of the window in one task.
const LINES_PER_TASK: usize = 32;
/// Windows, about, whose numbers stay in the cache while all sums of a task go over them.
const WINDOWS_PER_BLOCK: usize = 512;

/// The gradient as `[row of the kernel, column of the kernel, fine channel, coarse channel]`.
///
/// `fine` has the windows' padding before it.
pub(super) fn weight_gradient(vectors: Vectors, windows: &Windows, fine: &Padded, coarse: &Padded) -> Buffer {
    let run = windows.spacing.kernel * fine.extent.channels;
    let channels = coarse.extent.channels;
    let mut gradient = Buffer::zeros(windows.spacing.kernel * run * channels);
    let lines = gradient.as_mut_slice().par_chunks_mut(run * channels).enumerate();
    lines.for_each(|(line, sums)| {
        sums.par_chunks_mut(LINES_PER_TASK * channels).enumerate().for_each(|(task, sums)| {
            vectors.run(Sums { windows, fine, coarse, line, first: task * LINES_PER_TASK, sums });
        });
    });
    gradient
}

/// Some numbers of one line of the window, times all coarse channels.
struct Sums<'a> {
    windows: &'a Windows,
    fine: &'a Padded,
    coarse: &'a Padded,
    /// Row of the kernel.
    line: usize,
    /// First number of that row.
    first: usize,
    /// `[number, coarse channel]`
    sums: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.coarse.extent.channels;
        let rows = self.windows.coarse.batch * self.windows.coarse.height;
        let rows_per_block = WINDOWS_PER_BLOCK.div_ceil(self.windows.coarse.width);
        for start in (0..rows).step_by(rows_per_block) {
            let block = start..rows.min(start + rows_per_block);
            let mut channel = 0;
            while channel < channels {
                let left = channels - channel;
                if left >= 2 * S::F32_LANES {
                    self.columns::<S, 2, false>(simd, block.clone(), channel);
                    channel += 2 * S::F32_LANES;
                } else if left >= S::F32_LANES {
                    self.columns::<S, 1, false>(simd, block.clone(), channel);
                    channel += S::F32_LANES;
                } else {
                    self.columns::<S, 1, true>(simd, block.clone(), channel);
                    channel = channels;
                }
            }
        }
    }
}

impl Sums<'_> {
    /// All numbers times `V` vectors of channels, the last of them cut off if `PARTIAL`.
    #[inline(always)]
    fn columns<S: Simd, const V: usize, const PARTIAL: bool>(
        &mut self,
        simd: S,
        rows: std::ops::Range<usize>,
        channel: usize,
    ) {
        let count = self.sums.len() / self.coarse.extent.channels;
        let mut number = 0;
        while number < count {
            number += match count - number {
                8.. if S::REGISTER_COUNT >= 32 => self.tile::<S, 8, V, PARTIAL>(simd, rows.clone(), number, channel),
                4.. => self.tile::<S, 4, V, PARTIAL>(simd, rows.clone(), number, channel),
                2.. => self.tile::<S, 2, V, PARTIAL>(simd, rows.clone(), number, channel),
                _ => self.tile::<S, 1, V, PARTIAL>(simd, rows.clone(), number, channel),
            };
        }
    }

    /// `TILE` numbers times `V` vectors of channels; returns `TILE`.
    #[inline(always)]
    fn tile<S: Simd, const TILE: usize, const V: usize, const PARTIAL: bool>(
        &mut self,
        simd: S,
        rows: std::ops::Range<usize>,
        number: usize,
        channel: usize,
    ) -> usize {
        let (fine, coarse, windows) = (self.fine.extent, self.coarse.extent, self.windows);
        let stride = windows.spacing.stride;
        let width = if PARTIAL { coarse.channels - channel } else { V * S::F32_LANES };
        let position = |i: usize| (number + i) * coarse.channels + channel;
        let mut sums = [[simd.splat_f32s(0.0); V]; TILE];
        for row in rows {
            let (image, row) = (row / windows.coarse.height, row % windows.coarse.height);
            let (values, factors) = (self.fine.images[image].as_slice(), self.coarse.images[image].as_slice());
            let mut from = (row * stride + self.line) * fine.width * fine.channels + self.first + number;
            let mut factor = (row + self.coarse.before) * coarse.width + self.coarse.before;
            factor = factor * coarse.channels + channel;
            for _ in 0..windows.coarse.width {
                let numbers = &values[from..from + TILE];
                let line = &factors[factor..factor + width];
                let mut factors = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    factors[v] = load::<S, PARTIAL>(simd, line, v);
                }
                for i in 0..TILE {
                    let x = simd.splat_f32s(numbers[i]);
                    for v in 0..V {
                        sums[i][v] = simd.mul_add_f32s(x, factors[v], sums[i][v]);
                    }
                }
                from += stride * fine.channels;
                factor += coarse.channels;
            }
        }
        for i in 0..TILE {
            let to = &mut self.sums[position(i)..][..width];
            for v in 0..V {
                let sum = simd.add_f32s(load::<S, PARTIAL>(simd, to, v), sums[i][v]);
                if PARTIAL {
                    simd.partial_store_f32s(to, sum);
                } else {
                    S::as_mut_simd_f32s(to).0[v] = sum;
                }
            }
        }
        TILE
    }
}

/// Vector number `v` of a line; if `PARTIAL`, the line is shorter than a vector.
#[inline(always)]
fn load<S: Simd, const PARTIAL: bool>(simd: S, line: &[f32], v: usize) -> S::f32s {
    if PARTIAL { simd.partial_load_f32s(line) } else { S::as_simd_f32s(line).0[v] }
}
