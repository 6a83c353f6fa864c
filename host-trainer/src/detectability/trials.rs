//! Defective images, and the scores that the station's pipeline gives them.
//!
//! Each trial draws from a stream of random numbers of its own, so that the number of threads changes nothing.

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use shared::image::{GrayView, Region, Size};
use shared::score::Score;

use super::DetectabilityError;
use super::defect::{Canvas, Defect, Kind, damaged};
use crate::dataset::DevelopmentImage;

/// The first stream; the weights, the batches and the golden frames draw from others.
const STREAMS: u64 = 1 << 63;

/// A pipeline of its own is not worth its making for fewer trials.
const LEAST_FOR_A_WORKER: usize = 16;

/// A defect to be put into an image.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The image, by its index.
    pub image: usize,
    /// What is put into it.
    pub defect: Defect,
    /// Where its centre is.
    pub place: Region,
}

/// What became of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the defect looked like in the end.
    pub kind: Kind,
    /// The score of the image with it.
    pub score: Score,
}

/// Where defects are put in.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// Preprocessed images of good parts.
    pub images: &'a [DevelopmentImage<'a>],
    /// The part of each that shows the frame, whichever it is: defects lie in it.
    pub content: Size,
    /// Where random numbers come from.
    pub seed: u64,
}

/// The outcomes of `trials` in their order, by pipelines that `pipeline` makes, one for each thread. `first` is the
/// number of the first trial in the run.
///
/// # Errors
/// [`DetectabilityError`] if a pipeline cannot be made or an image not be measured.
pub fn outcomes<R: Reconstructor>(
    pipeline: &(impl Fn() -> Result<Pipeline<R>, DetectabilityError> + Sync),
    ground: Ground<'_>,
    trials: &[Trial],
    first: usize,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Outcome>, DetectabilityError> {
    let workers = rayon::current_num_threads().min(trials.len() / LEAST_FOR_A_WORKER).max(1);
    let part = |worker: usize| -> Result<Vec<Outcome>, DetectabilityError> {
        let mut pipeline = pipeline()?;
        let of_worker = trials.iter().enumerate().skip(worker).step_by(workers);
        of_worker
            .map(|(index, trial)| {
                let outcome = outcome(&mut pipeline, ground, trial, first + index)?;
                done();
                Ok(outcome)
            })
            .collect()
    };
    let parts: Result<Vec<_>, _> = (0..workers).into_par_iter().map(part).collect();
    let mut parts: Vec<_> = parts?.into_iter().map(Vec::into_iter).collect();
    Ok((0..trials.len()).filter_map(|index| parts[index % workers].next()).collect())
}

fn outcome(
    pipeline: &mut Pipeline<impl Reconstructor>,
    ground: Ground<'_>,
    trial: &Trial,
    number: usize,
) -> Result<Outcome, MeasureError> {
    let size = pipeline.preprocessing().input;
    let mut rng = ChaCha8Rng::seed_from_u64(ground.seed);
    rng.set_stream(STREAMS + number as u64);
    let clean = ground.images[trial.image];
    let canvas = Canvas {
        pixels: clean.input,
        width: size.width.into(),
        content: ground.content,
        mask: pipeline.reference().mask,
    };
    let (image, kind) = damaged(canvas, trial.defect, trial.place, &mut rng);
    let input = GrayView::packed(&image, size)?;
    let measured = pipeline.measure_content(input, clean.content, &MonotonicClock::new())?;
    Ok(Outcome { kind, score: measured.score })
}
