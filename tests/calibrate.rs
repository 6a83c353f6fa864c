//! `calibrate` on the committed bundle: what changes is the threshold and the evidence for it, and both are what the
//! station's own scores say.

use std::fs;
use std::path::{Path, PathBuf};

use edge_runtime::bundle::BundleFile;
use host_trainer::calibration::ThresholdChoice;
use host_trainer::dataset::OnUnreadable;
use host_trainer::dataset::{GoodImages, fingerprint};
use host_trainer::export::bundle::reseal;
use host_trainer::recalibration::{RecalibrationError, recalibrate};
use host_trainer::render::{RenderConfig, write_dataset};
use host_trainer::versions::PROGRAM;
use serde_json::Value;
use shared::bundle::SectionKind;
use shared::wire::{Manifest, ThresholdEvidence};

use crate::programs::{path, replay, repository, run};

/// A folder with the default bundle, 24 new good frames in `data/train/good`, and 6 defective ones in `data/test`.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(repository().join("models/default/station.bundle"), folder.path().join("station.bundle")).unwrap();
        let config =
            RenderConfig { seed: 21, train_good: 24, test_good: 0, test_per_kind: 2, ..RenderConfig::default() };
        write_dataset(&folder.path().join("data"), &config, &mut |_, _| {}).unwrap();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Runs `calibrate --json` on the bundle with this name, which must succeed, and gives its object and its remarks.
    fn calibrate(&self, bundle: &str, options: &[&str]) -> (Value, String) {
        let bundle = self.path(bundle);
        let output = run("host-trainer", &[&["calibrate", "--bundle", path(&bundle), "--json"], options].concat());
        let remarks = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{remarks}");
        (serde_json::from_slice(&output.stdout).unwrap(), remarks)
    }

    /// The scores that the station gives the good frames, ascending.
    fn scores(&self) -> Vec<u64> {
        let judged = replay(&self.path("station.bundle"), &self.path("data/train/good"));
        let mut scores: Vec<u64> = judged.iter().map(|line| line["score_raw"].as_u64().unwrap()).collect();
        scores.sort_unstable();
        scores
    }
}

fn opened(bundle: &Path) -> (Manifest, Vec<u8>, String) {
    let file = BundleFile::read(bundle).unwrap();
    let bundle = file.verify().unwrap();
    let onnx = bundle.section(SectionKind::Onnx).unwrap().to_vec();
    (bundle.manifest().clone(), onnx, bundle.id().to_string())
}

#[test]
fn only_the_threshold_and_its_evidence_are_new() {
    let place = Place::new();
    let (data, scores) = (place.path("data"), place.scores());
    let (before, onnx, _) = opened(&place.path("station.bundle"));
    let untouched = fs::read(place.path("station.bundle")).unwrap();

    let (said, remarks) = place.calibrate("station.bundle", &["--data", path(&data)]);
    let written = place.path("station.recalibrated.bundle");
    assert_eq!(said["bundle"], path(&written));
    let (after, same_onnx, id) = opened(&written);
    assert!(onnx == same_onnx);
    assert_eq!(said["id"], id);
    assert_eq!(u64::from(after.threshold.raw()), scores[23] + 1);
    let ThresholdEvidence::Calibrated { images, rank, lowest, median, highest, .. } = after.evidence else { panic!() };
    assert_eq!((images, rank), (24, 1));
    assert_eq!([lowest, median, highest].map(|score| u64::from(score.raw())), [scores[0], scores[12], scores[23]]);
    assert_eq!(after.created_by.as_str(), format!("{}; calibrated by {PROGRAM}", before.created_by));
    let unchanged = Manifest {
        threshold: before.threshold,
        evidence: before.evidence,
        created_by: before.created_by.clone(),
        ..after
    };
    assert_eq!(unchanged, before);
    assert_eq!(said["before"]["threshold_raw"], before.threshold.raw());
    let rejected = scores.iter().filter(|&&score| score >= u64::from(before.threshold.raw())).count();
    assert_eq!(said["images"]["rejected_before"], rejected);
    assert_eq!(said["images"]["compared_with_training"], false);
    assert!(remarks.contains("no training.json lies beside the bundle"), "{remarks}");
    assert!(untouched == fs::read(place.path("station.bundle")).unwrap());

    // Nothing is overwritten unless it is named. 5 of 25 are 20 %.
    let (said, remarks) = place.calibrate("station.bundle", &["--data", path(&data), "--target-frr", "20%"]);
    assert_eq!(said["bundle"], path(&place.path("station.recalibrated-2.bundle")));
    assert_eq!(said["after"]["threshold_raw"], scores[24 - 5] + 1);
    assert!(remarks.contains("r = 5, n = 24, on average 20 %"), "{remarks}");
    let own = place.path("station.bundle");
    place.calibrate("station.bundle", &["--data", path(&data), "--rank", "2", "--out", path(&own)]);
    assert_eq!(u64::from(opened(&own).0.threshold.raw()), scores[22] + 1);
}

