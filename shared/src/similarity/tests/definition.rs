//! Differences in float64, from their definitions: every window anew, weighted means, then deviations from them.
//!
//! For tests. It knows nothing of the integers.

use std::vec;
use std::vec::Vec;

use crate::image::Size;
use crate::similarity::Metric;

/// Every pixel of an image, row by row.
pub(super) fn all(size: Size) -> impl Iterator<Item = (u16, u16)> {
    (0..size.height).flat_map(move |y| (0..size.width).map(move |x| (x, y)))
}

/// The differences of these pixels, with their places.
pub(super) fn by_definition(
    metric: Metric,
    size: Size,
    a: &[u8],
    b: &[u8],
    pixels: impl Iterator<Item = (u16, u16)>,
) -> Vec<((u16, u16), f64)> {
    let difference = |x: u16, y: u16| match metric {
        Metric::Msgms => msgms(size, a, b, x, y),
        Metric::SsimMsgms => windowed(Metric::Ssim, size, a, b, x, y) / 2.0 + msgms(size, a, b, x, y),
        _ => windowed(metric, size, a, b, x, y),
    };
    pixels.map(|(x, y)| ((x, y), difference(x, y))).collect()
}

fn place(size: Size, x: u16, y: u16) -> usize {
    usize::from(y) * usize::from(size.width) + usize::from(x)
}

/// Weights of a window along one axis, which add up to 1, and what the sums of squares are divided by to be variances.
fn window(metric: Metric) -> (Vec<f64>, f64) {
    match metric {
        Metric::Ssim => (vec![1.0 / 7.0; 7], 48.0 / 49.0),
        Metric::SsimGaussian => {
            let weights: Vec<f64> = (-5..=5).map(|step| (-f64::from(step * step) / 4.5).exp()).collect();
            let sum: f64 = weights.iter().sum();
            (weights.iter().map(|weight| weight / sum).collect(), 1.0)
        }
        Metric::L2 | Metric::Msgms | Metric::SsimMsgms => (vec![1.0], 1.0),
    }
}

/// The index within `length` of a pixel beyond the border: NumPy's `symmetric`.
fn symmetric(index: i32, length: u16) -> u16 {
    let length = i32::from(length);
    let index = index.rem_euclid(2 * length);
    (if index < length { index } else { 2 * length - 1 - index }) as u16
}

/// A size, and the two after it that are half as large, rounded up.
fn levels(size: Size) -> [Size; 3] {
    let half = |size: Size| Size::new(size.width.div_ceil(2), size.height.div_ceil(2));
    [size, half(size), half(half(size))]
}

/// A pixel of `image` at one of its levels: the mean of 2x2 of the level before, whose last row or column is doubled if
/// their number is odd.
fn at_level(levels: &[Size], image: &[u8], x: u16, y: u16) -> f64 {
    let [before @ .., _] = levels else { return 0.0 };
    let Some(finer) = before.last() else { return f64::from(image[place(levels[0], x, y)]) };
    let near = |x: u16, y: u16| at_level(before, image, x.min(finer.width - 1), y.min(finer.height - 1));
    (near(2 * x, 2 * y) + near(2 * x + 1, 2 * y) + near(2 * x, 2 * y + 1) + near(2 * x + 1, 2 * y + 1)) / 4.0
}

/// Prewitt's gradient magnitude of a pixel at the last of these levels.
fn gradient_magnitude(levels: &[Size], image: &[u8], x: u16, y: u16) -> f64 {
    let size = levels[levels.len() - 1];
    let at = |dx: i32, dy: i32| {
        let (x, y) = (symmetric(i32::from(x) + dx, size.width), symmetric(i32::from(y) + dy, size.height));
        at_level(levels, image, x, y)
    };
    let along_x: f64 = [-1, 0, 1].map(|dy| (at(1, dy) - at(-1, dy)) / 3.0).iter().sum();
    let along_y: f64 = [-1, 0, 1].map(|dx| (at(dx, 1) - at(dx, -1)) / 3.0).iter().sum();
    along_x.hypot(along_y)
}

/// One pixel in float64: each level enlarged (bilinear, pixel centres on pixel centres), and their average.
fn msgms(size: Size, a: &[u8], b: &[u8], x: u16, y: u16) -> f64 {
    let (all, mut sum) = (levels(size), 0.0);
    for (count, scale) in [(1, 1.0), (2, 2.0), (3, 4.0)] {
        let levels = &all[..count];
        let size = levels[count - 1];
        let difference = |x: u16, y: u16| {
            let (ga, gb) = (gradient_magnitude(levels, a, x, y), gradient_magnitude(levels, b, x, y));
            1.0 - (2.0 * ga * gb + 170.0) / (ga * ga + gb * gb + 170.0)
        };
        let tap = |position: u16, side: u16| {
            let centre = (f64::from(position) + 0.5) / scale - 0.5;
            let within = |index: f64| index.clamp(0.0, f64::from(side - 1)) as u16;
            (within(centre.floor()), within(centre.floor() + 1.0), centre - centre.floor())
        };
        let ((left, right, across), (above, below, down)) = (tap(x, size.width), tap(y, size.height));
        let row = |y| difference(left, y) * (1.0 - across) + difference(right, y) * across;
        sum += (row(above) * (1.0 - down) + row(below) * down) / 3.0;
    }
    sum
}

/// The difference of one pixel in float64, from the definition: weighted means, then deviations from them.
fn windowed(metric: Metric, size: Size, a: &[u8], b: &[u8], x: u16, y: u16) -> f64 {
    let (weights, freedom) = window(metric);
    let radius = weights.len() as i32 / 2;
    let mut pixels = Vec::new();
    for (v, down) in (-radius..).zip(&weights) {
        for (u, right) in (-radius..).zip(&weights) {
            let x = symmetric(i32::from(x) + u, size.width);
            let y = symmetric(i32::from(y) + v, size.height);
            let index = place(size, x, y);
            pixels.push((right * down, f64::from(a[index]), f64::from(b[index])));
        }
    }
    if metric == Metric::L2 {
        return ((pixels[0].1 - pixels[0].2) / 255.0).powi(2);
    }
    let mean = |value: &dyn Fn(f64, f64) -> f64| pixels.iter().map(|&(w, a, b)| w * value(a, b)).sum::<f64>();
    let (ma, mb) = (mean(&|a, _| a), mean(&|_, b| b));
    let va = mean(&|a, _| (a - ma).powi(2)) / freedom;
    let vb = mean(&|_, b| (b - mb).powi(2)) / freedom;
    let cov = mean(&|a, b| (a - ma) * (b - mb)) / freedom;
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    1.0 - (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
}
