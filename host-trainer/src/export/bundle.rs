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
    let mut encoded = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded)?;
    let sections: [(SectionKind, &[u8]); 2] = [(SectionKind::Manifest, &encoded[..length]), (SectionKind::Onnx, onnx)];
    let mut bytes = vec![0; bundle::table_len(sections.len())];
    bundle::encode_table(&sections, &mut bytes)?;
    for (_, section) in sections {
        bytes.extend_from_slice(section);
    }
    Bundle::verify(&bytes)?;
    Ok(bytes)
}
