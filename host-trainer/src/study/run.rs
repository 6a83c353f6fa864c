//! A study from beginning to end: each model of Table 1 with each seed is trained, exported and measured.
//!
//! Runs are kept after each epoch and gone on with. What follows a training is made anew from its weights each time, so
//! that a study that was interrupted ends with the files of one that was not.

use std::path::{Path, PathBuf};

use shared::image::{MAX_SIDE, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};

use super::error::StudyError;
use super::images::{PaperImages, Validation};
use super::kept::{Exported, KeptRun};
use super::localisation::{Localisation, TestMap, TestMask};
use super::measure::{Measured, Measurer, ScoreKind};
use super::record::{FigureRecord, ImageRecord, ModelRecord, StudyRecord};
use super::threshold::ScoreSplit;
use super::variation::Variation;
use crate::augmentation::Handicap;
use crate::dataset::load::{LoadError, Loaded, load_each};
use crate::dataset::{EvaluationImage, EvaluationSet, GoodImages, Label, LoadedImages, OnUnreadable, load_good};
use crate::device::{DeviceChoice, SelectedDevice};
use crate::digest::hex;
use crate::evaluation::EvaluationError;
use crate::files::write_atomically;
use crate::model::{ALEXNET_SIDE, Architecture, ModelKind, NetworkOptions, Placement};
use crate::progress;
use crate::training::{Ended, Trained};
use crate::versions;

/// The side of the network's input.
pub const INPUT: Size = Size::new(ALEXNET_SIDE, ALEXNET_SIDE);
/// Fewer photographs leave no validation image.
pub const LEAST_PHOTOGRAPHS: usize = 20;
/// Fewer test images of a class cannot be split 30 to 70 with one on each side at least.
const LEAST_TESTED: usize = 4;

/// What to study.
#[derive(Clone, Debug)]
pub struct Study {
    /// Folder in the MVTec layout.
    pub data: PathBuf,
    /// Where runs and results go.
    pub out: PathBuf,
    /// Which models.
    pub variations: Vec<Variation>,
    /// What is varied about the network.
    pub alexnet: NetworkOptions,
    /// The handicap of the model that has one.
    pub handicap: Handicap,
    /// Epochs at most.
    pub epochs: usize,
    /// Seeds 1 to this.
    pub seeds: u64,
    /// Splits of the test scores.
    pub splits: usize,
    /// Which images are kept for validation.
    pub validation: Validation,
    /// Where to train.
    pub device: DeviceChoice,
    /// Whether runs begin anew.
    pub restart: bool,
}

/// What a study found, and what its report shows.
#[derive(Debug)]
pub struct Findings {
    /// All figures.
    pub record: StudyRecord,
    /// The test images as the networks saw them.
    pub tested: Vec<TestImage>,
    /// The first seed of each model: its maps of the test images.
    pub drawn: Vec<(Variation, Vec<Measured>)>,
}

/// A test image.
#[derive(Clone, Debug)]
pub struct TestImage {
    /// Relative to the data folder.
    pub file: PathBuf,
    /// Kind of defect; `None` for a good part.
    pub kind: Option<String>,
    /// Packed gray, of the network's size.
    pub image: Vec<u8>,
    /// The size of the photograph.
    pub photograph: Size,
    /// Its mask, if there is one.
    pub mask: Option<TestMask>,
}

