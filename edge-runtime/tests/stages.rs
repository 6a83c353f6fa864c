//! Every stage of the running program panics, and every stage hangs, with parts on their way to the gate. Rows P2 and
//! P3 of the fault matrix. The program is told where by the environment (module `trial`), which it obeys only with outputs
//! that are no pins.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // each trial takes what it needs
#[path = "support/program.rs"]
mod program;
#[path = "support/row.rs"]
mod row;

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use edge_runtime::trial::{Act, Stage, VARIABLE};
use program::{
    Frames, Movement, Running, command, configure, edges, eventually, false_passes, feed, is_active, movements, now_us,
    random, records, status, was_active,
};
use row::row;
use shared::verdict::FaultReason;
use shared::wire::{InspectionRecord, RecordedVerdict};

const GATE_US: u64 = 200_000;
/// Two pulses are shorter than an inspection: frames that were held up and come together are no fault.
const GATE: &str = "delay_ms = 200\nbudget_ms = 190\npulse_ms = 3\ntolerance_ms = 20";
/// More than the gate's tolerance.
const JITTER_US: u64 = 21_000;
const FRAME: Duration = Duration::from_millis(80);
/// Without progress for so long the watchdog is fed no more; longer than the camera is waited for.
const STALL_MS: u64 = 600;

/// One test at a time: more programs at once than processors can judge would be late with every part.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The how-manieth time a stage is reached it stops: about a second after the station is ready, parts on their way.
fn at(stage: Stage) -> u64 {
    match stage {
        // The self-test comes by five times.
        Stage::Inference | Stage::Model | Stage::Score => 18,
        Stage::Pulse => 5,
        Stage::Line => 40,
        Stage::Housekeeping => 20,
        Stage::Capture | Stage::Preprocess | Stage::Recording | Stage::Images => 13,
    }
}

/// A program with one trial armed, fed until it ends or for `frames` frames.
struct Trial {
    folder: tempfile::TempDir,
    program: Running,
    truth: Vec<bool>,
}

impl Trial {
    fn start(act: &str, stage: Stage, at: u64, notify: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let more = format!("[images]\nkeep = \"all\"\n[watchdog]\nstall_ms = {STALL_MS}");
        let mut command = command(&configure(folder.path(), 500, GATE, &more));
        command.env(VARIABLE, format!("{act} {} {at}", stage.name()));
        if let Some(socket) = notify {
            command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "1000000").env_remove("WATCHDOG_PID");
        }
        Self { folder, program: Running::start(command), truth: Vec::new() }
    }

    fn ready(&self) {
        eventually("ready", || was_active(&self.moved(), "ready"));
    }

    fn feed(&mut self, frames: usize) {
        let mut seed = 11;
        self.truth = (0..frames).map(|_| !random(&mut seed).is_multiple_of(3)).collect();
        // Whoever has ended reads no more.
        let mut input = self.program.input();
        let (truth, recorded) = (self.truth.clone(), Frames::read());
        let _ = thread::spawn(move || {
            let fed = feed(&mut input, &recorded, &truth, FRAME);
            // Open until the program has ended: the end of the frames is another trial.
            thread::sleep(Duration::from_secs(20));
            drop((fed, input));
        });
    }

    fn moved(&self) -> Vec<Movement> {
        movements(&self.folder.path().join("trace"))
    }

    fn records(&self) -> Vec<InspectionRecord> {
        records(&self.folder.path().join("state"))
    }

    fn false_passes(&self) -> u64 {
        false_passes(&edges(&self.moved()), &self.records(), &self.truth, GATE_US, JITTER_US).0
    }
}

fn all_are_safe(moved: &[Movement]) -> bool {
    ["accept", "ready", "fault"].iter().all(|output| !is_active(moved, output))
}

