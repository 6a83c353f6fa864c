//! What the line counts. Every part that was armed ends in exactly one of accepted, rejected and diverted.

use shared::verdict::FaultReason;

/// A count for each fault reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonCounts([u64; FaultReason::ALL.len()]);

impl ReasonCounts {
    /// All zero.
    pub const fn new() -> Self {
        Self([0; FaultReason::ALL.len()])
    }

    /// The count of one reason.
    pub const fn of(&self, reason: FaultReason) -> u64 {
        self.0[reason.code() as usize - 1]
    }

    /// Every reason with its count, by ascending code.
    pub fn iter(&self) -> impl Iterator<Item = (FaultReason, u64)> + '_ {
        FaultReason::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }

    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn add(&mut self, reason: FaultReason, count: u64) {
        let slot = &mut self.0[usize::from(reason.code()) - 1];
        *slot = slot.saturating_add(count);
    }
}

impl Default for ReasonCounts {
    fn default() -> Self {
        Self::new()
    }
}

/// What happened since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Trigger edges, or frames where the camera is the trigger.
    pub triggers: u64,
    /// Parts that were armed.
    pub parts: u64,
    /// Edges of the accept output.
    pub accepted: u64,
    /// Parts judged as not good enough.
    pub rejected: u64,
    /// Parts that were diverted for another reason, by reason.
    pub diverted: ReasonCounts,
    /// Faults of the station, by reason.
    pub faults: ReasonCounts,
    /// Frames that are of no part.
    pub frames_unpaired: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_count() {
        let mut counts = ReasonCounts::new();
        for reason in FaultReason::ALL {
            counts.add(reason, u64::from(reason.code()));
        }
        assert!(counts.iter().all(|(reason, count)| count == u64::from(reason.code())));
        assert_eq!(counts.total(), (1..=26).sum::<u64>());
        counts.add(FaultReason::Late, u64::MAX);
        assert_eq!(counts.of(FaultReason::Late), u64::MAX);
    }
}
