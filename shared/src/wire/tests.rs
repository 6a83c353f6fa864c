//! Tests of `wire`, beside it.

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::admission::FrameStamp;
use crate::bundle::BundleId;
use crate::bundle::signature::KeyId;
use crate::difference::{InvalidRecipe, Margin, Pooling, ScoreRecipe};
use crate::image::{Region, Size};
use crate::preprocess::{Geometry, InvalidPreprocessing, Scale};
use crate::score::{Score, Threshold};
use crate::similarity::Metric;
use crate::testing::{from_hex, manifest, manifest_bytes};
use crate::verdict::FaultReason;

fn record() -> InspectionRecord {
    InspectionRecord {
        stamp: FrameStamp { sequence: 300, captured_at_us: 1_000_000 },
        bundle: BundleId(core::array::from_fn(|index| index as u8)),
        verdict: RecordedVerdict::Reject,
        score: Score::new(2000),
        threshold: Threshold::new(1001).unwrap(),
        stages: StageMicros { preprocess: 100, inference: 12_000, score: 900, total: 13_001 },
        trust: BundleTrust::Signed(KeyId(*b"key of 8")),
        threshold_source: ThresholdSource::Station,
    }
}

pub(super) fn record_bytes(record: &InspectionRecord) -> Vec<u8> {
    let mut bytes = vec![0; InspectionRecord::MAX_LEN];
    let length = record.encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// The checksum by its definition, bit by bit: the reversed polynomial 0xedb88320.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

/// A message with a valid length and checksum.
pub(super) fn sealed(kind: u8, version: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, version];
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    bytes.extend(crc32(&bytes).to_le_bytes());
    bytes
}

#[test]
fn golden_record() {
    let golden = from_hex(&[
        "02 02 3c 00 00 00", // kind, version, length
        "ac 02  c0 84 3d",   // sequence, captured at
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "01  01 d0 0f  e9 07",     // reject, a score, threshold
        "64  e0 5d  84 07  c9 65", // preprocess, inference, score, total
        "01 6b6579206f662038  01", // signed by this key, the station's threshold
        "f8 ac c4 9a",             // checksum
    ]);
    assert_eq!(record_bytes(&record()), golden);
    assert_eq!(InspectionRecord::decode(&golden), Ok((record(), golden.len())));
}

#[test]
fn golden_manifest() {
    let golden = from_hex(&[
        "01 04 73 00 00 00",               // kind, version, length
        "06 626f74746c65",                 // product
        "01 01 02 ac 02 c8 01",            // a region
        "00",                              // resize
        "c0 02 f0 01  80 05 e0 03  10 08", // accepted from, to, input
        "05 696e707574  06 6f7574707574",  // names of the tensors
        "10 08",                           // size of the model
        "00  01 02",                       // SSIM, smoothed maximum with its radius
        "03 00 00  00 ff",                 // smoothed by 3, not normalised, not masked; no margin
        "e9 07",                           // threshold
        "00 14 01 83 f4 02 e4 be 08",      // calibrated: images, rank, average and upper false rejects
        "64 f4 03 e8 07",                  // lowest, median, highest score
        "06 746573742031",                 // created by
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "07  00 02 ac 02  06 6c696e652033", // release, least program, camera
        "70 28 f5 f0",                      // checksum
    ]);
    assert_eq!(manifest_bytes(&manifest()), golden);
    assert_eq!(Manifest::decode(&golden), Ok((manifest(), golden.len())));
}

