//! Starts the line thread on the pins that the configuration names, on a trace file, or on nothing.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::Context;
use edge_runtime::actuator::gpio::request_outputs;
use edge_runtime::actuator::traced::{self, traced_outputs};
use edge_runtime::actuator::{NoPin, Outputs};
use edge_runtime::clock::MonotonicClock;
use edge_runtime::config::StationConfig;
use edge_runtime::line::{Line, LineError, connect};
use edge_runtime::trigger::gpio::{GpioInputs, InputWiring};
use edge_runtime::trigger::{Bell, Inputs, Wake};
use embedded_hal::digital::OutputPin;

use super::Handle;
use crate::log;

/// The line thread at work.
pub type LineThread = JoinHandle<Result<(), LineError>>;

/// The line as the threads beside it see it.
pub struct StartedLine {
    /// Access to it.
    pub handle: Handle,
    /// Inputs that the kernel does not debounce.
    pub debounced_here: Vec<&'static str>,
}

/// Requests the pins, which makes them safe, and starts the thread.
pub fn start(config: &StationConfig, line: Line, clock: MonotonicClock) -> anyhow::Result<(StartedLine, LineThread)> {
    let wiring = config.output_wiring();
    let chip = wiring.chip.to_string_lossy().into_owned();
    if wiring.wired().next().is_none() {
        log::lines::notice("no outputs are wired: verdicts move nothing");
        return with_outputs(config, line, clock, Outputs::<NoPin>::unwired());
    }
    if let Some(path) = chip.strip_prefix(traced::PREFIX) {
        log::lines::notice(&format!("outputs are written to {path} and move nothing"));
        let pins = traced_outputs(&wiring, path.as_ref()).with_context(|| format!("{path}: cannot be written"))?;
        return with_outputs(config, line, clock, Outputs::new(pins)?);
    }
    with_outputs(config, line, clock, Outputs::new(request_outputs(&wiring)?)?)
}

fn with_outputs<P: OutputPin + Send + 'static>(
    config: &StationConfig,
    line: Line,
    clock: MonotonicClock,
    outputs: Outputs<P>,
) -> anyhow::Result<(StartedLine, LineThread)> {
    if config.outputs.wired().next().is_some() && !outputs.can_accept() {
        log::lines::notice("outputs.accept is not wired: no part can be let through");
    }
    let wiring = config.input_wiring();
    if wiring == InputWiring::default() {
        let bell = Bell::default();
        return spawn(line, clock, outputs, bell.clone(), Arc::new(bell), Vec::new());
    }
    let inputs = GpioInputs::open(&wiring)?;
    let wake = inputs.wake_up();
    let debounced_here: Vec<_> = inputs.debounced_here().collect();
    for input in &debounced_here {
        log::lines::notice(&format!("the kernel does not debounce the {input}: this program does"));
    }
    spawn(line, clock, outputs, inputs, wake, debounced_here)
}

fn spawn<P: OutputPin + Send + 'static, I: Inputs + Send + 'static>(
    line: Line,
    clock: MonotonicClock,
    outputs: Outputs<P>,
    inputs: I,
    wake: Arc<dyn Wake>,
    debounced_here: Vec<&'static str>,
) -> anyhow::Result<(StartedLine, LineThread)> {
    let (handle, driver) = connect(line, outputs, inputs, wake, clock, log::lines::output_failed);
    let thread = thread::Builder::new().name("line".to_owned()).spawn(move || driver.run());
    Ok((StartedLine { handle, debounced_here }, thread.context("the line thread cannot be started")?))
}
