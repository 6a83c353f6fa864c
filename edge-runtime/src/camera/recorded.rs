//! Recorded frames: image files, one by one, in an order that does not depend on the machine. A file that cannot be
//! decoded is a failed capture, and the next file follows.

use std::io;
use std::path::{Path, PathBuf};

use super::decode::{EXTENSIONS, FORMATS, decode_file};
use super::{CaptureError, Captured, FrameSource};
use crate::clock::Clock;
use crate::frame::Frame;

/// Why a recording cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// There is nothing at the path.
    #[error("{}: no such file or folder; check the path", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds no image.
    #[error(
        "{}: no {FORMATS} file in this folder or below it ({other_files} other files found); give a folder of frames",
        path.display()
    )]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// Files found whose names end otherwise.
        other_files: usize,
    },
    /// A folder that contains itself.
    #[error("{}: this link leads back to a folder above it; remove it", path.display())]
    Loop {
        /// The link.
        path: PathBuf,
    },
    /// The operating system would not let us look.
    #[error("{}: cannot be read; check its permissions and the disk", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Lists the images in `folder` and below: names with one of the [`EXTENSIONS`] in any case, sorted by the bytes of
/// their paths relative to `folder`, and returned as `folder` joined with that path.
///
/// # Errors
///
/// [`RecordedError`], also when there is no image at all.
pub fn list_images(folder: &Path) -> Result<Vec<PathBuf>, RecordedError> {
    let mut found = Found::default();
    found.walk(folder, Path::new(""))?;
    if found.images.is_empty() {
        return Err(RecordedError::NoImages { path: folder.to_owned(), other_files: found.other_files });
    }
    found.images.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(found.images.iter().map(|relative| folder.join(relative)).collect())
}

#[derive(Default)]
struct Found {
    /// Relative to the folder where the walk began.
    images: Vec<PathBuf>,
    other_files: usize,
    /// The folders being walked, with all links resolved.
    above: Vec<PathBuf>,
}

impl Found {
    fn walk(&mut self, root: &Path, below: &Path) -> Result<(), RecordedError> {
        let folder = root.join(below);
        let resolved = folder.canonicalize().map_err(|source| unreadable(&folder, source))?;
        if self.above.contains(&resolved) {
            return Err(RecordedError::Loop { path: folder });
        }
        self.above.push(resolved);
        for entry in std::fs::read_dir(&folder).map_err(|source| unreadable(&folder, source))? {
            let entry = entry.map_err(|source| unreadable(&folder, source))?;
            let relative = below.join(entry.file_name());
            // Links are followed; one that leads nowhere is listed if it is named like an image, and fails there.
            let is_folder = std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            if is_folder {
                self.walk(root, &relative)?;
            } else if is_image_name(&relative) {
                self.images.push(relative);
            } else {
                self.other_files += 1;
            }
        }
        self.above.pop();
        Ok(())
    }
}

fn unreadable(path: &Path, source: io::Error) -> RecordedError {
    match source.kind() {
        io::ErrorKind::NotFound => RecordedError::Missing { path: path.to_owned() },
        _ => RecordedError::Unreadable { path: path.to_owned(), source },
    }
}

fn is_image_name(path: &Path) -> bool {
    path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// A source that decodes files in a fixed order. The file at index `i` is frame number `i + 1`, captured when its
/// decoding ended.
#[derive(Debug)]
pub struct RecordedFrames<C> {
    files: Vec<PathBuf>,
    clock: C,
    next: usize,
    current: Option<Frame>,
}

impl<C: Clock> RecordedFrames<C> {
    /// Opens `paths` in the order given: a folder stands for its images as [`list_images`] lists them, anything else
    /// for itself.
    ///
    /// # Errors
    ///
    /// [`RecordedError`] if a path does not exist or a folder holds no image.
    pub fn open(paths: &[PathBuf], clock: C) -> Result<Self, RecordedError> {
        let mut files = Vec::new();
        for path in paths {
            let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
            if metadata.is_dir() {
                files.extend(list_images(path)?);
            } else {
                files.push(path.clone());
            }
        }
        Ok(Self { files, clock, next: 0, current: None })
    }

    /// The files in their order: frame number `n` is `files()[n - 1]`.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl<C: Clock> FrameSource for RecordedFrames<C> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        let path = self.files.get(self.next)?;
        self.next += 1;
        let decoded = decode_file(path);
        let captured_at_us = self.clock.now_us();
        let frame = decoded.map_err(CaptureError::from).and_then(|frame| {
            let frame = self.current.insert(frame);
            frame.view().map_err(CaptureError::from)
        });
        Some(Captured { sequence: self.next as u64, captured_at_us, frame })
    }
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
    use shared::image::Size;

    use super::*;
    use crate::test_support::StepClock;

    fn write_png(path: &Path, width: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = Vec::new();
        let pixels = vec![9; width as usize];
        PngEncoder::new(&mut bytes).write_image(&pixels, width, 1, ExtendedColorType::L8).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn images_are_listed_by_the_bytes_of_their_relative_paths() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["b.PNG", "a/2.png", "a/10.tif", "a-b/1.jpeg", "a.JPG", "Z.png", "a/sub/x.png", "c.TIFF", "d.Pgm"];
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
        let listed = list_images(folder.path()).unwrap();
        let relative: Vec<_> =
            listed.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        let sorted = ["Z.png", "a-b/1.jpeg", "a.JPG", "a/10.tif", "a/2.png", "a/sub/x.png", "b.PNG", "c.TIFF", "d.Pgm"];
        assert_eq!(relative, sorted);
    }

    #[test]
    fn a_missing_or_empty_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
        let missing = folder.path().join("missing");
        let open = |path: &Path| RecordedFrames::open(&[path.to_owned()], StepClock::default()).map(drop);
        assert!(matches!(open(&missing), Err(RecordedError::Missing { .. })));
        assert!(matches!(open(folder.path()), Err(RecordedError::NoImages { other_files: 1, .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_back_up_ends_in_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        assert!(matches!(list_images(folder.path()), Err(RecordedError::Loop { .. })));
    }

    #[test]
    fn every_file_is_one_attempt_with_its_number_and_time() {
        let folder = tempfile::tempdir().unwrap();
        write_png(&folder.path().join("1.png"), 5);
        std::fs::write(folder.path().join("2.png"), "broken").unwrap();
        write_png(&folder.path().join("sub/3.png"), 7);
        let mut source = RecordedFrames::open(&[folder.path().to_owned()], StepClock::default()).unwrap();
        assert_eq!(source.files().len(), 3);

        let first = source.next_frame().unwrap();
        assert_eq!((first.sequence, first.frame.unwrap().size()), (1, Size::new(5, 1)));
        let first_at = first.captured_at_us;
        let second = source.next_frame().unwrap();
        assert_eq!(second.sequence, 2);
        assert!(second.captured_at_us > first_at);
        assert!(matches!(second.frame, Err(CaptureError::File(_))));
        let third = source.next_frame().unwrap();
        assert_eq!((third.sequence, third.frame.unwrap().size()), (3, Size::new(7, 1)));
        assert!(source.next_frame().is_none());
        assert!(source.next_frame().is_none());
    }
}
