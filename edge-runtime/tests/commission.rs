//! `commission` as a script uses it: recorded frames stand in for the camera, the default bundle judges.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use edge_runtime::camera::decode::decode_file;
use edge_runtime::camera::encode::encode_png;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::frame::Frame;
use edge_runtime::status::boot_id;
use edge_runtime::store::{Fs, RealFs};
use serde_json::{Value, json};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A station in a folder: configuration, state, and the parts that its camera will see, in their order.
struct Bench {
    folder: tempfile::TempDir,
    frames: u32,
}

impl Bench {
    fn new(more: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap(), frames: 0 };
        let bundle = repository().join("models/default/station.bundle");
        fs::create_dir(bench.path("frames")).unwrap();
        let text = format!(
            "bundle = {bundle:?}\nstate_dir = {:?}\nruntime_dir = {:?}\n\
             [trust]\nunsigned = \"accept\"\n[camera]\n\
             source = \"folder\"\npath = {:?}\n{more}",
            bench.path("state"),
            bench.path("run"),
            bench.path("frames")
        );
        fs::write(bench.path("station.toml"), text).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next part: one of the recorded frames. The last digits of some pixels carry its number, so that no two
    /// frames are equal, as with a sensor's noise.
    fn put(&mut self, frame: &str) {
        let found = decode_file(&repository().join("tests/frames").join(frame)).unwrap();
        let mut pixels = found.data().to_vec();
        for bit in 0..16 {
            let pixel = &mut pixels[2 * bit];
            let step = (self.frames >> bit & 1) as u8;
            *pixel = if *pixel > 127 { *pixel - step } else { *pixel + step };
        }
        let frame = Frame::new(pixels, found.size(), found.format()).unwrap();
        let path = self.path("frames").join(format!("{:04}.png", self.frames));
        fs::write(path, encode_png(&frame.view().unwrap()).unwrap()).unwrap();
        self.frames += 1;
    }

    fn put_all(&mut self, frames: &[&str], count: usize) {
        (0..count).for_each(|index| self.put(frames[index % frames.len()]));
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        let config = self.path("station.toml");
        let mut program = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
        program.args([command, "--config", config.to_str().unwrap()]).args(more);
        program.stdin(std::process::Stdio::null()).output().unwrap()
    }

    fn commission(&self, more: &[&str]) -> Output {
        self.run("commission", &[&["--json", "--date", "2026-03-01"], more].concat())
    }

