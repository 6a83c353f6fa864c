//! Why an image file did not become a frame: which file, what was found, what was expected, what to do.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use shared::image::MAX_SIDE;

use super::{FORMATS, FileFormat, MAX_DECODED_BYTES, MAX_FILE_BYTES};

/// Why an image file did not become a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no such file.
    #[error("{}: no such file; check the path", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a folder, a pipe or a device.
    #[error("{}: not a regular file; give a {FORMATS} file", path.display())]
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
    /// The file has no bytes.
    #[error("{}: the file is empty; record it again or remove it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than any frame.
    #[error("{}: {found} bytes, at most {MAX_FILE_BYTES} are read", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
    },
    /// The file is something else.
    #[error("{}: not a {FORMATS} file (it begins with {begins}); convert it or remove it", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// Its first bytes, in hexadecimal.
        begins: String,
    },
    /// The file ends before its image does.
    #[error("{}: the {format} ends before its image does ({found} bytes); copy or record it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// Its length in bytes.
        found: usize,
    },
    /// The image is larger than any frame, or has no pixels. Refused before memory is taken for it.
    #[error(
        "{}: the {format} is {width}x{height} pixels, expected 1 to {MAX_SIDE} a side \
         and at most {MAX_DECODED_BYTES} bytes decoded; record smaller frames",
        path.display()
    )]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// Width in pixels that the file claims.
        width: u32,
        /// Height in pixels that the file claims.
        height: u32,
    },
    /// A kind of this format that is not decoded.
    #[error("{}: the {format} {found}, expected {expected}; convert it", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// What it is, as in "holds CMYK colour".
        found: String,
        /// What would be decoded.
        expected: &'static str,
    },
    /// Several images in one file: which one is the frame?
    #[error("{}: the {format} holds {found} images, expected 1; save each in a file of its own", path.display())]
    SeveralImages {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// How many there are.
        found: usize,
    },
    /// The decoder found the file damaged.
    #[error("{}: the {format} cannot be decoded: {message}; copy or record it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// What is wrong.
        message: String,
    },
}

impl DecodeError {
    /// The message and its causes without the file's name, for a list that names the files itself.
    pub fn into_reason(mut self) -> String {
        match &mut self {
            Self::Missing { path }
            | Self::NotAFile { path }
            | Self::Unreadable { path, .. }
            | Self::Empty { path }
            | Self::FileTooLarge { path, .. }
            | Self::NotAnImage { path, .. }
            | Self::Truncated { path, .. }
            | Self::Dimensions { path, .. }
            | Self::Unsupported { path, .. }
            | Self::SeveralImages { path, .. }
            | Self::Damaged { path, .. } => *path = PathBuf::new(),
        }
        let mut text = self.to_string().trim_start_matches(": ").to_owned();
        if let Some(cause) = self.source() {
            text = format!("{text}: {cause}");
        }
        text
    }
}
