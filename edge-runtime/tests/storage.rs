//! The disk of the running program is full, read-only or not there. Row D1 of the fault matrix: the inspection goes on
//! with the same accept edges as with a good disk, what is lost is counted, and with room again it is kept again.
//!
//! The disk is a small tmpfs in a mount namespace of the program's own (`unshare` of util-linux).
#![cfg(target_os = "linux")]

#[allow(dead_code)] // each trial takes what it needs
#[path = "support/program.rs"]
mod program;
#[path = "support/row.rs"]
mod row;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use program::{Frames, Running, command, configure, edges, eventually, feed, movements, random, status, was_active};
use row::row;
use serde_json::Value;

const GATE_US: u64 = 220_000;
const GATE: &str = "delay_ms = 220\nbudget_ms = 200\npulse_ms = 3\ntolerance_ms = 25";
const JITTER_US: u64 = 45_000;
const FRAME: Duration = Duration::from_millis(60);
const FRAMES: usize = 32;
const MORE: &str = "[images]\nkeep = \"all\"\n[watchdog]\nstall_ms = 30000";

/// One test at a time: more programs at once than processors can judge would be late with parts.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program, fed with good and defective frames.
struct Trial {
    folder: PathBuf,
    program: Running,
    input: std::process::ChildStdin,
}

impl Trial {
    fn start(folder: &Path, command: Command) -> Self {
        let mut program = Running::start(command);
        let input = program.input();
        let trial = Self { folder: folder.to_owned(), program, input };
        eventually("ready", || was_active(&movements(&folder.join("trace")), "ready"));
        trial
    }

    /// Feeds as many frames as always and compares the accept edges, by the time at which each frame was written: how
    /// many there are, and how many are not one for each good part and none for another.
    fn feed(&mut self) -> (u64, u64) {
        let mut seed = 5;
        let truth: Vec<bool> = (0..FRAMES).map(|_| random(&mut seed).is_multiple_of(2)).collect();
        let began = edges(&movements(&self.folder.join("trace"))).len();
        let written = feed(&mut self.input, &Frames::read(), &truth, FRAME).unwrap();
        thread::sleep(Duration::from_micros(GATE_US + 2 * JITTER_US));
        let edges = edges(&movements(&self.folder.join("trace"))).split_off(began);
        let of = |at: &u64| edges.iter().filter(|edge| (at + GATE_US..at + GATE_US + JITTER_US).contains(edge)).count();
        let differ = written.iter().zip(&truth).filter(|(at, is_good)| of(at) != usize::from(**is_good)).count();
        let stray = edges.len().abs_diff(truth.iter().filter(|is_good| **is_good).count());
        (edges.len() as u64, (differ + stray) as u64)
    }

    /// The status of at least this many inspections.
    fn status(&self, inspections: u64) -> Value {
        let mut found = Value::Null;
        eventually("the status", || {
            found = status(&self.folder).unwrap_or_default();
            found["inspections"]["total"].as_u64() >= Some(inspections)
        });
        found
    }

    fn stop(mut self) {
        let pid = self.program.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        // It looks up when it has the next frame.
        let _ = self.input.write_all(Frames::read().of(true, 0));
        let code = self.program.ends_within(Duration::from_secs(5));
        assert_eq!(code, Some(0), "{}", self.program.all_said());
    }

    /// A path as the program sees it, behind its mounts.
    fn inside(&self, path: &str) -> PathBuf {
        let folder = self.folder.canonicalize().unwrap();
        let root = PathBuf::from(format!("/proc/{}/root", self.program.child.id()));
        root.join(folder.strip_prefix("/").unwrap()).join(path)
    }
}

