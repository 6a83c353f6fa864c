//! The whole way in miniature: render, train, export, calibrate, seal, evaluate, replay.

use std::fs;
use std::path::Path;

use host_trainer::augmentation::Flips;
use host_trainer::calibration::{CalibrationError, ThresholdChoice};
use host_trainer::dataset::{GeometryChoice, OnUnreadable, Resolution};
use host_trainer::detectability::DefectTrials;
use host_trainer::device::DeviceChoice;
use host_trainer::job::{Artifacts, Job, JobError};
use host_trainer::normalisation::Normalise;
use host_trainer::recipe::ScoreChoice;
use host_trainer::render::{RenderConfig, write_dataset};
use host_trainer::report::training_page;
use host_trainer::training::{Length, TrainingConfig};
use host_trainer::watch::Keeping;
use serde_json::Value;
use shared::score::Threshold;
use shared::wire::ThresholdEvidence;

use crate::programs::{path, replay, run};

pub fn render(root: &Path) {
    let config =
        RenderConfig { size: 96, seed: 11, train_good: 45, test_good: 3, test_per_kind: 1, ..RenderConfig::default() };
    write_dataset(root, &config, &mut |_, _| {}).unwrap();
}

pub fn job(data: &Path) -> Job {
    let training = TrainingConfig {
        seed: 5,
        length: Length::Steps(6),
        batch: 4,
        learning_rate: 1e-3,
        warmup: 2,
        validate_every: 3,
        patience: 5,
        flips: Flips::Both,
        ..TrainingConfig::default()
    };
    let product = "miniature".to_owned();
    let (data, on_unreadable) = (data.to_owned(), OnUnreadable::Refuse);
    let threshold = ThresholdChoice::Rank(1);
    Job {
        data,
        on_unreadable,
        product,
        release: 1,
        geometry: GeometryChoice::Auto,
        resolution: Resolution::default(),
        mask: None,
        score: ScoreChoice { normalise: Normalise::Pixels, ..ScoreChoice::default() },
        camera: String::new(),
        device: DeviceChoice::Cpu,
        training,
        threshold,
        detectability: DefectTrials::Tried,
    }
}

pub fn train(data: &Path) -> Artifacts {
    job(data).execute(&Keeping::Nothing).unwrap()
}

#[test]
fn the_bundle_depends_on_the_good_images_and_the_seed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    render(&data);
    let artifacts = train(&data);

    render(&elsewhere);
    fs::remove_dir_all(elsewhere.join("test")).unwrap();
    fs::remove_dir_all(elsewhere.join("ground_truth")).unwrap();
    let again = train(&elsewhere);
    assert!(artifacts.bundle == again.bundle, "without test and ground_truth the bundle differs");
    assert!(training_page(&artifacts).unwrap() == training_page(&again).unwrap(), "the report differs");

    // One changed image changes the bundle, if only through the record of what it was trained on.
    let first = elsewhere.join("train/good/000.png");
    fs::copy(elsewhere.join("train/good/001.png"), first).unwrap();
    assert!(artifacts.bundle != train(&elsewhere).bundle);
}

