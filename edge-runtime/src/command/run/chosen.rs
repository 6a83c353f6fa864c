//! Which bundle this run judges with: the one that the configuration names, or the one that the store gives. One on
//! trial is tested before it takes over, and given up at once if it fails. Every decision is logged.

use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use edge_runtime::bundle::BundleFile;
use edge_runtime::config::StationConfig;
use edge_runtime::own_threshold::required_own_threshold;
use edge_runtime::store::{Judge, RealFs, Started, Store, StoreError, Why};
use shared::bundle::BundleId;
use shared::wire::StorePointer;

use super::starting::Starting;
use crate::command::chain;
use crate::command::store::{StationJudge, open};
use crate::log;

/// How long a start waits for the store: whatever is done with it takes moments.
const LOCKED_ATTEMPTS: u32 = 100;
const LOCKED_PAUSE: Duration = Duration::from_millis(100);

/// The bundle of this run.
pub struct Chosen {
    /// Its bytes.
    pub file: BundleFile,
    /// The store's pointer, if it comes from there.
    pub pointer: Option<StorePointer>,
    /// The bundle, if this run counts for its trial.
    pub trial: Option<BundleId>,
}

/// Chooses the bundle.
///
/// Whom it comes from is checked before anything in it is looked at. Then a child loads and tests it, so that a model that
/// takes memory or time, or ends its process, does it there.
pub fn choose(config: &StationConfig, starting: &Starting) -> anyhow::Result<Chosen> {
    let (store, judge) = open(config)?;
    starting.goes_on();
    if let Some(path) = &config.bundle {
        let file = BundleFile::read(path)?;
        let refused = || format!("{}: refused", path.display());
        // What was confirmed from the store is the least that is taken by another way, too.
        let id = judge.check(file.bytes(), Some(&store.floor()?)).with_context(refused)?.id;
        judge.try_in_child(path, id).with_context(|| format!("{}: the bundle is not loaded", path.display()))?;
        return Ok(Chosen { file, pointer: None, trial: None });
    }
    if let Some(pointer) = store.pointer()?.filter(|pointer| !pointer.confirmed && pointer.tries_left > 0) {
        // What is wrong with this station's own threshold is no fault of the bundle: it takes no try.
        required_own_threshold(&config.state_dir, pointer.active, config.trust.threshold)?;
    }
    // Twice: the bundle on trial, then the one before, which is none.
    for _ in 0..2 {
        starting.goes_on();
        let started = start(&store, &judge)?;
        tell(&started);
        starting.goes_on();
        let (id, is_trial, pointer) = (started.bundle.id, started.is_trial(), started.pointer);
        let file = BundleFile::from_bytes(started.bytes, &store.bundle_path(id));
        let chosen = Chosen { file, pointer: Some(pointer), trial: is_trial.then_some(id) };
        match judge.try_in_child(chosen.file.path(), id) {
            Ok(_) => return Ok(chosen),
            // What another try may not meet has taken one, and no more.
            Err(refusal) if !is_trial || pointer.previous.is_none() || !refusal.is_final() => {
                return Err(refusal)
                    .with_context(|| format!("{}: the bundle is not loaded", chosen.file.path().display()));
            }
            Err(refusal) => {
                give_up(config, id, &chain(&refusal))?;
            }
        }
    }
    bail!("two bundles on trial failed their self-test in a row; install another")
}

/// Gives up the bundle on trial that this run has, because of `why`.
pub fn give_up(config: &StationConfig, id: BundleId, why: &str) -> anyhow::Result<StorePointer> {
    log::lines::notice(&format!("store: the bundle on trial is given up: {why}"));
    let (store, judge) = open(config)?;
    let pointer = store.roll_back(Some(id), &judge).context("the bundle before cannot be made active")?;
    log::lines::notice(&format!("store: back to {}", pointer.active));
    Ok(pointer)
}

/// What the store gives to run; waits for another process that changes the store.
pub fn start(store: &Store<RealFs>, judge: &StationJudge) -> Result<Started, StoreError> {
    for _ in 0..LOCKED_ATTEMPTS {
        match store.start(judge) {
            Err(StoreError::Busy) => thread::sleep(LOCKED_PAUSE),
            other => return other,
        }
    }
    Err(StoreError::Busy)
}

/// Logs it.
pub fn tell(started: &Started) {
    let (id, pointer) = (started.bundle.id, &started.pointer);
    log::lines::notice(&match &started.why {
        Why::Confirmed => format!("store: {id} runs; it is confirmed"),
        Why::Trial => format!(
            "store: {id} runs on trial: {} parts until it is confirmed, {} starts left",
            pointer.trial_parts_left, pointer.tries_left
        ),
        Why::OnlyOne => format!("store: {id} runs; it has used up its tries, but there is no bundle before it"),
        Why::TriesUsedUp { given_up } => format!("store: {given_up} has used up its tries; back to {id}"),
        Why::Unusable { error } => format!("store: {}; back to {id}", chain(error)),
        Why::NotCounted { error } => format!("store: the trial cannot be counted: {}; {id} runs", chain(error)),
    });
}
