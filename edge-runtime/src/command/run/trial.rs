//! Arms a trial that the environment asks for. A station with real outputs refuses to start with one.

use std::env;

use anyhow::ensure;
use edge_runtime::actuator::traced;
use edge_runtime::config::StationConfig;
use edge_runtime::trial::{self, Trial, VARIABLE};

use crate::log;

/// Arms what [`VARIABLE`] says, if it is set.
pub fn arm(config: &StationConfig) -> anyhow::Result<()> {
    let Some(text) = env::var_os(VARIABLE) else { return Ok(()) };
    let trial: Trial = text.to_string_lossy().parse()?;
    let is_traced = config.gate.chip.to_string_lossy().starts_with(traced::PREFIX);
    ensure!(
        is_traced || config.outputs.wired().next().is_none(),
        "{VARIABLE} is set and outputs are wired to {}; expected gate.chip = \"{}FILE\" in a trial: unset the variable",
        config.gate.chip.display(),
        traced::PREFIX,
    );
    log::say(&format!("a trial: this process will {:?} in {:?} at time {}", trial.act, trial.stage, trial.at));
    trial::arm(trial);
    Ok(())
}