/// The command in a mount namespace with a tmpfs of 160 KiB as its state folder, mounted and filled by `prepare`.
fn on_disk(folder: &Path, prepare: &str) -> Command {
    let inner = command(&configure(folder, 20_000, GATE, MORE));
    fs::create_dir(folder.join("state")).unwrap();
    let mut outer = Command::new("unshare");
    // Whoever is not root becomes so in a namespace of users.
    outer.args(if is_root() { &["-m"][..] } else { &["-rm"] });
    outer.args(["sh", "-c", &format!("{prepare} && exec \"$@\"")]).arg("sh");
    outer.arg(inner.get_program()).args(inner.get_args()).current_dir(folder);
    outer
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

fn number(status: &Value, key: &str) -> u64 {
    status[key].as_u64().unwrap_or_else(|| panic!("{key} in {status}"))
}

#[test]
fn a_full_disk_costs_what_would_be_kept_and_nothing_else() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let fill =
        "mount -t tmpfs -o size=160k tmpfs state && { dd if=/dev/zero of=state/filler bs=4k 2>/dev/null || true; }";
    let mut trial = Trial::start(folder.path(), on_disk(folder.path(), fill));
    let (full_edges, differ) = trial.feed();
    let full = trial.status(FRAMES as u64);
    let (records, entries) = (number(&full, "dropped_records"), number(&full, "dropped_log_entries"));
    let images = number(&full, "dropped_images");
    assert_eq!((differ, records), (0, FRAMES as u64), "{full}");
    assert!(full_edges >= 10 && entries > 10 && images > 0, "{full}");
    assert_eq!((&full["state"], number(&full, "kept_images")), (&Value::from("ready"), 0));

    // Room again: no sooner than a second after a failure it is tried.
    fs::remove_file(trial.inside("state/filler")).unwrap();
    thread::sleep(Duration::from_millis(1100));
    let (again_edges, again_differ) = trial.feed();
    let again = trial.status(2 * FRAMES as u64);
    let kept = program::records(&trial.inside("state")).len();
    assert_eq!((again_edges, again_differ), (full_edges, 0));
    assert_eq!((number(&again, "dropped_records"), kept), (records, FRAMES), "{again}");
    let criterion = format!(
        "the same {full_edges} accept edges as afterwards; {records} records, {images} images and {entries} log \
         entries counted as lost; with room again all {kept} records kept"
    );
    row("D1", "full disk under the program", FRAMES as u64, 0, &criterion, true);
    trial.stop();
}

#[test]
fn a_read_only_disk_costs_what_would_be_kept_and_nothing_else() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Trial::start(folder.path(), on_disk(folder.path(), "mount -t tmpfs -o ro,size=160k tmpfs state"));
    let (edges, differ) = trial.feed();
    let found = trial.status(FRAMES as u64);
    let (records, entries) = (number(&found, "dropped_records"), number(&found, "dropped_log_entries"));
    assert_eq!((differ, records), (0, FRAMES as u64), "{found}");
    assert!(edges >= 10 && entries > 10, "{found}");
    assert!(trial.program.said("the log cannot be written").is_some());
    let criterion =
        format!("one accept edge for each of {edges} good parts; {records} records and {entries} log entries counted");
    row("D1", "read-only disk from the start", FRAMES as u64, 0, &criterion, true);
    trial.stop();
}

#[test]
fn without_a_state_folder_the_inspection_is_the_same() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), 20_000, GATE, MORE);
    let mut good_disk = Trial::start(folder.path(), command(&config));
    let (edges, differ) = good_disk.feed();
    let found = good_disk.status(FRAMES as u64);
    assert_eq!((differ, number(&found, "dropped_records")), (0, 0), "{found}");
    good_disk.stop();
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    fs::remove_file(folder.path().join("trace")).unwrap();
    fs::write(folder.path().join("state"), "a file\n").unwrap();

    let mut trial = Trial::start(folder.path(), command(&config));
    assert_eq!(trial.feed(), (edges, 0));
    let found = trial.status(FRAMES as u64);
    let (records, entries) = (number(&found, "dropped_records"), number(&found, "dropped_log_entries"));
    assert_eq!(records, FRAMES as u64);
    assert!(entries > 10, "{found}");
    trial.stop();
    assert_eq!(fs::read(folder.path().join("state")).unwrap(), b"a file\n");
    let criterion = format!(
        "the same {edges} accept edges as with a good disk; {records} records and {entries} log entries counted as lost"
    );
    row("D1", "a file in place of the state folder", FRAMES as u64, 0, &criterion, true);
}
