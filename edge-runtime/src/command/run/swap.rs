//! Swaps bundles while the station runs. A thread of its own looks at the store's pointer once a second; when another
//! bundle is active, it checks, loads and tests that one beside the running one, and offers it. The inspection takes it
//! between two parts. Nothing waits for this thread: not the inspection, not the watchdog.
//!
//! A bundle that does not get as far is given up: the pointer goes back, the running one goes on. While it loads, the
//! memory of two bundles is taken.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};
use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::config::StationConfig;
use edge_runtime::own_threshold::{OwnThresholdError, required_own_threshold};
use edge_runtime::status::{RefusedSwap, SwapStatus};
use edge_runtime::store::{RealFs, Store, StoreError, Why};
use shared::bundle::BundleId;
use shared::wire::StorePointer;

use super::chosen::{self, Chosen};
use super::loading::{Loaded, LoadedBundle, StationInspector, load};
use crate::command::chain;
use crate::command::store::{StationJudge, open};
use crate::log;

/// Looks at the pointer as often as at the flag that ends it, times [`LOOK_EVERY`].
const PAUSE: Duration = Duration::from_millis(100);
const LOOK_EVERY: u32 = 10;
/// How much less than the inspection this thread counts for the processor.
const NICE: i32 = 5;

/// What the thread knows, for the status.
pub struct Watched {
    /// The pointer as it was read last.
    pub pointer: StorePointer,
    /// What became of the bundles that were to take over.
    pub swaps: SwapStatus,
}

/// What judges no more. Its memory is given back by the thread that swaps.
pub type Replaced = (StationInspector, LoadedBundle);

/// The thread, and the inspection's ends of the exchange.
pub struct Swaps {
    stop: Arc<AtomicBool>,
    ready: Receiver<Box<Loaded>>,
    replaced: SyncSender<(Replaced, u64)>,
    watched: Arc<Mutex<Watched>>,
    thread: Option<JoinHandle<()>>,
}

impl Swaps {
    /// Starts the thread. The station runs `running`, chosen at `pointer`.
    pub fn start(
        config: &StationConfig,
        pointer: StorePointer,
        running: BundleId,
        clock: MonotonicClock,
    ) -> anyhow::Result<Self> {
        let (store, judge) = open(config)?;
        let (offers, ready) = sync_channel(1);
        let (replaced, returns) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let watched = Arc::new(Mutex::new(Watched { pointer, swaps: SwapStatus::default() }));
        let mut swapper = Swapper {
            config: config.clone(),
            store,
            judge,
            clock,
            stop: Arc::clone(&stop),
            offers,
            returns,
            watched: Arc::clone(&watched),
            running,
            known: pointer,
            told: String::new(),
        };
        let thread = thread::Builder::new().name("swap".to_owned()).spawn(move || swapper.work());
        let thread = Some(thread.context("the thread that swaps bundles cannot be started")?);
        Ok(Self { stop, ready, replaced, watched, thread })
    }

    /// What the status shows of it.
    pub fn watched(&self) -> Arc<Mutex<Watched>> {
        Arc::clone(&self.watched)
    }

    /// A bundle that is to take over, tested. Never waits, takes no memory.
    pub fn ready(&self) -> Option<Box<Loaded>> {
        self.ready.try_recv().ok()
    }

    /// Gives back what was replaced, and says how long that held up the inspection. Never waits.
    pub fn taken_over(&self, replaced: Replaced, pause_us: u64) {
        // The thread waits for it; if it is gone, it is freed here.
        let _ = self.replaced.try_send((replaced, pause_us));
    }
}

