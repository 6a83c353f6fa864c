//! The file system as the store uses it: the few operations, each of which can fail or be the last before the power
//! goes. Paths are relative to the store's folder. It does not know what the files hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::bounded_read::{ReadFailure, read_bounded};

/// What the store does to a disk.
///
/// What is promised: `rename` onto a file of the same folder replaces it at once, for every reader and after a loss of
/// power; a file's bytes are durable after `sync_file`, the names in a folder after `sync_dir`, and nothing else is.
pub trait Fs {
    /// A file that is being written.
    type File;
    /// Holds the lock until it is dropped or the process ends.
    type Lock;

    /// Takes the lock for itself, without waiting; `None` if another process has it. `path` is a folder, or a file that
    /// is made if it is missing.
    ///
    /// # Errors
    ///
    /// What the operating system says; as for every other operation.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Makes a folder; one that is there already is fine.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes an empty file.
    ///
    /// # Errors
    ///
    /// What the operating system says; `AlreadyExists` if there is one of this name: a file that could not be made
    /// durable is not written again.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Appends the first of `bytes` and says how many: less than all of them is no error.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<usize>;

    /// Makes a file's bytes durable.
    ///
    /// # Errors
    ///
    /// What the operating system says; then nothing is known of the bytes since the last success.
    fn sync_file(&self, file: &mut Self::File) -> io::Result<()>;

    /// Gives a file another name.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// A file's bytes, at most `max`.
    ///
    /// # Errors
    ///
    /// What the operating system says; `InvalidData` if the file is longer, or is no regular file.
    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>>;

    /// The names in a folder.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Deletes a file.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Deletes an empty folder.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Where the operating system finds `path`.
    fn locate(&self, path: &Path) -> PathBuf;
}

/// The disk.
#[derive(Debug, Clone)]
pub struct RealFs {
    root: PathBuf,
}

impl RealFs {
    /// The folder `root`. Touches nothing.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the folder, durably, if it is not there.
    ///
    /// # Errors
    ///
    /// What the operating system says; `PermissionDenied` if the folder, or the first above it that there is, belongs
    /// to another user: what this one would write there, the station could not change.
    pub fn create_root(&self) -> io::Result<()> {
        let root = std::path::absolute(&self.root)?;
        let there = root.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let (owner, user) = (fs::metadata(there)?.uid(), rustix::process::geteuid().as_raw());
        if owner != user {
            let message = format!(
                "found the user {user}, expected {owner}, to whom {} belongs: run this as the station's user \
                 (runuser -u edge-runtime -- edge-runtime ...)",
                there.display()
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        if there == root {
            return Ok(());
        }
        fs::create_dir_all(&root)?;
        // Every folder that has a new name in it.
        let mut above = root.ancestors().skip(1).take_while(|path| path.starts_with(there));
        above.try_for_each(|path| File::open(path)?.sync_all())
    }
}

impl Fs for RealFs {
    type File = File;
    type Lock = File;

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let path = self.root.join(path);
        // For reading, so that it is there for a disk that has become read-only.
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(&path)?
            }
            other => other?,
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(self.root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o640).open(self.root.join(path))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn sync_file(&self, file: &mut File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(self.root.join(path))?.sync_all()
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        read_bounded(&self.root.join(path), max).map_err(|failure| match failure {
            ReadFailure::Io(error) => error,
            ReadFailure::Missing => io::ErrorKind::NotFound.into(),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(path))? {
            // A name that is no text is none of the store's.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(self.root.join(path))
    }

    fn locate(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_made_and_the_lock_is_one_processes() {
        let folder = tempfile::tempdir().unwrap();
        let fs = RealFs::new(&folder.path().join("a/b"));
        fs.create_root().unwrap();
        fs.create_root().unwrap();
        let lock = fs.lock(Path::new("lock")).unwrap();
        assert!(lock.is_some());
        assert!(fs.lock(Path::new("lock")).unwrap().is_none());
        drop(lock);
        assert!(fs.lock(Path::new("lock")).unwrap().is_some());
        assert_eq!(fs.list(Path::new("")).unwrap(), ["lock"]);
    }

    #[test]
    fn files_are_written_named_read_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let fs = RealFs::new(folder.path());
        let (a, b) = (Path::new("d/a"), Path::new("d/b"));
        fs.create_dir(Path::new("d")).unwrap();
        fs.create_dir(Path::new("d")).unwrap();
        let mut file = fs.create(a).unwrap();
        assert_eq!(fs.write(&mut file, b"text").unwrap(), 4);
        fs.sync_file(&mut file).unwrap();
        assert_eq!(fs.create(a).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        fs.rename(a, b).unwrap();
        fs.sync_dir(Path::new("d")).unwrap();
        assert_eq!(fs.read(b, 4).unwrap(), b"text");
        assert_eq!(fs.read(b, 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs.read(Path::new("d"), 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs.read(a, 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(fs.remove_dir(Path::new("d")).is_err());
        fs.remove_file(b).unwrap();
        fs.remove_dir(Path::new("d")).unwrap();
        assert_eq!(fs.locate(a), folder.path().join("d/a"));
    }
}
