//! Golden frames: images with known score and verdict that go into the bundle, by which a station shows that it computes
//! what this machine computed.
//!
//! Scores are in Q24. They are chosen from the images they are given, which must not be those that the threshold rests
//! on. It does not know whether the defects it paints look like real ones: they only have to be plain.

use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use shared::bundle::{GoldenFrame, GoldenFrames, GoldenVerdict};
use shared::difference::Mask;
use shared::image::{GrayView, ImageError, Region, Size};
use shared::score::{Score, Threshold};

use crate::random::below;

/// Golden frames that pass, at most: the one with the lowest score, the median and the highest.
pub const PASSES: usize = 3;

/// Golden frames that are rejected, at most.
pub const REJECTS: usize = 2;

/// A golden score lies further from the threshold than one part in so many of it: eight times as far as the self-test
/// lets a score move.
pub const MARGIN_DIVISOR: u32 = 8;

/// Squares that are tried to get [`REJECTS`].
const ATTEMPTS: usize = 32;

/// The side of a painted square: one part in so many of the shorter side of the image.
const SQUARE_DIVISOR: u16 = 4;

/// The stream of random numbers; the weights and the batches draw from the first ones.
const STREAM: u64 = u64::MAX;

/// A golden frame and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The index of its image among those it was chosen from.
    pub image: usize,
    /// The square that was painted into the image, if it is a reject.
    pub square: Option<Region>,
    /// The model's input.
    pub input: Vec<u8>,
    /// What the model made of it.
    pub reconstruction: Vec<u8>,
    /// The score of the two.
    pub score: Score,
    /// The verdict by the threshold.
    pub verdict: GoldenVerdict,
}

/// Whether a score is so far from the threshold that no difference between processors gives another verdict.
pub fn is_clear(score: Score, threshold: Threshold) -> bool {
    score.raw().abs_diff(threshold.raw()) > threshold.raw() / MARGIN_DIVISOR
}

/// Chooses golden frames among `images` of good parts, packed gray in the size of the pipeline's input. Always the same
/// for the same images, threshold and seed.
///
/// [`PASSES`] of those that pass clearly, and [`REJECTS`] images with a square of the opposite brightness painted in,
/// where a mask counts, that are rejected clearly; fewer, or none at all, where there are not so many.
///
/// # Errors
/// [`MeasureError`] if an image cannot be measured.
pub fn choose(
    pipeline: &mut Pipeline<impl Reconstructor>,
    images: &[&[u8]],
    threshold: Threshold,
    seed: u64,
) -> Result<Vec<Chosen>, MeasureError> {
    let (size, clock) = (pipeline.preprocessing().input, MonotonicClock::new());
    let mut all = Vec::with_capacity(images.len());
    for (image, input) in images.iter().enumerate() {
        all.push(measure(pipeline, image, None, input.to_vec(), threshold, &clock)?);
    }
    all.sort_by_key(|one| (one.score, one.image));
    let clear = |one: &&Chosen| one.verdict == GoldenVerdict::Pass && is_clear(one.score, threshold);
    let passing: Vec<&Chosen> = all.iter().filter(clear).collect();
    let mut places = vec![0, passing.len() / 2, passing.len().saturating_sub(1)];
    places.dedup();
    let mut chosen: Vec<Chosen> = places.iter().filter_map(|&place| passing.get(place)).copied().cloned().collect();

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM);
    let (counted, mut rejects) = (counted(pipeline.reference().mask, size), Vec::new());
    for base in all.iter().cycle().take(ATTEMPTS) {
        if rejects.len() == REJECTS {
            break;
        }
        let square = square(&mut rng, size, &counted);
        let input = painted(&base.input, size, square)?;
        let one = measure(pipeline, base.image, Some(square), input, threshold, &clock)?;
        if one.verdict == GoldenVerdict::Reject && is_clear(one.score, threshold) {
            rejects.push(one);
        }
    }
    chosen.extend(rejects);
    Ok(chosen)
}

