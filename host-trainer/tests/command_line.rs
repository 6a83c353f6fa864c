//! The program as a script sees it: what it refuses, how it says so, and its exit codes.
//!
//! Since this is an integration test, `cargo test` builds the program, which the `tests` crate runs too.

use std::path::Path;
use std::process::{Command, Output};

use host_trainer::render::{RenderConfig, write_dataset};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_host-trainer")).args(arguments).output().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn help_tells_the_way_and_every_command_has_an_example() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for part in ["Photograph good parts", "train --data", "evaluate --bundle", "replay --bundle"] {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
    for command in ["demo", "train", "calibrate", "evaluate", "compare", "render", "bless"] {
        let help = String::from_utf8(run(&[command, "--help"]).stdout).unwrap();
        assert!(help.contains("Example"), "{command} has no example:\n{help}");
    }
    assert_eq!(run(&["fly"]).status.code(), Some(2));
}

#[test]
fn too_few_images_and_missing_folders_are_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let cases = [
        (folder.path().join("missing"), "not a folder"),
        (folder.path().to_owned(), "no PNG, JPEG, BMP, TIFF, PGM, PPM or PBM image"),
    ];
    for (data, expected) in cases {
        let output = run(&["train", "--data", path(&data), "--out", path(&out)]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(expected), "{message}");
    }
    // What is wrong with the settings is said before training, not after.
    let data = folder.path().join("data");
    let enough =
        RenderConfig { size: 64, seed: 1, train_good: 45, test_good: 0, test_per_kind: 0, ..RenderConfig::default() };
    write_dataset(&data, &enough, &mut |_, _| {}).unwrap();
    for (option, value, expected) in [
        ("--rank", "21", "rank 21 of 20"),
        ("--product", "", "1 to 64 bytes"),
        ("--product", "a\nb", "control characters"),
    ] {
        let output = run(&["train", "--data", path(&data), "--out", path(&out), option, value]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(expected), "{message}");
    }
    for value in ["0", "-1", "nan", "fast"] {
        let option = format!("--learning-rate={value}");
        let output = run(&["train", "--data", path(&data), "--out", path(&out), &option]);
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
    let config =
        RenderConfig { size: 64, seed: 1, train_good: 12, test_good: 1, test_per_kind: 0, ..RenderConfig::default() };
    let few = folder.path().join("few");
    write_dataset(&few, &config, &mut |_, _| {}).unwrap();
    let output = run(&["train", "--data", path(&few), "--out", path(&out)]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("12 good images") && message.contains("33 more"), "{message}");
    assert!(!out.exists(), "a refused job must write nothing");
    assert_eq!(run(&["train"]).status.code(), Some(2));
}

#[test]
fn two_images_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, width: u32, pixel: fn(u32, u32) -> u8| {
        let path = folder.path().join(name);
        image::GrayImage::from_fn(width, 20, |x, y| image::Luma([pixel(x, y)])).save(&path).unwrap();
        path
    };
    let (a, b) = (write("a.png", 20, |x, y| (9 * x + 7 * y) as u8), write("b.png", 20, |x, y| (9 * x + 9 * y) as u8));
    let (narrow, small) = (write("narrow.png", 19, |_, _| 0), write("small.png", 6, |_, _| 0));
    let map = folder.path().join("maps/map.png");
    for metric in ["ssim", "ssim-gaussian", "l2", "msgms"] {
        let arguments = ["compare", path(&a), path(&b), "--metric", metric, "--map", path(&map), "--json"];
        let output = run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["metric"], metric);
        assert_eq!((&found["width"], &found["height"]), (&20.into(), &20.into()));
        let score = found["score"].as_f64().unwrap();
        assert!(score > 0.0 && score < 0.5, "{found}");
        assert_eq!(found["raw"].as_f64().unwrap(), (score * f64::from(1 << 24)).round());
        // 20 columns 16 times enlarged, and the legend below.
        let picture = image::open(&map).unwrap();
        assert!(picture.width() == 320 && picture.height() > 20 * 16, "{}x{}", picture.width(), picture.height());
        let itself = run(&["compare", path(&a), path(&a), "--metric", metric]);
        assert!(String::from_utf8(itself.stdout).unwrap().starts_with(&format!("{metric}: 0.000000 (0 in")));
    }
    for (a, b, expected) in [
        (&a, &narrow, "same size"),
        (&small, &small, "at least 7"),
        (&a, &folder.path().join("no.png"), "no such file"),
    ] {
        let output = run(&["compare", path(a), path(b)]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(output.stdout.is_empty() && message.contains(expected), "{message}");
    }
    assert_eq!(run(&["compare", path(&a)]).status.code(), Some(2));
    assert_eq!(run(&["compare", path(&a), path(&b), "--metric", "psnr"]).status.code(), Some(2));
}

#[test]
fn each_kind_of_part_is_rendered_and_the_bottle_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let render = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let few = ["--size", "64", "--train-good", "1", "--test-good", "0", "--test-per-kind", "1"];
        let output = run(&[&["render", "--out", path(&out)], &few[..], more].concat());
        (output.status.code(), out)
    };
    let (_, default) = render("default", &[]);
    for (kind, width, defects) in [
        ("bottle", 64, &["chip", "contamination", "crack"][..]),
        ("surface", 96, &["pit", "scratch", "stain"]),
        ("turned", 64, &["chip", "contamination", "hole", "scratch"]),
    ] {
        let (code, out) = render(kind, &["--kind", kind]);
        assert_eq!(code, Some(0), "{kind}");
        let good = out.join("train/good/000.png");
        let image = image::open(&good).unwrap();
        assert_eq!((image.width(), image.height()), (width, 64), "{kind}");
        let same = std::fs::read(&good).unwrap() == std::fs::read(default.join("train/good/000.png")).unwrap();
        assert_eq!(same, kind == "bottle");
        let mut found: Vec<_> =
            std::fs::read_dir(out.join("ground_truth")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        found.sort();
        assert_eq!(found, defects);
    }
    assert_eq!(render("can", &["--kind", "can"]).0, Some(2));
}
