//! One part between its trigger and the gate. It is armed as reject: only a pass that is kept here disarms it.

use shared::verdict::{FaultReason, Pass};

/// The number of a part: counts the triggers that armed one, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(u64);

impl PartId {
    /// No part has this number.
    pub(super) const NONE: Self = Self(0);

    /// The part of an output that leads nowhere.
    pub(crate) const UNWIRED: Self = Self(0);

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// A pass in time: the part goes through unless something happens before the gate.
    Armed,
    /// The part is not good enough, and is diverted.
    Rejected,
    /// The part is diverted whatever its verdict was.
    Diverted(FaultReason),
}

/// What is known of a part so far.
#[derive(Debug)]
pub(super) enum Decision {
    /// No verdict yet: a reject.
    Waiting,
    /// Passed, and when that was decided.
    Passed { pass: Pass, decided_at_us: u64 },
    /// Diverted for good, and counted.
    Rejected,
    /// Diverted for good, and counted.
    Diverted(FaultReason),
}

/// A part in flight.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: PartId,
    pub(super) triggered_at_us: u64,
    pub(super) frame_at_us: Option<u64>,
    pub(super) gate: GateMoment,
    pub(super) decision: Decision,
}

/// When the part is at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GateMoment {
    /// Once the encoder counts so far.
    AtTicks(u64),
    /// At this time.
    AtMicros(u64),
    /// Never: the encoder would have to count beyond its range.
    Never,
}

impl Part {
    /// The time at the gate, if it is known.
    pub(super) fn gate_us(&self) -> Option<u64> {
        match self.gate {
            GateMoment::AtMicros(at_us) => Some(at_us),
            GateMoment::AtTicks(_) | GateMoment::Never => None,
        }
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self.decision, Decision::Waiting)
    }

    /// Whether it is counted as rejected or diverted.
    pub(super) fn is_counted(&self) -> bool {
        matches!(self.decision, Decision::Rejected | Decision::Diverted(_))
    }
}
