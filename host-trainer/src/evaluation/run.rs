//! Judges labelled images with the station's inspector and sums up what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edge_runtime::camera::decode::decode_file;
use edge_runtime::clock::Clock;
use edge_runtime::inspector::Inspector;
use edge_runtime::pipeline::Evidence;
use edge_runtime::reconstruct::Reconstructor;
use serde::Serialize;
use shared::admission::FrameStamp;
use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::score::{Score, Threshold};
use shared::similarity::Metric;
use shared::verdict::{FaultReason, Verdict};

use super::metrics::{Counts, best_f1, image_auroc};
use crate::dataset::duplicates::Identity;
use crate::dataset::{EvaluationSet, Label};

/// Scores that are computed beside the bundle's own, to compare with the literature: the paper's two.
const ALTERNATIVES: [(&str, ScoreRecipe); 2] = [
    ("mean SSIM difference (the paper's)", ScoreRecipe { metric: Metric::Ssim, pooling: Pooling::Mean }),
    ("mean L2 difference (the paper's)", ScoreRecipe { metric: Metric::L2, pooling: Pooling::Mean }),
];

/// One image and what the station would have said.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The image.
    pub path: PathBuf,
    /// What it shows.
    pub label: Label,
    /// Whether the part was rejected; a Fault rejects.
    pub rejected: bool,
    /// Why the image could not be judged, if so.
    pub fault: Option<FaultReason>,
    /// The bundle's score.
    pub score: Option<Score>,
    /// What it shows in the network's size, if it was measured.
    pub identity: Option<Identity>,
    alternatives: [Option<Score>; ALTERNATIVES.len()],
}

/// The figures of an evaluation; the names are those of the JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Probability that a defective part scores above a good one. A Fault counts as the highest score.
    pub image_auroc: Option<f64>,
    /// F1 at the stored threshold, defective being positive.
    pub f1: Option<f64>,
    /// The highest F1 over all thresholds: chosen with knowledge of the labels.
    pub f1_max: Option<f64>,
    /// F1 of rejecting every part.
    pub f1_reject_all: Option<f64>,
    /// Good parts rejected.
    pub false_reject_rate: Option<f64>,
    /// Defective parts passed.
    pub escape_rate: Option<f64>,
    /// Good parts judged.
    pub n_good: usize,
    /// Defective parts judged.
    pub n_defective: usize,
    /// Images that could not be judged; each counts as a reject.
    pub n_fault: usize,
    /// The stored threshold, in units of the score (1.0 = 2^24).
    pub threshold: f64,
    /// The same, as the station compares it.
    pub threshold_raw: u32,
    /// Per kind of defect.
    pub kinds: BTreeMap<String, Kind>,
    /// Other scores of the same reconstructions.
    pub alternatives: Vec<Alternative>,
}

/// How one kind of defect fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Images of it.
    pub n: usize,
    /// Rejected among them.
    pub rejected: usize,
}

/// How another score would have ranked the same images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// What it is.
    pub score: &'static str,
    /// As above.
    pub image_auroc: Option<f64>,
    /// As above.
    pub f1_max: Option<f64>,
}

/// Judges every image of `set` with an inspector that has seen no frame yet. An image that cannot be read is a Fault.
pub fn evaluate<R: Reconstructor, C: Clock>(
    inspector: &mut Inspector<R, C>,
    set: &EvaluationSet,
    mut progress: impl FnMut(),
) -> (Evaluation, Vec<Judged>) {
    let mut judged = Vec::with_capacity(set.images.len());
    for (index, image) in set.images.iter().enumerate() {
        let mut one = Judged {
            path: image.path.clone(),
            label: image.label.clone(),
            rejected: true,
            fault: None,
            score: None,
            identity: None,
            alternatives: [None; ALTERNATIVES.len()],
        };
        let frame = decode_file(&image.path);
        match frame.as_ref().ok().and_then(|frame| frame.view().ok()) {
            None => one.fault = Some(FaultReason::FrameUnreadable),
            Some(view) => {
                let stamp = FrameStamp { sequence: index as u64 + 1, captured_at_us: inspector.clock().now_us() };
                let inspection = inspector.inspect(&view, stamp);
                one.score = inspection.score;
                match inspection.verdict {
                    Verdict::Pass(_) => one.rejected = false,
                    Verdict::Reject(_) => {}
                    Verdict::Fault(reason) => one.fault = Some(reason),
                }
                if let Some(evidence) = inspector.evidence() {
                    one.identity = Some(Identity::of(evidence.input.rows()));
                    one.alternatives = ALTERNATIVES.map(|(_, recipe)| rescore(&recipe, &evidence));
                }
            }
        }
        judged.push(one);
        progress();
    }
    (sum_up(&judged, inspector.threshold()), judged)
}

/// Scores the same reconstruction by another recipe; `None` if the recipe does not fit its size.
fn rescore(recipe: &ScoreRecipe, evidence: &Evidence<'_>) -> Option<Score> {
    let needed = ScoreBuffers::needed(evidence.input.size());
    let (mut map, mut smoothed, mut scratch) = (vec![0; needed.map], vec![0; needed.smoothed], vec![0; needed.scratch]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut scratch };
    score(recipe, evidence.input, evidence.reconstruction, buffers).ok()
}

fn sum_up(judged: &[Judged], threshold: Threshold) -> Evaluation {
    let mut counts = Counts::default();
    let mut kinds = BTreeMap::<String, Kind>::new();
    for one in judged {
        let rejected = usize::from(one.rejected);
        match &one.label {
            Label::Good => {
                counts.good += 1;
                counts.good_rejected += rejected;
            }
            Label::Defective(kind) => {
                counts.defective += 1;
                counts.defective_rejected += rejected;
                let kind = kinds.entry(kind.clone()).or_default();
                kind.n += 1;
                kind.rejected += rejected;
            }
        }
    }
    let ranked = |score: &dyn Fn(&Judged) -> Option<Score>| {
        let of = |good: bool| -> Vec<u32> {
            let class = judged.iter().filter(|one| (one.label == Label::Good) == good);
            class.map(|one| score(one).map_or(u32::MAX, Score::raw)).collect()
        };
        let (good, defective) = (of(true), of(false));
        (image_auroc(&good, &defective), best_f1(&good, &defective))
    };
    let (image_auroc, f1_max) = ranked(&|one| one.score.filter(|_| one.fault.is_none()));
    let alternatives = ALTERNATIVES.iter().enumerate().map(|(i, &(score, _))| {
        let (image_auroc, f1_max) = ranked(&|one| one.alternatives[i]);
        Alternative { score, image_auroc, f1_max }
    });
    Evaluation {
        image_auroc,
        f1: counts.f1(),
        f1_max,
        f1_reject_all: counts.f1_reject_all(),
        false_reject_rate: counts.false_reject_rate(),
        escape_rate: counts.escape_rate(),
        n_good: counts.good,
        n_defective: counts.defective,
        n_fault: judged.iter().filter(|one| one.fault.is_some()).count(),
        threshold: score_as_float(threshold.raw()),
        threshold_raw: threshold.raw(),
        kinds,
        alternatives: alternatives.collect(),
    }
}

/// A score or threshold as a number: 1.0 is 2^24.
pub fn score_as_float(raw: u32) -> f64 {
    f64::from(raw) / f64::from(1u32 << 24)
}
