//! Makes sure that the station does not run, and holds its outputs in their safe state meanwhile, so that it cannot.

use std::any::Any;
use std::fs;

use anyhow::{Context, bail};
use edge_runtime::actuator::Outputs;
use edge_runtime::actuator::gpio::request_outputs;
use edge_runtime::actuator::traced::{self, traced_outputs};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::config::StationConfig;
use edge_runtime::status::{ReadStatusError, boot_id, read_status};

/// The program's name as the kernel knows it.
const NAME: &str = "edge-runtime";

/// Refuses if the status file is that of a station that runs, or of one that hangs.
pub fn refuse_beside_a_station(config: &StationConfig) -> anyhow::Result<()> {
    let found = match read_status(&config.runtime_dir, &boot_id(), MonotonicClock::new().now_us()) {
        Ok(found) => found,
        Err(ReadStatusError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error).context("whether the station runs is not known; stop it and delete the file"),
    };
    if found.age_us.is_none() {
        return Ok(()); // of an earlier run of the operating system
    }
    let name = fs::read_to_string(format!("/proc/{}/comm", found.pid)).unwrap_or_default();
    let hangs = name.trim_end() == NAME && found.pid != std::process::id();
    if !found.is_stale() || hangs {
        bail!(
            "the station runs (process {}, {}); stop it first: systemctl stop edge-runtime. A station that was killed \
             counts as running for 5 seconds",
            found.pid,
            found.state
        );
    }
    Ok(())
}

/// Outputs that are at rest, and stay so until this is dropped.
#[must_use]
pub struct HeldOutputs {
    _outputs: Option<Box<dyn Any>>,
}

/// Requests all outputs and drives them safe. Fails if another process has them.
pub fn hold_outputs(config: &StationConfig) -> anyhow::Result<HeldOutputs> {
    let wiring = config.output_wiring();
    if wiring.wired().next().is_none() {
        return Ok(HeldOutputs { _outputs: None });
    }
    let held: Box<dyn Any> = match wiring.chip.to_str().and_then(|chip| chip.strip_prefix(traced::PREFIX)) {
        Some(path) => {
            let pins = traced_outputs(&wiring, path.as_ref()).with_context(|| format!("{path}: cannot be written"))?;
            Box::new(Outputs::new(pins)?)
        }
        None => {
            let pins = request_outputs(&wiring).context("the outputs cannot be held safe; does the station run?")?;
            Box::new(Outputs::new(pins)?)
        }
    };
    Ok(HeldOutputs { _outputs: Some(held) })
}
