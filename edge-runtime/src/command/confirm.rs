//! `confirm`: ends the trial of the active bundle, which is kept.

use edge_runtime::config::StationConfig;
use edge_runtime::store::Confirmed;

use super::store::{open, print};
use crate::cli::StoreArguments;

/// Runs the command.
pub fn run(arguments: &StoreArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
    let (store, judge) = open(&config)?;
    let (Confirmed::Now(pointer) | Confirmed::Before(pointer)) = store.confirm(None, &judge)?;
    print(&config, &pointer, arguments.json)
}
