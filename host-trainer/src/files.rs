//! Files that are whole or not there: written under another name beside the target, synced, then renamed over it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried: `read`, `write`, `create the folder`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the operating system answered.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names the action and the path.
    pub fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }
}

/// Writes `bytes` to `path`, creating its folder. An interruption leaves the old file or the new one, never a part of
/// it; what a killed process has left beside it is removed by the next write.
///
/// # Errors
/// [`FileError`] with the path; the old file is untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(FileError::new("create the folder", folder))?;
    let prefix = format!(".part-{}-", path.file_name().unwrap_or_default().display());
    let written = (|| {
        // Held until the part is locked itself: nobody takes it for abandoned in between. A part that is locked is being
        // written by a process that lives. Not every file system knows of locks; without them nothing is removed.
        let gate = File::open(folder)?;
        let _ = gate.lock();
        remove_abandoned(folder, &prefix)?;
        let mut part = readable(tempfile::Builder::new().prefix(&prefix)).tempfile_in(folder)?;
        let _ = part.as_file().try_lock();
        drop(gate);
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    })();
    written.map_err(FileError::new("write", path))
}

/// Removes the files of `folder` whose names begin with `prefix` and that no living process holds locked.
fn remove_abandoned(folder: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let abandoned = entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes())
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if abandoned {
            // Another process may have removed it first.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// A result is for others to read too; a temporary file is private unless told otherwise.
fn readable<'b, 'p, 's>(builder: &'b mut tempfile::Builder<'p, 's>) -> &'b mut tempfile::Builder<'p, 's> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file.txt");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_another_is_writing_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (abandoned, written) = (folder.path().join(".part-file.txt-a"), folder.path().join(".part-file.txt-b"));
        let of_another_file = folder.path().join(".part-other.txt-a");
        for path in [&abandoned, &written, &of_another_file] {
            fs::write(path, b"half").unwrap();
        }
        let writer = File::open(&written).unwrap();
        writer.lock().unwrap();
        write_atomically(&folder.path().join("file.txt"), b"whole").unwrap();
        assert!(!abandoned.exists() && written.exists() && of_another_file.exists());
    }

    #[test]
    fn a_failure_names_the_path_and_leaves_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap(); // a folder cannot be renamed over
        let error = write_atomically(&target, b"x").unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
