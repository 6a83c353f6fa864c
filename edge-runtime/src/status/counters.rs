//! How many inspections had which verdict, and faults by reason, since the start of the process.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use shared::verdict::FaultReason;
use shared::wire::RecordedVerdict;

/// Counts verdicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    passes: u64,
    rejects: u64,
    /// In the order of [`FaultReason::ALL`].
    faults: [u64; FaultReason::ALL.len()],
}

impl Counters {
    /// Counts one inspection.
    pub fn count(&mut self, verdict: &RecordedVerdict) {
        match verdict {
            RecordedVerdict::Pass => self.passes += 1,
            RecordedVerdict::Reject => self.rejects += 1,
            RecordedVerdict::Fault(reason) => {
                let index = FaultReason::ALL.iter().position(|known| known == reason);
                if let Some(count) = index.and_then(|index| self.faults.get_mut(index)) {
                    *count += 1;
                }
            }
        }
    }

    /// Parts that passed.
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// Parts that were rejected.
    pub fn rejects(&self) -> u64 {
        self.rejects
    }

    /// Parts that could not be judged.
    pub fn faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.passes + self.rejects + self.faults()
    }

    /// The reasons that were found, with their counts, by ascending code.
    pub fn reasons(&self) -> impl Iterator<Item = (FaultReason, u64)> {
        FaultReason::ALL.into_iter().zip(self.faults).filter(|(_, count)| *count > 0)
    }
}

/// `{"total":3,"pass":1,"reject":0,"fault":2,"frame_stale":2}`: the reasons that were found follow the verdicts.
impl Serialize for Counters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("total", &self.total())?;
        map.serialize_entry("pass", &self.passes)?;
        map.serialize_entry("reject", &self.rejects)?;
        map.serialize_entry("fault", &self.faults())?;
        for (reason, count) in self.reasons() {
            map.serialize_entry(reason.name(), &count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_and_reason_is_counted_once() {
        let mut counters = Counters::default();
        counters.count(&RecordedVerdict::Pass);
        counters.count(&RecordedVerdict::Reject);
        for (index, reason) in FaultReason::ALL.into_iter().enumerate() {
            (0..=index).for_each(|_| counters.count(&RecordedVerdict::Fault(reason)));
        }
        let reasons = FaultReason::ALL.len() as u64;
        assert_eq!(counters.faults(), reasons * (reasons + 1) / 2);
        assert_eq!(counters.total(), 2 + counters.faults());
        assert!(counters.reasons().map(|(_, count)| count).eq(1..=reasons));
    }

    #[test]
    fn only_reasons_that_were_found_are_written() {
        let mut counters = Counters::default();
        counters.count(&RecordedVerdict::Fault(FaultReason::FrameStale));
        let json = serde_json::to_string(&counters).unwrap();
        assert_eq!(json, r#"{"total":1,"pass":0,"reject":0,"fault":1,"frame_stale":1}"#);
    }
}
