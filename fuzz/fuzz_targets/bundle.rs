//! Fuzzes the bundle reader: with the input as it is, and with the checksums in it made right.

#![no_main]

use fuzz::repair;
use sha2::{Digest, Sha256};
use shared::bundle::{
    Bundle, BundleId, GoldenFrame, GoldenFrames, GoldenVerdict, MAX_GOLDEN_FRAMES, MAX_TABLE_LEN, SectionKind,
    encode_table, table_len,
};

/// Where the rows of the table begin, and the length of each; `docs/bundle-format.md`.
const TABLE: usize = 12;
const ROW: usize = 40;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut repaired = bytes.to_vec();
    if with_right_checksums(&mut repaired).is_some() {
        check(&repaired);
    }
});

/// A bundle that is accepted has the bytes that its sections give, no more and no fewer.
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
    assert_eq!(written, bytes);

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

/// Writes the checksum of the manifest and the hashes of the sections and of the table where the input says that they
/// are. `None` if it ends before.
fn with_right_checksums(bytes: &mut [u8]) -> Option<()> {
    let count = usize::from(u16::from_le_bytes([*bytes.get(10)?, *bytes.get(11)?]));
    let (table, mut rest) = bytes.split_at_mut_checked(table_len(count))?;
    let (root, table) = table.split_last_chunk_mut::<32>().map(|(table, root)| (root, table))?;
    for row in table[TABLE..].as_chunks_mut::<ROW>().0 {
        let length = u32::from_le_bytes([row[4], row[5], row[6], row[7]]) as usize;
        let (section, after) = rest.split_at_mut_checked(length)?;
        if row[..2] == SectionKind::Manifest.code().to_le_bytes() {
            repair(section);
        }
        row[8..].copy_from_slice(&Sha256::digest(&*section));
        rest = after;
    }
    root.copy_from_slice(&Sha256::digest(&*table));
    Some(())
}
