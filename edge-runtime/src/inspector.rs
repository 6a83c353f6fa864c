//! The inspection: admits a frame, measures it and has `shared` judge it against the bundle's threshold. It moves
//! nothing and records nothing.

mod at_station;
#[cfg(feature = "tract")]
mod open;
mod taking_over;

#[cfg(feature = "tract")]
pub use open::{OpenError, open_pipeline};
use shared::admission::{FrameGate, FrameStamp};
use shared::bundle::{Bundle, BundleId, Verified};
use shared::image::FrameView;
use shared::score::{Score, Threshold};
use shared::verdict::{FaultReason, Verdict, judge};
use shared::wire::{BundleTrust, StageMicros, ThresholdSource};

use crate::camera::quality::{QualityGate, QualityLimits};
use crate::clock::{Clock, micros_between};
use crate::pipeline::{Evidence, MeasureError, MeasureTimes, Pipeline, PipelineError};
use crate::reconstruct::Reconstructor;
use crate::self_test::{SelfTestError, SelfTestReport, self_test_with};

/// Judges frames by one verified bundle. A camera that is opened again counts from the start and needs a new one.
#[derive(Debug)]
pub struct Inspector<R, C> {
    pipeline: Pipeline<R>,
    clock: C,
    gate: FrameGate,
    proof: Verified,
    quality: Option<QualityGate>,
}

/// What the inspection of one frame gave.
#[derive(Debug)]
pub struct Inspection {
    /// The verdict. A pass in it can be spent once.
    pub verdict: Verdict,
    /// The difference score; `None` if the frame was not measured to the end.
    pub score: Option<Score>,
    /// How long the stages took.
    pub stages: StageMicros,
    /// Where the verdict is a Fault because measuring failed: how.
    pub failure: Option<MeasureError>,
}

impl<R: Reconstructor, C: Clock> Inspector<R, C> {
    /// An inspector for `bundle`, with the model that is in it. A frame captured more than `max_age_us` microseconds
    /// before its inspection is stale; `u64::MAX` for recorded frames, which cannot be.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if the bundle's parts do not fit each other or the model.
    pub fn new(bundle: &Bundle<'_>, reconstructor: R, clock: C, max_age_us: u64) -> Result<Self, PipelineError> {
        let manifest = bundle.manifest();
        let pipeline =
            Pipeline::with_reference(manifest.preprocessing, manifest.recipe, bundle.reference(), reconstructor)?;
        Self::around(pipeline, bundle, clock, max_age_us)
    }

    fn around(pipeline: Pipeline<R>, bundle: &Bundle<'_>, clock: C, max_age_us: u64) -> Result<Self, PipelineError> {
        let accepted = bundle.manifest().preprocessing.accepted;
        Ok(Self { pipeline, clock, gate: FrameGate::new(accepted, max_age_us), proof: bundle.proof(), quality: None })
    }

    /// Has every frame held against `limits` before it is measured: a frame that is frozen, badly exposed or blurred is a
    /// Fault with that reason.
    #[must_use]
    pub fn with_quality(self, limits: QualityLimits) -> Self {
        Self { quality: Some(QualityGate::new(limits)), ..self }
    }

    /// Holds pipeline and model to the golden frames of `bundle`, the one that this inspector was made for. The station
    /// does it before the first part, and may do it again whenever the line stands.
    ///
    /// # Errors
    ///
    /// [`SelfTestError`] says which frame came out otherwise, and how. Nothing may pass then.
    pub fn self_test(&mut self, bundle: &Bundle<'_>) -> Result<SelfTestReport, SelfTestError> {
        self.self_test_with(bundle, || ())
    }

    /// The same; `measured` is called after each golden frame.
    ///
    /// # Errors
    ///
    /// As [`self_test`](Self::self_test).
    pub fn self_test_with(
        &mut self,
        bundle: &Bundle<'_>,
        measured: impl FnMut(),
    ) -> Result<SelfTestReport, SelfTestError> {
        let (found, expected) = (bundle.id(), self.proof.id());
        if found != expected {
            return Err(SelfTestError::OtherBundle { found, expected });
        }
        // The golden verdicts are those of the bundle's threshold, whatever the station's is.
        self_test_with(&mut self.pipeline, bundle.golden_frames(), bundle.manifest().threshold, &self.clock, measured)
    }

