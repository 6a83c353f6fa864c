//! What a study found, as it is kept in `study.json`. Scores and thresholds in Q24; figures 0 to 1.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::images::Validation;
use super::localisation::Localisation;
use super::measure::ScoreKind;
use super::spread::Spread;
use super::threshold::{Judgement, ScoreSplit};
use super::variation::Variation;
use crate::augmentation::Handicap;
use crate::evaluation::{Bootstrap, Interval, Resample, image_auroc};
use crate::model::NetworkOptions;
use crate::training::{Ended, HistoryEntry};

/// Splits that each bootstrap draw of images is judged with.
const BOOTSTRAP_SPLITS: usize = 10;
/// Draws of images.
const RESAMPLES: u32 = 500;

/// A whole study.
#[derive(Clone, Debug, Serialize)]
pub struct StudyRecord {
    /// Program and version.
    pub created_by: &'static str,
    /// What computed, with versions.
    pub libraries: BTreeMap<String, String>,
    /// Where it ran.
    pub device: String,
    /// Photographs of good parts.
    pub photographs: usize,
    /// SHA-256 over them.
    pub images_sha256: String,
    /// Good and defective test images.
    pub test_images: [usize; 2],
    /// What is varied about the network.
    pub alexnet: NetworkOptions,
    /// The handicap of the model that has one.
    pub handicap: Handicap,
    /// Numbers that it learns.
    pub parameters: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Which images were kept for validation.
    pub validation: Validation,
    /// Splits of the test scores.
    pub splits: usize,
    /// F1 of calling every part defective; mean over the splits.
    pub reject_all_f1: f64,
    /// F1 of calling every part good, good parts positive; mean over the splits.
    pub pass_all_f1_good_positive: f64,
    /// Each model with each seed.
    pub models: Vec<ModelRecord>,
    /// Each model with each score, over seeds and splits.
    pub figures: Vec<FigureRecord>,
}

/// One trained model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelRecord {
    /// Which of Table 1.
    pub variation: Variation,
    /// Of the weights, the order and damage of the images, and which were kept for validation.
    pub seed: u64,
    /// Images it learned from, flipped ones counted.
    pub training_images: usize,
    /// Images that said when to stop.
    pub validation_images: usize,
    /// Of these, how many show a photograph that a training image shows.
    pub validation_twins: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
    /// The step whose weights were kept.
    pub best_step: usize,
    /// Why training ended.
    pub ended: Ended,
    /// The lowest validation loss.
    pub validation_loss: f32,
    /// Mean SSIM of the undamaged validation images and their reconstructions.
    pub validation_similarity: f64,
    /// The largest difference between burn and tract on the exported file, gray 0 to 1.
    pub parity: f32,
    /// The course of training.
    pub history: Vec<HistoryEntry>,
    /// AUROC over all test images, by score.
    pub auroc: [Option<f64>; 3],
    /// The first split, by score.
    pub first_split: [Option<Judgement>; 3],
    /// Where the SSIM map points.
    pub ssim_map: Localisation,
    /// Where the L2 map points.
    pub l2_map: Localisation,
    /// Every test image.
    pub images: Vec<ImageRecord>,
}

/// One test image.
#[derive(Clone, Debug, Serialize)]
pub struct ImageRecord {
    /// Relative to the data folder.
    pub file: PathBuf,
    /// Kind of defect; `None` for a good part.
    pub kind: Option<String>,
    /// In the order of [`ScoreKind::ALL`].
    pub scores: [u32; 3],
}

/// F1 of one model with one score.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FigureRecord {
    /// Which of Table 1.
    pub variation: Variation,
    /// Which score.
    pub score: ScoreKind,
    /// The paper's figure.
    pub paper_f1: f64,
    /// F1, defective parts positive.
    pub f1: Spread,
    /// How the mean F1 moves with the test images: bootstrap over images, the first 10 splits, all seeds.
    pub f1_images95: Option<Interval>,
    /// F1, good parts positive.
    pub f1_good_positive: Spread,
    /// Mean AUROC over the seeds.
    pub auroc: f64,
    /// Whether its mean F1 is no higher than that of calling every part defective.
    pub failed: bool,
}

impl ModelRecord {
    /// The scores of one kind: of good parts, of defective ones.
    pub fn scores(&self, score: ScoreKind) -> [Vec<u32>; 2] {
        let of = |good: bool| {
            let images = self.images.iter().filter(|image| image.kind.is_none() == good);
            images.map(|image| image.scores[score as usize]).collect()
        };
        [of(true), of(false)]
    }

    /// AUROC of one kind of score.
    pub fn auroc_of(&self, score: ScoreKind) -> Option<f64> {
        let [good, defective] = self.scores(score);
        image_auroc(&good, &defective)
    }
}

impl FigureRecord {
    /// Of the runs of one variation, each with another seed, over the first `splits` splits. `None` if a class of test
    /// images is too small to be split.
    pub fn of(runs: &[&ModelRecord], score: ScoreKind, splits: usize, reject_all: f64) -> Option<Self> {
        let variation = runs.first()?.variation;
        let scores: Vec<[Vec<u32>; 2]> = runs.iter().map(|run| run.scores(score)).collect();
        let judged: Vec<Vec<Judgement>> = scores.iter().map(|of| judgements(of, splits)).collect::<Option<_>>()?;
        let figure = |which: fn(&Judgement) -> f64| {
            Spread::of(&judged.iter().map(|row| row.iter().map(which).collect()).collect::<Vec<_>>())
        };
        let f1 = figure(|judgement| judgement.f1)?;
        let aurocs = runs.iter().map(|run| run.auroc_of(score)).collect::<Option<Vec<f64>>>()?;
        let [good, defective] = &scores[0];
        let resampled = |draw: &Resample| {
            let mean = |of: &[Vec<u32>; 2]| {
                let drawn = [repeated(&of[0], &draw.good), repeated(&of[1], &draw.defective)];
                let judged = judgements(&drawn, BOOTSTRAP_SPLITS)?;
                Some(judged.iter().map(|judgement| judgement.f1).sum::<f64>() / judged.len() as f64)
            };
            let sum = scores.iter().map(mean).sum::<Option<f64>>();
            [sum.map(|sum| sum / scores.len() as f64)]
        };
        let bootstrap = Bootstrap { resamples: RESAMPLES, seed: 1 };
        let [f1_images95] = bootstrap.intervals(good.len(), defective.len(), resampled);
        Some(Self {
            variation,
            score,
            paper_f1: variation.paper_f1()[score.in_the_paper()],
            f1,
            f1_images95,
            f1_good_positive: figure(|judgement| judgement.f1_good_positive)?,
            auroc: aurocs.iter().sum::<f64>() / aurocs.len() as f64,
            failed: f1.mean <= reject_all,
        })
    }
}

/// The first `splits` splits of these scores.
fn judgements([good, defective]: &[Vec<u32>; 2], splits: usize) -> Option<Vec<Judgement>> {
    let judge = |number| ScoreSplit::draw(number, good.len(), defective.len()).judge(good, defective);
    (0..splits).map(judge).collect()
}

fn repeated(scores: &[u32], times: &[u32]) -> Vec<u32> {
    scores.iter().zip(times).flat_map(|(&score, &times)| std::iter::repeat_n(score, times as usize)).collect()
}