/// Whoever watches from outside sees a failure: an exit code that is not 0, and no status that says ready.
#[test]
fn a_panic_in_any_stage_ends_the_program_with_safe_outputs() {
    let _alone = alone();
    let stages: Vec<_> = Stage::ALL.into_iter().filter(|&stage| stage != Stage::Model).collect();
    let mut trials = Vec::new();
    for stages in stages.chunks(3) {
        let started: Vec<_> = stages.iter().map(|&stage| thread::spawn(move || panics(stage))).collect();
        trials.extend(started.into_iter().map(|thread| thread.join().unwrap()));
    }
    let wrong: u64 = trials.iter().map(|(wrong, _)| wrong).sum();
    let slowest_us = trials.iter().map(|(_, ended_us)| *ended_us).max().unwrap();
    // In the self-test: it never becomes ready.
    let mut trial = Trial::start("panic", Stage::Inference, 3, None);
    assert_eq!(trial.program.ends_within(Duration::from_secs(5)), Some(1), "{}", trial.program.all_said());
    let moved = trial.moved();
    assert!(edges(&moved).is_empty() && !was_active(&moved, "ready") && all_are_safe(&moved), "{moved:?}");
    let criterion = format!(
        "exit code 1, outputs safe, no accept edge afterwards; ended at most {:.2} s after the panic",
        slowest_us as f64 / 1e6
    );
    let count = trials.len() as u64 + 1;
    row("P3", "panic in each stage, in a pulse, in the self-test", count, wrong, &criterion, wrong == 0);
    assert_eq!(wrong, 0);
}

/// How many edges are false, and how long after the panic the program has ended.
fn panics(stage: Stage) -> (u64, u64) {
    let mut trial = Trial::start("panic", stage, at(stage), None);
    trial.ready();
    trial.feed(4000);
    let code = trial.program.ends_within(Duration::from_secs(8));
    let ended_us = now_us();
    assert_eq!(code, Some(1), "{stage:?}: {}", trial.program.all_said());
    // What it said last may not have been read yet.
    eventually("its last words", || trial.program.said("error: ").is_some());
    let panicked_us = trial.program.said("was told to panic").expect("it panicked");
    // Without the thread for images the program ends as soon as it sees that it is gone.
    let since_us = match stage {
        Stage::Images => trial.program.said("error: the thread for images ended").unwrap(),
        _ => panicked_us,
    };
    let moved = trial.moved();
    let edges = edges(&moved);
    assert!(edges.len() > 2, "{stage:?}: {edges:?}");
    assert!(edges.iter().all(|at| *at <= since_us), "{stage:?}: an edge after the panic at {since_us}: {edges:?}");
    assert!(all_are_safe(&moved), "{stage:?}: {moved:?}");
    assert_eq!(status(trial.folder.path()), None, "{stage:?}");
    (trial.false_passes(), ended_us.saturating_sub(panicked_us))
}

#[test]
fn a_panic_of_the_inference_engine_costs_one_part() {
    let _alone = alone();
    let mut trial = Trial::start("panic", Stage::Model, at(Stage::Model), None);
    trial.ready();
    trial.feed(50);
    eventually("the verdicts", || trial.records().len() >= 50);
    thread::sleep(Duration::from_micros(2 * GATE_US));
    let records = trial.records();
    let failed: Vec<usize> = (0..records.len())
        .filter(|&index| records[index].verdict == RecordedVerdict::Fault(FaultReason::InferenceFailed))
        .collect();
    // Five of the golden frames came before.
    assert_eq!(failed, [at(Stage::Model) as usize - 6]);
    let edges = edges(&trial.moved());
    let gate_us = records[failed[0]].stamp.captured_at_us + GATE_US;
    assert!(!edges.iter().any(|at| (gate_us..gate_us + JITTER_US).contains(at)), "an edge for the part");
    let later = edges.iter().filter(|&&at| at > gate_us).count();
    assert!(later > 10, "{later} edges for the parts after it");
    let wrong = trial.false_passes();
    let criterion = format!("that part is a fault; {later} of the parts after it pass");
    row("P3", "panic in the inference engine", 1, wrong, &criterion, wrong == 0);
    assert_eq!(wrong, 0);
}

/// What the service manager gets, with the time at which it came.
struct Manager {
    socket: UnixDatagram,
    kicks: Vec<u64>,
}

impl Manager {
    fn listen(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Self { socket, kicks: Vec::new() }
    }

    fn until(&mut self, until_us: u64) {
        let mut buffer = [0; 4096];
        while now_us() < until_us {
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            if buffer[..length].split(|&byte| byte == b'\n').any(|line| line == b"WATCHDOG=1") {
                self.kicks.push(now_us());
            }
        }
    }
}

