//! What the station keeps and tells, read back by the program as a script does it.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::recorder::RecordSink;
use edge_runtime::recorder::rotating::RotationLimits;
use edge_runtime::recorder::segments::SegmentRecords;
use edge_runtime::status::boot_id;
use serde_json::{Value, json};
use shared::wire::InspectionRecord;

const PROGRAM: &str = env!("CARGO_BIN_EXE_edge-runtime");

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn str(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A record with this number, by way of its documented bytes (`docs/wire-formats.md`).
fn record(sequence: u8, verdict: &[u8]) -> InspectionRecord {
    assert!((1..128).contains(&sequence));
    let by_key = [&[1][..], &[0x1e; 8], &[1]].concat(); // signed by this key, the station's own threshold
    let payload = [&[sequence, 10][..], &[7; 32], verdict, &[0x80, 0x08, 1, 2, 3, 6], &by_key].concat();
    let head = [&[2, 2, payload.len() as u8, 0, 0, 0][..], &payload].concat();
    let crc = crc32(&head).to_le_bytes();
    InspectionRecord::decode(&[&head[..], &crc].concat()).unwrap().0
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[test]
fn a_configuration_is_printed_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("station.toml");
    fs::write(&file, "bundle = \"b\"\n[camera]\nsource = \"folder\"\npath = \"p\"\n").unwrap();
    let output = run(&["check-config", str(&file)]);
    assert!(output.status.success());
    let printed = text(&output.stdout);
    assert!(printed.contains("stall_ms = 2000"), "{printed}");
    fs::write(&file, &printed).unwrap();
    assert_eq!(text(&run(&["check-config", str(&file)]).stdout), printed);

    fs::write(&file, "bundle = \"b\"\ncamera.source = \"v4l\"\n[gates]\n[log]\nfiles = 1\n").unwrap();
    let output = run(&["check-config", str(&file)]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let message = text(&output.stderr);
    assert!(message.contains("station.toml:3: unknown key `gates` at the top; did you mean `gate`?"), "{message}");
    assert!(message.contains("station.toml:5: log.files: found 1, expected 2 to 10000"), "{message}");
}

#[test]
fn records_are_read_back_around_a_torn_tail() {
    let folder = tempfile::tempdir().unwrap();
    let segments = folder.path().join("records");
    let limits = RotationLimits { file_bytes: 4096, files: 2 };
    let mut sink = SegmentRecords::new(&segments, limits, MonotonicClock::new());
    let kept = [
        record(3, &[0, 1, 5]),          // pass, score 5
        record(4, &[1, 1, 0x80, 0x10]), // reject, score 2048
        record(5, &[2, 3, 0]),          // stale
    ];
    kept.iter().for_each(|record| sink.record(record).unwrap());
    drop(sink);
    let segment = segments.join("0000000001.records");
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, [&whole[..], &whole[..20]].concat()).unwrap();
    let read = |more: &[&str]| {
        let output = run(&[&["records", "--json", "--state-dir", str(folder.path())], more].concat());
        assert!(output.status.success());
        assert_eq!(text(&output.stderr), "20 bytes are no record and were passed over\n");
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let expected = json!({
        "sequence": 4, "captured_at_us": 10, "bundle": "07".repeat(32), "verdict": "reject", "reason": null,
        "score": 0.0001220703125, "threshold": 0.00006103515625, "score_raw": 2048, "threshold_raw": 1024,
        "threshold_source": "station", "signed_by": "1e".repeat(8),
        "us": {"preprocess": 1, "inference": 2, "score": 3, "total": 6},
    });
    assert_eq!(read(&[])[1], expected);
    let sequences =
        |more: &[&str]| read(more).iter().map(|line| line["sequence"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(sequences(&[]), [3, 4, 5]);
    assert_eq!(sequences(&["--since-sequence", "4"]), [4, 5]);
    assert_eq!(sequences(&["--verdict", "pass", "--verdict", "fault"]), [3, 5]);
    assert_eq!(read(&["--verdict", "fault"])[0]["reason"], "frame_stale");
    assert_eq!(run(&["records", "--state-dir", "/nowhere"]).status.code(), Some(1));
    let table = text(&run(&["records", "--state-dir", str(folder.path())]).stdout);
    assert_eq!(table.lines().count(), 4);
}

fn write_status(folder: &Path, pid: u32, ready: bool, written_at_us: u64) {
    let state = if ready { "ready" } else { "faulted" };
    let status =
        json!({"pid": pid, "boot_id": boot_id(), "written_at_us": written_at_us, "state": state, "ready": ready});
    fs::write(folder.join("status.json"), status.to_string()).unwrap();
}

#[test]
fn the_exit_code_of_status_tells_whether_the_station_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let status = || run(&["status", "--json", "--runtime-dir", str(folder.path())]);
    assert_eq!(status().status.code(), Some(1));
    let now = MonotonicClock::new().now_us();
    write_status(folder.path(), 1, true, now);
    let output = status();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((found["state"].as_str(), found["stale"].as_bool()), (Some("ready"), Some(false)));
    write_status(folder.path(), 1, false, now);
    assert!(text(&status().stderr).contains("the station is not ready: faulted"));
    write_status(folder.path(), 1, true, now - 6_000_000);
    let output = status();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("s old: the station does not run, or hangs"));
    let path = folder.path().join("status.json");
    let other_boot = fs::read_to_string(&path).unwrap().replace(&boot_id(), "another");
    fs::write(&path, other_boot).unwrap();
    assert!(text(&status().stderr).contains("from before the last boot"));
}

/// A printer that prints what it gets.
fn printer(folder: &Path) -> PathBuf {
    let path = folder.join("defmt-print");
    fs::write(&path, "#!/bin/sh\nexec cat\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder.to_owned()
}

fn log(state: &Path, path: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["log", "--state-dir", str(state)]).args(more);
    command.env("PATH", format!("{}:/usr/bin:/bin", path.display()));
    command
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn clear_signals_a_running_station_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("log")).unwrap();
    let clear = || run(&["clear", "--runtime-dir", str(folder.path())]);
    let now = || MonotonicClock::new().now_us();
    let mut other = Running(Command::new("sleep").arg("60").spawn().unwrap());
    write_status(folder.path(), other.0.id(), true, now());
    let output = clear();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("with the name \"sleep\", expected \"edge-runtime\""));
    assert!(other.0.try_wait().unwrap().is_none());

    // This program, at a command that goes on for ever and has no handler for the signal: it ends by it.
    let mut command = log(folder.path(), &printer(folder.path()), &["--follow"]);
    let mut station = Running(command.stdin(Stdio::null()).spawn().unwrap());
    write_status(folder.path(), station.0.id(), true, now() - 6_000_000);
    assert!(text(&clear().stderr).contains("is stale"));
    write_status(folder.path(), station.0.id(), true, now());
    let output = clear();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(station.0.wait().unwrap().signal(), Some(10));
}

