//! Reading a bundle: every byte is checked before any of it is used.
//!
//! It does not know files, nor what is inside the model.

use core::fmt;

use super::layout::{Entry, HASH_LEN, HEADER_LEN, MAX_SECTIONS, SectionKind, decode_header, sha256, table_len};
use super::signature::{BlockError, KeyId, Message, Signature, Signatures, SignedBundleError, TrustedKeys};
use super::signature::{decode_block, message};
use super::table::check_kinds;
use super::{BundleError, BundleId, GoldenFrames};
use crate::difference::{Mask, ResidualMaps, ScoreReference};
use crate::image::Size;
use crate::preprocess::AcceptedSizes;
use crate::score::Threshold;
use crate::wire::{BundleTrust, Detectability, Manifest, StationThreshold, ThresholdSource};

/// A verified bundle, viewed in place.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    id: BundleId,
    manifest: Manifest,
    reference: ScoreReference<&'a [u8]>,
    golden: Option<GoldenFrames<'a>>,
    sections: heapless::Vec<Section<'a>, MAX_SECTIONS>,
    head: &'a [u8],
    signatures: Signatures,
    trust: BundleTrust,
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
/// Only [`Bundle::proof`] and [`Bundle::proof_at_station`] make one. It can be kept without the bundle's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    id: BundleId,
    threshold: Threshold,
    source: ThresholdSource,
    accepted: AcceptedSizes,
    reconstruction: Size,
    trust: BundleTrust,
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

    /// Whose threshold that is.
    pub const fn threshold_source(&self) -> ThresholdSource {
        self.source
    }

    /// The sizes of frames that may be judged.
    pub const fn accepted(&self) -> AcceptedSizes {
        self.accepted
    }

    /// The size of the model's output.
    pub const fn reconstruction(&self) -> Size {
        self.reconstruction
    }

    /// Who answers for the bundle.
    pub const fn trust(&self) -> BundleTrust {
        self.trust
    }
}

/// A station's threshold that was found for another bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found a threshold for the bundle {found}, expected one for {expected}")]
pub struct OtherBundle {
    /// The bundle that it was found for.
    pub found: BundleId,
    /// The bundle that was verified.
    pub expected: BundleId,
}

impl<'a> Bundle<'a> {
    /// Verifies a whole bundle, whoever signed it: nobody answers for it then ([`trust`](Self::trust)).
    ///
    /// In this order: magic, version, the hash over header and table, the table itself (known kinds in ascending
    /// order, a manifest and a model among them), the lengths, which add up to exactly the bytes there are, the
    /// signature block (its form, not whether its signatures are valid), the hash of each section, the manifest and all
    /// its fields, the residual maps and the mask: there if and only if the recipe asks for them, of the model's size,
    /// every value in range; the golden frames, if there are any: of the model's size, every value in range, each
    /// verdict that of its score and the threshold; the detectability, if it is there: of the model's size, of the
    /// threshold, all its fields.
    ///
    /// # Errors
    ///
    /// [`BundleError`] names the first check that failed.
    pub fn verify(bytes: &'a [u8]) -> Result<Self, BundleError> {
        Outline::read(bytes)?.open(BundleTrust::Unsigned)
    }

