//! Fuzzes the bundle reader: with the input as it is, and with the checksums in it made right.

#![no_main]

use fuzz::bundle::with_right_checksums;
use sha2::{Digest, Sha256};
use shared::bundle::signature::{MAX_BLOCK_LEN, encode_block};
use shared::bundle::{
    Bundle, BundleId, GoldenFrame, GoldenFrames, GoldenVerdict, MAX_GOLDEN_FRAMES, MAX_TABLE_LEN, SectionKind,
    encode_table,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut repaired = bytes.to_vec();
    if with_right_checksums(&mut repaired).is_some() {
        check(&repaired);
    }
});

/// A bundle that is accepted has the bytes that its sections and signatures give, no more and no fewer. Version 1,
/// which is not written any more, differs in the version, the hash and the end.
fn check(bytes: &[u8]) {
    let bundle = match Bundle::verify(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let sections: Vec<_> = bundle.sections().map(|section| (section.kind, section.bytes)).collect();
    let mut written = vec![0; MAX_TABLE_LEN];
    let length = encode_table(&sections, &mut written).unwrap();
    written.truncate(length);
    sections.iter().for_each(|(_, section)| written.extend_from_slice(section));
    if bytes[8] == 1 {
        assert_eq!(bundle.signatures(), []);
        written[8] = 1;
        let table = length - 32;
        let hash = Sha256::digest(&written[..table]);
        written[table..length].copy_from_slice(&hash);
    } else {
        let mut block = [0; MAX_BLOCK_LEN];
        let block_length = encode_block(bundle.signatures(), &mut block).unwrap();
        written.extend_from_slice(&block[..block_length]);
    }
    assert_eq!(written, bytes);
    assert!(bundle.signed_message().ends_with(&bytes[..length]));

    let BundleId(hash) = bundle.id();
    assert_eq!(hash, *Sha256::digest(&bytes[..length - hash.len()]));
    assert_eq!(bundle.proof().id(), bundle.id());
    assert_eq!(bundle.proof().threshold(), bundle.manifest().threshold);
    for kind in SectionKind::ALL {
        assert_eq!(bundle.section(kind), sections.iter().find(|section| section.0 == kind).map(|section| section.1));
    }
    let (recipe, size) = (&bundle.manifest().recipe, bundle.manifest().model.size);
    assert_eq!(bundle.reference().check(recipe, size), Ok(()));
    for (used, kind) in [(recipe.normalised, SectionKind::ResidualMaps), (recipe.masked, SectionKind::Mask)] {
        assert_eq!(bundle.section(kind).is_some(), used);
    }
    check_golden_frames(&bundle);
    let told = bundle.detectability();
    assert_eq!(told.is_some(), bundle.section(SectionKind::Detectability).is_some());
    assert!(told.is_none_or(|told| told.check(size, bundle.manifest().threshold) == Ok(())));
    assert!(Bundle::verify(&bytes[..bytes.len() - 1]).is_err());
}

/// Golden frames are those of the model's size, with verdicts by the threshold, and are written as they were read.
fn check_golden_frames(bundle: &Bundle<'_>) {
    let section = bundle.section(SectionKind::GoldenFrames);
    assert_eq!(bundle.golden_frames().is_some(), section.is_some());
    let Some((golden, section)) = bundle.golden_frames().zip(section) else { return };
    let (size, threshold) = (bundle.manifest().model.size, bundle.manifest().threshold);
    assert_eq!(golden.check(size, threshold), Ok(()));
    let frames: Vec<GoldenFrame<'_>> = golden.iter().collect();
    assert_eq!(frames.len(), golden.len());
    assert!((1..=usize::from(MAX_GOLDEN_FRAMES)).contains(&frames.len()));
    for frame in &frames {
        assert_eq!((frame.input.size(), frame.reconstruction.size()), (size, size));
        assert_eq!(frame.verdict == GoldenVerdict::Reject, frame.score.raw() >= threshold.raw());
    }
    assert!(GoldenFrames::encode(size, frames.into_iter()).eq(section.iter().copied()));
}
