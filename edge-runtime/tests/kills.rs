//! The program is killed at random moments, accept pulses included, with SIGKILL. What it did is in the trace of its
//! outputs and in its records. Row P1 of the fault matrix.
//!
//! `KILLS` (50 if not set) says how often. The line it prints at the end counts.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use edge_runtime::camera::decode::decode_file;
use edge_runtime::recorder::reading::SegmentReader;
use shared::wire::{InspectionRecord, RecordedVerdict};

const GATE_MS: u64 = 60;
/// Longer than the gate's tolerance: how much later than its part's gate moment an edge may be, in microseconds.
const JITTER_US: u64 = 6_000;
const FRAME_MS: u64 = 25;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The recorded frames as 8-bit gray, good ones first.
fn frames() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let of = |kind: &str| -> Vec<Vec<u8>> {
        let mut files: Vec<_> = fs::read_dir(repository().join("tests/frames").join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.iter().map(|file| decode_file(file).unwrap().data().to_vec()).collect()
    };
    (of("good"), [of("chip"), of("crack"), of("contamination")].concat())
}

/// Numbers from a seed: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn configure(folder: &Path) -> PathBuf {
    let path = folder.join("station.toml");
    let bundle = repository().join("models/default/station.bundle");
    let text = format!(
        "bundle = {bundle:?}\nstate_dir = {:?}\nruntime_dir = {:?}\n\
         [camera]\nsource = \"pipe\"\nformat = \"gray8\"\nwidth = 256\nheight = 256\ntimeout_ms = 500\n\
         [camera.quality]\nfrozen_frames = 0\nmax_underexposed = 1.0\nmax_overexposed = 1.0\n\
         [gate]\nchip = \"trace:{}\"\ndelay_ms = {GATE_MS}\nbudget_ms = 55\npulse_ms = 10\ntolerance_ms = 5\n\
         [outputs]\naccept = {{ line = 0 }}\nready = {{ line = 1 }}\nfault = {{ line = 2 }}\n[images]\nkeep = \"none\"\n",
        folder.join("state"),
        folder.join("run"),
        folder.join("trace").display(),
    );
    fs::write(&path, text).unwrap();
    path
}

/// The program, which does not outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(config: &Path) -> Running {
    let child = Command::new(env!("CARGO_BIN_EXE_edge-runtime"))
        .args(["run", "--config"])
        .arg(config)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    Running(child.unwrap())
}

/// A movement: time, output, level.
fn movements(trace: &Path) -> Vec<(u64, String, bool)> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let (at, name, level) = (words.next()?, words.next()?, words.next()?);
        Some((at.parse().ok()?, name.to_owned(), level == "1"))
    };
    text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("{line:?} in the trace"))).collect()
}

fn records(folder: &Path) -> Vec<InspectionRecord> {
    let mut reader = SegmentReader::open(&folder.join("state/records")).unwrap();
    let records = reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(reader.lost_bytes(), 0, "the program repairs the tail before it writes");
    records
}

#[test]
fn a_kill_at_any_moment_opens_nothing_afterwards() {
    let kills: u64 = std::env::var("KILLS").map_or(50, |text| text.parse().expect("KILLS is a number"));
    let (good, defective) = frames();
    let mut seed = 7;
    let (mut edges, mut in_pulse, mut false_passes, mut edges_after, mut judged) = (0, 0, 0, 0, 0);
    let mut slowest_start = Duration::ZERO;
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path());
    let trace = folder.path().join("trace");
    let mut known = 0;
    for kill in 0..=kills {
        let _ = fs::remove_file(&trace);
        let started = Instant::now();
        let mut child = start(&config);
        let mut input = child.0.stdin.take().unwrap();
        let choices: Vec<bool> = (0..4000).map(|_| random(&mut seed).is_multiple_of(2)).collect();
        let (truth, good, defective) = (choices.clone(), good.clone(), defective.clone());
        let feeder = thread::spawn(move || {
            for (index, is_good) in choices.into_iter().enumerate() {
                let from = if is_good { &good } else { &defective };
                if input.write_all(&from[index % from.len()]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(FRAME_MS));
            }
        });
        // The last round is not a kill: it shows that the station still works, and where the records end.
        let lives_for = if kill == kills { 1500 } else { random(&mut seed) % 1000 };
        let mut ready_after = None;
        while started.elapsed() < Duration::from_millis(lives_for) {
            thread::sleep(Duration::from_millis(1));
            if ready_after.is_none() && movements(&trace).iter().any(|(_, name, level)| name == "ready" && *level) {
                ready_after = Some(started.elapsed());
            }
        }
        slowest_start = slowest_start.max(ready_after.unwrap_or_default());
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let at_death = movements(&trace);
        feeder.join().unwrap();
        thread::sleep(Duration::from_millis(GATE_MS + 10));
        let moved = movements(&trace);
        edges_after += moved.len() - at_death.len();

        let all = records(folder.path());
        let mine = &all[known..];
        known = all.len();
        judged += mine.len();
        let accept: Vec<_> = moved.iter().filter(|(_, name, _)| name == "accept").collect();
        in_pulse += u32::from(accept.last().is_some_and(|(_, _, level)| *level));
        if let Some((_, _, level)) = accept.first() {
            assert!(!level, "the first movement of accept makes it safe");
        }
        let mut spent = Vec::new();
        for (at, _, _) in accept.iter().filter(|(_, _, level)| *level) {
            edges += 1;
            // The part at whose gate this is, by its record: the edge comes at the gate moment or a little later. Frames
            // that were held up can be so close to each other that it could be of two; one of them has to be a good part
            // that passed, and that has had no edge yet.
            let could_be_of = |record: &&InspectionRecord| {
                let gate_us = record.stamp.captured_at_us + GATE_MS * 1000;
                (gate_us..=gate_us + JITTER_US).contains(at)
            };
            let passed = mine.iter().filter(could_be_of).find(|record| {
                // Frames are numbered from 1.
                let shown = truth[record.stamp.sequence as usize - 1];
                shown && record.verdict == RecordedVerdict::Pass && !spent.contains(&record.stamp.sequence)
            });
            match passed {
                Some(part) => spent.push(part.stamp.sequence),
                None => false_passes += 1,
            }
        }
    }
    println!(
        "P1: {kills} kills, {in_pulse} of them within an accept pulse; {judged} records, {edges} accept edges, \
         {false_passes} false passes, {edges_after} movements after a kill; ready at most {slowest_start:.2?} after a start"
    );
    assert_eq!((false_passes, edges_after), (0, 0));
    assert!(
        edges > kills / 2 && judged as u64 > kills,
        "too few edges ({edges}) or records ({judged}) to say anything"
    );
    assert!(slowest_start > Duration::ZERO);
}