    /// Verifies a whole bundle that one of `keys` answers for, and gives that key.
    ///
    /// The order is that of [`verify`](Self::verify); the signatures are checked after the signature block, before the
    /// sections are hashed, and so before manifest, golden frames or model are looked at. A signature by a key that is
    /// not among `keys` is passed over; each one by a key that is has to be valid.
    ///
    /// # Errors
    ///
    /// [`SignedBundleError`] names the first check that failed.
    pub fn verify_signed<const N: usize>(
        bytes: &'a [u8],
        keys: &TrustedKeys<N>,
    ) -> Result<(Self, KeyId), SignedBundleError> {
        let outline = Outline::read(bytes)?;
        let key = keys.signer(&message(outline.head), &outline.signatures)?;
        Ok((outline.open(BundleTrust::Signed(key))?, key))
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

    /// Which synthetic defects were found at the bundle's threshold; `None` if the bundle does not say.
    pub fn detectability(&self) -> Option<Detectability> {
        // Reading it once has shown that there is no error.
        read_detectability(&self.sections).ok().flatten()
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

    /// The signatures that are with the bundle, by ascending key, verified or not. Version 1 has none.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// What has to be signed to answer for this bundle.
    pub fn signed_message(&self) -> Message {
        message(self.head)
    }

    /// Who answers for the bundle: the key with which it was verified, or nobody.
    pub const fn trust(&self) -> BundleTrust {
        self.trust
    }

    /// The proof that this bundle was verified, with the threshold that a station found for it.
    ///
    /// # Errors
    ///
    /// [`OtherBundle`] if it was found for another one.
    pub fn proof_at_station(&self, own: &StationThreshold) -> Result<Verified, OtherBundle> {
        if own.bundle() != self.id {
            return Err(OtherBundle { found: own.bundle(), expected: self.id });
        }
        Ok(Verified { threshold: own.threshold(), source: ThresholdSource::Station, ..self.proof() })
    }

    /// The proof that this bundle was verified.
    pub const fn proof(&self) -> Verified {
        Verified {
            id: self.id,
            threshold: self.manifest.threshold,
            source: ThresholdSource::Bundle,
            accepted: self.manifest.preprocessing.accepted,
            reconstruction: self.manifest.model.size,
            trust: self.trust,
        }
    }
}

/// A bundle whose head agrees with its hash and whose lengths agree with its table. What the sections hold is unknown.
struct Outline<'a> {
    id: BundleId,
    entries: heapless::Vec<Entry, MAX_SECTIONS>,
    /// Header, table and hash.
    head: &'a [u8],
    /// The sections, one after the other.
    sections: &'a [u8],
    signatures: Signatures,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let found = bytes.len();
        let truncated = |needed| BundleError::Truncated { found, needed };
        let header = bytes.first_chunk().ok_or(truncated(HEADER_LEN))?;
        let (version, count) = decode_header(header)?;
        let needed = table_len(count);
        let (head, rest) = bytes.split_at_checked(needed).ok_or(truncated(needed))?;
        let (table, root) = head.split_last_chunk::<HASH_LEN>().ok_or(truncated(needed))?;
        let (id, computed) = (BundleId(*root), BundleId(sha256(table)));
        if id != computed {
            return Err(BundleError::RootHash { found: id, computed });
        }
        let mut entries = heapless::Vec::new();
        for row in table[HEADER_LEN..].as_chunks().0 {
            entries.push(Entry::decode(row)?).map_err(|_| BundleError::SectionCount { found: count })?;
        }
        check_kinds(entries.iter().map(|entry: &Entry| entry.kind))?;
        let length = entries.iter().map(|entry| entry.length as usize).fold(0, usize::saturating_add);
        let end = needed.saturating_add(length);
        let (sections, rest) = rest.split_at_checked(length).ok_or(truncated(end))?;
        let (signatures, block) = match version {
            1 => (Signatures::new(), 0),
            _ => decode_block(rest).map_err(|error| match error {
                BlockError::Truncated { needed } => truncated(end.saturating_add(needed)),
                BlockError::Malformed(malformed) => malformed.into(),
            })?,
        };
        if rest.len() > block {
            return Err(BundleError::Trailing { found, expected: end + block });
        }
        Ok(Self { id, entries, head, sections, signatures })
    }

    /// Checks the hashes of the sections, then what they hold.
    fn open(self, trust: BundleTrust) -> Result<Bundle<'a>, BundleError> {
        let Self { id, entries, head, sections: mut rest, signatures } = self;
        let mut sections = heapless::Vec::new();
        for Entry { kind, length, sha256: hash } in entries {
            let (section, after) = rest.split_at_checked(length as usize).ok_or(BundleError::Missing { kind })?;
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
        if let Some(detectability) = read_detectability(&sections)? {
            detectability.check(manifest.model.size, manifest.threshold)?;
        }
        Ok(Bundle { id, manifest, reference, golden, sections, head, signatures, trust })
    }
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

/// Decodes the detectability, if there is one. It must fill its section.
fn read_detectability(sections: &[Section<'_>]) -> Result<Option<Detectability>, BundleError> {
    let Some(section) = sections.iter().find(|section| section.kind == SectionKind::Detectability) else {
        return Ok(None);
    };
    let (detectability, expected) = Detectability::decode(section.bytes).map_err(BundleError::Detectability)?;
    let found = section.bytes.len();
    if found != expected {
        return Err(BundleError::DetectabilityTrailing { found, expected });
    }
    Ok(Some(detectability))
}

/// Reads the sections that a recipe can ask for.
fn read_reference<'a>(sections: &[Section<'a>]) -> Result<ScoreReference<&'a [u8]>, BundleError> {
    let bytes = |kind| sections.iter().find(|section| section.kind == kind).map(|section| section.bytes);
    Ok(ScoreReference {
        residuals: bytes(SectionKind::ResidualMaps).map(ResidualMaps::read).transpose()?,
        mask: bytes(SectionKind::Mask).map(Mask::read).transpose()?,
    })
}
