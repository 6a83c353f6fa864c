//! Tests of `difference`, beside it.

mod definition;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::smoothing::tests::smooth_by_definition;
use super::*;
use crate::image::MAX_SIDE;
use crate::similarity::{difference_map, scratch_len};
use crate::testing::{gray, pairs};
pub(super) use definition::Parts;
use definition::score_by_definition;

pub(super) fn recipe(metric: Metric, pooling: Pooling) -> ScoreRecipe {
    ScoreRecipe::new(metric, pooling)
}

fn smoothed_maximum(radius: u8) -> Pooling {
    Pooling::SmoothedMaximum { radius }
}

/// The metrics that allow images of `size`.
fn metrics(size: Size) -> impl Iterator<Item = Metric> {
    Metric::ALL.into_iter().filter(move |metric| size.shorter_side() >= metric.min_side())
}

/// The score, and both maps, in buffers that are just long enough.
fn run(recipe: ScoreRecipe, size: Size, a: &[u8], b: &[u8]) -> (Score, Vec<u32>, Vec<u32>) {
    run_with(recipe, ScoreReference::default(), size, a, b).unwrap()
}

pub(super) fn run_with(
    recipe: ScoreRecipe,
    reference: ScoreReference<&[u8]>,
    size: Size,
    a: &[u8],
    b: &[u8],
) -> Result<(Score, Vec<u32>, Vec<u32>), ScoreError> {
    let needed = ScoreBuffers::needed_for(&recipe, size);
    let (mut map, mut smoothed) = (vec![7; needed.map], vec![7; needed.smoothed]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut vec![7; needed.scratch] };
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let score = score_with(&recipe, reference, view(a), view(b), buffers)?;
    Ok((score, map, smoothed))
}

/// The difference map.
fn map(metric: Metric, size: Size, a: &[u8], b: &[u8]) -> Vec<u32> {
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let (mut map, mut scratch) = (vec![0; size.area()], vec![0; scratch_len(metric, size.width)]);
    difference_map(metric, view(a), view(b), &mut scratch, &mut map).unwrap();
    map
}

/// The pixels at least `border` from each edge.
fn inside<T: Copy>(map: &[T], size: Size, border: u16) -> Vec<T> {
    let (width, height, border) = (usize::from(size.width), usize::from(size.height), usize::from(border));
    (border..height - border).flat_map(|y| (border..width - border).map(move |x| map[y * width + x])).collect()
}

fn parts(size: Size) -> impl Strategy<Value = Parts> {
    let vector = |values: std::ops::RangeInclusive<u32>| proptest::collection::vec(values, size.area());
    let weights = proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], size.area());
    (vector(0..=1 << 25), prop_oneof![vector(1..=1 << 24), vector(1..=u32::MAX)], weights).prop_map(
        |(means, spreads, weights)| Parts { means: means.iter().map(|mean| mean / 8).collect(), spreads, weights },
    )
}

#[test]
fn means_by_hand() {
    // L2 of 255 is 2^24, of 51 it is 2^24 / 25 = 671088.64, stored as 671089. All 56 pixels count.
    let size = Size::new(8, 7);
    let black = vec![0; 56];
    let a = gray(size, |x, y| match (x, y) {
        (0, 0) => 255,
        (4, 3) => 51,
        _ => 0,
    });
    let (score, map, _) = run(recipe(Metric::L2, Pooling::Mean), size, &a, &black);
    assert_eq!((map[0], map[3 * 8 + 4]), (1 << 24, 671_089));
    // (16777216 + 671089) / 56 = 311576.875
    assert_eq!(score.raw(), 311_577);
    assert_eq!(run(recipe(Metric::L2, smoothed_maximum(0)), size, &a, &black).0.raw(), 1 << 24);
    // (16777216 + 671089) / 2 = 8724152.5
    for (pixels, expected) in [(1, 1 << 24), (2, 8_724_153), (3, 5_816_102), (56, 311_577)] {
        assert_eq!(run(recipe(Metric::L2, Pooling::TopMean { pixels }), size, &a, &black).0.raw(), expected);
    }
    // SSIM of 8x7 pixels: the two inside the border count, and nothing else.
    let (score, map, _) = run(recipe(Metric::Ssim, Pooling::Mean), size, &a, &black);
    assert_eq!(score.raw(), (map[3 * 8 + 3] + map[3 * 8 + 4]).div_ceil(2));
}