#[test]
fn golden_variants() {
    // What the two messages above leave out: pass, fault, no score; no region, fixed scale, L2, mean.
    let mut bytes = [0; 256];
    let mut payload = |record: InspectionRecord| {
        record.encode(&mut bytes).unwrap();
        bytes[43..46].to_vec()
    };
    let pass = InspectionRecord { verdict: RecordedVerdict::Pass, score: Score::new(7), ..record() };
    assert_eq!(payload(pass), [0, 1, 7]);
    let fault = InspectionRecord { verdict: RecordedVerdict::Fault(FaultReason::Late), score: None, ..record() };
    assert_eq!(payload(fault), [2, 12, 0]);
    let scale = Scale { numerator: 1, denominator: 300 };
    assert_eq!(postcard::to_slice(&Geometry::FixedScale(scale), &mut bytes).unwrap(), [1, 1, 0xac, 2]);
    assert_eq!(postcard::to_slice(&None::<Region>, &mut bytes).unwrap(), [0]);
    assert_eq!(postcard::to_slice(&Metric::L2, &mut bytes).unwrap(), [1]);
    assert_eq!(postcard::to_slice(&Pooling::Mean, &mut bytes).unwrap(), [0]);
    let pooling = Pooling::TopMean { pixels: 300 };
    let margin = Margin { width: 16, weight: 200 };
    let plain = ScoreRecipe::new(Metric::SsimGaussian, pooling);
    let recipe = ScoreRecipe { smoothing: 4, normalised: true, masked: true, margin, ..plain };
    assert_eq!(postcard::to_slice(&recipe, &mut bytes).unwrap(), [2, 2, 0xac, 2, 4, 1, 1, 16, 200]);
}

#[test]
fn the_checksum_is_the_common_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(sealed(2, 2, &record_bytes(&record())[6..66]), record_bytes(&record()));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = record_bytes(&record());
    for length in 0..bytes.len() {
        let error = InspectionRecord::decode(&bytes[..length]).unwrap_err();
        assert!(matches!(error, WireError::Truncated { found, needed } if found == length && needed > length));
    }
    let bytes = manifest_bytes(&manifest());
    for length in 0..bytes.len() {
        let error = Manifest::decode(&bytes[..length]).unwrap_err();
        assert!(matches!(error, WireError::Truncated { found, needed } if found == length && needed > length));
    }
}

