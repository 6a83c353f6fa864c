//! Seals a manifest and a model into the one file a station is flashed with. The layout is `shared::bundle`'s.

use shared::bundle::{self, Bundle, BundleError, SectionKind};
use shared::wire::{Manifest, WireError};

use super::golden;

/// A bundle could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The manifest does not fit its wire format.
    #[error("the manifest cannot be encoded: {0}")]
    Manifest(#[from] WireError),
    /// The sections do not make a bundle.
    #[error("the bundle cannot be sealed: {0}")]
    Bundle(#[from] BundleError),
}

/// The bundle's bytes: the same for the same manifest and model. Verified before they are returned. Without golden
/// frames, a station cannot prove that it computes as this machine does.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself or a section is too long.
pub fn seal(manifest: &Manifest, onnx: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_with_golden(manifest, onnx, None)
}

/// [`seal`] with the section of the golden frames, if there is one.
///
/// # Errors
/// As [`seal`], and if the golden frames are not of this model and threshold.
pub fn seal_with_golden(manifest: &Manifest, onnx: &[u8], golden: Option<&[u8]>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let mut sections = vec![(SectionKind::Manifest, &encoded[..]), (SectionKind::Onnx, onnx)];
    sections.extend(golden.map(|golden| (SectionKind::GoldenFrames, golden)));
    join(&sections)
}

/// The bytes of `bundle` with another manifest; every other section stays as it is, but of the golden frames only
/// those stay that keep their verdict clearly, and none if the score is another one.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself.
pub fn reseal(manifest: &Manifest, bundle: &Bundle<'_>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let same_score = manifest.recipe == bundle.manifest().recipe;
    let golden = bundle.golden_frames().filter(|_| same_score);
    let golden = golden.and_then(|golden| golden::kept(&golden, manifest.threshold));
    let sections = bundle.sections().filter_map(|section| {
        let bytes = match section.kind {
            SectionKind::Manifest => &encoded,
            SectionKind::GoldenFrames => golden.as_deref()?,
            _ => section.bytes,
        };
        Some((section.kind, bytes))
    });
    join(&sections.collect::<Vec<_>>())
}

fn encode(manifest: &Manifest) -> Result<Vec<u8>, WireError> {
    let mut encoded = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded)?;
    encoded.truncate(length);
    Ok(encoded)
}

fn join(sections: &[(SectionKind, &[u8])]) -> Result<Vec<u8>, SealError> {
    let mut bytes = vec![0; bundle::table_len(sections.len())];
    bundle::encode_table(sections, &mut bytes)?;
    for (_, section) in sections {
        bytes.extend_from_slice(section);
    }
    Bundle::verify(&bytes)?;
    Ok(bytes)
}