/// The bytes of the bundle's section; `None` without any frame.
///
/// # Errors
/// [`ImageError`] if an image has not `size`.
pub fn section(size: Size, chosen: &[Chosen]) -> Result<Option<Vec<u8>>, ImageError> {
    let mut frames = Vec::with_capacity(chosen.len());
    for Chosen { input, reconstruction, score, verdict, .. } in chosen {
        let (input, reconstruction) = (GrayView::packed(input, size)?, GrayView::packed(reconstruction, size)?);
        frames.push(GoldenFrame { input, reconstruction, score: *score, verdict: *verdict });
    }
    Ok(encode(size, frames))
}

/// The section with those of the frames that keep their verdict, clearly, by another threshold; `None` if none does.
pub fn kept(golden: &GoldenFrames<'_>, threshold: Threshold) -> Option<Vec<u8>> {
    let keeps = |frame: &GoldenFrame<'_>| {
        frame.verdict == GoldenVerdict::of(threshold, frame.score) && is_clear(frame.score, threshold)
    };
    encode(golden.size(), golden.iter().filter(keeps).collect())
}

fn encode(size: Size, frames: Vec<GoldenFrame<'_>>) -> Option<Vec<u8>> {
    (!frames.is_empty()).then(|| GoldenFrames::encode(size, frames.into_iter()).collect())
}

fn measure(
    pipeline: &mut Pipeline<impl Reconstructor>,
    image: usize,
    square: Option<Region>,
    input: Vec<u8>,
    threshold: Threshold,
    clock: &impl Clock,
) -> Result<Chosen, MeasureError> {
    let size = pipeline.preprocessing().input;
    let score = pipeline.measure_preprocessed(GrayView::packed(&input, size)?, clock)?.score;
    let evidence = pipeline.evidence();
    let reconstruction =
        evidence.iter().flat_map(|evidence| evidence.reconstruction.rows()).flatten().copied().collect();
    Ok(Chosen { image, square, input, reconstruction, score, verdict: GoldenVerdict::of(threshold, score) })
}

/// The pixels that count by half at least, by column and row; none without a mask, where all of them do.
fn counted(mask: Option<Mask<&[u8]>>, size: Size) -> Vec<(u16, u16)> {
    let Some(mask) = mask else { return Vec::new() };
    let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    pixels.filter(|&(x, y)| mask.counts(x, y)).collect()
}

/// A square inside an image, with its centre on one of the pixels if there are any, or as near to it as the edges allow.
fn square(rng: &mut ChaCha8Rng, size: Size, centres: &[(u16, u16)]) -> Region {
    let side = (size.shorter_side() / SQUARE_DIVISOR).max(1);
    let (x, y) = if centres.is_empty() {
        let mut start = |length: u16| below(rng, usize::from(length - side) + 1) as u16;
        (start(size.width), start(size.height))
    } else {
        let (x, y) = centres[below(rng, centres.len())];
        let start = |centre: u16, length: u16| centre.saturating_sub(side / 2).min(length - side);
        (start(x, size.width), start(y, size.height))
    };
    Region { x, y, width: side, height: side }
}

/// `image` with the square in black where it is bright on average, in white where it is dark.
fn painted(image: &[u8], size: Size, square: Region) -> Result<Vec<u8>, ImageError> {
    let pixels = GrayView::packed(image, size)?.crop(square)?;
    let sum: u64 = pixels.rows().flatten().map(|&pixel| u64::from(pixel)).sum();
    let bright = 2 * sum >= 255 * square.size().area() as u64;
    let mut painted = image.to_vec();
    for row in painted.chunks_exact_mut(size.width.into()).skip(square.y.into()).take(square.height.into()) {
        row[square.x.into()..][..square.width.into()].fill(if bright { 0 } else { 255 });
    }
    Ok(painted)
}

#[cfg(test)]
mod tests {
    use edge_runtime::reconstruct::ReconstructError;
    use edge_runtime::self_test::{score_tolerance, self_test};
    use shared::difference::{Pooling, ScoreRecipe, ScoreReference};
    use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
    use shared::similarity::Metric;

    use super::*;

    const SIZE: Size = Size { width: 16, height: 12 };

    /// Redraws everything as gray of level 100, but the first pixel of an image that begins with an odd one as 101: a
    /// model whose output never changes is none.
    struct Gray([f32; 192]);