    /// Passes over a frame that is of no part. Its number cannot be that of a later one, and if it is equal to the next
    /// one, the camera is frozen.
    pub fn pass_over(&mut self, frame: &FrameView<'_>, stamp: FrameStamp) {
        self.gate.pass_over(stamp);
        if let Some(quality) = &mut self.quality {
            // What it is like does not matter but for the next one.
            let _ = quality.check(frame);
        }
    }

    /// Inspects one frame.
    ///
    /// A frame that is stale, repeated, from the future, of a size that is not accepted, or that cannot be measured
    /// gives a Fault. Sequence numbers must grow from frame to frame.
    pub fn inspect(&mut self, frame: &FrameView<'_>, stamp: FrameStamp) -> Inspection {
        let started = self.clock.now_us();
        self.pipeline.forget_evidence();
        // Before anything else, so that every frame is compared with the one before it.
        let quality = self.quality.as_mut().map(|gate| gate.check(frame));
        let admitted = match self.gate.admit(frame, stamp, started) {
            Ok(admitted) => admitted,
            Err(reason) => return self.fault(reason, started, None),
        };
        match quality {
            Some(Ok((_, Some(reason)))) => return self.fault(reason, started, None),
            Some(Err(error)) => return self.fault(error.into(), started, None),
            Some(Ok((_, None))) | None => {}
        }
        let measured = match self.pipeline.measure(frame, &self.clock) {
            Ok(measured) => measured,
            Err(failure) => return self.fault(failure.reason(), started, Some(failure)),
        };
        let verdict = judge(admitted, self.proof, measured.finite, measured.score);
        Inspection { verdict, score: Some(measured.score), stages: self.stages(measured.times, started), failure: None }
    }

