//! From a folder of good photographs to a sealed bundle, in the order that the promise depends on: load, split, train,
//! export, calibrate the exported file, choose golden frames, try out synthetic defects, seal, test the bundle as a
//! station does.

mod error;
mod record;
mod request;

use std::path::{Path, PathBuf};

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::Pipeline;
use edge_runtime::reconstruct::TractReconstructor;
use edge_runtime::self_test::self_test;
use shared::bundle::Bundle;
use shared::difference::{Mask, ResidualMaps, ScoreRecipe, ScoreReference};
use shared::preprocess::Geometry;
use shared::score::Score;
use shared::wire::{CameraName, Manifest, ModelInterface, Name};

use crate::calibration::{Supply, ThresholdChoice};
use crate::dataset::duplicates::{EqualFiles, equal_images};
use crate::dataset::split::{MIN_IMAGES, calibration_images};
use crate::dataset::{
    GeometryChoice, GoodImages, LoadedImages, OnUnreadable, Resolution, Split, SplitFiles, Survey, load_good_as,
};
use crate::detectability::{self, DefectTrials, other_thresholds};
use crate::device::DeviceChoice;
use crate::digest::hex;
use crate::drawn_mask::DrawnMask;
use crate::export::bundle::SealError;
use crate::export::onnx::{INPUT_NAME, OUTPUT_NAME};
use crate::export::{Further, check_admission, check_parity, golden, seal_with, to_onnx};
use crate::files::{FileError, write_atomically};
use crate::margin::{self, MarginChoice};
use crate::model::{Architecture, Placement};
use crate::normalisation::{self, Normalise};
use crate::progress;
use crate::recipe::ScoreChoice;
use crate::report::{loss_svg, training_page};
use crate::scoring::score_loaded;
use crate::training::checkpoint::RunIdentity;
use crate::training::{Checkpoint, Ended, Task, TrainingConfig, TrainingState, train};
use crate::versions;
use crate::watch::{Keeping, Watch};

pub use error::{JobError, WriteError};
pub use record::{GoldenRecord, Promise, TrainingRecord};

/// What to make a bundle from, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// Folder of photographs.
    pub data: PathBuf,
    /// What to do about images that cannot be used.
    pub on_unreadable: OnUnreadable,
    /// Name of the part; part of the bundle.
    pub product: String,
    /// Release of the bundle, at least 1.
    pub release: u32,
    /// Name of the camera that the bundle is for; empty for any.
    pub camera: String,
    /// How photographs become the network's input.
    pub geometry: GeometryChoice,
    /// How large that input is.
    pub resolution: Resolution,
    /// How parts are scored.
    pub score: ScoreChoice,
    /// Which pixels count, drawn by hand.
    pub mask: Option<PathBuf>,
    /// Where to train.
    pub device: DeviceChoice,
    /// The training loop's settings.
    pub training: TrainingConfig,
    /// How the threshold is to be found.
    pub threshold: ThresholdChoice,
    /// Whether synthetic defects are tried.
    pub detectability: DefectTrials,
}

/// The bundle and everything that tells how it came about.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// `station.bundle`
    pub bundle: Vec<u8>,
    /// `model.onnx`
    pub onnx: Vec<u8>,
    /// `training.json`
    pub record: TrainingRecord,
    /// The images as the network saw them, for baselines.
    pub images: LoadedImages,
    /// Which of them served for what.
    pub split: Split,
    /// Scores of good images that training did not see.
    pub scores: UnseenScores,
}

/// What the exported model gave good images that training did not see, in the order of the [`Split`].
#[derive(Clone, Debug)]
pub struct UnseenScores {
    /// Of the calibration images.
    pub calibration: Vec<Score>,
    /// Of the development images.
    pub development: Vec<Score>,
}