/// A hang in a thread that a pass depends on stops the kicks, so the service manager ends and restarts the program.
#[test]
fn a_hang_in_any_stage_stops_the_kicks_of_the_watchdog() {
    const WATCHED_US: u64 = 3_200_000;
    let _alone = alone();
    // Together: they wait most of the time.
    let trials: Vec<_> = Stage::ALL
        .chunks(5)
        .flat_map(|stages| {
            let started: Vec<_> = stages.iter().map(|&stage| thread::spawn(move || hang(stage, WATCHED_US))).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        })
        .collect();
    let wrong: u64 = trials.iter().map(|(wrong, _)| wrong).sum();
    let slowest = trials.iter().map(|(_, after_us)| *after_us).max().unwrap();
    let criterion = format!(
        "the watchdog is fed no more, at most {:.2} s after the last record (stall_ms = {STALL_MS}); with images alone \
         hanging the inspection goes on",
        slowest as f64 / 1e6
    );
    row(
        "P2",
        &format!("{:?} in each stage", Act::Hang).to_lowercase(),
        trials.len() as u64,
        wrong,
        &criterion,
        wrong == 0,
    );
    assert_eq!(wrong, 0);
}

/// How many edges are false, and how long after the last record the last kick came.
fn hang(stage: Stage, watched_us: u64) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let mut manager = Manager::listen(&socket);
    let mut trial = Trial::start("hang", stage, at(stage), Some(&socket));
    trial.ready();
    let began_us = now_us();
    trial.feed(4000);
    manager.until(began_us + watched_us);
    // A machine that is busy gets to the stage later.
    let fed = |manager: &Manager| now_us() - manager.kicks.last().unwrap_or(&0) < 1_100_000;
    while stage != Stage::Images && fed(&manager) && now_us() < began_us + 4 * watched_us {
        manager.until(now_us() + 100_000);
    }
    let (ended_us, records, moved) = (now_us(), trial.records(), trial.moved());
    let edges = edges(&moved);
    assert!(trial.program.child.try_wait().unwrap().is_none(), "{stage:?}: {}", trial.program.all_said());
    assert!(manager.kicks.len() > 3 && edges.len() > 2, "{stage:?}: {} kicks, {edges:?}", manager.kicks.len());
    let last_kick_us = *manager.kicks.last().unwrap();
    let last_record_us = records.last().unwrap().stamp.captured_at_us;
    let (mut wrong, spent) = false_passes(&edges, &records, &trial.truth, GATE_US, JITTER_US);
    match stage {
        Stage::Images => {
            assert!(ended_us - last_kick_us < 500_000 && edges.len() > 12, "{stage:?}: the inspection goes on");
            let status = status(trial.folder.path()).unwrap();
            assert!(status["dropped_images"].as_u64().unwrap() > 10, "{status}");
            return (wrong, 0);
        }
        // Nobody is told how the inspection is, which goes on until the service manager ends it.
        Stage::Housekeeping => assert!(edges.len() > 12, "{stage:?}: {} edges", edges.len()),
        Stage::Recording => {
            // The verdict of the part that has no record was with the line already.
            let unrecorded = trial.truth[records.len()];
            assert_eq!(wrong, u64::from(unrecorded), "{stage:?}: {spent:?}");
            wrong = 0;
        }
        Stage::Pulse => assert!(is_active(&moved, "accept"), "{stage:?}: it hangs in the pulse"),
        // Wherever it is: a level that is stuck passes nothing.
        Stage::Line => {}
        _ => assert!(!is_active(&moved, "accept"), "{stage:?}"),
    }
    assert!(ended_us - last_kick_us > 1_000_000, "{stage:?}: fed {} us before the end", ended_us - last_kick_us);
    if stage != Stage::Housekeeping {
        let last_edge = edges.last().unwrap();
        assert!(last_edge < &(last_record_us + 2 * GATE_US), "{stage:?}: an edge after the hang");
    }
    (wrong, last_kick_us.saturating_sub(last_record_us))
}

#[test]
fn a_trial_is_refused_with_real_pins_and_with_nonsense() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), 500, GATE, "");
    let refused = |trial: &str| {
        let output = command(&config).env(VARIABLE, trial).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("pass accept 1").contains("expected \"panic|hang STAGE COUNT\""));
    assert_eq!(movements(&folder.path().join("trace")), []);
    let text = std::fs::read_to_string(&config).unwrap();
    let pins = text.replace(&format!("trace:{}", folder.path().join("trace").display()), "/dev/no-gpiochip");
    std::fs::write(&config, pins).unwrap();
    let message = refused("panic score 1");
    assert!(message.contains("outputs are wired to /dev/no-gpiochip"), "{message}");
}
