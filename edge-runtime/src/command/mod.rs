//! The commands, and what they share: opening a bundle for inspection.

pub mod bench;
pub mod replay;

use std::path::Path;

use anyhow::Context;
use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use edge_runtime::reconstruct::TractReconstructor;

/// Loads, verifies and prepares `bundle`. Recorded frames are never stale, so their age has no limit.
fn open_inspector(
    bundle: &Path,
    clock: MonotonicClock,
) -> anyhow::Result<Inspector<TractReconstructor, MonotonicClock>> {
    let file = BundleFile::read(bundle)?;
    Inspector::open(&file.verify()?, clock, u64::MAX)
        .with_context(|| format!("{}: the bundle cannot be used", bundle.display()))
}
