//! The thread that tells the world: status file each second, watchdog while both the inspection and the line go on,
//! changes of state to the log, and the order to clear a fault to the line. Nothing waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::config::{StationConfig, Unsigned};
use edge_runtime::line::State;
use edge_runtime::status::{Counters, Status, StatusFile, boot_id};
use edge_runtime::supervision::{Progress, Supervisor, Systemd, watchdog_us};
use edge_runtime::trial::{Stage, reached};
use shared::bundle::BundleId;
use shared::score::Threshold;
use shared::verdict::FaultReason;
use shared::wire::{BundleTrust, ThresholdSource};

use super::keeping::Numbers;
use super::line_thread::StartedLine;
use super::store_trial::StoreTrial;
use super::swap::{Watched, lock};
use super::{Handle, Signals, fault_of};
use crate::log;

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// How often the status is written.
const STATUS_EVERY_US: u64 = 1_000_000;
/// Bundles that took over and are not shown yet.
const WAITING: usize = 4;

/// The thread and the flag that ends it.
pub struct Housekeeping {
    stop: Arc<AtomicBool>,
    judges: SyncSender<Judging>,
    thread: Option<JoinHandle<()>>,
}

/// What judges.
pub struct Judging {
    /// The bundle.
    pub bundle: BundleId,
    /// Who answers for it.
    pub trust: BundleTrust,
    /// What it inspects.
    pub product: String,
    /// The bundle's threshold, or the station's own for it.
    pub threshold: Threshold,
    /// Whose it is.
    pub threshold_source: ThresholdSource,
    /// The store, if the bundle comes from there.
    pub trial: Option<StoreTrial>,
}

impl Judging {
    /// Its trial counts only what is judged after this.
    pub fn begins_at(&mut self, counters: &Counters) {
        self.trial.iter_mut().for_each(|trial| trial.begins_at(counters));
    }
}

impl Housekeeping {
    /// Starts the thread.
    pub fn start(
        config: &StationConfig,
        judging: Judging,
        watched: Option<Arc<Mutex<Watched>>>,
        line: &StartedLine,
        numbers: Arc<Numbers>,
        clock: MonotonicClock,
        signals: &Signals,
    ) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (now_us, stall_us) = (clock.now_us(), u64::from(config.watchdog.stall_ms) * 1000);
        let progress = Progress::new(stall_us, now_us);
        let (judges, next) = sync_channel(WAITING);
        let mut keeper = Keeper {
            stop: Arc::clone(&stop),
            clear: Arc::clone(&signals.clear),
            supervisor: Supervisor::new(Systemd, progress.clone(), watchdog_us().is_some()),
            line_progress: progress,
            file: StatusFile::new(&config.runtime_dir),
            boot_id: boot_id(),
            camera: config.camera.name(),
            unsigned_allowed: config.trust.unsigned == Unsigned::Accept,
            judging,
            next,
            watched,
            started_at_us: now_us,
            debounced_here: line.debounced_here.clone(),
            told: State::Starting,
            is_up: false,
            fails: false,
            handle: line.handle.clone(),
            numbers,
            clock,
        };
        let thread = thread::Builder::new().name("housekeeping".to_owned()).spawn(move || keeper.work());
        Ok(Self { stop, judges, thread: Some(thread.context("the housekeeping thread cannot be started")?) })
    }

    /// Another bundle judges from now on. Does not wait.
    pub fn judges(&self, judging: Judging) {
        // It is taken within a tenth of a second, and loading another takes longer.
        let _ = self.judges.try_send(judging);
    }

    /// Whether the thread is there. It ends before its time only by a panic.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

/// Ends the thread, which removes the status file.
impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A panic in it has moved nothing.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Keeper {
    stop: Arc<AtomicBool>,
    clear: Arc<AtomicBool>,
    supervisor: Supervisor<Systemd>,
    line_progress: Progress,
    file: StatusFile,
    boot_id: String,
    camera: String,
    unsigned_allowed: bool,
    judging: Judging,
    next: Receiver<Judging>,
    watched: Option<Arc<Mutex<Watched>>>,
    started_at_us: u64,
    debounced_here: Vec<&'static str>,
    told: State,
    is_up: bool,
    fails: bool,
    handle: Handle,
    numbers: Arc<Numbers>,
    clock: MonotonicClock,
}

