//! Sums over the square window around each pixel, kept up to date instead of computed anew.
//!
//! For each column, five sums over the rows of the window are kept; from row to row the entering row is added
//! and the leaving one subtracted. Along a row the window's sums are kept in the same way, by columns. The
//! cost for each pixel therefore does not depend on the window's size. Where the window reaches beyond the image,
//! the image is reflected with the edge pixel repeated.
//!
//! The units are gray values and their products. With n = 49 pixels in the window a sum of values is at most
//! 255 n = 12,495 and a sum of products at most 255^2 n = 3,186,225. It does not know what the sums are for.

use super::{BORDER, MIN_SIDE};
use crate::image::GrayView;

/// Pixels in a window.
pub(super) const PIXELS: u32 = MIN_SIDE as u32 * MIN_SIDE as u32;

/// Sums that are kept for each column: the fields of [`Sums`].
const SUMS: usize = 5;

/// The elements of working memory for images of `width` columns.
pub(super) const fn scratch_len(width: u16) -> usize {
    SUMS * width as usize
}

/// Sums over a window of two images `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// Of the values of `a`.
    pub a: u32,
    /// Of the values of `b`.
    pub b: u32,
    /// Of the squares of `a`.
    pub aa: u32,
    /// Of the squares of `b`.
    pub bb: u32,
    /// Of the products of both.
    pub ab: u32,
}

/// Writes `value` of the window around every pixel to `out`, row by row.
///
/// Both images have sides of at least [`MIN_SIDE`], `scratch` has [`scratch_len`] elements.
pub(super) fn for_each(
    a: GrayView<'_>,
    b: GrayView<'_>,
    scratch: &mut [u32],
    out: &mut [u32],
    value: impl Fn(Sums) -> u32,
) {
    let columns = scratch.as_chunks_mut::<SUMS>().0;
    let (radius, height) = (i32::from(BORDER), i32::from(a.size().height));
    let row = |y: i32| {
        let y = reflect(y, height) as u16;
        (a.row(y), b.row(y))
    };
    columns.fill([0; SUMS]);
    for y in -radius..=radius {
        enter(columns, row(y));
    }
    for (y, out) in (0..).zip(out.chunks_exact_mut(usize::from(a.size().width))) {
        if y > 0 {
            leave(columns, row(y - radius - 1));
            enter(columns, row(y + radius));
        }
        slide(columns, out, &value);
    }
}

/// The index in `0..length` that `index` in `-length..2 * length` stands for: `-1` is 0, `length` is `length - 1`.
fn reflect(index: i32, length: i32) -> i32 {
    if index < 0 {
        -1 - index
    } else if index >= length {
        2 * length - 1 - index
    } else {
        index
    }
}

/// The five summands of a pair of pixels.
fn summands(a: u8, b: u8) -> [u32; SUMS] {
    let (a, b) = (u32::from(a), u32::from(b));
    [a, b, a * a, b * b, a * b]
}

/// Adds a row to the sums of the columns.
fn enter(columns: &mut [[u32; SUMS]], (a, b): (&[u8], &[u8])) {
    for (column, (&a, &b)) in columns.iter_mut().zip(a.iter().zip(b)) {
        *column = add(*column, summands(a, b));
    }
}

/// Subtracts a row, which entered before, from the sums of the columns.
fn leave(columns: &mut [[u32; SUMS]], (a, b): (&[u8], &[u8])) {
    for (column, (&a, &b)) in columns.iter_mut().zip(a.iter().zip(b)) {
        *column = subtract(*column, summands(a, b));
    }
}

/// Writes `value` of every window of one row.
fn slide(columns: &[[u32; SUMS]], out: &mut [u32], value: impl Fn(Sums) -> u32) {
    let (radius, width) = (i32::from(BORDER), columns.len() as i32);
    let column = |x: i32| columns[reflect(x, width) as usize];
    let mut window = (-radius..=radius).map(column).fold([0; SUMS], add);
    for (x, out) in (0..).zip(out) {
        if x > 0 {
            window = add(subtract(window, column(x - radius - 1)), column(x + radius));
        }
        let [a, b, aa, bb, ab] = window;
        *out = value(Sums { a, b, aa, bb, ab });
    }
}

fn add(mut sums: [u32; SUMS], summands: [u32; SUMS]) -> [u32; SUMS] {
    for (sum, summand) in sums.iter_mut().zip(summands) {
        *sum += summand;
    }
    sums
}

fn subtract(mut sums: [u32; SUMS], summands: [u32; SUMS]) -> [u32; SUMS] {
    for (sum, summand) in sums.iter_mut().zip(summands) {
        *sum -= summand;
    }
    sums
}
