//! The self-test on the committed default bundle: it proves the very model and recipe that were sealed, lets the noise of
//! float32 pass, and finds weights, recipes and thresholds that are not those that were sealed.

use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use edge_runtime::reconstruct::onnx_proto::ModelProto;
use edge_runtime::self_test::{SelfTestError, SelfTestReport};
use host_trainer::export::bundle::{Further, SealError, seal_with};
use prost::Message;
use serde_json::Value;
use shared::bundle::{Bundle, BundleError, GoldenVerdict, InvalidGoldenFrames, SectionKind};
use shared::difference::{Pooling, ScoreRecipe};
use shared::score::Threshold;
use shared::similarity::Metric;
use shared::wire::{Manifest, ThresholdEvidence};

use crate::programs::{path, repository, run};

fn default_bundle() -> BundleFile {
    BundleFile::read(&repository().join("models/default/station.bundle")).unwrap()
}

fn self_test(bytes: &[u8]) -> Result<SelfTestReport, SelfTestError> {
    let bundle = Bundle::verify(bytes).unwrap();
    Inspector::open(&bundle, MonotonicClock::new(), u64::MAX).unwrap().self_test(&bundle)
}

/// The default bundle, sealed again with another manifest or another model around the same golden frames.
fn sealed_with(manifest: &Manifest, onnx: &[u8]) -> Result<Vec<u8>, SealError> {
    let file = default_bundle();
    let bundle = file.verify().unwrap();
    let residuals = bundle.section(SectionKind::ResidualMaps);
    seal_with(
        manifest,
        onnx,
        &Further { residuals, golden: bundle.section(SectionKind::GoldenFrames), ..Further::default() },
    )
}

/// The default bundle with weights to which `change` was done: the index of the tensor, that of the number, the number.
fn with_weights(change: impl Fn(usize, usize, f32) -> f32) -> Vec<u8> {
    let file = default_bundle();
    let bundle = file.verify().unwrap();
    let mut model = ModelProto::decode(bundle.section(SectionKind::Onnx).unwrap()).unwrap();
    let mut numbers = 0;
    for (tensor, weights) in model.graph.as_mut().unwrap().initializer.iter_mut().enumerate() {
        if weights.data_type != 1 {
            continue; // not float32
        }
        for (index, bytes) in weights.raw_data.as_chunks_mut().0.iter_mut().enumerate() {
            *bytes = change(tensor, index, f32::from_le_bytes(*bytes)).to_le_bytes();
            numbers += 1;
        }
    }
    assert!(numbers > 1_000_000, "{numbers}");
    sealed_with(bundle.manifest(), &model.encode_to_vec()).unwrap()
}

#[test]
fn the_default_bundle_proves_itself_on_this_machine() {
    let bundle = repository().join("models/default/station.bundle");
    let output = run("edge-runtime", &["self-test", "--bundle", path(&bundle), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((object["result"].as_str(), object["golden_frames"].as_u64()), (Some("proven"), Some(5)));
    let file = default_bundle();
    let golden = file.verify().unwrap().golden_frames().unwrap();
    let verdicts: Vec<GoldenVerdict> = golden.iter().map(|frame| frame.verdict).collect();
    let (pass, reject) = (GoldenVerdict::Pass, GoldenVerdict::Reject);
    assert_eq!(verdicts, [pass, pass, pass, reject, reject]);
}

/// One rounding of float32 is 6e-8. Such noise in every single weight is far more than another order of the sums.
#[test]
fn noise_of_float32_passes() {
    for share in [6e-8, 1e-6, 1e-5] {
        let report = self_test(&with_weights(noise(share))).unwrap();
        assert!(report.is_proven() && report.greatest_pixel_difference <= 1, "{share}: {report:?}");
    }
    assert!(self_test(&with_weights(noise(1e-5))).unwrap().differing_pixels > 0, "the noise reaches no pixel");
}

#[test]
fn weights_that_were_changed_slightly_are_found() {
    let error = self_test(&with_weights(noise(1e-4))).unwrap_err();
    assert!(matches!(error, SelfTestError::Pixels { .. } | SelfTestError::Pixel { .. }), "{error}");
    let first_layer = |tensor, _, weight: f32| if tensor == 0 { weight * 1.01 } else { weight };
    let error = self_test(&with_weights(first_layer)).unwrap_err();
    assert!(matches!(error, SelfTestError::Pixels { .. } | SelfTestError::Pixel { .. }), "{error}");
    assert!(self_test(&with_weights(|_, _, weight| weight)).is_ok());
}

/// By so much of itself every weight is more or less, in no order.
fn noise(share: f32) -> impl Fn(usize, usize, f32) -> f32 {
    move |tensor, index, weight| {
        let sign = if (tensor * 31 + index * 7919) % 5 < 2 { 1.0 } else { -1.0 };
        weight * (1.0 + sign * share)
    }
}

#[test]
fn another_recipe_gives_other_integers() {
    let file = default_bundle();
    let bundle = file.verify().unwrap();
    let (manifest, onnx) = (bundle.manifest(), bundle.section(SectionKind::Onnx).unwrap());
    let same = manifest.recipe;
    for recipe in [
        ScoreRecipe { pooling: Pooling::SmoothedMaximum { radius: 5 }, ..same },
        ScoreRecipe { pooling: Pooling::Mean, ..same },
        ScoreRecipe { metric: Metric::SsimGaussian, ..same },
        ScoreRecipe { smoothing: 1, ..same },
    ] {
        let sealed = sealed_with(&Manifest { recipe, ..manifest.clone() }, onnx).unwrap();
        let error = self_test(&sealed).unwrap_err();
        assert!(matches!(error, SelfTestError::IntegerScore { frame: 0, .. }), "{recipe:?}: {error}");
    }
}

/// Such a bundle is refused by whoever seals it and by whoever reads it.
#[test]
fn a_threshold_that_contradicts_the_golden_verdicts_is_refused() {
    let file = default_bundle();
    let bundle = file.verify().unwrap();
    let (manifest, onnx) = (bundle.manifest(), bundle.section(SectionKind::Onnx).unwrap());
    let scores: Vec<u32> = bundle.golden_frames().unwrap().iter().map(|frame| frame.score.raw()).collect();
    for (raw, expected) in [(scores[2], 2), (scores[0], 0), (scores[3] + 1, 3), (scores[4] + 1, 3)] {
        let evidence = ThresholdEvidence::ByHand { trial: None };
        let moved = Manifest { threshold: Threshold::new(raw).unwrap(), evidence, ..manifest.clone() };
        let refused = sealed_with(&moved, onnx).unwrap_err();
        let SealError::Bundle(BundleError::GoldenFrames(InvalidGoldenFrames::Verdict { frame, .. })) = refused else {
            panic!("{refused}")
        };
        assert!(frame <= expected, "{raw}: frame {frame}");
    }
}
