//! Tests of `bundle`, beside it.

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::layout::{ENTRY_LEN, HASH_LEN, HEADER_LEN, sha256};
use super::*;
use crate::difference::{InvalidReference, Mask, ResidualMaps, Stored};
use crate::image::{GrayView, Size};
use crate::score::{Score, Threshold};
use crate::testing::{self, from_hex, manifest, manifest_bytes, seal};
use crate::wire::{Detectability, Manifest, StationThreshold, ThresholdEvidence, ThresholdSource};

fn small() -> Vec<u8> {
    testing::bundle(&manifest())
}

/// Computes the hash over header and table anew, so that a test reaches what lies behind it.
fn rehash(bytes: &mut [u8], sections: usize) {
    let end = HEADER_LEN + ENTRY_LEN * sections;
    let hash = sha256(&bytes[..end]);
    bytes[end..end + HASH_LEN].copy_from_slice(&hash);
}

fn refused(bytes: &[u8]) -> BundleError {
    Bundle::verify(bytes).unwrap_err()
}

#[test]
fn a_bundle_gives_back_its_sections() {
    let bytes = small();
    let bundle = Bundle::verify(&bytes).unwrap();
    assert_eq!(bundle.manifest(), &manifest());
    assert_eq!(bundle.section(SectionKind::Manifest), Some(&*manifest_bytes(&manifest())));
    assert_eq!(bundle.section(SectionKind::Onnx), Some(&b"no model"[..]));
    assert_eq!(bundle.section(SectionKind::Mask), None);
    let sections: Vec<_> = bundle.sections().map(|section| (section.kind, section.bytes.len())).collect();
    assert_eq!(sections, [(SectionKind::Manifest, manifest_bytes(&manifest()).len()), (SectionKind::Onnx, 8)]);
    assert!(bundle.sections().all(|section| section.sha256 == sha256(section.bytes)));
    assert_eq!(bundle.id().0, sha256(&bytes[..HEADER_LEN + 2 * ENTRY_LEN]));
    let proof = bundle.proof();
    assert_eq!(proof.id(), bundle.id());
    assert_eq!(proof.threshold(), manifest().threshold);
    assert_eq!(proof.accepted(), manifest().preprocessing.accepted);
    assert_eq!(proof.reconstruction(), manifest().model.size);
    assert_eq!(proof.threshold_source(), ThresholdSource::Bundle);
}

#[test]
fn a_stations_threshold_serves_the_one_bundle_it_was_found_for() {
    let bytes = small();
    let bundle = Bundle::verify(&bytes).unwrap();
    let score = |raw| Score::new(raw).unwrap();
    let evidence = ThresholdEvidence::Calibrated {
        images: 20,
        rank: 1,
        average_false_rejects_ppm: 47_620,
        upper95_false_rejects_ppm: 139_108,
        lowest: score(1),
        median: score(2),
        highest: score(3),
    };
    let threshold = Threshold::just_above(score(3));
    let own = |bundle| StationThreshold::new(bundle, threshold, evidence).unwrap();
    let proof = bundle.proof_at_station(&own(bundle.id())).unwrap();
    assert_eq!((proof.id(), proof.threshold()), (bundle.id(), threshold));
    assert_eq!(proof.threshold_source(), ThresholdSource::Station);
    assert_eq!(proof.accepted(), bundle.proof().accepted());
    assert_eq!(proof.reconstruction(), bundle.proof().reconstruction());
    let other = BundleId([9; 32]);
    let refused = OtherBundle { found: other, expected: bundle.id() };
    assert_eq!(bundle.proof_at_station(&own(other)), Err(refused));
}