impl Study {
    /// Does it all, with progress on standard error. Results are not written but for the runs and their ONNX files.
    ///
    /// # Errors
    /// [`StudyError`]; what was trained so far is kept.
    pub fn execute(&self) -> Result<Findings, StudyError> {
        let (good, set) = (GoodImages::open(&self.data)?, EvaluationSet::open(&self.data)?);
        let count = |good: bool| set.images.iter().filter(|image| (image.label == Label::Good) == good).count();
        let (photographs, test_images) = (good.files.len(), [count(true), count(false)]);
        if photographs < LEAST_PHOTOGRAPHS || test_images.iter().any(|&count| count < LEAST_TESTED) {
            return Err(StudyError::TooFew { photographs, good: test_images[0], defective: test_images[1] });
        }
        let architecture = ModelKind::Alexnet.network(INPUT, Placement::Fixed, self.alexnet)?.exported;
        let selected = self.device.select()?;
        let bar = progress::counting("loading", (photographs + set.images.len()) as u64);
        let images = load_good(&good, INPUT, OnUnreadable::Refuse, &|| bar.inc(1))?;
        let tested = self.load_tested(&set, &|| bar.inc(1))?;
        bar.finish_and_clear();

        let (mut models, mut drawn) = (Vec::new(), Vec::new());
        for seed in 1..=self.seeds {
            let of_paper = PaperImages::of(&images.images, INPUT, self.validation, seed);
            for &variation in &self.variations {
                let run = Run { study: self, variation, seed, architecture: &architecture, images: &of_paper };
                let (trained, exported) = run.train(&images, &selected)?;
                let (record, measured) = run.measure(trained, exported, &tested)?;
                if seed == 1 {
                    drawn.push((variation, measured));
                }
                models.push(record);
            }
        }
        let without: Vec<[f64; 2]> = (0..self.splits)
            .filter_map(|number| ScoreSplit::draw(number, test_images[0], test_images[1]).without_looking())
            .collect();
        let mean = |which: usize| without.iter().map(|of| of[which]).sum::<f64>() / without.len().max(1) as f64;
        let reject_all_f1 = mean(0);
        let figures = self
            .variations
            .iter()
            .flat_map(|&variation| ScoreKind::ALL.map(|score| (variation, score)))
            .filter_map(|(variation, score)| {
                let runs: Vec<&ModelRecord> = models.iter().filter(|model| model.variation == variation).collect();
                FigureRecord::of(&runs, score, self.splits, reject_all_f1)
            })
            .collect();
        let record = StudyRecord {
            created_by: versions::PROGRAM,
            libraries: versions::libraries(),
            device: selected.description,
            photographs,
            images_sha256: hex(&images.fingerprint),
            test_images,
            alexnet: self.alexnet,
            handicap: self.handicap,
            parameters: architecture.parameter_count(),
            epochs: self.epochs,
            validation: self.validation,
            splits: self.splits,
            reject_all_f1,
            pass_all_f1_good_positive: mean(1),
            models,
            figures,
        };
        Ok(Findings { record, tested, drawn })
    }

    fn load_tested(&self, set: &EvaluationSet, progress: &(dyn Fn() + Sync)) -> Result<Vec<TestImage>, StudyError> {
        let paths: Vec<PathBuf> = set.images.iter().map(|image| image.path.clone()).collect();
        let loaded: Vec<Result<Loaded, LoadError>> = load_each(&paths, &resized(), progress);
        let complete = |(image, loaded): (&EvaluationImage, Result<Loaded, LoadError>)| {
            let loaded = loaded.map_err(|source| StudyError::Test { path: image.path.clone(), source })?;
            let mask = image.mask.as_deref().map(|mask| TestMask::read(mask, &resized())).transpose();
            Ok(TestImage {
                file: image.path.strip_prefix(&self.data).unwrap_or(&image.path).to_owned(),
                kind: match &image.label {
                    Label::Good => None,
                    Label::Defective(kind) => Some(kind.clone()),
                },
                image: loaded.image,
                photograph: loaded.frame,
                mask: mask.map_err(|source| EvaluationError::Mask { image: image.path.clone(), source })?,
            })
        };
        set.images.iter().zip(loaded).map(complete).collect()
    }
}

/// How a photograph becomes the network's input, whatever its size.
pub fn resized() -> Preprocessing {
    let accepted = AcceptedSizes { min: Size::new(1, 1), max: Size::new(MAX_SIDE, MAX_SIDE) };
    Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: INPUT }
}

/// One model with one seed.
struct Run<'a> {
    study: &'a Study,
    variation: Variation,
    seed: u64,
    architecture: &'a Architecture,
    images: &'a PaperImages,
}

