//! Row M1: every model of the corpus through the child process, and what that took. `cargo test --test admission --
//! --nocapture hostile` prints the table.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use edge_runtime::preflight::{Limits, PreflightError, Stage, check};

use crate::bundle::seal;
use crate::hostile::corpus;

const PROGRAM: &str = env!("CARGO_BIN_EXE_edge-runtime");
const MAX_MS: u64 = 5000;
const MAX_BYTES: u64 = 512 << 20;

/// What refused the model, its words, milliseconds and bytes; an error if nothing did.
fn outcome(error: PreflightError) -> (&'static str, String, u64, u64) {
    let words = error.to_string();
    match error {
        PreflightError::Refused { stage: Stage::Admission, wall_ms, peak_bytes, .. } => {
            ("admission", words, wall_ms, peak_bytes)
        }
        PreflightError::Refused { wall_ms, peak_bytes, .. } => ("child", words, wall_ms, peak_bytes),
        PreflightError::OutOfMemory { wall_ms, peak_bytes, .. } => ("child", words, wall_ms, peak_bytes),
        PreflightError::TooSlow { peak_bytes, allowed_ms } => ("parent", words, allowed_ms, peak_bytes),
        PreflightError::Crashed { peak_bytes, .. } => ("parent", words, 0, peak_bytes),
        other => panic!("nothing is known of the model: {other}"),
    }
}

#[test]
fn hostile_models_are_refused_in_time_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.bundle");
    let models = corpus();
    assert!(models.len() >= 30);
    let own_peak = || std::fs::read_to_string("/proc/self/status").unwrap();
    assert!(own_peak().contains("VmHWM"));
    let (mut passed, mut crashed, mut slowest, mut largest, mut by_admission) = (0, 0, 0, 0, 0);
    println!("{:<52} {:>9} {:>6} {:>9}", "model", "by", "ms", "peak MiB");
    for (name, onnx) in &models {
        std::fs::write(&path, seal(onnx, &[])).unwrap();
        match check(Path::new(PROGRAM), &path, &Limits::default()) {
            Ok(_) => {
                passed += 1;
                println!("{name:<52} {:>9}", "PASSED");
            }
            Err(error) => {
                crashed +=
                    usize::from(matches!(error, PreflightError::Crashed { .. } | PreflightError::TooSlow { .. }));
                let (by, words, ms, peak) = outcome(error);
                println!("{name:<52} {by:>9} {ms:>6} {:>9.1}   {words:.160}", peak as f64 / f64::from(1 << 20));
                by_admission += usize::from(by == "admission");
                slowest = slowest.max(ms);
                largest = largest.max(peak);
                assert!(words.len() < 4096, "{name}: {} bytes of words", words.len());
            }
        }
    }
    let held = passed == 0 && crashed == 0 && slowest <= MAX_MS && largest <= MAX_BYTES;
    println!("{by_admission} of {} by the admission; {slowest} ms and {largest} bytes at most", models.len());
    println!(
        "ROW M1 | hostile ONNX through the loader's child | {} | {passed} | refused in <= 5 s and <= 512 MiB, the \
         parent unharmed | {held}",
        models.len()
    );
    assert!(held, "{passed} passed, {crashed} crashed or hung, {slowest} ms, {largest} bytes");
}

/// Without the admission's help: memory that is not there ends the child alone, and is told as what it is.
#[test]
fn a_child_without_memory_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bundle");
    // 15 M weights are allowed; with 64 MiB of address space they cannot be read.
    let side = 15 << 10;
    let large = crate::builder::weights("w", &[1024, side]);
    let nodes = vec![crate::builder::node("Relu", &["image"], "redrawn", &[])];
    std::fs::write(&path, seal(&prost::Message::encode_to_vec(&crate::builder::model(nodes, vec![large])), &[]))
        .unwrap();
    let check = |memory_mib| check(Path::new(PROGRAM), &path, &Limits { memory_mib, ..Limits::default() });
    let error = check(64).unwrap_err();
    assert!(matches!(error, PreflightError::OutOfMemory { allowed_mib: 64, .. }), "{error}");
    let passed = check(512).unwrap();
    assert_eq!((passed.golden_frames, passed.work.weights), (0, 1024 * side as u64));
    println!("15 M weights: {} MiB resident", passed.peak_bytes >> 20);
}

#[test]
fn a_good_bundle_passes_and_a_damaged_one_is_refused_by_its_file() {
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default/station.bundle");
    let passed =
        check(Path::new(PROGRAM), &good, &Limits { wall: Duration::from_secs(30), ..Limits::default() }).unwrap();
    assert!(passed.golden_frames > 0 && passed.bundle.len() == 64 && passed.peak_bytes > 0, "{passed:?}");
    assert!(passed.work.weights > 100_000 && passed.work.macs > 1_000_000);
    println!("the default model: {passed:?}");
    let mut bytes = std::fs::read(&good).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.bundle");
    std::fs::write(&path, bytes).unwrap();
    let error = check(Path::new(PROGRAM), &path, &Limits::default()).unwrap_err();
    assert!(matches!(error, PreflightError::Refused { stage: Stage::File, .. }), "{error}");
    // The same from the command itself: one line of JSON, and 1.
    let output = Command::new(PROGRAM).args(["preflight", "--bundle"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["result"].as_str(), report["stage"].as_str()), (Some("refused"), Some("file")));
}
