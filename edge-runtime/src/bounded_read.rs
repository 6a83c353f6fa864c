//! Reads a regular file whole, if it is not longer than a bound. Sizes are in bytes. It does not know what is in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The path leads to a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// The file is longer than the bound.
    #[error("it has {found} bytes, more than are read")]
    TooLarge {
        /// Its length.
        found: u64,
    },
    /// What the operating system said.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for ReadFailure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// The bytes of the file at `path`, at most `max`.
///
/// # Errors
/// [`ReadFailure`]; a file that is too long is not read.
pub fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, ReadFailure> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !path.metadata()?.is_file() {
        return Err(ReadFailure::NotAFile);
    }
    let file = File::open(path)?;
    let found = file.metadata()?.len();
    if found > max {
        return Err(ReadFailure::TooLarge { found });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found).unwrap_or(0));
    // One byte more than allowed: a file that has grown meanwhile is refused, not cut.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        found if found > max => Err(ReadFailure::TooLarge { found }),
        _ => Ok(bytes),
    }
}
