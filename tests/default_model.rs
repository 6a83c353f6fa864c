//! The committed default bundle judges the recorded frames (renderings) as it did when it was blessed, and nothing
//! broken gets past it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::programs::{path, replay, repository, run};

/// How far a score may lie from the recorded one, in units of 2^-24.
///
/// Everything after the 8-bit reconstruction is exact. Before it, tract's kernels differ from processor to processor
/// in the last bits of float32, which can move a pixel of the reconstruction by one gray level.
const SCORE_TOLERANCE: u32 = (1 << 24) / 200;

fn default_bundle() -> PathBuf {
    repository().join("models/default/station.bundle")
}

#[test]
fn recorded_frames_get_their_recorded_verdicts() {
    let golden = fs::read_to_string(repository().join("tests/golden/default_verdicts.json")).unwrap();
    let golden: Vec<Value> = serde_json::from_str(&golden).unwrap();
    let frames = repository().join("tests/frames");
    let judged = replay(&default_bundle(), &frames);
    assert_eq!(judged.len(), golden.len());
    assert!(golden.len() >= 10);
    for (line, expected) in judged.iter().zip(&golden) {
        let file = line["file"].as_str().unwrap();
        assert!(file.ends_with(expected["file"].as_str().unwrap()), "{file} is not {}", expected["file"]);
        assert_eq!(line["verdict"], expected["verdict"], "{file}");
        let (found, recorded) = (line["score_raw"].as_u64().unwrap(), expected["score_raw"].as_u64().unwrap());
        assert!(found.abs_diff(recorded) <= u64::from(SCORE_TOLERANCE), "{file}: score {found}, recorded {recorded}");
    }
    for verdict in ["pass", "reject"] {
        assert!(golden.iter().any(|line| line["verdict"] == verdict), "no recorded frame has the verdict {verdict}");
    }
}

#[test]
fn a_broken_bundle_is_refused_by_both_programs() {
    let bytes = fs::read(default_bundle()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.bundle");
    let frames = repository().join("tests/frames");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let cases: [(&str, &[u8]); 4] = [
        ("empty", &[]),
        ("truncated", &bytes[..bytes.len() - 1]),
        ("one bit flipped in the model", &flipped),
        ("a byte too long", &[&bytes[..], &[0]].concat()),
    ];
    for (what, bytes) in cases {
        fs::write(&broken, bytes).unwrap();
        let output = run("edge-runtime", &["replay", "--bundle", path(&broken), path(&frames), "--json"]);
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(output.stdout.is_empty(), "{what}: {}", String::from_utf8_lossy(&output.stdout));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("broken.bundle") && message.contains("refused"), "{what}: {message}");
        assert!(!message.contains("panicked"), "{what}: {message}");

        let output = run("host-trainer", &["bundle", "inspect", path(&broken)]);
        assert_eq!(output.status.code(), Some(1), "{what}");
    }
}

#[test]
fn broken_frames_are_faults_and_never_pass() {
    let folder = tempfile::tempdir().unwrap();
    let frame = fs::read(repository().join("tests/frames/good/000.png")).unwrap();
    let small = image::GrayImage::new(64, 64);
    small.save(folder.path().join("wrong_size.png")).unwrap();
    fs::write(folder.path().join("empty.png"), b"").unwrap();
    fs::write(folder.path().join("text.png"), b"this is no image").unwrap();
    for cut in [1, 8, 30, frame.len() / 2, frame.len() - 1] {
        fs::write(folder.path().join(format!("cut_{cut}.png")), &frame[..cut]).unwrap();
    }
    let judged = replay(&default_bundle(), folder.path());
    assert_eq!(judged.len(), 8);
    for line in judged {
        assert_eq!(line["verdict"], "fault", "{line}");
        let expected =
            if line["file"].as_str().unwrap().contains("wrong_size") { "frame_size" } else { "frame_unreadable" };
        assert_eq!(line["reason"], expected, "{line}");
    }
}

#[test]
fn inspect_prints_what_the_station_reads() {
    let output = run("host-trainer", &["bundle", "inspect", path(&default_bundle()), "--json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["manifest"]["model"]["input_name"], "frame");
    assert_eq!(seen["sections"].as_array().unwrap().len(), 3);
    let golden = seen["golden_frames"].as_array().unwrap();
    assert_eq!(golden.len(), 5);
    for one in golden {
        let rejected = one["score_raw"].as_u64() >= seen["manifest"]["threshold"].as_u64();
        assert_eq!(one["verdict"], if rejected { "reject" } else { "pass" });
    }
    let text = run("host-trainer", &["bundle", "inspect", path(&default_bundle())]).stdout;
    let text = String::from_utf8(text).unwrap();
    for part in ["threshold", "256x256", "95 % confidence", "5 golden frames: 3 pass", "SHA-256"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}
