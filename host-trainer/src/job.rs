//! From a folder of good photographs to a sealed bundle, in the order that the promise depends on: load, split, train,
//! export, calibrate the exported file, seal.

use std::path::{Path, PathBuf};

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::{MeasureError, Pipeline, PipelineError};
use edge_runtime::reconstruct::Reconstructor;
use serde::Serialize;
use shared::difference::{Pooling, ScoreRecipe};
use shared::score::Score;
use shared::similarity::Metric;
use shared::wire::{Manifest, ModelInterface, NAME_LEN, Name, ThresholdEvidence};

use crate::calibration::{CalibrationError, calibrate, check_rank};
use crate::dataset::duplicates::{EqualFiles, equal_images};
use crate::dataset::{
    DatasetError, GoodImages, LeftOut, LoadError, LoadedImages, OnUnreadable, Split, SplitError, SplitFiles,
    UnreadableImages, load_good,
};
use crate::device::{DeviceChoice, NoAdapter};
use crate::export::bundle::SealError;
use crate::export::onnx::{INPUT_NAME, OUTPUT_NAME};
use crate::export::{ParityError, check_parity, seal, to_onnx};
use crate::files::{FileError, write_atomically};
use crate::model::compact;
use crate::progress;
use crate::training::{HistoryEntry, TrainingConfig, TrainingError, train};

/// The score that a new bundle uses: the largest value of the smoothed SSIM difference map. A mean drowns small
/// defects. The radius gives three box passes the spread of a Gaussian of sigma = side / 32.
pub const DEFAULT_RECIPE: ScoreRecipe =
    ScoreRecipe { metric: Metric::Ssim, pooling: Pooling::SmoothedMaximum { radius: 4 } };

const CREATED_BY: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// What to make a bundle from, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// Folder of photographs.
    pub data: PathBuf,
    /// What to do about images that cannot be used.
    pub on_unreadable: OnUnreadable,
    /// Name of the part; part of the bundle.
    pub product: String,
    /// Where to train.
    pub device: DeviceChoice,
    /// The training loop's settings.
    pub training: TrainingConfig,
    /// Rank of the calibration score that the threshold lies above.
    pub rank: u32,
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
}

/// How a bundle came about, for people and scripts.
#[derive(Clone, Debug, Serialize)]
pub struct TrainingRecord {
    /// Program and version.
    pub created_by: String,
    /// Name of the part.
    pub product: String,
    /// Name of the architecture, and how many numbers it learned.
    pub architecture: &'static str,
    /// Numbers learned.
    pub parameters: usize,
    /// Where it was trained.
    pub device: String,
    /// The loop's settings.
    pub training: TrainingConfig,
    /// SHA-256 over the good images, hexadecimal.
    pub images_sha256: String,
    /// The files of each part of the split.
    pub files: SplitFiles,
    /// Files that were found and not used.
    pub left_out: Vec<LeftOut>,
    /// Groups of equal images, all of them in the training part.
    pub duplicates: EqualFiles,
    /// Step of the weights that were kept.
    pub best_step: usize,
    /// Course of training.
    pub history: Vec<HistoryEntry>,
    /// Largest difference between burn and tract, gray 0 to 1.
    pub parity: f32,
    /// Threshold as the station compares it, in units of 2^-24.
    pub threshold: u32,
    /// Expected and upper bound (95 %) of the false-reject rate.
    pub false_reject_rate: Promise,
    /// Development images rejected at the threshold: an independent check of the promise.
    pub development_rejected: usize,
}

/// What the threshold promises of further good parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Promise {
    /// On average at most.
    pub average: f64,
    /// With 95 % confidence at most.
    pub upper95: f64,
}

