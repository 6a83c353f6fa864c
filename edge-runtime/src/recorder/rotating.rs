//! Files of capped length in one folder, named by ascending numbers; the oldest are deleted beyond a limit. Lengths are
//! in bytes, times in microseconds of the station's clock. It does not know what is in the files.
//!
//! What is appended is in the file whole or not at all, but for a kill or a loss of power in mid-write: then the tail
//! is repaired when the file is opened again. A failure (disk full, read-only, gone) costs what was to be appended and
//! closes the file; it is opened anew at the earliest a second later.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::syncing::{Syncer, Unsynced};

/// After a failure nothing is tried for this long.
const RETRY_US: u64 = 1_000_000;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationLimits {
    /// Greatest length of a file.
    pub file_bytes: u64,
    /// Greatest number of files, at least 2.
    pub files: u32,
}

/// What to do with the newest file that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Go on after so many bytes; what follows is torn and is cut off.
    Cut(u64),
    /// Leave it as it is and start a new one.
    Leave,
}

/// Looks at the newest file and decides.
pub type Repair = fn(&mut File) -> io::Result<Tail>;

/// What was found when the newest file was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of a torn tail that were cut off.
    pub cut_bytes: u64,
    /// Whether the newest file was damaged beyond a torn tail and left as it is.
    pub left_damaged: bool,
}

/// Appends to the newest file of a folder.
#[derive(Debug)]
pub struct RotatingFiles {
    folder: PathBuf,
    extension: &'static str,
    limits: RotationLimits,
    repair: Repair,
    syncer: Syncer,
    open: Option<Open>,
    retry_at_us: u64,
    dropped: u64,
    missed: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    unsynced: Unsynced,
    number: u64,
    oldest: u64,
    length: u64,
}

impl RotatingFiles {
    /// Touches nothing yet: the first use opens the folder.
    pub fn new(folder: &Path, extension: &'static str, limits: RotationLimits, repair: Repair) -> Self {
        let syncer = Syncer::start();
        let folder = folder.to_owned();
        Self { folder, extension, limits, repair, syncer, open: None, retry_at_us: 0, dropped: 0, missed: 0 }
    }

    /// Opens the newest file and repairs its tail, if that was not done yet.
    ///
    /// # Errors
    ///
    /// What the file system says; [`append`](Self::append) tries again by itself.
    pub fn recover(&mut self) -> io::Result<Recovery> {
        match self.open {
            Some(_) => Ok(Recovery::default()),
            None => {
                let (open, recovery) = self.open_newest()?;
                self.open = Some(open);
                Ok(recovery)
            }
        }
    }

    /// Appends `bytes`, all or nothing, at the time `now_us`. Allocates nothing but where a file is opened.
    ///
    /// # Errors
    ///
    /// What the file system says, or that the second after a failure is not over; `bytes` are dropped and counted.
    pub fn append(&mut self, bytes: &[u8], now_us: u64) -> io::Result<()> {
        if now_us < self.retry_at_us {
            self.count_dropped();
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        let appended = self.try_append(bytes);
        if appended.is_err() {
            self.open = None;
            self.retry_at_us = now_us.saturating_add(RETRY_US);
            self.count_dropped();
        }
        appended
    }

    /// How many times something could not be appended.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The same since this was last asked.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    fn count_dropped(&mut self) {
        self.dropped += 1;
        self.missed += 1;
    }

    fn try_append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let more = bytes.len() as u64;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open_newest()?.0,
        };
        if open.length > 0 && open.length + more > self.limits.file_bytes {
            open = self.create(open.number + 1, open.oldest)?;
        }
        if let Err(error) = open.file.write_all(bytes) {
            // If even this fails, the repair at the next opening does it.
            let _ = open.file.set_len(open.length);
            return Err(error);
        }
        open.length += more;
        self.syncer.wrote(&open.file, &open.unsynced);
        self.open = Some(open);
        Ok(())
    }

    fn open_newest(&self) -> io::Result<(Open, Recovery)> {
        fs::create_dir_all(&self.folder)?;
        let numbers = numbered_files(&self.folder, self.extension)?;
        let (Some(&oldest), Some(&newest)) = (numbers.first(), numbers.last()) else {
            return Ok((self.create(1, 1)?, Recovery::default()));
        };
        let mut file = OpenOptions::new().read(true).append(true).open(self.path(newest))?;
        let found = file.metadata()?.len();
        match (self.repair)(&mut file)? {
            Tail::Leave => {
                let recovery = Recovery { cut_bytes: 0, left_damaged: true };
                Ok((self.create(newest + 1, oldest)?, recovery))
            }
            Tail::Cut(length) => {
                if length < found {
                    file.set_len(length)?;
                    file.sync_data()?;
                }
                let recovery = Recovery { cut_bytes: found.saturating_sub(length), left_damaged: false };
                let unsynced = Unsynced::default();
                Ok((Open { file, unsynced, number: newest, oldest, length: length.min(found) }, recovery))
            }
        }
    }

    /// A new file, after which there are no more than allowed.
    fn create(&self, number: u64, mut oldest: u64) -> io::Result<Open> {
        // First, so that a disk that is full of old files has room again.
        while number - oldest >= u64::from(self.limits.files.max(2)) {
            match fs::remove_file(self.path(oldest)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => oldest += 1,
            }
        }
        let file = OpenOptions::new().append(true).create_new(true).open(self.path(number))?;
        Ok(Open { file, unsynced: Unsynced::default(), number, oldest, length: 0 })
    }

    fn path(&self, number: u64) -> PathBuf {
        numbered_path(&self.folder, number, self.extension)
    }
}

