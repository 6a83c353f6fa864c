//! Watches over a training run for a person: shows how it goes, keeps its checkpoints and passes on interruptions.

use std::path::PathBuf;

use indicatif::ProgressBar;

use crate::interrupt::Listener;
use crate::progress;
use crate::training::checkpoint::RunIdentity;
use crate::training::{Checkpoint, CheckpointError, HistoryEntry, Observer, Progress, TrainingState};

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
    latest: Option<HistoryEntry>,
    kept: Option<Kept>,
}

/// Where a run is kept, and what is kept beside its state.
#[derive(Debug)]
struct Kept {
    file: PathBuf,
    identity: RunIdentity,
    request: toml::Table,
    interruption: Listener,
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
    /// Over a run of at most `steps` steps, from its start or from `state` on.
    pub fn new(
        steps: usize,
        state: Option<&TrainingState>,
        identity: RunIdentity,
        request: toml::Table,
        file: Option<&PathBuf>,
    ) -> Self {
        let bar = progress::training(steps as u64);
        bar.set_position(state.map_or(0, |state| state.step as u64));
        bar.reset_eta();
        let images_per_step = identity.training.batch as f64;
        let latest = state.and_then(|state| state.history.last().copied());
        let kept = file.map(|file| Kept { file: file.clone(), identity, request, interruption: Listener::new() });
        Self { bar, images_per_step, latest, kept }
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
        self.latest = progress.look.or(self.latest);
        let mut message = format!("{:.0} images/s", self.bar.per_sec() * self.images_per_step);
        if let (Some(latest), Some(best)) = (self.latest, progress.best_validation_loss) {
            let (loss, validation) = (latest.training_loss, latest.validation_loss);
            message = format!("loss {loss:.4}, validation {validation:.4} (best {best:.4}), {message}");
        }
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
        let Some(Kept { file, identity, request, .. }) = &self.kept else { return Ok(()) };
        Checkpoint { identity: identity.clone(), request: request.clone(), state }.write(file)
    }

    fn stop(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.interruption.requested())
    }
}
