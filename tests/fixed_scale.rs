//! A bundle at a fixed scale, from the programs' side: frames of many sizes are judged alike by trainer and station, a
//! new threshold leaves the scale as it is, and a report shows the frame alone, not its mirror image.

use std::fs;
use std::path::{Path, PathBuf};

use edge_runtime::bundle::BundleFile;
use host_trainer::export::seal;
use host_trainer::render::{RenderConfig, write_dataset};
use serde_json::Value;
use shared::bundle::SectionKind;
use shared::image::Size;
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing, Scale};
use shared::wire::{Manifest, ThresholdEvidence};

use crate::programs::{path, replay, repository, run};

/// The default model, which takes 128x128 pixels, at half the frames' scale.
fn write_bundle(to: &Path) -> Preprocessing {
    let file = BundleFile::read(&repository().join("models/default/station.bundle")).unwrap();
    let bundle = file.verify().unwrap();
    let preprocessing = Preprocessing {
        geometry: Geometry::FixedScale(Scale { numerator: 1, denominator: 2 }),
        accepted: AcceptedSizes { min: Size::new(100, 100), max: Size::new(300, 300) },
        ..bundle.manifest().preprocessing
    };
    let evidence = ThresholdEvidence::ByHand { trial: None };
    let manifest = Manifest { preprocessing, evidence, ..bundle.manifest().clone() };
    fs::write(to, seal(&manifest, bundle.section(SectionKind::Onnx).unwrap()).unwrap()).unwrap();
    preprocessing
}

/// Cuts every image below `folder` to a size of its own, masks as the images they belong to.
fn cut(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cut(&path);
        } else if path.extension().is_some_and(|extension| extension == "png") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let number: u32 = name[..3].parse().unwrap();
            let (width, height) = (256 - 8 * (number % 7), 256 - 10 * (number % 5));
            let image = image::open(&path).unwrap();
            image.crop_imm(0, 0, width, height).save(&path).unwrap();
        }
    }
}

fn judged(bundle: &Path, data: &Path, page: &Path) -> Value {
    let arguments = ["evaluate", "--bundle", path(bundle), "--data", path(data), "--report", path(page), "--json"];
    let output = run("host-trainer", &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn frames_of_many_sizes_are_judged_calibrated_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let below = |name: &str| -> PathBuf { folder.path().join(name) };
    let preprocessing = write_bundle(&below("station.bundle"));
    let config =
        RenderConfig { size: 256, seed: 5, train_good: 24, test_good: 3, test_per_kind: 2, ..RenderConfig::default() };
    write_dataset(&below("data"), &config, &mut |_, _| {}).unwrap();
    cut(&below("data"));

    // Trainer and station give the same scores, and the scale stays.
    let good = below("data/train/good");
    let lines = replay(&below("station.bundle"), &good);
    let highest = lines.iter().map(|line| line["score_raw"].as_u64().unwrap()).max().unwrap();
    let (bundle, calibrated) = (below("station.bundle"), below("calibrated.bundle"));
    let arguments = ["calibrate", "--bundle", path(&bundle), "--data", path(&good), "--out", path(&calibrated)];
    let output = run("host-trainer", &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = BundleFile::read(&calibrated).unwrap();
    let manifest = file.verify().unwrap().manifest().clone();
    assert_eq!((u64::from(manifest.threshold.raw()), manifest.preprocessing), (highest + 1, preprocessing));

    let page = below("report.html");
    let figures = judged(&calibrated, &below("data"), &page);
    assert_eq!((figures["n_fault"].as_u64(), figures["n_pixel_defective"].as_u64()), (Some(0), Some(6)));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("scaled by 1/2, or less if it would not fit, and mirrored to 128x128"));
    // 000.png has 256x256 pixels, 001.png 248x246, 002.png 240x236; half of them is shown of each, masks as well.
    let sizes: Vec<&str> = page.split("<img ").skip(1).filter_map(|tag| tag.split("width=").nth(1)).collect();
    assert!(sizes.iter().any(|size| size.starts_with("\"124\" height=\"123\"")), "{sizes:?}");
    for size in &sizes {
        let known = ["\"128\" height=\"128\"", "\"124\" height=\"123\"", "\"120\" height=\"118\""];
        assert!(
            known.iter().any(|known| size.starts_with(known)) || size.starts_with("\"256\" height=\"1\""),
            "{size}"
        );
    }
    assert!(page.contains("where the defect is"));

    // A frame beyond what is accepted is refused as ever.
    let beyond = below("beyond");
    fs::create_dir(&beyond).unwrap();
    image::GrayImage::from_pixel(301, 200, image::Luma([90])).save(beyond.join("000.png")).unwrap();
    let refused = &replay(&calibrated, &beyond)[0];
    assert!(refused["score_raw"].is_null() && refused.to_string().contains("frame_size"), "{refused}");
}
