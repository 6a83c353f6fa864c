//! Tests of `self_test`, beside it.

use shared::difference::{Pooling, ScoreRecipe};
use shared::image::Size;
use shared::similarity::Metric;

use super::*;
use crate::reconstruct::ReconstructError;
use crate::test_support::{FakeModel, INPUT, Redraw, StepClock, preprocessing};

/// Redraws nothing brighter than 100: knows dark parts only. Then the first `pixels` pixels are `levels` levels off.
#[derive(Clone, Copy)]
struct Clipping {
    pixels: usize,
    levels: f32,
}

const EXACT: Clipping = Clipping { pixels: 0, levels: 0.0 };
const LIMIT: u8 = 100;

struct Model(Clipping, Vec<f32>);

impl Reconstructor for Model {
    fn size(&self) -> Size {
        INPUT
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        let Self(Clipping { pixels, levels }, output) = self;
        let off = |index| if index < *pixels { *levels } else { 0.0 };
        let redrawn = |(index, &pixel): (usize, &u8)| (f32::from(pixel.min(LIMIT)) + off(index)) / 255.0;
        output.clear();
        output.extend(input.iter().enumerate().map(redrawn));
        Ok(output)
    }
}

fn recipe() -> ScoreRecipe {
    ScoreRecipe::new(Metric::L2, Pooling::Mean)
}

fn pipeline(recipe: ScoreRecipe, clipping: Clipping) -> Pipeline<Model> {
    Pipeline::new(preprocessing(), recipe, Model(clipping, Vec::new())).unwrap()
}

/// Uniform images of these levels, as the exact model and the recipe have them.
fn golden(levels: &[u8], recipe: ScoreRecipe, threshold: Threshold) -> Vec<u8> {
    let mut exact = pipeline(recipe, EXACT);
    let images: Vec<_> = levels.iter().map(|&l| (vec![l; INPUT.area()], vec![l.min(LIMIT); INPUT.area()])).collect();
    let frames = images.iter().map(|(input, redrawn)| {
        let [input, reconstruction] = [input, redrawn].map(|pixels| GrayView::packed(pixels, INPUT).unwrap());
        let score = exact.score_of(input, reconstruction).unwrap();
        GoldenFrame { input, reconstruction, score, verdict: GoldenVerdict::of(threshold, score) }
    });
    GoldenFrames::encode(INPUT, frames).collect()
}

fn threshold(raw: u32) -> Threshold {
    Threshold::new(raw).unwrap()
}

/// A dark frame that passes with a score of 0 and a bright one that is rejected.
fn run(recipe: ScoreRecipe, clipping: Clipping) -> Result<SelfTestReport, SelfTestError> {
    let threshold = threshold(Score::ONE / 100);
    let bytes = golden(&[60, 220], self::recipe(), threshold);
    let golden = GoldenFrames::read(&bytes).unwrap();
    let verdicts: Vec<_> = golden.iter().map(|frame| frame.verdict).collect();
    assert_eq!(verdicts, [GoldenVerdict::Pass, GoldenVerdict::Reject]);
    let mut pipeline = pipeline(recipe, clipping);
    let result = self_test(&mut pipeline, Some(golden), threshold, &StepClock::default());
    assert!(pipeline.evidence().is_none());
    result
}

#[test]
fn the_same_model_gives_the_same_to_the_last_bit() {
    let report = run(recipe(), EXACT).unwrap();
    assert_eq!(report, SelfTestReport { frames: 2, ..SelfTestReport::default() });
    assert!(report.is_proven());
}