#[test]
fn a_threshold_by_hand_is_recorded_as_such() {
    let place = Place::new();
    let (data, scores) = (place.path("data"), place.scores());
    let middle = scores[12] as f64 / f64::from(1 << 24);
    let (said, _) = place.calibrate("station.bundle", &["--threshold", &middle.to_string(), "--data", path(&data)]);
    let after = &said["after"];
    assert_eq!(after["threshold_raw"], scores[12]);
    let trial = &after["evidence"]["ByHand"]["trial"];
    assert_eq!((trial["images"].as_u64(), trial["rejected"].as_u64()), (Some(24), Some(12)));
    assert_eq!(trial["highest"], scores[23]);
    assert_eq!(after["false_reject_rate"]["average"], Value::Null);
    let bound = after["false_reject_rate"]["upper95"].as_f64().unwrap();
    assert!(bound > 0.6 && bound < 0.7, "{bound}");
    let judged = replay(Path::new(said["bundle"].as_str().unwrap()), &data.join("train/good"));
    assert_eq!(judged.iter().filter(|line| line["verdict"] == "reject").count(), 12);

    let (said, _) = place.calibrate("station.bundle", &["--threshold", "0.2"]);
    assert_eq!(said["golden_frames"], 5);
    assert_eq!(said["after"]["evidence"]["ByHand"]["trial"], Value::Null);
    assert_eq!(said["after"]["false_reject_rate"], Value::Null);
    assert_eq!(said["images"], Value::Null);
}

/// Golden frames whose verdict would change, or that come too near the threshold, are left out.
#[test]
fn golden_frames_follow_the_threshold() {
    let place = Place::new();
    let score = |frame: usize| {
        let file = BundleFile::read(&place.path("station.bundle")).unwrap();
        let golden = file.verify().unwrap().golden_frames().unwrap();
        golden.iter().nth(frame).unwrap().score.raw()
    };
    // Beside the two rejects one that passes, then none; then those that pass alone: the rejects are too near, or pass.
    for (raw, kept) in [(u32::midpoint(score(0), score(1)), 3), (1000, 2), (score(3) - 1, 3), (1 << 25, 3)] {
        let value = (f64::from(raw) / f64::from(1 << 24)).to_string();
        let (said, _) = place.calibrate("station.bundle", &["--threshold", &value]);
        assert_eq!(said["golden_frames"], kept, "{raw}");
        let output = run("edge-runtime", &["self-test", "--bundle", said["bundle"].as_str().unwrap(), "--json"]);
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((object["result"].as_str(), &object["golden_frames"]), (Some("proven"), &Value::from(kept)));
    }
}

#[test]
fn parts_that_changed_are_noticed() {
    let place = Place::new();
    // Six defective parts among the "good" ones.
    for kind in ["chip", "contamination", "crack"] {
        for name in ["000.png", "001.png"] {
            let to = place.path("data/train/good").join(format!("{kind}_{name}"));
            fs::copy(place.path("data/test").join(kind).join(name), to).unwrap();
        }
    }
    let (said, remarks) = place.calibrate("station.bundle", &["--data", path(&place.path("data"))]);
    assert_eq!(said["images"]["n"], 30);
    assert_eq!(said["images"]["exceeds_the_bound"], true);
    assert!(remarks.contains("no longer holds what it promised"), "{remarks}");
}

/// Without any record: a bundle that says it was trained on these very images.
#[test]
fn the_images_of_the_training_are_refused() {
    let place = Place::new();
    let file = BundleFile::read(&place.path("station.bundle")).unwrap();
    let bundle = file.verify().unwrap();
    let good = GoodImages::open(&place.path("data")).unwrap();
    let loaded =
        host_trainer::dataset::load_good(&good, bundle.manifest().model.size, OnUnreadable::Refuse, &|| {}).unwrap();
    let manifest = Manifest { training_images_sha256: loaded.fingerprint, ..bundle.manifest().clone() };
    let trained = BundleFile::from_bytes(reseal(&manifest, &bundle).unwrap(), &place.path("other.bundle"));
    let refused = recalibrate(&trained, Some(&place.path("data")), ThresholdChoice::default());
    assert!(matches!(refused, Err(RecalibrationError::SameImages)), "{refused:?}");
    assert_ne!(loaded.fingerprint, fingerprint([]));
}
