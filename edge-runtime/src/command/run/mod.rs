//! `run`: the station. Opens everything in the order of safety, then inspects until told to stop.
//!
//! Threads: this one captures and judges; `line` moves the outputs; `housekeeping` tells the service manager and writes
//! the status; `images` writes images. Only the first two can make a part pass, and only together.

mod chosen;
mod housekeeping;
mod keeping;
mod line_thread;
mod store_trial;
mod trial;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use edge_runtime::camera::{self, SourceKind};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::config::{StationConfig, TriggerMode};
use edge_runtime::events::Event as StationEvent;
use edge_runtime::inspector::Inspector;
use edge_runtime::line::{Event, Line, LineHandle, State, camera_fault};
use edge_runtime::own_threshold::read_own_threshold;
use edge_runtime::recorder::rotating::RotationLimits;
use edge_runtime::station::{Station, Step};
use edge_runtime::trust::{Trust, signer_words};
use shared::bundle::Bundle;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::cli::RunArguments;
use crate::log;
use chosen::Chosen;
use housekeeping::{Housekeeping, Judging};
use keeping::{Keeping, Numbers};
use line_thread::StartedLine;
use store_trial::StoreTrial;

type Handle = LineHandle<MonotonicClock>;

/// Runs the command.
pub fn run(arguments: &RunArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
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
    let Chosen { file, pointer, trial } = chosen::choose(config)?;
    if signals.stop.load(Ordering::SeqCst) {
        return Ok("told to stop");
    }
    let bundle = Trust::of(&config.trust)?.verify(file.bytes())?;
    log::lines::notice(&signer_words(bundle.trust().signed_by()));
    let max_age_us = match config.camera.source {
        // A file is as old as it is.
        SourceKind::Folder | SourceKind::Raw => u64::MAX,
        SourceKind::V4l | SourceKind::Pipe => u64::from(config.camera.max_age_ms) * 1000,
    };
    let own = read_own_threshold(&config.state_dir, bundle.id())?;
    let mut inspector = Inspector::open(&bundle, clock, max_age_us)
        .with_context(|| format!("{}: the bundle cannot be used", file.path().display()))?
        .with_quality(config.camera.quality.limits()?);
    if let Some(own) = &own {
        inspector = inspector.at_station(&bundle, own)?;
        log::lines::notice(&format!("this station's own threshold judges: {}", own.threshold()));
    }
    let judging = Judging {
        bundle: &bundle,
        threshold: inspector.threshold(),
        trial: pointer.map(|pointer| StoreTrial::new(config, pointer, trial)),
    };
    let keeping = Keeping::start(config, &bundle, clock)?;
    let numbers = keeping.shared();
    let source = camera::open(&config.camera).context("the camera cannot be opened")?;
    let wired = config.trigger.mode == TriggerMode::Gpio;
    let events = move |event: &StationEvent<'_>| {
        // A camera that runs by itself owes frames always.
        if let Some((reason, kind)) = camera_fault(event, || !wired || handle.owes_frame()) {
            handle.fault(reason, kind);
        }
        log::lines::event(event);
    };
    let mut station = Station::new(source, inspector, handle.clone(), keeping, events);
    // Ends when this function does, however that is.
    let housekeeping = Housekeeping::start(config, judging, line, Arc::clone(&numbers), clock, signals)?;
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
        if handle.self_test_due() {
            let is_fit = self_test(station.inspector_mut(), &bundle, handle, &numbers);
            if let Some(id) = trial.filter(|_| !is_fit && pointer.is_some_and(|pointer| pointer.previous.is_some())) {
                chosen::give_up(config, id, "its self-test failed")?;
                bail!("the bundle on trial failed its self-test; the one before runs from the next start on");
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
fn self_test<R: edge_runtime::reconstruct::Reconstructor>(
    inspector: &mut Inspector<R, MonotonicClock>,
    bundle: &Bundle<'_>,
    handle: &Handle,
    numbers: &Numbers,
) -> bool {
    // Each frame is progress: a slow processor may need longer for all of them than the watchdog waits.
    let result = inspector.self_test_with(bundle, || numbers.attempted());
    let is_fit = result.is_ok();
    match result {
        Ok(report) if report.is_proven() => {
            log::lines::notice(&format!(
                "self-test passed: {} golden frames, {} of their pixels differ, by at most {}",
                report.frames, report.differing_pixels, report.greatest_pixel_difference
            ));
            handle.event(Event::SelfTestPassed);
        }
        Ok(_) => {
            log::lines::notice("self-test: the bundle has no golden frames; the model runs, more is not known");
            handle.event(Event::SelfTestPassed);
        }
        Err(error) => {
            log::lines::notice(&format!("self-test failed: {:#}", anyhow::Error::from(error)));
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
