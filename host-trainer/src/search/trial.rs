//! One trial: one process, one index, one result file.
//!
//! Any number of them may run at once on a shared folder; each writes below its own. A trial that was killed goes on where
//! it was.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SearchError;
use super::grid::{Grid, Trial};
use super::halving::Halving;
use crate::dataset::{GoodImages, OnUnreadable, load_good};
use crate::device::DeviceChoice;
use crate::digest::hex;
use crate::files::write_atomically;
use crate::model::{ModelKind, Placement};
use crate::progress;
use crate::study::{INPUT, KeptRun, LEAST_PHOTOGRAPHS, Measurer, PaperImages, StudyError, Validation, resized};
use crate::training::{Ended, TrainingError};

/// What a trial needs to know.
#[derive(Clone, Debug)]
pub struct TrialRun {
    /// Folder of photographs of good parts.
    pub data: PathBuf,
    /// Folder that all trials share.
    pub out: PathBuf,
    /// The whole grid.
    pub grid: Grid,
    /// Which trial, from 0.
    pub index: usize,
    /// How trials are thinned out.
    pub halving: Halving,
    /// How far this one goes.
    pub rung: usize,
    /// Which images are kept for validation.
    pub validation: Validation,
    /// Where to train.
    pub device: DeviceChoice,
}

/// A trial's result, as it is kept in `trial-INDEX/rung-R.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrialResult {
    /// Which trial.
    pub index: usize,
    /// How far it went.
    pub rung: usize,
    /// Its settings.
    pub trial: Trial,
    /// Epochs of a trial that is never dropped.
    pub epochs: usize,
    /// Epochs up to this rung.
    pub rung_epochs: usize,
    /// Which images were kept for validation.
    pub validation: Validation,
    /// Mean SSIM of the undamaged validation images and their reconstructions; `None` if training diverged.
    pub objective: Option<f64>,
    /// The lowest validation loss.
    pub validation_loss: Option<f32>,
    /// The step of the weights that were measured.
    pub best_step: usize,
    /// Steps taken.
    pub steps: usize,
    /// SHA-256 over the photographs, hexadecimal.
    pub photographs_sha256: String,
}

impl TrialResult {
    /// Whether both can be ranked together: the same photographs, divided alike, trained for as long.
    pub fn is_comparable(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.epochs, one.rung_epochs, one.validation, one.photographs_sha256.clone());
        of(self) == of(other)
    }
}

/// Where the result of a trial lies.
pub fn result_file(out: &Path, index: usize, rung: usize) -> PathBuf {
    folder(out, index).join(format!("rung-{rung}.json"))
}

fn folder(out: &Path, index: usize) -> PathBuf {
    out.join(format!("trial-{index:05}"))
}

impl TrialRun {
    /// Trains and measures, or gives the result that is there.
    ///
    /// # Errors
    /// [`SearchError`]; the training so far is kept.
    pub fn execute(&self) -> Result<TrialResult, SearchError> {
        let trials = self.grid.trials();
        let found = SearchError::Index { index: self.index, trials: trials.len() };
        let trial = *trials.get(self.index).ok_or(found)?;
        let file = result_file(&self.out, self.index, self.rung);
        let good = GoodImages::open(&self.data).map_err(StudyError::from)?;
        let photographs = good.files.len();
        if photographs < LEAST_PHOTOGRAPHS {
            return Err(SearchError::TooFew { photographs });
        }
        let bar = progress::counting("loading", photographs as u64);
        let images = load_good(&good, INPUT, OnUnreadable::Refuse, &|| bar.inc(1)).map_err(StudyError::from)?;
        bar.finish_and_clear();
        let photographs_sha256 = hex(&images.fingerprint);
        let mut result = TrialResult {
            index: self.index,
            rung: self.rung,
            trial,
            epochs: self.grid.epochs,
            rung_epochs: self.halving.epochs_at(self.rung),
            validation: self.validation,
            objective: None,
            validation_loss: None,
            best_step: 0,
            steps: 0,
            photographs_sha256: photographs_sha256.clone(),
        };
        if let Some(kept) = read_result(&file)? {
            if kept.trial != trial || !kept.is_comparable(&result) {
                return Err(SearchError::OtherSearch { file });
            }
            progress::say(format!("{}: there already", file.display()));
            return Ok(kept);
        }
        let network = ModelKind::Alexnet.network(INPUT, Placement::Fixed, trial.alexnet).map_err(StudyError::from)?;
        let selected = self.device.select().map_err(StudyError::from)?;
        let of_paper = PaperImages::of(&images.images, INPUT, self.validation, trial.seed);
        let config = trial.training(self.grid.epochs, of_paper.training.len());
        let last = result.rung_epochs.saturating_mul(config.validate_every);
        let run = KeptRun {
            name: format!("trial {}", self.index),
            folder: folder(&self.out, self.index),
            architecture: &network.exported,
            images: &of_paper,
            validation: self.validation,
            photographs_sha256,
            config,
            device: &selected,
            restart: false,
            stop_after: (self.rung < self.halving.rungs).then_some(last),
        };
        match run.train() {
            // Too high a rate is an answer too.
            Err(StudyError::Training(TrainingError::Diverged { step, .. })) => result.steps = step,
            Err(error) => return Err(error.into()),
            Ok(trained) => {
                result.steps = trained.history.last().map_or(0, |entry| entry.step);
                if trained.ended == Ended::Interrupted && run.stop_after.is_none_or(|last| result.steps < last) {
                    return Err(SearchError::Interrupted { index: self.index, step: result.steps });
                }
                let exported = run.export(&trained)?;
                let similarity = Measurer::new(resized(), exported.tract).mean_similarity(&of_paper.validation);
                let best = trained.history.iter().find(|entry| entry.step == trained.best_step);
                result.objective = Some(similarity.map_err(StudyError::from)?);
                result.validation_loss = best.map(|entry| entry.validation_loss);
                result.best_step = trained.best_step;
            }
        }
        let mut json = serde_json::to_vec_pretty(&result).expect("a result holds nothing JSON cannot");
        json.push(b'\n');
        write_atomically(&file, &json).map_err(StudyError::from)?;
        Ok(result)
    }
}

/// A result, if there is one.
///
/// # Errors
/// [`SearchError::Result`] if the file is none.
pub fn read_result(file: &Path) -> Result<Option<TrialResult>, SearchError> {
    let refuse = |reason: String| SearchError::Result { file: file.to_owned(), reason };
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| refuse(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refuse(error.to_string())),
    }
}