impl Job {
    /// Does it all, with progress on standard error, and keeps the training on the way.
    ///
    /// # Errors
    /// [`JobError`] says what stood in the way; no file but the checkpoint has been written.
    pub fn execute(&self, keeping: &Keeping) -> Result<Artifacts, JobError> {
        // Whatever can be refused is refused before the minutes of training.
        let product = product_name(&self.product)?;
        let camera = camera_name(&self.camera)?;
        let good = GoodImages::open(&self.data)?;
        // As if all of them could be used; it is asked again when that is known.
        let most = good.files.len();
        if most >= MIN_IMAGES {
            self.threshold.plan(Supply::of_split(most, calibration_images(most)))?;
        }
        let drawn = self.mask.as_deref().map(DrawnMask::read).transpose()?;
        let selected = self.device.select()?;
        let model = self.training.model;
        let survey = Survey::of(&good, self.geometry.needs_thumbnails());
        let geometry = self.geometry.choose(&survey, self.resolution, model.only_size());
        let placement = match geometry.geometry {
            Geometry::Resize => Placement::Fixed,
            Geometry::FixedScale(_) => Placement::Free,
        };
        let network = model.network(geometry.input, placement, self.training.network)?;
        let (learner, architecture) = (&network.training, &network.exported);
        check_admission(architecture)?;
        let kept = kept(keeping, learner)?;

        let bar = progress::counting("loading", good.files.len() as u64);
        let loaded = load_good_as(&good, geometry.geometry, geometry.input, self.on_unreadable, &|| bar.inc(1));
        bar.finish_and_clear();
        let images = loaded?;
        let equal = equal_images(&images.identities());
        let duplicates = EqualFiles::of(&equal, |index| &images.files[index]);
        images.remarks(&duplicates).iter().for_each(progress::say);
        let split = Split::keeping_together(images.files.len(), &equal, self.training.seed)?;
        progress::say(&geometry.reason);
        let recipe = ScoreRecipe { masked: drawn.is_some(), ..self.score.recipe(architecture) };
        if self.score.normalise == Normalise::Pixels && !recipe.normalised {
            progress::say("not normalised: that is by pixel, and here parts do not lie at one place");
        }
        let mask = drawn.map(|drawn| drawn.seal(&images.frames, &images.preprocessing, &recipe)).transpose()?;
        let plan = self.threshold.plan(Supply::of_split(images.files.len(), split.calibration.len()))?;
        if let Some(answer) = plan.reachable {
            progress::say(answer.to_string());
        }
        progress::say(format!(
            "{} good images: {} to train, {} to stop in time, {} to develop, {} for the threshold alone; on {}",
            images.files.len(),
            split.training.len(),
            split.validation.len(),
            split.development.len(),
            split.calibration.len(),
            selected.description,
        ));

        let (training, validation) = (part(&images, &split.training), part(&images, &split.validation));
        let task = Task {
            architecture: learner,
            image_size: architecture.size,
            training: &training,
            validation: &validation,
            config: &self.training,
            device: &selected.device,
        };
        let identity = RunIdentity {
            architecture: architecture.name.into(),
            geometry: geometry.name(),
            device: selected.description.clone(),
            images_sha256: hex(&images.fingerprint),
            libraries: versions::libraries(),
            training: self.training.clone(),
        };
        let state = resumed(kept, &identity, keeping)?;
        let steps = self.training.length.steps(training.len(), self.training.batch);
        let mut watch = Watch::new(steps, state.as_ref(), identity, self.request(), keeping.file());
        let trained = train(&task, state, &mut watch)?;
        drop(watch);

        let onnx = to_onnx(architecture, &trained.weights);
        let pixels = usize::from(architecture.size.width) * usize::from(architecture.size.height);
        let extremes = [vec![0; pixels], vec![255; pixels], (0..pixels).map(|i| (i * 97) as u8).collect()];
        let frames = part(&images, &split.validation).into_iter().chain(extremes.iter().map(Vec::as_slice));
        let (tract, parity) = check_parity(architecture, &trained.weights, &onnx, frames)?;

        let development = split.development_of(&images);
        let fitting = normalisation::fitting_recipe(&recipe);
        let mut fitter = Pipeline::new(images.preprocessing, fitting, tract)?;
        let residuals = if recipe.normalised { Some(normalisation::fit(&mut fitter, &development)?) } else { None };
        let reference = ScoreReference {
            residuals: residuals.as_deref().map(ResidualMaps::read).transpose()?,
            mask: mask.as_ref().map(|mask| Mask::read(&mask.section[..])).transpose()?,
        };
        let mut pipeline =
            Pipeline::with_reference(images.preprocessing, recipe, reference, fitter.into_reconstructor())?;
        let recipe = match self.score.margin {
            MarginChoice::Fitted => ScoreRecipe { margin: margin::fit(&mut pipeline, &development)?, ..recipe },
            MarginChoice::None => recipe,
        };
        let mut pipeline =
            Pipeline::with_reference(images.preprocessing, recipe, reference, pipeline.into_reconstructor())?;
        let calibration = score_loaded(&mut pipeline, &images, &split.calibration)?;
        let unseen = score_loaded(&mut pipeline, &images, &split.development)?;
        let (threshold, evidence) = plan.rule.apply(&calibration)?;

        let manifest = Manifest {
            product,
            preprocessing: images.preprocessing,
            model: ModelInterface {
                input_name: fixed_name(INPUT_NAME),
                output_name: fixed_name(OUTPUT_NAME),
                size: architecture.size,
            },
            recipe,
            threshold,
            evidence,
            created_by: fixed_name(versions::PROGRAM),
            training_images_sha256: images.fingerprint,
            release: self.release,
            // The format that is sealed here is read by every version of the station's program that reads it at all.
            minimum_runtime: [0; 3],
            camera,
        };
        // Whoever has the bundle can look at these images. Never those of the calibration: the threshold is theirs alone.
        let chosen = golden::choose(&mut pipeline, &development.inputs(), threshold, self.training.seed)?;
        let section = golden::section(architecture.size, &chosen)?;
        let clean = detectability::Clean {
            images: development.images(),
            scores: &unseen,
            content: images.least_content(),
            seen: steps * self.training.batch,
            seed: self.training.seed,
        };
        let catches = match self.detectability {
            DefectTrials::Tried => detectability::try_out(&manifest, &onnx, reference, &clean)?,
            DefectTrials::None => None,
        };
        let told = catches.as_ref().map(detectability::section).transpose()?;
        let further = Further {
            residuals: residuals.as_deref(),
            mask: mask.as_ref().map(|mask| &mask.section[..]),
            golden: section.as_deref(),
            detectability: told.as_deref(),
        };
        let bundle = seal_with(&manifest, &onnx, &further)?;
        prove(&mut pipeline, &bundle)?;

        let record = TrainingRecord {
            created_by: versions::PROGRAM.into(),
            libraries: versions::libraries(),
            product: self.product.clone(),
            architecture: architecture.name,
            parameters: architecture.parameter_count(),
            geometry,
            mask_counts: mask.as_ref().map(|mask| mask.counts),
            device: selected.description,
            training: self.training.clone(),
            images_sha256: hex(&images.fingerprint),
            files: SplitFiles::of(&split, &images),
            left_out: images.left_out.clone(),
            duplicates,
            best_step: trained.best_step,
            ended: trained.ended,
            history: trained.history,
            parity,
            threshold: threshold.raw(),
            evidence,
            false_reject_rate: Promise::of(&evidence),
            golden_frames: chosen.iter().map(|one| GoldenRecord::of(one, &images, &split.development)).collect(),
            other_thresholds: catches
                .as_ref()
                .map_or_else(Vec::new, |catches| other_thresholds(&calibration, &catches.defective)),
            detectability: catches,
            development_rejected: unseen.iter().filter(|&&score| threshold.rejects(score)).count(),
        };
        let scores = UnseenScores { calibration, development: unseen };
        Ok(Artifacts { bundle, onnx, record, images, split, scores })
    }
}