    impl Reconstructor for Gray {
        fn size(&self) -> Size {
            SIZE
        }

        fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
            self.0[0] = f32::from(100 + input[0] % 2) / 255.0;
            Ok(&self.0)
        }
    }

    fn pipeline() -> Pipeline<Gray> {
        let accepted = AcceptedSizes { min: SIZE, max: SIZE };
        let preprocessing = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: SIZE };
        let recipe = ScoreRecipe::new(Metric::L2, Pooling::Mean);
        Pipeline::new(preprocessing, recipe, Gray([100.0 / 255.0; 192])).unwrap()
    }

    /// The score of a uniform image that is so many levels off.
    fn score_of(levels: f64) -> u32 {
        (levels * levels / 65025.0 * f64::from(Score::ONE)).round() as u32
    }

    fn choose_among(levels: &[u8], threshold: u32, seed: u64) -> Vec<Chosen> {
        let images: Vec<Vec<u8>> = levels.iter().map(|&level| vec![level; SIZE.area()]).collect();
        let views: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        choose(&mut pipeline(), &views, Threshold::new(threshold).unwrap(), seed).unwrap()
    }

    fn images(chosen: &[Chosen], verdict: GoldenVerdict) -> Vec<usize> {
        chosen.iter().filter(|one| one.verdict == verdict).map(|one| one.image).collect()
    }

    #[test]
    fn the_lowest_the_median_and_the_highest_pass_and_plain_defects_are_rejected() {
        let threshold = score_of(20.0);
        // Levels off: 10, 0, 5, 19 (too near the threshold), 15, 1, 30 (above it).
        let chosen = choose_among(&[110, 100, 105, 119, 115, 101, 130], threshold, 1);
        assert_eq!(images(&chosen, GoldenVerdict::Pass), [1, 2, 4]);
        let rejects: Vec<&Chosen> = chosen[3..].iter().collect();
        assert_eq!(rejects.len(), REJECTS);
        for one in &rejects {
            assert_eq!(one.verdict, GoldenVerdict::Reject);
            // 3x3 of 192 pixels in white: those that were darker than 127.5.
            let square = one.square.unwrap();
            assert_eq!((square.width, square.height), (3, 3));
            assert_eq!(one.input.iter().filter(|&&pixel| pixel == 255).count(), 9);
            assert!(
                GrayView::packed(&one.input, SIZE).unwrap().crop(square).unwrap().rows().flatten().all(|&p| p == 255)
            );
        }
        assert!(chosen.iter().all(|one| is_clear(one.score, Threshold::new(threshold).unwrap())));
        assert_eq!(chosen, choose_among(&[110, 100, 105, 119, 115, 101, 130], threshold, 1));
        let squares = |chosen: &[Chosen]| chosen.iter().filter_map(|one| one.square).collect::<Vec<_>>();
        assert_ne!(squares(&chosen), squares(&choose_among(&[110, 100, 105, 119, 115, 101, 130], threshold, 2)));
        // Bright parts get a black square.
        let bright = choose_among(&[140], score_of(42.0), 1);
        assert_eq!(bright.len(), REJECTS);
        assert!(bright.iter().all(|one| one.input.contains(&0) && !one.input.contains(&255)));
    }

    #[test]
    fn squares_lie_where_a_small_mask_counts() {
        // Two pixels of 192, in opposite corners.
        let bytes: Vec<u8> =
            Mask::<&[u8]>::encode(SIZE, (0..192).map(|at| if at == 0 || at == 191 { 255 } else { 9 })).collect();
        let mask = Mask::read(&bytes[..]).unwrap();
        assert_eq!((counted(Some(mask), SIZE), counted(None, SIZE)), (vec![(0, 0), (15, 11)], vec![]));
        let mut recipe = ScoreRecipe::new(Metric::L2, Pooling::Mean);
        recipe.masked = true;
        let preprocessing = *pipeline().preprocessing();
        let reference = ScoreReference { mask: Some(mask), residuals: None };
        let gray = Gray([100.0 / 255.0; 192]);
        let mut pipeline = Pipeline::with_reference(preprocessing, recipe, reference, gray).unwrap();
        let image = [100; 192];
        for seed in 0..8 {
            let threshold = Threshold::new(score_of(20.0)).unwrap();
            let chosen = choose(&mut pipeline, &[&image], threshold, seed).unwrap();
            let squares: Vec<Region> = chosen.iter().filter_map(|one| one.square).collect();
            assert_eq!(squares.len(), REJECTS);
            assert!(squares.iter().all(|at| (at.x, at.y) == (0, 0) || (at.x, at.y) == (13, 9)), "{squares:?}");
        }
    }

    #[test]
    fn where_nothing_is_clear_there_are_fewer_or_none() {
        assert_eq!(images(&choose_among(&[104, 100], score_of(20.0), 1), GoldenVerdict::Pass), [1, 0]);
        assert_eq!(images(&choose_among(&[100], score_of(20.0), 1), GoldenVerdict::Pass), [0]);
        assert!(choose_among(&[100, 104], Threshold::MAX.raw(), 1).iter().all(|one| one.square.is_none()));
        // Every score is rejected, one of zero not clearly.
        let all = choose_among(&[100, 104], 0, 1);
        assert_eq!((images(&all, GoldenVerdict::Pass).len(), all.len()), (0, REJECTS));
        assert!(choose_among(&[], 0, 1).is_empty());
        // 60 levels off, at the threshold; nine pixels that are 100 levels off add 8 %.
        assert_eq!(choose_among(&[160], score_of(60.0), 1), []);
        assert_eq!(section(SIZE, &[]), Ok(None));
    }

    #[test]
    fn what_is_chosen_passes_the_self_test_and_keeps_its_verdict_within_the_tolerance() {
        let threshold = Threshold::new(score_of(20.0)).unwrap();
        let chosen = choose_among(&[110, 100, 105], threshold.raw(), 3);
        let bytes = section(SIZE, &chosen).unwrap().unwrap();
        let golden = GoldenFrames::read(&bytes).unwrap();
        assert_eq!(golden.check(SIZE, threshold), Ok(()));
        let report = self_test(&mut pipeline(), Some(golden), threshold, &MonotonicClock::new()).unwrap();
        assert_eq!((report.frames, report.differing_pixels, report.greatest_score_difference), (5, 0, 0));
        for frame in golden.iter() {
            let tolerance = score_tolerance(frame.score, threshold);
            for moved in [frame.score.raw().saturating_sub(tolerance), frame.score.raw() + tolerance] {
                assert_eq!(GoldenVerdict::of(threshold, Score::new(moved).unwrap()), frame.verdict);
            }
        }
    }

    #[test]
    fn another_threshold_keeps_the_frames_whose_verdict_stays() {
        let threshold = Threshold::new(score_of(20.0)).unwrap();
        let bytes = section(SIZE, &choose_among(&[110, 100, 105], threshold.raw(), 3)).unwrap().unwrap();
        let golden = GoldenFrames::read(&bytes).unwrap();
        let kept_by = |raw| {
            let threshold = Threshold::new(raw).unwrap();
            let kept = kept(&golden, threshold)?;
            let kept = GoldenFrames::read(&kept).unwrap();
            assert_eq!(kept.check(SIZE, threshold), Ok(()));
            Some(kept.iter().map(|frame| frame.score.raw()).collect::<Vec<_>>())
        };
        let all: Vec<u32> = golden.iter().map(|frame| frame.score.raw()).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(kept_by(threshold.raw()).as_ref(), Some(&all));
        assert_eq!(kept_by(score_of(15.0)).as_ref(), Some(&all));
        // The frame that is 10 levels off is too near, then above.
        for levels in [10.2, 9.0] {
            assert_eq!(kept_by(score_of(levels)).unwrap(), [&all[..2], &all[3..]].concat());
        }
        assert_eq!(kept_by(0).unwrap(), all[3..]);
        assert_eq!(kept_by(Threshold::MAX.raw()).unwrap(), all[..3]);
        let rejects = section(SIZE, &choose_among(&[100], 0, 3)).unwrap().unwrap();
        assert_eq!(kept(&GoldenFrames::read(&rejects).unwrap(), Threshold::MAX), None);
    }
}
