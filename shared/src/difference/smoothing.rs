//! Smoothing of a difference map in place: three box averages along the rows, then three along the columns.
//!
//! One box of `w = 2 r + 1` pixels has the variance `(w^2 - 1) / 12`; three in a row have `(w^2 - 1) / 4` and
//! nearly the shape of a Gaussian. Each average is `floor((sum + r) / w)`, which rounds to the nearest, as `w` is
//! odd. Beyond the border the line is reflected with the edge value repeated.
//!
//! Values are Q24 of at most 2.0 = 2^25. With r at most 63 a sum is at most 127 * 2^25 and, with r added for the
//! rounding, at most 4,261,412,927, below 2^32. An average is never greater than the greatest value. The cost for
//! each value does not depend on r. It does not know what the values mean.

use crate::image::Size;

/// The elements of working memory: two lines of the longer side.
pub(super) const fn scratch_len(size: Size) -> usize {
    let longer = if size.width > size.height { size.width } else { size.height };
    2 * longer as usize
}

/// Smooths a map of `size`, with `2 * radius + 1` at most its shorter side and `radius` at most 63.
///
/// `scratch` has [`scratch_len`] elements.
pub(super) fn smooth(map: &mut [u32], size: Size, radius: u8, scratch: &mut [u32]) {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let (line, spare) = scratch.split_at_mut(scratch.len() / 2);
    for row in map.chunks_exact_mut(width) {
        let line = &mut line[..width];
        line.copy_from_slice(row);
        smooth_line(line, &mut spare[..width], radius);
        row.copy_from_slice(line);
    }
    for x in 0..width {
        let line = &mut line[..height];
        for (value, row) in line.iter_mut().zip(map.chunks_exact(width)) {
            *value = row[x];
        }
        smooth_line(line, &mut spare[..height], radius);
        for (value, row) in line.iter().zip(map.chunks_exact_mut(width)) {
            row[x] = *value;
        }
    }
}

/// Three averages, from `line` to `line`.
fn smooth_line(line: &mut [u32], spare: &mut [u32], radius: u8) {
    average(line, spare, radius);
    average(spare, line, radius);
    average(line, spare, radius);
    line.copy_from_slice(spare);
}

/// Averages over `2 * radius + 1` values; `from` and `to` have the same length, at least that of the window.
fn average(from: &[u32], to: &mut [u32], radius: u8) {
    let reach = usize::from(radius);
    let window = 2 * u32::from(radius) + 1;
    let length = from.len();
    // The reflected values before the first are those from the first on.
    let mut sum = from[..reach].iter().sum::<u32>() + from[..=reach].iter().sum::<u32>();
    for (x, average) in to.iter_mut().enumerate() {
        if x > 0 {
            let leaving = if x > reach { x - reach - 1 } else { reach - x };
            let entering = if x + reach < length { x + reach } else { 2 * length - 1 - x - reach };
            sum = sum - from[leaving] + from[entering];
        }
        *average = (sum + u32::from(radius)) / window;
    }
}
