//! Smooth noise: random numbers on a coarse grid, interpolated between.

use rand_chacha::ChaCha8Rng;

use super::canvas::Area;
use crate::random::standard_normal;

/// Noise of mean 0 over an area, with cells of some pixels.
#[derive(Debug)]
pub(super) struct Field {
    cell: f64,
    left: usize,
    top: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Field {
    /// Noise whose cells have a side of `cell` pixels, at least 1.
    pub(super) fn new(area: Area, cell: f64, rng: &mut ChaCha8Rng) -> Self {
        let cell = cell.max(1.0);
        let count = |from: usize, to: usize| (to.saturating_sub(from) as f64 / cell) as usize + 2;
        let (columns, rows) = (count(area.left, area.right), count(area.top, area.bottom));
        let values = (0..columns * rows).map(|_| standard_normal(rng) as f32).collect();
        Self { cell, left: area.left, top: area.top, columns, values }
    }

    /// The noise at a pixel of the area, bilinearly interpolated; its variance is 1 in the corners of a cell and
    /// 1/4 in its middle.
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        let (u, v) = ((x - self.left) as f64 / self.cell, (y - self.top) as f64 / self.cell);
        let (column, row) = (u as usize, v as usize);
        let (u, v) = ((u - column as f64) as f32, (v - row as f64) as f32);
        let first = row * self.columns + column;
        let corner = |offset: usize| self.values[first + offset];
        let above = corner(0) + u * (corner(1) - corner(0));
        let below = corner(self.columns) + u * (corner(self.columns + 1) - corner(self.columns));
        above + v * (below - above)
    }
}
