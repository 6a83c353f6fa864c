//! Messages that are stored or sent: the bundle's [`Manifest`] and its [`Detectability`], the [`InspectionRecord`], a
//! station's own [`StationThreshold`], and the records of its store, [`StorePointer`] and [`VersionFloor`].
//!
//! Each is a postcard payload in a versioned envelope with its length and a CRC-32; `docs/wire-formats.md` specifies
//! the bytes. A message that was written once can be read for ever: a field is never changed or removed in a version,
//! a new version has a new number. It does not know files or connections.

mod detectability;
mod envelope;
mod evidence;
mod manifest;
mod manifest_v1;
mod manifest_v2;
mod manifest_v3;
#[cfg(test)]
mod property_tests;
mod record;
mod record_v1;
mod station_threshold;
mod store;
#[cfg(test)]
mod tests;

pub use detectability::{
    Detectability, DetectionMap, DetectionTally, InvalidDetectability, MAX_CELLS, MAX_CONTRASTS, MAX_DEFECT_SIZES,
};
pub use envelope::{MessageKind, OVERHEAD};
pub use evidence::{ThresholdEvidence, Trial};
pub use manifest::{CameraName, FIRST_RELEASE, InvalidManifest, Manifest, ModelInterface, NAME_LEN, Name};
pub use record::{BundleTrust, InspectionRecord, InvalidRecord, RecordedVerdict, StageMicros, ThresholdSource};
pub use station_threshold::{InvalidStationThreshold, StationThreshold};
pub use store::{InvalidStore, MAX_FLOORS, ProductFloor, StorePointer, VersionFloor};

/// Why a message could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end too early.
    #[error("found {found} bytes, expected at least {needed}")]
    Truncated {
        /// The length of the bytes.
        found: usize,
        /// The length of the message, as far as it is known.
        needed: usize,
    },
    /// The message is of another kind.
    #[error("found a message of the kind {found}, expected {} ({expected:?})", *expected as u8)]
    Kind {
        /// The code of the kind.
        found: u8,
        /// The kind that was asked for.
        expected: MessageKind,
    },
    /// The message is of a version that this program does not know.
    #[error("found version {found} of a {kind:?}, expected 1 to {newest}")]
    Version {
        /// The kind of the message.
        kind: MessageKind,
        /// Its version.
        found: u8,
        /// The newest version that can be read.
        newest: u8,
    },
    /// The message is longer than one of its kind can be.
    #[error("found a payload of {found} bytes, expected at most {max}")]
    TooLong {
        /// The length of the payload.
        found: u32,
        /// The greatest length.
        max: usize,
    },
    /// The message was changed.
    #[error("found the checksum {found:#010x}, expected {computed:#010x} for this message")]
    Checksum {
        /// The checksum in the message.
        found: u32,
        /// The checksum of what is there.
        computed: u32,
    },
    /// The payload is not what postcard writes for such a message.
    #[error("the payload of the {kind:?} can't be decoded")]
    Payload {
        /// The kind of the message.
        kind: MessageKind,
        /// What postcard says.
        source: postcard::Error,
    },
    /// There are bytes after the last field of the payload.
    #[error("found {found} bytes after the last field of the payload, expected none")]
    TrailingPayload {
        /// The number of bytes.
        found: usize,
    },
    /// The output buffer is too short.
    #[error("found a buffer of {found} bytes, expected more (at most {enough})")]
    BufferTooShort {
        /// Its length.
        found: usize,
        /// A length that is enough for every message of the kind.
        enough: usize,
    },
    /// A field of the manifest is out of range.
    #[error("the manifest is invalid")]
    Manifest(#[from] InvalidManifest),
    /// A field of the record is out of range.
    #[error("the record is invalid")]
    Record(#[from] InvalidRecord),
    /// A record of the store contradicts itself.
    #[error("the record of the store is invalid")]
    Store(#[from] InvalidStore),
    /// A station's threshold contradicts itself.
    #[error("the station's threshold is invalid")]
    StationThreshold(#[from] InvalidStationThreshold),
    /// What a bundle is said to catch contradicts itself.
    #[error("what the bundle is said to catch is invalid")]
    Detectability(#[from] InvalidDetectability),
}
