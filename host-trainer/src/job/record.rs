//! What is kept beside a bundle of how it came about: `training.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use shared::image::Region;
use shared::wire::ThresholdEvidence;

use crate::dataset::duplicates::EqualFiles;
use crate::dataset::{ChosenGeometry, LeftOut, LoadedImages, SplitFiles};
use crate::detectability::{DetectabilityRecord, OtherThreshold};
use crate::export::golden::Chosen;
use crate::training::{Ended, HistoryEntry, TrainingConfig};

/// How a bundle came about, for people and scripts.
#[derive(Clone, Debug, Serialize)]
pub struct TrainingRecord {
    /// Program and version.
    pub created_by: String,
    /// Versions of the libraries that can change a result.
    pub libraries: BTreeMap<String, String>,
    /// Name of the part.
    pub product: String,
    /// Name of the architecture, and how many numbers it learned.
    pub architecture: &'static str,
    /// Numbers learned.
    pub parameters: usize,
    /// How a photograph becomes the network's input, and why.
    pub geometry: ChosenGeometry,
    /// How much of the picture counts, 0 to 1, if a mask says so.
    pub mask_counts: Option<f64>,
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
    /// Why training ended.
    pub ended: Ended,
    /// Course of training.
    pub history: Vec<HistoryEntry>,
    /// Largest difference between burn and tract, gray 0 to 1.
    pub parity: f32,
    /// Threshold as the station compares it, in units of 2^-24.
    pub threshold: u32,
    /// What the threshold rests on, as in the bundle.
    pub evidence: ThresholdEvidence,
    /// Expected and upper bound (95 %) of the false-reject rate.
    pub false_reject_rate: Option<Promise>,
    /// What other thresholds would have promised and found; none if no defects were tried.
    pub other_thresholds: Vec<OtherThreshold>,
    /// The images that are in the bundle, for a station's self-test.
    pub golden_frames: Vec<GoldenRecord>,
    /// Which synthetic defects are found at the threshold; none if it was not tried.
    pub detectability: Option<DetectabilityRecord>,
    /// Development images rejected at the threshold: an independent check of the promise, unless the residual maps were
    /// fitted on them.
    pub development_rejected: usize,
}

/// Where a golden frame comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoldenRecord {
    /// A development image, relative to the folder of good images.
    pub file: PathBuf,
    /// The square that was painted in to get a reject, in pixels of the network's size.
    pub square: Option<Region>,
    /// Its score in units of 2^-24.
    pub score: u32,
    /// `pass` or `reject`.
    pub verdict: String,
}

impl GoldenRecord {
    /// Names the image of `chosen`, which was chosen from those at `indices`.
    pub fn of(chosen: &Chosen, images: &LoadedImages, indices: &[usize]) -> Self {
        Self {
            file: images.files[indices[chosen.image]].clone(),
            square: chosen.square,
            score: chosen.score.raw(),
            verdict: chosen.verdict.to_string(),
        }
    }
}

/// What the threshold promises of further good parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Promise {
    /// On average at most; none where the threshold was given by hand.
    pub average: Option<f64>,
    /// With 95 % confidence at most.
    pub upper95: f64,
}

impl Promise {
    /// The promise in a bundle's evidence, as rates; `None` if nothing is promised.
    pub fn of(evidence: &ThresholdEvidence) -> Option<Self> {
        let rate = |ppm: u32| f64::from(ppm) / 1e6;
        match evidence {
            ThresholdEvidence::Calibrated { average_false_rejects_ppm, upper95_false_rejects_ppm, .. } => Some(Self {
                average: Some(rate(*average_false_rejects_ppm)),
                upper95: rate(*upper95_false_rejects_ppm),
            }),
            ThresholdEvidence::ByHand { trial } => {
                trial.map(|trial| Self { average: None, upper95: rate(trial.upper95_false_rejects_ppm) })
            }
        }
    }
}
