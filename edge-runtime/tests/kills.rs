//! The program is killed at random moments, accept pulses included, with SIGKILL. What it did is in the trace of its
//! outputs and in its records. Row P1 of the fault matrix.
//!
//! `KILLS` (50 if not set) says how often. The line it prints at the end counts.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // each trial takes what it needs
#[path = "support/program.rs"]
mod program;
#[path = "support/row.rs"]
mod row;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use program::was_active;
use program::{Frames, Running, command, configure, edges, false_passes, feed, is_active, movements, random, records};
use row::row;

const GATE_MS: u64 = 60;
/// Longer than the gate's tolerance: how much later than its part's gate moment an edge may be, in microseconds.
const JITTER_US: u64 = 6_000;
const FRAME: Duration = Duration::from_millis(25);
/// Within which the station has to be ready again.
const RECOVERY: Duration = Duration::from_secs(2);

#[test]
fn a_kill_at_any_moment_opens_nothing_afterwards() {
    let kills: u64 = std::env::var("KILLS").map_or(50, |text| text.parse().expect("KILLS is a number"));
    let frames = Frames::read();
    let mut seed = 7;
    let (mut risen, mut in_pulse, mut wrong, mut edges_after, mut judged) = (0, 0, 0, 0, 0);
    let mut slowest_start = Duration::ZERO;
    let folder = tempfile::tempdir().unwrap();
    let gate = format!("delay_ms = {GATE_MS}\nbudget_ms = 55\npulse_ms = 10\ntolerance_ms = 5");
    let config = configure(folder.path(), 500, &gate, "[images]\nkeep = \"none\"");
    let trace = folder.path().join("trace");
    let mut known = 0;
    for kill in 0..=kills {
        let _ = fs::remove_file(&trace);
        let started = Instant::now();
        let mut program = Running::start(command(&config));
        let mut input = program.input();
        let truth: Vec<bool> = (0..4000).map(|_| random(&mut seed).is_multiple_of(2)).collect();
        let (choices, fed) = (truth.clone(), frames.clone());
        // Ends when the program does.
        let feeder = thread::spawn(move || feed(&mut input, &fed, &choices, FRAME).is_ok());
        // The last round is not a kill: it shows that the station still works, and where the records end.
        let lives_for = if kill == kills { 1500 } else { random(&mut seed) % 1000 };
        let mut ready_after = None;
        while started.elapsed() < Duration::from_millis(lives_for) {
            thread::sleep(Duration::from_millis(1));
            if ready_after.is_none() && was_active(&movements(&trace), "ready") {
                ready_after = Some(started.elapsed());
            }
        }
        slowest_start = slowest_start.max(ready_after.unwrap_or_default());
        program.child.kill().unwrap();
        program.child.wait().unwrap();
        let at_death = movements(&trace);
        assert!(!feeder.join().unwrap(), "it was fed until it was killed");
        thread::sleep(Duration::from_millis(GATE_MS + 10));
        let moved = movements(&trace);
        edges_after += moved.len() - at_death.len();

        let all = records(&folder.path().join("state"));
        let mine = &all[known..];
        known = all.len();
        judged += mine.len() as u64;
        in_pulse += u32::from(is_active(&moved, "accept"));
        if let Some((_, _, level)) = moved.iter().find(|(_, name, _)| name == "accept") {
            assert!(!level, "the first movement of accept makes it safe");
        }
        let edges = edges(&moved);
        risen += edges.len() as u64;
        wrong += false_passes(&edges, mine, &truth, GATE_MS * 1000, JITTER_US).0;
    }
    println!(
        "P1: {kills} kills, {in_pulse} of them within an accept pulse; {judged} records, {risen} accept edges, \
         {wrong} false passes, {edges_after} movements after a kill; ready at most {slowest_start:.2?} after a start"
    );
    let held = (wrong, edges_after) == (0, 0) && slowest_start < RECOVERY;
    let criterion = format!(
        "no movement after a kill ({edges_after}); ready again within 2 s (at most {slowest_start:.2?}); \
         {judged} records, all read back"
    );
    row("P1", &format!("SIGKILL at random, {in_pulse} in a pulse"), kills, wrong, &criterion, held);
    assert_eq!((wrong, edges_after), (0, 0));
    assert!(risen > kills / 2 && judged > kills, "too few edges ({risen}) or records ({judged}) to say anything");
    assert!(slowest_start > Duration::ZERO && slowest_start < RECOVERY, "ready after {slowest_start:?}");
}
