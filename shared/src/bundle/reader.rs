//! Reading a bundle: every byte is checked before any of it is used.
//!
//! It does not know files, nor what is inside the model.

use core::fmt;

use super::layout::{Entry, HASH_LEN, HEADER_LEN, MAX_SECTIONS, SectionKind, decode_header, sha256, table_len};
use super::table::check_kinds;
use super::{BundleError, BundleId, GoldenFrames};
use crate::difference::{Mask, ResidualMaps, ScoreReference};
use crate::image::Size;
use crate::preprocess::AcceptedSizes;
use crate::score::Threshold;
use crate::wire::Manifest;

/// A verified bundle, viewed in place.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    id: BundleId,
    manifest: Manifest,
    reference: ScoreReference<&'a [u8]>,
    golden: Option<GoldenFrames<'a>>,
    sections: heapless::Vec<Section<'a>, MAX_SECTIONS>,
}

/// One section of a verified bundle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Section<'a> {
    /// What it holds.
    pub kind: SectionKind,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({}, {} bytes)", self.kind, self.bytes.len())
    }
}

/// The proof that a bundle was verified, and what of it decides about a part.
///
/// Only [`Bundle::proof`] makes one. It can be kept without the bundle's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    id: BundleId,
    threshold: Threshold,
    accepted: AcceptedSizes,
    reconstruction: Size,
}

impl Verified {
    /// Which bundle was verified.
    pub const fn id(&self) -> BundleId {
        self.id
    }

    /// The score from which on a part is rejected.
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// The sizes of frames that may be judged.
    pub const fn accepted(&self) -> AcceptedSizes {
        self.accepted
    }

    /// The size of the model's output.
    pub const fn reconstruction(&self) -> Size {
        self.reconstruction
    }
}

impl<'a> Bundle<'a> {
    /// Verifies a whole bundle.
    ///
    /// In this order: magic, version, the hash over header and table, the table itself (known kinds in ascending
    /// order, a manifest and a model among them, lengths that add up to exactly the bytes there are), the hash of
    /// each section, the manifest and all its fields, the residual maps and the mask: there if and only if the recipe
    /// asks for them, of the model's size, every value in range; the golden frames, if there are any: of the model's size,
    /// every value in range, each verdict that of its score and the threshold.
    ///
    /// # Errors
    ///
    /// [`BundleError`] names the first check that failed.
    pub fn verify(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let (id, entries, mut rest) = read_table(bytes)?;
        let lengths = entries.iter().map(|entry| entry.length as usize);
        let total = lengths.fold(table_len(entries.len()), usize::saturating_add);
        if bytes.len() < total {
            return Err(BundleError::Truncated { found: bytes.len(), needed: total });
        }
        if bytes.len() > total {
            return Err(BundleError::Trailing { found: bytes.len(), expected: total });
        }
        let mut sections = heapless::Vec::new();
        for Entry { kind, length, sha256: hash } in entries {
            let (section, after) = rest
                .split_at_checked(length as usize)
                .ok_or(BundleError::Truncated { found: bytes.len(), needed: total })?;
            if sha256(section) != hash {
                return Err(BundleError::SectionHash { kind });
            }
            sections
                .push(Section { kind, bytes: section, sha256: hash })
                .map_err(|_| BundleError::SectionCount { found: MAX_SECTIONS + 1 })?;
            rest = after;
        }
        let manifest = read_manifest(&sections)?;
        let reference = read_reference(&sections)?;
        reference.check(&manifest.recipe, manifest.model.size)?;
        let golden = sections.iter().find(|section| section.kind == SectionKind::GoldenFrames);
        let golden = golden.map(|section| GoldenFrames::read(section.bytes)).transpose()?;
        if let Some(golden) = &golden {
            golden.check(manifest.model.size, manifest.threshold)?;
        }
        Ok(Self { id, manifest, reference, golden, sections })
    }

    /// The decoded and validated manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The stored maps and the mask that the manifest's recipe asks for.
    pub const fn reference(&self) -> ScoreReference<&'a [u8]> {
        self.reference
    }

    /// The frames for a station's self-test; `None` if the bundle has none.
    pub const fn golden_frames(&self) -> Option<GoldenFrames<'a>> {
        self.golden
    }

    /// The bytes of the section of this kind, if there is one.
    pub fn section(&self, kind: SectionKind) -> Option<&'a [u8]> {
        self.sections.iter().find(|section| section.kind == kind).map(|section| section.bytes)
    }

    /// The sections in their order.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + '_ {
        self.sections.iter().copied()
    }

    /// Identifies the bundle.
    pub const fn id(&self) -> BundleId {
        self.id
    }

    /// The proof that this bundle was verified.
    pub const fn proof(&self) -> Verified {
        Verified {
            id: self.id,
            threshold: self.manifest.threshold,
            accepted: self.manifest.preprocessing.accepted,
            reconstruction: self.manifest.model.size,
        }
    }
}

type Table<'a> = (BundleId, heapless::Vec<Entry, MAX_SECTIONS>, &'a [u8]);

/// Reads header, table and hash, and gives them with the bytes that follow.
fn read_table(bytes: &[u8]) -> Result<Table<'_>, BundleError> {
    let truncated = |needed| BundleError::Truncated { found: bytes.len(), needed };
    let header = bytes.first_chunk().ok_or(truncated(HEADER_LEN))?;
    let count = decode_header(header)?;
    let needed = table_len(count);
    let (head, rest) = bytes.split_at_checked(needed - HASH_LEN).ok_or(truncated(needed))?;
    let (root, sections) = rest.split_first_chunk::<HASH_LEN>().ok_or(truncated(needed))?;
    let (found, computed) = (BundleId(*root), BundleId(sha256(head)));
    if found != computed {
        return Err(BundleError::RootHash { found, computed });
    }
    let mut entries = heapless::Vec::new();
    for row in head[HEADER_LEN..].as_chunks().0 {
        entries.push(Entry::decode(row)?).map_err(|_| BundleError::SectionCount { found: count })?;
    }
    check_kinds(entries.iter().map(|entry: &Entry| entry.kind))?;
    Ok((found, entries, sections))
}

/// Decodes the manifest, which must fill its section.
fn read_manifest(sections: &[Section<'_>]) -> Result<Manifest, BundleError> {
    let kind = SectionKind::Manifest;
    let section = sections.iter().find(|section| section.kind == kind).ok_or(BundleError::Missing { kind })?;
    let (manifest, length) = Manifest::decode(section.bytes).map_err(BundleError::Manifest)?;
    if length != section.bytes.len() {
        return Err(BundleError::ManifestTrailing { found: section.bytes.len(), expected: length });
    }
    Ok(manifest)
}

/// Reads the sections that a recipe can ask for.
fn read_reference<'a>(sections: &[Section<'a>]) -> Result<ScoreReference<&'a [u8]>, BundleError> {
    let bytes = |kind| sections.iter().find(|section| section.kind == kind).map(|section| section.bytes);
    Ok(ScoreReference {
        residuals: bytes(SectionKind::ResidualMaps).map(ResidualMaps::read).transpose()?,
        mask: bytes(SectionKind::Mask).map(Mask::read).transpose()?,
    })
}
