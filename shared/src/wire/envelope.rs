//! The envelope around every message: kind, version, length, payload, CRC-32.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | kind |
//! | 1 | version |
//! | 4 | length of the payload, little-endian |
//! | n | payload |
//! | 4 | CRC-32 (ISO-HDLC) of all the bytes before, little-endian |
//!
//! It does not know what a payload says.

use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Deserialize, Serialize};

use super::WireError;

/// Kind, version and length.
const HEAD_LEN: usize = 6;
/// The checksum.
const TAIL_LEN: usize = 4;
/// The bytes of an envelope without its payload.
pub const OVERHEAD: usize = HEAD_LEN + TAIL_LEN;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What a message is, stored as its code: never give a code a new meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// A [`Manifest`](super::Manifest).
    Manifest = 1,
    /// An [`InspectionRecord`](super::InspectionRecord).
    Record = 2,
    /// A [`StationThreshold`](super::StationThreshold).
    StationThreshold = 3,
    /// A [`StorePointer`](super::StorePointer).
    StorePointer = 4,
    /// A [`VersionFloor`](super::VersionFloor).
    VersionFloor = 5,
    /// A [`Detectability`](super::Detectability).
    Detectability = 6,
}

/// A kind of message, the newest version of it, and the greatest length of its payload in any version.
pub(super) struct Format {
    pub kind: MessageKind,
    pub newest: u8,
    pub max_payload: usize,
}

impl Format {
    /// Writes a message of the newest version to the start of `out` and gives its length.
    pub(super) fn encode<T: Serialize>(&self, message: &T, out: &mut [u8]) -> Result<usize, WireError> {
        let found = out.len();
        let too_short = WireError::BufferTooShort { found, enough: OVERHEAD + self.max_payload };
        let Some((head, rest)) = out.split_first_chunk_mut::<HEAD_LEN>() else {
            return Err(too_short);
        };
        let length = match postcard::to_slice(message, rest) {
            Ok(payload) => payload.len(),
            Err(postcard::Error::SerializeBufferFull) => return Err(too_short),
            Err(source) => return Err(WireError::Payload { kind: self.kind, source }),
        };
        let found = u32::try_from(length).unwrap_or(u32::MAX);
        if length > self.max_payload {
            return Err(WireError::TooLong { found, max: self.max_payload });
        }
        let [a, b, c, d] = found.to_le_bytes();
        *head = [self.kind as u8, self.newest, a, b, c, d];
        let end = HEAD_LEN + length;
        let checksum = CRC.checksum(&out[..end]);
        let Some(tail) = out[end..].first_chunk_mut::<TAIL_LEN>() else {
            return Err(too_short);
        };
        *tail = checksum.to_le_bytes();
        Ok(end + TAIL_LEN)
    }

    /// Checks the envelope at the start of `bytes` and gives the version, the payload and the message's length.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Result<(u8, &'a [u8], usize), WireError> {
        let truncated = |needed| WireError::Truncated { found: bytes.len(), needed };
        let (&[kind, version, a, b, c, d], rest) = bytes.split_first_chunk().ok_or(truncated(OVERHEAD))?;
        if kind != self.kind as u8 {
            return Err(WireError::Kind { found: kind, expected: self.kind });
        }
        if version == 0 || version > self.newest {
            return Err(WireError::Version { kind: self.kind, found: version, newest: self.newest });
        }
        let found = u32::from_le_bytes([a, b, c, d]);
        let too_long = WireError::TooLong { found, max: self.max_payload };
        let Some(length) = usize::try_from(found).ok().filter(|&length| length <= self.max_payload) else {
            return Err(too_long);
        };
        let (payload, rest) = rest.split_at_checked(length).ok_or(truncated(OVERHEAD + length))?;
        let checksum = rest.first_chunk().ok_or(truncated(OVERHEAD + length))?;
        let found = u32::from_le_bytes(*checksum);
        let computed = CRC.checksum(&bytes[..HEAD_LEN + length]);
        if found != computed {
            return Err(WireError::Checksum { found, computed });
        }
        Ok((version, payload, OVERHEAD + length))
    }

    /// Decodes a payload, which must end with its last field.
    pub(super) fn payload<'a, T: Deserialize<'a>>(&self, payload: &'a [u8]) -> Result<T, WireError> {
        let (message, rest) =
            postcard::take_from_bytes(payload).map_err(|source| WireError::Payload { kind: self.kind, source })?;
        if !rest.is_empty() {
            return Err(WireError::TrailingPayload { found: rest.len() });
        }
        Ok(message)
    }
}
