//! Tests of `difference`, beside it.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::similarity::{MIN_SIDE, difference_map};
use crate::testing::{gray, pairs, sizes};

const ALL_METRICS: [Metric; 2] = [Metric::Ssim, Metric::L2];

fn recipe(metric: Metric, pooling: Pooling) -> ScoreRecipe {
    ScoreRecipe { metric, pooling }
}

/// The score, and both maps.
fn run(recipe: ScoreRecipe, size: Size, a: &[u8], b: &[u8]) -> (Score, Vec<u32>, Vec<u32>) {
    let needed = ScoreBuffers::needed(size);
    let (mut map, mut smoothed) = (vec![7; needed.map], vec![7; needed.smoothed]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut vec![7; needed.scratch] };
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let score = score(&recipe, view(a), view(b), buffers).unwrap();
    (score, map, smoothed)
}

/// The definition of smoothing: every average anew, over indices that are reflected one by one.
fn smooth_by_definition(map: &[u32], size: Size, radius: u8) -> Vec<u32> {
    let (width, height) = (i32::from(size.width), i32::from(size.height));
    let symmetric = |index: i32, length: i32| {
        let index = index.rem_euclid(2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    };
    let radius = i32::from(radius);
    let window = 2 * radius as u64 + 1;
    let pass = |map: &[u32], right: i32, down: i32| -> Vec<u32> {
        let value = |x: i32, y: i32| {
            let sum: u64 = (-radius..=radius)
                .map(|step| (symmetric(x + step * right, width), symmetric(y + step * down, height)))
                .map(|(x, y)| u64::from(map[(y * width + x) as usize]))
                .sum();
            ((2 * sum + window) / (2 * window)) as u32
        };
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect()
    };
    let mut map = map.to_vec();
    for (right, down) in [(1, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1)] {
        map = pass(&map, right, down);
    }
    map
}

fn smoothed(map: &[u32], size: Size, radius: u8) -> Vec<u32> {
    let mut map = map.to_vec();
    smoothing::smooth(&mut map, size, radius, &mut vec![7; smoothing::scratch_len(size)]);
    map
}

/// The pixels at least three from the border.
fn inside(map: &[u32], size: Size) -> Vec<u32> {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    (3..height - 3).flat_map(|y| (3..width - 3).map(move |x| map[y * width + x])).collect()
}

#[test]
fn means_by_hand() {
    // 8x7 pixels have two inside the border. L2 of 255 is 2^24, of 51 it is 2^24 / 25 = 671088.64, stored as 671089.
    let size = Size::new(8, 7);
    let black = vec![0; 56];
    let a = gray(size, |x, y| match (x, y) {
        (3, 3) => 255,
        (4, 3) => 51,
        _ => 200,
    });
    let (score, map, _) = run(recipe(Metric::L2, Pooling::Mean), size, &a, &black);
    assert_eq!((map[3 * 8 + 3], map[3 * 8 + 4]), (1 << 24, 671_089));
    // (16777216 + 671089) / 2 = 8724152.5
    assert_eq!(score.raw(), 8_724_153);
    let (score, _, _) = run(recipe(Metric::L2, Pooling::SmoothedMaximum { radius: 0 }), size, &a, &black);
    assert_eq!(score.raw(), 1 << 24);
}

#[test]
fn smoothing_by_hand() {
    // A single 9 among zeros, averaged over three pixels: 3 3 3, then 1 2 3 2 1, then 0.33 1 2 2.33 2 1 0.33.
    let mut map = [0, 0, 0, 0, 9, 0, 0, 0, 0].repeat(9);
    smoothing::smooth(&mut map, Size::new(9, 9), 1, &mut [0; 18]);
    assert_eq!(map, [0, 0, 1, 2, 2, 2, 1, 0, 0].repeat(9));
    // At the edge the value itself is repeated: (9 + 9 + 0) / 3 = 6, (6 + 6 + 3) / 3 = 5, (5 + 5 + 3) / 3 = 4.33.
    let mut map: Vec<u32> = [9, 0, 0, 0, 0, 0, 0, 0, 0].repeat(9);
    smoothing::smooth(&mut map, Size::new(9, 9), 1, &mut [0; 18]);
    assert_eq!(map[..9], [4, 3, 1, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn the_greatest_sums_do_not_overflow() {
    let size = Size::new(127, 127);
    let greatest = vec![Score::MAX.raw(); size.area()];
    assert_eq!(smoothed(&greatest, size, MAX_RADIUS), greatest);
    let size = Size::new(16384, 7);
    let greatest = vec![Score::MAX.raw(); size.area()];
    assert_eq!(smoothed(&greatest, size, 3), greatest);
    assert_eq!(mean(&greatest, size), Score::MAX.raw());
    assert_eq!(maximum(&greatest, size), Score::MAX.raw());
}

#[test]
fn recipes_that_do_not_fit_are_refused() {
    for metric in ALL_METRICS {
        let validate = |pooling, width, height| recipe(metric, pooling).validate(Size::new(width, height));
        let maximum = |radius| Pooling::SmoothedMaximum { radius };
        assert_eq!(validate(Pooling::Mean, MIN_SIDE, MIN_SIDE), Ok(()));
        for (width, height) in [(6, 7), (7, 6), (0, 0)] {
            let found = Size::new(width, height);
            assert_eq!(validate(Pooling::Mean, width, height), Err(InvalidRecipe::TooSmall { found }));
        }
        assert_eq!(validate(maximum(3), 7, 9), Ok(()));
        assert_eq!(validate(maximum(4), 7, 9), Err(InvalidRecipe::WindowTooLarge { window: 9, side: 7 }));
        assert_eq!(validate(maximum(63), 127, 127), Ok(()));
        assert_eq!(validate(maximum(64), 999, 999), Err(InvalidRecipe::RadiusTooLarge { found: 64 }));
        assert_eq!(validate(maximum(255), 999, 999), Err(InvalidRecipe::RadiusTooLarge { found: 255 }));
    }
}

#[test]
fn buffers_are_checked() {
    let bytes = [0; 128];
    let size = Size::new(9, 9);
    let view = GrayView::packed(&bytes, size).unwrap();
    let attempt = |metric, pooling, [map, smoothed, scratch]: [usize; 3]| {
        let buffers =
            ScoreBuffers { map: &mut vec![0; map], smoothed: &mut vec![0; smoothed], scratch: &mut vec![0; scratch] };
        score(&recipe(metric, pooling), view, view, buffers).map(Score::raw)
    };
    let maximum = Pooling::SmoothedMaximum { radius: 1 };
    assert_eq!(attempt(Metric::Ssim, Pooling::Mean, [81, 0, 45]), Ok(0));
    assert_eq!(attempt(Metric::L2, Pooling::Mean, [81, 0, 0]), Ok(0));
    assert_eq!(attempt(Metric::L2, maximum, [81, 81, 18]), Ok(0));
    let short = |error: SimilarityError| Err(ScoreError::Similarity(error));
    let map = SimilarityError::MapTooShort { found: 80, needed: 81 };
    assert_eq!(attempt(Metric::Ssim, Pooling::Mean, [80, 0, 45]), short(map));
    let scratch = SimilarityError::ScratchTooShort { found: 44, needed: 45 };
    assert_eq!(attempt(Metric::Ssim, Pooling::Mean, [81, 0, 44]), short(scratch));
    let scratch = SimilarityError::ScratchTooShort { found: 17, needed: 18 };
    assert_eq!(attempt(Metric::L2, maximum, [81, 81, 17]), short(scratch));
    let smoothed = ScoreError::SmoothedTooShort { found: 80, needed: 81 };
    assert_eq!(attempt(Metric::L2, maximum, [81, 80, 18]), Err(smoothed));
    let too_large = attempt(Metric::L2, Pooling::SmoothedMaximum { radius: 5 }, [81, 81, 18]);
    let source = InvalidRecipe::WindowTooLarge { window: 11, side: 9 };
    assert_eq!(too_large, Err(ScoreError::Recipe { size, source }));
}

#[test]
fn needed_lengths_are_the_greatest() {
    let lengths = ScoreBuffers::needed(Size::new(128, 64));
    assert_eq!(lengths, ScoreBufferLengths { map: 8192, smoothed: 8192, scratch: 640 });
    assert_eq!(ScoreBuffers::needed(Size::new(10, 300)).scratch, 600);
}

proptest! {
    #[test]
    fn scores_are_those_of_the_map((size, a, b) in pairs(), radius in 0_u8..=11) {
        for metric in ALL_METRICS {
            let (found, map, _) = run(recipe(metric, Pooling::Mean), size, &a, &b);
            let pixels = inside(&map, size);
            let (sum, count) = (pixels.iter().map(|&value| u64::from(value)).sum::<u64>(), pixels.len() as u64);
            prop_assert_eq!(u64::from(found.raw()), (2 * sum + count) / (2 * count));

            let recipe = recipe(metric, Pooling::SmoothedMaximum { radius: radius.min((size.shorter_side() as u8 - 1) / 2) });
            let Pooling::SmoothedMaximum { radius } = recipe.pooling else { unreachable!() };
            let (found, map, smoothed) = run(recipe, size, &a, &b);
            prop_assert_eq!(&smoothed, &smooth_by_definition(&map, size, radius));
            prop_assert_eq!(Some(found.raw()), inside(&smoothed, size).into_iter().max());

            let mut direct = vec![0; size.area()];
            let view = |pixels| GrayView::packed(pixels, size).unwrap();
            difference_map(metric, view(&a), view(&b), &mut [0; 5 * 24], &mut direct).unwrap();
            prop_assert_eq!(map, direct);
        }
    }

    #[test]
    fn identity_scores_zero_and_order_does_not_matter((size, a, b) in pairs()) {
        for metric in ALL_METRICS {
            for pooling in [Pooling::Mean, Pooling::SmoothedMaximum { radius: 2 }] {
                let recipe = recipe(metric, pooling);
                prop_assert_eq!(run(recipe, size, &a, &a).0, Score::MIN);
                prop_assert_eq!(run(recipe, size, &a, &b).0, run(recipe, size, &b, &a).0);
            }
        }
    }

    #[test]
    fn smoothing_agrees_with_the_definition(
        (size, map) in sizes(7..=40)
            .prop_flat_map(|size| (Just(size), proptest::collection::vec(0..=Score::MAX.raw(), size.area()))),
        part in any::<prop::sample::Index>(),
    ) {
        let radius = part.index(usize::from(size.shorter_side()).div_ceil(2)) as u8;
        prop_assert_eq!(smoothed(&map, size, radius), smooth_by_definition(&map, size, radius));
    }
}