#[test]
fn the_greatest_sums_fit() {
    // 2^28 pixels of 2.0 in full weight: the largest image there can be.
    let row = vec![Score::MAX.raw(); MAX_SIDE.into()];
    for masked in [false, true] {
        for pooling in [Pooling::Mean, smoothed_maximum(0)] {
            let mut pool = pooling::Pool::new(pooling, &mut []);
            for _ in 0..MAX_SIDE {
                if masked { pool.weighted_row(&row, [255; MAX_SIDE as usize].into_iter()) } else { pool.row(&row) }
            }
            assert_eq!(pool.finish(), Score::MAX.raw());
        }
    }
}

#[test]
fn recipes_that_do_not_fit_are_refused() {
    for metric in Metric::ALL {
        let validate = |pooling, width, height| recipe(metric, pooling).validate(Size::new(width, height));
        let min = metric.min_side();
        assert_eq!(validate(Pooling::Mean, min, min), Ok(()));
        for (width, height) in [(min - 1, min), (min, min - 1), (0, 0)] {
            let found = Size::new(width, height);
            assert_eq!(validate(Pooling::Mean, width, height), Err(InvalidRecipe::TooSmall { found, min }));
        }
        let smoothing =
            |radius, size: Size| ScoreRecipe { smoothing: radius, ..recipe(metric, Pooling::Mean) }.validate(size);
        let (odd, wide, large) = (Size::new(19, 21), Size::new(127, 127), Size::new(999, 999));
        for check in [&smoothing as &dyn Fn(u8, Size) -> _, &|radius, size: Size| {
            recipe(metric, smoothed_maximum(radius)).validate(size)
        }] {
            assert_eq!(check(9, odd), Ok(()));
            assert_eq!(check(10, odd), Err(InvalidRecipe::WindowTooLarge { window: 21, side: 19 }));
            assert_eq!(check(63, wide), Ok(()));
            assert_eq!(check(64, large), Err(InvalidRecipe::RadiusTooLarge { found: 64 }));
            assert_eq!(check(255, large), Err(InvalidRecipe::RadiusTooLarge { found: 255 }));
        }
        let max = u32::from(19 - 2 * metric.border()) * u32::from(21 - 2 * metric.border());
        let top = |pixels| validate(Pooling::TopMean { pixels }, 19, 21);
        assert_eq!((top(1), top(max)), (Ok(()), Ok(())));
        for found in [0, max + 1, u32::MAX] {
            assert_eq!(top(found), Err(InvalidRecipe::TopOutOfRange { found, max }));
        }
    }
}

#[test]
fn buffers_are_checked() {
    let bytes = [0; 400];
    let size = Size::new(20, 19);
    let view = GrayView::packed(&bytes, size).unwrap();
    for metric in Metric::ALL {
        for pooling in [Pooling::Mean, smoothed_maximum(2), Pooling::TopMean { pixels: 2 }] {
            for smoothing in [0, 1] {
                let recipe = ScoreRecipe { smoothing, ..recipe(metric, pooling) };
                let attempt = |map: usize, smoothed: usize, scratch: usize| {
                    let (mut map, mut smoothed) = (vec![0; map], vec![0; smoothed]);
                    let buffers =
                        ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut vec![0; scratch] };
                    score(&recipe, view, view, buffers).map(Score::raw)
                };
                let ScoreBufferLengths { map, smoothed, scratch } = ScoreBuffers::needed_for(&recipe, size);
                assert_eq!((map, smoothed), (380, if recipe.reworks() { 380 } else { 0 }));
                assert_eq!(attempt(map, smoothed, scratch), Ok(0));
                let error = SimilarityError::MapTooShort { found: 379, needed: 380 };
                assert_eq!(attempt(379, smoothed, scratch), Err(error.into()));
                let error = SimilarityError::ScratchTooShort { found: scratch - 1, needed: scratch };
                assert_eq!(attempt(map, smoothed, scratch - 1), Err(error.into()));
                if recipe.reworks() {
                    let error = ScoreError::SmoothedTooShort { found: 379, needed: 380 };
                    assert_eq!(attempt(map, 379, scratch), Err(error));
                }
            }
        }
    }
    let recipe = recipe(Metric::L2, smoothed_maximum(10));
    let buffers = ScoreBuffers { map: &mut [], smoothed: &mut [], scratch: &mut [] };
    let source = InvalidRecipe::WindowTooLarge { window: 21, side: 19 };
    assert_eq!(score(&recipe, view, view, buffers), Err(ScoreError::Recipe { size, source }));
    let other = GrayView::packed(&bytes, Size::new(19, 20)).unwrap();
    let buffers = ScoreBuffers { map: &mut [], smoothed: &mut [], scratch: &mut [0; 99] };
    let error = SimilarityError::SizesDiffer { a: size, b: other.size() };
    assert_eq!(score(&ScoreRecipe::new(Metric::L2, Pooling::Mean), view, other, buffers), Err(error.into()));
}

