//! Loading a bundle file: bounded, into memory of our own, then verified by `shared`. Knows nothing of what is inside.

use std::io;
use std::path::{Path, PathBuf};

use shared::bundle::{Bundle, BundleError};

use crate::bounded_read::{ReadFailure, read_bounded};

/// The largest bundle file that is read, in bytes (256 MiB).
pub const MAX_BUNDLE_BYTES: u64 = 256 << 20;

/// The bytes of a bundle file, not yet trusted.
#[derive(Debug, Clone)]
pub struct BundleFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Why a bundle file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFileError {
    /// There is no such file.
    #[error("{}: no such file; give the bundle that the host trainer sealed", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a folder, a pipe or a device.
    #[error("{}: not a regular file; give the bundle that the host trainer sealed", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The operating system would not let us read it.
    #[error("{}: cannot be read; check its permissions and the disk", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is larger than any bundle.
    #[error("{}: {found} bytes, a bundle has at most {MAX_BUNDLE_BYTES}; check that it is one", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
    },
    /// The bytes are no bundle, or not the ones that were sealed.
    #[error("{}: the bundle is refused; copy it again, or seal it again", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BundleError,
    },
}

impl BundleFile {
    /// Reads the file. Its length is checked first.
    ///
    /// # Errors
    ///
    /// [`BundleFileError`], all but `Refused`.
    pub fn read(path: &Path) -> Result<Self, BundleFileError> {
        let bytes = read_bounded(path, MAX_BUNDLE_BYTES).map_err(|failure| {
            let path = path.to_owned();
            match failure {
                ReadFailure::Missing => BundleFileError::Missing { path },
                ReadFailure::NotAFile => BundleFileError::NotAFile { path },
                ReadFailure::TooLarge { found } => BundleFileError::TooLarge { path, found },
                ReadFailure::Io(source) => BundleFileError::Unreadable { path, source },
            }
        })?;
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Takes bytes that are already in memory; `path` is what errors call them.
    pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Self {
        Self { path: path.to_owned(), bytes }
    }

    /// Checks every hash and the manifest.
    ///
    /// # Errors
    ///
    /// [`BundleFileError::Refused`] if anything is not as it was sealed.
    pub fn verify(&self) -> Result<Bundle<'_>, BundleFileError> {
        Bundle::verify(&self.bytes).map_err(|source| BundleFileError::Refused { path: self.path.clone(), source })
    }

    /// Where the bytes came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it was read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::bundle_around;

    #[test]
    fn a_file_is_read_and_verified() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.bundle");
        let sealed = bundle_around(b"a model");
        std::fs::write(&path, sealed.bytes()).unwrap();
        let file = BundleFile::read(&path).unwrap();
        assert_eq!(file.path(), path);
        let bundle = file.verify().unwrap();
        assert_eq!(bundle.section(shared::bundle::SectionKind::Onnx), Some(&b"a model"[..]));
    }

    #[test]
    fn what_is_no_bundle_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.bundle");
        assert!(matches!(BundleFile::read(&path), Err(BundleFileError::Missing { .. })));
        assert!(matches!(BundleFile::read(folder.path()), Err(BundleFileError::NotAFile { .. })));
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(MAX_BUNDLE_BYTES + 1).unwrap(); // sparse: takes no space
        assert!(matches!(BundleFile::read(&path), Err(BundleFileError::TooLarge { .. })));
    }

    #[test]
    fn any_cut_or_changed_byte_is_refused() {
        let sealed = bundle_around(b"a model").bytes().to_vec();
        let verify = |bytes: &[u8]| BundleFile::from_bytes(bytes.to_vec(), Path::new("b")).verify().map(drop);
        for length in 0..sealed.len() {
            assert!(matches!(verify(&sealed[..length]), Err(BundleFileError::Refused { .. })), "cut at {length}");
            let mut changed = sealed.clone();
            changed[length] ^= 0x10;
            assert!(matches!(verify(&changed), Err(BundleFileError::Refused { .. })), "changed at {length}");
        }
        assert!(verify(&sealed).is_ok());
    }
}
