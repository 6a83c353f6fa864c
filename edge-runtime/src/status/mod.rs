//! What the station tells of itself: counters, latencies and state, as one JSON object in a file that is replaced whole
//! once a second. Times are in microseconds of the station's clock. It does not know how the numbers come about.
//!
//! Counting and measuring take fixed memory and allocate nothing; neither does writing the file.

mod counters;
mod file;
mod latency;
mod line;

pub use counters::Counters;
pub use file::{Found, ReadStatusError, STALE_AFTER_US, StatusFile, boot_id, read_status};
pub use latency::{Latencies, Stage};

use serde::Serialize;
use serde::Serializer;
use shared::bundle::BundleId;
use shared::score::Threshold;
use shared::wire::{BundleTrust, StorePointer, ThresholdSource};

/// The station at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct Status<'a> {
    /// The program's version.
    pub version: &'a str,
    /// The process, for `edge-runtime clear`.
    pub pid: u32,
    /// Which run of the operating system the times belong to: [`boot_id`].
    pub boot_id: &'a str,
    /// When this was written.
    pub written_at_us: u64,
    /// How long the process has been running.
    pub uptime_us: u64,
    /// The state's name.
    pub state: &'a str,
    /// Whether parts are taken. The exit code of `edge-runtime status`.
    pub ready: bool,
    /// Why the station is faulted; null if it is not.
    pub fault: Option<&'a str>,
    /// The bundle's hash.
    #[serde(serialize_with = "displayed")]
    pub bundle: BundleId,
    /// The trusted key that signed the bundle; null if none did.
    #[serde(rename = "signed_by", serialize_with = "signer")]
    pub trust: BundleTrust,
    /// Whether a bundle that no trusted key signed may be used here.
    pub unsigned_allowed: bool,
    /// What is inspected.
    pub product: &'a str,
    /// The threshold that judges, the bundle's or the station's own, in Q24.
    #[serde(rename = "threshold_raw", serialize_with = "raw")]
    pub threshold: Threshold,
    /// Whose it is: `bundle` or `station`.
    #[serde(serialize_with = "source_name")]
    pub threshold_source: ThresholdSource,
    /// The camera in words.
    pub camera: &'a str,
    /// The store; null if the configuration names a bundle.
    pub store: Option<StoreStatus>,
    /// Bundles that took over while the station ran; null if the configuration names a bundle.
    pub swaps: Option<&'a SwapStatus>,
    /// Inspections by verdict and reason.
    pub inspections: &'a Counters,
    /// Triggers, parts, diversions and faults as the line counts them.
    #[serde(serialize_with = "line::serialize")]
    pub line: &'a crate::line::Counters,
    /// Latencies of each stage since start.
    pub latency_us: &'a Latencies,
    /// Records that could not be written.
    pub dropped_records: u64,
    /// Image files written.
    pub kept_images: u64,
    /// Images that were to be kept and could not be.
    pub dropped_images: u64,
    /// Log entries that could not be written.
    pub dropped_log_entries: u64,
    /// Inputs that the kernel does not debounce, so that the station does.
    pub debounced_here: &'a [&'a str],
    /// Triggers that came while the station took none.
    pub missed_triggers: u64,
}

/// Which bundle of the store is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StoreStatus {
    /// Number of the pointer.
    pub generation: u64,
    /// The active bundle; another than the station runs, from its installation until it has taken over.
    #[serde(serialize_with = "displayed")]
    pub active: BundleId,
    /// The bundle that the station goes back to.
    #[serde(serialize_with = "displayed_option")]
    pub previous: Option<BundleId>,
    /// Starts that are left to the active bundle until it is given up.
    pub tries_left: u8,
    /// Parts that it has to judge in a row, without a fault of the model, to be confirmed; 0 if it is confirmed.
    pub trial_parts: u32,
    /// Parts of these that it has judged since the start of the process, or since it took over.
    pub trial_parts_judged: u32,
    /// Parts that are left until it is confirmed.
    pub trial_parts_left: u32,
    /// Whether it is confirmed.
    pub confirmed: bool,
}

/// How bundles took over while the station ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SwapStatus {
    /// How many did.
    pub taken_over: u64,
    /// How long the inspection was held up by that at most, in microseconds.
    pub longest_pause_us: u64,
    /// The last one that was to take over and did not; null after one that did.
    pub refused: Option<RefusedSwap>,
}

/// A bundle that did not take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedSwap {
    /// Which.
    #[serde(serialize_with = "displayed")]
    pub bundle: BundleId,
    /// Why not.
    pub error: String,
}

impl From<&StorePointer> for StoreStatus {
    fn from(pointer: &StorePointer) -> Self {
        let StorePointer { generation, active, previous, tries_left, trial_parts_left, confirmed } = *pointer;
        let (trial_parts, trial_parts_judged) = (trial_parts_left, 0);
        Self { generation, active, previous, tries_left, trial_parts, trial_parts_judged, trial_parts_left, confirmed }
    }
}

fn displayed_option<S: Serializer>(value: &Option<BundleId>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(id) => displayed(id, serializer),
        None => serializer.serialize_none(),
    }
}

fn displayed<S: Serializer>(value: &BundleId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn signer<S: Serializer>(trust: &BundleTrust, serializer: S) -> Result<S::Ok, S::Error> {
    match trust.signed_by() {
        Some(key) => serializer.collect_str(&key),
        None => serializer.serialize_none(),
    }
}

fn raw<S: Serializer>(threshold: &Threshold, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(threshold.raw())
}

fn source_name<S: Serializer>(source: &ThresholdSource, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match source {
        ThresholdSource::Bundle => "bundle",
        ThresholdSource::Station => "station",
    })
}
