//! The figures of an evaluation, from what was judged. `docs/metrics.md` defines them.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::score::{Score, Threshold};

use super::metrics::{
    Bootstrap, Counts, Interval, Ladder, Level, Resample, RocPoint, auroc, average_precision, f1, f1_max,
    f1_max_good_positive, roc_points,
};
use super::pixels::{KindPixelFigures, PixelFigures, PixelTally};
use super::run::{ALTERNATIVES, Judged};
use crate::dataset::Label;

/// The figures of an evaluation; the names are those of the JSON. Defective is the positive class unless the name says
/// otherwise. A Fault is a reject with a score above all others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Probability that a defective part scores above a good one, ties counted half.
    pub image_auroc: Option<f64>,
    /// Bootstrap interval over images.
    pub image_auroc_interval95: Option<Interval>,
    /// Average precision: the area below precision over recall, without interpolation.
    pub average_precision: Option<f64>,
    /// Bootstrap interval over images.
    pub average_precision_interval95: Option<Interval>,
    /// F1 at the stored threshold.
    pub f1: Option<f64>,
    /// Bootstrap interval over images.
    pub f1_interval95: Option<Interval>,
    /// The highest F1 over all thresholds: chosen with knowledge of the labels.
    pub f1_max: Option<f64>,
    /// Bootstrap interval over images.
    pub f1_max_interval95: Option<Interval>,
    /// F1 of rejecting every part.
    pub f1_reject_all: Option<f64>,
    /// Defective parts among the rejected ones.
    pub precision: Option<f64>,
    /// Rejected parts among the defective ones: 1 - `escape_rate`.
    pub recall: Option<f64>,
    /// F1 at the stored threshold, good being positive.
    pub f1_good_positive: Option<f64>,
    /// The highest of these over all thresholds.
    pub f1_max_good_positive: Option<f64>,
    /// F1 of passing every part, good being positive.
    pub f1_pass_all_good_positive: Option<f64>,
    /// Good parts among the passed ones.
    pub precision_good_positive: Option<f64>,
    /// Passed parts among the good ones: 1 - `false_reject_rate`.
    pub recall_good_positive: Option<f64>,
    /// Good parts rejected.
    pub false_reject_rate: Option<f64>,
    /// Exact two-sided interval (Clopper and Pearson).
    pub false_reject_rate_interval95: Option<Interval>,
    /// Exact one-sided bound: with 95 % confidence the rate is at most this.
    pub false_reject_rate_upper95: Option<f64>,
    /// Defective parts passed.
    pub escape_rate: Option<f64>,
    /// Exact two-sided interval.
    pub escape_rate_interval95: Option<Interval>,
    /// Exact one-sided bound.
    pub escape_rate_upper95: Option<f64>,
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
    /// The pixel-level figures, beside the others in the JSON.
    #[serde(flatten)]
    pub pixel: PixelFigures,
    /// Per kind of defect.
    pub kinds: BTreeMap<String, Kind>,
    /// Other scores of the same reconstructions.
    pub alternatives: Vec<Alternative>,
    /// Draws behind every `..._interval95` that is not said to be exact.
    pub bootstrap_resamples: u32,
}

/// How one kind of defect fared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Kind {
    /// Images of it.
    pub n: usize,
    /// Rejected among them.
    pub rejected: usize,
    /// Passed among them, as a share.
    pub escape_rate: Option<f64>,
    /// Exact two-sided interval.
    pub escape_rate_interval95: Option<Interval>,
    /// Exact one-sided bound.
    pub escape_rate_upper95: Option<f64>,
    /// This kind against all good parts.
    pub image_auroc: Option<f64>,
    /// This kind against all good parts.
    pub average_precision: Option<f64>,
    /// Its pixel-level figures, beside the others in the JSON.
    #[serde(flatten)]
    pub pixel: KindPixelFigures,
}

/// How another score would have ranked the same images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// What it is.
    pub score: &'static str,
    /// As above.
    pub image_auroc: Option<f64>,
    /// As above.
    pub average_precision: Option<f64>,
    /// As above.
    pub f1_max: Option<f64>,
}

/// The ROC curve of the images. Thresholds are raw; at [`Threshold::MAX`] faults alone are rejected.
pub fn roc(judged: &[Judged]) -> Vec<RocPoint> {
    roc_points(&ladder(judged, &Judged::ranked, |_| true))
}