/// Also after a panic, nobody reads what is true no more.
impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.file.remove();
    }
}

impl Keeper {
    fn work(&mut self) {
        let mut written_at_us = 0;
        while !self.stop.load(Ordering::SeqCst) {
            reached(Stage::Housekeeping);
            if self.clear.swap(false, Ordering::SeqCst) {
                log::lines::notice("told to clear the fault");
                self.handle.clear();
            }
            let now_us = self.clock.now_us();
            let changed = self.tell_state();
            let line_goes_on = self.line_progress.goes_on(self.handle.beats(), now_us);
            // Before the station is up, the manager's limit is that of its start.
            if self.is_up && line_goes_on {
                // Nobody is left to tell if the service manager does not listen.
                let _ = self.supervisor.tick(self.numbers.attempts(), now_us);
            }
            if let Ok(next) = self.next.try_recv() {
                self.judging = next;
            }
            if let Some(trial) = &mut self.judging.trial {
                if let Some(watched) = &self.watched {
                    trial.follow(&lock(watched).pointer);
                }
                let tallies = self.numbers.tallies();
                trial.watch(&tallies.0);
            }
            if changed || now_us.saturating_sub(written_at_us) >= STATUS_EVERY_US {
                written_at_us = now_us;
                self.write_status(now_us);
            }
            thread::sleep(INTERVAL);
        }
        self.tell_state();
        let _ = self.supervisor.stopping();
    }

    /// Logs a change of state and tells the service manager; says whether there was one.
    fn tell_state(&mut self) -> bool {
        let state = self.handle.state();
        if state == self.told {
            return false;
        }
        log::lines::state_changed(self.told.name(), state.name(), fault_of(state).unwrap_or("as it should"));
        self.told = state;
        // With a fault it is up, too: it has its lamps, its status, and can be cleared.
        let told = if !self.is_up && !matches!(state, State::Starting | State::SelfTest | State::Stopping) {
            self.is_up = true;
            self.supervisor.ready(state.name())
        } else {
            self.supervisor.status(fault_of(state).unwrap_or(state.name()))
        };
        let _ = told;
        true
    }

    fn write_status(&mut self, now_us: u64) {
        let state = self.handle.state();
        let counters = self.handle.counters();
        let tallies = self.numbers.tallies();
        let watched = self.watched.as_deref().map(lock);
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            boot_id: &self.boot_id,
            written_at_us: now_us,
            uptime_us: now_us - self.started_at_us,
            state: state.name(),
            ready: state == State::Ready,
            fault: fault_of(state),
            bundle: self.judging.bundle,
            trust: self.judging.trust,
            unsigned_allowed: self.unsigned_allowed,
            product: &self.judging.product,
            threshold: self.judging.threshold,
            threshold_source: self.judging.threshold_source,
            camera: &self.camera,
            store: self.judging.trial.as_ref().map(StoreTrial::status),
            swaps: watched.as_ref().map(|watched| &watched.swaps),
            inspections: &tallies.0,
            line: &counters,
            latency_us: &tallies.1,
            dropped_records: self.numbers.dropped_records(),
            kept_images: self.numbers.images().kept(),
            dropped_images: self.numbers.images().dropped(),
            dropped_log_entries: log::logger::dropped(),
            debounced_here: &self.debounced_here,
            missed_triggers: counters.faults.of(FaultReason::TriggerMissed),
        };
        let written = self.file.write(&status);
        drop(tallies);
        match (written, self.fails) {
            (Ok(()), _) => self.fails = false,
            (Err(error), false) => {
                self.fails = true;
                log::lines::notice(&format!("the status cannot be written: {error}"));
            }
            (Err(_), true) => {}
        }
    }
}
