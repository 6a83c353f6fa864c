//! One training on the paper's images that is kept after each epoch and gone on with, and its export.

use std::path::PathBuf;

use edge_runtime::admission::Limits;
use edge_runtime::reconstruct::TractReconstructor;

use super::error::StudyError;
use super::images::{PaperImages, Validation};
use super::run::INPUT;
use crate::device::SelectedDevice;
use crate::export::{check_parity_within, to_onnx};
use crate::files::write_atomically;
use crate::model::Architecture;
use crate::progress;
use crate::training::checkpoint::RunIdentity;
use crate::training::{
    Checkpoint, CheckpointError, Observer, Progress, Task, Trained, TrainingConfig, TrainingState, train,
};
use crate::versions;
use crate::watch::{CHECKPOINT_FILE, Watch};

/// Validation images on which burn and tract are compared.
const COMPARED: usize = 4;

/// What a study's network may cost: the paper's is larger than a station admits, at full width 46 million weights, and with
/// AlexNet's two dense layers 109 million.
pub fn limits() -> Limits {
    Limits { weights: 128 << 20, ..Limits::default() }
}

/// A training, as far as it decides the weights, and where it is kept.
#[derive(Debug)]
pub struct KeptRun<'a> {
    /// What messages call it.
    pub name: String,
    /// Where its checkpoint and its ONNX file lie.
    pub folder: PathBuf,
    /// The network.
    pub architecture: &'a Architecture,
    /// What it learns from.
    pub images: &'a PaperImages,
    /// How these were divided.
    pub validation: Validation,
    /// SHA-256 over the photographs, hexadecimal.
    pub photographs_sha256: String,
    /// The settings.
    pub config: TrainingConfig,
    /// Where to train.
    pub device: &'a SelectedDevice,
    /// Whether to begin anew.
    pub restart: bool,
    /// Stop after this step, to be gone on with.
    pub stop_after: Option<usize>,
}

/// A trained network as a station would run it.
#[derive(Debug)]
pub struct Exported {
    /// The network.
    pub tract: TractReconstructor,
    /// The largest difference from burn, gray 0 to 1.
    pub parity: f32,
}

impl KeptRun<'_> {
    /// Trains from where the run was left.
    ///
    /// # Errors
    /// [`StudyError`] if there is a checkpoint of another run, it cannot be kept, or training fails.
    pub fn train(&self) -> Result<Trained, StudyError> {
        let training: Vec<&[u8]> = self.images.training.iter().map(Vec::as_slice).collect();
        let validation: Vec<&[u8]> = self.images.validation.iter().map(Vec::as_slice).collect();
        let identity = RunIdentity {
            architecture: self.architecture.name.into(),
            geometry: format!("the paper's, {:?} validation", self.validation).to_lowercase(),
            device: self.device.description.clone(),
            images_sha256: self.photographs_sha256.clone(),
            libraries: versions::libraries(),
            training: self.config.clone(),
        };
        let file = self.folder.join(CHECKPOINT_FILE);
        let kept = if self.restart { None } else { Checkpoint::read(&file, self.architecture)? };
        let state = kept.map(|kept| kept.check(&identity, &file).map(|()| kept.state)).transpose()?;
        let steps = self.config.length.steps(training.len(), self.config.batch);
        let (taken, done) = state.as_ref().map_or((0, false), |state| (state.step, state.done));
        progress::say(match (taken, done) {
            (_, true) => format!("{}: trained already, {taken} steps", self.name),
            (0, _) => format!("{}: at most {steps} steps on {}", self.name, self.device.description),
            _ => format!("{}: going on after step {taken} of at most {steps}", self.name),
        });
        let task = Task {
            architecture: self.architecture,
            image_size: INPUT,
            training: &training,
            validation: &validation,
            config: &self.config,
            device: &self.device.device,
        };
        let watch = Watch::new(steps, state.as_ref(), identity, toml::Table::new(), Some(&file));
        let mut watch = Until { watch, step: taken, last: self.stop_after.unwrap_or(usize::MAX) };
        Ok(train(&task, state, &mut watch)?)
    }

    /// Writes the ONNX file and proves that tract draws with it what burn draws.
    ///
    /// # Errors
    /// [`StudyError`] if it cannot be written, or differs.
    pub fn export(&self, trained: &Trained) -> Result<Exported, StudyError> {
        let onnx = to_onnx(self.architecture, &trained.weights);
        write_atomically(&self.folder.join("model.onnx"), &onnx)?;
        let frames = self.images.validation.iter().take(COMPARED).map(Vec::as_slice);
        let (tract, parity) = check_parity_within(&limits(), self.architecture, &trained.weights, &onnx, frames)?;
        Ok(Exported { tract, parity })
    }
}

/// Watches a run, and stops it after a step.
struct Until {
    watch: Watch,
    step: usize,
    last: usize,
}

impl Observer for Until {
    fn progress(&mut self, progress: Progress) {
        self.step = progress.step;
        self.watch.progress(progress);
    }

    fn keep(&mut self, state: TrainingState) -> Result<(), CheckpointError> {
        self.watch.keep(state)
    }

    fn stop(&self) -> bool {
        self.step >= self.last || self.watch.stop()
    }
}
