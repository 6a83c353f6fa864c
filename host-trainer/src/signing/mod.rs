//! Signing bundles: private keys, how they are kept, and the signature block with one more signature.
//!
//! What is signed and how is specified in `docs/bundle-format.md`. Keys are Ed25519 (RFC 8032). It does not know who
//! may sign, nor which stations trust a key.

mod key_file;
mod passphrase;
mod secret;

use shared::bundle::signature::{
    KeyId, MAX_BLOCK_LEN, MalformedBlock, Signature, SignedBundleError, TrustedKeys, block_len, encode_block,
};
use shared::bundle::{Bundle, BundleError, VERSION};

use crate::export::bundle::{SealError, with_manifest};

pub use key_file::{Cost, KeyFileError, generate};
pub use passphrase::{MIN_PASSPHRASE, Passphrase, PassphraseError, PassphraseSource};
pub use secret::SecretKey;

/// Why a bundle was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The bundle with its changes could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no room for the signature.
    #[error("the signature does not fit; sign the bundle as it was sealed, with at most four keys")]
    Block(#[from] MalformedBlock),
    /// The bundle to be signed is none.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The signature that was just made does not verify.
    #[error("the signature that was just made does not verify; the machine may be faulty: {0}")]
    Proof(#[from] SignedBundleError),
}

/// A signed bundle.
#[derive(Debug)]
pub struct Signed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The keys whose signatures were taken away because the bundle is another one now.
    pub dropped: Vec<KeyId>,
}

/// What the bundle is to say of itself before it is signed; what is none stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// The release, 1 or more.
    pub release: Option<u32>,
    /// The oldest version of the station's program that may run it: major, minor, patch.
    pub minimum_runtime: Option<[u16; 3]>,
}

/// `bytes`, a bundle, with a signature by `secret` in place of an earlier one by the same key. Other keys' signatures
/// stay.
///
/// With `changes` that change something, and for a bundle of the format version 1, the result is another bundle: it has
/// another identifier, and no signature that was there is for it.
///
/// # Errors
/// [`SigningError`] if `bytes` are no bundle or it has no room for one more signature.
pub fn sign(bytes: &[u8], secret: &SecretKey, changes: Changes) -> Result<Signed, SigningError> {
    let old = Bundle::verify(bytes)?;
    let mut manifest = old.manifest().clone();
    manifest.release = changes.release.unwrap_or(manifest.release);
    manifest.minimum_runtime = changes.minimum_runtime.unwrap_or(manifest.minimum_runtime);
    let is_other = manifest != *old.manifest() || version(bytes) != VERSION;
    let resealed = if is_other { Some(with_manifest(&manifest, &old)?) } else { None };
    let bundle = resealed.as_deref().map(Bundle::verify).transpose()?.unwrap_or_else(|| old.clone());

    let id = secret.public().id();
    let mut signatures: Vec<_> = bundle.signatures().iter().filter(|signature| signature.key != id).copied().collect();
    signatures.push(Signature { key: id, bytes: secret.sign(&bundle.signed_message()) });
    signatures.sort_by_key(|signature| signature.key);
    let mut block = [0; MAX_BLOCK_LEN];
    let length = encode_block(&signatures, &mut block)?;

    let unsigned = resealed.as_deref().unwrap_or(bytes);
    let sections = unsigned.len() - block_len(bundle.signatures().len());
    let signed = [&unsigned[..sections], &block[..length]].concat();
    let mut keys = TrustedKeys::<1>::new();
    keys.trust(*secret.public()).map_err(SignedBundleError::from)?;
    Bundle::verify_signed(&signed, &keys)?;
    let dropped = old.signatures().iter().filter(|_| is_other).map(|signature| signature.key).collect();
    Ok(Signed { bytes: signed, dropped })
}

