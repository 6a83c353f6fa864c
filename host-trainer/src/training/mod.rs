//! The training loop: gradient steps with a cosine learning rate, early stopping on the validation images, and the best
//! weights returned. It can be interrupted and resumed without a trace.
//!
//! On the CPU the same seed gives the same batches and the same weights. This module knows preprocessed images and
//! an architecture; it knows nothing of image files, of thresholds or of defects.

mod batches;
pub mod checkpoint;
mod config;
mod examples;
mod optimizer;
mod schedule;
#[cfg(test)]
mod tests;
mod trainer;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use shared::image::Size;

use crate::model::{Architecture, Weights, WeightsError};

pub use checkpoint::{Checkpoint, CheckpointError};
pub use config::{HandicapDrawn, Length, OptimizerKind, Schedule, TrainingConfig};
pub use optimizer::OptimizerMemory;
use trainer::Trainer;
pub use trainer::{Best, TrainingState};

/// What is to be learned, and where.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The network.
    pub architecture: &'a Architecture,
    /// Width and height of the images, each at least the network's: windows of the network's size are cut out of them.
    pub image_size: Size,
    /// Packed gray images of this size to learn from.
    pub training: &'a [&'a [u8]],
    /// Others of the same kind, to know when to stop.
    pub validation: &'a [&'a [u8]],
    /// The settings.
    pub config: &'a TrainingConfig,
    /// For inference; training adds autodiff to it.
    pub device: &'a Device,
}

/// How training went, one entry per look at the validation images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Steps taken so far.
    pub step: usize,
    /// Mean training loss since the last entry.
    pub training_loss: f32,
    /// Mean loss over the validation images.
    pub validation_loss: f32,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It took all of its steps.
    Complete,
    /// The validation loss had not fallen for long enough.
    StoppedEarly,
    /// Somebody asked for it.
    Interrupted,
}

/// The result of a training run.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weights of the lowest validation loss.
    pub weights: Weights,
    /// The step they are from.
    pub best_step: usize,
    /// The whole course.
    pub history: Vec<HistoryEntry>,
    /// Why it ended.
    pub ended: Ended,
}

/// What a run says after each step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps taken.
    pub step: usize,
    /// Steps at most.
    pub steps: usize,
    /// The look at the validation images, if this step ended with one.
    pub look: Option<HistoryEntry>,
    /// The lowest validation loss so far.
    pub best_validation_loss: Option<f32>,
}

/// Whoever watches over a run: told of its progress, keeps its checkpoints, may stop it.
pub trait Observer {
    /// After each step.
    fn progress(&mut self, _progress: Progress) {}

    /// After each epoch, and when the run ends for whatever reason.
    ///
    /// # Errors
    /// [`CheckpointError`] ends the run.
    fn keep(&mut self, _state: TrainingState) -> Result<(), CheckpointError> {
        Ok(())
    }

    /// Whether to stop now. Asked before each step.
    fn stop(&self) -> bool {
        false
    }
}

/// An observer that neither says nor keeps anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// Training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// There is nothing to learn from.
    #[error(
        "found {training} training images, {validation} validation images, a batch of {batch} and {steps} steps; \
         expected at least one of each"
    )]
    Nothing {
        /// Training images.
        training: usize,
        /// Validation images.
        validation: usize,
        /// Images per step.
        batch: usize,
        /// Steps.
        steps: usize,
    },
    /// The loss left the real numbers.
    #[error("the loss at step {step} is {loss}: training diverged; lower the learning rate (now {learning_rate})")]
    Diverged {
        /// At which step.
        step: usize,
        /// What it was.
        loss: f32,
        /// The peak rate.
        learning_rate: f64,
    },
    /// The weights are not usable.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The checkpoint could not be kept.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Trains from the start, or from `state` on, until the run is done or the observer stops it.
///
/// An interrupted run gives the best weights so far; it looks at the validation images once if it had not yet.
///
/// # Errors
/// [`TrainingError`] if there are no images, the loss leaves the real numbers, or a checkpoint cannot be kept.
pub fn train(
    task: &Task<'_>,
    state: Option<TrainingState>,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainingError> {
    let (training, validation, batch) = (task.training.len(), task.validation.len(), task.config.batch);
    let steps = task.config.length.steps(training, batch);
    if [training, validation, batch, steps, task.config.validate_every].contains(&0) {
        return Err(TrainingError::Nothing { training, validation, batch, steps });
    }
    let mut trainer = Trainer::new(task, state);
    let mut kept = trainer.step();
    let mut interrupted = false;
    while !trainer.is_done() {
        interrupted = observer.stop();
        if interrupted {
            break;
        }
        let look = trainer.advance()?;
        let best_validation_loss = trainer.best().map(|best| best.validation_loss);
        observer.progress(Progress { step: trainer.step(), steps, look, best_validation_loss });
        if trainer.at_the_end_of_an_epoch() {
            observer.keep(trainer.state()?)?;
            kept = trainer.step();
        }
    }
    if kept != trainer.step() {
        observer.keep(trainer.state()?)?;
    }
    let ended = match (interrupted, trainer.step() >= trainer.steps()) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Complete,
        (false, false) => Ended::StoppedEarly,
    };
    if trainer.best().is_none() {
        trainer.look()?;
    }
    let history = trainer.history().to_vec();
    let best = trainer.into_best().ok_or(TrainingError::Nothing { training, validation, batch, steps })?;
    Ok(Trained { weights: best.weights, best_step: best.step, history, ended })
}
