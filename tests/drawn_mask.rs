//! A mask drawn by hand, from `train` to the station's verdict: what it leaves out has no say in a score.

use std::fs;

use edge_runtime::bundle::BundleFile;
use edge_runtime::camera::decode::decode_file;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::Pipeline;
use edge_runtime::reconstruct::{Reconstructor, TractReconstructor};
use host_trainer::drawn_mask::MaskError;
use host_trainer::job::JobError;
use host_trainer::watch::Keeping;
use shared::bundle::SectionKind;
use shared::difference::Pooling;

use crate::programs::{path, run};
use crate::train_to_replay::{job, render};

/// A PGM image of which the left half has one gray, the right half another.
fn halves(side: usize, left: u8, right: u8) -> Vec<u8> {
    let row = [vec![left; side / 2], vec![right; side - side / 2]].concat();
    [format!("P5 {side} {side} 255\n").into_bytes(), row.repeat(side)].concat()
}

/// The greatest value of the map that is scored, left and right of the middle, inside the border.
fn greatest<R: Reconstructor>(pipeline: &Pipeline<R>) -> [u32; 2] {
    let evidence = pipeline.evidence().unwrap();
    let (map, width) = (evidence.scored_map(), usize::from(evidence.content.width));
    let border = usize::from(pipeline.recipe().metric.border());
    let rows = || map.chunks(width).skip(border).take(usize::from(evidence.content.height) - 2 * border);
    let of = |columns: std::ops::Range<usize>| rows().flat_map(|row| &row[columns.clone()]).copied().max().unwrap();
    [of(border..width / 2), of(width / 2..width - border)]
}

#[test]
fn what_a_mask_leaves_out_has_no_say_in_the_score() {
    let folder = tempfile::tempdir().unwrap();
    let (data, mask, out) = (folder.path().join("data"), folder.path().join("mask.pgm"), folder.path().join("out"));
    render(&data);
    fs::write(&mask, halves(96, 0, 255)).unwrap();
    let mut job = job(&data);
    job.mask = Some(mask.clone());
    let artifacts = job.execute(&Keeping::Nothing).unwrap();
    assert!((artifacts.record.mask_counts.unwrap() - 0.5).abs() < 0.01, "{:?}", artifacts.record.mask_counts);
    let bundle = artifacts.write(&out).unwrap();

    let file = BundleFile::read(&bundle).unwrap();
    let bundle_read = file.verify().unwrap();
    assert!(bundle_read.manifest().recipe.masked);
    assert!(matches!(bundle_read.manifest().recipe.pooling, Pooling::SmoothedMaximum { .. }));
    let (manifest, onnx) = (bundle_read.manifest(), bundle_read.section(SectionKind::Onnx).unwrap());
    let model = &manifest.model;
    let tract = TractReconstructor::from_onnx(onnx, &model.input_name, &model.output_name, model.size).unwrap();
    let reference = bundle_read.reference();
    let mut pipeline = Pipeline::with_reference(manifest.preprocessing, manifest.recipe, reference, tract).unwrap();
    for name in ["good/000.png", "crack/000.png"] {
        let frame = decode_file(&data.join("test").join(name)).unwrap();
        let measured = pipeline.measure(&frame.view().unwrap(), &MonotonicClock::new()).unwrap();
        assert_eq!(greatest(&pipeline), [0, measured.score.raw()], "{name}");
    }

    let output = run("host-trainer", &["bundle", "inspect", path(&bundle)]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("weighted by the mask"), "{output:?}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("A mask drawn by hand says what counts"));

    // What cannot be meant is refused before training.
    fs::write(&mask, halves(64, 0, 255)).unwrap();
    assert!(matches!(job.execute(&Keeping::Nothing), Err(JobError::Mask(MaskError::Size { .. }))));
    fs::write(&mask, halves(96, 0, 0)).unwrap();
    assert!(matches!(job.execute(&Keeping::Nothing), Err(JobError::Mask(MaskError::Black { .. }))));
}
