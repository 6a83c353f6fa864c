//! `run`: the station. Opens everything in the order of safety, then inspects until told to stop.
//!
//! Threads: this one captures and judges; `line` moves the outputs; `housekeeping` tells the service manager and writes
//! the status; `swap` loads another bundle beside the running one; `images` writes images. Only the first two can make a
//! part pass, and only together.

mod chosen;
mod housekeeping;
mod keeping;
mod line_thread;
mod loading;
mod starting;
mod store_trial;
mod swap;
mod trial;

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use edge_runtime::acceptance::Refusal;
use edge_runtime::camera::{self, SourceKind};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::config::{StationConfig, TriggerMode};
use edge_runtime::events::Event as StationEvent;
use edge_runtime::line::{Event, Line, LineHandle, State, camera_fault};
use edge_runtime::recorder::rotating::RotationLimits;
use edge_runtime::station::{Station, Step};
use edge_runtime::trust::Trust;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::cli::RunArguments;
use crate::log;
use housekeeping::Housekeeping;
use keeping::Keeping;
use line_thread::StartedLine;
use loading::{Loaded, LoadedBundle, StationInspector};
use starting::Starting;
use swap::Swaps;

type Handle = LineHandle<MonotonicClock>;

/// Runs the command.
pub fn run(arguments: &RunArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
    // No backtrace, whatever the environment asks for: it takes a tenth of a second, and only when the panic unwinds are
    // the parts in flight diverted.
    panic::set_hook(Box::new(|panic| log::say(&panic.to_string())));
    trial::arm(&config)?;
    let signals = Signals::register()?;
    let log_limits = RotationLimits { file_bytes: config.log.file_bytes, files: config.log.files };
    if let Err(error) = log::start(&config.log_dir(), log_limits) {
        log::say(&format!("{}: the log cannot be written: {error}", config.log_dir().display()));
    }
    let outcome = station(&config, &signals);
    log::lines::stopped(&match &outcome {
        Ok(why) => (*why).to_owned(),
        Err(error) => format!("{error:#}"),
    });
    outcome.map(|_| ())
}

/// Set by signals.
struct Signals {
    stop: Arc<AtomicBool>,
    clear: Arc<AtomicBool>,
}

impl Signals {
    fn register() -> anyhow::Result<Self> {
        let signals = Self { stop: Arc::default(), clear: Arc::default() };
        for (signal, flag) in [(SIGTERM, &signals.stop), (SIGINT, &signals.stop), (SIGUSR1, &signals.clear)] {
            signal_hook::flag::register(signal, Arc::clone(flag)).context("a signal cannot be handled")?;
        }
        Ok(signals)
    }
}

/// From safe outputs to safe outputs. Gives why it ended.
fn station(config: &StationConfig, signals: &Signals) -> anyhow::Result<&'static str> {
    let clock = MonotonicClock::new();
    // The outputs are safe from here on: nothing that takes time comes before.
    let line = Line::new(config.line_timing(), config.line_mode())?;
    let (started, line_thread) = line_thread::start(config, line, clock)?;
    // Whatever happens in it, the line thread ends in order. What a panic left half-changed is not used again.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| inspect(config, signals, &started, clock)));
    started.handle.stop();
    let Ok(ended) = line_thread.join() else { bail!("the line thread panicked; the outputs are safe") };
    let Ok(why) = outcome else { bail!("the inspection panicked; the outputs are safe") };
    ended?;
    why
}

