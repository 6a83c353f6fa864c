//! Seals a manifest and a model into the one file a station is flashed with. The layout is `shared::bundle`'s.

use shared::bundle::{self, Bundle, BundleError, SectionKind};
use shared::wire::{Manifest, WireError};

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

/// The bundle's bytes: the same for the same manifest and model. Verified before they are returned.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself or a section is too long.
pub fn seal(manifest: &Manifest, onnx: &[u8]) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    join(&[(SectionKind::Manifest, &encoded), (SectionKind::Onnx, onnx)])
}

/// The bytes of `bundle` with another manifest; every other section stays as it is.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself.
pub fn reseal(manifest: &Manifest, bundle: &Bundle<'_>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let sections: Vec<(SectionKind, &[u8])> = bundle
        .sections()
        .map(|section| (section.kind, if section.kind == SectionKind::Manifest { &encoded } else { section.bytes }))
        .collect();
    join(&sections)
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
