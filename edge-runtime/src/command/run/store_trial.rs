//! The trial of the bundle that runs: counts the parts that it judged, and confirms it after enough of them. A fault of
//! the model starts the count anew. Confirming waits for the disk, so a thread of its own does it.

use std::thread::{self, JoinHandle};

use anyhow::Context;
use edge_runtime::config::StationConfig;
use edge_runtime::status::{Counters, StoreStatus};
use edge_runtime::store::Confirmed;
use shared::bundle::BundleId;
use shared::verdict::FaultReason;
use shared::wire::StorePointer;

use crate::command::store::open;
use crate::log;

/// After a failure to confirm it is tried again when so many more parts were judged.
const RETRY_PARTS: u64 = 100;

/// What the model is to blame for.
const FAULTS: [FaultReason; 5] = [
    FaultReason::InferenceFailed,
    FaultReason::OutputNotFinite,
    FaultReason::OutputSize,
    FaultReason::ScoreFailed,
    FaultReason::SelfTestFailed,
];

/// Watches the trial.
pub struct StoreTrial {
    config: StationConfig,
    pointer: StorePointer,
    running: BundleId,
    id: Option<BundleId>,
    count: Count,
    confirming: Option<JoinHandle<anyhow::Result<StorePointer>>>,
}

impl StoreTrial {
    /// The trial of `id`; none: there is none, and the pointer is only shown. The station runs `running`.
    pub fn new(config: &StationConfig, pointer: StorePointer, running: BundleId, id: Option<BundleId>) -> Self {
        let count = Count::new(u64::from(pointer.trial_parts_left));
        Self { config: config.clone(), pointer, running, id, count, confirming: None }
    }

    /// Counts only what is judged after this.
    pub fn begins_at(&mut self, counters: &Counters) {
        self.count.seen = (judged(counters), model_faults(counters));
    }

    /// Takes note of a pointer that another process, or the thread that swaps, has written.
    pub fn follow(&mut self, pointer: &StorePointer) {
        if pointer.generation <= self.pointer.generation {
            return;
        }
        self.pointer = *pointer;
        if let Some(id) = self.id.take_if(|_| pointer.confirmed || pointer.active != self.running) {
            let word = if pointer.active == self.running { "confirmed" } else { "not active any more" };
            log::lines::notice(&format!("store: {id} is {word}"));
        }
    }

    /// The store as the status shows it.
    pub fn status(&self) -> StoreStatus {
        let known = StoreStatus::from(&self.pointer);
        if self.id.is_none() {
            return known;
        }
        let trial_parts_left = u32::try_from(self.count.needed).unwrap_or(u32::MAX).min(known.trial_parts);
        StoreStatus { trial_parts_judged: known.trial_parts - trial_parts_left, trial_parts_left, ..known }
    }

    /// Looks at what was judged since the start; confirms, once it is enough.
    pub fn watch(&mut self, counters: &Counters) {
        let Some(id) = self.id else { return };
        if let Some(thread) = self.confirming.take_if(|thread| thread.is_finished()) {
            match thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a panic"))) {
                Ok(pointer) => {
                    log::lines::notice(&format!("store: {id} is confirmed"));
                    (self.pointer, self.id) = (pointer, None);
                }
                Err(error) => {
                    log::lines::notice(&format!("store: {id} cannot be confirmed: {error:#}"));
                    self.count.needed = RETRY_PARTS;
                }
            }
            return;
        }
        if self.confirming.is_none() && self.count.is_enough(judged(counters), model_faults(counters)) {
            let config = self.config.clone();
            let confirm = move || {
                let (store, judge) = open(&config)?;
                let (Confirmed::Now(pointer) | Confirmed::Before(pointer)) = store.confirm(Some(id), &judge)?;
                Ok(pointer)
            };
            match thread::Builder::new().name("confirm".to_owned()).spawn(confirm).context("no thread") {
                Ok(thread) => self.confirming = Some(thread),
                Err(error) => log::lines::notice(&format!("store: {id} cannot be confirmed: {error:#}")),
            }
        }
    }
}

/// Parts without a fault of the model.
struct Count {
    /// How many in a row are needed.
    parts: u64,
    /// How many more are needed.
    needed: u64,
    /// Parts that were judged, and faults of the model, when this was last looked at.
    seen: (u64, u64),
}

impl Count {
    fn new(parts: u64) -> Self {
        Self { parts, needed: parts, seen: (0, 0) }
    }

    /// Whether it is enough with so many judged and so many faults of the model since the start. Parts that came
    /// between two looks with a fault among them do not count.
    fn is_enough(&mut self, judged: u64, faults: u64) -> bool {
        let more = judged.saturating_sub(self.seen.0);
        self.needed = if faults > self.seen.1 { self.parts } else { self.needed.saturating_sub(more) };
        self.seen = (judged, faults);
        self.needed == 0
    }
}

fn judged(counters: &Counters) -> u64 {
    counters.passes() + counters.rejects()
}

fn model_faults(counters: &Counters) -> u64 {
    counters.reasons().filter(|(reason, _)| FAULTS.contains(reason)).map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::wire::RecordedVerdict;

    #[test]
    fn a_fault_of_the_model_starts_the_count_anew() {
        let mut count = Count::new(3);
        assert!(!count.is_enough(2, 0));
        assert!(!count.is_enough(3, 1));
        assert_eq!(count.needed, 3);
        assert!(!count.is_enough(5, 1));
        assert!(count.is_enough(6, 1));
    }

    #[test]
    fn faults_of_camera_and_line_are_not_the_models() {
        let mut counters = Counters::default();
        for reason in FaultReason::ALL {
            counters.count(&RecordedVerdict::Fault(reason));
        }
        counters.count(&RecordedVerdict::Reject);
        assert_eq!((judged(&counters), model_faults(&counters)), (1, 5));
    }
}
