//! Whether a bundle may be used here: who has to answer for it, for which product and camera, by which program.
//!
//! Signature and hashes are checked before anything that the sections hold is looked at. It does not know where the
//! bundle came from, whether it is older than another one, nor what is inside the model.

use std::path::{Path, PathBuf};

use shared::bundle::signature::{KeyId, PublicKey, SignatureError, SignedBundleError, TrustedKeys};
use shared::bundle::{self, Bundle, BundleError};
use shared::wire::{Manifest, WireError};

use crate::bounded_read::{ReadFailure, read_bounded};

/// The most keys that can be trusted at the same time.
pub const MAX_TRUSTED_KEYS: usize = 8;

/// The largest file of a public key that is read, in bytes.
const MAX_KEY_BYTES: u64 = 4096;

/// The keys that may answer for a bundle.
pub type Keys = TrustedKeys<MAX_TRUSTED_KEYS>;

/// What a bundle has to be. The default trusts nobody and so refuses every bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Who may answer for it.
    pub keys: Keys,
    /// Whether one that nobody of them answers for may be used all the same.
    pub unsigned_allowed: bool,
    /// The only product that is inspected here; none for any.
    pub product: Option<String>,
    /// The camera that is here; none if it is not said, and then bundles for any camera are taken.
    pub camera: Option<String>,
}

/// Why a bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It is no bundle, or not the one that was sealed.
    #[error("the bundle is damaged; copy it again, or seal it again")]
    Damaged(#[source] BundleError),
    /// It, or its manifest, is of a format that came after this program.
    #[error("the bundle's format is newer than this program; update the program first")]
    FormatTooNew(#[source] BundleError),
    /// It has no signature, or none by a trusted key.
    #[error("nobody who is trusted answers for the bundle")]
    Unsigned(#[source] SignatureError),
    /// A signature that is said to be by a trusted key is not.
    #[error("the bundle has a forged or damaged signature; do not use it, ask where it comes from")]
    BadSignature(#[source] SignatureError),
    /// It is for something else.
    #[error("the bundle is for the product \"{found}\", expected \"{expected}\" (trust.product)")]
    Product {
        /// The bundle's product.
        found: String,
        /// That of the configuration.
        expected: String,
    },
    /// It is for another camera.
    #[error("the bundle is for the camera \"{found}\", expected \"{expected}\" (trust.camera)")]
    Camera {
        /// The bundle's camera.
        found: String,
        /// That of the configuration.
        expected: String,
    },
    /// It needs a newer program.
    #[error(
        "the bundle needs edge-runtime {} or newer, this is {}; update the program first", dotted(*needed), dotted(*found)
    )]
    RuntimeTooOld {
        /// The least version: major, minor, patch.
        needed: [u16; 3],
        /// The version of this program.
        found: [u16; 3],
    },
}

impl TrustError {
    /// The exit code that tells it from the others; `docs/operation.md` lists them.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Damaged(_) => 10,
            Self::Unsigned(_) => 11,
            Self::BadSignature(_) => 12,
            Self::Product { .. } => 13,
            Self::Camera { .. } => 14,
            Self::FormatTooNew(_) | Self::RuntimeTooOld { .. } => 16,
        }
    }
}

impl From<BundleError> for TrustError {
    fn from(error: BundleError) -> Self {
        let is_newer = match &error {
            BundleError::Version { found } => *found > bundle::VERSION,
            BundleError::Manifest(WireError::Version { found, newest, .. }) => found > newest,
            _ => false,
        };
        if is_newer { Self::FormatTooNew(error) } else { Self::Damaged(error) }
    }
}

impl From<SignedBundleError> for TrustError {
    fn from(error: SignedBundleError) -> Self {
        match error {
            SignedBundleError::Bundle(source) => source.into(),
            SignedBundleError::Signature(source @ (SignatureError::Unsigned | SignatureError::Untrusted { .. })) => {
                Self::Unsigned(source)
            }
            SignedBundleError::Signature(source) => Self::BadSignature(source),
        }
    }
}

