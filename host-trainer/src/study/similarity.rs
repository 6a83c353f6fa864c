//! SSIM maps in float64 with a chosen data range: what skimage's `structural_similarity(full=True)` gives with its
//! defaults, uniform windows of 7x7 pixels and sample covariances.
//!
//! The station's integers take images for what they are, a range of 255 for 8 bits. On floats of 0 to 1 skimage before
//! 0.20 took the range of the type, 2: its constants are four times as large, so that dark and flat regions count less.
//! Only to see what that does to the paper's scores is this here.

use shared::image::Size;

use crate::loss::mirrored;

/// Pixels on either side of a window's middle.
const REACH: isize = 3;
/// Pixels of a window.
const COUNT: f64 = 49.0;

/// `1 - SSIM` of every pixel of two packed gray images of `size`, as if their values were 0 to 1 and the data range
/// `range`. Windows beyond the border see its mirror image, the outermost pixel twice.
pub fn difference_map(a: &[u8], b: &[u8], size: Size, range: f64) -> Vec<f64> {
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let values = |image: &[u8]| -> Vec<f64> { image.iter().map(|&value| f64::from(value) / 255.0).collect() };
    let (a, b) = (values(a), values(b));
    let products = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let mean = |of: &[f64]| windowed_mean(of, size);
    let (ma, mb) = (mean(&a), mean(&b));
    let (aa, bb, ab) = (mean(&products(&a, &a)), mean(&products(&b, &b)), mean(&products(&a, &b)));
    let sample = COUNT / (COUNT - 1.0);
    (0..size.area())
        .map(|i| {
            let (va, vb) = (sample * (aa[i] - ma[i] * ma[i]), sample * (bb[i] - mb[i] * mb[i]));
            let cov = sample * (ab[i] - ma[i] * mb[i]);
            let (top, bottom) = (2.0 * ma[i] * mb[i] + c1, ma[i] * ma[i] + mb[i] * mb[i] + c1);
            1.0 - top * (2.0 * cov + c2) / (bottom * (va + vb + c2))
        })
        .collect()
}

/// The mean of the window around every pixel, along one axis after the other.
fn windowed_mean(values: &[f64], size: Size) -> Vec<f64> {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let pixels = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rows: Vec<f64> = pixels().map(|(x, y)| mean_around(x, width, |x| values[y * width + x])).collect();
    pixels().map(|(x, y)| mean_around(y, height, |y| rows[y * width + x])).collect()
}

/// The mean of a line of `length` values around one of them.
fn mean_around(middle: usize, length: usize, value: impl Fn(usize) -> f64) -> f64 {
    let sum: f64 = (-REACH..=REACH).map(|step| value(mirrored(middle as isize + step, length))).sum();
    sum / (2 * REACH + 1) as f64
}

#[cfg(test)]
mod tests {
    use shared::image::GrayView;
    use shared::similarity::{Metric, difference_map as integers, scratch_len};

    use super::*;

    const SIZE: Size = Size::new(19, 13);

    fn images() -> (Vec<u8>, Vec<u8>) {
        let make = |m: usize| (0..SIZE.area()).map(|i| (i * i * m % 253) as u8).collect();
        (make(7), make(11))
    }

    #[test]
    fn with_a_range_of_one_it_is_the_station_s_map() {
        let (a, b) = images();
        let view = |pixels| GrayView::packed(pixels, SIZE).unwrap();
        let mut map = vec![0; SIZE.area()];
        let mut scratch = vec![0; scratch_len(Metric::Ssim, SIZE.width)];
        integers(Metric::Ssim, view(&a), view(&b), &mut scratch, &mut map).unwrap();
        for (float, integer) in difference_map(&a, &b, SIZE, 1.0).into_iter().zip(map) {
            assert!((float - f64::from(integer) / f64::from(1 << 24)).abs() < 5e-7, "{float} {integer}");
        }
    }

    #[test]
    fn a_range_of_two_is_four_times_the_constants() {
        // Flat images: 1 - SSIM = (a - b)^2 / (a^2 + b^2 + C1).
        let (a, b) = (vec![51; SIZE.area()], vec![102; SIZE.area()]);
        let expected = |c1: f64| 0.04 / (0.04 + 0.16 + c1);
        for (range, c1) in [(1.0, 1e-4), (2.0, 4e-4)] {
            let map = difference_map(&a, &b, SIZE, range);
            assert!(map.iter().all(|value| (value - expected(c1)).abs() < 1e-9), "{}", map[0]);
        }
    }
}
