//! Who answers for a bundle: Ed25519 signatures (RFC 8032) over its header, table and hash, and so over the hash of
//! every section.
//!
//! Keys have 32 bytes, signatures 64, key identifiers 8. A signature is checked strictly (`verify_strict` of
//! `ed25519-dalek`): no small-order key or point, no scalar outside the group's order. `docs/bundle-format.md`
//! specifies the bytes. It knows no private keys, no files, and not why a key is trusted.

mod block;
mod key;
#[cfg(test)]
mod tests;

pub(super) use block::{BlockError, Signatures, decode_block};
pub use block::{MAX_BLOCK_LEN, MAX_SIGNATURES, MalformedBlock, block_len, encode_block};
pub use key::{KeyId, PublicKey, TrustedKeys};

use super::{BundleError, MAX_TABLE_LEN};

/// What every signed message begins with, so that no signature for another purpose is one of a bundle. A change to what
/// is signed gets another one.
pub const DOMAIN: [u8; 32] = *b"inspection-bundle-signature v1\0\0";

/// The greatest length of a [`Message`].
pub const MAX_MESSAGE_LEN: usize = DOMAIN.len() + MAX_TABLE_LEN;

/// The bytes that are signed: [`DOMAIN`], then header, table and bundle hash as they are in the file.
pub type Message = heapless::Vec<u8, MAX_MESSAGE_LEN>;

/// One signature of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that it is said to be by.
    pub key: KeyId,
    /// R and S of RFC 8032.
    pub bytes: [u8; 64],
}

/// Why bytes are no key that can be trusted, or no trusted key answers for a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text is no public key.
    #[error("found {digits} digits or characters, expected the 64 hexadecimal digits of an Ed25519 public key")]
    KeyText {
        /// The length of what should be the digits.
        digits: usize,
    },
    /// The bytes are no point of the curve, or not written in the one way that is allowed.
    #[error("the 32 bytes are no Ed25519 public key; copy the .pub file again")]
    NotAKey,
    /// A key of small order: anybody can sign for it.
    #[error("the key is weak: it has a small order, so that anybody could sign for it; make another one")]
    WeakKey,
    /// More keys than there is room for.
    #[error("found more than {max} keys, expected at most {max}; remove those that are no longer in use")]
    TooManyKeys {
        /// How many there can be.
        max: usize,
    },
    /// A key is there twice, or two keys have the same identifier.
    #[error("found the key {key} twice, expected it once")]
    KeyTwice {
        /// Its identifier.
        key: KeyId,
    },
    /// The bundle has no signature.
    #[error("the bundle is not signed; sign it with `host-trainer bundle sign`")]
    Unsigned,
    /// None of the bundle's signatures is by a trusted key.
    #[error("none of the {found} signatures is by a trusted key; sign it with one, or trust the key that signed it")]
    Untrusted {
        /// The number of signatures.
        found: usize,
    },
    /// A signature that is said to be by a trusted key is not.
    #[error("the signature by the key {key} is not valid: the bundle or the signature was changed")]
    Invalid {
        /// The key.
        key: KeyId,
    },
}

/// Why a bundle was not accepted as signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedBundleError {
    /// It is damaged or malformed.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// No trusted key answers for it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// The message for these bytes of header, table and hash; what is longer than any table is cut, and verifies nothing.
pub(super) fn message(head: &[u8]) -> Message {
    DOMAIN.iter().chain(head).copied().take(MAX_MESSAGE_LEN).collect()
}
