//! The measuring part: frame -> model input -> reconstruction -> difference score. It needs no threshold and no sealed
//! bundle, so that the host trainer calibrates and evaluates with the very code that the station runs.
//!
//! All buffers are taken when the pipeline is made; measuring a frame allocates nothing here. Scores are
//! [`Score`] (Q24). It does not know what a good score is.

mod evidence;

use shared::difference::{
    InvalidRecipe, InvalidReference, ScoreBuffers, ScoreError, ScoreRecipe, ScoreReference, Weights, score_within,
};
use shared::image::{FrameView, GrayView, ImageError, Size};
use shared::preprocess::{InvalidPreprocessing, PreprocessError, Preprocessing, ResampleScratch, preprocess};
use shared::reconstruction::{Finite, ReconstructionError, quantize};
use shared::score::Score;
use shared::verdict::FaultReason;

use crate::clock::{Clock, micros_between};
use crate::reconstruct::{ReconstructError, Reconstructor};
use crate::trial::{Stage, reached};

pub use evidence::Evidence;

/// Measures frames with one model and one recipe.
#[derive(Debug)]
pub struct Pipeline<R> {
    preprocessing: Preprocessing,
    recipe: ScoreRecipe,
    reference: ScoreReference<Vec<u8>>,
    reconstructor: R,
    luma: Vec<u8>,
    sums: Vec<u32>,
    accumulators: Vec<u64>,
    input: Vec<u8>,
    /// The part of `input` that shows the frame.
    content: Size,
    reconstruction: Vec<u8>,
    map: Vec<u32>,
    smoothed: Vec<u32>,
    scratch: Vec<u32>,
    /// Whether the buffers belong to one frame, measured to the end.
    complete: bool,
}

/// What measuring one frame gives.
#[derive(Debug)]
pub struct Measurement {
    /// The difference score.
    pub score: Score,
    /// The proof that every value of the reconstruction was a number; judging asks for it.
    pub finite: Finite,
    /// How long each stage took.
    pub times: MeasureTimes,
}

/// How long the stages of one measurement took, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasureTimes {
    /// From the frame to the model's input.
    pub preprocess_us: u32,
    /// From the model's input to its reconstruction in 8 bit.
    pub inference_us: u32,
    /// From both to the score.
    pub score_us: u32,
}

