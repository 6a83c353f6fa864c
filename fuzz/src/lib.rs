//! What the fuzz targets have in common: the messages of `shared`, and checksums that are right.
//!
//! A checksum hides what is behind it from a fuzzer. The targets therefore also try their input behind checksums that
//! are computed here, independently of `shared`.

#![forbid(unsafe_code)]

pub mod bundle;

use std::fmt::Debug;

use crc::{CRC_32_ISO_HDLC, Crc};
use shared::wire::{
    Detectability, InspectionRecord, Manifest, MessageKind, OVERHEAD, StationThreshold, StorePointer, VersionFloor,
    WireError,
};

/// A message that is stored or sent.
pub trait Message: Sized + PartialEq + Debug {
    /// Its kind.
    const KIND: MessageKind;
    /// The greatest length of its envelope.
    const MAX_LEN: usize;
    /// `decode` of the message.
    fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError>;
    /// `encode` of the message.
    fn encode(&self, out: &mut [u8]) -> Result<usize, WireError>;
    /// Whether `validate` of the message finds nothing.
    fn is_valid(&self) -> bool;
}

macro_rules! message {
    ($name:ident, $kind:ident, $is_valid:expr) => {
        impl Message for $name {
            const KIND: MessageKind = MessageKind::$kind;
            const MAX_LEN: usize = Self::MAX_LEN;

            fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
                Self::decode(bytes)
            }

            fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
                self.encode(out)
            }

            fn is_valid(&self) -> bool {
                $is_valid(self)
            }
        }
    };
}

message!(Manifest, Manifest, |it: &Self| it.validate().is_ok());
message!(InspectionRecord, Record, |it: &Self| it.validate().is_ok());
message!(StorePointer, StorePointer, |it: &Self| it.validate().is_ok());
message!(VersionFloor, VersionFloor, |it: &Self| it.validate().is_ok());
message!(Detectability, Detectability, |it: &Self| it.validate().is_ok());
message!(StationThreshold, StationThreshold, |it: &Self| {
    Self::new(it.bundle(), it.threshold(), *it.evidence()).is_ok()
});

/// Decodes the start of `bytes` and gives the length of the message, if there is a valid one. Checks that the length is
/// possible, that nothing after it and nothing less was read, and that the message survives being written and read.
pub fn check<M: Message>(bytes: &[u8]) -> Option<usize> {
    let (message, length) = match M::decode(bytes) {
        Ok(found) => found,
        Err(WireError::Truncated { found, needed }) => {
            assert!(found == bytes.len() && found < needed && needed <= M::MAX_LEN, "{needed}");
            return None;
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    assert!((OVERHEAD..=M::MAX_LEN.min(bytes.len())).contains(&length), "{length}");
    assert!(message.is_valid(), "{message:?}");
    assert_eq!(M::decode(&bytes[..length]).as_ref(), Ok(&(message, length)));
    let error = M::decode(&bytes[..length - 1]).unwrap_err();
    assert_eq!(error, WireError::Truncated { found: length - 1, needed: length });

    let (message, _) = M::decode(bytes).unwrap();
    let mut written = vec![0; M::MAX_LEN];
    let written_length = message.encode(&mut written).unwrap();
    assert_eq!(M::decode(&written[..written_length]), Ok((message, written_length)));
    Some(length)
}

/// Tries the input as it is, and its bytes after the first as the payload of a message whose version is the first byte.
pub fn check_behind_checksum<M: Message>(bytes: &[u8]) {
    check::<M>(bytes);
    if let Some((&version, payload)) = bytes.split_first() {
        let sealed = seal(M::KIND as u8, version, payload);
        if let Some(length) = check::<M>(&sealed) {
            assert_eq!(length, sealed.len());
        }
    }
}

/// An envelope with a checksum that is right.
pub fn seal(kind: u8, version: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, version];
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    bytes.extend([0; 4]);
    repair(&mut bytes);
    bytes
}

/// Makes the last four bytes the CRC-32 of those before them.
pub fn repair(bytes: &mut [u8]) {
    if let Some((message, checksum)) = bytes.split_last_chunk_mut::<4>() {
        *checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(message).to_le_bytes();
    }
}
