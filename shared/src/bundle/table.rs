//! Writing the head of a bundle: header, table and hash. It does not know files, nor what the sections hold.

use super::BundleError;
use super::layout::{Entry, HASH_LEN, HEADER_LEN, MAX_SECTIONS, SectionKind, encode_header, sha256, table_len};

/// Writes header, table and hash for `sections` to the start of `out` and gives their length,
/// [`table_len`]`(sections.len())`. The bundle is these bytes, followed by those of the sections in order, followed by
/// a
/// [signature block](super::signature::encode_block), empty or not.
///
/// The same sections always give the same bytes.
///
/// # Errors
///
/// [`BundleError`] if the sections are not in ascending order of their kinds, a kind is there twice, the manifest or
/// the model is missing, a section is empty or has 2^32 bytes or more, or `out` is too short.
pub fn encode_table(sections: &[(SectionKind, &[u8])], out: &mut [u8]) -> Result<usize, BundleError> {
    check_kinds(sections.iter().map(|&(kind, _)| kind))?;
    let needed = table_len(sections.len());
    let found = out.len();
    let out = out.get_mut(..needed).ok_or(BundleError::BufferTooShort { found, needed })?;
    let (head, root) = out.split_at_mut(needed - HASH_LEN);
    let (header, rows) = head.split_at_mut(HEADER_LEN);
    header.copy_from_slice(&encode_header(sections.len()));
    for (row, &(kind, bytes)) in rows.as_chunks_mut().0.iter_mut().zip(sections) {
        *row = Entry::of(kind, bytes)?.encode();
    }
    root.copy_from_slice(&sha256(head));
    Ok(needed)
}

/// Checks that kinds ascend and that every bundle's two are among them.
pub(super) fn check_kinds(kinds: impl Iterator<Item = SectionKind> + Clone) -> Result<(), BundleError> {
    let found = kinds.clone().count();
    if !(1..=MAX_SECTIONS).contains(&found) {
        return Err(BundleError::SectionCount { found });
    }
    for (previous, found) in kinds.clone().zip(kinds.clone().skip(1)) {
        if found <= previous {
            return Err(BundleError::Order { found, previous });
        }
    }
    for kind in [SectionKind::Manifest, SectionKind::Onnx] {
        if !kinds.clone().any(|found| found == kind) {
            return Err(BundleError::Missing { kind });
        }
    }
    Ok(())
}
