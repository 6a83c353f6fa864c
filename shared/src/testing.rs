//! Fixtures for the tests of this crate.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use crate::bundle::signature::{MAX_BLOCK_LEN, Signature, encode_block};
use crate::bundle::{MAX_TABLE_LEN, SectionKind, encode_table};
use crate::difference::{Pooling, ScoreRecipe};
use crate::image::{Region, Size};
use crate::preprocess::{AcceptedSizes, Geometry, Preprocessing};
use crate::score::{Score, Threshold};
use crate::similarity::Metric;
use crate::wire::{
    CameraName, Detectability, DetectionMap, DetectionTally, FIRST_RELEASE, Manifest, ModelInterface, Name,
    ThresholdEvidence,
};

/// The pixels of an image of `size`, row by row, each from its column and row, modulo 256.
pub(crate) fn gray(size: Size, pixel: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    let rows = 0..u32::from(size.height);
    rows.flat_map(|y| (0..u32::from(size.width)).map(move |x| (x, y))).map(|(x, y)| pixel(x, y) as u8).collect()
}

/// Any size in the given range of sides.
pub(crate) fn sizes(sides: core::ops::RangeInclusive<u16>) -> impl Strategy<Value = Size> {
    (sides.clone(), sides).prop_map(|(width, height)| Size { width, height })
}

/// Pairs of images of the same size, up to 40 pixels a side: random, smooth, flat, saturated, checkerboards.
pub(crate) fn pairs() -> impl Strategy<Value = (Size, Vec<u8>, Vec<u8>)> {
    sizes(7..=40).prop_flat_map(|size| (Just(size), image(size), image(size)))
}

fn image(size: Size) -> impl Strategy<Value = Vec<u8>> {
    let area = size.area();
    prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), area),
        1 => any::<u8>().prop_map(move |value| vec![value; area]),
        1 => proptest::collection::vec(prop_oneof![Just(0), Just(255)], area),
        1 => (1_u32..9, 1_u32..9, any::<u8>()).prop_map(move |(right, down, start)| {
            gray(size, |x, y| u32::from(start) / 2 + right * x / 2 + down * y / 2)
        }),
        1 => (any::<u8>(), any::<u8>()).prop_map(move |(even, odd)| {
            gray(size, |x, y| u32::from(if (x + y) % 2 == 0 { even } else { odd }))
        }),
    ]
}

/// The bytes of lines of hexadecimal digits; spaces are skipped.
pub(crate) fn from_hex(lines: &[&str]) -> Vec<u8> {
    let digits: Vec<u8> = lines.concat().chars().filter(|&c| c != ' ').map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A valid manifest in which every field has another value.
pub(crate) fn manifest() -> Manifest {
    let name = |text| Name::try_from(text).unwrap();
    Manifest {
        product: name("bottle"),
        preprocessing: Preprocessing {
            region: Some(Region { x: 1, y: 2, width: 300, height: 200 }),
            geometry: Geometry::Resize,
            accepted: AcceptedSizes { min: Size::new(320, 240), max: Size::new(640, 480) },
            input: Size::new(16, 8),
        },
        model: ModelInterface { input_name: name("input"), output_name: name("output"), size: Size::new(16, 8) },
        recipe: ScoreRecipe { smoothing: 3, ..ScoreRecipe::new(Metric::Ssim, Pooling::SmoothedMaximum { radius: 2 }) },
        threshold: Threshold::new(1001).unwrap(),
        evidence: ThresholdEvidence::Calibrated {
            images: 20,
            rank: 1,
            average_false_rejects_ppm: 47_619,
            upper95_false_rejects_ppm: 139_108,
            lowest: Score::new(100).unwrap(),
            median: Score::new(500).unwrap(),
            highest: Score::new(1000).unwrap(),
        },
        created_by: name("test 1"),
        training_images_sha256: core::array::from_fn(|index| index as u8),
        release: 7,
        minimum_runtime: [0, 2, 300],
        camera: name("line 3"),
    }
}

/// What versions 1 and 2 can say of [`manifest`].
pub(crate) fn before_releases() -> Manifest {
    Manifest { release: FIRST_RELEASE, minimum_runtime: [0; 3], camera: CameraName::new(), ..manifest() }
}

/// For the size and the threshold of [`manifest`]: two sizes, two contrasts, a map of 2x1 cells.
pub(crate) fn detectability() -> Detectability {
    let tally = |found, trials| DetectionTally { found, trials };
    Detectability {
        input: Size::new(16, 8),
        content: Size::new(16, 7),
        threshold: Threshold::new(1001).unwrap(),
        images: 5,
        sizes: [2, 4].into_iter().collect(),
        contrasts: [10, 200].into_iter().collect(),
        tallies: [tally(0, 30), tally(7, 30), tally(29, 30), tally(300, 300)].into_iter().collect(),
        map: DetectionMap {
            size: 4,
            contrast: 40,
            columns: 2,
            cells: [tally(1, 3), tally(0, 0)].into_iter().collect(),
        },
    }
}

/// The manifest in its envelope.
pub(crate) fn manifest_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// A whole bundle of these sections, not signed.
pub(crate) fn seal(sections: &[(SectionKind, &[u8])]) -> Vec<u8> {
    [sealed_sections(sections), block(&[])].concat()
}

/// The signature block.
pub(crate) fn block(signatures: &[Signature]) -> Vec<u8> {
    let mut bytes = vec![0; MAX_BLOCK_LEN];
    let length = encode_block(signatures, &mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

/// A bundle up to its signature block.
pub(crate) fn sealed_sections(sections: &[(SectionKind, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; MAX_TABLE_LEN];
    let length = encode_table(sections, &mut bytes).unwrap();
    bytes.truncate(length);
    for (_, section) in sections {
        bytes.extend_from_slice(section);
    }
    bytes
}

/// A small valid bundle with the manifest and eight bytes in place of a model.
pub(crate) fn bundle(manifest: &Manifest) -> Vec<u8> {
    seal(&[(SectionKind::Manifest, &manifest_bytes(manifest)), (SectionKind::Onnx, b"no model")])
}
