//! Golden rows of what is stored and sent: a record, a manifest and a bundle, written, read and written again.

use shared::admission::FrameStamp;
use shared::bundle::signature::{KeyId, MAX_BLOCK_LEN, encode_block};
use shared::bundle::{Bundle, BundleId, MAX_TABLE_LEN, SectionKind, encode_table};
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::{Region, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing, Scale};
use shared::score::{Score, Threshold};
use shared::similarity::Metric;
use shared::verdict::FaultReason;
use shared::wire::{
    BundleTrust, InspectionRecord, Manifest, ModelInterface, Name, RecordedVerdict, StageMicros, ThresholdEvidence,
    ThresholdSource, WireError,
};

use super::{Row, crc32};

/// Stands for the model.
const MODEL: &[u8] = b"no model";

/// Emits the rows.
pub fn written_and_read(emit: &mut impl FnMut(Row<'_>)) {
    let first = &mut [0; Manifest::MAX_LEN];
    let again = &mut [0; Manifest::MAX_LEN];

    let length = record().encode(first).expect("a valid record");
    let (read, _) = InspectionRecord::decode(&first[..length]).expect("the record that was written");
    emit(message("record", read.encode(again), again));

    let length = manifest().encode(first).expect("a valid manifest");
    let (read, _) = Manifest::decode(&first[..length]).expect("the manifest that was written");
    emit(message("manifest", read.encode(again), again));

    let sections: [(SectionKind, &[u8]); 2] = [(SectionKind::Manifest, &first[..length]), (SectionKind::Onnx, MODEL)];
    let bytes = &mut [0; MAX_TABLE_LEN + Manifest::MAX_LEN + MODEL.len() + MAX_BLOCK_LEN];
    let mut end = encode_table(&sections, bytes).expect("valid sections");
    for (_, section) in sections {
        bytes[end..end + section.len()].copy_from_slice(section);
        end += section.len();
    }
    end += encode_block(&[], &mut bytes[end..]).expect("room for the block");
    let BundleId([a, b, c, d, ..]) = Bundle::verify(&bytes[..end]).expect("the bundle that was written").id();
    emit(Row { subject: "bundle", what: "hash", checksum: u32::from_be_bytes([a, b, c, d]), value: end as u64 });
}

fn message<'a>(subject: &'a str, length: Result<usize, WireError>, bytes: &[u8]) -> Row<'a> {
    let length = length.expect("a valid message");
    // Without the message's own checksum: with it, the checksum of every message is the same.
    let checksum = crc32(bytes[..length - 4].iter().map(|&byte| [byte]));
    Row { subject, what: "bytes", checksum, value: length as u64 }
}

/// Its integers are the greatest there can be.
fn record() -> InspectionRecord {
    InspectionRecord {
        stamp: FrameStamp { sequence: u64::MAX, captured_at_us: u64::MAX - 1 },
        bundle: BundleId([0xa5; 32]),
        verdict: RecordedVerdict::Fault(FaultReason::Late),
        score: Some(Score::MAX),
        threshold: Threshold::MAX,
        stages: StageMicros { preprocess: u32::MAX, inference: 1 << 31, score: 0, total: u32::MAX - 1 },
        trust: BundleTrust::Signed(KeyId([0xc3; 8])),
        threshold_source: ThresholdSource::Station,
    }
}

fn manifest() -> Manifest {
    let name = |text| Name::try_from(text).expect("a short name");
    let input = Size::new(16384, 128);
    Manifest {
        product: name("schraube M3 \u{d7} 12"),
        preprocessing: Preprocessing {
            region: Some(Region { x: 8192, y: 1, width: 8192, height: 16383 }),
            geometry: Geometry::FixedScale(Scale { numerator: 1, denominator: u16::MAX }),
            accepted: AcceptedSizes { min: Size::new(16384, 16384), max: Size::new(16384, 16384) },
            input,
        },
        model: ModelInterface { input_name: name("input"), output_name: name("output"), size: input },
        recipe: ScoreRecipe {
            smoothing: 63,
            normalised: false,
            masked: false,
            ..ScoreRecipe::new(Metric::SsimGaussian, Pooling::TopMean { pixels: 1_932_132 })
        },
        threshold: Threshold::MAX,
        evidence: ThresholdEvidence::Calibrated {
            images: u32::MAX,
            rank: 1 << 31,
            average_false_rejects_ppm: 1_000_000,
            upper95_false_rejects_ppm: 999_999,
            lowest: Score::MIN,
            median: Score::MAX,
            highest: Score::MAX,
        },
        created_by: name("golden set"),
        training_images_sha256: [0x5a; 32],
        release: u32::MAX,
        minimum_runtime: [u16::MAX, 0, 1],
        camera: name("camera"),
    }
}