#[test]
fn the_documented_memory_is_that_of_the_code() {
    // The tables of docs/scoring.md, in bytes.
    let bytes = |recipe: &ScoreRecipe, width, height| 4 * ScoreStream::scratch_len(recipe, Size::new(width, height));
    for (width, height, expected) in [
        (128, 128, [6_752, 8_864, 512, 10_368, 23_264, 27_808]),
        (227, 227, [11_900, 15_596, 908, 18_412, 41_208, 49_316]),
        (640, 480, [33_376, 43_680, 2_560, 51_840, 115_936, 138_912]),
    ] {
        let mean = Metric::ALL.map(|metric| bytes(&recipe(metric, Pooling::Mean), width, height));
        let [ssim, l2, gaussian, msgms, both] = mean;
        let smoothed = bytes(&recipe(Metric::Msgms, smoothed_maximum(4)), width, height);
        assert_eq!([ssim, gaussian, l2, msgms, both, smoothed], expected);
    }
}

#[test]
fn needed_lengths_are_enough_for_every_recipe() {
    for size in [Size::new(11, 11), Size::new(128, 64), Size::new(300, 300), Size::new(19, 21), Size::new(7, 9)] {
        let enough = ScoreBuffers::needed(size);
        assert_eq!((enough.map, enough.smoothed), (size.area(), size.area()));
        for metric in metrics(size) {
            let radius = 63.min((size.shorter_side() - 1) / 2) as u8;
            let pixels = recipe(metric, Pooling::Mean).interior(size);
            for pooling in [Pooling::Mean, smoothed_maximum(radius), Pooling::TopMean { pixels }] {
                let recipe = ScoreRecipe { smoothing: radius, ..recipe(metric, pooling) };
                assert_eq!(recipe.validate(size), Ok(()));
                assert!(ScoreBuffers::needed_for(&recipe, size).scratch <= enough.scratch);
            }
        }
    }
}

#[test]
fn normalisation_by_hand() {
    // L2 of 255 is 2^24. Above a mean of 2^22 there are 3 * 2^22; over a spread of 3 * 2^23 that is one half, over 2^22 it
    // would be 3 and is limited to 2, and nothing is left above a mean of 2^24.
    let size = Size::new(11, 11);
    let (white, black) = (vec![255; 121], vec![0; 121]);
    for (mean, spread, expected) in
        [(1 << 22, 3 << 23, 1 << 23), (1 << 22, 1 << 22, 1 << 25), (1 << 24, 1, 0), (1 << 25, u32::MAX, 0)]
    {
        let bytes: Vec<u8> = ResidualMaps::<&[u8]>::encode(size, vec![mean; 121], vec![spread; 121]).collect();
        let reference =
            ScoreReference { residuals: Some(ResidualMaps::read(&bytes[..]).unwrap()), ..Default::default() };
        let recipe = ScoreRecipe { normalised: true, ..recipe(Metric::L2, Pooling::Mean) };
        let (score, map, pooled) = run_with(recipe, reference, size, &white, &black).unwrap();
        assert_eq!((score.raw(), map[0], pooled[60]), (expected, 1 << 24, expected));
    }
}

