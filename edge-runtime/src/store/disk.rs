//! Where the store's files lie, how a record is replaced, and what is litter. Every change of a record is: a new file,
//! its bytes, made durable, renamed over the old one, the folder made durable.

use std::io;
use std::path::{Path, PathBuf};

use shared::bundle::BundleId;
use shared::wire::{StorePointer, VersionFloor, WireError};

use super::{Fs, Store, StoreError};

pub(super) const POINTER: &str = "pointer";
pub(super) const FLOOR: &str = "floor";
pub(super) const LOCK: &str = "lock";
pub(super) const INBOX: &str = "inbox";
pub(super) const BUNDLES: &str = "bundles";
/// What is not yet known to be a bundle.
pub(super) const CANDIDATE: &str = "inbox/candidate";
const ROOT: &str = "";
/// A record that is being written.
const UNFINISHED: &str = "new";

/// Reads a record at the start of bytes and says how long it is.
type Decode<T> = fn(&[u8]) -> Result<(T, usize), WireError>;

/// The folder of a bundle.
pub(super) fn bundle_folder(id: BundleId) -> PathBuf {
    Path::new(BUNDLES).join(id.to_string())
}

/// The file of a bundle.
pub(super) fn bundle_file(id: BundleId) -> PathBuf {
    bundle_folder(id).join("station.bundle")
}

impl<F: Fs> Store<F> {
    pub(super) fn at<T>(&self, result: io::Result<T>, doing: &'static str, path: &Path) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::Io { doing, path: self.fs.locate(path), source })
    }

    /// A record of the store; `None` if it was never written.
    pub(super) fn record<T>(&self, name: &str, max: usize, decode: Decode<T>) -> Result<Option<T>, StoreError> {
        let path = Path::new(name);
        let bytes = match self.fs.read(path, max as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => self.at(other, "be read", path)?,
        };
        let damaged = |source| StoreError::Damaged { path: self.fs.locate(path), source };
        let (record, length) = decode(&bytes).map_err(damaged)?;
        match bytes.len() - length {
            0 => Ok(Some(record)),
            found => Err(damaged(WireError::TrailingPayload { found })),
        }
    }

    /// Replaces the pointer `before` by `next`, durably. If that fails, `before` is put back as far as
    /// the disk lets us.
    pub(super) fn set_pointer(&self, before: Option<&StorePointer>, next: &StorePointer) -> Result<(), StoreError> {
        let written = self.write_pointer(next);
        if written.is_err() {
            let unfinished = Path::new(POINTER).with_extension(UNFINISHED);
            let _ = self.remove_if_there(&unfinished);
            // The new one may have its name already, durably or not.
            let _ = match before {
                Some(before) => self.write_pointer(before),
                None => self.remove_if_there(Path::new(POINTER)).and_then(|()| self.sync_dir(Path::new(ROOT))),
            };
            let _ = self.remove_if_there(&unfinished);
        }
        written
    }

    fn write_pointer(&self, pointer: &StorePointer) -> Result<(), StoreError> {
        let mut bytes = [0; StorePointer::MAX_LEN];
        let damaged = |source| StoreError::Damaged { path: self.fs.locate(Path::new(POINTER)), source };
        let length = pointer.encode(&mut bytes).map_err(damaged)?;
        self.replace(POINTER, &bytes[..length])
    }

    /// Replaces the floor, durably.
    pub(super) fn set_floor(&self, floor: &VersionFloor) -> Result<(), StoreError> {
        let mut bytes = vec![0; VersionFloor::MAX_LEN];
        let damaged = |source| StoreError::Damaged { path: self.fs.locate(Path::new(FLOOR)), source };
        let length = floor.encode(&mut bytes).map_err(damaged)?;
        let written = self.replace(FLOOR, &bytes[..length]);
        if written.is_err() {
            let _ = self.remove_if_there(&Path::new(FLOOR).with_extension(UNFINISHED));
        }
        written
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = Path::new(name);
        let unfinished = path.with_extension(UNFINISHED);
        let mut file = self.at(self.fs.create(&unfinished), "be made", &unfinished)?;
        self.write_all(&mut file, bytes, &unfinished)?;
        self.at(self.fs.sync_file(&mut file), "be made durable", &unfinished)?;
        drop(file);
        self.at(self.fs.rename(&unfinished, path), "be replaced", path)?;
        self.sync_dir(Path::new(ROOT))
    }

