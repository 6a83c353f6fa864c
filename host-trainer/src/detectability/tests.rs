//! Tests of `detectability`, beside it.

use edge_runtime::reconstruct::ReconstructError;
use shared::bundle::Bundle;
use shared::difference::{Pooling, ScoreRecipe};
use shared::preprocess::Geometry;
use shared::score::Threshold;
use shared::similarity::Metric;

use super::*;
use crate::export::bundle::testing::small_bundle;

const SIZE: Size = Size { width: 32, height: 32 };

/// Redraws every image as even gray, but repeats its left half: what is there is never found.
struct HalfBlind(Vec<f32>);

impl Reconstructor for HalfBlind {
    fn size(&self) -> Size {
        SIZE
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        let redrawn = |(index, &pixel): (usize, &u8)| if index % 32 < 16 { f32::from(pixel) / 255.0 } else { 0.5 };
        self.0 = input.iter().enumerate().map(redrawn).collect();
        Ok(&self.0)
    }
}

fn manifest(threshold: u32) -> Manifest {
    let bytes = small_bundle();
    let mut manifest = Bundle::verify(&bytes).unwrap().manifest().clone();
    manifest.model.size = SIZE;
    manifest.preprocessing.input = SIZE;
    manifest.preprocessing.geometry = Geometry::Resize;
    manifest.recipe = ScoreRecipe::new(Metric::L2, Pooling::SmoothedMaximum { radius: 0 });
    manifest.threshold = Threshold::new(threshold).unwrap();
    manifest
}

/// The score of a pixel that is so many levels off.
fn score_of(levels: f64) -> u32 {
    (levels * levels / 65025.0 * f64::from(Score::ONE)) as u32
}

fn tried(threshold: u32, seed: u64) -> Option<DetectabilityRecord> {
    let manifest = manifest(threshold);
    let images = [[128; 1024], [127; 1024], [200; 1024]];
    let images = images.each_ref().map(|image| DevelopmentImage { input: &image[..], content: SIZE });
    let scores = [0, 0, score_of(72.0)].map(|raw| Score::new(raw).unwrap());
    let clean = Clean { images: &images, scores: &scores, content: SIZE, seen: 1 << 20, seed };
    let pipeline = || Ok(Pipeline::new(manifest.preprocessing, manifest.recipe, HalfBlind(Vec::new()))?);
    try_with(&manifest, &pipeline, &clean).unwrap()
}

#[test]
fn what_is_above_the_threshold_is_found_where_the_model_looks() {
    let record = tried(score_of(30.0), 1).unwrap();
    assert_eq!(record.images, 2); // The third one is rejected without a defect.
    // 24 pixels are more than half of the input.
    assert_eq!(record.message.sizes[..], [2, 3, 4, 6, 8, 12, 16]);
    let rate = |contrast: u8| {
        let of_contrast = record.tried.iter().filter(|tried| tried.contrast == contrast);
        of_contrast.map(|tried| tried.rate.rate).sum::<f64>() / 7.0
    };
    assert_eq!([rate(10), rate(20)], [0.0, 0.0]);
    assert!((0.3..0.8).contains(&rate(80)), "{}", rate(80));
    assert!(record.a90_95.iter().all(|smallest| smallest.size.is_none()));
    assert_eq!((record.map.contrast, record.map.columns, record.map.cells.len()), (40, 8, 64));
    // The left half is blind, up to where a defect reaches over into the other one.
    for (index, cell) in record.map.cells.iter().enumerate() {
        match index % 8 {
            0 | 1 => assert!(cell.is_blind() && cell.found == 0, "{index}: {cell:?}"),
            5..=7 => assert_eq!(cell.rate, 1.0, "{index}"),
            _ => {}
        }
    }
    let auroc = record.auroc.unwrap();
    assert!((0.2..0.8).contains(&auroc), "{auroc}");
    assert!((record.mean_detection - (rate(40) + rate(80)) / 4.0).abs() < 1e-9);
    let of_kinds: u32 = record.kinds.iter().map(|of| u32::from(of.rate.trials)).sum();
    assert_eq!(of_kinds, 46 * 4 * 7);
}

#[test]
fn the_seed_decides_and_the_number_of_threads_does_not() {
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let record = tried(score_of(30.0), 7);
    assert_eq!(with(1).install(|| tried(score_of(30.0), 7)), record);
    assert_eq!(with(5).install(|| tried(score_of(30.0), 7)), record);
    assert_ne!(tried(score_of(30.0), 8), record);
}

#[test]
fn the_section_can_be_read_and_nothing_is_said_where_nothing_passes() {
    let record = tried(score_of(30.0), 1).unwrap();
    let bytes = section(&record).unwrap();
    assert_eq!(Detectability::decode(&bytes), Ok((record.message.clone(), bytes.len())));
    assert_eq!(record.message.check(SIZE, Threshold::new(score_of(30.0)).unwrap()), Ok(()));
    assert_eq!(tried(0, 1), None);
}

#[test]
fn kinds_and_images_are_gone_through_evenly() {
    let plan = Plan::new(128 * 128, Size::new(128, 128), 1 << 20).unwrap();
    let trials = table(&plan, Size::new(128, 128), 15);
    assert_eq!(trials.len(), 32 * 46);
    for kind in Kind::ALL {
        let images: std::collections::BTreeSet<_> =
            trials.iter().filter(|trial| trial.defect.kind == kind).map(|trial| trial.image).collect();
        assert_eq!(images.len(), 15, "{kind:?}");
    }
}
