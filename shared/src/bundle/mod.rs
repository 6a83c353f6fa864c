//! The bundle: the one file a station is flashed with.
//!
//! A table of sections, each with its length and SHA-256, under one hash over everything, then the sections, then the
//! signatures of those who answer for it. The bytes are specified in `docs/bundle-format.md`. Lengths are in bytes,
//! integers are little-endian. It does not know files, nor what is inside the model.

#[cfg(test)]
mod detectability_tests;
mod golden;
mod layout;
mod reader;
pub mod signature;
#[cfg(test)]
mod signed_tests;
mod table;
#[cfg(test)]
mod tests;

pub use golden::{GoldenFrame, GoldenFrames, GoldenVerdict, InvalidGoldenFrames, MAX_GOLDEN_FRAMES};
pub use layout::{MAX_SECTIONS, MAX_TABLE_LEN, OLDEST_VERSION, SectionKind, VERSION, table_len};
pub use reader::{Bundle, OtherBundle, Section, Verified};
pub use table::encode_table;

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::difference::InvalidReference;
use crate::wire::{InvalidDetectability, WireError};

/// Identifies a bundle: the hash over its table, which holds the hashes of all sections. Displayed in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BundleId(pub [u8; 32]);

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why bytes are no valid bundle, or sections can't become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The bytes end too early.
    #[error("found {found} bytes, expected at least {needed}")]
    Truncated {
        /// The length of the bytes.
        found: usize,
        /// The length that the header or the table asks for; `usize::MAX` if it can't be counted.
        needed: usize,
    },
    /// The first bytes are not those of a bundle.
    #[error("found the first bytes {found:02x?}, expected {:02x?}", layout::MAGIC)]
    Magic {
        /// The first eight bytes.
        found: [u8; 8],
    },
    /// The format is of another version.
    #[error("found the bundle format version {found}, expected {OLDEST_VERSION} to {VERSION}")]
    Version {
        /// The version.
        found: u16,
    },
    /// There are no sections, or more than there are kinds.
    #[error("found {found} sections, expected 1 to {MAX_SECTIONS}")]
    SectionCount {
        /// The number of sections.
        found: usize,
    },
    /// The hash over header and table does not agree with them.
    #[error("found the bundle hash {found}, expected {computed} for this header and table")]
    RootHash {
        /// The hash in the bundle.
        found: BundleId,
        /// The hash of what is there.
        computed: BundleId,
    },
    /// A section of a kind that this version does not know.
    #[error("found a section of the kind {code}, expected 1 to {MAX_SECTIONS}")]
    UnknownKind {
        /// The code of the kind.
        code: u16,
    },
    /// The sections are not in ascending order of their kinds, or a kind is there twice.
    #[error("found the section {found} after {previous}, expected each kind once, in ascending order")]
    Order {
        /// The kind that was found.
        found: SectionKind,
        /// The kind before it.
        previous: SectionKind,
    },
    /// A reserved field is not zero.
    #[error("found {found} in the reserved field of the section {kind}, expected 0")]
    Reserved {
        /// The kind of the section.
        kind: SectionKind,
        /// The value of the field.
        found: u16,
    },
    /// A section without bytes.
    #[error("found no bytes in the section {kind}, expected at least one")]
    Empty {
        /// The kind of the section.
        kind: SectionKind,
    },
    /// A section that is too long for its length field.
    #[error("found {found} bytes in the section {kind}, expected fewer than 2^32")]
    TooLong {
        /// The kind of the section.
        kind: SectionKind,
        /// Its length.
        found: usize,
    },
    /// A section that every bundle needs is missing.
    #[error("found no section {kind}, expected one")]
    Missing {
        /// The kind of the section.
        kind: SectionKind,
    },
    /// There are bytes after the end: that of the last section, or of the signature block.
    #[error("found {found} bytes, expected {expected}")]
    Trailing {
        /// The length of the bytes.
        found: usize,
        /// Where the bundle ends.
        expected: usize,
    },
    /// What follows the last section is no signature block.
    #[error("the signature block is malformed")]
    SignatureBlock(#[from] signature::MalformedBlock),
    /// The bytes of a section do not agree with its hash.
    #[error("the section {kind} does not agree with its hash")]
    SectionHash {
        /// The kind of the section.
        kind: SectionKind,
    },
    /// The manifest can't be decoded.
    #[error("the manifest can't be decoded")]
    Manifest(#[source] WireError),
    /// There are bytes after the manifest in its section.
    #[error("found {found} bytes in the section manifest, expected {expected}")]
    ManifestTrailing {
        /// The length of the section.
        found: usize,
        /// Where the manifest ends.
        expected: usize,
    },
    /// Residual maps or mask are not what the manifest's recipe asks for.
    #[error("the sections do not fit the recipe in the manifest")]
    Reference(#[from] InvalidReference),
    /// The golden frames are malformed, or not of the manifest's model and threshold.
    #[error("the golden frames can't be used")]
    GoldenFrames(#[from] InvalidGoldenFrames),
    /// What the bundle is said to catch can't be decoded.
    #[error("what the bundle is said to catch can't be decoded")]
    Detectability(#[source] WireError),
    /// What the bundle is said to catch is that of another model or threshold.
    #[error("what the bundle is said to catch can't be used")]
    OtherDetectability(#[from] InvalidDetectability),
    /// There are bytes after the message in the section of what the bundle is said to catch.
    #[error("found {found} bytes in the section detectability, expected {expected}")]
    DetectabilityTrailing {
        /// The length of the section.
        found: usize,
        /// Where the message ends.
        expected: usize,
    },
    /// The buffer for the table is too short.
    #[error("found a buffer of {found} bytes for the table, expected at least {needed}")]
    BufferTooShort {
        /// The length of the buffer.
        found: usize,
        /// The length of the table.
        needed: usize,
    },
}
