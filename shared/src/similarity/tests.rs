//! Tests of `similarity`, beside it. Those against external numbers are in `shared/tests/reference`.

mod definition;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::image::MAX_SIDE;
use crate::testing::{gray, pairs, sizes};
use definition::{all, by_definition};

const ONE: u32 = 1 << 24;

fn map(metric: Metric, size: Size, a: &[u8], b: &[u8]) -> Vec<u32> {
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let mut map = vec![7; size.area()];
    let mut scratch = vec![7; scratch_len(metric, size.width)];
    difference_map(metric, view(a), view(b), &mut scratch, &mut map).unwrap();
    map
}

/// The greatest error of a pixel that `docs/scoring.md` derives.
fn bound(metric: Metric) -> f64 {
    let rounding = 0.51 / f64::from(ONE);
    match metric {
        Metric::Ssim => 3.4e-7 + rounding,
        Metric::SsimGaussian => 3.8e-6 + rounding,
        Metric::L2 => rounding,
        // A root is less than 2^-8 and 2^-25 of itself off, and the rounding of each level.
        Metric::Msgms => 5.2e-6 + 2.0 * rounding,
        Metric::SsimMsgms => bound(Metric::Ssim) / 2.0 + rounding + bound(Metric::Msgms),
    }
}

/// Compares these pixels of a map with the definition, and gives the map.
fn assert_close(metric: Metric, size: Size, a: &[u8], b: &[u8], pixels: impl Iterator<Item = (u16, u16)>) -> Vec<u32> {
    let map = map(metric, size, a, b);
    for ((x, y), expected) in by_definition(metric, size, a, b, pixels) {
        let found = f64::from(map[usize::from(y) * usize::from(size.width) + usize::from(x)]) / f64::from(ONE);
        assert!((found - expected).abs() <= bound(metric), "{metric:?} at ({x}, {y}): {found}, expected {expected}");
    }
    map
}

/// The metrics that allow images of `size`.
fn metrics(size: Size) -> impl Iterator<Item = Metric> {
    Metric::ALL.into_iter().filter(move |metric| size.shorter_side() >= metric.min_side())
}

