//! What a bundle catches: synthetic defects of known size and contrast, put into good images that training has not seen
//! and judged by the station's own pipeline at the bundle's threshold.
//!
//! Defects are put into preprocessed development images, so sizes are in pixels of the model's input. Everything is
//! synthetic: it says how small and how faint a defect may be, not how real defects look. The defects come from a
//! generator of their own, which shares nothing with the corruption that training uses.
//!
//! ```text
//! plan (how many, of which sizes) -> trials (defect -> score, in parallel) -> record -> training.json, report, bundle
//! ```

mod defect;
mod other_thresholds;
mod plan;
mod record;
mod shape;
mod trials;

use edge_runtime::pipeline::{MeasureError, Pipeline, PipelineError};
use edge_runtime::reconstruct::{ModelError, Reconstructor, TractReconstructor};
use shared::difference::ScoreReference;
use shared::image::{Region, Size};
use shared::score::Score;
use shared::wire::{Detectability, DetectionMap, DetectionTally, Manifest, WireError};

pub use defect::Kind;
pub use other_thresholds::{OtherThreshold, other_thresholds};
pub use record::{
    DetectabilityRecord, OfKind, PlaceMap, Rate, Smallest, Tried, blind_cells, frame_pixels, smallest_by_contrast,
};

use crate::dataset::DevelopmentImage;
use crate::evaluation::image_auroc;
use crate::progress;
use defect::Defect;
use plan::Plan;
use record::Counted;
use trials::{Ground, Outcome, Trial, outcomes};

/// The map's defect is one that is found so often somewhere, so that it can show where it is not.
const MAP_SHARE: f64 = 0.8;

/// Whether synthetic defects are tried before a bundle is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DefectTrials {
    /// Yes: the bundle and its report say what is found
    #[default]
    Tried,
    /// No: the bundle is sealed sooner and says nothing of it
    None,
}

