//! Smoothing of a map, row by row: three box averages along each row, then three along the columns.
//!
//! One box of `w = 2 r + 1` pixels has the variance `(w^2 - 1) / 12`; three in a row have `(w^2 - 1) / 4` and
//! nearly the shape of a Gaussian. Each average is `floor((sum + r) / w)`, which rounds to the nearest, as `w` is
//! odd. Beyond the border the map is reflected with the edge value repeated.
//!
//! Values are Q24 of at most 2.0 = 2^25. With r at most 63 a sum is at most 127 * 2^25 and, with r added for the
//! rounding, at most 4,261,412,927, below 2^32. An average is never greater than the greatest value. The cost for
//! each value does not depend on r. It does not know what the values mean.

#[cfg(test)]
pub(super) mod tests;

use crate::fixed_point::SmallDivisor;
use crate::image::Size;
use crate::row_window::{RowWindow, reflect_ends};

/// Averages one after another, along the rows and along the columns.
const AVERAGES: usize = 3;

/// A smoothed map in the making: rows in, rows out.
#[derive(Debug)]
pub(super) struct Smoother<'m> {
    window: SmallDivisor,
    radius: usize,
    line: &'m mut [u32],
    columns: [Columns<'m>; AVERAGES],
}

/// The average along the columns, over rows that are kept.
#[derive(Debug)]
struct Columns<'m> {
    window: RowWindow,
    rows: &'m mut [u32],
    sums: &'m mut [u32],
}

impl<'m> Smoother<'m> {
    /// The elements of working memory for maps of `width` columns.
    pub(super) const fn scratch_len(radius: u8, width: u16) -> usize {
        let width = width as usize;
        width + 2 * radius as usize + AVERAGES * (RowWindow::slots(radius) + 1) * width
    }

    /// Smooths a map of `size`, with `2 * radius + 1` at most its shorter side and `radius` at most 63; `scratch` has
    /// [`scratch_len`](Self::scratch_len) elements.
    pub(super) fn new(radius: u8, size: Size, scratch: &'m mut [u32]) -> Self {
        let width = usize::from(size.width);
        let (line, scratch) = scratch.split_at_mut(width + 2 * usize::from(radius));
        let mut rest = scratch;
        let columns = core::array::from_fn(|_| {
            let (rows, after) = core::mem::take(&mut rest).split_at_mut(RowWindow::slots(radius) * width);
            let (sums, after) = after.split_at_mut(width);
            rest = after;
            Columns { window: RowWindow::new(radius, size.height), rows, sums }
        });
        Self { window: SmallDivisor::new(2 * u32::from(radius) + 1), radius: radius.into(), line, columns }
    }

    /// Takes the row in `row`. If a smoothed row is complete, it is left in `row` and its number is given; otherwise
    /// the contents of `row` do not matter.
    pub(super) fn push(&mut self, row: &mut [u32]) -> Option<u16> {
        for _ in 0..AVERAGES {
            self.average_row(row);
        }
        self.cascade(0, row)
    }

    /// After the last row: leaves the next smoothed row that is still missing in `row`, as [`push`](Self::push) does.
    pub(super) fn flush(&mut self, row: &mut [u32]) -> Option<u16> {
        for first in 0..AVERAGES {
            while let Some(y) = self.columns[first].complete(self.window, self.radius, row) {
                if first + 1 == AVERAGES {
                    return Some(y);
                }
                if let Some(y) = self.cascade(first + 1, row) {
                    return Some(y);
                }
            }
        }
        None
    }

    /// Hands the row on, from one average along the columns to the next.
    fn cascade(&mut self, first: usize, row: &mut [u32]) -> Option<u16> {
        let mut y = None;
        for columns in &mut self.columns[first..] {
            let slot = columns.window.arrive()?;
            columns.rows[slot * row.len()..][..row.len()].copy_from_slice(row);
            y = columns.complete(self.window, self.radius, row);
            y?;
        }
        y
    }

    fn average_row(&mut self, row: &mut [u32]) {
        let (reach, width) = (self.radius, row.len());
        self.line[reach..][..width].copy_from_slice(row);
        reflect_ends(self.line, reach);
        let mut sum = self.line[..2 * reach].iter().sum::<u32>() + self.radius as u32;
        for ((out, leaving), entering) in row.iter_mut().zip(&*self.line).zip(&self.line[2 * reach..]) {
            sum += entering;
            *out = sum;
            sum -= leaving;
        }
        for value in row {
            *value = self.window.divide(*value);
        }
    }
}

impl Columns<'_> {
    /// Writes the next row of averages, if its window is complete.
    fn complete(&mut self, window: SmallDivisor, radius: usize, out: &mut [u32]) -> Option<u16> {
        let y = self.window.complete()?;
        let (width, reach) = (out.len(), radius as i32);
        let row = |offset: i32| &self.rows[self.window.slot(y, offset) * width..][..width];
        if y == 0 {
            self.sums.fill(radius as u32);
            for offset in -reach..=reach {
                for (sum, value) in self.sums.iter_mut().zip(row(offset)) {
                    *sum += value;
                }
            }
        } else {
            for ((sum, leaving), entering) in self.sums.iter_mut().zip(row(-reach - 1)).zip(row(reach)) {
                *sum = *sum - leaving + entering;
            }
        }
        for (out, &sum) in out.iter_mut().zip(&*self.sums) {
            *out = window.divide(sum);
        }
        Some(y)
    }
}
