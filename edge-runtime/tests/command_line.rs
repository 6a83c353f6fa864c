//! The program as a script sees it: arguments in, lines and an exit code out.
//!
//! The model squares every pixel. A frame of black and white pixels is redrawn as it is and passes; a gray one is
//! redrawn darker and rejected.

#[path = "support/seal.rs"]
mod seal;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use edge_runtime::reconstruct::onnx_proto::tensor_proto::DataType;
use edge_runtime::reconstruct::onnx_proto::tensor_shape_proto::{Dimension, dimension};
use edge_runtime::reconstruct::onnx_proto::type_proto::{self, Value};
use edge_runtime::reconstruct::onnx_proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto, TypeProto, ValueInfoProto,
};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use prost::Message;
use seal::seal;
use serde_json::Value as Json;
use shared::bundle::{GoldenFrame, GoldenFrames, GoldenVerdict, SectionKind};
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::{GrayView, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
use shared::score::{Score, Threshold};
use shared::similarity::Metric;
use shared::wire::{CameraName, Manifest, ModelInterface, ThresholdEvidence};

const SIDE: u16 = 16;

fn tensor(name: &str) -> ValueInfoProto {
    let dim = [1, 1, i64::from(SIDE), i64::from(SIDE)]
        .map(|length| Dimension { value: Some(dimension::Value::DimValue(length)), ..Dimension::default() });
    let tensor =
        type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim: dim.to_vec() }) };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

fn squaring_model() -> Vec<u8> {
    let square = NodeProto {
        op_type: "Mul".to_owned(),
        name: "square".to_owned(),
        input: vec!["image".to_owned(), "image".to_owned()],
        output: vec!["redrawn".to_owned()],
        ..NodeProto::default()
    };
    let graph = GraphProto {
        name: "squaring".to_owned(),
        node: vec![square],
        input: vec![tensor("image")],
        output: vec![tensor("redrawn")],
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(graph),
        ..ModelProto::default()
    }
    .encode_to_vec()
}

fn bundle() -> Vec<u8> {
    sealed(None)
}

fn sealed(golden: Option<&[u8]>) -> Vec<u8> {
    let size = Size::new(SIDE, SIDE);
    let name = |text: &str| text.try_into().unwrap();
    let score = |raw| Score::new(raw).unwrap();
    let manifest = Manifest {
        product: name("squares"),
        preprocessing: Preprocessing {
            region: None,
            geometry: Geometry::Resize,
            accepted: AcceptedSizes { min: size, max: size },
            input: size,
        },
        model: ModelInterface { input_name: name("image"), output_name: name("redrawn"), size },
        recipe: ScoreRecipe::new(Metric::L2, Pooling::Mean),
        threshold: Threshold::new(Score::ONE / 1024).unwrap(),
        evidence: ThresholdEvidence::Calibrated {
            images: 20,
            rank: 1,
            average_false_rejects_ppm: 47_619,
            upper95_false_rejects_ppm: 139_108,
            lowest: score(0),
            median: score(1),
            highest: score(Score::ONE / 1024 - 1),
        },
        created_by: name("tests"),
        training_images_sha256: [0; 32],
        release: 1,
        minimum_runtime: [0; 3],
        camera: CameraName::new(),
    };
    let onnx = squaring_model();
    let mut encoded = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded).unwrap();
    encoded.truncate(length);
    let mut sections = vec![(SectionKind::Manifest, &encoded[..]), (SectionKind::Onnx, &onnx[..])];
    sections.extend(golden.map(|golden| (SectionKind::GoldenFrames, golden)));
    seal(&sections)
}

/// A black frame, and a gray one of which the golden reconstruction has the level `redrawn`. The model gives 64.
fn golden_frames(redrawn: u8) -> Vec<u8> {
    let size = Size::new(SIDE, SIDE);
    let images = [0, 128, redrawn].map(|level| vec![level; size.area()]);
    let view = |index: usize| GrayView::packed(&images[index], size).unwrap();
    let difference = u64::from(128 - redrawn);
    let score = Score::new(((difference * difference * (1 << 24) + 255 * 255 / 2) / (255 * 255)) as u32).unwrap();
    let black =
        GoldenFrame { input: view(0), reconstruction: view(0), score: Score::MIN, verdict: GoldenVerdict::Pass };
    let gray = GoldenFrame { input: view(1), reconstruction: view(2), score, verdict: GoldenVerdict::Reject };
    GoldenFrames::encode(size, [black, gray].into_iter()).collect()
}

