//! What the outputs have to do: levels by state, and the accept output's pulses. Pure; microseconds.

use shared::verdict::Pass;

use super::part::PartId;
use super::state::{Drive, State};

/// What the outputs have to do now.
#[derive(Debug, PartialEq, Eq)]
pub struct Actions {
    /// The accept output, which comes first.
    pub accept: Accept,
    /// All others.
    pub levels: Levels,
}

/// A movement of the accept output.
#[derive(Debug, PartialEq, Eq)]
pub enum Accept {
    /// Stay.
    Keep,
    /// Rise, and let this part through. The pass is spent by it.
    Rise {
        /// The part at the gate.
        part: PartId,
        /// Its permission.
        pass: Pass,
    },
    /// Fall back to rest.
    Fall,
}

/// Which outputs are active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Levels {
    pub ready: bool,
    pub busy: bool,
    pub fault: bool,
    pub red: bool,
    pub yellow: bool,
    pub green: bool,
}

impl Levels {
    /// The levels of a state, while a part waits for its verdict or none does.
    pub(super) fn of(state: State, waiting: bool) -> Self {
        let active = |drive| match drive {
            Drive::On => true,
            Drive::Busy => waiting,
            Drive::Off | Drive::Pulses => false,
        };
        let drives = state.drives();
        Self {
            ready: active(drives.ready),
            busy: active(drives.busy),
            fault: active(drives.fault),
            red: active(drives.red),
            yellow: active(drives.yellow),
            green: active(drives.green),
        }
    }
}

/// The accept output's pulse: active for a fixed time, then at rest for at least as long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    /// The gate moment of the last part that rose.
    last_gate_us: Option<u64>,
    /// While active: when to fall.
    fall_at_us: Option<u64>,
    /// When the rest after the last pulse is over.
    rested_at_us: u64,
}

impl Pulse {
    /// Whether a part at the gate at `gate_us` is too close to the one before it to get an edge of its own.
    pub(super) fn would_touch(&self, gate_us: u64, pulse_us: u32) -> bool {
        let both_us = 2 * u64::from(pulse_us);
        self.last_gate_us.is_some_and(|last_us| gate_us < last_us.saturating_add(both_us))
    }

    /// Begins a pulse, unless the output is active or has not rested.
    pub(super) fn rise(&mut self, gate_us: u64, now_us: u64, pulse_us: u32) -> bool {
        if self.fall_at_us.is_some() || now_us < self.rested_at_us {
            return false;
        }
        self.last_gate_us = Some(gate_us);
        self.fall_at_us = Some(now_us.saturating_add(u64::from(pulse_us)));
        true
    }

    /// Whether the pulse is over, or the state does not let it go on.
    pub(super) fn is_to_fall(&self, now_us: u64, state: State) -> bool {
        let permitted = state.drives().accept == Drive::Pulses;
        self.fall_at_us.is_some_and(|fall_at_us| !permitted || now_us >= fall_at_us)
    }

    /// Ends the pulse.
    pub(super) fn fall(&mut self, now_us: u64, pulse_us: u32) {
        self.fall_at_us = None;
        self.rested_at_us = now_us.saturating_add(u64::from(pulse_us));
    }

    /// When to fall: at once if the state does not let the pulse go on.
    pub(super) fn next_event_us(&self, state: State) -> Option<u64> {
        let permitted = state.drives().accept == Drive::Pulses;
        self.fall_at_us.map(|fall_at_us| if permitted { fall_at_us } else { 0 })
    }
}
