//! A private key at rest: a small TOML file, encrypted with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a key
//! that Argon2id (RFC 9106) derives from a passphrase. `docs/operation.md` specifies it.
//!
//! Everything in the file but the sealed seed is authenticated with it, so that no parameter can be exchanged. It does
//! not know where the passphrase comes from.

use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use shared::bundle::signature::PublicKey;
use zeroize::{Zeroize, Zeroizing};

use super::SecretKey;
use crate::digest::hex;

const FORMAT: &str = "inspection-signing-key 1";
const DERIVATION: &str = "argon2id";
const CIPHER: &str = "xchacha20-poly1305";

const HEADER: &str = "\
# A private key for signing bundles, encrypted. Keep it where bundles are signed, never on a station, and keep a copy
# of it elsewhere: without it and its passphrase no station that trusts only this key takes a new bundle.
";

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 10;

/// What deriving the key costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// The second of the recommendations of RFC 9106, 4: 64 MiB, 3 passes, but one lane, since the library has no
    /// threads.
    pub const USUAL: Self = Self { memory_kib: 64 << 10, passes: 3 };
    /// The least there is, for tests of everything else.
    #[cfg(test)]
    pub(super) const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// More than this is no key of this program: it would take all memory, or minutes.
const MAX_COST: Cost = Cost { memory_kib: 1 << 20, passes: 16 };

/// Why there is no private key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is a file already.
    #[error("{}: there is such a file already; a key is never written over, give another --out", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("{}: cannot be read: {failure}; give the key that `host-trainer bundle keygen` wrote", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        failure: edge_runtime::bounded_read::ReadFailure,
    },
    /// The file is none of this program's.
    #[error("{}: no private key of this program: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected.
        message: String,
    },
    /// The passphrase is another one, or the file was changed.
    #[error("{}: the passphrase is wrong, or the file was changed", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: String,
    public: String,
    derivation: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

/// Makes a key and writes it to `path`, readable by its owner only, and its public key beside it, with `.pub` after the
/// name.
///
/// # Errors
/// [`KeyFileError`]; a file that is there is not touched.
pub fn generate(path: &Path, passphrase: &str, cost: Cost) -> Result<PublicKey, KeyFileError> {
    let public_path = public_path(path);
    for path in [path, &public_path] {
        if path.symlink_metadata().is_ok() {
            return Err(KeyFileError::Taken { path: path.to_owned() });
        }
    }
    let secret = SecretKey::random().map_err(KeyFileError::Random)?;
    let text = seal(&secret, passphrase, cost).map_err(|error| match error {
        SealFailure::Random(error) => KeyFileError::Random(error),
        SealFailure::Cost(message) => KeyFileError::Malformed { path: path.to_owned(), message },
    })?;
    write_new(path, text.as_bytes(), 0o600)?;
    let comment = path.file_name().map(|name| name.to_string_lossy().replace(char::is_whitespace, "_"));
    let line = format!("ed25519 {} {}\n", secret.public(), comment.unwrap_or_default());
    write_new(&public_path, line.as_bytes(), 0o644).inspect_err(|_| {
        // Half a pair is no use, and would be in the way of the next attempt.
        let _ = fs::remove_file(path);
    })?;
    Ok(*secret.public())
}

/// `KEY.pub`.
fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Writes a file that was not there, all of it or nothing.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".part-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        let mut part = builder.tempfile_in(folder)?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist_noclobber(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|source: io::Error| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Taken { path },
            _ => KeyFileError::Write { path, source },
        }
    })
}

impl SecretKey {
    /// Reads the key in the file at `path`.
    ///
    /// # Errors
    /// [`KeyFileError`] if the file cannot be read, is none of this program's, or the passphrase is wrong.
    pub fn read(path: &Path, passphrase: &str) -> Result<Self, KeyFileError> {
        let bytes = edge_runtime::bounded_read::read_bounded(path, MAX_BYTES)
            .map_err(|failure| KeyFileError::Read { path: path.to_owned(), failure })?;
        open(&String::from_utf8_lossy(&bytes), passphrase).map_err(|failure| match failure {
            OpenFailure::Malformed(message) => KeyFileError::Malformed { path: path.to_owned(), message },
            OpenFailure::Passphrase => KeyFileError::WrongPassphrase { path: path.to_owned() },
        })
    }
}