#[test]
fn golden_table() {
    let mut out = [0; MAX_TABLE_LEN];
    let error = encode_table(&[(SectionKind::Manifest, b"abc"), (SectionKind::Onnx, b"")], &mut out).unwrap_err();
    assert_eq!(error, BundleError::Empty { kind: SectionKind::Onnx });
    let length = encode_table(&[(SectionKind::Manifest, b"abc"), (SectionKind::Onnx, b"model")], &mut out).unwrap();
    // The hashes are those that sha256sum prints; "abc" is the first example of FIPS 180.
    let expected = from_hex(&[
        "89 42 4e 44 4c 0d 0a 1a  02 00  02 00",
        "01 00  00 00  03 00 00 00  ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "02 00  00 00  05 00 00 00  9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4",
    ]);
    assert_eq!(out[..length - HASH_LEN], expected);
    assert_eq!(out[length - HASH_LEN..length], sha256(&expected));
    assert_eq!(length, table_len(2));
}

#[test]
fn the_same_sections_give_the_same_bytes() {
    assert_eq!(small(), small());
    let evidence = crate::wire::ThresholdEvidence::ByHand { trial: None };
    let other = Manifest { threshold: crate::score::Threshold::REJECT_ALL, evidence, ..manifest() };
    let (bytes, other_bytes) = (small(), testing::bundle(&other));
    assert_ne!(Bundle::verify(&bytes).unwrap().id(), Bundle::verify(&other_bytes).unwrap().id());
}

#[test]
fn every_truncation_is_refused() {
    let bytes = small();
    for length in 0..bytes.len() {
        let error = refused(&bytes[..length]);
        assert!(matches!(error, BundleError::Truncated { found, needed } if found == length && needed > length));
    }
}

#[test]
fn every_bit_flip_is_refused() {
    let mut bytes = small();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            assert!(Bundle::verify(&bytes).is_err(), "byte {index}, bit {bit}");
            bytes[index] ^= 1 << bit;
        }
    }
    assert!(Bundle::verify(&bytes).is_ok());
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut bytes = small();
    let expected = bytes.len();
    bytes.push(0);
    assert_eq!(refused(&bytes), BundleError::Trailing { found: expected + 1, expected });
}

#[test]
fn headers_are_checked() {
    let bytes = small();
    let changed = |index: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[index] = value;
        rehash(&mut bytes, 2);
        refused(&bytes)
    };
    assert_eq!(changed(0, 0x88), BundleError::Magic { found: *b"\x88BNDL\r\n\x1a" });
    assert_eq!(changed(8, 0), BundleError::Version { found: 0 });
    assert_eq!(changed(8, 3), BundleError::Version { found: 3 });
    assert_eq!(changed(9, 1), BundleError::Version { found: 258 });
    assert_eq!(changed(10, 0), BundleError::SectionCount { found: 0 });
    assert_eq!(changed(10, 7), BundleError::SectionCount { found: 7 });
    assert_eq!(changed(11, 255), BundleError::SectionCount { found: 0xff02 });
    let mut bytes = bytes.clone();
    bytes[20] ^= 1;
    assert!(matches!(refused(&bytes), BundleError::RootHash { .. }));
}

#[test]
fn tables_are_checked_behind_a_valid_hash() {
    let bytes = small();
    let second = HEADER_LEN + ENTRY_LEN;
    let changed = |index: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[index] = value;
        rehash(&mut bytes, 2);
        refused(&bytes)
    };
    assert_eq!(changed(second, 7), BundleError::UnknownKind { code: 7 });
    assert_eq!(changed(second, 0), BundleError::UnknownKind { code: 0 });
    assert_eq!(changed(second + 1, 1), BundleError::UnknownKind { code: 258 });
    let (found, previous) = (SectionKind::Manifest, SectionKind::Manifest);
    assert_eq!(changed(second, 1), BundleError::Order { found, previous });
    assert_eq!(changed(second, 3), BundleError::Missing { kind: SectionKind::Onnx });
    assert_eq!(changed(second + 2, 1), BundleError::Reserved { kind: SectionKind::Onnx, found: 1 });
    assert_eq!(changed(second + 3, 1), BundleError::Reserved { kind: SectionKind::Onnx, found: 256 });
    assert_eq!(changed(second + 4, 0), BundleError::Empty { kind: SectionKind::Onnx });
    // Where the last section ends, the signature block has to begin.
    let magic = |found: &[u8; 4]| BundleError::SignatureBlock(signature::MalformedBlock::Magic { found: *found });
    assert_eq!(changed(second + 4, 9), magic(b"IGN\0"));
    assert_eq!(changed(second + 4, 7), magic(b"lSIG"));
    let found = bytes.len();
    assert_eq!(changed(second + 4, 16), BundleError::Truncated { found, needed: found + 8 });
    assert!(matches!(changed(second + 7, 255), BundleError::Truncated { needed, .. } if needed > 0xff00_0000));
    assert_eq!(changed(second + 8, bytes[second + 8] ^ 1), BundleError::SectionHash { kind: SectionKind::Onnx });
    assert_eq!(
        changed(HEADER_LEN + 8, bytes[HEADER_LEN + 8] ^ 1),
        BundleError::SectionHash { kind: SectionKind::Manifest }
    );
}