#[test]
fn borders_and_least_sides() {
    assert_eq!(Metric::ALL.map(Metric::border), [3, 0, 5, 0, 3]);
    assert_eq!(Metric::ALL.map(Metric::min_side), [7, 7, 11, 19, 19]);
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
fn a_line_by_hand() {
    // A column of gray 90 on black against black, the column 10 of 21, where 8 begins a pixel of level 2. Level 0: no
    // gradient in the column itself, 90 beside it: 90^2 / (90^2 + 170) = 0.979444. Level 1: the column 5 has the mean 45,
    // its neighbours the gradient 45: 0.922551. Level 2: the column 2 has 22.5, its neighbours 0.748613. Enlarged, the
    // column 10 lies at 4.75 of level 1 and 2.125 of level 2: a quarter of 0.922551 and an eighth of 0.748613, over three.
    let size = Size::new(21, 19);
    let a = gray(size, |x, _| if x == 10 { 90 } else { 0 });
    let found = map(Metric::Msgms, size, &a, &vec![0; size.area()]);
    for row in found.chunks(21) {
        for (x, expected) in [(10, (0.25 * 0.922_551 + 0.125 * 0.748_613) / 3.0), (0, 0.0)] {
            assert!((f64::from(row[x]) / f64::from(ONE) - expected).abs() < 1e-6, "column {x}");
        }
    }
}

#[test]
fn an_even_light_does_not_change_gradients() {
    let size = Size::new(30, 25);
    let a = gray(size, |x, y| 40 + (x * y) % 60);
    let brighter: Vec<u8> = a.iter().map(|&value| value + 50).collect();
    assert!(map(Metric::Msgms, size, &a, &brighter).iter().all(|&value| value == 0));
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
    let bytes = [0; 400];
    let view = |width, height| GrayView::packed(&bytes, Size::new(width, height)).unwrap();
    let attempt = |metric, a, b, scratch: usize, length: usize| {
        difference_map(metric, a, b, &mut vec![0; scratch], &mut vec![0; length])
    };
    for (metric, min) in Metric::ALL.into_iter().zip([7, 7, 11, 19, 19]) {
        assert_eq!(
            attempt(metric, view(20, 19), view(19, 20), 999, 380),
            Err(SimilarityError::SizesDiffer { a: Size::new(20, 19), b: Size::new(19, 20) })
        );
        for found in [Size::new(min - 1, min), Size::new(min, min - 1)] {
            let small = view(found.width, found.height);
            assert_eq!(attempt(metric, small, small, 999, 999), Err(SimilarityError::TooSmall { found, min }));
        }
        let short = Err(SimilarityError::MapTooShort { found: 379, needed: 380 });
        assert_eq!(attempt(metric, view(20, 19), view(20, 19), 999, 379), short);
        assert_eq!(attempt(metric, view(20, 19), view(20, 19), scratch_len(metric, 20), 380), Ok(()));
    }
    let needed = [(Metric::Ssim, 264), (Metric::SsimGaussian, 360), (Metric::Msgms, 385), (Metric::SsimMsgms, 909)];
    for (metric, needed) in needed {
        let short = Err(SimilarityError::ScratchTooShort { found: needed - 1, needed });
        assert_eq!(attempt(metric, view(20, 19), view(20, 19), needed - 1, 380), short);
    }
    assert_eq!(scratch_len(Metric::L2, 640), 0);
}

#[test]
fn only_the_map_is_written() {
    let size = Size::new(19, 20);
    let a = GrayView::packed(&[0; 380], size).unwrap();
    for metric in Metric::ALL {
        let (mut scratch, mut map) = (vec![9; 1000], vec![9; 400]);
        difference_map(metric, a, a, &mut scratch, &mut map).unwrap();
        assert!(map[..380].iter().all(|&value| value == 0));
        assert!(map[380..].iter().chain(&scratch[scratch_len(metric, 19)..]).all(|&value| value == 9));
    }
}

#[test]
fn extremes_at_the_longest_sides() {
    for size in [
        Size::new(MAX_SIDE, 7),
        Size::new(7, MAX_SIDE),
        Size::new(MAX_SIDE, 11),
        Size::new(11, MAX_SIDE),
        Size::new(MAX_SIDE, 19),
        Size::new(19, MAX_SIDE),
        Size::new(7, 7),
        Size::new(11, 11),
        Size::new(19, 19),
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
            for (index, a) in images.iter().enumerate() {
                // The order does not matter, as another test shows.
                for b in &images[index..] {
                    let near = pixels().filter(|&(x, y)| x < size.width && y < size.height);
                    let found = assert_close(metric, size, a, b, near);
                    let greatest = if a == b { 0 } else { 2 * ONE };
                    assert!(found.iter().all(|&value| value <= greatest));
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
    let size = Size::new(20, 19);
    let row = [0; 21];
    for metric in Metric::ALL {
        let mut stream = MapStream::new(metric, size, &mut scratch).unwrap();
        let mut out = [0; 20];
        for (a, b) in [(19, 20), (20, 21)] {
            let found = if a == 20 { b } else { a };
            let expected = Err(SimilarityError::RowLength { found, expected: 20 });
            assert_eq!(stream.push(&row[..a], &row[..b], &mut out), expected);
        }
        let short = Err(SimilarityError::MapTooShort { found: 19, needed: 20 });
        assert_eq!(stream.push(&row[..20], &row[..20], &mut out[..19]), short);
        for found in 0..19 {
            assert_eq!(stream.flush(&mut out), Err(SimilarityError::RowsMissing { found, expected: 19 }));
            stream.push(&row[..20], &row[..20], &mut out).unwrap();
        }
        assert_eq!(stream.flush(&mut out[..19]), short);
        assert_eq!(stream.push(&row[..20], &row[..20], &mut out), Err(SimilarityError::TooManyRows { expected: 19 }));
        let missing = core::iter::from_fn(|| stream.flush(&mut out).unwrap());
        assert_eq!(missing.collect::<Vec<_>>(), (19 - u16::from(metric.reach())..19).collect::<Vec<_>>());
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
        (size, a, b) in sizes(36..=44).prop_flat_map(|size| {
            let pixels = || proptest::collection::vec(any::<u8>(), size.area());
            (Just(size), pixels(), pixels())
        }),
        x in 0_u16..4, y in 0_u16..4, width in 19_u16..24, height in 19_u16..24,
    ) {
        for metric in Metric::ALL {
            // The pixels of MSGMS's coarsest scale begin at every fourth.
            let step = if matches!(metric, Metric::Msgms | Metric::SsimMsgms) { 4 } else { 1 };
            let region = crate::image::Region { x: step * x, y: step * y, width, height };
            let view = |pixels| GrayView::packed(pixels, size).unwrap().crop(region).unwrap();
            let whole = map(metric, size, &a, &b);
            let mut part = vec![0; region.size().area()];
            let mut scratch = vec![0; scratch_len(metric, width)];
            difference_map(metric, view(&a), view(&b), &mut scratch, &mut part).unwrap();
            let border = u16::from(metric.reach());
            for v in border..height - border {
                for u in border..width - border {
                    let in_whole = usize::from(region.y + v) * usize::from(size.width) + usize::from(region.x + u);
                    prop_assert_eq!(part[usize::from(v) * usize::from(width) + usize::from(u)], whole[in_whole]);
                }
            }
        }
    }
}