impl Trust {
    /// Verifies a whole bundle and that it may be used here. [`Bundle::trust`] says who answers for it.
    ///
    /// In this order: header, table, signatures, hashes, what the sections hold; then the product, the camera, and the
    /// version of the program.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names the first check that failed. A signature that is forged is refused even where none is
    /// needed.
    pub fn verify<'a>(&self, bytes: &'a [u8]) -> Result<Bundle<'a>, TrustError> {
        let bundle = match Bundle::verify_signed(bytes, &self.keys).map_err(TrustError::from) {
            Ok((bundle, _key)) => bundle,
            Err(TrustError::Unsigned(_)) if self.unsigned_allowed => Bundle::verify(bytes).map_err(TrustError::from)?,
            Err(refused) => return Err(refused),
        };
        self.fits(bundle.manifest())?;
        Ok(bundle)
    }

    /// Whether a bundle with this manifest is meant for this station and this program.
    ///
    /// # Errors
    ///
    /// [`TrustError::Product`], [`TrustError::Camera`] or [`TrustError::RuntimeTooOld`].
    pub fn fits(&self, manifest: &Manifest) -> Result<(), TrustError> {
        if let Some(expected) = self.product.as_ref().filter(|product| **product != *manifest.product) {
            return Err(TrustError::Product { found: manifest.product.to_string(), expected: expected.clone() });
        }
        let for_one = !manifest.camera.is_empty();
        if let Some(expected) = self.camera.as_ref().filter(|camera| for_one && **camera != *manifest.camera) {
            return Err(TrustError::Camera { found: manifest.camera.to_string(), expected: expected.clone() });
        }
        let (needed, found) = (manifest.minimum_runtime, this_version());
        if needed > found {
            return Err(TrustError::RuntimeTooOld { needed, found });
        }
        Ok(())
    }
}

/// The version of this program: major, minor, patch.
pub fn this_version() -> [u16; 3] {
    [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")]
        .map(|number| number.parse().expect("cargo gives numbers"))
}

fn dotted([major, minor, patch]: [u16; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

/// Who signed, as far as it is known without asking a key: for programs that move nothing.
pub fn signature_words(bundle: &Bundle<'_>) -> String {
    match (bundle.trust().signed_by(), bundle.signatures()) {
        (Some(key), _) => format!("signed by {key}"),
        (None, []) => "unsigned".to_owned(),
        (None, signatures) => {
            let keys: Vec<_> = signatures.iter().map(|signature| signature.key.to_string()).collect();
            format!("unsigned as far as is known here: the signatures by {} were not checked", keys.join(", "))
        }
    }
}

/// Why a public key cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Its file cannot be read.
    #[error(
        "{}: {failure}; give the .pub file that `host-trainer bundle keygen` wrote, or the 64 digits in it",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        failure: ReadFailure,
    },
    /// What is there is no key.
    #[error("{key}")]
    Refused {
        /// The digits, or the file that should hold them.
        key: String,
        /// What is wrong with it.
        source: SignatureError,
    },
}

/// Whether an entry of a list of keys is the path of a file: it has a slash or ends with `.pub`.
pub fn is_path(entry: &str) -> bool {
    entry.contains('/') || entry.ends_with(".pub")
}

/// The public key that `entry` is: 64 hexadecimal digits, or the path of a `.pub` file.
///
/// # Errors
///
/// [`KeyError`] if there is none.
pub fn read_key(entry: &str) -> Result<PublicKey, KeyError> {
    let refused = |source| KeyError::Refused { key: entry.to_owned(), source };
    if !is_path(entry) {
        return entry.parse().map_err(refused);
    }
    let path = Path::new(entry);
    let bytes =
        read_bounded(path, MAX_KEY_BYTES).map_err(|failure| KeyError::Unreadable { path: path.to_owned(), failure })?;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).parse().map_err(refused)
}

/// The set of the keys that these entries are.
///
/// # Errors
///
/// [`KeyError`] if one cannot be had, is there twice, or there are more than [`MAX_TRUSTED_KEYS`].
pub fn read_keys<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Keys, KeyError> {
    let mut keys = Keys::new();
    for entry in entries {
        let key = read_key(entry)?;
        keys.trust(key).map_err(|source| KeyError::Refused { key: entry.to_owned(), source })?;
    }
    Ok(keys)
}

#[cfg(feature = "station")]
impl Trust {
    /// What the configuration asks for. Reads the files of keys that it names.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if a key cannot be had.
    pub fn of(config: &crate::config::TrustConfig) -> Result<Self, KeyError> {
        Ok(Self {
            keys: read_keys(config.keys.iter().map(String::as_str))?,
            unsigned_allowed: config.unsigned == crate::config::Unsigned::Accept,
            product: config.product.clone(),
            camera: config.camera.clone(),
        })
    }
}