struct Station {
    folder: tempfile::TempDir,
}

impl Station {
    /// A bundle, and a folder with a good frame, a bad one, one of another size and a broken one.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("station.bundle"), bundle()).unwrap();
        let station = Self { folder };
        std::fs::create_dir_all(station.path("frames/sub")).unwrap();
        let pixels = usize::from(SIDE) * usize::from(SIDE);
        let stripes: Vec<u8> = (0..pixels).map(|index| if index % 3 == 0 { 255 } else { 0 }).collect();
        station.write_png("frames/1_good.png", SIDE, &stripes);
        station.write_png("frames/2_bad.png", SIDE, &vec![128; pixels]);
        station.write_png("frames/3_size.png", 8, &[0; 64]);
        std::fs::write(station.path("frames/sub/4_broken.png"), "not an image").unwrap();
        station
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write_png(&self, below: &str, side: u16, pixels: &[u8]) {
        let mut bytes = Vec::new();
        let side = u32::from(side);
        PngEncoder::new(&mut bytes).write_image(pixels, side, side, ExtendedColorType::L8).unwrap();
        std::fs::write(self.path(below), bytes).unwrap();
    }

    /// Runs the program in the folder.
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn replay_judges_a_folder_and_prints_one_object_a_line() {
    let station = Station::new();
    let output = station.run(&["replay", "--bundle", "station.bundle", "frames", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Json> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |field: &str| lines.iter().map(|line| line[field].clone()).collect::<Vec<_>>();
    let files = ["1_good.png", "2_bad.png", "3_size.png", "sub/4_broken.png"];
    assert_eq!(of("file"), files.map(|file| Json::from(Path::new("frames").join(file).to_str().unwrap())));
    assert_eq!(of("verdict"), ["pass", "reject", "fault", "fault"]);
    assert_eq!(of("reason"), [Json::Null, Json::Null, "frame_size".into(), "frame_unreadable".into()]);
    assert_eq!(of("score_raw")[0], 0);
    // 128 is redrawn as 64: (64 / 255)^2 in Q24.
    assert_eq!(of("score_raw")[1], (64u64 * 64 * (1 << 24) + 255 * 255 / 2) / (255 * 255));
    assert_eq!(of("score")[2..], [Json::Null, Json::Null]);
    for line in &lines {
        assert_eq!(line["threshold"], 1.0 / 1024.0);
        assert_eq!(line["threshold_raw"], (1 << 24) / 1024);
        assert!(line["ms"]["total"].as_f64().is_some());
        if let Some(raw) = line["score_raw"].as_f64() {
            assert_eq!(line["score"], raw / f64::from(1u32 << 24));
        }
    }
    let log = text(&output.stderr);
    assert!(log.contains("4_broken.png") && log.contains("not a PNG, JPEG"), "{log}");
}

#[test]
fn replay_without_json_prints_a_table_and_a_summary() {
    let station = Station::new();
    let output = station.run(&["replay", "--bundle", "station.bundle", "frames/1_good.png", "frames"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert_eq!(table.lines().count(), 9, "{table}");
    assert!(table.ends_with("\nbundle: unsigned\n"), "{table}");
    assert!(table.contains("\n5 judged: 2 pass, 1 reject, 2 fault (threshold 0.000977)\n"), "{table}");
}

#[test]
fn what_cannot_be_judged_at_all_is_a_failure_with_a_message() {
    let station = Station::new();
    std::fs::create_dir(station.path("empty")).unwrap();
    let sealed = bundle();
    std::fs::write(station.path("cut.bundle"), &sealed[..sealed.len() - 1]).unwrap();
    let mut changed = sealed.clone();
    // The last byte of the model: the signature block follows.
    changed[sealed.len() - 13] ^= 1;
    std::fs::write(station.path("changed.bundle"), changed).unwrap();
    for (bundle, frames, message) in [
        ("missing.bundle", "frames", "missing.bundle: no such file"),
        ("cut.bundle", "frames", "cut.bundle: the bundle is refused"),
        ("changed.bundle", "frames", "does not agree with its hash"),
        ("frames/1_good.png", "frames", "found the first bytes"),
        ("station.bundle", "missing", "missing: no such file or folder"),
        ("station.bundle", "empty", "empty: no PNG, JPEG, BMP, TIFF, PGM, PPM or PBM file"),
    ] {
        let output = station.run(&["replay", "--bundle", bundle, frames, "--json"]);
        assert_eq!(output.status.code(), Some(1), "{bundle} {frames}");
        assert_eq!(text(&output.stdout), "");
        assert!(text(&output.stderr).contains(message), "{bundle} {frames}: {}", text(&output.stderr));
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_help_is_0() {
    let station = Station::new();
    for wrong in [&["replay", "frames"][..], &["replay", "--bundle", "station.bundle"], &["judge"], &[]] {
        assert_eq!(station.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let help = station.run(&["replay", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Examples:"));
}

#[test]
fn a_reader_that_goes_away_ends_the_replay_quietly() {
    let station = Station::new();
    let mut arguments = vec!["replay", "--bundle", "station.bundle", "--json"];
    arguments.extend(["frames/1_good.png"; 2000]);
    let mut child = station.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn bench_times_every_stage() {
    let station = Station::new();
    let made_up = station.run(&["bench", "--bundle", "station.bundle", "--frames", "5", "--json"]);
    assert_eq!(made_up.status.code(), Some(0), "{}", text(&made_up.stderr));
    let report: Json = serde_json::from_slice(&made_up.stdout).unwrap();
    assert_eq!(report["origin"], "made-up gray frames of 16x16");
    for stage in ["preprocess", "inference", "score", "total"] {
        let [p50, p99, max] = ["p50", "p99", "max"].map(|value| report[stage][value].as_f64().unwrap());
        assert!(p50 <= p99 && p99 <= max, "{stage}");
    }
    let recorded = station.run(&["bench", "--bundle", "station.bundle", "frames/1_good.png", "--frames", "3"]);
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded.stderr));
    assert_eq!(text(&recorded.stdout).lines().count(), 7);
    assert!(text(&recorded.stdout).ends_with("\nbundle: unsigned\n"));
    let broken = station.run(&["bench", "--bundle", "station.bundle", "frames/sub"]);
    assert_eq!(broken.status.code(), Some(1));
}

#[test]
fn self_test_proves_or_fails_or_says_that_there_is_nothing_to_compare() {
    let station = Station::new();
    let right = golden_frames(64);
    let mut wrong_score = right.clone();
    *wrong_score.iter_mut().nth_back(2 * usize::from(SIDE) * usize::from(SIDE) + 7).unwrap() ^= 1;
    for (name, golden) in [("right", &right), ("redrawn", &golden_frames(62)), ("scored", &wrong_score)] {
        std::fs::write(station.path(name), sealed(Some(golden))).unwrap();
    }
    for (bundle, code, result, golden, differing, message) in [
        ("right", 0, "proven", 2, Json::from(0), ""),
        ("station.bundle", 0, "unproven", 0, Json::Null, ""),
        ("redrawn", 1, "failed", 2, Json::Null, "golden frame 1: found the gray level 64 at (0, 0)"),
        (
            "scored",
            1,
            "failed",
            2,
            Json::Null,
            "golden frame 1: found the score 1056816 for the golden pair, expected exactly 1056817",
        ),
    ] {
        let output = station.run(&["self-test", "--bundle", bundle, "--json"]);
        assert_eq!(output.status.code(), Some(code), "{bundle}: {}", text(&output.stderr));
        let object: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&object["result"], &object["golden_frames"]), (&Json::from(result), &Json::from(golden)));
        assert_eq!((&object["proven"], &object["differing_pixels"]), (&Json::from(result == "proven"), &differing));
        assert_eq!(object["error"].is_null(), code == 0);
        assert!(object["error"].as_str().unwrap_or_default().contains(message), "{object}");
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
        let words = station.run(&["self-test", "--bundle", bundle]);
        assert_eq!(words.status.code(), Some(code));
        assert_eq!(text(&words.stdout).ends_with("\nbundle      unsigned\n"), code == 0);
        let expected = if code == 0 { format!("result      {result}") } else { String::new() };
        assert!(text(&words.stdout).starts_with(&expected));
        assert_eq!(words.stdout.is_empty(), code != 0);
    }
    let missing = station.run(&["self-test", "--bundle", "missing", "--json"]);
    assert_eq!((missing.status.code(), text(&missing.stdout)), (Some(1), ""));
}