#[test]
fn a_mask_and_a_crop_agree() {
    // Pixels in full weight in a rectangle, and none elsewhere: the score of the part that has just that interior.
    let size = Size::new(31, 29);
    let (a, b) = (gray(size, |x, y| x * x + 7 * y + 3 * x * y), gray(size, |x, y| 3 * x + y * y + 2 * x * y));
    for metric in [Metric::Ssim, Metric::L2, Metric::SsimGaussian] {
        let border = metric.border();
        let (x, y, width, height) = (6, 8, 13, 12);
        let inside = |u: u32, v: u32| (x..x + width).contains(&u) && (y..y + height).contains(&v);
        let weights = gray(size, |u, v| 255 * u32::from(inside(u, v)));
        let mask: Vec<u8> = Mask::<&[u8]>::encode(size, weights).collect();
        let reference = ScoreReference { mask: Some(Mask::read(&mask[..]).unwrap()), ..Default::default() };
        let region = crate::image::Region {
            x: x as u16 - border,
            y: y as u16 - border,
            width: width as u16 + 2 * border,
            height: height as u16 + 2 * border,
        };
        let part = |pixels: &[u8]| -> Vec<u8> {
            let rows = GrayView::packed(pixels, size).unwrap().crop(region).unwrap();
            rows.rows().flatten().copied().collect()
        };
        for pooling in [Pooling::Mean, smoothed_maximum(0), Pooling::TopMean { pixels: 20 }] {
            let masked = ScoreRecipe { masked: true, ..recipe(metric, pooling) };
            let found = run_with(masked, reference, size, &a, &b).unwrap().0;
            assert_eq!(found, run(recipe(metric, pooling), region.size(), &part(&a), &part(&b)).0);
        }
    }
}

/// Any recipe that is valid for images of `size`, with all that it can ask for.
fn any_recipe(size: Size) -> impl Strategy<Value = (ScoreRecipe, Parts)> {
    let greatest = ((size.shorter_side() - 1) / 2) as u8;
    let metric = prop::sample::select(&Metric::ALL[..]);
    let pooling = (0_u8..3, 0..=greatest, any::<prop::sample::Index>());
    let margin = prop_oneof![
        Just(Margin::NONE),
        (1..=MAX_MARGIN, 1..255_u8).prop_map(|(width, weight)| Margin { width, weight })
    ];
    let flags = (any::<bool>(), any::<bool>(), prop_oneof![Just(0), 1..=greatest], margin);
    (metric, pooling, flags, parts(size)).prop_filter_map(
        "a metric that allows the size, and pixels that count",
        move |(metric, (kind, radius, top), (normalised, masked, smoothing, margin), parts)| {
            let mut recipe = ScoreRecipe { smoothing, normalised, masked, margin, ..recipe(metric, Pooling::Mean) };
            recipe.validate(size).ok()?;
            let counting = inside(&parts.weights, size, metric.border()).iter().filter(|&&weight| weight > 0).count();
            let counting = if masked { counting } else { recipe.interior(size) as usize };
            if counting == 0 {
                return None;
            }
            recipe.pooling = match kind {
                0 => Pooling::Mean,
                1 => smoothed_maximum(radius),
                _ => Pooling::TopMean { pixels: top.index(counting) as u32 + 1 },
            };
            Some((recipe, parts))
        },
    )
}

#[test]
fn a_picture_that_cannot_be_scored_is_refused() {
    let (size, margin) = (Size::new(20, 16), Margin { width: 4, weight: 100 });
    let within = |margin, width, height| {
        let recipe = ScoreRecipe { margin, ..recipe(Metric::Ssim, smoothed_maximum(2)) };
        let mut scratch = vec![0; ScoreStream::scratch_len(&recipe, size)];
        let stream = ScoreStream::new(&recipe, ScoreReference::default(), size, &mut scratch).unwrap();
        stream.within(Size::new(width, height)).map(drop)
    };
    let refused = |width, height| Err(ScoreError::Content { found: Size::new(width, height), size, min: 7 });
    assert_eq!(within(margin, 7, 16), Ok(()));
    assert_eq!(within(margin, 6, 16), refused(6, 16), "no pixel lies inside the border of SSIM");
    assert_eq!(within(margin, 20, 1), refused(20, 1));
    assert_eq!(within(margin, 21, 16), refused(21, 16));
    // Without a margin the mirror image counts too.
    assert_eq!(within(Margin::NONE, 1, 1), Ok(()));
    assert_eq!(within(Margin::NONE, 20, 17), refused(20, 17));
}

