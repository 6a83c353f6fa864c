//! Weights in the order in which a kernel reads them: for a few vectors' worth of columns at a time, all rows.

use rayon::prelude::*;

use super::buffer::Buffer;

/// Vectors side by side in one panel.
pub(super) const VECTORS: usize = 2;

/// A matrix cut into panels of at most [`VECTORS`] vectors of columns; missing columns are zero.
#[derive(Debug)]
pub(super) struct Panels {
    /// `[panel, row, column]`
    pub buffer: Buffer,
    /// Columns of one panel.
    pub width: usize,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
}

/// Columns of one panel of a matrix of `columns`.
pub(super) fn panel_width(columns: usize, lanes: usize) -> usize {
    if columns <= lanes { lanes } else { VECTORS * lanes }
}

impl Panels {
    /// The matrix whose number in row i and column j is `weights[rows[i] + columns[j]]`.
    pub(super) fn gather(weights: &[f32], rows: &[usize], columns: &[usize], lanes: usize) -> Self {
        let width = panel_width(columns.len(), lanes);
        let mut buffer = Buffer::zeros(columns.len().div_ceil(width) * rows.len() * width);
        let panels = buffer.as_mut_slice().par_chunks_mut((rows.len() * width).max(1));
        panels.zip(columns.par_chunks(width)).for_each(|(panel, columns)| {
            for (line, row) in panel.chunks_exact_mut(width).zip(rows) {
                line.iter_mut().zip(columns).for_each(|(value, column)| *value = weights[row + column]);
            }
        });
        Self { buffer, width, rows: rows.len(), columns: columns.len() }
    }
}