/// The format version of a verified bundle.
fn version(bytes: &[u8]) -> u16 {
    bytes.get(8..10).map_or(0, |version| u16::from_le_bytes([version[0], version[1]]))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shared::bundle::signature::SignatureError;

    use super::*;
    use crate::export::bundle::testing::small_bundle;

    fn secret(number: u8) -> SecretKey {
        SecretKey::from_seed(&[number; 32]).unwrap()
    }

    fn release(number: u32) -> Changes {
        Changes { release: Some(number), ..Changes::default() }
    }

    fn signers(bytes: &[u8]) -> Vec<KeyId> {
        Bundle::verify(bytes).unwrap().signatures().iter().map(|signature| signature.key).collect()
    }

    fn check(bytes: &[u8], number: u8) -> Result<(), SignedBundleError> {
        let mut keys = TrustedKeys::<1>::new();
        keys.trust(*secret(number).public()).unwrap();
        Bundle::verify_signed(bytes, &keys).map(drop)
    }

    #[test]
    fn signatures_are_added_and_replaced() {
        let unsigned = small_bundle();
        let mut bytes = unsigned.clone();
        for number in 1..=4 {
            bytes = sign(&bytes, &secret(number), Changes::default()).unwrap().bytes;
            assert_eq!(signers(&bytes).len(), usize::from(number));
        }
        assert_eq!(Bundle::verify(&bytes).unwrap().id(), Bundle::verify(&unsigned).unwrap().id());
        (1..=4).for_each(|number| assert_eq!(check(&bytes, number), Ok(())));
        assert_eq!(check(&bytes, 5), Err(SignatureError::Untrusted { found: 4 }.into()));
        // Ed25519 always gives the same signature.
        assert_eq!(sign(&bytes, &secret(2), Changes::default()).unwrap().bytes, bytes);
        assert!(matches!(
            sign(&bytes, &secret(5), Changes::default()),
            Err(SigningError::Block(MalformedBlock::Count { found: 5 }))
        ));
    }

    #[test]
    fn the_oldest_program_that_may_run_it_is_sealed_in() {
        let first = sign(&small_bundle(), &secret(1), Changes::default()).unwrap();
        let asking = Changes { minimum_runtime: Some([1, 2, 3]), ..Changes::default() };
        let second = sign(&first.bytes, &secret(1), asking).unwrap();
        assert_eq!(second.dropped, [secret(1).public().id()]);
        let (old, new) = (Bundle::verify(&first.bytes).unwrap(), Bundle::verify(&second.bytes).unwrap());
        assert_ne!(old.id(), new.id());
        let expected = shared::wire::Manifest { minimum_runtime: [1, 2, 3], ..old.manifest().clone() };
        assert_eq!(*new.manifest(), expected);
    }

    #[test]
    fn another_release_is_another_bundle_and_sheds_the_old_signatures() {
        let first = sign(&small_bundle(), &secret(1), Changes::default()).unwrap();
        assert_eq!(first.dropped, []);
        let second = sign(&first.bytes, &secret(2), release(9)).unwrap();
        assert_eq!(second.dropped, [secret(1).public().id()]);
        assert_eq!(signers(&second.bytes), [secret(2).public().id()]);
        let (old, new) = (Bundle::verify(&first.bytes).unwrap(), Bundle::verify(&second.bytes).unwrap());
        assert_eq!(new.manifest().release, 9);
        assert_ne!(old.id(), new.id());
        let same: Vec<_> = old.sections().zip(new.sections()).map(|(old, new)| old == new).collect();
        assert_eq!(same, [false, true]);
        // The release that it has already changes nothing.
        assert_eq!(sign(&second.bytes, &secret(1), release(9)).unwrap().dropped, []);
        assert!(matches!(sign(&first.bytes, &secret(1), release(0)), Err(SigningError::Seal(_))));
    }

    #[test]
    fn a_bundle_of_version_1_becomes_one_of_version_2() {
        use sha2::{Digest, Sha256};
        let mut bytes = small_bundle();
        bytes.truncate(bytes.len() - block_len(0));
        bytes[8] = 1;
        let table = shared::bundle::table_len(2) - 32;
        let hash = Sha256::digest(&bytes[..table]);
        bytes[table..table + 32].copy_from_slice(&hash);
        assert_eq!(version(&bytes), 1);
        let signed = sign(&bytes, &secret(1), Changes::default()).unwrap().bytes;
        assert_eq!((version(&signed), check(&signed, 1)), (2, Ok(())));
        assert!(sign(b"no bundle", &secret(1), Changes::default()).is_err());
    }

    #[test]
    fn keys_are_kept_in_files_and_sign_from_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("line.key");
        let public = generate(&path, "a long passphrase", key_file::Cost::LEAST).unwrap();
        let again = SecretKey::read(&path, "a long passphrase").unwrap();
        assert_eq!(again.public(), &public);
        let line = std::fs::read_to_string(folder.path().join("line.key.pub")).unwrap();
        assert_eq!(line, format!("ed25519 {public} line.key\n"));
        assert_eq!(
            edge_runtime::trust::read_key(folder.path().join("line.key.pub").to_str().unwrap()).unwrap(),
            public
        );
        let signed = sign(&small_bundle(), &again, Changes::default()).unwrap().bytes;
        assert_eq!(signers(&signed), [public.id()]);
        assert!(matches!(SecretKey::read(&path, "a wrong passphrase"), Err(KeyFileError::WrongPassphrase { .. })));
        for taken in ["line.key", "line.key.pub"] {
            std::fs::remove_file(folder.path().join(taken)).unwrap();
            let refused = generate(&path, "a long passphrase", key_file::Cost::LEAST).unwrap_err();
            assert!(matches!(refused, KeyFileError::Taken { .. }), "{refused}");
            std::fs::write(folder.path().join(taken), "").unwrap();
        }
        assert!(matches!(SecretKey::read(Path::new("no.key"), ""), Err(KeyFileError::Read { .. })));
    }
}
