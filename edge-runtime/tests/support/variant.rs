//! The default bundle, and variants of it sealed anew: another threshold, another model.

#[path = "seal.rs"]
mod seal;

use std::fs;
use std::path::Path;

use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::open_pipeline;
use shared::bundle::{Bundle, GoldenFrame, GoldenFrames, GoldenVerdict, SectionKind};
use shared::image::GrayView;
use shared::score::{Score, Threshold};
use shared::wire::{Manifest, ThresholdEvidence};

pub fn default_bundle() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default/station.bundle")).unwrap()
}

fn sealed(original: &Bundle<'_>, replaced: &[(SectionKind, &[u8])]) -> Vec<u8> {
    let of = |kind: SectionKind, old| replaced.iter().find(|(found, _)| *found == kind).map_or(old, |(_, new)| *new);
    let sections: Vec<_> = original.sections().map(|section| (section.kind, of(section.kind, section.bytes))).collect();
    seal::seal(&sections)
}

/// A manifest that rejects from `threshold` on, chosen by hand.
fn manifest(original: &Bundle<'_>, threshold: Threshold) -> Vec<u8> {
    let manifest =
        Manifest { threshold, evidence: ThresholdEvidence::ByHand { trial: None }, ..original.manifest().clone() };
    let mut bytes = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// Rejects from `raw` more than the default bundle on: the same model, and the golden verdicts stay as they are.
pub fn with_another_threshold(raw: u32) -> Vec<u8> {
    let original = default_bundle();
    let bundle = Bundle::verify(&original).unwrap();
    let threshold = Threshold::new(bundle.manifest().threshold.raw() + raw).unwrap();
    sealed(&bundle, &[(SectionKind::Manifest, &manifest(&bundle, threshold))])
}

/// Another model, `onnx`, with golden frames of its own; half of them are rejected by its threshold.
pub fn with_another_model(onnx: &[u8]) -> Vec<u8> {
    let original = default_bundle();
    let bundle = Bundle::verify(&original).unwrap();
    let size = bundle.manifest().model.size;
    // What the model makes of the inputs: with no golden frames yet.
    let unproven = sealed(&bundle, &[(SectionKind::Onnx, onnx)]);
    let mut pipeline = open_pipeline(&Bundle::verify(&unproven).unwrap()).unwrap();
    let redrawn: Vec<(Vec<u8>, Vec<u8>, Score)> = bundle
        .golden_frames()
        .unwrap()
        .iter()
        .map(|frame| {
            let score = pipeline.measure_preprocessed(frame.input, &MonotonicClock::new()).unwrap().score;
            let packed = |image: GrayView<'_>| image.rows().flatten().copied().collect();
            (packed(frame.input), packed(pipeline.evidence().unwrap().reconstruction), score)
        })
        .collect();
    let mut scores: Vec<Score> = redrawn.iter().map(|(.., score)| *score).collect();
    scores.sort_unstable();
    let threshold = Threshold::just_above(scores[scores.len() / 2]);
    let view = |pixels| GrayView::packed(pixels, size).unwrap();
    let frames: Vec<_> = redrawn
        .iter()
        .map(|(input, redrawn, score)| GoldenFrame {
            input: view(input),
            reconstruction: view(redrawn),
            score: *score,
            verdict: GoldenVerdict::of(threshold, *score),
        })
        .collect();
    let golden: Vec<u8> = GoldenFrames::encode(size, frames.into_iter()).collect();
    sealed(
        &bundle,
        &[
            (SectionKind::Manifest, &manifest(&bundle, threshold)),
            (SectionKind::Onnx, onnx),
            (SectionKind::GoldenFrames, &golden),
        ],
    )
}
