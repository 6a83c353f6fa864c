//! The record of version 1, which is read and no longer written: no bundle was signed, every threshold was the
//! bundle's.
//!
//! The fields and their order never change.

use serde::Deserialize;

use super::record::{BundleTrust, InspectionRecord, RecordedVerdict, StageMicros, ThresholdSource};
use crate::admission::FrameStamp;
use crate::bundle::BundleId;
use crate::score::{Score, Threshold};

/// The fields of version 1.
#[derive(Deserialize)]
pub(super) struct RecordV1 {
    stamp: FrameStamp,
    bundle: BundleId,
    verdict: RecordedVerdict,
    score: Option<Score>,
    threshold: Threshold,
    stages: StageMicros,
}

impl From<RecordV1> for InspectionRecord {
    fn from(old: RecordV1) -> Self {
        Self {
            stamp: old.stamp,
            bundle: old.bundle,
            verdict: old.verdict,
            score: old.score,
            threshold: old.threshold,
            stages: old.stages,
            trust: BundleTrust::Unsigned,
            threshold_source: ThresholdSource::Bundle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::from_hex;

    /// What the first stations wrote is read for ever.
    #[test]
    fn golden_record_of_version_1() {
        let golden = from_hex(&[
            "02 01 32 00 00 00", // kind, version, length
            "ac 02  c0 84 3d",   // sequence, captured at
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "01  01 d0 0f  e9 07",     // reject, a score, threshold
            "64  e0 5d  84 07  c9 65", // preprocess, inference, score, total
            "c4 bd bf 22",             // checksum
        ]);
        let record = InspectionRecord {
            stamp: FrameStamp { sequence: 300, captured_at_us: 1_000_000 },
            bundle: BundleId(core::array::from_fn(|index| index as u8)),
            verdict: RecordedVerdict::Reject,
            score: Score::new(2000),
            threshold: Threshold::new(1001).unwrap(),
            stages: StageMicros { preprocess: 100, inference: 12_000, score: 900, total: 13_001 },
            trust: BundleTrust::Unsigned,
            threshold_source: ThresholdSource::Bundle,
        };
        assert_eq!(InspectionRecord::decode(&golden), Ok((record, golden.len())));
    }
}
