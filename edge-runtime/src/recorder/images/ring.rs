//! The image files of one folder: numbered, the oldest deleted so that all together stay below a limit in bytes. Each
//! file is whole or not there. It scans the folder when it is first used, so that it goes on after a restart, and again after
//! a failure, at the earliest a second later. Times are in microseconds of the station's clock.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use shared::image::Size;
use shared::wire::{InspectionRecord, RecordedVerdict};

use crate::clock::Clock;

/// How the names of images end.
const EXTENSION: &str = ".pgm";
/// After a failure nothing is tried for this long: a scan of a folder of many images takes its time.
const RETRY_US: u64 = 1_000_000;
/// The name of a file that is not whole yet.
const UNFINISHED: &str = "unfinished.tmp";

/// What the name of a file tells of the inspection, after its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageName {
    sequence: u64,
    verdict: RecordedVerdict,
    score: Option<u32>,
}

impl ImageName {
    pub fn of(record: &InspectionRecord) -> Self {
        let score = record.score.map(|score| score.raw());
        Self { sequence: record.stamp.sequence, verdict: record.verdict, score }
    }
}

/// `frame300-reject-score0.001953`, `frame301-fault-frame_stale`.
impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame{}-", self.sequence)?;
        match self.verdict {
            RecordedVerdict::Pass => f.write_str("pass")?,
            RecordedVerdict::Reject => f.write_str("reject")?,
            RecordedVerdict::Fault(reason) => write!(f, "fault-{reason}")?,
        }
        match self.score {
            Some(raw) => write!(f, "-score{:.6}", f64::from(raw) / f64::from(1_u32 << 24)),
            None => Ok(()),
        }
    }
}

/// The files of a folder.
#[derive(Debug)]
pub(super) struct Ring<C> {
    folder: PathBuf,
    max_bytes: u64,
    clock: C,
    files: Option<Files>,
    retry_at_us: u64,
}

/// What is there, from the oldest on.
#[derive(Debug, Default)]
struct Files {
    held: VecDeque<(PathBuf, u64)>,
    bytes: u64,
    next_number: u64,
}

impl<C: Clock> Ring<C> {
    /// Touches nothing yet.
    pub fn new(folder: &Path, max_bytes: u64, clock: C) -> Self {
        Self { folder: folder.to_owned(), max_bytes, clock, files: None, retry_at_us: 0 }
    }

    /// Writes an image of `size` pixels and deletes the oldest ones beyond the limit.
    pub fn write(&mut self, name: &ImageName, size: Size, pixels: &[u8]) -> io::Result<()> {
        if size.area() == 0 || size.area() != pixels.len() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let mut head = String::new();
        write!(head, "P5\n{} {}\n255\n", size.width, size.height).map_err(io::Error::other)?;
        if (head.len() + pixels.len()) as u64 > self.max_bytes {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        if self.clock.now_us() < self.retry_at_us {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        let written = self.try_write(name, &head, pixels);
        if written.is_err() {
            // What is there may have changed: looked at again next time.
            self.files = None;
            self.retry_at_us = self.clock.now_us().saturating_add(RETRY_US);
        }
        written
    }

    fn try_write(&mut self, name: &ImageName, head: &str, pixels: &[u8]) -> io::Result<()> {
        let length = (head.len() + pixels.len()) as u64;
        let files = match &mut self.files {
            Some(files) => files,
            none => none.insert(scan(&self.folder)?),
        };
        files.make_room(self.max_bytes - length)?;
        let unfinished = self.folder.join(UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(head.as_bytes())?;
        file.write_all(pixels)?;
        file.sync_data()?;
        let path = self.folder.join(format!("{:010}-{name}{EXTENSION}", files.next_number));
        fs::rename(&unfinished, &path)?;
        files.next_number += 1;
        files.bytes += length;
        files.held.push_back((path, length));
        Ok(())
    }
}

impl Files {
    /// Deletes from the oldest on until at most `bytes` are left.
    fn make_room(&mut self, bytes: u64) -> io::Result<()> {
        while self.bytes > bytes {
            let Some((path, length)) = self.held.front() else { break };
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.bytes -= length,
            }
            self.held.pop_front();
        }
        Ok(())
    }
}

/// What is in the folder. A file that was not finished goes; files of other names are left alone.
fn scan(folder: &Path) -> io::Result<Files> {
    fs::create_dir_all(folder)?;
    match fs::remove_file(folder.join(UNFINISHED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of) {
            found.push((number, entry.path(), entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    let next_number = found.last().map_or(1, |last| last.0 + 1);
    let bytes = found.iter().map(|file| file.2).sum();
    Ok(Files { held: found.into_iter().map(|(_, path, length)| (path, length)).collect(), bytes, next_number })
}

fn number_of(name: &str) -> Option<u64> {
    let (number, rest) = name.strip_suffix(EXTENSION)?.split_at_checked(10)?;
    let ours = rest.starts_with("-frame") && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| ours)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use shared::verdict::FaultReason;

    use super::*;

    struct Now<'a>(&'a Cell<u64>);

    impl Clock for Now<'_> {
        fn now_us(&self) -> u64 {
            self.0.get()
        }
    }

    #[test]
    fn after_a_failure_the_folder_is_scanned_once_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        let now = Cell::new(0);
        let mut ring = Ring::new(&below, 1 << 20, Now(&now));
        let (size, pixels) = (Size::new(2, 2), [7; 4]);
        let verdict = RecordedVerdict::Fault(FaultReason::Late);
        let mut write = |at_us, max_bytes| {
            now.set(at_us);
            ring.max_bytes = max_bytes;
            ring.write(&ImageName { sequence: 1, verdict, score: None }, size, &pixels).map_err(|error| error.kind())
        };
        // What is too large is no failure of the disk.
        assert_eq!(write(0, 4), Err(io::ErrorKind::FileTooLarge));
        assert!(!below.exists());
        fs::write(&below, "in the way").unwrap();
        assert!(write(1, 1 << 20).is_err());
        fs::remove_file(&below).unwrap();
        assert_eq!(write(RETRY_US, 1 << 20), Err(io::ErrorKind::WouldBlock));
        assert!(!below.exists(), "the folder was touched too soon");
        assert_eq!(write(RETRY_US + 1, 1 << 20), Ok(()));
        assert_eq!(write(RETRY_US + 1, 1 << 20), Ok(()));
        assert_eq!(fs::read_dir(&below).unwrap().count(), 2);
    }
}
