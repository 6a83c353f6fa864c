//! The line thread: waits for the next input, gate moment or end of a pulse, and moves the outputs. Generic over pins,
//! inputs and clock.
//!
//! It holds the lock while it moves outputs, so that a fault that another thread reports comes before or after a
//! movement, never between the decision and the edge. It touches neither the model nor the disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use embedded_hal::digital::OutputPin;
use shared::verdict::FaultReason;

use super::handle::{LineHandle, Shared};
use super::outputs_due::Accept;
use super::queue::Line;
use super::state::{Event, FaultKind, State};
use crate::actuator::{OutputError, OutputName, Outputs};
use crate::clock::Clock;
use crate::trial::{Stage, reached};
use crate::trigger::{Input, InputError, Inputs, Wake};

/// The longest wait: half a second, so that [`LineHandle::beats`] grows.
const LONGEST_WAIT_US: u64 = 500_000;

/// How often an output that failed is tried again, at the least; every wake-up call does it, too.
const RETRY_US: u64 = 100_000;

/// The line thread's work. Made by [`connect`]; [`run`](Self::run) it on a thread of its own.
#[derive(Debug)]
pub struct Driver<P: OutputPin, I, C: Clock> {
    // Dropped first: safe outputs come before all else.
    outputs: Outputs<P>,
    inputs: I,
    shared: Arc<Shared<C>>,
    ticks: u64,
    on_failure: fn(&OutputError),
    /// The outputs that have failed since all of them last did what they were told.
    failed: [bool; OutputName::ALL.len()],
}

/// Why the line thread ended.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The inputs can no longer be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The outputs may not be safe.
    #[error("the outputs could not be made safe at the end")]
    Output(#[from] OutputError),
}

/// Puts a line together: the handle for the inspection thread, and the work of the line thread.
///
/// `wake` ends the waiting of `inputs`. `on_failure` is told of every output that fails, on the line thread: once until
/// all outputs do what they are told again.
pub fn connect<P: OutputPin, I: Inputs, C: Clock>(
    line: Line,
    outputs: Outputs<P>,
    inputs: I,
    wake: Arc<dyn Wake>,
    clock: C,
    on_failure: fn(&OutputError),
) -> (LineHandle<C>, Driver<P, I, C>) {
    let shared = Arc::new(Shared::new(line, clock, wake));
    let handle = LineHandle::new(Arc::clone(&shared));
    (handle, Driver { outputs, inputs, shared, ticks: 0, on_failure, failed: Default::default() })
}

impl<P: OutputPin, I: Inputs, C: Clock> Driver<P, I, C> {
    /// Works until [`LineHandle::stop`]. All outputs are safe afterwards, also if it panics.
    ///
    /// # Errors
    ///
    /// [`LineError`] if it had to end by itself, or the outputs may not be safe at the end.
    pub fn run(mut self) -> Result<(), LineError> {
        while !self.shared.stop.load(Ordering::SeqCst) {
            self.step()?;
        }
        self.act();
        Ok(self.outputs.make_safe()?)
    }

    #[cfg(test)]
    pub(super) fn inputs_mut(&mut self) -> &mut I {
        &mut self.inputs
    }

    /// Moves the outputs as is due, then waits for whatever comes next.
    pub(super) fn step(&mut self) -> Result<(), InputError> {
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
        reached(Stage::Line);
        let wait_us = self.act();
        let Self { inputs, shared, ticks, .. } = self;
        let waited = inputs.wait(Duration::from_micros(wait_us), &mut |input| {
            let mut line = shared.line();
            match input {
                // The line counts what went wrong.
                Input::Trigger { at_us } => drop(line.trigger(at_us, *ticks)),
                Input::Tick { at_us } => {
                    *ticks = ticks.wrapping_add(1);
                    line.encoder(at_us, *ticks);
                }
                Input::Missed { at_us, lost } => line.missed(at_us, lost),
                Input::Reset { .. } => {
                    // As of now: a part between the button and here is no exception.
                    let now_us = shared.clock.now_us();
                    line.on(Event::Clear, now_us);
                }
            }
        });
        if waited.is_err() {
            shared.line().missed(shared.clock.now_us(), 1);
            self.act();
        }
        waited
    }

    /// Moves the outputs until nothing is due, and returns for how long that will be so, in microseconds.
    fn act(&mut self) -> u64 {
        loop {
            let mut line = self.shared.line();
            let now_us = self.shared.clock.now_us();
            let actions = line.advance(now_us, self.ticks);
            let rises = matches!(actions.accept, Accept::Rise { .. });
            let accept = match actions.accept {
                Accept::Keep => self.outputs.settle(),
                Accept::Rise { pass, .. } => self.outputs.rise(pass),
                Accept::Fall => self.outputs.fall(),
            };
            if rises {
                reached(Stage::Pulse);
            }
            let failed_to_rise = rises && accept.is_err();
            if let Err(error) = accept.and_then(|()| self.outputs.set(&actions.levels)) {
                let is_known = self.failed.contains(&true)
                    && matches!(line.state(), State::Faulted { latched: true, .. } | State::Stopping);
                let mut safe = Ok(());
                if !is_known {
                    // Nothing is known of the outputs: accept to rest, ready off, then what the fault's lamps show.
                    line.output_failed(failed_to_rise);
                    safe = self.outputs.make_safe();
                }
                let levels = line.advance(now_us, self.ticks).levels;
                let shown = self.outputs.set(&levels);
                // Whoever is told may take a while; nobody waits for it with the line.
                drop(line);
                for error in [Some(error), safe.err(), shown.err()].iter().flatten() {
                    if !std::mem::replace(&mut self.failed[error.output as usize], true) || !is_known {
                        (self.on_failure)(error);
                    }
                }
                return RETRY_US;
            }
            self.failed = Default::default();
            match line.next_event_us().map(|at_us| at_us.saturating_sub(now_us)) {
                Some(0) => {}
                Some(wait_us) => return wait_us.min(LONGEST_WAIT_US),
                None => return LONGEST_WAIT_US,
            }
        }
    }
}

impl<P: OutputPin, I, C: Clock> Drop for Driver<P, I, C> {
    fn drop(&mut self) {
        // Before anything that may have to wait.
        let _ = self.outputs.make_safe();
        self.shared.running.store(false, Ordering::SeqCst);
        self.shared.line().fault(FaultReason::LineFaulted, FaultKind::Latched);
    }
}