pub(super) fn sum_up(
    judged: &[Judged],
    threshold: Threshold,
    pixels: &PixelTally,
    bootstrap: &Bootstrap,
) -> Evaluation {
    let (mut counts, mut kinds) = (Counts::default(), BTreeMap::<String, Counts>::new());
    for one in judged {
        counts.add(one.label == Label::Good, one.rejected);
        if let Label::Defective(kind) = &one.label {
            kinds.entry(kind.clone()).or_default().add(false, one.rejected);
        }
    }
    let all = ladder(judged, &Judged::ranked, |_| true);
    let [good, defective] = by_class(judged, &Judged::ranked, |_| true);
    let [auroc95, precision95, f1_95, f1_max95] = image_intervals(&good, &defective, threshold, bootstrap);
    let kinds = kinds.into_iter().map(|(name, counts)| {
        let own = ladder(judged, &Judged::ranked, |kind| kind == name);
        let kind = Kind {
            n: counts.defective,
            rejected: counts.defective_rejected,
            escape_rate: counts.escape_rate(),
            escape_rate_interval95: counts.escape_bounds().map(|bounds| bounds.interval95),
            escape_rate_upper95: counts.escape_bounds().map(|bounds| bounds.upper95),
            image_auroc: auroc(own.levels()),
            average_precision: average_precision(own.levels()),
            pixel: pixels.kind(&name),
        };
        (name, kind)
    });
    let alternatives = ALTERNATIVES.iter().enumerate().map(|(i, &(score, _))| {
        let other = ladder(judged, &|one: &Judged| raw(one.alternatives[i]), |_| true);
        let levels = other.levels();
        Alternative {
            score,
            image_auroc: auroc(levels),
            average_precision: average_precision(levels),
            f1_max: f1_max(levels),
        }
    });
    Evaluation {
        image_auroc: auroc(all.levels()),
        image_auroc_interval95: auroc95,
        average_precision: average_precision(all.levels()),
        average_precision_interval95: precision95,
        f1: counts.f1(),
        f1_interval95: f1_95,
        f1_max: f1_max(all.levels()),
        f1_max_interval95: f1_max95,
        f1_reject_all: counts.f1_reject_all(),
        precision: counts.precision(),
        recall: counts.recall(),
        f1_good_positive: counts.f1_good_positive(),
        f1_max_good_positive: f1_max_good_positive(all.levels()),
        f1_pass_all_good_positive: counts.f1_pass_all_good_positive(),
        precision_good_positive: counts.precision_good_positive(),
        recall_good_positive: counts.recall_good_positive(),
        false_reject_rate: counts.false_reject_rate(),
        false_reject_rate_interval95: counts.false_reject_bounds().map(|bounds| bounds.interval95),
        false_reject_rate_upper95: counts.false_reject_bounds().map(|bounds| bounds.upper95),
        escape_rate: counts.escape_rate(),
        escape_rate_interval95: counts.escape_bounds().map(|bounds| bounds.interval95),
        escape_rate_upper95: counts.escape_bounds().map(|bounds| bounds.upper95),
        n_good: counts.good,
        n_defective: counts.defective,
        n_fault: judged.iter().filter(|one| one.fault.is_some()).count(),
        threshold: score_as_float(threshold.raw()),
        threshold_raw: threshold.raw(),
        kinds: kinds.collect(),
        pixel: pixels.figures(bootstrap),
        alternatives: alternatives.collect(),
        bootstrap_resamples: bootstrap.resamples,
    }
}

/// A score or threshold as a number: 1.0 is 2^24.
pub fn score_as_float(raw: u32) -> f64 {
    f64::from(raw) / f64::from(1u32 << 24)
}

/// What images are ranked by: the score, or where there is none the greatest threshold, which no score reaches.
fn raw(score: Option<Score>) -> u32 {
    score.map_or(Threshold::MAX.raw(), Score::raw)
}

impl Judged {
    fn ranked(&self) -> u32 {
        raw(self.score.filter(|_| self.fault.is_none()))
    }
}

/// Scores of the good images and of the defective ones whose kind is `wanted`.
fn by_class(judged: &[Judged], of: &dyn Fn(&Judged) -> u32, wanted: impl Fn(&str) -> bool) -> [Vec<u32>; 2] {
    let (mut good, mut defective) = (Vec::new(), Vec::new());
    for one in judged {
        match &one.label {
            Label::Good => good.push(of(one)),
            Label::Defective(kind) if wanted(kind) => defective.push(of(one)),
            Label::Defective(_) => {}
        }
    }
    [good, defective]
}

/// The first level is that of the faults, even if there are none: the station always rejects them.
fn ladder(judged: &[Judged], of: &dyn Fn(&Judged) -> u32, wanted: impl Fn(&str) -> bool) -> Ladder<u32> {
    let [good, defective] = by_class(judged, of, wanted);
    Ladder::with_rungs(&good, &defective, &[Threshold::MAX.raw()])
}

/// Bootstrap intervals of AUROC, AP, F1 at the threshold and the highest F1, from the raw scores of both classes.
pub(super) fn image_intervals(
    good: &[u32],
    defective: &[u32],
    threshold: Threshold,
    bootstrap: &Bootstrap,
) -> [Option<Interval>; 4] {
    let ladder = Ladder::new(good, defective);
    let positions = |scores: &[u32]| scores.iter().map(|&score| ladder.position(score)).collect::<Vec<_>>();
    let (good, defective) = (positions(good), positions(defective));
    let rejecting = ladder.scores().partition_point(|&score| score >= threshold.raw());
    bootstrap.intervals(good.len(), defective.len(), |draw: &Resample| {
        let mut levels = vec![Level::default(); ladder.levels().len()];
        good.iter().zip(&draw.good).for_each(|(&at, &times)| levels[at].negatives += u64::from(times));
        defective.iter().zip(&draw.defective).for_each(|(&at, &times)| levels[at].positives += u64::from(times));
        let rejected = |class: fn(&Level) -> u64| levels[..rejecting].iter().map(class).sum();
        let f1 = f1(rejected(|level| level.positives), rejected(|level| level.negatives), defective.len() as u64);
        [auroc(&levels), average_precision(&levels), (!defective.is_empty()).then_some(f1), f1_max(&levels)]
    })
}
