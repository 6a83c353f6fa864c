//! `outputs`: drives every output safe, for the service before it starts the station and after that has ended.

use std::io::{self, Write};

use anyhow::Context;
use edge_runtime::actuator::Outputs;
use edge_runtime::actuator::gpio::request_outputs;
use edge_runtime::actuator::traced::{self, traced_outputs};
use edge_runtime::config::read_output_wiring;

use crate::cli::OutputsArguments;

/// Runs the command.
pub fn run(arguments: &OutputsArguments) -> anyhow::Result<()> {
    let path = &arguments.config;
    let wiring = read_output_wiring(path).with_context(|| format!("{}: [outputs] or [gate]", path.display()))?;
    let mut out = io::stdout().lock();
    if wiring.wired().next().is_none() {
        writeln!(out, "no outputs are wired")?;
        return Ok(());
    }
    match wiring.chip.to_str().and_then(|chip| chip.strip_prefix(traced::PREFIX)) {
        Some(path) => {
            let pins = traced_outputs(&wiring, path.as_ref()).with_context(|| format!("{path}: cannot be written"))?;
            Outputs::new(pins)?.make_safe()?;
        }
        None => Outputs::new(request_outputs(&wiring)?)?.make_safe()?,
    }
    for (name, line, polarity) in wiring.wired() {
        writeln!(out, "{name}: {} line {line} is inactive ({polarity})", wiring.chip.display())?;
    }
    Ok(())
}
