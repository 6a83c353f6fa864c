//! The whole program as a child: configured with traced outputs, fed with the recorded frames through a pipe, watched
//! by what it writes. Times are microseconds of the system's monotonic clock, which is the program's.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use edge_runtime::camera::decode::decode_file;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::recorder::reading::SegmentReader;
use serde_json::Value;
use shared::wire::{InspectionRecord, RecordedVerdict};

pub fn now_us() -> u64 {
    MonotonicClock::new().now_us()
}

/// The recorded frames as 8-bit gray.
#[derive(Clone)]
pub struct Frames {
    pub good: Vec<Vec<u8>>,
    pub defective: Vec<Vec<u8>>,
}

impl Frames {
    pub fn read() -> Self {
        let of = |kind: &str| -> Vec<Vec<u8>> {
            let mut files: Vec<_> = fs::read_dir(repository().join("tests/frames").join(kind))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            files.iter().map(|file| decode_file(file).unwrap().data().to_vec()).collect()
        };
        Self { good: of("good"), defective: [of("chip"), of("crack"), of("contamination")].concat() }
    }

    /// The frame with this index: a good one or not.
    pub fn of(&self, is_good: bool, index: usize) -> &[u8] {
        let from = if is_good { &self.good } else { &self.defective };
        &from[index % from.len()]
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Numbers from a seed: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes a configuration in `folder`. A frame is waited for as long as `timeout_ms`; `gate` holds the times of that
/// section, `more` further sections. The state is in `state`, the status in `run`, the movements of the outputs in
/// `trace`.
pub fn configure(folder: &Path, timeout_ms: u32, gate: &str, more: &str) -> PathBuf {
    let path = folder.join("station.toml");
    let bundle = repository().join("models/default/station.bundle");
    let text = format!(
        "bundle = {bundle:?}\nstate_dir = {:?}\nruntime_dir = {:?}\n\
         [trust]\nunsigned = \"accept\"\n\
         [camera]\nsource = \"pipe\"\nformat = \"gray8\"\nwidth = 256\nheight = 256\ntimeout_ms = {timeout_ms}\n\
         [camera.quality]\nfrozen_frames = 0\nmax_underexposed = 1.0\nmax_overexposed = 1.0\n\
         [gate]\nchip = \"trace:{}\"\n{gate}\n\
         [outputs]\naccept = {{ line = 0 }}\nready = {{ line = 1 }}\nfault = {{ line = 2 }}\n{more}\n",
        folder.join("state"),
        folder.join("run"),
        folder.join("trace").display(),
    );
    fs::write(&path, text).unwrap();
    path
}

/// `run` with this configuration.
pub fn command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-runtime"));
    command.args(["run", "--config"]).arg(config);
    command
}

/// The program, which does not outlive the test.
pub struct Running {
    pub child: Child,
    /// What it said, with the time at which it was read.
    said: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (lines, errors) = (Arc::clone(&said), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                lines.lock().unwrap().push((now_us(), line));
            }
        });
        Self { child, said }
    }

    pub fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// When it first said this.
    pub fn said(&self, text: &str) -> Option<u64> {
        self.said.lock().unwrap().iter().find(|(_, line)| line.contains(text)).map(|(at, _)| *at)
    }

    /// All that it said.
    pub fn all_said(&self) -> String {
        self.said.lock().unwrap().iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// Its exit code, if it ends within so long; none also if a signal ended it.
    pub fn ends_within(&mut self, limit: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it is true; panics after ten seconds.
pub fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_true() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: not within ten seconds");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Feeds frames, one each `interval`, as long as the program takes them; gives when each began to be written.
pub fn feed(input: &mut impl Write, frames: &Frames, choices: &[bool], interval: Duration) -> io::Result<Vec<u64>> {
    let mut written = Vec::new();
    for (index, &is_good) in choices.iter().enumerate() {
        written.push(now_us());
        input.write_all(frames.of(is_good, index))?;
        thread::sleep(interval);
    }
    Ok(written)
}

/// A movement: time, output, level.
pub type Movement = (u64, String, bool);

/// The movements of a trace.
pub fn movements(trace: &Path) -> Vec<Movement> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let (at, name, level) = (words.next()?, words.next()?, words.next()?);
        Some((at.parse().ok()?, name.to_owned(), level == "1"))
    };
    text.lines().map(|line| parse(line).expect("a whole line")).collect()
}

/// Whether an output has been active.
pub fn was_active(moved: &[Movement], output: &str) -> bool {
    moved.iter().any(|(_, name, level)| name == output && *level)
}

/// Whether an output is active after all of this.
pub fn is_active(moved: &[Movement], output: &str) -> bool {
    moved.iter().rev().find(|(_, name, _)| name == output).is_some_and(|(_, _, level)| *level)
}

/// The times of the accept edges.
pub fn edges(moved: &[Movement]) -> Vec<u64> {
    moved.iter().filter(|(_, name, level)| name == "accept" && *level).map(|(at, ..)| *at).collect()
}

/// The records kept in a state folder.
pub fn records(state: &Path) -> Vec<InspectionRecord> {
    let mut reader = SegmentReader::open(&state.join("records")).unwrap();
    let records = reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(reader.lost_bytes(), 0, "the program repairs the tail before it writes");
    records
}

/// How many of these edges are of no good part that passed and has had no edge yet. `truth` tells of each frame, in the
/// order in which they were fed, whether it shows a good part.
///
/// The edge comes at the gate moment of its part or up to `jitter_us` later. Frames that were held up can be so close
/// to each other that it could be of two; one of them has to be good.
pub fn false_passes(
    edges: &[u64],
    records: &[InspectionRecord],
    truth: &[bool],
    gate_us: u64,
    jitter_us: u64,
) -> (u64, Vec<u64>) {
    let (mut wrong, mut spent) = (0, Vec::new());
    for at in edges {
        let could_be_of = |record: &&InspectionRecord| {
            let gate_us = record.stamp.captured_at_us + gate_us;
            (gate_us..=gate_us + jitter_us).contains(at)
        };
        let passed = records.iter().filter(could_be_of).find(|record| {
            // Frames are numbered from 1.
            let shown = truth[record.stamp.sequence as usize - 1];
            shown && record.verdict == RecordedVerdict::Pass && !spent.contains(&record.stamp.sequence)
        });
        match passed {
            Some(part) => spent.push(part.stamp.sequence),
            None => wrong += 1,
        }
    }
    (wrong, spent)
}

/// The status file of a folder that [`configure`] was called for.
pub fn status(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(folder.join("run/status.json")).ok()?).ok()
}
