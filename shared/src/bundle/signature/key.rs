//! Public keys, their identifiers, and the set of those that are trusted. It does not know where they come from.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Signature, SignatureError};

/// Names a key: the first 8 bytes of the SHA-256 of the public key. Displayed in hexadecimal.
///
/// It finds a key, it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An Ed25519 public key, not weak. Displayed as its 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    key: VerifyingKey,
}

impl PublicKey {
    /// The key with these bytes (RFC 8032, 5.1.2).
    ///
    /// # Errors
    ///
    /// [`SignatureError::NotAKey`] if they are no point, or not the one encoding of it;
    /// [`SignatureError::WeakKey`] if it has a small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SignatureError::NotAKey)?;
        if key.is_weak() {
            return Err(SignatureError::WeakKey);
        }
        if key.to_edwards().compress().to_bytes() != *bytes {
            return Err(SignatureError::NotAKey);
        }
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Ok(Self { id: KeyId([a, b, c, d, e, f, g, h]), key })
    }

    /// Its identifier.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Whether `signature` is this key's for `message`, by the strict rules.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads 64 hexadecimal digits, or the line of a `.pub` file: `ed25519`, the digits, a comment.
impl FromStr for PublicKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let mut words = text.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let digits = if first == "ed25519" { words.next().unwrap_or_default() } else { text.trim_ascii() };
        let refused = SignatureError::KeyText { digits: digits.len() };
        let mut bytes = [0; 32];
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return Err(refused) };
        if pairs.len() != bytes.len() {
            return Err(refused);
        }
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            let digit = |character| char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (Some(high), Some(low)) = (digit(high), digit(low)) else { return Err(refused) };
            *byte = high << 4 | low;
        }
        Self::from_bytes(&bytes)
    }
}

/// The keys that may answer for a bundle, at most `N`. Several, so that one can take over from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys<const N: usize> {
    keys: heapless::Vec<PublicKey, N>,
}

impl<const N: usize> TrustedKeys<N> {
    /// No keys: no signature is accepted.
    pub const fn new() -> Self {
        Self { keys: heapless::Vec::new() }
    }

    /// Trusts one more key.
    ///
    /// # Errors
    ///
    /// [`SignatureError::KeyTwice`] or [`SignatureError::TooManyKeys`].
    pub fn trust(&mut self, key: PublicKey) -> Result<(), SignatureError> {
        if self.find(key.id).is_some() {
            return Err(SignatureError::KeyTwice { key: key.id });
        }
        self.keys.push(key).map_err(|_| SignatureError::TooManyKeys { max: N })
    }

    /// The keys, in the order in which they were trusted.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    fn find(&self, id: KeyId) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The first trusted key that signed `message`. A signature by a key that is not trusted is passed over; each one
    /// by a trusted key has to be valid, not only the first.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Unsigned`], [`SignatureError::Untrusted`] or [`SignatureError::Invalid`].
    pub fn signer(&self, message: &[u8], signatures: &[Signature]) -> Result<KeyId, SignatureError> {
        let mut signer = None;
        for signature in signatures {
            let Some(key) = self.find(signature.key) else { continue };
            if !key.signed(message, &signature.bytes) {
                return Err(SignatureError::Invalid { key: key.id });
            }
            signer = signer.or(Some(key.id));
        }
        match signer {
            Some(key) => Ok(key),
            None if signatures.is_empty() => Err(SignatureError::Unsigned),
            None => Err(SignatureError::Untrusted { found: signatures.len() }),
        }
    }
}
