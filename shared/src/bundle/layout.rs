//! Where the fields of a bundle are, in bytes, and which sections there can be.
//!
//! It does not know what the fields say.

use core::fmt;

use sha2::{Digest, Sha256};

use super::BundleError;

/// The first bytes of every bundle. The first is no ASCII, the others show a changed line end, as in PNG.
pub(super) const MAGIC: [u8; 8] = *b"\x89BNDL\r\n\x1a";

/// The version of the format that is written.
pub const VERSION: u16 = 2;

/// The oldest version that is read. It ends with the last section, without signatures.
pub const OLDEST_VERSION: u16 = 1;

/// Magic, version, number of sections.
pub(super) const HEADER_LEN: usize = 12;

/// Kind, reserved, length, hash.
pub(super) const ENTRY_LEN: usize = 40;

/// The length of a SHA-256.
pub(super) const HASH_LEN: usize = 32;

/// The most sections a bundle can have: one of each kind.
pub const MAX_SECTIONS: usize = 6;

/// The greatest length of header, table and hash together.
pub const MAX_TABLE_LEN: usize = table_len(MAX_SECTIONS);

/// The length of header, table and hash together for this many sections.
pub const fn table_len(sections: usize) -> usize {
    HEADER_LEN + ENTRY_LEN * sections + HASH_LEN
}

/// What a section holds, stored as its code: never give a code a new meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum SectionKind {
    /// The [manifest](crate::wire::Manifest) in its envelope. Every bundle has one.
    Manifest = 1,
    /// The model in ONNX. Every bundle has one.
    Onnx = 2,
    /// Mean and spread of the difference map of good parts.
    ResidualMaps = 3,
    /// The mask of the inspected region with its weights.
    Mask = 4,
    /// Frames with known scores, for a station's self-test.
    GoldenFrames = 5,
    /// Which synthetic defects were found, a [message](crate::wire::Detectability) in its envelope.
    Detectability = 6,
}

impl SectionKind {
    /// Every kind, by ascending code.
    pub const ALL: [Self; MAX_SECTIONS] =
        [Self::Manifest, Self::Onnx, Self::ResidualMaps, Self::Mask, Self::GoldenFrames, Self::Detectability];

    /// The stable code, at least 1.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The kind with this code, if there is one.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "manifest",
            Self::Onnx => "onnx",
            Self::ResidualMaps => "residual_maps",
            Self::Mask => "mask",
            Self::GoldenFrames => "golden_frames",
            Self::Detectability => "detectability",
        })
    }
}

/// The header for this many sections.
pub(super) fn encode_header(sections: usize) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[10..].copy_from_slice(&(sections as u16).to_le_bytes());
    header
}

/// The version and the number of sections that a header announces.
pub(super) fn decode_header(header: &[u8; HEADER_LEN]) -> Result<(u16, usize), BundleError> {
    let &[ref magic @ .., v0, v1, n0, n1] = header;
    if *magic != MAGIC {
        return Err(BundleError::Magic { found: *magic });
    }
    let version = u16::from_le_bytes([v0, v1]);
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(BundleError::Version { found: version });
    }
    let count = usize::from(u16::from_le_bytes([n0, n1]));
    if !(1..=MAX_SECTIONS).contains(&count) {
        return Err(BundleError::SectionCount { found: count });
    }
    Ok((version, count))
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub kind: SectionKind,
    pub length: u32,
    pub sha256: [u8; HASH_LEN],
}

impl Entry {
    /// The row for a section of these bytes.
    pub(super) fn of(kind: SectionKind, bytes: &[u8]) -> Result<Self, BundleError> {
        let length = u32::try_from(bytes.len()).map_err(|_| BundleError::TooLong { kind, found: bytes.len() })?;
        if length == 0 {
            return Err(BundleError::Empty { kind });
        }
        Ok(Self { kind, length, sha256: sha256(bytes) })
    }

    pub(super) fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut row = [0; ENTRY_LEN];
        row[..2].copy_from_slice(&self.kind.code().to_le_bytes());
        row[4..8].copy_from_slice(&self.length.to_le_bytes());
        row[8..].copy_from_slice(&self.sha256);
        row
    }

    pub(super) fn decode(row: &[u8; ENTRY_LEN]) -> Result<Self, BundleError> {
        let &[k0, k1, r0, r1, l0, l1, l2, l3, ref sha256 @ ..] = row;
        let code = u16::from_le_bytes([k0, k1]);
        let kind = SectionKind::from_code(code).ok_or(BundleError::UnknownKind { code })?;
        let reserved = u16::from_le_bytes([r0, r1]);
        if reserved != 0 {
            return Err(BundleError::Reserved { kind, found: reserved });
        }
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length == 0 {
            return Err(BundleError::Empty { kind });
        }
        Ok(Self { kind, length, sha256: *sha256 })
    }
}

/// The SHA-256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; HASH_LEN] {
    Sha256::digest(bytes).into()
}