#[test]
fn manifests_are_checked_behind_valid_hashes() {
    let with = |manifest: &[u8]| refused(&seal(&[(SectionKind::Manifest, manifest), (SectionKind::Onnx, b"x")]));
    let manifest = manifest_bytes(&manifest());
    let longer = [&*manifest, b"x"].concat();
    let (found, expected) = (longer.len(), manifest.len());
    assert_eq!(with(&longer), BundleError::ManifestTrailing { found, expected });
    assert!(matches!(with(&manifest[..found - 2]), BundleError::Manifest(WireError::Truncated { .. })));
    assert!(matches!(with(b"no manifest"), BundleError::Manifest(WireError::Kind { .. })));
}

#[test]
fn tables_that_would_be_refused_are_not_written() {
    let write = |sections: &[(SectionKind, &[u8])]| encode_table(sections, &mut [0; 999]);
    let (manifest, onnx): ((_, &[u8]), (_, &[u8])) = ((SectionKind::Manifest, b"m"), (SectionKind::Onnx, b"o"));
    assert_eq!(write(&[]), Err(BundleError::SectionCount { found: 0 }));
    assert_eq!(write(&[manifest; 7]), Err(BundleError::SectionCount { found: 7 }));
    assert_eq!(write(&[manifest]), Err(BundleError::Missing { kind: SectionKind::Onnx }));
    assert_eq!(write(&[onnx]), Err(BundleError::Missing { kind: SectionKind::Manifest }));
    let order = BundleError::Order { found: SectionKind::Manifest, previous: SectionKind::Onnx };
    assert_eq!(write(&[onnx, manifest]), Err(order));
    let all = SectionKind::ALL.map(|kind| (kind, &b"bytes"[..]));
    assert_eq!(write(&all), Ok(MAX_TABLE_LEN));
    let short = encode_table(&all, &mut [0; MAX_TABLE_LEN - 1]);
    assert_eq!(short, Err(BundleError::BufferTooShort { found: MAX_TABLE_LEN - 1, needed: MAX_TABLE_LEN }));
}

/// Residual maps and a mask for images of `size`, all pixels alike.
fn maps_and_mask(size: Size) -> (Vec<u8>, Vec<u8>) {
    let all = |value| std::iter::repeat_n(value, size.area());
    let weights = std::iter::repeat_n(255, size.area());
    (ResidualMaps::<&[u8]>::encode(size, all(1), all(2)).collect(), Mask::<&[u8]>::encode(size, weights).collect())
}

/// A frame that passes with a score of 1000 and one that is rejected with 1001: the threshold of [`manifest`].
fn golden_frames(size: Size) -> Vec<u8> {
    let (dark, bright) = (vec![10; size.area()], vec![200; size.area()]);
    let frame = |raw, verdict| GoldenFrame {
        input: GrayView::packed(&dark, size).unwrap(),
        reconstruction: GrayView::packed(&bright, size).unwrap(),
        score: Score::new(raw).unwrap(),
        verdict,
    };
    let frames = [frame(1000, GoldenVerdict::Pass), frame(1001, GoldenVerdict::Reject)];
    GoldenFrames::encode(size, frames.into_iter()).collect()
}