enum SealFailure {
    Random(getrandom::Error),
    Cost(String),
}

/// The text of the file.
fn seal(secret: &SecretKey, passphrase: &str, cost: Cost) -> Result<String, SealFailure> {
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(SealFailure::Random)?;
    let mut file = KeyFile {
        format: FORMAT.to_owned(),
        public: secret.public().to_string(),
        derivation: DERIVATION.to_owned(),
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        lanes: 1,
        salt: hex(&salt),
        cipher: CIPHER.to_owned(),
        nonce: hex(&nonce),
        sealed: String::new(),
    };
    let authenticated = file.authenticated();
    let payload = Payload { msg: secret.seed(), aad: authenticated.as_bytes() };
    let sealed = with_cipher(&file, &salt, passphrase, |cipher| cipher.encrypt(&XNonce::from(nonce), payload))
        .map_err(SealFailure::Cost)?
        .expect("32 bytes are not too many");
    file.sealed = hex(&sealed);
    Ok(HEADER.to_owned() + &toml::to_string(&file).expect("texts and small numbers"))
}

#[derive(Debug, PartialEq, Eq)]
enum OpenFailure {
    Malformed(String),
    Passphrase,
}

fn open(text: &str, passphrase: &str) -> Result<SecretKey, OpenFailure> {
    let malformed = OpenFailure::Malformed;
    let file: KeyFile = toml::from_str(text).map_err(|error| malformed(error.message().to_owned()))?;
    for (name, found, expected) in [
        ("format", &file.format, FORMAT),
        ("derivation", &file.derivation, DERIVATION),
        ("cipher", &file.cipher, CIPHER),
    ] {
        if found != expected {
            return Err(malformed(format!("{name}: found \"{found}\", expected \"{expected}\"")));
        }
    }
    let most = MAX_COST;
    if file.memory_kib > most.memory_kib || file.passes > most.passes || file.lanes != 1 {
        return Err(malformed(format!(
            "found memory_kib = {}, passes = {}, lanes = {}, expected at most {}, at most {}, and 1",
            file.memory_kib, file.passes, file.lanes, most.memory_kib, most.passes
        )));
    }
    let public: PublicKey = file.public.parse().map_err(|error| malformed(format!("public: {error}")))?;
    let salt = from_hex::<16>("salt", &file.salt)?;
    let nonce = from_hex::<24>("nonce", &file.nonce)?;
    let sealed = from_hex::<48>("sealed", &file.sealed)?;
    let authenticated = file.authenticated();
    let payload = Payload { msg: &sealed, aad: authenticated.as_bytes() };
    let mut opened = with_cipher(&file, &salt, passphrase, |cipher| cipher.decrypt(&XNonce::from(nonce), payload))
        .map_err(malformed)?
        .map_err(|_| OpenFailure::Passphrase)?;
    let seed = opened.as_slice().try_into().map(Zeroizing::<[u8; 32]>::new);
    opened.as_mut_slice().zeroize();
    let seed = seed.map_err(|_| malformed("sealed: expected 32 bytes".to_owned()))?;
    let secret = SecretKey::from_seed(&seed).map_err(|error| malformed(error.to_string()))?;
    if secret.public() != &public {
        return Err(malformed("public: found another key than that of the sealed one".to_owned()));
    }
    Ok(secret)
}

impl KeyFile {
    /// What is authenticated besides the seed: every other value, in the order of the file, one a line.
    fn authenticated(&self) -> String {
        let Self { format, public, derivation, memory_kib, passes, lanes, salt, cipher, nonce, .. } = self;
        format!("{format}\n{public}\n{derivation}\n{memory_kib}\n{passes}\n{lanes}\n{salt}\n{cipher}\n{nonce}\n")
    }
}

