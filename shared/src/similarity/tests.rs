//! Tests of `similarity`, beside it.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing::{gray, pairs};

const ONE: u32 = 1 << 24;

fn map(metric: Metric, size: Size, a: &[u8], b: &[u8]) -> Vec<u32> {
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let mut map = vec![7; size.area()];
    let mut scratch = vec![7; scratch_len(metric, size.width)];
    difference_map(metric, view(a), view(b), &mut scratch, &mut map).unwrap();
    map
}

/// `1 - SSIM` of one pixel in float64, from the definition: means, then deviations from them.
fn ssim_by_definition(size: Size, a: &[u8], b: &[u8], x: u16, y: u16) -> f64 {
    let symmetric = |index: i32, length: u16| {
        let length = i32::from(length);
        let index = index.rem_euclid(2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    };
    let mut window = Vec::new();
    for v in -3..=3 {
        for u in -3..=3 {
            let x = symmetric(i32::from(x) + u, size.width);
            let y = symmetric(i32::from(y) + v, size.height);
            let index = y as usize * usize::from(size.width) + x as usize;
            window.push((f64::from(a[index]), f64::from(b[index])));
        }
    }
    let mean = |value: &dyn Fn((f64, f64)) -> f64, n: f64| window.iter().map(|&pair| value(pair)).sum::<f64>() / n;
    let (ma, mb) = (mean(&|(a, _)| a, 49.0), mean(&|(_, b)| b, 49.0));
    let va = mean(&|(a, _)| (a - ma).powi(2), 48.0);
    let vb = mean(&|(_, b)| (b - mb).powi(2), 48.0);
    let cov = mean(&|(a, b)| (a - ma) * (b - mb), 48.0);
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    1.0 - (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
}

/// The error of the whole map against the definition: the greatest of a pixel, and that of the interior's mean.
fn errors(size: Size, a: &[u8], b: &[u8]) -> (f64, f64) {
    let found = map(Metric::Ssim, size, a, b);
    let (mut greatest, mut sum, mut count) = (0_f64, 0.0, 0.0);
    for y in 0..size.height {
        for x in 0..size.width {
            let index = usize::from(y) * usize::from(size.width) + usize::from(x);
            let error = f64::from(found[index]) / f64::from(ONE) - ssim_by_definition(size, a, b, x, y);
            greatest = greatest.max(error.abs());
            if (3..size.width - 3).contains(&x) && (3..size.height - 3).contains(&y) {
                sum += error;
                count += 1.0;
            }
        }
    }
    (greatest, f64::abs(sum / count))
}

/// The bound that the documentation derives: 3.4e-7 from the constants and a little over half a unit from rounding.
const DERIVED: f64 = 3.4e-7 + 0.51 / 16_777_216.0;

fn assert_close(size: Size, a: &[u8], b: &[u8]) {
    let (pixel, mean) = errors(size, a, b);
    assert!(pixel <= 1.0 / 4096.0 && mean <= 1e-5, "pixel {pixel}, mean {mean}");
    assert!(pixel <= DERIVED, "pixel {pixel}");
}

#[test]
fn black_and_white_by_hand() {
    // Flat images: 1 - SSIM = (ma - mb)^2 / (ma^2 + mb^2 + C1), here 65025 / 65031.5025; times 2^24
    // that is 16777216 - 1677.55.
    let size = Size::new(9, 8);
    let (black, white) = (vec![0; size.area()], vec![255; size.area()]);
    assert_eq!(map(Metric::Ssim, size, &black, &white), vec![16_775_538; size.area()]);
    assert_eq!(map(Metric::L2, size, &black, &white), vec![ONE; size.area()]);
}

#[test]
fn one_pixel_by_hand() {
    // One white pixel on black against black: the window around it has ma = 255/49, mb = 0, va = 255^2/49, vb = cov = 0,
    // 1 - SSIM = 1 - C1 C2 / ((ma^2 + C1) (va + C2)) = 1 - 6.5025 * 58.5225 / (33.5849 * 1385.5637).
    let size = Size::new(7, 7);
    let a = gray(size, |x, y| if (x, y) == (3, 3) { 255 } else { 0 });
    let found = map(Metric::Ssim, size, &a, &[0; 49]);
    let expected = 1.0 - 6.5025 * 58.5225 / ((27.082_466_7 + 6.5025) * (1_327.040_816 + 58.5225));
    assert!((f64::from(found[24]) / f64::from(ONE) - expected).abs() < 1e-6);
}

#[test]
fn squared_differences_are_the_nearest() {
    let size = Size::new(256, 256);
    let (a, b) = (gray(size, |x, _| x), gray(size, |_, y| y));
    for (index, &found) in map(Metric::L2, size, &a, &b).iter().enumerate() {
        let difference = (f64::from(a[index]) - f64::from(b[index])) / 255.0;
        let expected = (difference * difference * f64::from(ONE)).round();
        assert_eq!(f64::from(found), expected, "{} and {}", a[index], b[index]);
    }
}

#[test]
fn sizes_and_buffers_are_checked() {
    let bytes = [0; 128];
    let view = |width, height| GrayView::packed(&bytes, Size::new(width, height)).unwrap();
    let attempt = |metric, a, b, scratch: usize, length: usize| {
        difference_map(metric, a, b, &mut vec![0; scratch], &mut vec![0; length])
    };
    for metric in [Metric::Ssim, Metric::L2] {
        assert_eq!(
            attempt(metric, view(8, 7), view(7, 8), 40, 56),
            Err(SimilarityError::SizesDiffer { a: Size::new(8, 7), b: Size::new(7, 8) })
        );
        for found in [Size::new(6, 7), Size::new(7, 6)] {
            let small = view(found.width, found.height);
            assert_eq!(attempt(metric, small, small, 99, 99), Err(SimilarityError::TooSmall { found }));
        }
        let short = Err(SimilarityError::MapTooShort { found: 55, needed: 56 });
        assert_eq!(attempt(metric, view(8, 7), view(8, 7), 40, 55), short);
    }
    let short = Err(SimilarityError::ScratchTooShort { found: 39, needed: 40 });
    assert_eq!(attempt(Metric::Ssim, view(8, 7), view(8, 7), 39, 56), short);
    assert_eq!(attempt(Metric::Ssim, view(8, 7), view(8, 7), 40, 56), Ok(()));
    assert_eq!(attempt(Metric::L2, view(8, 7), view(8, 7), 0, 56), Ok(()));
}

#[test]
fn only_the_map_is_written() {
    let size = Size::new(7, 8);
    let a = GrayView::packed(&[0; 56], size).unwrap();
    let (mut scratch, mut map) = (vec![9; 99], vec![9; 99]);
    difference_map(Metric::Ssim, a, a, &mut scratch, &mut map).unwrap();
    assert!(map[..56].iter().all(|&value| value == 0));
    assert!(map[56..].iter().chain(&scratch[35..]).all(|&value| value == 9));
}

#[test]
fn extremes_at_the_longest_sides() {
    for size in [Size::new(16384, 7), Size::new(7, 16384), Size::new(7, 7)] {
        let black = vec![0; size.area()];
        let white = vec![255; size.area()];
        let even = gray(size, |x, y| 255 * ((x + y) % 2));
        let odd = gray(size, |x, y| 255 * ((x + y + 1) % 2));
        let images = [black, white, even, odd];
        for a in &images {
            for b in &images {
                assert_close(size, a, b);
                let found = map(Metric::Ssim, size, a, b);
                assert!(found.iter().all(|&value| value <= 2 * ONE && (a != b || value == 0)));
            }
        }
    }
}

#[test]
fn half_and_half_reaches_the_greatest_variance() {
    // 24 or 25 of 49 pixels white: the greatest sums of the derivation, in step and in opposition.
    let size = Size::new(7, 7);
    let a = gray(size, |x, y| if 7 * y + x < 24 { 255 } else { 0 });
    let b: Vec<u8> = a.iter().map(|&value| 255 - value).collect();
    assert_close(size, &a, &b);
    assert_close(size, &a, &a);
}

proptest! {
    #[test]
    fn identity_scores_zero((size, a, _) in pairs()) {
        for metric in [Metric::Ssim, Metric::L2] {
            prop_assert!(map(metric, size, &a, &a).iter().all(|&value| value == 0));
        }
    }

    #[test]
    fn maps_are_symmetric_and_in_range((size, a, b) in pairs()) {
        for (metric, greatest) in [(Metric::Ssim, 2 * ONE), (Metric::L2, ONE)] {
            let there = map(metric, size, &a, &b);
            prop_assert_eq!(&there, &map(metric, size, &b, &a));
            prop_assert!(there.iter().all(|&value| value <= greatest));
        }
    }

    #[test]
    fn agrees_with_the_definition((size, a, b) in pairs()) {
        assert_close(size, &a, &b);
        // A reconstruction is mostly near its input.
        let near: Vec<u8> = a.iter().zip(&b).map(|(&a, &b)| a.saturating_add(b % 5)).collect();
        assert_close(size, &a, &near);
    }

    #[test]
    fn strides_do_not_matter((size, a, b) in pairs(), padding in 1_usize..9) {
        let width = usize::from(size.width);
        let strided = |pixels: &[u8]| -> Vec<u8> {
            pixels.chunks(width).flat_map(|row| row.iter().copied().chain(vec![99; padding])).collect()
        };
        let (a_bytes, b_bytes) = (strided(&a), strided(&b));
        let view = |bytes| GrayView::new(bytes, size, width + padding).unwrap();
        for metric in [Metric::Ssim, Metric::L2] {
            let (mut scratch, mut found) = (vec![0; scratch_len(metric, size.width)], vec![0; size.area()]);
            difference_map(metric, view(&a_bytes), view(&b_bytes), &mut scratch, &mut found).unwrap();
            prop_assert_eq!(found, map(metric, size, &a, &b));
        }
    }
}

/// Numbers that `python shared/golden/ssim.py` prints (scikit-image 0.26, float64): images of 16x12 pixels from
/// formulas, the mean of `1 - SSIM` without the border, and single pixels as column, row and value.
#[test]
fn agrees_with_scikit_image() {
    type Formula = fn(u32, u32) -> u32;
    type Pixels = [(usize, usize, f64); 6];
    let pairs: [(Formula, Formula, f64, Pixels); 3] = [
        (
            |x, y| 7 * x + 11 * y,
            |x, y| 7 * x + 11 * y + 3 * (x * y % 5),
            0.014796511,
            [
                (0, 0, 0.042240541),
                (15, 0, 0.050583125),
                (3, 3, 0.015369725),
                (8, 5, 0.014540813),
                (0, 11, 0.043968670),
                (15, 11, 0.046716851),
            ],
        ),
        (
            |x, y| 255 * ((x + y) % 2),
            |x, y| 255 * ((x + y + 1) % 2),
            1.995648671,
            [
                (0, 0, 1.995648671),
                (15, 0, 1.995648671),
                (3, 3, 1.995648671),
                (8, 5, 1.995648671),
                (0, 11, 1.995648671),
                (15, 11, 1.995648671),
            ],
        ),
        (
            |x, y| 31 * x * x + 17 * y * y + 7 * x * y,
            |x, y| 37 * x + 101 * y + 13 * x * y,
            1.133483080,
            [
                (0, 0, 0.966761848),
                (15, 0, 0.858038026),
                (3, 3, 1.159757945),
                (8, 5, 1.247726622),
                (0, 11, 0.990029499),
                (15, 11, 0.904256891),
            ],
        ),
    ];
    let size = Size::new(16, 12);
    for (a, b, mean, pixels) in pairs {
        let found = map(Metric::Ssim, size, &gray(size, a), &gray(size, b));
        let value = |x: usize, y: usize| f64::from(found[16 * y + x]) / f64::from(ONE);
        for (x, y, expected) in pixels {
            assert!((value(x, y) - expected).abs() < DERIVED, "({x}, {y}): {} {expected}", value(x, y));
        }
        let inside = (3..9).flat_map(|y| (3..13).map(move |x| (x, y)));
        let found_mean = inside.map(|(x, y)| value(x, y)).sum::<f64>() / 60.0;
        assert!((found_mean - mean).abs() < DERIVED, "{found_mean} {mean}");
    }
}
