//! The line thread against a chip in memory: scripted in simulated time, and on real threads.

mod failing_outputs;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_hal::digital::{Error, ErrorKind, ErrorType, OutputPin};
use shared::verdict::{FaultReason, Verdict};

use super::*;
use crate::actuator::{OutputError, OutputName, Outputs, Pins, Polarity};
use crate::clock::{Clock, MonotonicClock};
use crate::test_support::Passes;
use crate::trigger::{Bell, Input, InputError, Inputs, Wake};

const TIMING: LineTiming = LineTiming {
    gate_delay: Travel::Micros(20_000),
    budget_us: 15_000,
    pulse_us: 2_000,
    gate_tolerance_us: 1_000,
    min_gap_us: 5_000,
    frame_window_us: (0, 4_000),
};

/// A time that the script sets.
#[derive(Clone, Debug, Default)]
struct Now(Arc<AtomicU64>);

impl Clock for Now {
    fn now_us(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Lines in memory: what was written to them, in order, and which of them fails.
#[derive(Clone, Debug, Default)]
struct Chip(Arc<Mutex<ChipState>>);

#[derive(Debug, Default)]
struct ChipState {
    written: Vec<(OutputName, bool)>,
    failing: Option<OutputName>,
    /// The levels that writes which did not fail have made.
    held: [bool; OutputName::ALL.len()],
    panics_on_rise: bool,
}

#[derive(Debug)]
struct Pin(Chip, OutputName);

#[derive(Debug)]
struct Broken;

impl Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Pin {
    type Error = Broken;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Broken> {
        self.write(false)
    }

    fn set_high(&mut self) -> Result<(), Broken> {
        self.write(true)
    }
}

impl Pin {
    fn write(&mut self, high: bool) -> Result<(), Broken> {
        let mut chip = self.0.0.lock().unwrap();
        let panics = chip.panics_on_rise && high && self.1 == OutputName::Accept;
        chip.written.push((self.1, high));
        let failing = chip.failing == Some(self.1);
        if !failing {
            chip.held[self.1 as usize] = high;
        }
        drop(chip);
        assert!(!panics, "told to");
        if failing { Err(Broken) } else { Ok(()) }
    }
}

impl Chip {
    fn outputs(&self) -> Outputs<Pin> {
        let pins: Pins<Pin> = OutputName::ALL.map(|name| Some((Pin(self.clone(), name), Polarity::ActiveHigh)));
        Outputs::new(pins).unwrap()
    }

    fn fail(&self, output: Option<OutputName>) {
        self.0.lock().unwrap().failing = output;
    }

    /// The level last written, whether the write failed or not.
    fn is_high(&self, output: OutputName) -> bool {
        let chip = self.0.lock().unwrap();
        chip.written.iter().rev().find(|(name, _)| *name == output).is_some_and(|&(_, high)| high)
    }

    fn edges(&self) -> usize {
        let chip = self.0.lock().unwrap();
        let levels: Vec<bool> =
            chip.written.iter().filter(|(name, _)| *name == OutputName::Accept).map(|w| w.1).collect();
        levels.windows(2).filter(|pair| !pair[0] && pair[1]).count()
    }
}

type Deed = Box<dyn FnMut(&mut dyn FnMut(Input)) + Send>;

/// Inputs by script: the clock jumps to the next deed, or over the timeout.
struct Script {
    now: Now,
    deeds: VecDeque<(u64, Deed)>,
}

impl Inputs for Script {
    fn wait(&mut self, timeout: Duration, take: &mut dyn FnMut(Input)) -> Result<(), InputError> {
        let until_us = self.now.now_us() + timeout.as_micros() as u64;
        if self.deeds.front().is_some_and(|(at_us, _)| *at_us <= until_us) {
            let (at_us, mut deed) = self.deeds.pop_front().unwrap();
            self.now.0.fetch_max(at_us, Ordering::SeqCst);
            deed(take);
        } else {
            self.now.0.fetch_max(until_us, Ordering::SeqCst);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct NoBell;

impl Wake for NoBell {
    fn wake(&self) {}
}

/// Plays deeds at their times until the given one, and returns handle and chip.
fn play(until_us: u64, deeds: impl FnOnce(&LineHandle<Now>, &Chip) -> Vec<(u64, Deed)>) -> (LineHandle<Now>, Chip) {
    let (now, chip) = (Now::default(), Chip::default());
    let line = Line::new(TIMING, TriggerMode::Wired).unwrap();
    let script = Script { now: now.clone(), deeds: VecDeque::new() };
    let (handle, mut driver) = connect(line, chip.outputs(), script, Arc::new(NoBell), now.clone(), |_| ());
    handle.event(Event::Started);
    handle.event(Event::SelfTestPassed);
    driver.script().deeds.extend(deeds(&handle, &chip));
    while now.now_us() < until_us {
        driver.step().unwrap();
    }
    handle.stop();
    driver.run().unwrap();
    for output in OutputName::ALL {
        assert!(!chip.is_high(output), "{output} at the end");
    }
    (handle, chip)
}

impl Driver<Pin, Script, Now> {
    fn script(&mut self) -> &mut Script {
        self.inputs_mut()
    }
}

fn trigger(at_us: u64) -> (u64, Deed) {
    (at_us, Box::new(move |take| take(Input::Trigger { at_us })))
}

/// The frame of the part triggered last is captured at `at_us` and passes.
fn pass(handle: &LineHandle<Now>, at_us: u64) -> (u64, Deed) {
    let (handle, mut passes) = (handle.clone(), Passes::new());
    let deed = move |_: &mut dyn FnMut(Input)| {
        let part = handle.frame_captured(at_us);
        if let Some(part) = part {
            let _ = handle.decide(part, Verdict::Pass(passes.of_frame(at_us)));
        }
    };
    (at_us, Box::new(deed))
}

#[test]
fn parts_that_pass_get_an_edge_each_and_others_none() {
    let (handle, chip) = play(100_000, |handle, _| {
        let second = trigger(16_000);
        vec![trigger(10_000), pass(handle, 12_000), second, trigger(22_000), pass(handle, 23_000)]
    });
    let counters = handle.counters();
    assert_eq!((chip.edges(), counters.accepted, counters.parts), (2, 2, 3));
    assert_eq!(counters.diverted.of(FaultReason::NoFrameForPart), 1);
    assert!(handle.beats() > 3 && !handle.is_running());
}

#[test]
fn a_reset_clears_and_a_lost_trigger_latches() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = |handle: &LineHandle<Now>, at_us: u64| -> (u64, Deed) {
        let (handle, seen) = (handle.clone(), Arc::clone(&seen));
        (at_us, Box::new(move |_| seen.lock().unwrap().push(handle.state().name())))
    };
    let (handle, chip) = play(100_000, |handle, _| {
        let lost = Box::new(|take: &mut dyn FnMut(Input)| take(Input::Missed { at_us: 13_000, lost: 2 }));
        let reset = Box::new(|take: &mut dyn FnMut(Input)| take(Input::Reset { at_us: 14_000 }));
        vec![
            trigger(10_000),
            pass(handle, 12_000),
            (13_000, lost),
            look(handle, 13_500),
            (14_000, reset),
            look(handle, 14_500),
            trigger(30_000),
            pass(handle, 32_000),
        ]
    });
    assert_eq!(*seen.lock().unwrap(), ["faulted", "ready"]);
    assert_eq!((chip.edges(), handle.counters().accepted), (1, 1));
    assert_eq!(handle.counters().faults.of(FaultReason::TriggerMissed), 2);
}

/// Row G1: a write that fails at any output, from any moment on.
#[test]
fn g1_an_output_that_fails_takes_ready_off_and_is_a_latched_fault() {
    let (mut tried, mut edges_after) = (0, 0);
    for output in OutputName::ALL {
        // Idle, with a part in flight, with a pass in flight, during the pulse, when the camera goes.
        for fail_at_us in [5_000, 11_000, 20_000, 31_000, 39_000] {
            // State, red, number of edges so far, and whether accept or ready is high.
            let seen = Arc::new(Mutex::new(None));
            let (handle, chip) = play(100_000, |handle, chip| {
                let (failing, mended, looking, seen) = (chip.clone(), chip.clone(), chip.clone(), Arc::clone(&seen));
                let (camera, faulted) = (handle.clone(), handle.clone());
                let lost = move |_: &mut dyn FnMut(Input)| camera.fault(FaultReason::CameraLost, FaultKind::Recovering);
                let look = move |_: &mut dyn FnMut(Input)| {
                    let unsafe_now = [OutputName::Accept, OutputName::Ready].map(|name| looking.is_high(name));
                    let red = looking.is_high(OutputName::Red);
                    *seen.lock().unwrap() = Some((faulted.state(), red, looking.edges(), unsafe_now));
                };
                let mut deeds: Vec<(u64, Deed)> = vec![
                    trigger(10_000),
                    pass(handle, 12_000),
                    trigger(32_500),
                    pass(handle, 34_000),
                    (fail_at_us, Box::new(move |_| failing.fail(Some(output)))),
                    (40_000, Box::new(lost)),
                    (60_000, Box::new(look)),
                    (70_000, Box::new(move |_| mended.fail(None))),
                ];
                deeds.sort_by_key(|(at_us, _)| *at_us);
                deeds
            });
            let (state, red, edges, unsafe_now) = seen.lock().unwrap().unwrap();
            tried += 1;
            edges_after += chip.edges() - edges;
            assert_eq!(unsafe_now, [false; 2], "{output} failing at {fail_at_us}");
            // The red lamp comes with the fault only; accept and busy have done their work by then.
            let unused = match output {
                OutputName::Accept | OutputName::Busy => fail_at_us > 34_000,
                other => other == OutputName::Red,
            };
            if !unused {
                let expected = State::Faulted { reason: FaultReason::OutputFailed, latched: true };
                assert_eq!((state, red), (expected, true), "{output} failing at {fail_at_us}");
            }
            let failed_to_rise = output == OutputName::Accept && fail_at_us < 30_000;
            assert_eq!(handle.counters().accepted, u64::from(!failed_to_rise && !early_busy(output, fail_at_us)));
        }
    }
    println!("G1: {tried} write failures, {edges_after} edges after one");
    println!(
        "ROW G1 | each output fails from each moment on (simulated) | {tried} | {edges_after} | \
         no edge after a failed write; ready off, fault on | {}",
        if edges_after == 0 { "yes" } else { "NO" },
    );
    assert_eq!(edges_after, 0);
}

/// Whether the output changes, and fails, between the part's trigger and its gate.
fn early_busy(output: OutputName, fail_at_us: u64) -> bool {
    output == OutputName::Busy && fail_at_us < 12_000
}

/// Waits on real time for something to become true.
fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    for _ in 0..5_000 {
        if is_true() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{what} did not come true in 5 s");
}

type Threads = (LineHandle<MonotonicClock>, MonotonicClock, Chip, std::thread::JoinHandle<Result<(), LineError>>);

/// A line thread with the camera as trigger. Generous times, for a busy machine.
fn start(chip: Chip) -> Threads {
    let timing = LineTiming {
        gate_delay: Travel::Micros(2_000_000),
        budget_us: 2_000_000,
        gate_tolerance_us: 2_000_000,
        ..TIMING
    };
    let line = Line::new(timing, TriggerMode::Free).unwrap();
    let (bell, clock) = (Bell::default(), MonotonicClock::new());
    let on_failure: fn(&OutputError) = |error| panic!("{error}");
    let (handle, driver) = connect(line, chip.outputs(), bell.clone(), Arc::new(bell), clock, on_failure);
    let thread = std::thread::spawn(move || driver.run());
    handle.event(Event::Started);
    handle.event(Event::SelfTestPassed);
    (handle, clock, chip, thread)
}

/// A frame from long enough ago that its part is soon at the gate, and passes.
fn pass_now(handle: &LineHandle<MonotonicClock>, clock: MonotonicClock) -> Outcome {
    eventually("the clock is old enough", || clock.now_us() > 1_900_000);
    let at_us = clock.now_us() - 1_800_000;
    let part = handle.frame_captured(at_us).unwrap();
    handle.decide(part, Verdict::Pass(Passes::new().of_frame(at_us)))
}

#[test]
fn a_pass_from_another_thread_reaches_the_pin() {
    let (handle, clock, chip, thread) = start(Chip::default());
    eventually("ready", || chip.is_high(OutputName::Ready));
    // Parts from before the station was ready are rejects: wait until that is longer ago than the frame.
    let ready_us = clock.now_us();
    eventually("ready long enough", || clock.now_us() > ready_us + 1_900_000);
    assert_eq!(pass_now(&handle, clock), Outcome::Armed);
    eventually("an edge", || chip.edges() == 1);
    eventually("its end", || !chip.is_high(OutputName::Accept));
    handle.stop();
    thread.join().unwrap().unwrap();
    assert!(!chip.is_high(OutputName::Ready) && !handle.is_running());
    assert_eq!(handle.state(), State::Stopping);
}

#[test]
fn a_panic_of_the_inspection_thread_is_a_latched_fault() {
    let (handle, _, chip, thread) = start(Chip::default());
    eventually("ready", || chip.is_high(OutputName::Ready));
    let inspecting = handle.clone();
    let panicked = std::thread::spawn(move || {
        let _inspecting = inspecting;
        std::panic::resume_unwind(Box::new("told to"));
    });
    assert!(panicked.join().is_err());
    eventually("ready is off", || !chip.is_high(OutputName::Ready));
    assert_eq!(handle.state(), State::Faulted { reason: FaultReason::LineFaulted, latched: true });
    handle.stop();
    thread.join().unwrap().unwrap();
}

#[test]
fn a_panic_of_the_line_thread_leaves_the_outputs_safe() {
    let (now, chip) = (Now::default(), Chip::default());
    let line = Line::new(TIMING, TriggerMode::Free).unwrap();
    let bell = Bell::default();
    let (handle, driver) = connect(line, chip.outputs(), bell.clone(), Arc::new(bell), now.clone(), |_| ());
    handle.event(Event::Started);
    handle.event(Event::SelfTestPassed);
    chip.0.lock().unwrap().panics_on_rise = true;
    let part = handle.frame_captured(10).unwrap();
    now.0.store(20_010, Ordering::SeqCst);
    assert_eq!(
        handle.decide(part, Verdict::Reject(shared::verdict::Rejection { score: shared::score::Score::MAX })),
        Outcome::Diverted(FaultReason::Late)
    );
    let part = handle.frame_captured(20_000).unwrap();
    assert_eq!(handle.decide(part, Verdict::Pass(Passes::new().of_frame(20_000))), Outcome::Armed);
    now.0.store(40_000, Ordering::SeqCst);
    let thread = std::thread::spawn(move || driver.run());
    assert!(thread.join().is_err());
    for output in OutputName::ALL {
        assert!(!chip.is_high(output), "{output} after the panic");
    }
    assert!(!handle.is_running());
    assert!(matches!(handle.state(), State::Faulted { latched: true, .. }));
    assert_eq!(handle.frame_captured(50_000), None);
}
