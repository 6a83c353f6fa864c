//! Area (box) resampling of 8-bit luma, exact in integers.
//!
//! On an axis with `s` source and `d` output pixels the common unit of length is 1/d of a source pixel, which is
//! 1/s of an output pixel. Source pixel `i` covers `[i d, (i + 1) d)`, output pixel `j` covers
//! `[j s, (j + 1) s)`, and the weight of `i` in `j` is the integer length of their overlap. The weights of an
//! output pixel add up to `s`. In two dimensions
//!
//! ```text
//! out[v][u] = floor( (sum over y, x of wy[v][y] wx[u][x] in[y][x]) / (sw sh) + 1/2 )
//! ```
//!
//! with one division, at the end. Sides are at most 2^14 pixels, hence:
//!
//! | quantity | bound | type |
//! |---|---|---|
//! | position on an axis, `s d` | 2^28 | `u32` |
//! | horizontal sum, `255 s` | 2^22 | `u32` |
//! | horizontal sum before its last subtraction, `255 (s + d)` | 2^23 | `u32` |
//! | accumulator, `255 sw sh` | 2^36 | `u64` |
//!
//! It does not know pixel formats: the frame gives it luma.

use super::{PreprocessError, ResampleScratch};
use crate::fixed_point::divide_rounded;
use crate::image::{FrameView, Region, Size};

/// Resamples `region` of `frame` to `size` pixels, written to the start of each of the first rows of `rows`: there are at
/// least `size.height`, of at least `size.width` pixels each.
pub(super) fn by_area<'a>(
    frame: &FrameView<'_>,
    region: Region,
    size: Size,
    scratch: ResampleScratch<'_>,
    mut rows: impl Iterator<Item = &'a mut [u8]>,
) -> Result<(), PreprocessError> {
    let width = usize::from(size.width);
    let luma = prefix("luma", scratch.luma, usize::from(region.width))?;
    let sums = prefix("sums", scratch.sums, width)?;
    let accumulators = prefix("accumulators", scratch.accumulators, width)?;
    let area = u64::from(region.width) * u64::from(region.height);

    accumulators.fill(0);
    let (source_height, output_height) = (u32::from(region.height), u32::from(size.height));
    let (mut position, mut output_end) = (0, source_height);
    for y in 0..region.height {
        frame.luma_row(region.y + y, region.x, luma)?;
        sum_columns(luma, sums);
        let source_end = (u32::from(y) + 1) * output_height;
        while position < source_end {
            let end = source_end.min(output_end);
            accumulate(accumulators, sums, end - position);
            position = end;
            if end == output_end {
                output_end += source_height;
                if let Some(row) = rows.next() {
                    finish(accumulators, area, row);
                }
            }
        }
    }
    Ok(())
}

/// The first `needed` elements of a working buffer.
fn prefix<'a, T>(buffer: &'static str, elements: &'a mut [T], needed: usize) -> Result<&'a mut [T], PreprocessError> {
    let found = elements.len();
    elements.get_mut(..needed).ok_or(PreprocessError::ScratchTooShort { buffer, found, needed })
}

/// Horizontal sums of one row: for each output column the weighted sum of the source pixels that it overlaps.
///
/// A column begins `taken` units into the source pixel `begin` and ends `reach` units into the source pixel `end`.
/// Its sum is `d` times the pixels in `begin..end`, plus `reach` times the last, less the `taken` units of the
/// first that belong to the columns before.
fn sum_columns(luma: &[u8], sums: &mut [u32]) {
    let output = sums.len().max(1);
    let (whole, part) = (luma.len() / output, luma.len() % output);
    let (mut begin, mut taken) = (0, 0);
    for sum in sums {
        let (mut end, mut reach) = (begin + whole, taken + part);
        if reach >= output {
            end += 1;
            reach -= output;
        }
        let full: u32 = luma[begin..end].iter().map(|&value| u32::from(value)).sum();
        let first = u32::from(luma[begin]);
        // After the last column there is no pixel, and `reach` is zero.
        let last = luma.get(end).map_or(0, |&value| u32::from(value));
        *sum = full * output as u32 + last * reach as u32 - first * taken as u32;
        (begin, taken) = (end, reach);
    }
}

/// Adds a row's horizontal sums with the weight of the row.
fn accumulate(accumulators: &mut [u64], sums: &[u32], weight: u32) {
    for (accumulator, &sum) in accumulators.iter_mut().zip(sums) {
        *accumulator += u64::from(weight) * u64::from(sum);
    }
}

/// Divides the sums of an output row by the source's area and clears them for the next row.
fn finish(accumulators: &mut [u64], area: u64, row: &mut [u8]) {
    for (pixel, accumulator) in row.iter_mut().zip(accumulators) {
        *pixel = divide_rounded(*accumulator, area) as u8;
        *accumulator = 0;
    }
}
