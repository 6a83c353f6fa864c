//! The status file: written whole under another name and renamed, so that a reader never sees half of one, and read
//! back with its age. A file of an earlier run of the operating system is told by its boot id, since the clock starts
//! anew with each.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Status;
use crate::bounded_read::{ReadFailure, read_bounded};

/// The file's name in the runtime folder.
const NAME: &str = "status.json";
const MAX_BYTES: u64 = 1 << 20;

/// A status older than this is not of a station that runs: it writes one each second.
pub const STALE_AFTER_US: u64 = 5_000_000;

/// Writes the status.
#[derive(Debug)]
pub struct StatusFile {
    folder: PathBuf,
    path: PathBuf,
    unfinished: PathBuf,
    buffer: Vec<u8>,
}

impl StatusFile {
    /// Touches nothing yet.
    pub fn new(runtime_dir: &Path) -> Self {
        let (path, unfinished) = (runtime_dir.join(NAME), runtime_dir.join("status.json.unfinished"));
        Self { folder: runtime_dir.to_owned(), path, unfinished, buffer: Vec::with_capacity(8192) }
    }

    /// Replaces the file.
    ///
    /// # Errors
    ///
    /// What the file system says; the file is as it was then.
    pub fn write(&mut self, status: &Status<'_>) -> io::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, status)?;
        self.buffer.push(b'\n');
        let mut file = match File::create(&self.unfinished) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder)?;
                File::create(&self.unfinished)?
            }
            other => other?,
        };
        // Whoever asks for the status may be anybody.
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.write_all(&self.buffer)?;
        fs::rename(&self.unfinished, &self.path)
    }

    /// Deletes the file: the station stops by itself.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Which run of the operating system this is; empty if it does not say.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// A status that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The whole object.
    pub json: Value,
    /// The process that wrote it.
    pub pid: u32,
    /// Its state's name.
    pub state: String,
    /// Whether it took parts when it was written.
    pub ready: bool,
    /// How long ago that was; none if it was before the operating system last started.
    pub age_us: Option<u64>,
}

impl Found {
    /// Whether the station that wrote it does not run any more, or hangs.
    pub fn is_stale(&self) -> bool {
        self.age_us.is_none_or(|age| age > STALE_AFTER_US)
    }
}

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadStatusError {
    /// There is no file.
    #[error("{}: no such file; the station does not run, or has another runtime folder (--runtime-dir)", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{}: {failure}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        failure: ReadFailure,
    },
    /// The file is no status.
    #[error("{}: not a status of this program", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// Reads the status below `runtime_dir` at the time `now_us` of the run `boot_id`.
///
/// # Errors
///
/// [`ReadStatusError`] if there is none that can be read.
pub fn read_status(runtime_dir: &Path, boot_id: &str, now_us: u64) -> Result<Found, ReadStatusError> {
    #[derive(Deserialize)]
    struct Head {
        pid: u32,
        boot_id: String,
        written_at_us: u64,
        state: String,
        ready: bool,
    }
    let path = runtime_dir.join(NAME);
    let bytes = read_bounded(&path, MAX_BYTES).map_err(|failure| match failure {
        ReadFailure::Missing => ReadStatusError::Missing { path: path.clone() },
        failure => ReadStatusError::Unreadable { path: path.clone(), failure },
    })?;
    let malformed = |source| ReadStatusError::Malformed { path: path.clone(), source };
    let json: Value = serde_json::from_slice(&bytes).map_err(malformed)?;
    let head = Head::deserialize(&json).map_err(malformed)?;
    let age_us = (head.boot_id == boot_id).then(|| now_us.checked_sub(head.written_at_us)).flatten();
    Ok(Found { pid: head.pid, state: head.state, ready: head.ready, age_us, json })
}

#[cfg(test)]
mod tests {
    use shared::bundle::signature::KeyId;
    use shared::score::Threshold;
    use shared::wire::BundleTrust;

    use super::super::{Counters, Latencies};
    use super::*;
    use crate::test_support::{Redraw, inspector};

    fn write(file: &mut StatusFile, state: &str, written_at_us: u64) -> io::Result<()> {
        let (counters, latencies) = (Counters::default(), Latencies::new().unwrap());
        file.write(&Status {
            version: "1",
            pid: 77,
            boot_id: "this",
            written_at_us,
            uptime_us: 5,
            state,
            ready: state == "ready",
            fault: None,
            bundle: inspector(Redraw::Identical).bundle(),
            trust: BundleTrust::Signed(KeyId([0xab; 8])),
            unsigned_allowed: false,
            product: "part",
            threshold: Threshold::new(9).unwrap(),
            threshold_source: shared::wire::ThresholdSource::Bundle,
            camera: "none",
            store: None,
            swaps: None,
            inspections: &counters,
            line: &crate::line::Counters::default(),
            latency_us: &latencies,
            dropped_records: 1,
            kept_images: 2,
            dropped_images: 3,
            dropped_log_entries: 4,
            debounced_here: &["trigger"],
            missed_triggers: 5,
        })
    }

    #[test]
    fn what_is_written_is_read_back_with_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("run"); // made when it is missing
        let mut file = StatusFile::new(&runtime);
        write(&mut file, "ready", 1_000_000).unwrap();
        write(&mut file, "faulted", 2_000_000).unwrap();
        let found = read_status(&runtime, "this", 3_000_000).unwrap();
        assert_eq!(
            (found.pid, found.state.as_str(), found.ready, found.age_us),
            (77, "faulted", false, Some(1_000_000))
        );
        assert!(!found.is_stale());
        assert_eq!(found.json["threshold_raw"], 9);
        assert_eq!(found.json["signed_by"], "abababababababab");
        assert_eq!(found.json["unsigned_allowed"], false);
        assert_eq!(found.json["dropped_log_entries"], 4);
        assert_eq!(found.json["debounced_here"], serde_json::json!(["trigger"]));
        assert_eq!(found.json["line"]["diverted"]["total"], 0);
        assert_eq!(found.json["latency_us"]["total"]["p99"], 0);
        assert_eq!(fs::read_dir(&runtime).unwrap().count(), 1);
        assert!(read_status(&runtime, "this", 2_000_001 + STALE_AFTER_US).unwrap().is_stale());
        file.remove().unwrap();
        assert!(matches!(read_status(&runtime, "this", 0), Err(ReadStatusError::Missing { .. })));
    }

    #[test]
    fn a_file_of_an_earlier_boot_is_stale_whatever_the_clock_says() {
        let folder = tempfile::tempdir().unwrap();
        write(&mut StatusFile::new(folder.path()), "ready", 1_000_000).unwrap();
        for (boot, now) in [("other", 1_000_001), ("", 1_000_001), ("this", 999_999)] {
            let found = read_status(folder.path(), boot, now).unwrap();
            assert!(found.is_stale() && found.age_us.is_none(), "{boot} {now}");
        }
        assert_eq!(boot_id().len(), 36);
    }

    #[test]
    fn what_is_no_status_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"pid\": -1}", "[1, 2"] {
            fs::write(folder.path().join(NAME), text).unwrap();
            let refused = read_status(folder.path(), "this", 0);
            assert!(matches!(refused, Err(ReadStatusError::Malformed { .. })), "{text}");
        }
    }
}