impl Run<'_> {
    fn name(&self) -> String {
        format!("{}-seed{}", self.variation.folder(), self.seed)
    }

    /// Trains from where the run was left, and exports.
    fn train(&self, photographs: &LoadedImages, selected: &SelectedDevice) -> Result<(Trained, Exported), StudyError> {
        let (study, images) = (self.study, self.images.training.len());
        let run = KeptRun {
            name: self.name(),
            folder: study.out.join(self.name()),
            architecture: self.architecture,
            images: self.images,
            validation: study.validation,
            photographs_sha256: hex(&photographs.fingerprint),
            config: self.variation.training(study.alexnet, study.handicap, study.epochs, self.seed, images),
            device: selected,
            restart: study.restart,
            stop_after: None,
        };
        let trained = run.train()?;
        if trained.ended == Ended::Interrupted {
            let step = trained.history.last().map_or(0, |entry| entry.step);
            return Err(StudyError::Interrupted { run: self.name(), step });
        }
        let exported = run.export(&trained)?;
        Ok((trained, exported))
    }

    /// Draws validation and test images with the exported model.
    fn measure(
        &self,
        trained: Trained,
        exported: Exported,
        tested: &[TestImage],
    ) -> Result<(ModelRecord, Vec<Measured>), StudyError> {
        let mut measurer = Measurer::new(resized(), exported.tract);
        let validation_similarity = measurer.mean_similarity(&self.images.validation)?;
        let bar = progress::counting("measuring", tested.len() as u64);
        let mut measured = Vec::with_capacity(tested.len());
        for test in tested {
            measured.push(measurer.measure(&test.image)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let milliseconds = measurer.median_inference_ms();
        progress::say(format!("{}: {milliseconds:.1} ms per image in tract (median)", self.name()));
        let maps = |map: fn(&Measured) -> &[u32]| {
            let maps: Vec<TestMap<'_>> = tested
                .iter()
                .zip(&measured)
                .map(|(test, measured)| TestMap {
                    map: map(measured),
                    kind: test.kind.as_deref(),
                    mask: test.mask.as_ref(),
                    photograph: test.photograph,
                })
                .collect();
            Localisation::of(&maps, INPUT)
        };
        let of_image = |(test, measured): (&TestImage, &Measured)| ImageRecord {
            file: test.file.clone(),
            kind: test.kind.clone(),
            scores: measured.scores,
        };
        let (training_images, validation_images) = (self.images.training.len(), self.images.validation.len());
        let best = trained.history.iter().find(|entry| entry.step == trained.best_step);
        let mut record = ModelRecord {
            variation: self.variation,
            seed: self.seed,
            training_images,
            validation_images,
            validation_twins: self.images.twins,
            steps_per_epoch: training_images.div_ceil(super::variation::BATCH),
            best_step: trained.best_step,
            ended: trained.ended,
            validation_loss: best.map_or(f32::NAN, |entry| entry.validation_loss),
            validation_similarity,
            parity: exported.parity,
            history: trained.history,
            auroc: [None; 3],
            first_split: [None; 3],
            ssim_map: maps(|measured| &measured.ssim),
            l2_map: maps(|measured| &measured.l2),
            images: tested.iter().zip(&measured).map(of_image).collect(),
        };
        for (index, score) in ScoreKind::ALL.into_iter().enumerate() {
            let [good, defective] = record.scores(score);
            record.auroc[index] = record.auroc_of(score);
            record.first_split[index] = ScoreSplit::draw(0, good.len(), defective.len()).judge(&good, &defective);
        }
        Ok((record, measured))
    }
}

impl Findings {
    /// Writes `study.json` and `tables.md` into `folder`; the report is the caller's.
    ///
    /// # Errors
    /// [`StudyError::File`].
    pub fn write(&self, folder: &Path) -> Result<(), StudyError> {
        let mut json = serde_json::to_vec_pretty(&self.record).expect("the record holds nothing JSON cannot");
        json.push(b'\n');
        write_atomically(&folder.join("study.json"), &json)?;
        write_atomically(&folder.join("tables.md"), super::tables::markdown(&self.record).as_bytes())?;
        Ok(())
    }
}