#[test]
fn float_noise_passes_and_is_counted() {
    let allowed = 1; // of 192 pixels
    // Below half a level nothing is seen at all.
    assert_eq!(run(recipe(), Clipping { pixels: INPUT.area(), levels: 0.4 }).unwrap().differing_pixels, 0);
    for levels in [1.0, -1.0, 0.6] {
        let report = run(recipe(), Clipping { pixels: allowed, levels }).unwrap();
        assert_eq!((report.greatest_pixel_difference, report.differing_pixels), (1, 2 * allowed));
        let error = run(recipe(), Clipping { pixels: allowed + 1, levels }).unwrap_err();
        assert!(matches!(error, SelfTestError::Pixels { frame: 0, found: 2, allowed: 1 }), "{error}");
    }
    let error = run(recipe(), Clipping { pixels: 1, levels: -2.0 }).unwrap_err();
    assert!(matches!(error, SelfTestError::Pixel { frame: 0, x: 0, y: 0, found: 58, expected: 60 }), "{error}");
}

#[test]
fn integers_that_differ_by_one_fail() {
    let other = ScoreRecipe { smoothing: 1, ..recipe() };
    // Smoothing changes nothing of a uniform map.
    assert!(run(other, EXACT).is_ok());
    let error = run(ScoreRecipe::new(Metric::Ssim, Pooling::Mean), EXACT).unwrap_err();
    assert!(matches!(error, SelfTestError::IntegerScore { frame: 1, .. }), "{error}");

    let limit = threshold(Score::ONE / 100);
    let mut bytes = golden(&[60, 220], recipe(), limit);
    let second = 8 + 8 + 2 * INPUT.area();
    bytes[second] ^= 1;
    let golden = GoldenFrames::read(&bytes);
    let error = self_test(&mut pipeline(recipe(), EXACT), golden.ok(), limit, &StepClock::default()).unwrap_err();
    let SelfTestError::IntegerScore { frame: 1, found, expected } = error else { panic!("{error}") };
    assert_eq!(found.raw().abs_diff(expected.raw()), 1);
}

/// Tolerable pixels may still move a score that hangs on one of them.
#[test]
fn a_score_that_moves_too_far_fails() {
    let recipe = ScoreRecipe::new(Metric::L2, Pooling::TopMean { pixels: 1 });
    // The bright frame is 2 levels off, (2 / 255)^2; one pixel of it 3 levels.
    let limit = threshold(Score::ONE / 65025 * 20);
    let bytes = golden(&[LIMIT + 2], recipe, limit);
    let golden = GoldenFrames::read(&bytes).ok();
    let test = |clipping| self_test(&mut pipeline(recipe, clipping), golden, limit, &StepClock::default());
    assert!(test(EXACT).is_ok());
    let error = test(Clipping { pixels: 1, levels: -1.0 }).unwrap_err();
    let SelfTestError::Score { frame: 0, found, expected, allowed } = error else { panic!("{error}") };
    assert!(found > expected && found.raw() - expected.raw() > allowed);
    assert_eq!(allowed, limit.raw() / 64);
}

#[test]
fn a_golden_frame_at_the_threshold_may_get_another_verdict_and_fails() {
    let score = {
        let bytes = golden(&[220], recipe(), Threshold::MAX);
        GoldenFrames::read(&bytes).unwrap().iter().next().unwrap().score
    };
    let limit = Threshold::just_above(score);
    let bytes = golden(&[220], recipe(), limit);
    let golden = GoldenFrames::read(&bytes).ok();
    let test = |clipping| self_test(&mut pipeline(recipe(), clipping), golden, limit, &StepClock::default());
    assert!(test(Clipping { pixels: 1, levels: 1.0 }).is_ok());
    let error = test(Clipping { pixels: 1, levels: -1.0 }).unwrap_err();
    let SelfTestError::Verdict { found, expected, .. } = error else { panic!("{error}") };
    assert_eq!((found, expected), (GoldenVerdict::Reject, GoldenVerdict::Pass));
}

