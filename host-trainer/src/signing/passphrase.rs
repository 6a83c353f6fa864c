//! Where the passphrase of a private key comes from: a file, the environment, or the person at the terminal. It is
//! overwritten in memory when it is no longer needed.

use std::env;
use std::fmt;
use std::io;
use std::mem;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use edge_runtime::bounded_read::{ReadFailure, read_bounded};
use zeroize::Zeroize;

/// The environment variable that can hold it.
const VARIABLE: &str = "HOST_TRAINER_PASSPHRASE";

/// The least length of a new passphrase, in characters.
pub const MIN_PASSPHRASE: usize = 8;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 4096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// The file cannot be read.
    #[error("--passphrase-file {}: {failure}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        failure: ReadFailure,
    },
    /// File or variable hold no text.
    #[error("{0}: the passphrase is not UTF-8 text")]
    NotText(String),
    /// Nobody can be asked.
    #[error("the passphrase cannot be asked for ({0}); give --passphrase-file FILE or set {VARIABLE}")]
    NoTerminal(io::Error),
    /// Too short for a new key.
    #[error(
        "the passphrase has {found} characters, expected at least {MIN_PASSPHRASE}: it is all that protects the key"
    )]
    TooShort {
        /// How many it has.
        found: usize,
    },
    /// The two entries differ.
    #[error("the two passphrases differ; nothing was written")]
    Different,
}

/// A passphrase; it overwrites itself.
pub struct Passphrase(String);

/// Shows nothing.
impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Deref for Passphrase {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        mem::take(&mut self.0).into_bytes().as_mut_slice().zeroize();
    }
}

/// Where to look, in this order: the file, the environment variable `HOST_TRAINER_PASSPHRASE`, the terminal.
#[derive(Clone, Copy, Debug)]
pub struct PassphraseSource<'a> {
    /// A file whose first line is the passphrase.
    pub file: Option<&'a Path>,
}

impl PassphraseSource<'_> {
    /// The passphrase of a key that there is.
    ///
    /// # Errors
    /// [`PassphraseError`] if there is none.
    pub fn existing(self, key: &Path) -> Result<Passphrase, PassphraseError> {
        match self.given()? {
            Some(given) => Ok(given),
            None => ask(&format!("Passphrase of {}: ", key.display())),
        }
    }

    /// A passphrase for a new key, asked for twice.
    ///
    /// # Errors
    /// [`PassphraseError`] if there is none, or it is too short.
    pub fn new_one(self) -> Result<Passphrase, PassphraseError> {
        let passphrase = match self.given()? {
            Some(given) => given,
            None => {
                let first = ask("New passphrase: ")?;
                if *ask("The same again: ")? != *first {
                    return Err(PassphraseError::Different);
                }
                first
            }
        };
        let found = passphrase.chars().count();
        if found < MIN_PASSPHRASE { Err(PassphraseError::TooShort { found }) } else { Ok(passphrase) }
    }

    fn given(self) -> Result<Option<Passphrase>, PassphraseError> {
        if let Some(path) = self.file {
            let read = read_bounded(path, MAX_BYTES);
            let mut bytes = read.map_err(|failure| PassphraseError::File { path: path.to_owned(), failure })?;
            let text = std::str::from_utf8(&bytes).map_err(|_| PassphraseError::NotText(path.display().to_string()));
            let line = text.map(|text| Passphrase(text.lines().next().unwrap_or_default().to_owned()));
            bytes.as_mut_slice().zeroize();
            return line.map(Some);
        }
        match env::var(VARIABLE) {
            Ok(passphrase) => Ok(Some(Passphrase(passphrase))),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(PassphraseError::NotText(VARIABLE.to_owned())),
        }
    }
}

fn ask(prompt: &str) -> Result<Passphrase, PassphraseError> {
    rpassword::prompt_password(prompt).map(Passphrase).map_err(PassphraseError::NoTerminal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        let source = PassphraseSource { file: Some(&path) };
        assert!(matches!(source.new_one(), Err(PassphraseError::File { .. })));
        for text in ["correct horse\n", "correct horse\r\nmore", "correct horse"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(&*source.new_one().unwrap(), "correct horse");
            assert_eq!(&*source.existing(Path::new("k")).unwrap(), "correct horse");
        }
        std::fs::write(&path, "seven77\n").unwrap();
        assert!(matches!(source.new_one(), Err(PassphraseError::TooShort { found: 7 })));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(source.existing(Path::new("k")), Err(PassphraseError::NotText(_))));
    }
}