/// The defects could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum DetectabilityError {
    /// The model cannot be loaded once more.
    #[error("the model cannot be loaded for the synthetic defects")]
    Model(#[from] ModelError),
    /// It does not fit the recipe.
    #[error("the recipe cannot be used for the synthetic defects")]
    Pipeline(#[from] PipelineError),
    /// An image with a defect cannot be measured.
    #[error("an image with a synthetic defect cannot be measured")]
    Measure(#[from] MeasureError),
    /// The result does not fit the bundle.
    #[error("what was found of the synthetic defects cannot be encoded")]
    Encode(#[from] WireError),
}

/// The good images that defects are put into.
#[derive(Clone, Copy, Debug)]
pub struct Clean<'a> {
    /// Development images as the model takes them.
    pub images: &'a [DevelopmentImage<'a>],
    /// Their scores.
    pub scores: &'a [Score],
    /// The part, at the top left, that shows the frame in every image.
    pub content: Size,
    /// How many images training looked at, each as often as it was seen: it bounds the effort.
    pub seen: usize,
    /// Where random numbers come from.
    pub seed: u64,
}

/// Tries out what is about to be sealed. `None` if the input is too small or too large, training was too short, or no
/// image passes.
///
/// # Errors
/// [`DetectabilityError`].
pub fn try_out(
    manifest: &Manifest,
    onnx: &[u8],
    reference: ScoreReference<&[u8]>,
    clean: &Clean<'_>,
) -> Result<Option<DetectabilityRecord>, DetectabilityError> {
    let pipeline = || {
        let model = &manifest.model;
        let tract = TractReconstructor::from_onnx(onnx, &model.input_name, &model.output_name, model.size)?;
        Ok(Pipeline::with_reference(manifest.preprocessing, manifest.recipe, reference, tract)?)
    };
    try_with(manifest, &pipeline, clean)
}

/// The bytes of the bundle's section.
///
/// # Errors
/// [`DetectabilityError::Encode`] if a field is out of range.
pub fn section(record: &DetectabilityRecord) -> Result<Vec<u8>, DetectabilityError> {
    let mut bytes = vec![0; Detectability::MAX_LEN];
    let length = record.message.encode(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn try_with<R: Reconstructor>(
    manifest: &Manifest,
    pipeline: &(impl Fn() -> Result<Pipeline<R>, DetectabilityError> + Sync),
    clean: &Clean<'_>,
) -> Result<Option<DetectabilityRecord>, DetectabilityError> {
    let (input, threshold, content) = (manifest.model.size, manifest.threshold, clean.content);
    // What is rejected without a defect says nothing about one.
    let passing = clean.images.iter().zip(clean.scores).filter(|&(_, &score)| !threshold.rejects(score));
    let images: Vec<DevelopmentImage<'_>> = passing.map(|(&image, _)| image).collect();
    let Some(plan) = Plan::new(input.area(), content, clean.seen).filter(|_| !images.is_empty()) else {
        return Ok(None);
    };
    let ground = Ground { images: &images, content, seed: clean.seed };
    let bar = progress::counting("synthetic defects", plan.images() as u64);
    let done = || bar.inc(1);
    let found = |outcome: &Outcome| threshold.rejects(outcome.score);

    let table = table(&plan, content, images.len());
    let of_table = outcomes(pipeline, ground, &table, 0, &done)?;
    let tallies: Vec<_> = of_table.chunks(plan.trials).map(|cell| tally(cell.iter().map(found))).collect();
    let (size, contrast) = for_the_map(&plan, &tallies);
    let map = map(&plan, content, images.len(), (size, contrast));
    let of_map = outcomes(pipeline, ground, &map, table.len(), &done)?;
    bar.finish_and_clear();

    let kinds = Kind::ALL.map(|kind| {
        let of_kind = of_table.iter().filter(|outcome| outcome.kind == kind);
        (kind, tally(of_kind.map(found)))
    });
    let defective: Vec<Score> = of_table.iter().map(|outcome| outcome.score).collect();
    let auroc = image_auroc(clean.scores, &defective);
    let counted = Counted {
        input,
        content,
        threshold,
        images: images.len(),
        sizes: plan.sizes,
        contrasts: plan.contrasts,
        tallies,
        kinds: kinds.to_vec(),
        map: DetectionMap {
            size,
            contrast,
            columns: plan.side as u8,
            cells: of_map.chunks(plan.cell_trials).map(|cell| tally(cell.iter().map(found))).collect(),
        },
    };
    Ok(Some(DetectabilityRecord::of(counted, &manifest.preprocessing, auroc, defective)))
}

/// How many of some trials found what was put in.
fn tally(found: impl Iterator<Item = bool>) -> DetectionTally {
    found.fold(DetectionTally::default(), |DetectionTally { found, trials }, one| DetectionTally {
        found: found.saturating_add(one.into()),
        trials: trials.saturating_add(1),
    })
}

/// Every contrast with every size, as often as planned: the kinds and the images in turn, anywhere.
fn table(plan: &Plan, content: Size, images: usize) -> Vec<Trial> {
    let cells = plan.contrasts.iter().flat_map(|&contrast| plan.sizes.iter().map(move |&size| (contrast, size)));
    let trials = cells.enumerate().flat_map(|(cell, (contrast, size))| {
        let (half, room) = (size / 2, |length: u16| length - size + 1);
        let place = Region { x: half, y: half, width: room(content.width), height: room(content.height) };
        (0..plan.trials).map(move |trial| {
            // All images are gone through with each kind.
            let kind = Kind::ALL[(trial + trial / images) % Kind::ALL.len()];
            Trial { image: (trial + cell * plan.trials) % images, defect: Defect { kind, size, contrast }, place }
        })
    });
    trials.collect()
}

/// The size and the contrast of the map's defect: the middle one of the contrasts, and the smallest size of it of which
/// [`MAP_SHARE`] were found, else the largest.
fn for_the_map(plan: &Plan, tallies: &[DetectionTally]) -> (u16, u8) {
    let index = plan.contrasts.len() / 2;
    let of_contrast = tallies.chunks(plan.sizes.len()).nth(index).unwrap_or_default();
    let often = |tally: &DetectionTally| f64::from(tally.found) >= MAP_SHARE * f64::from(tally.trials);
    let size = of_contrast.iter().position(often).and_then(|place| plan.sizes.get(place)).or(plan.sizes.last());
    (size.copied().unwrap_or(1), plan.contrasts.get(index).copied().unwrap_or(1))
}

/// A spot in every cell of the grid, as often as planned, the images in turn.
fn map(plan: &Plan, content: Size, images: usize, (size, contrast): (u16, u8)) -> Vec<Trial> {
    let defect = Defect { kind: Kind::Spot, size, contrast };
    let side = plan.side;
    // A cell has at least one pixel, however small the content.
    let cell = |index: u16, length: u16| {
        let edge = |index: u16| (u32::from(length) * u32::from(index) / u32::from(side)) as u16;
        let start = edge(index).min(length - 1);
        (start, (edge(index + 1) - edge(index)).max(1))
    };
    let places = (0..side).flat_map(|row| (0..side).map(move |column| (column, row)));
    let trials = places.enumerate().flat_map(|(number, (column, row))| {
        let ((x, width), (y, height)) = (cell(column, content.width), cell(row, content.height));
        let place = Region { x, y, width, height };
        (0..plan.cell_trials).map(move |trial| Trial { image: (number + trial) % images, defect, place })
    });
    trials.collect()
}

#[cfg(test)]
mod tests;
