//! Watches over a training run for a person: shows how it goes, keeps its checkpoints and passes on interruptions.

use std::path::PathBuf;

use indicatif::ProgressBar;

use crate::interrupt::Listener;
use crate::progress;
use crate::training::checkpoint::RunIdentity;
use crate::training::{Checkpoint, CheckpointError, Observer, Progress, TrainingState};

/// The file that a run is kept in, in the folder of its results.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// How a run begins, and whether it is kept.
#[derive(Clone, Debug, Default)]
pub enum Keeping {
    /// Nothing is kept; an interruption ends the program.
    #[default]
    Nothing,
    /// From the first step. A run in the file that has not ended is not written over.
    Fresh(PathBuf),
    /// From the first step, whatever is in the file.
    Restart(PathBuf),
    /// From where the file says, or from the first step if there is none.
    Resume(PathBuf),
}

/// Shows progress and keeps checkpoints.
#[derive(Debug)]
pub struct Watch {
    bar: ProgressBar,
    images_per_step: f64,
    training_loss: f32,
    kept: Option<(PathBuf, RunIdentity, Listener)>,
}

impl Keeping {
    /// The file, if the run is kept.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Nothing => None,
            Self::Fresh(path) | Self::Restart(path) | Self::Resume(path) => Some(path),
        }
    }
}

impl Watch {
    /// Over a run that begins after step `from` of `steps`.
    pub fn new(from: usize, steps: usize, identity: RunIdentity, file: Option<&PathBuf>) -> Self {
        let bar = progress::training(steps as u64);
        bar.set_position(from as u64);
        bar.reset_eta();
        let images_per_step = identity.training.batch as f64;
        let kept = file.map(|path| (path.clone(), identity, Listener::new()));
        Self { bar, images_per_step, training_loss: f32::NAN, kept }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn progress(&mut self, progress: Progress) {
        self.bar.set_position(progress.step as u64);
        if let Some(look) = progress.look {
            self.training_loss = look.training_loss;
        }
        let Some(best) = progress.best_validation_loss else { return };
        let rate = self.bar.per_sec() * self.images_per_step;
        let message = format!("loss {:.4}, best validation {best:.4}, {rate:.0} images/s", self.training_loss);
        if progress.look.is_some() && !progress::is_interactive() {
            let left = indicatif::HumanDuration(self.bar.eta());
            progress::say(format!(
                "step {} of at most {}: {message}, {left} left at most",
                progress.step, progress.steps
            ));
        }
        self.bar.set_message(message);
    }

    fn keep(&mut self, state: TrainingState) -> Result<(), CheckpointError> {
        let Some((path, identity, _)) = &self.kept else { return Ok(()) };
        Checkpoint { identity: identity.clone(), state }.write(path)
    }

    fn stop(&self) -> bool {
        self.kept.as_ref().is_some_and(|(.., listener)| listener.requested())
    }
}
