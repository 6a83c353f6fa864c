//! A private key in memory. It is overwritten when it is no longer needed, and never shown.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use shared::bundle::signature::{PublicKey, SignatureError};
use zeroize::Zeroizing;

/// A private Ed25519 key: the seed of 32 bytes (RFC 8032, 5.1.5), and its public key.
pub struct SecretKey {
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

/// Shows the public key only.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SecretKey {
    /// A new key, from the operating system's random numbers.
    ///
    /// # Errors
    /// What the operating system says if it has none.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        Ok(Self::from_seed(&seed).expect("every seed gives a key of full order"))
    }

    /// The key with this seed.
    ///
    /// # Errors
    /// [`SignatureError`] if its public key cannot be trusted, which no seed gives.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SignatureError> {
        let public = with_key(seed, |key| PublicKey::from_bytes(&key.verifying_key().to_bytes()))?;
        Ok(Self { seed: Zeroizing::new(*seed), public })
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The seed.
    pub(super) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The signature of `message`: R and S of RFC 8032.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        with_key(&self.seed, |key| key.sign(message).to_bytes())
    }
}

/// The library's key overwrites itself; it is boxed, which keeps it in one place until then.
fn with_key<T>(seed: &[u8; 32], act: impl FnOnce(&SigningKey) -> T) -> T {
    act(&Box::new(SigningKey::from_bytes(seed)))
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn the_librarys_keys_overwrite_themselves() {
        // A feature of the library: without it this does not compile.
        const fn overwrites_itself<T: ZeroizeOnDrop>() {}
        overwrites_itself::<SigningKey>();
    }

    #[test]
    fn nothing_of_the_secret_is_shown() {
        let key = SecretKey::from_seed(&[0x5a; 32]).unwrap();
        let shown = format!("{key:?}");
        assert!(!shown.contains("5a, ") && !shown.contains("90, 90") && !shown.contains("seed"), "{shown}");
    }

    #[test]
    fn two_keys_differ() {
        assert_ne!(SecretKey::random().unwrap().public(), SecretKey::random().unwrap().public());
    }
}
