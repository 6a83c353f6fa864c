//! The inner product of every window of an image with every column of a matrix of weights, plus bias, rectified.
//!
//! An image is stored pixel by pixel, so that one row of a window is one run of numbers. A tile of a few windows and a
//! few vectors of columns stays in registers while the kernel walks along these runs.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::buffer::{Buffer, Padded};
use super::panels::{Panels, VECTORS};
use super::windows::Extent;
use crate::vectors::Vectors;

/// Windows in one task, at least, so that small images don't end in tasks too small to be worth it.
const WINDOWS_PER_TASK: usize = 64;

/// Which windows of a padded image, and where their products go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Windows in one image.
    pub rows: usize,
    pub columns: usize,
    /// Height and width of a window in pixels.
    pub taps: (usize, usize),
    /// Row and column of the first window, pixels between windows.
    pub source: (usize, usize),
    pub source_step: usize,
    /// Row and column of the first result, rows and columns between results; a column has as many numbers as the
    /// panels have columns.
    pub target: (usize, usize),
    pub target_step: (usize, usize),
}

/// Bias and rectifier: `max(x + bias, leak (x + bias))`, `leak` between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<'a> {
    /// One for each column, with zeros up to the width of the last panel; none: 0.
    pub bias: Option<&'a [f32]>,
    /// 1 leaves everything as it is.
    pub leak: f32,
}

/// Computes every plan with its panels into `target` of size `extent`, image by image in parallel.
pub(super) fn compute(
    vectors: Vectors,
    source: &Padded,
    plans: &[(Plan, Panels)],
    finish: Finish<'_>,
    extent: Extent,
    target: &mut [f32],
) {
    let windows = plans.iter().map(|(plan, _)| plan.rows * plan.columns).sum::<usize>().max(1);
    let images = WINDOWS_PER_TASK.div_ceil(windows).min(extent.batch).max(1);
    let tasks = target.par_chunks_mut(images * extent.image());
    tasks.zip(source.images.par_chunks(images)).for_each(|(target, images)| {
        for (plan, panels) in plans {
            vectors.run(Products { plan, panels, finish, images, source: source.extent, extent, target });
        }
    });
}

struct Products<'a> {
    plan: &'a Plan,
    panels: &'a Panels,
    finish: Finish<'a>,
    images: &'a [Buffer],
    source: Extent,
    extent: Extent,
    target: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Accumulators, a row of the panel and one number of the image fit into the registers.
        match (self.panels.width == S::F32_LANES, S::REGISTER_COUNT >= 32) {
            (true, true) => self.tiles::<S, 8, 1>(simd),
            (true, false) => self.tiles::<S, 4, 1>(simd),
            (false, true) => self.tiles::<S, 8, VECTORS>(simd),
            (false, false) => self.tiles::<S, 4, VECTORS>(simd),
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn tiles<S: Simd, const TILE: usize, const V: usize>(self, simd: S) {
        let Self { plan, panels, finish, images, source, extent, target } = self;
        let Panels { width, rows: depth, columns, .. } = *panels;
        let (lines, run) = (plan.taps.0, plan.taps.1 * source.channels);
        let line = source.width * source.channels;
        let leak = simd.splat_f32s(finish.leak);
        let mut cursor = Cursor::default();
        let mut left = images.len() * plan.rows * plan.columns;
        while left > 0 {
            let (mut from, mut to): ([&[f32]; TILE], _) = ([&[]; TILE], [0; TILE]);
            let tile = left.min(TILE);
            for i in 0..TILE {
                from[i] = &images[cursor.image].as_slice()[plan.source_position(cursor, source)..];
                to[i] = plan.target_position(cursor, extent, columns);
                if i + 1 < tile || tile == TILE {
                    cursor.advance(plan);
                }
            }
            left -= tile;
            for panel in 0..columns.div_ceil(width) {
                let mut sums = [[simd.splat_f32s(0.0); V]; TILE];
                if let Some(bias) = finish.bias {
                    let bias = S::as_simd_f32s(&bias[panel * width..][..width]).0;
                    for sums in &mut sums {
                        sums.copy_from_slice(&bias[..V]);
                    }
                }
                let weights = &panels.buffer.as_slice()[panel * depth * width..][..depth * width];
                for (y, weights) in weights.chunks_exact((run * width).max(1)).take(lines).enumerate() {
                    let runs = from.map(|from| &from[y * line..][..run]);
                    multiply::<S, TILE, V>(simd, runs, S::as_simd_f32s(weights).0, &mut sums);
                }
                let (first, end) = (panel * width, columns.min((panel + 1) * width));
                for (sums, to) in sums.iter_mut().zip(to).take(tile) {
                    if finish.leak != 1.0 {
                        *sums = sums.map(|x| simd.max_f32s(x, simd.mul_f32s(x, leak)));
                    }
                    store(simd, &mut target[to + first..to + end], sums);
                }
            }
        }
    }
}

/// `sums[i] += runs[i][k] * weights[k]` for all k in order.
#[inline(always)]
fn multiply<S: Simd, const TILE: usize, const V: usize>(
    simd: S,
    runs: [&[f32]; TILE],
    weights: &[S::f32s],
    sums: &mut [[S::f32s; V]; TILE],
) {
    let length = weights.len() / V;
    let runs = runs.map(|run| &run[..length]);
    let mut local = *sums;
    for (k, weights) in weights.chunks_exact(V).enumerate() {
        for i in 0..TILE {
            let x = simd.splat_f32s(runs[i][k]);
            for v in 0..V {
                local[i][v] = simd.mul_add_f32s(x, weights[v], local[i][v]);
            }
        }
    }
    *sums = local;
}

#[inline(always)]
fn store<S: Simd, const V: usize>(simd: S, target: &mut [f32], values: &[S::f32s; V]) {
    for (target, value) in target.chunks_mut(S::F32_LANES).zip(values) {
        match S::as_mut_simd_f32s(target).0 {
            [whole] => *whole = *value,
            _ => simd.partial_store_f32s(target, *value),
        }
    }
}

/// One window: image, row, column.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    image: usize,
    row: usize,
    column: usize,
}

impl Cursor {
    #[inline(always)]
    fn advance(&mut self, plan: &Plan) {
        self.column += 1;
        if self.column == plan.columns {
            self.column = 0;
            self.row += 1;
            if self.row == plan.rows {
                self.row = 0;
                self.image += 1;
            }
        }
    }
}

impl Plan {
    #[inline(always)]
    fn source_position(&self, at: Cursor, extent: Extent) -> usize {
        let row = self.source.0 + at.row * self.source_step;
        let column = self.source.1 + at.column * self.source_step;
        (row * extent.width + column) * extent.channels
    }

    #[inline(always)]
    fn target_position(&self, at: Cursor, extent: Extent, columns: usize) -> usize {
        let row = self.target.0 + at.row * self.target_step.0;
        let column = self.target.1 + at.column * self.target_step.1;
        (at.image * extent.height + row) * extent.width * extent.channels + column * columns
    }
}

/// `bias` over and over for all columns, then zeros up to whole panels.
pub(super) fn padded_bias(bias: &[f32], panels: &Panels) -> Buffer {
    let mut padded = Buffer::zeros(panels.columns.div_ceil(panels.width) * panels.width);
    padded.as_mut_slice().iter_mut().zip(bias.iter().cycle()).take(panels.columns).for_each(|(p, b)| *p = *b);
    padded
}
