//! Row M2: models that are let in and give nothing of use: no numbers, or the same for every image.

use std::path::Path;

use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::frame::Frame;
use edge_runtime::inspector::{Inspector, OpenError};
use edge_runtime::reconstruct::{ModelError, TractReconstructor};
use edge_runtime::self_test::SelfTestError;
use prost::Message;
use shared::admission::FrameStamp;
use shared::image::PixelFormat;
use shared::verdict::{FaultReason, Verdict};

use crate::allowed::constant;
use crate::builder::{floats, model, node};
use crate::bundle::{Redrawing, SIZE, seal};

fn file(onnx: &[u8], frames: &[Redrawing]) -> BundleFile {
    BundleFile::from_bytes(seal(onnx, frames), Path::new("test.bundle"))
}

fn inspector(file: &BundleFile) -> Result<Inspector<TractReconstructor, MonotonicClock>, OpenError> {
    Inspector::open(&file.verify().unwrap(), MonotonicClock::new(), u64::MAX)
}

fn images() -> Vec<Vec<u8>> {
    (0..4).map(|image| (0..SIZE.area()).map(|pixel| (pixel * (image + 3) % 251) as u8).collect()).collect()
}

/// A model that gives `level` everywhere.
fn flat(level: f32) -> Vec<u8> {
    let zero = constant("z", floats("", &[1], &[0.0]));
    let level = constant("l", floats("", &[1], &[level]));
    let nodes = vec![zero, level, node("Mul", &["image", "z"], "a", &[]), node("Add", &["a", "l"], "redrawn", &[])];
    model(nodes, vec![]).encode_to_vec()
}

#[test]
fn output_that_is_no_number_faults_every_frame() {
    let half = || constant("h", floats("", &[1], &[0.5]));
    let models = [
        (
            "0 / 0",
            model(vec![node("Sub", &["image", "image"], "z", &[]), node("Div", &["z", "z"], "redrawn", &[])], vec![]),
        ),
        (
            "1 / 0",
            model(
                vec![half(), node("Sub", &["image", "image"], "z", &[]), node("Div", &["h", "z"], "redrawn", &[])],
                vec![],
            ),
        ),
        (
            "root of a negative number",
            model(
                vec![
                    half(),
                    node("Sub", &["image", "image"], "z", &[]),
                    node("Sub", &["z", "h"], "n", &[]),
                    node("Sqrt", &["n"], "redrawn", &[]),
                ],
                vec![],
            ),
        ),
    ];
    let (mut frames, mut passes) = (0, 0);
    for (name, model) in models {
        let file = file(&model.encode_to_vec(), &[]);
        let mut inspector = inspector(&file).unwrap();
        for (sequence, pixels) in images().into_iter().enumerate() {
            let frame = Frame::new(pixels, SIZE, PixelFormat::Gray8).unwrap();
            let stamp = FrameStamp { sequence: sequence as u64 + 1, captured_at_us: 0 };
            let verdict = inspector.inspect(&frame.view().unwrap(), stamp).verdict;
            passes += usize::from(matches!(verdict, Verdict::Pass(_)));
            assert!(matches!(verdict, Verdict::Fault(FaultReason::OutputNotFinite)), "{name}: {verdict:?}");
            frames += 1;
        }
        let error = inspector.self_test(&file.verify().unwrap()).unwrap_err();
        assert!(matches!(error, SelfTestError::Gray(_)), "{name}: {error}");
    }
    println!(
        "ROW M2 | model whose output is NaN or infinite | {frames} | {passes} | every frame a fault | {}",
        passes == 0
    );
}

#[test]
fn weights_that_are_no_numbers_are_not_loaded() {
    let mut refused = 0;
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN];
    for value in values {
        let error = inspector(&file(&flat(value), &[])).err();
        assert!(matches!(error, Some(OpenError::Model(ModelError::NotAdmitted(_)))), "{value}: {error:?}");
        refused += 1;
    }
    println!("ROW M2 | NaN or infinite weights | {} | {} | not loaded | true", values.len(), values.len() - refused);
}

#[test]
fn constant_output_fails_the_self_test_whoever_sealed_it() {
    let mut passes = 0;
    let mut tested = |onnx: &[u8], frames: &[Redrawing]| {
        let file = file(onnx, frames);
        let result = inspector(&file).unwrap().self_test(&file.verify().unwrap());
        passes += usize::from(result.is_ok());
        result.unwrap_err()
    };
    // Golden frames of a model that redraws.
    let good: Vec<Redrawing> = images().into_iter().map(|image| (image.clone(), image)).collect();
    let error = tested(&flat(0.5), &good);
    assert!(matches!(error, SelfTestError::Pixel { frame: 0, .. }), "{error}");
    // Golden frames that the constant model itself made.
    for level in [0u8, 51, 255] {
        let own: Vec<Redrawing> = images().into_iter().map(|image| (image, vec![level; SIZE.area()])).collect();
        let error = tested(&flat(f32::from(level) / 255.0), &own);
        assert!(matches!(error, SelfTestError::Constant { frames: 4 }), "{error}");
    }
    println!("ROW M2 | model of constant output | 4 | {passes} | the self-test fails | {}", passes == 0);
}

#[test]
fn one_golden_frame_or_equal_ones_say_nothing_about_constancy() {
    let image = images().remove(0);
    for count in [1, 3] {
        let own = vec![(image.clone(), vec![51; SIZE.area()]); count];
        let file = file(&flat(0.2), &own);
        let report = inspector(&file).unwrap().self_test(&file.verify().unwrap()).unwrap();
        assert_eq!(report.frames, count);
    }
}