#[test]
fn the_log_is_handed_over_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("log");
    let bin = printer(folder.path());
    assert!(text(&log(folder.path(), &bin, &[]).output().unwrap().stderr).contains("no log; give the state folder"));
    fs::create_dir(&files).unwrap();
    for number in [9, 10, 11] {
        fs::write(files.join(format!("{number:010}.defmt")), format!("{number} ")).unwrap();
    }
    let output = log(folder.path(), &bin, &[]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "9 10 11 "));
    let output = log(folder.path(), Path::new("/nowhere"), &[]).env("PATH", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("install it: cargo install defmt-print"), "{}", text(&output.stderr));
}

#[test]
fn stripping_keeps_the_texts_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("log")).unwrap();
    let bin = printer(folder.path());
    let program = folder.path().join("edge-runtime");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/strip");
    let mut sizes = vec![fs::metadata(PROGRAM).unwrap().len()];
    for (tool, kept) in [(str(&script), true), ("strip", false)] {
        fs::copy(PROGRAM, &program).unwrap();
        assert!(Command::new(tool).arg(&program).status().unwrap().success());
        sizes.push(fs::metadata(&program).unwrap().len());
        let mut command = Command::new(&program);
        let output = command
            .args(["log", "--state-dir", str(folder.path())])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .output()
            .unwrap();
        assert_eq!(output.status.success(), kept, "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).contains("the texts of the log were stripped"), !kept);
    }
    assert!(sizes[1] < sizes[0] && sizes[2] <= sizes[1] && sizes[1] - sizes[2] < 20_000, "{sizes:?}");
}