#[test]
fn evaluate_and_replay_agree_to_the_last_bit_and_every_command_writes_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    render(&data);
    let artifacts = train(&data);
    let bundle = artifacts.write(&folder.path().join("out")).unwrap();
    for name in ["station.bundle", "model.onnx", "training.json", "report.html", "loss.svg"] {
        assert!(folder.path().join("out").join(name).is_file(), "{name} is missing");
    }

    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("to look at and to check by; golden frames come from them"));

    let replayed = replay(&bundle, &data.join("test"));
    let file = edge_runtime::bundle::BundleFile::read(&bundle).unwrap();
    golden_frames_are_development_images(&artifacts, &file.verify().unwrap());
    let clock = edge_runtime::clock::MonotonicClock::new();
    let mut inspector = edge_runtime::inspector::Inspector::open(&file.verify().unwrap(), clock, u64::MAX).unwrap();
    let set = host_trainer::dataset::EvaluationSet::open(&data).unwrap();
    let (evaluation, judged) = host_trainer::evaluation::evaluate(&mut inspector, &set, || {}).unwrap();
    assert_eq!(replayed.len(), 6);
    assert_eq!(judged.len(), 6);
    for (line, one) in replayed.iter().zip(&judged) {
        assert_eq!(line["file"].as_str().unwrap(), path(&one.path));
        assert_eq!(line["score_raw"].as_u64(), one.score.map(|score| u64::from(score.raw())));
        assert_eq!(line["verdict"] == "pass", !one.rejected);
    }

    let output = run("host-trainer", &["evaluate", "--bundle", path(&bundle), "--data", path(&data), "--json"]);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["image_auroc"].as_f64(), evaluation.image_auroc);
    assert_eq!(printed["n_good"], 3);
    assert_eq!(printed["n_defective"], 3);
    assert_eq!(printed["n_fault"], 0);
    for name in ["f1", "f1_max", "f1_reject_all", "false_reject_rate", "escape_rate", "threshold"] {
        assert!(printed[name].is_number(), "{name} is missing: {printed}");
    }
    for name in ["average_precision", "escape_rate_upper95", "pixel_auroc", "pixel_ap", "aupro", "iou"] {
        assert!(printed[name].is_number(), "{name} is missing: {printed}");
    }
    assert_eq!((printed["n_pixel_good"].as_u64(), printed["n_pixel_defective"].as_u64()), (Some(3), Some(3)));

    let output = run("host-trainer", &["evaluate", "--bundle", path(&bundle), "--data", path(&data)]);
    let text = String::from_utf8(output.stdout).unwrap();
    for group in ["image level", "pixel level", "kind of defect", "crack", "AUPRO"] {
        assert!(text.contains(group), "{group} is missing:\n{text}");
    }
}

/// What is in the bundle, anybody can look at; and what set the threshold has set nothing else.
fn golden_frames_are_development_images(artifacts: &Artifacts, bundle: &shared::bundle::Bundle<'_>) {
    let golden = bundle.golden_frames().unwrap();
    let record = &artifacts.record.golden_frames;
    assert_eq!(golden.len(), record.len());
    for (frame, recorded) in golden.iter().zip(record) {
        let index = artifacts.images.files.iter().position(|file| *file == recorded.file).unwrap();
        assert!(artifacts.split.development.contains(&index), "{recorded:?}");
        let square = |x: usize, y: usize| {
            recorded.square.is_some_and(|r| {
                (r.x..r.x + r.width).contains(&(x as u16)) && (r.y..r.y + r.height).contains(&(y as u16))
            })
        };
        let width = usize::from(golden.size().width);
        for (place, (&pixel, &image)) in frame.input.rows().flatten().zip(&artifacts.images.images[index]).enumerate() {
            assert!(pixel == image || square(place % width, place / width), "{recorded:?}: pixel {place}");
        }
        let place = artifacts.split.development.iter().position(|&one| one == index).unwrap();
        let development = artifacts.scores.development[place];
        // One way through: a whole photograph scores as its preprocessed image does.
        assert_eq!(recorded.square.is_none(), frame.score == development, "{recorded:?}");
    }
}

#[test]
fn a_threshold_by_hand_is_sealed_as_such_and_a_target_is_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    render(&data);
    let mut job = job(&data);
    job.training.length = Length::Steps(1);
    let threshold = Threshold::new(1 << 20).unwrap();
    job.threshold = ThresholdChoice::ByHand(threshold);
    let artifacts = job.execute(&Keeping::Nothing).unwrap();
    let bundle = shared::bundle::Bundle::verify(&artifacts.bundle).unwrap();
    assert_eq!(bundle.manifest().threshold, threshold);
    let ThresholdEvidence::ByHand { trial: Some(trial) } = bundle.manifest().evidence else { panic!() };
    assert_eq!(trial.images, 20);
    let record = serde_json::to_value(&artifacts.record).unwrap();
    assert_eq!(record["evidence"]["ByHand"]["trial"]["rejected"], trial.rejected);
    let bound = f64::from(trial.upper95_false_rejects_ppm) / 1e6;
    assert_eq!(record["false_reject_rate"], serde_json::json!({ "average": null, "upper95": bound }));

    job.threshold = ThresholdChoice::TargetRate("4%".parse().unwrap());
    job.training.length = Length::Steps(usize::MAX); // would never end
    assert!(matches!(job.execute(&Keeping::Nothing), Err(JobError::Calibration(CalibrationError::NotReachable(_)))));
}
