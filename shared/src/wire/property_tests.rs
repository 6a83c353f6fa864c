//! Properties of `wire`, beside it: what is written is read back, and no bytes panic.

use proptest::prelude::*;

use super::tests::{record_bytes, sealed};
use super::*;
use crate::admission::FrameStamp;
use crate::bundle::BundleId;
use crate::bundle::signature::KeyId;
use crate::score::{Score, Threshold};
use crate::testing::{manifest, manifest_bytes};
use crate::verdict::FaultReason;

fn any_record() -> impl Strategy<Value = InspectionRecord> {
    let stages = any::<[u32; 4]>().prop_map(|[preprocess, inference, score, total]| StageMicros {
        preprocess,
        inference,
        score,
        total,
    });
    (
        any::<(u64, u64, [u8; 32])>(),
        0..=Score::MAX.raw(),
        0..=Threshold::MAX.raw(),
        stages,
        0..FaultReason::ALL.len() + 3,
    )
        .prop_map(|((sequence, captured_at_us, bundle), score, threshold, stages, reason)| {
            let (score, threshold) = (Score::new(score).unwrap(), Threshold::new(threshold).unwrap());
            let verdict = match FaultReason::ALL.get(reason) {
                Some(&reason) => RecordedVerdict::Fault(reason),
                None if threshold.rejects(score) => RecordedVerdict::Reject,
                None => RecordedVerdict::Pass,
            };
            let score = (reason % 2 == 0 || reason >= FaultReason::ALL.len()).then_some(score);
            let stamp = FrameStamp { sequence, captured_at_us };
            let (trust, threshold_source) = match bundle {
                [0..128, ..] => (BundleTrust::Unsigned, ThresholdSource::Bundle),
                [a, rest @ ..] => {
                    (BundleTrust::Signed(KeyId([a; 8].map(|x: u8| x ^ rest[0]))), ThresholdSource::Station)
                }
            };
            InspectionRecord {
                stamp,
                bundle: BundleId(bundle),
                verdict,
                score,
                threshold,
                stages,
                trust,
                threshold_source,
            }
        })
}

proptest! {
    #[test]
    fn records_round_trip(record in any_record()) {
        let bytes = record_bytes(&record);
        prop_assert_eq!(InspectionRecord::decode(&bytes), Ok((record, bytes.len())));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(InspectionRecord::decode(&bytes).is_err());
        prop_assert!(Manifest::decode(&bytes).is_err());
        // Behind a valid checksum: whatever decodes is written back as the same message.
        if let Ok((record, _)) = InspectionRecord::decode(&sealed(2, 2, &bytes)) {
            prop_assert_eq!(InspectionRecord::decode(&record_bytes(&record)).unwrap().0, record);
        }
        for version in [1, 2, 3] {
            let _ = Manifest::decode(&sealed(1, version, &bytes));
        }
    }

    #[test]
    fn no_changed_payload_panics(changes in proptest::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4)) {
        let bytes = manifest_bytes(&manifest());
        let mut payload = bytes[6..bytes.len() - 4].to_vec();
        for (index, value) in changes {
            *index.get_mut(&mut payload) = value;
        }
        if let Ok((manifest, _)) = Manifest::decode(&sealed(1, 4, &payload)) {
            prop_assert_eq!(manifest.validate(), Ok(()));
        }
    }
}