fn with_sections(manifest: &Manifest, maps: Option<&[u8]>, mask: Option<&[u8]>) -> Vec<u8> {
    let manifest_size = manifest.model.size;
    let manifest = manifest_bytes(manifest);
    let mut sections: Vec<(SectionKind, &[u8])> =
        vec![(SectionKind::Manifest, &manifest), (SectionKind::Onnx, b"model")];
    sections.extend(maps.map(|maps| (SectionKind::ResidualMaps, maps)));
    sections.extend(mask.map(|mask| (SectionKind::Mask, mask)));
    let golden = golden_frames(manifest_size);
    sections.push((SectionKind::GoldenFrames, &golden));
    let detectability = detectability_bytes();
    sections.push((SectionKind::Detectability, &detectability));
    seal(&sections)
}

#[test]
fn all_kinds_of_sections_are_found() {
    let mut manifest = manifest();
    (manifest.recipe.normalised, manifest.recipe.masked) = (true, true);
    let (maps, mask) = maps_and_mask(manifest.model.size);
    let bytes = with_sections(&manifest, Some(&maps), Some(&mask));
    let bundle = Bundle::verify(&bytes).unwrap();
    let texts = SectionKind::ALL.map(|kind| bundle.section(kind).unwrap());
    let golden = golden_frames(manifest.model.size);
    let detectability = detectability_bytes();
    assert_eq!(texts[1..], [&b"model"[..], &maps, &mask, &golden, &detectability]);
    assert_eq!(bundle.detectability(), Some(testing::detectability()));
    let reference = bundle.reference();
    assert_eq!(reference.residuals, ResidualMaps::read(&maps[..]).ok());
    assert_eq!(reference.mask, Mask::read(&mask[..]).ok());
    assert_eq!(bundle.golden_frames(), GoldenFrames::read(&golden).ok());
    let small = small();
    let small = Bundle::verify(&small).unwrap();
    assert_eq!((small.golden_frames(), small.detectability()), (None, None));
}

