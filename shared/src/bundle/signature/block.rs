//! The signature block at the end of a bundle of version 2: magic, count, signatures, CRC-32. Lengths are in bytes,
//! integers little-endian. It does not know whose the signatures are, nor what is signed.

use crc::{CRC_32_ISO_HDLC, Crc};

use super::{KeyId, Signature};

/// The first bytes of the block.
const MAGIC: [u8; 4] = *b"SIGN";

/// Magic, count, reserved.
const HEAD_LEN: usize = 8;
/// Key identifier and signature.
const SIGNATURE_LEN: usize = 72;
/// The CRC-32.
const TAIL_LEN: usize = 4;

/// The most signatures a bundle can have.
pub const MAX_SIGNATURES: usize = 4;

/// The length of a block without signatures.
const MIN_BLOCK_LEN: usize = block_len(0);

/// The greatest length of a block.
pub const MAX_BLOCK_LEN: usize = block_len(MAX_SIGNATURES);

/// The signatures of a bundle.
pub(in crate::bundle) type Signatures = heapless::Vec<Signature, MAX_SIGNATURES>;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The length of a block with this many signatures.
pub const fn block_len(signatures: usize) -> usize {
    HEAD_LEN + SIGNATURE_LEN * signatures + TAIL_LEN
}

/// Why bytes are no signature block, or signatures can't become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedBlock {
    /// The first bytes are not those of a block.
    #[error("found the first bytes {found:02x?}, expected {MAGIC:02x?}")]
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// There are more signatures than there can be.
    #[error("found {found} signatures, expected at most {MAX_SIGNATURES}; remove those that nobody needs")]
    Count {
        /// The number of signatures.
        found: usize,
    },
    /// The reserved field is not zero.
    #[error("found {found} in the reserved field, expected 0")]
    Reserved {
        /// The value of the field.
        found: u16,
    },
    /// The signatures are not in ascending order of their keys, or a key is there twice.
    #[error("found a signature by the key {found} after one by {previous}, expected each key once, in ascending order")]
    Order {
        /// The key that was found.
        found: KeyId,
        /// The key before it.
        previous: KeyId,
    },
    /// The block was changed.
    #[error("found the checksum {found:#010x}, expected {computed:#010x} for this block")]
    Checksum {
        /// The checksum in the block.
        found: u32,
        /// The checksum of what is there.
        computed: u32,
    },
    /// The buffer is too short.
    #[error("found a buffer of {found} bytes, expected at least {needed}")]
    BufferTooShort {
        /// The length of the buffer.
        found: usize,
        /// The length of the block.
        needed: usize,
    },
}

/// Writes the block of these signatures to the start of `out` and gives its length, [`block_len`]. It is the last part
/// of a bundle.
///
/// # Errors
///
/// [`MalformedBlock`] if there are more than [`MAX_SIGNATURES`], the identifiers of their keys do not ascend, or `out`
/// is too short.
pub fn encode_block(signatures: &[Signature], out: &mut [u8]) -> Result<usize, MalformedBlock> {
    check(signatures)?;
    let (needed, found) = (block_len(signatures.len()), out.len());
    let out = out.get_mut(..needed).ok_or(MalformedBlock::BufferTooShort { found, needed })?;
    let (head, rest) = out.split_at_mut(HEAD_LEN);
    head[..4].copy_from_slice(&MAGIC);
    head[4..6].copy_from_slice(&(signatures.len() as u16).to_le_bytes());
    head[6..].fill(0);
    for (row, Signature { key, bytes }) in rest.chunks_exact_mut(SIGNATURE_LEN).zip(signatures) {
        row[..8].copy_from_slice(&key.0);
        row[8..].copy_from_slice(bytes);
    }
    let end = needed - TAIL_LEN;
    let checksum = CRC.checksum(&out[..end]).to_le_bytes();
    out[end..].copy_from_slice(&checksum);
    Ok(needed)
}

/// Reads the block at the start of `bytes`, and gives its signatures with its length.
pub(in crate::bundle) fn decode_block(bytes: &[u8]) -> Result<(Signatures, usize), BlockError> {
    let &[m0, m1, m2, m3, n0, n1, r0, r1] =
        bytes.first_chunk::<HEAD_LEN>().ok_or(BlockError::Truncated { needed: MIN_BLOCK_LEN })?;
    let found = [m0, m1, m2, m3];
    if found != MAGIC {
        return Err(MalformedBlock::Magic { found }.into());
    }
    let count = usize::from(u16::from_le_bytes([n0, n1]));
    if count > MAX_SIGNATURES {
        return Err(MalformedBlock::Count { found: count }.into());
    }
    let reserved = u16::from_le_bytes([r0, r1]);
    if reserved != 0 {
        return Err(MalformedBlock::Reserved { found: reserved }.into());
    }
    let needed = block_len(count);
    let block = bytes.get(..needed).ok_or(BlockError::Truncated { needed })?;
    let (body, checksum) = block.split_last_chunk::<TAIL_LEN>().ok_or(BlockError::Truncated { needed })?;
    let (found, computed) = (u32::from_le_bytes(*checksum), CRC.checksum(body));
    if found != computed {
        return Err(MalformedBlock::Checksum { found, computed }.into());
    }
    let rows = body[HEAD_LEN..].as_chunks::<SIGNATURE_LEN>().0.iter();
    let signatures: Signatures = rows
        .map(|&[a, b, c, d, e, f, g, h, ref bytes @ ..]| Signature {
            key: KeyId([a, b, c, d, e, f, g, h]),
            bytes: *bytes,
        })
        .collect();
    check(&signatures)?;
    Ok((signatures, needed))
}

/// What stops the reading of a block.
#[derive(Debug)]
pub(in crate::bundle) enum BlockError {
    /// The bytes end before the block does.
    Truncated {
        /// The length of the block, as far as it is known.
        needed: usize,
    },
    Malformed(MalformedBlock),
}

impl From<MalformedBlock> for BlockError {
    fn from(malformed: MalformedBlock) -> Self {
        Self::Malformed(malformed)
    }
}

fn check(signatures: &[Signature]) -> Result<(), MalformedBlock> {
    if signatures.len() > MAX_SIGNATURES {
        return Err(MalformedBlock::Count { found: signatures.len() });
    }
    for pair in signatures.windows(2) {
        if let [Signature { key: previous, .. }, Signature { key: found, .. }] = *pair
            && found <= previous
        {
            return Err(MalformedBlock::Order { found, previous });
        }
    }
    Ok(())
}
