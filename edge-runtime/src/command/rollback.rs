//! `rollback`: makes the previous bundle the active one again.

use edge_runtime::config::StationConfig;

use super::store::{open, print};
use crate::cli::StoreArguments;

/// Runs the command.
pub fn run(arguments: &StoreArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
    let (store, judge) = open(&config)?;
    let pointer = store.roll_back(None, &judge)?;
    print(&config, &pointer, arguments.json)?;
    eprintln!("a station that runs takes it over by itself; else the next start does");
    Ok(())
}
