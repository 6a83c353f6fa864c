//! Tests of `similarity`, beside it. Those against external numbers are in `shared/tests/reference`.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::image::MAX_SIDE;
use crate::testing::{gray, pairs, sizes};

const ONE: u32 = 1 << 24;

fn map(metric: Metric, size: Size, a: &[u8], b: &[u8]) -> Vec<u32> {
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let mut map = vec![7; size.area()];
    let mut scratch = vec![7; scratch_len(metric, size.width)];
    difference_map(metric, view(a), view(b), &mut scratch, &mut map).unwrap();
    map
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
        Metric::L2 => (vec![1.0], 1.0),
    }
}

/// The difference of one pixel in float64, from the definition: weighted means, then deviations from them.
fn by_definition(metric: Metric, size: Size, a: &[u8], b: &[u8], x: u16, y: u16) -> f64 {
    let symmetric = |index: i32, length: u16| {
        let length = i32::from(length);
        let index = index.rem_euclid(2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    };
    let (weights, freedom) = window(metric);
    let radius = weights.len() as i32 / 2;
    let mut pixels = Vec::new();
    for (v, down) in (-radius..).zip(&weights) {
        for (u, right) in (-radius..).zip(&weights) {
            let x = symmetric(i32::from(x) + u, size.width);
            let y = symmetric(i32::from(y) + v, size.height);
            let index = y as usize * usize::from(size.width) + x as usize;
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

/// The greatest error of a pixel that `docs/scoring.md` derives.
fn bound(metric: Metric) -> f64 {
    let rounding = 0.51 / f64::from(ONE);
    match metric {
        Metric::Ssim => 3.4e-7 + rounding,
        Metric::SsimGaussian => 3.8e-6 + rounding,
        Metric::L2 => rounding,
    }
}

/// Compares these pixels of a map with the definition.
fn assert_close(metric: Metric, size: Size, a: &[u8], b: &[u8], pixels: impl Iterator<Item = (u16, u16)>) {
    let found = map(metric, size, a, b);
    for (x, y) in pixels {
        let found = f64::from(found[usize::from(y) * usize::from(size.width) + usize::from(x)]) / f64::from(ONE);
        let expected = by_definition(metric, size, a, b, x, y);
        assert!((found - expected).abs() <= bound(metric), "{metric:?} at ({x}, {y}): {found}, expected {expected}");
    }
}

fn all(size: Size) -> impl Iterator<Item = (u16, u16)> {
    (0..size.height).flat_map(move |y| (0..size.width).map(move |x| (x, y)))
}

/// The metrics that allow images of `size`.
fn metrics(size: Size) -> impl Iterator<Item = Metric> {
    Metric::ALL.into_iter().filter(move |metric| size.shorter_side() >= metric.min_side())
}

#[test]
fn borders_and_least_sides() {
    assert_eq!(Metric::ALL.map(Metric::border), [3, 0, 5]);
    assert_eq!(Metric::ALL.map(Metric::min_side), [7, 7, 11]);
    for (position, metric) in Metric::ALL.into_iter().enumerate() {
        assert_eq!(metric as usize, position);
    }
}

#[test]
fn black_and_white_by_hand() {
    // Flat images: 1 - SSIM = (ma - mb)^2 / (ma^2 + mb^2 + C1), here 65025 / 65031.5025; times 2^24
    // that is 16777216 - 1677.55.
    let size = Size::new(12, 11);
    let (black, white) = (vec![0; size.area()], vec![255; size.area()]);
    assert_eq!(map(Metric::Ssim, size, &black, &white), vec![16_775_538; size.area()]);
    assert_eq!(map(Metric::SsimGaussian, size, &black, &white), vec![16_775_538; size.area()]);
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
    // The same with the Gaussian, whose greatest weight is 0.266011^2 = 0.0707621: ma = 18.0443, va = 4275.71.
    let size = Size::new(11, 11);
    let a = gray(size, |x, y| if (x, y) == (5, 5) { 255 } else { 0 });
    let found = map(Metric::SsimGaussian, size, &a, &[0; 121]);
    let expected = 1.0 - 6.5025 * 58.5225 / ((325.598 + 6.5025) * (4_275.71 + 58.5225));
    assert!((f64::from(found[60]) / f64::from(ONE) - expected).abs() < 1e-6);
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
    let bytes = [0; 256];
    let view = |width, height| GrayView::packed(&bytes, Size::new(width, height)).unwrap();
    let attempt = |metric, a, b, scratch: usize, length: usize| {
        difference_map(metric, a, b, &mut vec![0; scratch], &mut vec![0; length])
    };
    for (metric, min) in [(Metric::Ssim, 7), (Metric::L2, 7), (Metric::SsimGaussian, 11)] {
        assert_eq!(
            attempt(metric, view(12, 11), view(11, 12), 999, 132),
            Err(SimilarityError::SizesDiffer { a: Size::new(12, 11), b: Size::new(11, 12) })
        );
        for found in [Size::new(min - 1, min), Size::new(min, min - 1)] {
            let small = view(found.width, found.height);
            assert_eq!(attempt(metric, small, small, 999, 999), Err(SimilarityError::TooSmall { found, min }));
        }
        let short = Err(SimilarityError::MapTooShort { found: 131, needed: 132 });
        assert_eq!(attempt(metric, view(12, 11), view(12, 11), 999, 131), short);
        assert_eq!(attempt(metric, view(12, 11), view(12, 11), scratch_len(metric, 12), 132), Ok(()));
    }
    for (metric, needed) in [(Metric::Ssim, 168), (Metric::SsimGaussian, 232)] {
        let short = Err(SimilarityError::ScratchTooShort { found: needed - 1, needed });
        assert_eq!(attempt(metric, view(12, 11), view(12, 11), needed - 1, 132), short);
    }
    assert_eq!(scratch_len(Metric::L2, 640), 0);
}

#[test]
fn only_the_map_is_written() {
    let size = Size::new(11, 12);
    let a = GrayView::packed(&[0; 132], size).unwrap();
    for metric in Metric::ALL {
        let (mut scratch, mut map) = (vec![9; 300], vec![9; 200]);
        difference_map(metric, a, a, &mut scratch, &mut map).unwrap();
        assert!(map[..132].iter().all(|&value| value == 0));
        assert!(map[132..].iter().chain(&scratch[scratch_len(metric, 11)..]).all(|&value| value == 9));
    }
}

#[test]
fn extremes_at_the_longest_sides() {
    for size in [
        Size::new(MAX_SIDE, 7),
        Size::new(7, MAX_SIDE),
        Size::new(MAX_SIDE, 11),
        Size::new(11, MAX_SIDE),
        Size::new(7, 7),
        Size::new(11, 11),
    ] {
        let black = vec![0; size.area()];
        let white = vec![255; size.area()];
        let even = gray(size, |x, y| 255 * ((x + y) % 2));
        let odd = gray(size, |x, y| 255 * ((x + y + 1) % 2));
        let single = gray(size, |x, y| if (x, y) == (5, 4) { 255 } else { 0 });
        let images = [black, white, even, odd, single];
        // Corners, edges and the middle: the greatest sums are everywhere alike.
        let near = |side: u16| (0..6).chain(side / 2..side / 2 + 2).chain(side - 3..side);
        let pixels = || near(size.height).flat_map(|y| near(size.width).map(move |x| (x, y)));
        for metric in metrics(size) {
            for a in &images {
                for b in &images {
                    assert_close(metric, size, a, b, pixels().filter(|&(x, y)| x < size.width && y < size.height));
                    let greatest = if a == b { 0 } else { 2 * ONE };
                    assert!(map(metric, size, a, b).iter().all(|&value| value <= greatest));
                }
            }
        }
    }
}

#[test]
fn half_and_half_reaches_the_greatest_variance() {
    // 24 or 25 of 49 pixels white: the greatest sums of the derivation, in step and in opposition. The same with nearly
    // half of the Gaussian's weight.
    for (side, white) in [(7, 24), (11, 60), (11, 61)] {
        let size = Size::new(side, side);
        let a = gray(size, |x, y| if u32::from(side) * y + x < white { 255 } else { 0 });
        let b: Vec<u8> = a.iter().map(|&value| 255 - value).collect();
        for metric in metrics(size) {
            assert_close(metric, size, &a, &b, all(size));
            assert_close(metric, size, &a, &a, all(size));
        }
    }
}

#[test]
fn rows_are_checked() {
    let mut scratch = [0; 999];
    let size = Size::new(12, 11);
    let row = [0; 13];
    for metric in Metric::ALL {
        let mut stream = MapStream::new(metric, size, &mut scratch).unwrap();
        let mut out = [0; 12];
        for (a, b) in [(11, 12), (12, 13)] {
            let found = if a == 12 { b } else { a };
            let expected = Err(SimilarityError::RowLength { found, expected: 12 });
            assert_eq!(stream.push(&row[..a], &row[..b], &mut out), expected);
        }
        let short = Err(SimilarityError::MapTooShort { found: 11, needed: 12 });
        assert_eq!(stream.push(&row[..12], &row[..12], &mut out[..11]), short);
        for found in 0..11 {
            assert_eq!(stream.flush(&mut out), Err(SimilarityError::RowsMissing { found, expected: 11 }));
            stream.push(&row[..12], &row[..12], &mut out).unwrap();
        }
        assert_eq!(stream.flush(&mut out[..11]), short);
        assert_eq!(stream.push(&row[..12], &row[..12], &mut out), Err(SimilarityError::TooManyRows { expected: 11 }));
        let missing = core::iter::from_fn(|| stream.flush(&mut out).unwrap());
        assert_eq!(missing.collect::<Vec<_>>(), (11 - metric.border()..11).collect::<Vec<_>>());
    }
    let large = Size::new(MAX_SIDE + 1, 11);
    let refused = MapStream::new(Metric::L2, large, &mut scratch).unwrap_err();
    assert_eq!(refused, SimilarityError::Size { source: ImageError::TooLarge { found: large } });
}

proptest! {
    #[test]
    fn identity_scores_zero((size, a, _) in pairs()) {
        for metric in metrics(size) {
            prop_assert!(map(metric, size, &a, &a).iter().all(|&value| value == 0));
        }
    }

    #[test]
    fn maps_are_symmetric_and_in_range((size, a, b) in pairs()) {
        for metric in metrics(size) {
            let greatest = if metric == Metric::L2 { ONE } else { 2 * ONE };
            let there = map(metric, size, &a, &b);
            prop_assert_eq!(&there, &map(metric, size, &b, &a));
            prop_assert!(there.iter().all(|&value| value <= greatest));
        }
    }

    #[test]
    fn agrees_with_the_definition((size, a, b) in pairs()) {
        // A reconstruction is mostly near its input.
        let near: Vec<u8> = a.iter().zip(&b).map(|(&a, &b)| a.saturating_add(b % 5)).collect();
        for metric in metrics(size) {
            assert_close(metric, size, &a, &b, all(size));
            assert_close(metric, size, &a, &near, all(size));
        }
    }

    #[test]
    fn strides_do_not_matter((size, a, b) in pairs(), padding in 1_usize..9) {
        let width = usize::from(size.width);
        let strided = |pixels: &[u8]| -> Vec<u8> {
            pixels.chunks(width).flat_map(|row| row.iter().copied().chain(vec![99; padding])).collect()
        };
        let (a_bytes, b_bytes) = (strided(&a), strided(&b));
        let view = |bytes| GrayView::new(bytes, size, width + padding).unwrap();
        for metric in metrics(size) {
            let (mut scratch, mut found) = (vec![0; scratch_len(metric, size.width)], vec![0; size.area()]);
            difference_map(metric, view(&a_bytes), view(&b_bytes), &mut scratch, &mut found).unwrap();
            prop_assert_eq!(found, map(metric, size, &a, &b));
        }
    }

    /// A map does not look further than its window: away from the border, a part of the images has the map's part.
    #[test]
    fn a_part_of_the_images_has_that_part_of_the_map(
        (size, a, b) in sizes(30..=40).prop_flat_map(|size| {
            let pixels = || proptest::collection::vec(any::<u8>(), size.area());
            (Just(size), pixels(), pixels())
        }),
        x in 0_u16..15, y in 0_u16..15, width in 11_u16..16, height in 11_u16..16,
    ) {
        let region = crate::image::Region { x, y, width, height };
        let view = |pixels| GrayView::packed(pixels, size).unwrap().crop(region).unwrap();
        for metric in Metric::ALL {
            let whole = map(metric, size, &a, &b);
            let mut part = vec![0; region.size().area()];
            let mut scratch = vec![0; scratch_len(metric, width)];
            difference_map(metric, view(&a), view(&b), &mut scratch, &mut part).unwrap();
            let border = metric.border();
            for v in border..height - border {
                for u in border..width - border {
                    let in_whole = usize::from(y + v) * usize::from(size.width) + usize::from(x + u);
                    prop_assert_eq!(part[usize::from(v) * usize::from(width) + usize::from(u)], whole[in_whole]);
                }
            }
        }
    }
}