/// Why a pipeline cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The preprocessing contradicts itself.
    #[error("the preprocessing cannot be used; seal the bundle again")]
    Preprocessing(#[from] InvalidPreprocessing),
    /// The recipe does not fit the model's size.
    #[error("the score recipe cannot be used; seal the bundle again")]
    Recipe(#[from] InvalidRecipe),
    /// The stored maps or the mask do not fit the recipe.
    #[error("the score recipe and the bundle's sections do not fit; seal the bundle again")]
    Reference(#[from] InvalidReference),
    /// Model and preprocessing disagree.
    #[error("the model takes {model} pixels, the preprocessing gives {preprocessing}; seal the bundle again")]
    ModelSize {
        /// What the reconstructor takes.
        model: Size,
        /// What the preprocessing makes.
        preprocessing: Size,
    },
}

/// Why a frame could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The frame could not be preprocessed; most often its size is not accepted.
    #[error("the frame cannot be preprocessed")]
    Preprocess(#[from] PreprocessError),
    /// An image that was to be measured without preprocessing has not the size of the model's input.
    #[error("found an image of {found} pixels, expected the model's {expected}")]
    InputSize {
        /// The size of the image.
        found: Size,
        /// The size of the model's input.
        expected: Size,
    },
    /// The model could not be run.
    #[error("the frame cannot be reconstructed")]
    Reconstruct(#[from] ReconstructError),
    /// The model's output is no image.
    #[error("the reconstruction cannot be used")]
    Reconstruction(#[from] ReconstructionError),
    /// Input and reconstruction could not be compared.
    #[error("the reconstruction cannot be scored")]
    Score(#[from] ScoreError),
    /// A buffer of our own does not hold what it should.
    #[error("an image of the pipeline is malformed")]
    Image(#[from] ImageError),
}

impl MeasureError {
    /// The reason that the verdict and the record carry.
    pub fn reason(&self) -> FaultReason {
        match self {
            Self::Preprocess(error) => (*error).into(),
            Self::InputSize { .. } => FaultReason::PreprocessFailed,
            Self::Reconstruct(_) => FaultReason::InferenceFailed,
            Self::Reconstruction(error) => (*error).into(),
            Self::Score(_) | Self::Image(_) => FaultReason::ScoreFailed,
        }
    }
}

impl<R: Reconstructor> Pipeline<R> {
    /// Checks that the three fit together and takes all buffers. For a recipe that asks for no stored maps.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if they do not fit, or the recipe asks for stored maps.
    pub fn new(preprocessing: Preprocessing, recipe: ScoreRecipe, reconstructor: R) -> Result<Self, PipelineError> {
        Self::with_reference(preprocessing, recipe, ScoreReference::default(), reconstructor)
    }

    /// Checks that the four fit together, copies the stored maps and takes all buffers.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if they do not fit.
    pub fn with_reference(
        preprocessing: Preprocessing,
        recipe: ScoreRecipe,
        reference: ScoreReference<&[u8]>,
        reconstructor: R,
    ) -> Result<Self, PipelineError> {
        preprocessing.validate()?;
        let size = preprocessing.input;
        recipe.validate(size)?;
        reference.check(&recipe, size)?;
        if reconstructor.size() != size {
            return Err(PipelineError::ModelSize { model: reconstructor.size(), preprocessing: size });
        }
        let pixels = size.area();
        let width = usize::from(size.width);
        let source_width = preprocessing.region.map_or(preprocessing.accepted.max.width, |region| region.width);
        let needed = ScoreBuffers::needed_for(&recipe, size);
        Ok(Self {
            preprocessing,
            recipe,
            reference: reference.owned(),
            reconstructor,
            luma: vec![0; usize::from(source_width)],
            sums: vec![0; width],
            accumulators: vec![0; width],
            input: vec![0; pixels],
            content: size,
            reconstruction: vec![0; pixels],
            map: vec![0; needed.map],
            smoothed: vec![0; needed.smoothed],
            scratch: vec![0; needed.scratch],
            complete: false,
        })
    }

    /// What redraws the images.
    pub fn reconstructor(&self) -> &R {
        &self.reconstructor
    }

    /// What redraws the images, for another pipeline.
    pub fn into_reconstructor(self) -> R {
        self.reconstructor
    }

    /// How frames become model inputs.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// How input and reconstruction become a score.
    pub fn recipe(&self) -> &ScoreRecipe {
        &self.recipe
    }

    /// The stored maps and the mask that the recipe asks for.
    pub fn reference(&self) -> ScoreReference<&[u8]> {
        self.reference.view()
    }

    /// Measures one frame. `clock` times the stages and has no other influence.
    ///
    /// # Errors
    ///
    /// [`MeasureError`] if the frame has another size than accepted, or any stage fails.
    pub fn measure(&mut self, frame: &FrameView<'_>, clock: &impl Clock) -> Result<Measurement, MeasureError> {
        self.complete = false;
        let started = clock.now_us();
        let buffers =
            ResampleScratch { luma: &mut self.luma, sums: &mut self.sums, accumulators: &mut self.accumulators };
        reached(Stage::Preprocess);
        self.content = preprocess(frame, &self.preprocessing, buffers, &mut self.input)?;
        let preprocessed = clock.now_us();
        self.measure_input(clock, started, preprocessed)
    }

    /// Measures an image that is preprocessed already, as [`measure`](Self::measure) does from there on. All of it counts
    /// as content.
    ///
    /// # Errors
    ///
    /// [`MeasureError`] if the image has not the size of the model's input, or any stage fails.
    pub fn measure_preprocessed(
        &mut self,
        input: GrayView<'_>,
        clock: &impl Clock,
    ) -> Result<Measurement, MeasureError> {
        self.measure_content(input, self.preprocessing.input, clock)
    }

    /// Measures an image that is preprocessed already and of which `content`, at the top left, shows the frame.
    ///
    /// # Errors
    ///
    /// [`MeasureError`] if the image has not the size of the model's input, or any stage fails.
    pub fn measure_content(
        &mut self,
        input: GrayView<'_>,
        content: Size,
        clock: &impl Clock,
    ) -> Result<Measurement, MeasureError> {
        self.complete = false;
        self.check_size(input)?;
        copy(input, &mut self.input);
        self.content = content;
        let started = clock.now_us();
        self.measure_input(clock, started, started)
    }

    /// The score of an input, all of it content, and a reconstruction that is given: integers alone, no inference.
    ///
    /// # Errors
    ///
    /// [`MeasureError`] if an image has not the size of the model's input, or the two cannot be scored.
    pub fn score_of(&mut self, input: GrayView<'_>, reconstruction: GrayView<'_>) -> Result<Score, MeasureError> {
        self.complete = false;
        self.check_size(input)?;
        self.check_size(reconstruction)?;
        copy(input, &mut self.input);
        copy(reconstruction, &mut self.reconstruction);
        self.content = self.preprocessing.input;
        self.score()
    }

    fn check_size(&self, image: GrayView<'_>) -> Result<(), MeasureError> {
        let (found, expected) = (image.size(), self.preprocessing.input);
        if found == expected { Ok(()) } else { Err(MeasureError::InputSize { found, expected }) }
    }

    /// From `self.input` on.
    fn measure_input(
        &mut self,
        clock: &impl Clock,
        started: u64,
        preprocessed: u64,
    ) -> Result<Measurement, MeasureError> {
        reached(Stage::Inference);
        let output = self.reconstructor.reconstruct(&self.input)?;
        let finite = quantize(output.iter().map(|value| value.to_bits()), &mut self.reconstruction)?;
        let reconstructed = clock.now_us();
        reached(Stage::Score);
        let score = self.score()?;
        let scored = clock.now_us();
        self.complete = true;
        Ok(Measurement {
            score,
            finite,
            times: MeasureTimes {
                preprocess_us: micros_between(started, preprocessed),
                inference_us: micros_between(preprocessed, reconstructed),
                score_us: micros_between(reconstructed, scored),
            },
        })
    }

    /// The score of `self.input` and `self.reconstruction`.
    fn score(&mut self) -> Result<Score, MeasureError> {
        let size = self.preprocessing.input;
        Ok(score_within(
            &self.recipe,
            self.reference.view(),
            self.content,
            GrayView::packed(&self.input, size)?,
            GrayView::packed(&self.reconstruction, size)?,
            ScoreBuffers { map: &mut self.map, smoothed: &mut self.smoothed, scratch: &mut self.scratch },
        )?)
    }

    /// The images behind the last score; `None` if nothing was measured yet or the last measurement failed.
    pub fn evidence(&self) -> Option<Evidence<'_>> {
        if !self.complete {
            return None;
        }
        let size = self.preprocessing.input;
        Some(Evidence {
            input: GrayView::packed(&self.input, size).ok()?,
            content: self.content,
            reconstruction: GrayView::packed(&self.reconstruction, size).ok()?,
            difference: &self.map,
            smoothed: self.recipe.reworks().then_some(&*self.smoothed),
            weights: Weights { margin: self.recipe.margin, mask: self.reference.view().mask },
        })
    }

    /// Forgets the images of the last frame: called when a frame is refused before it is measured.
    pub(crate) fn forget_evidence(&mut self) {
        self.complete = false;
    }
}

/// Copies `image` into `out`, which has its size, row by row without gaps.
fn copy(image: GrayView<'_>, out: &mut [u8]) {
    let rows = out.chunks_exact_mut(image.size().width.into());
    rows.zip(image.rows()).for_each(|(out, row)| out.copy_from_slice(row));
}

#[cfg(test)]
mod tests {
    use shared::preprocess::{AcceptedSizes, Geometry, Scale};

    use super::*;
    use crate::test_support::{FakeModel, INPUT, Redraw, StepClock, frame_of, preprocessing, recipe};

    /// 16x12 pixels at half the frame's scale.
    fn at_half() -> Pipeline<FakeModel> {
        let geometry = Geometry::FixedScale(Scale { numerator: 1, denominator: 2 });
        let accepted = AcceptedSizes { min: Size::new(2, 2), max: Size::new(64, 64) };
        let how = Preprocessing { geometry, accepted, ..preprocessing() };
        Pipeline::new(how, recipe(), FakeModel::new(INPUT, Redraw::Inverted)).unwrap()
    }

    #[test]
    fn the_evidence_says_what_part_of_the_input_shows_the_frame() {
        let mut pipeline = at_half();
        for (frame, content) in [((32, 24), (16, 12)), ((20, 10), (10, 5)), ((64, 64), (12, 12)), ((3, 2), (2, 1))] {
            let (frame, content) = (Size::new(frame.0, frame.1), Size::new(content.0, content.1));
            pipeline.measure(&frame_of(frame).view().unwrap(), &StepClock::default()).unwrap();
            let evidence = pipeline.evidence().unwrap();
            assert_eq!((evidence.content, evidence.input.size()), (content, INPUT));
            let shown = evidence.content_of(evidence.input);
            assert_eq!(shown.size(), content);
            let map = evidence.content_of_map(evidence.difference);
            assert_eq!(map.len(), content.area());
            for (y, row) in map.chunks_exact(content.width.into()).enumerate() {
                assert_eq!(row, &evidence.difference[y * 16..][..row.len()]);
            }
        }
        // What is given preprocessed shows a frame of unknown size.
        let pixels = vec![3; INPUT.area()];
        let input = GrayView::packed(&pixels, INPUT).unwrap();
        pipeline.measure_preprocessed(input, &StepClock::default()).unwrap();
        assert_eq!(pipeline.evidence().unwrap().content, INPUT);
    }
}
