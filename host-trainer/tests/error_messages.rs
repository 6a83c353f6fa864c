//! What the program says when something is wrong, word for word: snapshots in `tests/snapshots`.
//!
//! A case is a name and arguments, run in a folder that [`scene`] fills. After a change that is meant, read what
//! changed, then accept it with `INSTA_UPDATE=always cargo test -p host-trainer --test error_messages`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use host_trainer::model::Weights;
use host_trainer::render::{RenderConfig, write_dataset};
use host_trainer::training::checkpoint::RunIdentity;
use host_trainer::training::{Checkpoint, TrainingConfig, TrainingState};
use image::{DynamicImage, GrayImage, ImageFormat};
use serde_json::Value;
use shared::image::Size;

/// Commands that are refused before they do anything. `train` gets `--out out --device=cpu`.
const REFUSED: &[(&str, &[&str])] = &[
    ("missing_folder", &["train", "--data", "missing"]),
    ("empty_folder", &["train", "--data", "empty"]),
    ("evaluate_empty_folder", &["evaluate", "--data", "empty", "--bundle", "default.bundle"]),
    ("too_few_images", &["train", "--data", "few"]),
    ("no_images", &["train", "--data", "broken"]),
    ("truncated", &["train", "--data", "truncated"]),
    ("hostile_dimensions", &["train", "--data", "hostile"]),
    ("many_unreadable", &["train", "--data", "many"]),
    ("too_few_after_skipping", &["train", "--data", "many", "--skip-unreadable"]),
    ("too_many_copies", &["train", "--data", "copies"]),
    ("settings_missing", &["train", "--data", "few", "--config", "missing.toml"]),
    ("settings_no_toml", &["train", "--data", "few", "--config", "settings/no.toml"]),
    ("settings_unknown_name", &["train", "--data", "few", "--config", "settings/name.toml"]),
    ("settings_impossible_value", &["train", "--data", "few", "--config", "settings/value.toml"]),
    ("settings_two_lengths", &["train", "--data", "few", "--config", "settings/lengths.toml"]),
    ("no_product", &["train", "--data", "few", "--product", ""]),
];