/// For the size and the threshold of [`manifest`].
pub(super) fn detectability_bytes() -> Vec<u8> {
    let mut bytes = vec![0; Detectability::MAX_LEN];
    let length = testing::detectability().encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

#[test]
fn golden_frames_are_those_of_the_model_and_the_threshold() {
    let with = |manifest: &Manifest, golden: &[u8]| {
        let encoded = manifest_bytes(manifest);
        let sections =
            [(SectionKind::Manifest, &encoded[..]), (SectionKind::Onnx, b"m"), (SectionKind::GoldenFrames, golden)];
        Bundle::verify(&seal(&sections)).map(drop)
    };
    let size = manifest().model.size;
    let golden = golden_frames(size);
    assert_eq!(with(&manifest(), &golden), Ok(()));
    let found = golden.len() - 1;
    let short = InvalidGoldenFrames::Length { found, expected: found + 1 };
    assert_eq!(with(&manifest(), &golden[..found]), Err(short.into()));
    let turned = Size::new(size.height, size.width);
    let other = InvalidGoldenFrames::Size { found: turned, expected: size };
    assert_eq!(with(&manifest(), &golden_frames(turned)), Err(other.into()));
    for (raw, frame) in [(1000, 0), (1002, 1)] {
        let evidence = crate::wire::ThresholdEvidence::ByHand { trial: None };
        let moved = Manifest { threshold: Threshold::new(raw).unwrap(), evidence, ..manifest() };
        let refused = with(&moved, &golden).unwrap_err();
        assert!(
            matches!(refused, BundleError::GoldenFrames(InvalidGoldenFrames::Verdict { frame: f, .. }) if f == frame),
            "{refused}"
        );
    }
}

#[test]
fn sections_are_those_that_the_recipe_asks_for() {
    let size = manifest().model.size;
    let (maps, mask) = maps_and_mask(size);
    let attempt = |normalised, masked, maps: Option<&[u8]>, mask: Option<&[u8]>| {
        let mut manifest = manifest();
        (manifest.recipe.normalised, manifest.recipe.masked) = (normalised, masked);
        Bundle::verify(&with_sections(&manifest, maps, mask)).map(drop)
    };
    let (residuals, of_mask) = (Stored::ResidualMaps, Stored::Mask);
    for normalised in [false, true] {
        for masked in [false, true] {
            for (maps, mask) in [(None, None), (Some(&*maps), None), (None, Some(&*mask)), (Some(&*maps), Some(&*mask))]
            {
                let expected = match ((normalised, maps.is_some()), (masked, mask.is_some())) {
                    ((true, false), _) => Err(InvalidReference::Missing { what: residuals }.into()),
                    ((false, true), _) => Err(InvalidReference::Unused { what: residuals }.into()),
                    (_, (true, false)) => Err(InvalidReference::Missing { what: of_mask }.into()),
                    (_, (false, true)) => Err(InvalidReference::Unused { what: of_mask }.into()),
                    _ => Ok(()),
                };
                assert_eq!(attempt(normalised, masked, maps, mask), expected);
            }
        }
    }
    let found = Size::new(size.height, size.width);
    let (wrong_maps, wrong_mask) = maps_and_mask(found);
    let wrong = |what| Err(InvalidReference::Size { what, found, expected: size }.into());
    assert_eq!(attempt(true, true, Some(&wrong_maps), Some(&mask)), wrong(residuals));
    assert_eq!(attempt(true, true, Some(&maps), Some(&wrong_mask)), wrong(of_mask));
    let short = InvalidReference::Length { what: of_mask, found: mask.len() - 1, expected: mask.len() };
    assert_eq!(attempt(true, true, Some(&maps), Some(&mask[..mask.len() - 1])), Err(short.into()));
    let dark: Vec<u8> = Mask::<&[u8]>::encode(size, vec![0; size.area()]).collect();
    assert_eq!(attempt(false, true, None, Some(&dark)), Err(InvalidReference::NoWeight { border: 3 }.into()));
}

#[test]
fn codes_and_names_are_stable() {
    let found = SectionKind::ALL.map(|kind| (kind.code(), kind.to_string()));
    let expected =
        [(1, "manifest"), (2, "onnx"), (3, "residual_maps"), (4, "mask"), (5, "golden_frames"), (6, "detectability")];
    assert_eq!(found, expected.map(|(code, name)| (code, name.to_string())));
    let id = BundleId(core::array::from_fn(|index| index as u8 * 8));
    assert!(id.to_string().starts_with("00081018") && id.to_string().len() == 64);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Bundle::verify(&bytes).is_err());
    }

    #[test]
    fn no_table_behind_a_valid_hash_panics(
        count in 1_usize..=MAX_SECTIONS,
        table in proptest::collection::vec(any::<u8>(), MAX_SECTIONS * ENTRY_LEN),
        kinds in any::<bool>(),
        rest in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut bytes = vec![0; table_len(count)];
        bytes[..HEADER_LEN].copy_from_slice(&layout::encode_header(count));
        bytes[HEADER_LEN..HEADER_LEN + count * ENTRY_LEN].copy_from_slice(&table[..count * ENTRY_LEN]);
        if kinds {
            for (index, row) in bytes[HEADER_LEN..].chunks_exact_mut(ENTRY_LEN).take(count).enumerate() {
                row[..4].copy_from_slice(&[index as u8 + 1, 0, 0, 0]);
                row[5..8].fill(0);
            }
        }
        rehash(&mut bytes, count);
        bytes.extend(rest);
        prop_assert!(Bundle::verify(&bytes).is_err());
    }
}