impl Drop for RotatingFiles {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            // The data was written; whoever ends the program cannot do more about a failing disk.
            let _ = open.file.sync_data();
        }
    }
}

/// The numbers of the files of a folder, ascending. Other files are left alone.
///
/// # Errors
///
/// What the file system says.
pub fn numbered_files(folder: &Path, extension: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(extension)?.strip_suffix('.')?.parse().ok());
        numbers.extend(number.filter(|&number| *name == *file_name(number, extension)));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The path of the file with this number.
pub fn numbered_path(folder: &Path, number: u64, extension: &str) -> PathBuf {
    folder.join(file_name(number, extension))
}

fn file_name(number: u64, extension: &str) -> String {
    format!("{number:010}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RotationLimits = RotationLimits { file_bytes: 10, files: 3 };

    fn files(folder: &Path) -> RotatingFiles {
        RotatingFiles::new(folder, "x", LIMITS, |file| Ok(Tail::Cut(file.metadata()?.len() / 4 * 4)))
    }

    fn contents(folder: &Path) -> Vec<(u64, Vec<u8>)> {
        let numbers = numbered_files(folder, "x").unwrap();
        numbers.into_iter().map(|number| (number, fs::read(numbered_path(folder, number, "x")).unwrap())).collect()
    }

    #[test]
    fn files_are_capped_and_the_oldest_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut rotating = files(folder.path());
        for round in 0..11_u8 {
            rotating.append(&[round; 4], 0).unwrap();
        }
        let expected = |round: u8| [[round; 4], [round + 1; 4]].concat();
        assert_eq!(contents(folder.path()), [(4, expected(6)), (5, expected(8)), (6, vec![10; 4])]);
        // A restart goes on in the newest file, and a torn tail is cut off.
        drop(rotating);
        fs::write(numbered_path(folder.path(), 6, "x"), [10, 10, 10, 10, 11, 11]).unwrap();
        let mut rotating = files(folder.path());
        assert_eq!(rotating.recover().unwrap(), Recovery { cut_bytes: 2, left_damaged: false });
        rotating.append(&[12; 4], 0).unwrap();
        assert_eq!(contents(folder.path())[2], (6, [[10; 4], [12; 4]].concat()));
        rotating.append(&[13; 40], 0).unwrap();
        assert_eq!(contents(folder.path()).iter().map(|file| file.0).collect::<Vec<_>>(), [5, 6, 7]);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1.x", "0000000009.y", "0000000009x", "00000000099.x", "notes"] {
            fs::write(folder.path().join(name), "mine").unwrap();
        }
        let mut rotating = files(folder.path());
        for _ in 0..20 {
            rotating.append(&[1; 10], 0).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3 + 5);
    }

    #[test]
    fn a_damaged_file_is_left_and_a_new_one_started() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(numbered_path(folder.path(), 7, "x"), "damaged").unwrap();
        let mut rotating = RotatingFiles::new(folder.path(), "x", LIMITS, |_| Ok(Tail::Leave));
        assert!(rotating.recover().unwrap().left_damaged);
        rotating.append(b"new", 0).unwrap();
        assert_eq!(contents(folder.path()), [(7, b"damaged".to_vec()), (8, b"new".to_vec())]);
    }

    #[test]
    fn a_failure_is_counted_and_tried_again_a_second_later() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        // A file where the folder should be: nothing can be opened, for root either.
        fs::write(&below, "in the way").unwrap();
        let mut rotating = files(&below);
        assert!(rotating.recover().is_err());
        assert!(rotating.append(b"lost", 5).is_err());
        fs::remove_file(&below).unwrap();
        assert_eq!(rotating.append(b"lost", 5 + RETRY_US - 1).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        rotating.append(b"kept", 5 + RETRY_US).unwrap();
        assert_eq!((rotating.dropped(), rotating.take_missed(), rotating.take_missed()), (2, 2, 0));
        assert_eq!(contents(&below), [(1, b"kept".to_vec())]);
    }

    /// `/dev/full` says that the disk is full on every write.
    #[test]
    fn a_full_disk_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let mut rotating = files(folder.path());
        std::os::unix::fs::symlink("/dev/full", numbered_path(folder.path(), 1, "x")).unwrap();
        for round in 0..3 {
            let error = rotating.append(b"lost", round * RETRY_US).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
        }
        fs::remove_file(numbered_path(folder.path(), 1, "x")).unwrap();
        rotating.append(b"kept", 3 * RETRY_US).unwrap();
        assert_eq!((rotating.dropped(), contents(folder.path())), (3, vec![(1, b"kept".to_vec())]));
    }
}