/// The key that signed, for a log.
pub fn signer_words(signed_by: Option<KeyId>) -> String {
    match signed_by {
        Some(key) => format!("the bundle is signed by the key {key}"),
        None => "NOBODY ANSWERS FOR THE BUNDLE: no trusted key signed it; trust.unsigned = \"accept\" lets it run"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use shared::bundle::signature::{Signature, encode_block};
    use shared::wire::BundleTrust;

    use super::*;
    use crate::test_support::{bundle_around, bundle_with, manifest};

    /// The public key of test 1 of RFC 8032.
    const DIGITS: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn accepting() -> Trust {
        Trust { unsigned_allowed: true, ..Trust::default() }
    }

    fn trusting() -> Trust {
        Trust { keys: read_keys([DIGITS]).unwrap(), ..Trust::default() }
    }

    /// The bundle with a signature that is none, said to be by `key`.
    fn forged(key: KeyId) -> Vec<u8> {
        let unsigned = bundle_around(b"a model").bytes().to_vec();
        let mut block = [0; 84];
        encode_block(&[Signature { key, bytes: [7; 64] }], &mut block).unwrap();
        [&unsigned[..unsigned.len() - 12], &block].concat()
    }

    #[test]
    fn unsigned_bundles_need_a_station_that_says_so() {
        let file = bundle_around(b"a model");
        for trust in [Trust::default(), trusting()] {
            let refused = trust.verify(file.bytes()).unwrap_err();
            assert_eq!(refused, TrustError::Unsigned(SignatureError::Unsigned));
            assert_eq!(refused.exit_code(), 11);
        }
        let bundle = accepting().verify(file.bytes()).map(|bundle| bundle.trust());
        assert_eq!(bundle, Ok(BundleTrust::Unsigned));
        let damaged = accepting().verify(&file.bytes()[1..]).unwrap_err();
        assert_eq!(damaged.exit_code(), 10);
    }

    #[test]
    fn a_forged_signature_is_refused_everywhere_and_a_stranger_s_is_none() {
        let known = read_key(DIGITS).unwrap().id();
        for unsigned_allowed in [false, true] {
            let trust = Trust { unsigned_allowed, ..trusting() };
            let refused = trust.verify(&forged(known)).unwrap_err();
            assert_eq!(refused, TrustError::BadSignature(SignatureError::Invalid { key: known }));
            assert_eq!(refused.exit_code(), 12);
            let stranger = trust.verify(&forged(KeyId([1; 8]))).map(|bundle| bundle.trust());
            let untrusted = TrustError::Unsigned(SignatureError::Untrusted { found: 1 });
            assert_eq!(stranger, if unsigned_allowed { Ok(BundleTrust::Unsigned) } else { Err(untrusted) });
        }
    }

    #[test]
    fn product_camera_and_program_have_to_fit() {
        let named = |camera: &str| {
            let camera = camera.try_into().unwrap();
            bundle_with(&shared::wire::Manifest { camera, ..manifest() })
        };
        let verify = |trust: &Trust, file: &crate::bundle::BundleFile| trust.verify(file.bytes()).map(drop);
        let product = |text: &str| Trust { product: Some(text.to_owned()), ..accepting() };
        assert_eq!(verify(&product("test"), &named("")), Ok(()));
        assert_eq!(verify(&product("other"), &named("")).unwrap_err().exit_code(), 13);
        let camera = |text: &str| Trust { camera: Some(text.to_owned()), ..accepting() };
        assert_eq!(verify(&camera("line 3"), &named("")), Ok(()));
        assert_eq!(verify(&camera("line 3"), &named("line 3")), Ok(()));
        assert_eq!(verify(&accepting(), &named("line 3")), Ok(()));
        let refused = verify(&camera("line 3"), &named("line 4")).unwrap_err();
        assert_eq!(refused.exit_code(), 14);
        assert!(refused.to_string().contains("\"line 4\", expected \"line 3\""), "{refused}");

        let needing = |minimum_runtime| bundle_with(&shared::wire::Manifest { minimum_runtime, ..manifest() });
        let [major, minor, patch] = this_version();
        assert_eq!(verify(&accepting(), &needing([major, minor, patch])), Ok(()));
        for newer in [[major, minor, patch + 1], [major, minor + 1, 0], [major + 1, 0, 0]] {
            let refused = verify(&accepting(), &needing(newer)).unwrap_err();
            assert_eq!(
                (refused.exit_code(), refused),
                (16, TrustError::RuntimeTooOld { needed: newer, found: this_version() })
            );
        }
    }

    #[test]
    fn keys_are_digits_or_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("line.pub");
        let text = path.to_str().unwrap();
        assert!(matches!(read_key(text), Err(KeyError::Unreadable { .. })));
        std::fs::write(&path, format!("ed25519 {DIGITS} line 3\nmore\n")).unwrap();
        assert_eq!(read_key(text).unwrap(), read_key(DIGITS).unwrap());
        let twice = read_keys([DIGITS, text]).unwrap_err();
        assert!(matches!(twice, KeyError::Refused { source: SignatureError::KeyTwice { .. }, .. }), "{twice}");
        std::fs::write(&path, "no key").unwrap();
        assert!(matches!(read_key(text), Err(KeyError::Refused { source: SignatureError::KeyText { .. }, .. })));
        assert!(matches!(read_key(&"0".repeat(64)), Err(KeyError::Refused { source: SignatureError::WeakKey, .. })));
    }
}