impl Artifacts {
    /// Writes `station.bundle`, `model.onnx`, `training.json`, `report.html` and `loss.svg` into `folder`, the bundle
    /// last: where a new bundle lies, its record lies beside it.
    ///
    /// # Errors
    /// [`WriteError`]; files already there stay whole. A report that cannot be made costs no other file.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, WriteError> {
        let report = training_page(self);
        if let Ok(page) = &report {
            write_atomically(&folder.join("report.html"), page.as_bytes())?;
        }
        write_atomically(&folder.join("loss.svg"), loss_svg(&self.record).as_bytes())?;
        let mut record = serde_json::to_vec_pretty(&self.record).expect("the record holds nothing JSON cannot");
        record.push(b'\n');
        write_atomically(&folder.join("training.json"), &record)?;
        write_atomically(&folder.join("model.onnx"), &self.onnx)?;
        let bundle = folder.join("station.bundle");
        let aside = folder.join("station.previous.bundle");
        if self.record.ended == Ended::Interrupted && bundle.is_file() && !aside.exists() {
            // A bundle that was finished is worth more than one that was not.
            std::fs::rename(&bundle, &aside).map_err(FileError::new("rename", &bundle))?;
            progress::say(format!("the former bundle is kept as {}", aside.display()));
        }
        write_atomically(&bundle, &self.bundle)?;
        report?;
        Ok(bundle)
    }
}

