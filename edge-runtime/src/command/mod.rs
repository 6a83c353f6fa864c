//! The commands, and what they share: opening a bundle for inspection, errors with their causes.

pub mod bench;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod check_config;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod clear;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod commission;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod confirm;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod install;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod log;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod outputs;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod preflight;
pub mod record;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod records;
pub mod replay;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod rollback;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod run;
pub mod self_test;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod status;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod store;

use std::path::Path;

use anyhow::Context;
use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use edge_runtime::reconstruct::TractReconstructor;
use edge_runtime::trust::signature_words;
use shared::wire::RecordedVerdict;

/// What the verdict of a record is called.
fn verdict_name(verdict: &RecordedVerdict) -> &'static str {
    match verdict {
        RecordedVerdict::Pass => "pass",
        RecordedVerdict::Reject => "reject",
        RecordedVerdict::Fault(_) => "fault",
    }
}

/// The code of a fault's reason.
fn reason(verdict: &RecordedVerdict) -> Option<&'static str> {
    match verdict {
        RecordedVerdict::Fault(reason) => Some(reason.name()),
        RecordedVerdict::Pass | RecordedVerdict::Reject => None,
    }
}

/// From Q24 to the unit of the score; exact, for a raw value has 26 bits at most.
fn unit(raw: u32) -> f64 {
    f64::from(raw) / f64::from(1u32 << 24)
}

/// Loads, verifies and prepares `bundle`, whoever signed it, and says who that was. Recorded frames are never stale, so
/// their age has no limit.
fn open_inspector(
    bundle: &Path,
    clock: MonotonicClock,
) -> anyhow::Result<(Inspector<TractReconstructor, MonotonicClock>, String)> {
    let file = BundleFile::read(bundle)?;
    let verified = file.verify()?;
    let inspector = Inspector::open(&verified, clock, u64::MAX)
        .with_context(|| format!("{}: the bundle cannot be used", bundle.display()))?;
    Ok((inspector, signature_words(&verified)))
}

/// The exit code of an error: that of a bundle which is refused, else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    #[cfg(all(feature = "station", target_os = "linux"))]
    {
        use edge_runtime::acceptance::Refusal;
        use edge_runtime::bundle::BundleFileError;
        use edge_runtime::store::{InstallError, StoreError};
        use edge_runtime::trust::TrustError;
        for cause in error.chain() {
            if let Some(error) = cause.downcast_ref::<InstallError>() {
                return error.code();
            }
            if let Some(error) = cause.downcast_ref::<Refusal>() {
                return error.code();
            }
            if let Some(error) = cause.downcast_ref::<TrustError>() {
                return error.exit_code();
            }
            if let Some(BundleFileError::TooLarge { .. }) = cause.downcast_ref::<BundleFileError>() {
                return 10;
            }
            if let Some(error) = cause.downcast_ref::<StoreError>() {
                return error.code();
            }
        }
    }
    let _ = error;
    1
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