#[test]
fn a_model_that_gives_no_numbers_fails_with_and_without_golden_frames() {
    let limit = threshold(Score::ONE / 100);
    let bytes = golden(&[60], recipe(), limit);
    let golden = GoldenFrames::read(&bytes).ok();
    let test = |redraw, golden| {
        let mut pipeline = Pipeline::new(preprocessing(), recipe(), FakeModel::new(INPUT, redraw)).unwrap();
        self_test(&mut pipeline, golden, limit, &StepClock::default())
    };
    for redraw in [Redraw::NotANumberAt(INPUT.area() - 1), Redraw::TooShort, Redraw::Failing] {
        let error = test(redraw, golden).unwrap_err();
        assert!(matches!(error, SelfTestError::Measure { frame: 0, .. }), "{error}");
        assert!(matches!(test(redraw, None), Err(SelfTestError::Gray(_))));
    }
    assert!(test(Redraw::Identical, golden).unwrap().is_proven());
    let unproven = test(Redraw::Inverted, None).unwrap();
    assert_eq!(unproven, SelfTestReport::default());
    assert!(!unproven.is_proven());
}

#[test]
fn golden_frames_of_another_size_fail() {
    let turned = Size::new(INPUT.height, INPUT.width);
    let pixels = vec![60; turned.area()];
    let image = GrayView::packed(&pixels, turned).unwrap();
    let frame = GoldenFrame { input: image, reconstruction: image, score: Score::MIN, verdict: GoldenVerdict::Pass };
    let bytes: Vec<u8> = GoldenFrames::encode(turned, [frame].into_iter()).collect();
    let golden = GoldenFrames::read(&bytes).ok();
    let error = self_test(&mut pipeline(recipe(), EXACT), golden, threshold(1), &StepClock::default()).unwrap_err();
    let SelfTestError::Measure { frame: 0, source: MeasureError::InputSize { found, expected } } = error else {
        panic!("{error}")
    };
    assert_eq!((found, expected), (turned, INPUT));
}

/// A processor so slow that the whole self-test takes longer than the watchdog waits, and one that hangs in a frame.
#[cfg(all(feature = "station", target_os = "linux"))]
#[test]
fn each_frame_is_progress_and_a_hang_is_none() {
    use std::cell::{Cell, RefCell};

    use crate::supervision::Progress;

    const STALL_US: u64 = 2_000_000;

    /// Takes `frame_us` for each frame, while the watchdog looks every 100 ms.
    struct Slow<'a> {
        model: Model,
        frame_us: u64,
        now_us: u64,
        attempts: &'a Cell<u64>,
        watchdog: &'a RefCell<(Progress, Vec<bool>)>,
    }

    impl Reconstructor for Slow<'_> {
        fn size(&self) -> Size {
            INPUT
        }

        fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
            let (progress, goes_on) = &mut *self.watchdog.borrow_mut();
            let until_us = self.now_us + self.frame_us;
            let all = (self.now_us..=until_us).step_by(100_000).all(|at| progress.goes_on(self.attempts.get(), at));
            goes_on.push(all);
            self.now_us = until_us;
            self.model.reconstruct(input)
        }
    }

    let threshold = threshold(Score::ONE / 100);
    let bytes = golden(&[60, 220, 50, 210], recipe(), threshold);
    for (frame_us, expected) in [(1_500_000, [true; 4]), (2 * STALL_US, [false; 4])] {
        let (attempts, watchdog) = (Cell::new(0), RefCell::new((Progress::new(STALL_US, 0), Vec::new())));
        let model = Model(EXACT, Vec::new());
        let slow = Slow { model, frame_us, now_us: 0, attempts: &attempts, watchdog: &watchdog };
        let mut pipeline = Pipeline::new(preprocessing(), recipe(), slow).unwrap();
        let golden = GoldenFrames::read(&bytes).ok();
        let measured = || attempts.set(attempts.get() + 1);
        self_test_with(&mut pipeline, golden, threshold, &StepClock::default(), measured).unwrap();
        assert_eq!((attempts.get(), &watchdog.borrow().1[..]), (4, &expected[..]));
    }
}