#[test]
fn every_bit_flip_is_refused() {
    let (mut record, mut manifest) = (record_bytes(&record()), manifest_bytes(&manifest()));
    for bit in 0..8 * record.len() {
        record[bit / 8] ^= 1 << (bit % 8);
        assert!(InspectionRecord::decode(&record).is_err(), "bit {bit}");
        record[bit / 8] ^= 1 << (bit % 8);
    }
    for bit in 0..8 * manifest.len() {
        manifest[bit / 8] ^= 1 << (bit % 8);
        assert!(Manifest::decode(&manifest).is_err(), "bit {bit}");
        manifest[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn envelopes_are_checked() {
    let bytes = record_bytes(&record());
    let payload = &bytes[6..bytes.len() - 4];
    let decode = |bytes: &[u8]| InspectionRecord::decode(bytes).unwrap_err();
    let expected = MessageKind::Record;
    assert_eq!(decode(&sealed(1, 2, payload)), WireError::Kind { found: 1, expected });
    let error = WireError::Kind { found: 9, expected };
    assert_eq!(error.to_string(), "found a message of the kind 9, expected 2 (Record)");
    for found in [0, 3, 255] {
        let kind = MessageKind::Record;
        assert_eq!(decode(&sealed(2, found, payload)), WireError::Version { kind, found, newest: 2 });
    }
    assert_eq!(decode(&sealed(2, 2, &[0; 247])), WireError::TooLong { found: 247, max: 246 });
    let huge = [2, 1, 255, 255, 255, 255, 0, 0, 0, 0];
    assert_eq!(decode(&huge), WireError::TooLong { found: u32::MAX, max: 246 });
    let trailing = decode(&sealed(2, 2, &[payload, &[0]].concat()));
    assert_eq!(trailing, WireError::TrailingPayload { found: 1 });
    let short = decode(&sealed(2, 2, &payload[..payload.len() - 1]));
    let source = postcard::Error::DeserializeUnexpectedEnd;
    assert_eq!(short, WireError::Payload { kind: MessageKind::Record, source });
    let mut changed = bytes.clone();
    changed[10] ^= 1;
    let computed = crc32(&changed[..changed.len() - 4]);
    let found = crc32(&bytes[..bytes.len() - 4]);
    assert_eq!(decode(&changed), WireError::Checksum { found, computed });
}

#[test]
fn messages_can_follow_one_another() {
    let first = record_bytes(&record());
    let bytes = [&*first, &*first, b"rest"].concat();
    let (found, length) = InspectionRecord::decode(&bytes).unwrap();
    assert_eq!((found, length), (record(), first.len()));
    assert_eq!(InspectionRecord::decode(&bytes[length..]), Ok((record(), first.len())));
}

#[test]
fn buffers_that_are_too_short_are_refused() {
    for (bytes, enough) in [(record_bytes(&record()), 256), (manifest_bytes(&manifest()), 1024)] {
        for found in 0..bytes.len() {
            let error = if enough == 256 {
                record().encode(&mut vec![0; found])
            } else {
                manifest().encode(&mut vec![0; found])
            };
            assert_eq!(error, Err(WireError::BufferTooShort { found, enough }));
        }
    }
}

#[test]
fn the_longest_messages_fit() {
    let name = Name::try_from(&*"x".repeat(NAME_LEN)).unwrap();
    let side = Size::new(16384, 16384);
    let mut longest = manifest();
    (longest.product, longest.created_by) = (name.clone(), name.clone());
    (longest.model.input_name, longest.model.output_name, longest.model.size) = (name.clone(), name.clone(), side);
    (longest.release, longest.minimum_runtime, longest.camera) = (u32::MAX, [u16::MAX; 3], name);
    longest.preprocessing.input = side;
    longest.preprocessing.accepted = crate::preprocess::AcceptedSizes { min: side, max: side };
    longest.preprocessing.region = Some(Region { x: 8192, y: 8192, width: 8192, height: 8192 });
    longest.preprocessing.geometry = Geometry::FixedScale(Scale { numerator: u16::MAX, denominator: u16::MAX });
    longest.recipe = ScoreRecipe::new(Metric::L2, Pooling::TopMean { pixels: 16384 * 16384 });
    longest.threshold = Threshold::MAX;
    longest.evidence = ThresholdEvidence::Calibrated {
        images: u32::MAX,
        rank: u32::MAX,
        average_false_rejects_ppm: 1_000_000,
        upper95_false_rejects_ppm: 1_000_000,
        lowest: Score::MAX,
        median: Score::MAX,
        highest: Score::MAX,
    };
    let bytes = manifest_bytes(&longest);
    assert_eq!(bytes.len(), 456 + OVERHEAD);
    assert_eq!(Manifest::decode(&bytes), Ok((longest, bytes.len())));

    let longest = InspectionRecord {
        stamp: FrameStamp { sequence: u64::MAX, captured_at_us: u64::MAX },
        verdict: RecordedVerdict::Fault(FaultReason::Late),
        score: Some(Score::MAX),
        threshold: Threshold::MAX,
        stages: StageMicros { preprocess: u32::MAX, inference: u32::MAX, score: u32::MAX, total: u32::MAX },
        ..record()
    };
    let bytes = record_bytes(&longest);
    assert_eq!(bytes.len(), 93 + OVERHEAD);
    assert_eq!(InspectionRecord::decode(&bytes), Ok((longest, bytes.len())));
}

#[test]
fn records_that_contradict_themselves_are_refused() {
    let attempt = |verdict, raw: Option<u32>, threshold| {
        let score = raw.map(|raw| Score::new(raw).unwrap());
        let record = InspectionRecord { verdict, score, threshold: Threshold::new(threshold).unwrap(), ..record() };
        let written = record.encode(&mut [0; InspectionRecord::MAX_LEN]);
        // The same values, written without the check.
        let mut bytes = [0; 256];
        let read = InspectionRecord::decode(&sealed(2, 2, postcard::to_slice(&record, &mut bytes).unwrap()));
        assert_eq!(written.as_ref().err(), read.as_ref().err());
        written.is_ok()
    };
    assert!(attempt(RecordedVerdict::Pass, Some(9), 10));
    assert!(!attempt(RecordedVerdict::Pass, Some(10), 10));
    assert!(!attempt(RecordedVerdict::Pass, None, 10));
    assert!(attempt(RecordedVerdict::Reject, Some(10), 10));
    assert!(!attempt(RecordedVerdict::Reject, Some(9), 10));
    assert!(!attempt(RecordedVerdict::Reject, None, 10));
    for reason in FaultReason::ALL {
        for raw in [None, Some(9), Some(10)] {
            assert!(attempt(RecordedVerdict::Fault(reason), raw, 10));
        }
    }
}

#[test]
fn manifests_out_of_range_are_refused() {
    let attempt = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        let mut bytes = [0; 1024];
        let read = Manifest::decode(&sealed(1, 4, postcard::to_slice(&manifest, &mut bytes).unwrap()));
        assert_eq!(manifest.encode(&mut [0; 1024]).err(), read.as_ref().err().cloned());
        match read {
            Err(WireError::Manifest(invalid)) => invalid,
            other => panic!("{other:?}"),
        }
    };
    for text in ["", "two\nlines", "null\0"] {
        let name = Name::try_from(text).unwrap();
        let invalid = |field| InvalidManifest::Name { field };
        assert_eq!(attempt(&|manifest| manifest.product = name.clone()), invalid("product"));
        assert_eq!(attempt(&|manifest| manifest.model.input_name = name.clone()), invalid("input name"));
        assert_eq!(attempt(&|manifest| manifest.model.output_name = name.clone()), invalid("output name"));
        assert_eq!(attempt(&|manifest| manifest.created_by = name.clone()), invalid("creator"));
    }
    let camera = Name::try_from("a\tb").unwrap();
    assert_eq!(attempt(&|manifest| manifest.camera = camera.clone()), InvalidManifest::Camera);
    assert_eq!(attempt(&|manifest| manifest.release = 0), InvalidManifest::Release);
    let region = Region { x: 30, y: 0, width: 300, height: 1 };
    let min = manifest().preprocessing.accepted.min;
    assert_eq!(
        attempt(&|manifest| manifest.preprocessing.region = Some(region)),
        InvalidManifest::Preprocessing(InvalidPreprocessing::RegionOutside { region, min })
    );
    let (model, input) = (Size::new(16, 9), Size::new(16, 8));
    assert_eq!(attempt(&|manifest| manifest.model.size = model), InvalidManifest::ModelSize { model, input });
    assert_eq!(
        attempt(&|manifest| manifest.recipe.pooling = Pooling::SmoothedMaximum { radius: 4 }),
        InvalidManifest::Recipe(InvalidRecipe::WindowTooLarge { window: 9, side: 8 })
    );
    let evidence = |images, rank, rate, scores: [u32; 3]| {
        let [lowest, median, highest] = scores.map(|raw| Score::new(raw).unwrap());
        ThresholdEvidence::Calibrated {
            images,
            rank,
            average_false_rejects_ppm: rate,
            upper95_false_rejects_ppm: 0,
            lowest,
            median,
            highest,
        }
    };
    for (evidence, expected) in [
        (evidence(0, 0, 0, [0; 3]), InvalidManifest::Rank { rank: 0, images: 0 }),
        (evidence(5, 0, 0, [0; 3]), InvalidManifest::Rank { rank: 0, images: 5 }),
        (evidence(5, 6, 0, [0; 3]), InvalidManifest::Rank { rank: 6, images: 5 }),
        (evidence(5, 5, 1_000_001, [0; 3]), InvalidManifest::Rate { found: 1_000_001 }),
    ] {
        assert_eq!(attempt(&|manifest| manifest.evidence = evidence), expected);
    }
    for scores in [[1, 0, 2], [0, 2, 1]] {
        let found = attempt(&|manifest| manifest.evidence = evidence(5, 1, 0, scores));
        assert!(matches!(found, InvalidManifest::ScoreOrder { .. }));
    }
}

#[test]
fn integers_out_of_range_are_refused_by_their_types() {
    let mut bytes = manifest_bytes(&manifest());
    // The threshold e9 07 becomes 2^32 - 1 in five bytes.
    let at = bytes.windows(2).position(|pair| pair == [0xe9, 0x07]).unwrap();
    bytes.splice(at..at + 2, [255, 255, 255, 255, 15]);
    let payload = &bytes[6..bytes.len() - 4];
    let source = postcard::Error::SerdeDeCustom;
    assert_eq!(
        Manifest::decode(&sealed(1, 4, payload)),
        Err(WireError::Payload { kind: MessageKind::Manifest, source })
    );
}
