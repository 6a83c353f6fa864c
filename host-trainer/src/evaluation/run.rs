//! Judges labelled images with the station's inspector and sums up what came of it.

use std::path::PathBuf;

use edge_runtime::camera::decode::{DecodeError, decode_file};
use edge_runtime::clock::Clock;
use edge_runtime::inspector::Inspector;
use edge_runtime::pipeline::Evidence;
use edge_runtime::reconstruct::Reconstructor;
use shared::admission::FrameStamp;
use shared::difference::{Pooling, ScoreBuffers, ScoreRecipe, score};
use shared::image::{Region, Size};
use shared::score::Score;
use shared::similarity::Metric;
use shared::verdict::{FaultReason, Verdict};

use super::figures::{Evaluation, sum_up};
use super::mask::Mask;
use super::metrics::Bootstrap;
use super::pixels::{AnomalyMap, PixelTally};
use crate::dataset::{EvaluationImage, EvaluationSet, Label};

/// Scores that are computed beside the bundle's own, to compare with the literature: the paper's two.
pub(super) const ALTERNATIVES: [(&str, ScoreRecipe); 2] = [
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
    pub(super) alternatives: [Option<Score>; ALTERNATIVES.len()],
}

/// A data set could not be evaluated on.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A mask is there but no image.
    #[error(
        "the mask of {} cannot be used; copy it again, or remove it to leave the image out of the pixel-level figures",
        image.display()
    )]
    Mask {
        /// The image that it belongs to.
        image: PathBuf,
        /// What is wrong with the mask, and its path.
        source: DecodeError,
    },
}

/// Judges every image of `set` with an inspector that has seen no frame yet. An image that cannot be read is a Fault.
///
/// Pixel-level figures need masks: without any in the set the good images' maps are not looked at.
///
/// # Errors
/// [`EvaluationError`] if a mask cannot be read.
pub fn evaluate<R: Reconstructor, C: Clock>(
    inspector: &mut Inspector<R, C>,
    set: &EvaluationSet,
    mut progress: impl FnMut(),
) -> Result<(Evaluation, Vec<Judged>), EvaluationError> {
    let region = inspector.pipeline().preprocessing().region;
    let pooling = inspector.pipeline().recipe().pooling;
    let threshold = inspector.threshold();
    let any_mask = set.images.iter().any(|image| image.mask.is_some());
    let mut pixels = PixelTally::new(threshold, matches!(pooling, Pooling::SmoothedMaximum { .. }));
    let mut judged = Vec::with_capacity(set.images.len());
    for (index, image) in set.images.iter().enumerate() {
        let mut one = Judged {
            path: image.path.clone(),
            label: image.label.clone(),
            rejected: true,
            fault: None,
            score: None,
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
                let evidence = inspector.evidence();
                if let Some(evidence) = &evidence {
                    one.alternatives = ALTERNATIVES.map(|(_, recipe)| rescore(&recipe, evidence));
                }
                if let (Some(evidence), None) = (&evidence, one.fault)
                    && (any_mask || image.label != Label::Good)
                {
                    add_pixels(&mut pixels, image, &anomaly_map(evidence), region, view.size())?;
                }
            }
        }
        if one.fault.is_some() {
            pixels.add_without_map();
        }
        judged.push(one);
        progress();
    }
    Ok((sum_up(&judged, threshold, &pixels, &Bootstrap::default()), judged))
}

/// Counts the pixels of an image of `photograph` pixels, of which `region` is inspected.
fn add_pixels(
    pixels: &mut PixelTally,
    image: &EvaluationImage,
    map: &AnomalyMap<'_>,
    region: Option<Region>,
    photograph: Size,
) -> Result<(), EvaluationError> {
    match &image.label {
        Label::Good => pixels.add_good(map, region.map_or(photograph, Region::size)),
        Label::Defective(kind) => {
            let mask = image.mask.as_deref().map(Mask::read).transpose();
            let mask = mask.map_err(|source| EvaluationError::Mask { image: image.path.clone(), source })?;
            pixels.add_defective(kind, map, mask.map(|mask| mask.inspected(region, photograph)).as_ref());
        }
    }
    Ok(())
}

/// The map that the score is taken from.
fn anomaly_map<'a>(evidence: &Evidence<'a>) -> AnomalyMap<'a> {
    AnomalyMap { values: evidence.smoothed.unwrap_or(evidence.difference), size: evidence.input.size() }
}

/// Scores the same reconstruction by another recipe; `None` if the recipe does not fit its size.
fn rescore(recipe: &ScoreRecipe, evidence: &Evidence<'_>) -> Option<Score> {
    let needed = ScoreBuffers::needed(evidence.input.size());
    let (mut map, mut smoothed, mut scratch) = (vec![0; needed.map], vec![0; needed.smoothed], vec![0; needed.scratch]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut smoothed, scratch: &mut scratch };
    score(recipe, evidence.input, evidence.reconstruction, buffers).ok()
}
