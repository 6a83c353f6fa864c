//! What the program says about thresholds, word for word: `train` before it trains, and `calibrate`.
//!
//! The snapshots in `snapshots/` hold every line. After an intended change: `INSTA_UPDATE=always cargo test -p
//! host-trainer --test threshold_messages`, and read the difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use edge_runtime::bundle::BundleFile;
use host_trainer::digest::hex;
use host_trainer::render::{RenderConfig, write_dataset};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A folder that is gone after the test, with the default bundle in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default/station.bundle");
        fs::copy(bundle, folder.path().join("station.bundle")).unwrap();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A folder with the first `count` of the good frames, named `000.png` and on.
    fn good(&self, below: &str, count: usize) {
        fs::create_dir_all(self.path(below)).unwrap();
        for index in 0..count {
            let name = format!("{index:03}.png");
            fs::copy(frames().join(&name), self.path(below).join(&name)).unwrap();
        }
    }

    /// Runs the program here and gives what it was asked and what it said.
    fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-trainer"));
        let output = command.args(arguments).current_dir(self.folder.path()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap().replace(self.folder.path().to_str().unwrap(), "[DATA]");
        format!("$ host-trainer {}\n{said}exit code {}\n", arguments.join(" "), output.status.code().unwrap())
    }

    fn ask_all(&self, questions: &[&[&str]]) -> String {
        let answers: Vec<String> = questions.iter().map(|arguments| self.ask(arguments)).collect();
        answers.join("\n")
    }
}

/// Good frames of the size that the default bundle takes, which served in no training.
fn frames() -> PathBuf {
    static FRAMES: OnceLock<tempfile::TempDir> = OnceLock::new();
    let rendered = FRAMES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let config =
            RenderConfig { seed: 30, train_good: 24, test_good: 0, test_per_kind: 0, ..RenderConfig::default() };
        write_dataset(folder.path(), &config, &mut |_, _| {}).unwrap();
        folder
    });
    rendered.path().join("train/good")
}

#[test]
fn rates_and_thresholds_that_are_none() {
    let place = Place::new();
    let train =
        |option: &'static str, value: &'static str| place.ask(&["train", "--data", "d", "--out", "o", option, value]);
    let mut said = Vec::new();
    for rate in ["one", "-1%", "0", "1", "100%", "0.00005%"] {
        said.push(train("--target-frr", rate));
    }
    for threshold in ["low", "NaN", "0", "-0.5", "2.5"] {
        said.push(train("--threshold", threshold));
    }
    said.push(place.ask(&["train", "--data", "d", "--out", "o", "--rank", "2", "--target-frr", "1%"]));
    said.push(place.ask(&["calibrate", "--bundle", "b", "--data", "d", "--rank", "2", "--threshold", "0.1"]));
    said.push(place.ask(&["calibrate", "--bundle", "b", "--rank", "2"]));
    let said = said.join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn train_refuses_a_target_that_the_photographs_cannot_keep() {
    let place = Place::new();
    let config =
        RenderConfig { size: 64, seed: 1, train_good: 45, test_good: 0, test_per_kind: 0, ..RenderConfig::default() };
    write_dataset(&place.path("photos"), &config, &mut |_, _| {}).unwrap();
    let said = place.ask_all(&[
        &["train", "--data", "photos", "--out", "out", "--target-frr", "1%"],
        &["train", "--data", "photos", "--out", "out", "--target-frr", "0.04"],
    ]);
    insta::assert_snapshot!(said);
    assert!(!place.path("out").exists());
}

#[test]
fn calibrate_refuses_what_allows_no_threshold() {
    let place = Place::new();
    place.good("few", 7);
    place.good("enough", 20);
    place.good("mixed/good", 20);
    place.good("mixed/crack", 1);
    fs::create_dir(place.path("empty")).unwrap();
    fs::write(place.path("broken.bundle"), b"no bundle").unwrap();
    let bundle = ["calibrate", "--bundle", "station.bundle"];
    let with = |more: &[&'static str]| place.ask(&[&bundle[..], more].concat());
    let said = [
        place.ask(&["calibrate", "--bundle", "missing.bundle", "--data", "enough"]),
        place.ask(&["calibrate", "--bundle", "broken.bundle", "--threshold", "0.2"]),
        with(&["--data", "missing"]),
        with(&["--data", "empty"]),
        with(&["--data", "mixed"]),
        with(&["--data", "few"]),
        with(&["--data", "enough", "--rank", "21"]),
        with(&["--data", "enough", "--target-frr", "1%"]),
        with(&["--data", "enough", "--out", "enough"]),
    ]
    .join("\n");
    insta::assert_snapshot!(said);
    assert!(!place.path("station.recalibrated.bundle").exists());
}

#[test]
fn every_image_that_cannot_be_used_is_named() {
    let place = Place::new();
    place.good("photos", 20);
    let small = image::GrayImage::new(64, 64);
    for index in 0..9 {
        small.save(place.path("photos").join(format!("small_{index}.png"))).unwrap();
    }
    fs::write(place.path("photos/a_text.png"), "this is no image").unwrap();
    fs::write(place.path("photos/b_empty.jpg"), "").unwrap();
    let whole = fs::read(place.path("photos/000.png")).unwrap();
    fs::write(place.path("photos/c_cut.png"), &whole[..1000]).unwrap();
    let faults = place.ask(&["calibrate", "--bundle", "station.bundle", "--data", "photos"]);
    insta::assert_snapshot!(faults);

    place.good("copies", 20);
    fs::copy(place.path("copies/003.png"), place.path("copies/again.png")).unwrap();
    let copies = place.ask(&["calibrate", "--bundle", "station.bundle", "--data", "copies"]);
    insta::assert_snapshot!(copies);
}

#[test]
fn images_that_served_in_training_are_named() {
    let place = Place::new();
    place.good("photos", 20);
    let file = BundleFile::read(&place.path("station.bundle")).unwrap();
    let images = hex(&file.verify().unwrap().manifest().training_images_sha256);
    let entry = |name: &str| {
        let bytes = fs::read(place.path("photos").join(name)).unwrap();
        json!([{ "file": format!("old_{name}"), "sha256": hex(&Sha256::digest(bytes)) }])
    };
    let files = json!({ "training": entry("002.png"), "validation": entry("005.png"), "development": [] });
    let record = json!({ "images_sha256": images, "files": files });
    fs::write(place.path("training.json"), record.to_string()).unwrap();
    let said = place.ask(&["calibrate", "--bundle", "station.bundle", "--data", "photos"]);
    insta::assert_snapshot!(said);
}

#[test]
fn a_threshold_by_hand_promises_nothing() {
    let place = Place::new();
    let said = place.ask_all(&[
        &["calibrate", "--bundle", "station.bundle", "--threshold", "0.2"],
        &["bundle", "inspect", "station.recalibrated.bundle"],
    ]);
    // The other lines change with the default bundle.
    let kept = ["$", "after", "next", "created", "threshold", "evidence", "exit"];
    let lines: Vec<&str> = said.lines().filter(|line| kept.iter().any(|start| line.starts_with(start))).collect();
    let of_the_threshold = lines.join("\n").replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
    insta::assert_snapshot!(of_the_threshold);
}