/// Ends the thread, after the loading that it is at.
impl Drop for Swaps {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A panic in it has changed nothing here.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What is watched. Nothing that panics while it holds the lock leaves it half-changed.
pub fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Swapper {
    config: StationConfig,
    store: Store<RealFs>,
    judge: StationJudge,
    clock: MonotonicClock,
    stop: Arc<AtomicBool>,
    offers: SyncSender<Box<Loaded>>,
    returns: Receiver<(Replaced, u64)>,
    watched: Arc<Mutex<Watched>>,
    running: BundleId,
    /// The last pointer that was acted upon.
    known: StorePointer,
    /// The last trouble that was logged, so that it is logged once.
    told: String,
}

impl Swapper {
    fn work(&mut self) {
        // Not allowed everywhere, and not needed where a processor is free.
        let _ = rustix::process::nice(NICE);
        let mut pauses = 0;
        while !self.is_over() {
            thread::sleep(PAUSE);
            pauses += 1;
            if pauses % LOOK_EVERY == 0
                && let Err(error) = self.look()
            {
                self.tell_trouble(&format!("store: nothing can take over: {error:#}"));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn tell_trouble(&mut self, words: &str) {
        if self.told != words {
            log::lines::notice(words);
            words.clone_into(&mut self.told);
        }
    }

    /// Acts upon a pointer that has changed.
    fn look(&mut self) -> anyhow::Result<()> {
        let Some(pointer) = self.store.pointer()?.filter(|pointer| *pointer != self.known) else { return Ok(()) };
        lock(&self.watched).pointer = pointer;
        // Confirmed, or gone back to. If it is on trial, it was installed anew: its trial begins again.
        if pointer.active == self.running && pointer.confirmed {
            self.known = pointer;
            return Ok(());
        }
        // As at a start, what is wrong with this station's own threshold is no fault of the bundle and takes no try. It is
        // looked at again until it is mended, or another bundle is active.
        let required = self.config.trust.threshold;
        if let Err(error) = required_own_threshold(&self.config.state_dir, pointer.active, required) {
            let words = chain(&error);
            if self.told != words {
                self.refused(pointer.active, &words);
                self.told = words;
            }
            return Ok(());
        }
        let started = match chosen::start(&self.store, &self.judge) {
            Err(error @ StoreError::Unusable { .. }) => {
                self.known = pointer;
                self.refused(pointer.active, &format!("{:#}", anyhow::Error::from(error)));
                return Ok(());
            }
            other => other?,
        };
        self.told.clear();
        self.known = started.pointer;
        lock(&self.watched).pointer = started.pointer;
        chosen::tell(&started);
        if let Why::Unusable { error } = &started.why {
            self.refused(pointer.active, &chain(error));
        }
        let (id, is_trial) = (started.bundle.id, started.is_trial());
        if id == self.running && !is_trial {
            return Ok(());
        }
        let path = self.store.bundle_path(id);
        let file = BundleFile::from_bytes(started.bytes, &path);
        let chosen = Chosen { file, pointer: Some(started.pointer), trial: is_trial.then_some(id) };
        let may_go_back = is_trial && started.pointer.previous.is_some();
        // As at a start: whether the bundle may run is asked of a child first.
        let loaded = match self.judge.try_in_child(&path, id) {
            Err(refusal) => Err((anyhow!("{}", chain(&refusal)), refusal.is_final())),
            Ok(_) => {
                let loading = AssertUnwindSafe(|| self.load(chosen));
                panic::catch_unwind(loading).unwrap_or_else(|_| Err(anyhow!("loading it panicked"))).map_err(|error| {
                    let is_the_bundles = !error.is::<OwnThresholdError>();
                    (error, is_the_bundles)
                })
            }
        };
        match loaded {
            Ok(loaded) => {
                // An install that came meanwhile has the last word.
                if self.store.pointer()?.is_none_or(|pointer| pointer.active == id) {
                    self.hand_over(loaded, id);
                }
            }
            Err((error, is_the_bundles)) => {
                let words = format!("{error:#}");
                self.refused(id, &words);
                if may_go_back && is_the_bundles {
                    let back = chosen::give_up(&self.config, id, &words)?;
                    lock(&self.watched).pointer = back;
                }
            }
        }
        Ok(())
    }

    /// Loads and tests a bundle beside the running one.
    fn load(&self, chosen: Chosen) -> anyhow::Result<Box<Loaded>> {
        let trust = self.judge.trust();
        let mut loaded = Box::new(load(&self.config, trust, chosen, self.clock)?);
        let words = loaded.bundle.self_test(trust, &mut loaded.inspector, || ())?;
        log::lines::notice(&words);
        Ok(loaded)
    }

    /// Offers a bundle and waits until the inspection has taken it.
    fn hand_over(&mut self, loaded: Box<Loaded>, id: BundleId) {
        if self.offers.try_send(loaded).is_err() {
            return; // the inspection is gone
        }
        while !self.is_over() {
            match self.returns.recv_timeout(PAUSE) {
                Ok((replaced, pause_us)) => {
                    let before = self.running;
                    self.running = id;
                    {
                        let mut watched = lock(&self.watched);
                        let swaps = &mut watched.swaps;
                        swaps.taken_over += 1;
                        swaps.longest_pause_us = swaps.longest_pause_us.max(pause_us);
                        swaps.refused = None;
                    }
                    log::lines::notice(&format!("store: {id} has taken over from {before} within {pause_us} us"));
                    drop(replaced);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn refused(&mut self, bundle: BundleId, error: &str) {
        let running = self.running;
        log::lines::notice(&format!("store: {bundle} does not take over, {running} goes on: {error}"));
        lock(&self.watched).swaps.refused = Some(RefusedSwap { bundle, error: error.to_owned() });
    }
}