/// Opens bundle and camera and inspects until told to stop.
fn inspect(
    config: &StationConfig,
    signals: &Signals,
    line: &StartedLine,
    clock: MonotonicClock,
) -> anyhow::Result<&'static str> {
    let handle = &line.handle;
    // What is no fault of a bundle on trial takes no try from it.
    let source = camera::open(&config.camera).context("the camera cannot be opened")?;
    let starting = Starting::of(config);
    let chosen = chosen::choose(config, &starting)?;
    if signals.stop.load(Ordering::SeqCst) {
        return Ok("told to stop");
    }
    let trust = Trust::of(&config.trust)?;
    let pointer = chosen.pointer;
    starting.goes_on();
    let Loaded { inspector, judging, mut bundle } = loading::load(config, &trust, chosen, clock)?;
    let running = judging.bundle;
    let keeping = Keeping::start(config, inspector.pipeline().preprocessing().accepted.max, clock)?;
    let numbers = keeping.shared();
    let wired = config.trigger.mode == TriggerMode::Gpio;
    let events = move |event: &StationEvent<'_>| {
        // A camera that runs by itself owes frames always.
        if let Some((reason, kind)) = camera_fault(event, || !wired || handle.owes_frame()) {
            handle.fault(reason, kind);
        }
        log::lines::event(event);
    };
    let mut station = Station::new(source, inspector, handle.clone(), keeping, events);
    // Both end when this function does, however that is.
    let swaps = pointer.map(|pointer| Swaps::start(config, pointer, running, clock)).transpose()?;
    let watched = swaps.as_ref().map(Swaps::watched);
    let housekeeping = Housekeeping::start(config, judging, watched, line, Arc::clone(&numbers), clock, signals)?;
    // Dropped before the housekeeping, which takes a moment to end: a panic diverts what is in flight at once.
    let _diverts = handle.clone();
    handle.event(Event::Started);
    loop {
        if signals.stop.load(Ordering::SeqCst) {
            handle.event(Event::Stop);
            return Ok("told to stop");
        }
        if !handle.is_running() {
            bail!("the line thread ended; the outputs are safe");
        }
        // Neither can make a part pass; but without them nobody feeds the watchdog or sees what was rejected.
        if !housekeeping.is_running() {
            bail!("the housekeeping thread ended; the outputs are safe");
        }
        if !station.records().is_running() {
            bail!("the thread for images ended; the outputs are safe");
        }
        // Between two parts: no frame is in hand.
        if let Some(swaps) = &swaps
            && let Some(next) = swaps.ready()
        {
            let began_us = clock.now_us();
            let Loaded { inspector, mut judging, bundle: next } = *next;
            let inspector = station.take_over(inspector);
            judging.begins_at(&numbers.tallies().0);
            housekeeping.judges(judging);
            let replaced = (inspector, mem::replace(&mut bundle, next));
            swaps.taken_over(replaced, clock.now_us() - began_us);
        }
        if handle.self_test_due() {
            // Each frame is progress: a slow processor may need longer for all of them than the watchdog waits.
            let measured = || {
                numbers.attempted();
                starting.goes_on();
            };
            let is_fit = self_test(station.inspector_mut(), &bundle, &trust, handle, measured);
            starting.is_over();
            if let Some(id) = bundle.on_trial.filter(|_| !is_fit) {
                chosen::give_up(config, id, "its self-test failed")?;
                let message = "the bundle on trial failed; the one before runs from the next start on".to_owned();
                return Err(Refusal::SelfTest { message }.into());
            }
        }
        numbers.attempted();
        if station.step() == Step::Ended {
            let due_us = clock.now_us() + drain_us(config);
            while handle.in_flight() > 0 && clock.now_us() < due_us && !signals.stop.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            handle.event(Event::Stop);
            return match config.camera.source {
                SourceKind::Folder | SourceKind::Raw => Ok("the source has no more frames"),
                SourceKind::Pipe | SourceKind::V4l => bail!("the frames ended; look after what feeds them"),
            };
        }
    }
}

/// How long the last parts may take to the gate, in microseconds.
fn drain_us(config: &StationConfig) -> u64 {
    let gate = &config.gate;
    (u64::from(gate.delay_ms()) + u64::from(gate.tolerance_ms) + 2 * u64::from(gate.pulse_ms)) * 1000
}

/// Proves model and pipeline by the bundle's golden frames; says whether they do. A failure is a latched fault.
fn self_test(
    inspector: &mut StationInspector,
    bundle: &LoadedBundle,
    trust: &Trust,
    handle: &Handle,
    measured: impl FnMut(),
) -> bool {
    let result = bundle.self_test(trust, inspector, measured);
    let is_fit = result.is_ok();
    match result {
        Ok(words) => {
            log::lines::notice(&words);
            handle.event(Event::SelfTestPassed);
        }
        Err(error) => {
            log::lines::notice(&format!("self-test failed: {error:#}"));
            handle.event(Event::SelfTestFailed);
        }
    }
    is_fit
}

/// The words of a state's fault.
fn fault_of(state: State) -> Option<&'static str> {
    match state {
        State::Faulted { reason, .. } => Some(reason.name()),
        _ => None,
    }
}