/// A job could not be done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error(transparent)]
    Device(#[from] NoAdapter),
    #[error(transparent)]
    Unreadable(#[from] UnreadableImages),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error(transparent)]
    Parity(#[from] ParityError),
    /// A good image that the finished pipeline cannot score.
    #[error("{}: a good image cannot be scored", path.display())]
    Measure {
        /// The image.
        path: PathBuf,
        /// Why not.
        source: MeasureError,
    },
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error("--product {0:?}: expected 1 to {NAME_LEN} bytes of UTF-8 without control characters")]
    ProductName(String),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl Job {
    /// Does it all, with progress on standard error.
    ///
    /// # Errors
    /// [`JobError`] says what stood in the way; no file has been written.
    pub fn execute(&self) -> Result<Artifacts, JobError> {
        // Whatever can be refused is refused before the minutes of training.
        let product = product_name(&self.product)?;
        let good = GoodImages::open(&self.data)?;
        let selected = self.device.select()?;
        let architecture = compact();

        let bar = progress::counting("loading", good.files.len() as u64);
        let loaded = load_good(&good, architecture.size, self.on_unreadable, &|| bar.inc(1));
        bar.finish_and_clear();
        let images = loaded?;
        let equal = equal_images(&images.identities());
        let duplicates = EqualFiles::of(&equal, |index| &images.files[index]);
        images.remarks(&duplicates).iter().for_each(progress::say);
        let split = Split::keeping_together(images.files.len(), &equal, self.training.seed)?;
        check_rank(self.rank, split.calibration.len() as u32)?;
        progress::say(format!(
            "{} good images: {} to train, {} to stop in time, {} to develop, {} for the threshold alone; on {}",
            images.files.len(),
            split.training.len(),
            split.validation.len(),
            split.development.len(),
            split.calibration.len(),
            selected.description,
        ));

        let bar = progress::training(self.training.steps as u64);
        let trained = train(
            &architecture,
            &part(&images, &split.training),
            &part(&images, &split.validation),
            &self.training,
            &selected.device,
            |p| {
                bar.set_position(p.step as u64);
                if let (Some(training), Some(validation)) = (p.training_loss, p.validation_loss) {
                    let losses = format!("loss {training:.4}, best validation {validation:.4}");
                    if !progress::is_interactive() {
                        progress::say(format!("step {} of at most {}: {losses}", p.step, p.steps));
                    }
                    bar.set_message(losses);
                }
            },
        )?;
        bar.finish_and_clear();

        let onnx = to_onnx(&architecture, &trained.weights);
        let pixels = usize::from(architecture.size.width) * usize::from(architecture.size.height);
        let extremes = [vec![0; pixels], vec![255; pixels], (0..pixels).map(|i| (i * 97) as u8).collect()];
        let frames = part(&images, &split.validation).into_iter().chain(extremes.iter().map(Vec::as_slice));
        let (tract, parity) = check_parity(&architecture, &trained.weights, &onnx, frames)?;

        let mut pipeline = Pipeline::new(images.preprocessing, DEFAULT_RECIPE, tract)?;
        let calibration = measure(&mut pipeline, &images, &split.calibration)?;
        let development = measure(&mut pipeline, &images, &split.development)?;
        let (threshold, evidence) = calibrate(&calibration, self.rank)?;

        let manifest = Manifest {
            product,
            preprocessing: images.preprocessing,
            model: ModelInterface {
                input_name: fixed_name(INPUT_NAME),
                output_name: fixed_name(OUTPUT_NAME),
                size: architecture.size,
            },
            recipe: DEFAULT_RECIPE,
            threshold,
            evidence,
            created_by: fixed_name(CREATED_BY),
            training_images_sha256: images.fingerprint,
        };
        let bundle = seal(&manifest, &onnx)?;

        let record = TrainingRecord {
            created_by: CREATED_BY.into(),
            product: self.product.clone(),
            architecture: architecture.name,
            parameters: architecture.parameter_count(),
            device: selected.description,
            training: self.training.clone(),
            images_sha256: hex(&images.fingerprint),
            files: SplitFiles::of(&split, &images),
            left_out: images.left_out.clone(),
            duplicates,
            best_step: trained.best_step,
            history: trained.history,
            parity,
            threshold: threshold.raw(),
            false_reject_rate: Promise::of(&evidence),
            development_rejected: development.iter().filter(|&&score| threshold.rejects(score)).count(),
        };
        Ok(Artifacts { bundle, onnx, record, images, split })
    }
}

impl Promise {
    /// The promise in a bundle's evidence, as rates.
    pub fn of(evidence: &ThresholdEvidence) -> Self {
        match evidence {
            ThresholdEvidence::Calibrated { average_false_rejects_ppm, upper95_false_rejects_ppm, .. } => Self {
                average: f64::from(*average_false_rejects_ppm) / 1e6,
                upper95: f64::from(*upper95_false_rejects_ppm) / 1e6,
            },
        }
    }
}

impl Artifacts {
    /// Writes `station.bundle`, `model.onnx` and `training.json` into `folder`, the bundle last: where a new bundle
    /// lies, its record lies beside it.
    ///
    /// # Errors
    /// [`FileError`] with the path; files already there stay whole.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, FileError> {
        let mut record = serde_json::to_vec_pretty(&self.record).expect("the record holds nothing JSON cannot");
        record.push(b'\n');
        write_atomically(&folder.join("training.json"), &record)?;
        write_atomically(&folder.join("model.onnx"), &self.onnx)?;
        let bundle = folder.join("station.bundle");
        write_atomically(&bundle, &self.bundle)?;
        Ok(bundle)
    }
}

/// The images of one part of the split.
pub fn part<'a>(images: &'a LoadedImages, indices: &[usize]) -> Vec<&'a [u8]> {
    indices.iter().map(|&i| images.images[i].as_slice()).collect()
}

/// Scores files as the station would: from the file, through preprocessing, the exported model and the integer score.
fn measure(
    pipeline: &mut Pipeline<impl Reconstructor>,
    images: &LoadedImages,
    indices: &[usize],
) -> Result<Vec<Score>, JobError> {
    let clock = MonotonicClock::new();
    indices
        .iter()
        .map(|&i| {
            let frame = images.frame(i)?;
            let measured = frame.view().map_err(MeasureError::from).and_then(|view| pipeline.measure(&view, &clock));
            measured.map(|m| m.score).map_err(|source| JobError::Measure { path: images.path(i), source })
        })
        .collect()
}

fn product_name(text: &str) -> Result<Name, JobError> {
    let error = || JobError::ProductName(text.to_owned());
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(error());
    }
    Name::try_from(text).map_err(|_| error())
}

fn fixed_name(text: &str) -> Name {
    Name::try_from(text).expect("a name of this program's own fits")
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