proptest! {
    #[test]
    fn scores_are_those_of_the_definition(
        ((recipe, parts), size, a, b) in pairs()
            .prop_flat_map(|(size, a, b)| (any_recipe(size), Just(size), Just(a), Just(b)))
    ) {
        let (residuals, mask) = (parts.residuals(size), parts.mask(size));
        let reference = ScoreReference {
            residuals: recipe.normalised.then(|| ResidualMaps::read(&residuals[..]).unwrap()),
            mask: recipe.masked.then(|| Mask::read(&mask[..]).unwrap()),
        };
        let map = map(recipe.metric, size, &a, &b);
        let expected = score_by_definition(&recipe, &map, size, size, &parts);
        let (score, found, _) = run_with(recipe, reference, size, &a, &b).unwrap();
        prop_assert_eq!(&found, &map);
        prop_assert_eq!(u64::from(score.raw()), expected);

        // Row by row, without the maps.
        let mut scratch = vec![7; ScoreStream::scratch_len(&recipe, size)];
        let mut stream = ScoreStream::new(&recipe, reference, size, &mut scratch).unwrap();
        let width = usize::from(size.width);
        for (a, b) in a.chunks(width).zip(b.chunks(width)) {
            stream.push(a, b).unwrap();
        }
        prop_assert_eq!(stream.push(&a[..width], &b[..width]), Err(SimilarityError::TooManyRows { expected: size.height }));
        prop_assert_eq!(stream.finish(), Ok(score));
    }

    #[test]
    fn a_margin_counts_from_the_edges_of_the_picture(
        ((recipe, parts), size, a, b) in pairs()
            .prop_flat_map(|(size, a, b)| (any_recipe(size), Just(size), Just(a), Just(b))),
        cut in (0_u16..40, 0_u16..40),
    ) {
        // A mask could leave no pixel of a small picture.
        let recipe = ScoreRecipe { masked: false, normalised: false, ..recipe };
        let min = 2 * recipe.metric.border() + 1;
        let side = |side: u16, cut: u16| side.saturating_sub(cut).max(min);
        let content = Size::new(side(size.width, cut.0), side(size.height, cut.1));
        let mut scratch = vec![7; ScoreStream::scratch_len(&recipe, size)];
        let mut stream = ScoreStream::new(&recipe, ScoreReference::default(), size, &mut scratch).unwrap();
        stream = stream.within(content).unwrap();
        let width = usize::from(size.width);
        for (a, b) in a.chunks(width).zip(b.chunks(width)) {
            stream.push(a, b).unwrap();
        }
        let map = map(recipe.metric, size, &a, &b);
        let expected = score_by_definition(&recipe, &map, size, content, &parts);
        prop_assert_eq!(u64::from(stream.finish().unwrap().raw()), expected);
    }

    #[test]
    fn the_pooled_map_is_kept((size, a, b) in pairs(), radius in 0_u8..=11, smoothing in 0_u8..=11) {
        let greatest = (size.shorter_side() as u8 - 1) / 2;
        for metric in metrics(size) {
            let pooling = smoothed_maximum(radius.min(greatest));
            let recipe = ScoreRecipe { smoothing: smoothing.min(greatest), ..recipe(metric, pooling) };
            let (found, map, pooled) = run(recipe, size, &a, &b);
            let once = smooth_by_definition(&map, size, recipe.smoothing);
            prop_assert_eq!(&pooled, &smooth_by_definition(&once, size, radius.min(greatest)));
            prop_assert_eq!(Some(found.raw()), inside(&pooled, size, metric.border()).into_iter().max());
        }
    }

    #[test]
    fn identity_scores_zero_and_order_does_not_matter((size, a, b) in pairs()) {
        for metric in metrics(size) {
            for pooling in [Pooling::Mean, smoothed_maximum(2), Pooling::TopMean { pixels: 1 }] {
                let recipe = recipe(metric, pooling);
                prop_assert_eq!(run(recipe, size, &a, &a).0, Score::MIN);
                prop_assert_eq!(run(recipe, size, &a, &b).0, run(recipe, size, &b, &a).0);
            }
        }
    }
}
