//! Files of capped length in one folder, named by ascending numbers; the oldest are deleted beyond a limit. Lengths are
//! in bytes, times in microseconds of the station's clock. It does not know what is in the files.
//!
//! What is appended is in the file whole or not at all, but for a kill or a loss of power in mid-write: then the tail
//! is repaired when the folder is opened by the next program. A failure (disk full, read-only, gone) costs what was to be
//! appended and closes the file; it is opened anew at the earliest a second later, at the length that it is known to have:
//! no file is read then, so that whoever appends is not held up.

#[cfg(test)]
mod tests;

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
    place: Place,
    retry_at_us: u64,
    dropped: u64,
    missed: u64,
}

/// Where the next bytes go.
#[derive(Debug)]
enum Place {
    /// Nothing was touched yet: the newest file is looked for, read and repaired.
    Unknown,
    /// To this file.
    Open(Open),
    /// After a failure: to the file that was open then, or to a new one if none was.
    Failed(Option<Whole>),
}

#[derive(Debug)]
struct Open {
    file: File,
    unsynced: Unsynced,
    whole: Whole,
}

/// What is known of the newest file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Whole {
    number: u64,
    /// The oldest file of the folder.
    oldest: u64,
    /// Up to here it holds what was appended; what follows is torn.
    length: u64,
}

impl RotatingFiles {
    /// Touches nothing yet: the first use opens the folder.
    pub fn new(folder: &Path, extension: &'static str, limits: RotationLimits, repair: Repair) -> Self {
        let syncer = Syncer::start();
        let folder = folder.to_owned();
        Self { folder, extension, limits, repair, syncer, place: Place::Unknown, retry_at_us: 0, dropped: 0, missed: 0 }
    }

    /// Opens the newest file and repairs its tail, if that was not done yet.
    ///
    /// # Errors
    ///
    /// What the file system says; [`append`](Self::append) tries again by itself.
    pub fn recover(&mut self) -> io::Result<Recovery> {
        if let Place::Open(_) = self.place {
            return Ok(Recovery::default());
        }
        self.place = Place::Failed(None);
        let (open, recovery) = self.open_newest()?;
        self.place = Place::Open(open);
        Ok(recovery)
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
        let mut open = match std::mem::replace(&mut self.place, Place::Failed(None)) {
            Place::Open(open) => open,
            Place::Unknown => self.open_newest()?.0,
            Place::Failed(whole) => {
                // Tried again in the same way, should this fail, too.
                self.place = Place::Failed(whole);
                self.reopen(whole)?
            }
        };
        self.place = Place::Failed(Some(open.whole));
        if open.whole.length > 0 && open.whole.length + more > self.limits.file_bytes {
            open = self.create(open.whole.number + 1, open.whole.oldest)?;
            self.place = Place::Failed(Some(open.whole));
        }
        if let Err(error) = open.file.write_all(bytes) {
            // If even this fails, the next opening does it.
            let _ = open.file.set_len(open.whole.length);
            return Err(error);
        }
        open.whole.length += more;
        self.syncer.wrote(&open.file, &open.unsynced);
        self.place = Place::Open(open);
        Ok(())
    }

    /// After a failure: goes on in the same file, which is not read. Another one is begun if it has become shorter than it
    /// was, or is gone.
    fn reopen(&self, whole: Option<Whole>) -> io::Result<Open> {
        let Some(whole) = whole else { return self.begin() };
        let file = match OpenOptions::new().append(true).open(self.path(whole.number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.begin(),
            other => other?,
        };
        let found = file.metadata()?.len();
        if found < whole.length {
            return self.create(whole.number + 1, whole.oldest);
        }
        if found > whole.length {
            file.set_len(whole.length)?;
        }
        Ok(Open { file, unsynced: Unsynced::default(), whole })
    }

    /// A new file after the newest, which is left as it is.
    fn begin(&self) -> io::Result<Open> {
        fs::create_dir_all(&self.folder)?;
        match &numbered_files(&self.folder, self.extension)?[..] {
            [] => self.create(1, 1),
            &[newest] => self.create(newest + 1, newest),
            &[oldest, .., newest] => self.create(newest + 1, oldest),
        }
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
                let whole = Whole { number: newest, oldest, length: length.min(found) };
                Ok((Open { file, unsynced: Unsynced::default(), whole }, recovery))
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
        Ok(Open { file, unsynced: Unsynced::default(), whole: Whole { number, oldest, length: 0 } })
    }

    fn path(&self, number: u64) -> PathBuf {
        numbered_path(&self.folder, number, self.extension)
    }
}

impl Drop for RotatingFiles {
    fn drop(&mut self) {
        if let Place::Open(open) = &self.place {
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