/// The checkpoint to go on from, if it is asked for; a run that has not ended is not to be written over.
fn kept(keeping: &Keeping, architecture: &Architecture) -> Result<Option<Checkpoint>, JobError> {
    match keeping {
        Keeping::Nothing | Keeping::Restart(_) => Ok(None),
        Keeping::Resume(path) => Ok(Checkpoint::read(path, architecture)?),
        Keeping::Fresh(path) => match Checkpoint::read(path, architecture)? {
            Some(found) if !found.state.done => {
                Err(JobError::Unfinished { path: path.clone(), step: found.state.step })
            }
            _ => Ok(None),
        },
    }
}

/// Where to go on, once it is certain that the checkpoint is of this very run.
fn resumed(
    kept: Option<Checkpoint>,
    identity: &RunIdentity,
    keeping: &Keeping,
) -> Result<Option<TrainingState>, JobError> {
    match (kept, keeping) {
        (Some(checkpoint), Keeping::Resume(path)) => {
            checkpoint.check(identity, path)?;
            progress::say(format!("going on after step {}", checkpoint.state.step));
            Ok(Some(checkpoint.state))
        }
        (None, Keeping::Resume(path)) => {
            progress::say(format!("{}: nothing to resume, starting at the first step", path.display()));
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Tests a sealed bundle, of which this is the pipeline, as a station does.
fn prove(pipeline: &mut Pipeline<TractReconstructor>, bundle: &[u8]) -> Result<(), JobError> {
    let bundle = Bundle::verify(bundle).map_err(SealError::from)?;
    self_test(pipeline, bundle.golden_frames(), bundle.manifest().threshold, &MonotonicClock::new())?;
    Ok(())
}

/// The images of one part of the split.
pub fn part<'a>(images: &'a LoadedImages, indices: &[usize]) -> Vec<&'a [u8]> {
    indices.iter().map(|&i| images.images[i].as_slice()).collect()
}

fn product_name(text: &str) -> Result<Name, JobError> {
    let error = || JobError::ProductName(text.to_owned());
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(error());
    }
    Name::try_from(text).map_err(|_| error())
}

/// A camera's name as a bundle holds it; empty for any.
///
/// # Errors
/// [`JobError::CameraName`] if it is too long or has control characters.
pub fn camera_name(text: &str) -> Result<CameraName, JobError> {
    let error = || JobError::CameraName(text.to_owned());
    if text.chars().any(char::is_control) {
        return Err(error());
    }
    CameraName::try_from(text).map_err(|_| error())
}

fn fixed_name(text: &str) -> Name {
    Name::try_from(text).expect("a name of this program's own fits")
}