/// A folder with what the cases are about.
fn scene() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pgm = [b"P5 64 48 255\n", &[7; 64 * 48][..]].concat();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let png = encoded(ImageFormat::Png, 0);
    write("empty/notes.txt", b"no image");
    (0..12).for_each(|index| write(&format!("few/{index:02}.png"), &encoded(ImageFormat::Png, index)));
    write("broken/empty.png", b"");
    write("broken/text.png", b"this is a note");
    write("broken/pages.pgm", &pgm.repeat(2));
    for (name, bytes) in [
        ("frame.bmp", encoded(ImageFormat::Bmp, 0)),
        ("frame.jpg", encoded(ImageFormat::Jpeg, 0)),
        ("frame.pgm", pgm),
        ("frame.png", png.clone()),
        ("frame.tif", encoded(ImageFormat::Tiff, 0)),
    ] {
        write(&format!("truncated/{name}"), &bytes[..bytes.len() - 20]);
    }
    let mut hostile = png.clone();
    hostile[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    write("hostile/60000x60000.png", &hostile);
    write("hostile/99999x9.pgm", b"P5 99999 9 255\n...");
    let mut bmp = encoded(ImageFormat::Bmp, 0);
    bmp[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    write("hostile/60000x48.bmp", &bmp);
    let mut jpeg = encoded(ImageFormat::Jpeg, 0);
    let start_of_frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[start_of_frame + 5..start_of_frame + 9].fill(0xff);
    write("hostile/65535x65535.jpg", &jpeg);
    let mut tiff = encoded(ImageFormat::Tiff, 0);
    let width_tag = tiff.windows(4).position(|entry| entry == [0, 1, 4, 0]).unwrap();
    tiff[width_tag + 8..width_tag + 12].copy_from_slice(&60_000_u32.to_le_bytes());
    write("hostile/60000x48.tif", &tiff);
    (0..13).for_each(|index| write(&format!("many/{index:02}.png"), b""));
    write("many/good.png", &png);
    (0..46).for_each(|index| write(&format!("copies/{index:02}.png"), &encoded(ImageFormat::Png, index / 2)));
    // Two formats, one image.
    write("copies/00.bmp", &encoded(ImageFormat::Bmp, 0));
    write("settings/no.toml", b"batch = ");
    write("settings/name.toml", b"learning_rate = 0.001");
    write("settings/value.toml", b"learning-rate = 3");
    write("settings/lengths.toml", b"steps = 100\nepochs = 2");
    let default = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default/station.bundle"));
    fs::copy(default, folder.path().join("default.bundle")).unwrap();
    folder
}

/// A small image with a pattern of its own for each number, as a file.
fn encoded(format: ImageFormat, number: u32) -> Vec<u8> {
    let image = GrayImage::from_fn(64, 48, |x, y| [((x * (3 + number) + y * 7) % 256) as u8].into());
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_host-trainer")).args(arguments).current_dir(folder).output().unwrap()
}

/// Standard error, with the folder's path replaced.
fn said(folder: &Path, output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap().replace(folder.to_str().unwrap(), "[DATA]")
}

#[test]
fn refusals_say_what_was_found_and_what_to_do() {
    let scene = scene();
    for (name, arguments) in REFUSED {
        let further: &[&str] = if arguments[0] == "train" { &["--out", "out", "--device=cpu"] } else { &[] };
        let output = run(scene.path(), &[arguments, further].concat());
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(output.stdout.is_empty(), "{name}");
        insta::assert_snapshot!(*name, said(scene.path(), &output));
        assert!(!scene.path().join("out").exists(), "{name}: a refused job must write nothing");
    }
}

#[test]
fn an_interrupted_training_is_not_written_over() {
    let scene = scene();
    let size = Size { width: 128, height: 128 };
    let architecture = host_trainer::model::unet(size, host_trainer::model::Placement::Fixed, Default::default());
    let state = TrainingState {
        step: 0,
        weights: Weights::initial(&architecture, 1),
        optimizer: Default::default(),
        best: None,
        history: Vec::new(),
        losses: Vec::new(),
        done: false,
    };
    let identity = RunIdentity {
        architecture: architecture.name.into(),
        geometry: "resize to 128x128".into(),
        device: "CPU".into(),
        images_sha256: String::new(),
        libraries: Default::default(),
        training: TrainingConfig::default(),
    };
    let out = scene.path().join("out");
    let checkpoint = Checkpoint { identity, request: Default::default(), state };
    checkpoint.write(&out.join("checkpoint.safetensors")).unwrap();
    (0..45).for_each(|index| {
        fs::write(scene.path().join(format!("few/{index:02}.png")), encoded(ImageFormat::Png, index)).unwrap();
    });
    let output = run(scene.path(), &["train", "--data", "few", "--out", "out", "--device=cpu"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("unfinished", said(scene.path(), &output));
    assert_eq!(fs::read_dir(out).unwrap().count(), 1);
}

/// The one case that trains: some images cannot be used, some are there twice, and the record says so.
#[test]
fn images_that_are_left_out_and_copies_are_named_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config =
        RenderConfig { size: 64, seed: 1, train_good: 46, test_good: 0, test_per_kind: 0, ..RenderConfig::default() };
    write_dataset(&data, &config, &mut |_, _| {}).unwrap();
    let good = data.join("train/good");
    fs::copy(good.join("003.png"), good.join("copy.png")).unwrap();
    image::open(good.join("005.png")).unwrap().save(good.join("same.bmp")).unwrap();
    fs::write(good.join("010.png"), b"").unwrap();
    fs::write(good.join("note.jpg"), b"a note").unwrap();

    let arguments = ["train", "--data", "data", "--out", "out", "--device=cpu", "--steps=1", "--batch=1"];
    let refused = run(folder.path(), &arguments);
    insta::assert_snapshot!("unreadable", said(folder.path(), &refused));
    let output = run(folder.path(), &[&arguments[..], &["--skip-unreadable"]].concat());
    let message = said(folder.path(), &output);
    assert_eq!(output.status.code(), Some(0), "{message}");
    // What follows tells of the training, in numbers that differ between processors.
    let (before, _) = message.split_once("\n47 good images: ").unwrap();
    insta::assert_snapshot!("unreadable_skipped", before);
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.contains("left out    2 images"), "{summary}");

    let resumed = run(folder.path(), &[&arguments[..], &["--skip-unreadable", "--resume", "--seed=2"]].concat());
    insta::assert_snapshot!("resumed_with_other_settings", said(folder.path(), &resumed));
    fs::write(folder.path().join("out/checkpoint.safetensors"), b"cut off").unwrap();
    let resumed = run(folder.path(), &[&arguments[..], &["--skip-unreadable", "--resume"]].concat());
    insta::assert_snapshot!("checkpoint_damaged", said(folder.path(), &resumed));

    let record: Value = serde_json::from_slice(&fs::read(folder.path().join("out/training.json")).unwrap()).unwrap();
    let left_out: Vec<_> = record["left_out"].as_array().unwrap().iter().map(|one| &one["file"]).collect();
    assert_eq!(left_out, ["010.png", "note.jpg"]);
    assert!(record["left_out"][0]["reason"].as_str().unwrap().starts_with("the file is empty"));
    assert_eq!(record["duplicates"], serde_json::json!([["003.png", "copy.png"], ["005.png", "same.bmp"]]));
    let part = |name: &str| record["files"][name].as_array().unwrap().clone();
    let training: Vec<_> = part("training").iter().map(|used| used["file"].as_str().unwrap().to_owned()).collect();
    for copy in ["003.png", "copy.png", "005.png", "same.bmp"] {
        assert!(training.iter().any(|file| file == copy), "{copy} is not in the training part");
    }
    assert_eq!(["training", "validation", "development", "calibration"].map(|name| part(name).len()), [18, 2, 7, 20]);
    let used = &part("calibration")[0];
    let bytes = fs::read(good.join(used["file"].as_str().unwrap())).unwrap();
    assert_eq!(used["sha256"], host_trainer::digest::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes)));
}

#[test]
fn evaluate_warns_of_test_images_that_contradict_or_flatter() {
    let folder = scene();
    let data = folder.path().join("data");
    let config =
        RenderConfig { size: 256, seed: 1, train_good: 2, test_good: 2, test_per_kind: 1, ..RenderConfig::default() };
    write_dataset(&data, &config, &mut |_, _| {}).unwrap();
    fs::copy(data.join("test/good/000.png"), data.join("test/chip/copy.png")).unwrap();
    image::open(data.join("train/good/001.png")).unwrap().save(data.join("test/good/trained.bmp")).unwrap();
    fs::write(data.join("test/crack/cut.png"), b"").unwrap();
    fs::write(data.join("train/good/cut.png"), b"").unwrap();
    let output = run(folder.path(), &["evaluate", "--data", "data", "--bundle", "default.bundle", "--json"]);
    insta::assert_snapshot!("evaluate_duplicates", said(folder.path(), &output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["n_fault"], 1);
    assert_eq!(
        printed["duplicates"],
        serde_json::json!({
            "contradicting": [["data/test/chip/copy.png", "data/test/good/000.png"]],
            "in_training": [["data/test/good/trained.bmp", "data/train/good/001.png"]],
        })
    );
}