    pub(super) fn write_all(&self, file: &mut F::File, mut bytes: &[u8], path: &Path) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let written = match self.fs.write(file, bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => self.at(other, "be written", path)?,
            };
            if written == 0 {
                return self.at(Err(io::ErrorKind::WriteZero.into()), "be written", path);
            }
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn sync_dir(&self, path: &Path) -> Result<(), StoreError> {
        self.at(self.fs.sync_dir(path), "be made durable", path)
    }

    pub(super) fn create_dir(&self, path: &Path) -> Result<(), StoreError> {
        self.at(self.fs.create_dir(path), "be made", path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, StoreError> {
        self.at(self.fs.list(path), "be listed", path)
    }

    fn remove(&self, path: &Path) -> Result<(), StoreError> {
        self.at(self.fs.remove_file(path), "be deleted", path)
    }

    fn remove_if_there(&self, path: &Path) -> Result<(), StoreError> {
        match self.fs.remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => self.at(other, "be deleted", path),
        }
    }

    /// Takes the inbox, for an install or to clear it; `None` if an install has it.
    pub(super) fn lock_inbox(&self) -> Result<Option<F::Lock>, StoreError> {
        let inbox = Path::new(INBOX);
        self.create_dir(inbox)?;
        self.at(self.fs.lock(inbox), "be locked", inbox)
    }

    /// Deletes everything in the inbox, which is locked.
    pub(super) fn clear(&self, _inbox: &F::Lock) -> Result<(), StoreError> {
        let inbox = Path::new(INBOX);
        self.list(inbox)?.iter().try_for_each(|name| self.remove(&inbox.join(name)))
    }

    /// Makes the folders, and deletes what an install that was cut off has left: everything in the inbox, unfinished
    /// records, bundles that `pointer` does not name. Other files are left alone, and so is the inbox, if it is not
    /// `inbox`, while an install copies into it. The store is locked.
    ///
    /// A pointer that was only read may be one that a loss of power takes back, and with it the right to delete: it is
    /// written again before a bundle is deleted. Making the folder durable once more is not enough: where that failed
    /// before, a system may have forgotten what it did not write.
    pub(super) fn tidy(
        &self,
        pointer: Option<&StorePointer>,
        is_durable: bool,
        inbox: Option<&F::Lock>,
    ) -> Result<(), StoreError> {
        let root = Path::new(ROOT);
        for folder in [INBOX, BUNDLES] {
            self.create_dir(Path::new(folder))?;
        }
        self.sync_dir(root)?;
        for name in self.list(root)? {
            let path = Path::new(&name);
            if [POINTER, FLOOR].iter().any(|record| path == Path::new(record).with_extension(UNFINISHED)) {
                self.remove(path)?;
            }
        }
        match inbox {
            Some(inbox) => self.clear(inbox)?,
            None => self.lock_inbox()?.iter().try_for_each(|inbox| self.clear(inbox))?,
        }
        let kept: Vec<String> = pointer
            .into_iter()
            .flat_map(|pointer| [Some(pointer.active), pointer.previous])
            .flatten()
            .map(|id| id.to_string())
            .collect();
        let is_id = |name: &str| name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut bundles = self.list(Path::new(BUNDLES))?;
        bundles.retain(|name| is_id(name) && !kept.contains(name));
        if let Some(pointer) = pointer.filter(|_| !is_durable && !bundles.is_empty()) {
            self.write_pointer(pointer)?;
        }
        for name in &bundles {
            let folder = Path::new(BUNDLES).join(name);
            for file in self.list(&folder)? {
                self.remove(&folder.join(file))?;
            }
            self.at(self.fs.remove_dir(&folder), "be deleted", &folder)?;
        }
        Ok(())
    }
}