/// Derives the key that the file's seed is encrypted with, which nothing holds afterwards: the memory that it was derived
/// in is overwritten, and so is the cipher. The cipher's own feature for that would have another library, which draws
/// random numbers with the same cipher, built anew; so it is boxed, and its place is used again for a key that is no
/// secret.
fn with_cipher<T>(
    file: &KeyFile,
    salt: &[u8],
    passphrase: &str,
    act: impl FnOnce(&XChaCha20Poly1305) -> T,
) -> Result<T, String> {
    let params = Params::new(file.memory_kib, file.passes, file.lanes, Some(32)).map_err(|error| error.to_string())?;
    let (mut memory, blocks) = (Vec::new(), params.block_count());
    memory.try_reserve_exact(blocks).map_err(|error| error.to_string())?;
    memory.resize(blocks, Block::default());
    let mut key = Zeroizing::new([0; 32]);
    let derived = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        passphrase.as_bytes(),
        salt,
        &mut *key,
        &mut memory,
    );
    memory.iter_mut().for_each(Zeroize::zeroize);
    derived.map_err(|error| error.to_string())?;
    let with = |key: &[u8; 32]| XChaCha20Poly1305::new_from_slice(key).expect("a key of 32 bytes");
    let mut cipher = Box::new(with(&key));
    let result = act(&cipher);
    *cipher = with(&[0; 32]);
    black_box(&cipher);
    Ok(result)
}

fn from_hex<const N: usize>(name: &str, digits: &str) -> Result<[u8; N], OpenFailure> {
    let refused = || OpenFailure::Malformed(format!("{name}: expected {} hexadecimal digits", 2 * N));
    let mut bytes = [0; N];
    if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(refused());
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| refused())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(secret: &SecretKey) -> String {
        let Ok(text) = seal(secret, "correct horse", Cost::LEAST) else { panic!("not sealed") };
        text
    }

    fn refusal(text: &str) -> OpenFailure {
        open(text, "correct horse").unwrap_err()
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let secret = SecretKey::from_seed(&[7; 32]).unwrap();
        let text = sealed(&secret);
        assert_eq!(open(&text, "correct horse").unwrap().seed(), secret.seed());
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert_eq!(open(&text, wrong).unwrap_err(), OpenFailure::Passphrase);
        }
        assert!(!text.contains(&hex(secret.seed())));
        assert_ne!(sealed(&secret), text, "salt and nonce are new each time");
    }

    #[test]
    fn every_value_is_authenticated() {
        let text = sealed(&SecretKey::from_seed(&[7; 32]).unwrap());
        let other = SecretKey::from_seed(&[8; 32]).unwrap();
        let public = SecretKey::from_seed(&[7; 32]).unwrap().public().to_string();
        assert_eq!(refusal(&text.replace(&public, &other.public().to_string())), OpenFailure::Passphrase);
        assert_eq!(refusal(&text.replace("passes = 1", "passes = 2")), OpenFailure::Passphrase);
        assert_eq!(refusal(&text.replace("memory_kib = 8", "memory_kib = 9")), OpenFailure::Passphrase);
        for name in ["salt", "nonce", "sealed"] {
            let at = text.find(&format!("{name} = \"")).unwrap() + name.len() + 4;
            let digit = if &text[at..=at] == "0" { "1" } else { "0" };
            let changed = [&text[..at], digit, &text[at + 1..]].concat();
            assert_eq!(refusal(&changed), OpenFailure::Passphrase, "{name}");
            let short = [&text[..at], &text[at + 1..]].concat();
            assert!(matches!(refusal(&short), OpenFailure::Malformed(message) if message.starts_with(name)));
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused_before_the_work() {
        let text = sealed(&SecretKey::from_seed(&[7; 32]).unwrap());
        for (from, to, expected) in [
            ("key 1", "key 2", "format: found"),
            ("argon2id", "argon2d", "derivation: found"),
            ("memory_kib = 8", "memory_kib = 1048577", "at most 1048576"),
            ("memory_kib = 8", "memory_kib = 1", "memory"),
            ("passes = 1", "passes = 17", "at most 16"),
            ("lanes = 1", "lanes = 2", "lanes = 2"),
            ("lanes = 1", "lanes = 1\nmore = 1", "unknown field"),
        ] {
            let OpenFailure::Malformed(message) = refusal(&text.replace(from, to)) else { panic!("{to}") };
            assert!(message.contains(expected), "{to}: {message}");
        }
        assert!(matches!(refusal(""), OpenFailure::Malformed(_)));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        generate(&path, "correct horse", Cost::LEAST).unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("k"), mode("k.pub")), (0o600, 0o644));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