    /// The images behind the last score; `None` if the last frame was not measured to the end.
    pub fn evidence(&self) -> Option<Evidence<'_>> {
        self.pipeline.evidence()
    }

    /// The threshold in use.
    pub fn threshold(&self) -> Threshold {
        self.proof.threshold()
    }

    /// The bundle in use.
    pub fn bundle(&self) -> BundleId {
        self.proof.id()
    }

    /// Who answers for the bundle in use.
    pub fn trust(&self) -> BundleTrust {
        self.proof.trust()
    }

    /// Whose the threshold in use is.
    pub fn threshold_source(&self) -> ThresholdSource {
        self.proof.threshold_source()
    }

    /// The pipeline that measures.
    pub fn pipeline(&self) -> &Pipeline<R> {
        &self.pipeline
    }

    /// The clock in use.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    fn fault(&self, reason: FaultReason, started: u64, failure: Option<MeasureError>) -> Inspection {
        Inspection {
            verdict: Verdict::Fault(reason),
            score: None,
            stages: self.stages(MeasureTimes::default(), started),
            failure,
        }
    }

    fn stages(&self, times: MeasureTimes, started: u64) -> StageMicros {
        StageMicros {
            preprocess: times.preprocess_us,
            inference: times.inference_us,
            score: times.score_us,
            total: micros_between(started, self.clock.now_us()),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::bundle::{GoldenFrame, GoldenFrames, GoldenVerdict, SectionKind};
    use shared::difference::{Mask, Pooling, ResidualMaps, ScoreRecipe};
    use shared::image::{GrayView, Size};
    use shared::similarity::Metric;

    use super::*;
    use crate::test_support::{
        FRAME, FakeModel, INPUT, Redraw, StepClock, bundle_around, bundle_of, frame_of, inspector,
    };

    fn stamp(sequence: u64) -> FrameStamp {
        FrameStamp { sequence, captured_at_us: 0 }
    }

    fn inspect_one(redraw: Redraw) -> Inspection {
        inspector(redraw).inspect(&frame_of(FRAME).view().unwrap(), stamp(1))
    }

    #[test]
    fn a_part_that_is_redrawn_as_it_is_passes() {
        let inspection = inspect_one(Redraw::Identical);
        assert!(matches!(inspection.verdict, Verdict::Pass(_)), "{:?}", inspection.verdict);
        assert_eq!(inspection.score, Score::new(0));
        assert!(inspection.stages.total >= inspection.stages.preprocess + inspection.stages.inference);
    }

    #[test]
    fn a_part_that_is_redrawn_otherwise_is_rejected() {
        let inspection = inspect_one(Redraw::Inverted);
        assert!(matches!(inspection.verdict, Verdict::Reject(_)), "{:?}", inspection.verdict);
        assert!(inspection.score > Score::new(Score::ONE / 2));
    }

    #[test]
    fn an_output_that_is_no_image_is_a_fault() {
        for (redraw, reason) in [
            (Redraw::NotANumberAt(0), FaultReason::OutputNotFinite),
            (Redraw::NotANumberAt(INPUT.area() - 1), FaultReason::OutputNotFinite),
            (Redraw::TooShort, FaultReason::OutputSize),
            (Redraw::Failing, FaultReason::InferenceFailed),
        ] {
            let mut inspector = inspector(redraw);
            let inspection = inspector.inspect(&frame_of(FRAME).view().unwrap(), stamp(1));
            assert_eq!(inspection.verdict, Verdict::Fault(reason), "{redraw:?}");
            assert_eq!(inspection.score, None);
            assert!(inspection.failure.is_some());
            assert!(inspector.evidence().is_none());
        }
    }

    #[test]
    fn a_frame_that_must_not_be_judged_is_a_fault() {
        let mut inspector = inspector(Redraw::Identical);
        let frame = frame_of(FRAME);
        let good = frame.view().unwrap();
        assert!(matches!(inspector.inspect(&good, stamp(5)).verdict, Verdict::Pass(_)));
        assert!(inspector.evidence().is_some());
        for repeated in [5, 4] {
            let verdict = inspector.inspect(&good, stamp(repeated)).verdict;
            assert_eq!(verdict, Verdict::Fault(FaultReason::FrameRepeated));
            assert!(inspector.evidence().is_none());
        }
        for (sequence, size) in [(10, Size::new(32, 23)), (11, Size::new(33, 24)), (12, Size::new(1, 1))] {
            let verdict = inspector.inspect(&frame_of(size).view().unwrap(), stamp(sequence)).verdict;
            assert_eq!(verdict, Verdict::Fault(FaultReason::FrameSize));
        }
        let future = FrameStamp { sequence: 100, captured_at_us: u64::MAX };
        assert_eq!(inspector.inspect(&good, future).verdict, Verdict::Fault(FaultReason::FrameFromFuture));
    }

    #[test]
    fn an_old_frame_is_a_fault() {
        let mut inspector = inspector(Redraw::Identical);
        while inspector.clock().now_us() < 2000 {}
        let verdict = inspector.inspect(&frame_of(FRAME).view().unwrap(), stamp(1)).verdict;
        assert_eq!(verdict, Verdict::Fault(FaultReason::FrameStale));
    }

    #[test]
    fn the_evidence_is_that_of_the_last_frame() {
        let mut inspector = inspector(Redraw::Inverted);
        inspector.inspect(&frame_of(FRAME).view().unwrap(), stamp(1));
        let evidence = inspector.evidence().unwrap();
        assert_eq!(evidence.input.size(), INPUT);
        assert_eq!(evidence.difference.len(), INPUT.area());
        assert!(evidence.smoothed.is_none());
        for (row, redrawn) in evidence.input.rows().zip(evidence.reconstruction.rows()) {
            assert!(row.iter().zip(redrawn).all(|(&pixel, &redrawn)| pixel == 255 - redrawn));
        }
    }

    /// Inspects a frame whose reconstruction is inverted.
    fn inspect_inverted(recipe: ScoreRecipe, sections: &[(SectionKind, &[u8])]) -> Inspection {
        let file = bundle_of(recipe, &[&[(SectionKind::Onnx, &b"no model"[..])], sections].concat());
        let model = FakeModel::new(INPUT, Redraw::Inverted);
        let mut inspector = Inspector::new(&file.verify().unwrap(), model, StepClock::default(), 1000).unwrap();
        let inspection = inspector.inspect(&frame_of(FRAME).view().unwrap(), stamp(1));
        assert_eq!(inspector.evidence().unwrap().smoothed.is_some(), recipe.reworks());
        inspection
    }

    #[test]
    fn parts_are_judged_by_what_good_parts_show_at_each_pixel() {
        let recipe = ScoreRecipe { normalised: true, ..ScoreRecipe::new(Metric::L2, Pooling::Mean) };
        let maps = |mean, spread| -> Vec<u8> {
            let all = |value| std::iter::repeat_n(value, INPUT.area());
            ResidualMaps::<&[u8]>::encode(INPUT, all(mean), all(spread)).collect()
        };
        // Good parts differ as much as can be: this one is no worse.
        let inspection = inspect_inverted(recipe, &[(SectionKind::ResidualMaps, &maps(Score::ONE, 1))]);
        assert_eq!(inspection.score, Some(Score::MIN));
        assert!(matches!(inspection.verdict, Verdict::Pass(_)), "{:?}", inspection.verdict);
        // Good parts don't differ at all: every pixel that does is far beyond them.
        let inspection = inspect_inverted(recipe, &[(SectionKind::ResidualMaps, &maps(0, 1))]);
        assert!(inspection.score > Score::new(Score::ONE), "{:?}", inspection.score);
        assert!(matches!(inspection.verdict, Verdict::Reject(_)), "{:?}", inspection.verdict);
    }

    #[test]
    fn parts_are_judged_where_the_mask_has_weight() {
        let recipe = ScoreRecipe { masked: true, ..ScoreRecipe::new(Metric::L2, Pooling::TopMean { pixels: 1 }) };
        let mut plain = inspector(Redraw::Inverted);
        plain.inspect(&frame_of(FRAME).view().unwrap(), stamp(1));
        let input: Vec<u8> = plain.evidence().unwrap().input.rows().flatten().copied().collect();
        let distances = input.iter().map(|&pixel| pixel.abs_diff(255 - pixel));
        let greatest = distances.clone().max().unwrap();
        for limit in [greatest, greatest - 1, greatest / 2] {
            let weights = distances.clone().map(|distance| if distance <= limit { 255 } else { 0 });
            let mask: Vec<u8> = Mask::<&[u8]>::encode(INPUT, weights).collect();
            let inspection = inspect_inverted(recipe, &[(SectionKind::Mask, &mask)]);
            let counting = f64::from(distances.clone().filter(|&distance| distance <= limit).max().unwrap());
            let expected = (counting * counting / 65_025.0 * f64::from(Score::ONE)).round() as u32;
            assert_eq!(inspection.score, Score::new(expected));
            assert_eq!(matches!(inspection.verdict, Verdict::Pass(_)), expected < Score::ONE / 2);
        }
    }

    #[test]
    fn the_self_test_takes_the_golden_frames_of_this_bundle_and_leaves_no_evidence() {
        let pixels = vec![90; INPUT.area()];
        let image = GrayView::packed(&pixels, INPUT).unwrap();
        let (score, verdict) = (Score::MIN, GoldenVerdict::Pass);
        let frame = GoldenFrame { input: image, reconstruction: image, score, verdict };
        let golden: Vec<u8> = GoldenFrames::encode(INPUT, [frame].into_iter()).collect();
        let sections = [(SectionKind::Onnx, &b"no model"[..]), (SectionKind::GoldenFrames, &golden)];
        let file = bundle_of(crate::test_support::recipe(), &sections);
        let bundle = file.verify().unwrap();
        let test = |redraw| {
            let mut inspector =
                Inspector::new(&bundle, FakeModel::new(INPUT, redraw), StepClock::default(), 1000).unwrap();
            let result = inspector.self_test(&bundle);
            assert!(inspector.evidence().is_none());
            // The gate has seen no frame: the first one has the number it likes.
            assert!(inspector.inspect(&frame_of(FRAME).view().unwrap(), stamp(1)).failure.is_none());
            result
        };
        let report = test(Redraw::Identical).unwrap();
        assert_eq!((report.frames, report.is_proven()), (1, true));
        assert!(matches!(test(Redraw::Inverted), Err(SelfTestError::Pixel { frame: 0, .. })));

        let other = bundle_around(b"no model");
        let refused = inspector(Redraw::Identical).self_test(&bundle).unwrap_err();
        assert!(matches!(refused, SelfTestError::OtherBundle { .. }), "{refused:?}");
        let report = inspector(Redraw::Identical).self_test(&other.verify().unwrap()).unwrap();
        assert!(!report.is_proven());
    }

    #[test]
    fn a_model_of_another_size_is_refused() {
        let file = bundle_around(b"no model");
        let model = FakeModel::new(Size::new(16, 16), Redraw::Identical);
        let refused = Inspector::new(&file.verify().unwrap(), model, StepClock::default(), 0).err();
        assert!(matches!(refused, Some(PipelineError::ModelSize { .. })), "{refused:?}");
    }

    #[cfg(feature = "tract")]
    #[test]
    fn a_bundle_without_a_readable_model_is_refused() {
        let file = bundle_around(b"no model");
        let refused = Inspector::open(&file.verify().unwrap(), StepClock::default(), 0).err();
        assert!(matches!(refused, Some(OpenError::Model(_))), "{refused:?}");
    }
}