    /// The station's own thresholds.
    fn own(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("state/store/commissioned"));
        entries.map(|found| found.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn found(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

const GOOD: [&str; 4] = ["good/000.png", "good/001.png", "good/002.png", "good/003.png"];
/// That with the highest score: 0.17 of a threshold of 0.21.
const HIGH: [&str; 1] = ["good/002.png"];
const BAD: [&str; 3] = ["chip/000.png", "contamination/000.png", "crack/000.png"];

/// The scores of the four good parts are those of the calibration: nothing changes, and the outputs rest throughout.
#[test]
fn a_station_that_does_what_was_promised_keeps_the_threshold() {
    let mut bench = Bench::new("");
    let trace = bench.path("trace");
    let outputs = format!("[gate]\nchip = \"trace:{}\"\n[outputs]\naccept = {{ line = 0 }}\n", trace.display());
    let config = bench.path("station.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + &outputs).unwrap();
    bench.put_all(&GOOD, 20);
    bench.put_all(&["good/001.png"], 4);
    bench.put_all(&BAD, 3);
    let report = bench.path("report.html");
    let arguments = ["--good", "20", "--repeat", "4", "--red-rabbits", "3", "--station", "<4>", "--out"];
    let output = bench.commission(&[&arguments[..], &[report.to_str().unwrap()]].concat());
    let object = found(&output);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!((&object["passed"], &object["recalibrated"]), (&json!(true), &json!(false)), "{object}");
    assert_eq!(object["differs"], false, "{object}");
    assert_eq!(object["threshold_source"], "bundle");
    assert_eq!(object["warnings"], json!([]), "{object}");
    assert!(object["bad"].as_array().unwrap().iter().all(|part| part["verdict"] == "reject"));
    assert_eq!(object["good_raw"].as_array().unwrap().len(), 20);
    assert_eq!(object["repeatability"]["measurements"], 4);
    assert!(bench.own().is_empty());
    let page = fs::read_to_string(report).unwrap();
    assert!(page.contains("Commissioning of &lt;4&gt;") && page.contains("2026-03-01"));
    let moved = fs::read_to_string(trace).unwrap();
    assert!(!moved.is_empty() && moved.lines().all(|line| line.ends_with(" accept 0")), "{moved}");
}

/// Parts that score otherwise give the station its own threshold, and `run` judges by it. A damaged one stops the
/// station and the next commissioning, unless that replaces it.
#[test]
fn a_station_that_differs_gets_its_own_threshold_and_runs_by_it_or_not_at_all() {
    let mut bench = Bench::new("");
    bench.put_all(&HIGH, 20);
    bench.put_all(&BAD, 3);
    let arguments = ["--good", "20", "--repeat", "0", "--red-rabbits", "3"];
    let output = bench.commission(&arguments);
    let object = found(&output);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!((&object["differs"], &object["threshold_source"]), (&json!(true), &json!("station")), "{object}");
    let highest = object["good_raw"].as_array().unwrap().iter().map(|raw| raw.as_u64().unwrap()).max().unwrap();
    assert_eq!(object["threshold_raw"], highest + 1);
    assert_ne!(object["threshold_raw"], object["before_raw"]);
    let own = bench.own();
    assert_eq!(own.len(), 1);
    assert!(own[0].ends_with(object["bundle"].as_str().unwrap()));
    let first = fs::read(&own[0]).unwrap();

    // The folder is judged by the station: every record has its own threshold.
    let run = bench.run("run", &[]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("this station's own threshold judges: 0.17"), "{}", text(&run.stderr));
    let state = bench.path("state");
    let records = Command::new(env!("CARGO_BIN_EXE_edge-runtime"))
        .args(["records", "--json", "--state-dir", state.to_str().unwrap()])
        .output()
        .unwrap();
    let records: Vec<Value> = text(&records.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A folder gives frames as fast as they are judged, and the line faults on a fast machine: their number differs.
    assert!(!records.is_empty());
    assert!(records.iter().all(|record| record["threshold_raw"] == highest + 1));

    // The same parts against the station's own calibration: nothing has changed, and the file does not.
    let again = bench.commission(&arguments);
    assert_eq!(found(&again)["recalibrated"], false, "{}", text(&again.stdout));
    assert_eq!(found(&again)["threshold_source"], "station");
    assert_eq!(fs::read(&own[0]).unwrap(), first);

    fs::write(&own[0], &first[..first.len() - 1]).unwrap();
    for command in [bench.run("run", &[]), bench.commission(&arguments)] {
        assert_eq!(command.status.code(), Some(1));
        let message = text(&command.stderr);
        assert!(message.contains("this station's own threshold is damaged; commission the station again"), "{message}");
    }
    let replaced = bench.commission(&[&arguments[..], &["--recalibrate"]].concat());
    assert!(replaced.status.success(), "{}", text(&replaced.stderr));
    assert_eq!(fs::read(&own[0]).unwrap(), first);
}

#[test]
fn a_known_bad_part_that_passes_fails_the_commissioning_and_changes_nothing() {
    let mut bench = Bench::new("");
    bench.put_all(&HIGH, 20);
    bench.put("crack/000.png");
    bench.put("good/001.png");
    let output = bench.commission(&["--good", "20", "--repeat", "0", "--red-rabbits", "2", "--recalibrate"]);
    assert_eq!(output.status.code(), Some(1));
    let object = found(&output);
    assert_eq!((&object["passed"], &object["threshold_source"]), (&json!(false), &json!("bundle")), "{object}");
    assert_eq!(object["threshold_raw"], object["before_raw"]);
    assert!(object["proposed_raw"].is_u64());
    let verdicts: Vec<_> = object["bad"].as_array().unwrap().iter().map(|part| part["verdict"].clone()).collect();
    assert_eq!(verdicts, ["reject", "pass"]);
    assert!(text(&output.stderr).contains("known bad part 2 passes; nothing was changed"), "{}", text(&output.stderr));
    assert!(bench.own().is_empty());
}

#[test]
fn a_threshold_is_kept_only_after_its_report_and_the_key_that_asks_for_it_is_named() {
    let mut bench = Bench::new("");
    bench.put_all(&HIGH, 20);
    let arguments = ["--good", "20", "--repeat", "0", "--recalibrate", "--out"];
    let nowhere = bench.path("nowhere/report.html");
    let output = bench.commission(&[&arguments[..], &[nowhere.to_str().unwrap()]].concat());
    assert_eq!((output.status.code(), bench.own().len()), (Some(1), 0), "{}", text(&output.stderr));
    let there = bench.path("report.html");
    let output = bench.commission(&[&arguments[..], &[there.to_str().unwrap()]].concat());
    assert_eq!((output.status.code(), bench.own().len()), (Some(0), 1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("add threshold = \"station\" to [trust]"), "{}", text(&output.stderr));
}

#[test]
fn a_threshold_is_not_written_while_another_process_changes_the_store() {
    let mut bench = Bench::new("");
    bench.put_all(&HIGH, 20);
    let store = RealFs::new(&bench.path("state/store"));
    store.create_root().unwrap();
    let lock = store.lock(Path::new("lock")).unwrap();
    assert!(lock.is_some());
    let arguments = ["--good", "20", "--repeat", "0", "--recalibrate"];
    let output = bench.commission(&arguments);
    assert_eq!((output.status.code(), bench.own().len()), (Some(19), 0), "{}", text(&output.stderr));
    drop(lock);
    assert_eq!((bench.commission(&arguments).status.code(), bench.own().len()), (Some(0), 1));
}

/// Each is refused before a part is asked for, by name.
#[test]
fn what_cannot_be_done_is_refused_at_once() {
    let mut bench = Bench::new("");
    bench.put_all(&GOOD, 4);
    let refused = |more: &[&str], expected: &str| {
        let output = bench.commission(more);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{more:?}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    };
    refused(&["--good", "19"], "19 good parts are too few: a commissioning needs at least 20");
    refused(&["--good", "30", "--false-reject-rate", "1%"], "Collect 69 more images of good parts");
    refused(&["--good", "20", "--bundle", "/nowhere"], "/nowhere: no such file");
    refused(&["--good", "20"], "good part 5 of 20: the source has no more frames");

    // A station that runs, or seems to.
    fs::create_dir(bench.path("run")).unwrap();
    let now = MonotonicClock::new().now_us();
    let status = json!({"pid": 1, "boot_id": boot_id(), "written_at_us": now, "state": "ready", "ready": true});
    fs::write(bench.path("run/status.json"), status.to_string()).unwrap();
    refused(&["--good", "20"], "the station runs (process 1, ready); stop it first");
    fs::write(bench.path("run/status.json"), "{").unwrap();
    refused(&["--good", "20"], "whether the station runs is not known");
    fs::remove_file(bench.path("run/status.json")).unwrap();

    // Frames of one part must not be taken for many by mistake.
    let config = bench.path("station.toml");
    let live = fs::read_to_string(&config)
        .unwrap()
        .replace("source = \"folder\"", "source = \"v4l\"\nwidth = 256\nheight = 256");
    fs::write(&config, live.lines().filter(|line| !line.starts_with("path")).collect::<Vec<_>>().join("\n")).unwrap();
    refused(&["--good", "20"], "standard input is no terminal, so that no part can be asked for; give --no-wait");
}
