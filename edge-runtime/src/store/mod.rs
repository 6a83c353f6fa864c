//! The store of a station: its bundles, and the record that says which of them is active. `docs/store.md` specifies the
//! files.
//!
//! Whatever happens to the process, to the power or to an operation of the disk, the active bundle is the one before or
//! the one after, and it is whole; the floor of releases never falls. [`machine`] decides what becomes of the pointer,
//! here it becomes so on the disk. It knows no model: a [`Judge`] says whether bytes are a bundle that may run here.

mod disk;
mod error;
mod fs;
mod install;
pub mod machine;
mod start;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use shared::bundle::BundleId;
use shared::wire::{Name, StorePointer, VersionFloor};

pub use error::{InstallError, StoreError};
pub use fs::{Fs, RealFs};
pub use install::{Installed, Outcome};
pub use machine::TrialLength;
pub use start::{Started, Why};

use crate::acceptance::{Accepted, Refusal};
use crate::bundle::MAX_BUNDLE_BYTES;

/// How long an install waits for the store.
const LOCKED_ATTEMPTS: u32 = 50;
const LOCKED_PAUSE: Duration = Duration::from_millis(100);

/// What says whether a bundle may run on this station.
pub trait Judge {
    /// Looks at the bytes alone. `floor` is for a bundle that is to be installed.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not.
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal>;

    /// Loads and tests the model of the bundle in this file, which has to be `id`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not.
    fn prove(&self, bundle: &Path, id: BundleId) -> Result<(), Refusal>;

    /// What the bundle `id` with these bytes inspects, whether or not it may run here; `None` if they are not its bytes.
    fn product(&self, bytes: &[u8], id: BundleId) -> Option<Name>;

    /// Whether bundles of one product only are taken here, whatever is in the store.
    fn takes_one_product(&self) -> bool;
}

/// The store.
#[derive(Debug)]
pub struct Store<F> {
    fs: F,
    trial: TrialLength,
}

/// What became of a wish to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It is confirmed now.
    Now(StorePointer),
    /// It was confirmed before.
    Before(StorePointer),
}

impl<F: Fs> Store<F> {
    /// The store in the folder of `fs`; new bundles get a trial of this length. Touches nothing.
    pub fn new(fs: F, trial: TrialLength) -> Self {
        Self { fs, trial }
    }

    /// The file system.
    pub fn fs(&self) -> &F {
        &self.fs
    }

    /// Which bundle is active; `None` if none was ever installed. Needs no lock.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn pointer(&self) -> Result<Option<StorePointer>, StoreError> {
        self.record(disk::POINTER, StorePointer::MAX_LEN, StorePointer::decode)
    }

    /// The highest confirmed releases. Needs no lock.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read, or are missing although a bundle was confirmed.
    pub fn floor(&self) -> Result<VersionFloor, StoreError> {
        // In this order: a floor is written before the pointer that confirms.
        let pointer = self.pointer()?;
        match self.record(disk::FLOOR, VersionFloor::MAX_LEN, VersionFloor::decode)? {
            Some(floor) => Ok(floor),
            None if pointer.is_some_and(|pointer| pointer.confirmed || pointer.previous.is_some()) => {
                Err(StoreError::NoFloor { path: self.fs.locate(Path::new(disk::FLOOR)) })
            }
            None => Ok(VersionFloor::default()),
        }
    }

    /// Confirms the active bundle, which has to be `expected`, if that is given: its trial is over, and the floor rises
    /// to its release.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the floor may have risen even so, the bundle stays on trial.
    pub fn confirm(&self, expected: Option<BundleId>, judge: &impl Judge) -> Result<Confirmed, StoreError> {
        let _lock = self.lock()?;
        let pointer = self.active_pointer()?;
        let active = pointer.active;
        if let Some(expected) = expected.filter(|&expected| expected != active) {
            return Err(StoreError::NotActive { active, expected });
        }
        let Some(next) = machine::confirmed(&pointer) else { return Ok(Confirmed::Before(pointer)) };
        let (_, accepted) = self.load(active, judge)?;
        let mut floor = self.floor()?;
        // Written even if it does not rise: from now on there has to be one.
        floor.raise(&accepted.product, accepted.release)?;
        self.set_floor(&floor)?;
        self.set_pointer(Some(&pointer), &next)?;
        Ok(Confirmed::Now(next))
    }

    /// Gives the active bundle up for the previous one. `failed` is for a station that gives up the bundle it runs: if
    /// another is active by now, nothing is done.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the pointer is as before. With `failed` also if the previous bundle is not for the same product:
    /// only a person goes back to that.
    pub fn roll_back(&self, failed: Option<BundleId>, judge: &impl Judge) -> Result<StorePointer, StoreError> {
        let _lock = self.lock()?;
        let pointer = self.active_pointer()?;
        if failed.is_some_and(|failed| failed != pointer.active) {
            return Ok(pointer);
        }
        let next = machine::rolled_back(&pointer).ok_or(StoreError::NoPrevious)?;
        let (_, previous) = self.load(next.active, judge)?;
        if failed.is_some() {
            self.has_product_of(&pointer, &previous, judge)?;
        }
        self.set_pointer(Some(&pointer), &next)?;
        // What is left behind is removed by whoever comes next.
        let _ = self.tidy(Some(&next), true, None);
        Ok(next)
    }

    /// The bytes of a bundle in the store, checked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] if the file is not there, or is not that bundle, whole, or may not run here;
    /// [`StoreError::Io`] if it cannot be read: then nothing is known of it.
    pub fn load(&self, id: BundleId, judge: &impl Judge) -> Result<(Vec<u8>, Accepted), StoreError> {
        let unusable = |refusal| StoreError::Unusable { id, source: Box::new(refusal) };
        let file = disk::bundle_file(id);
        let bytes = match self.fs.read(&file, MAX_BUNDLE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unusable(Refusal::Missing)),
            other => self.at(other, "be read", &file)?,
        };
        let accepted = judge.check(&bytes, None).map_err(unusable)?;
        if accepted.id != id {
            return Err(unusable(Refusal::OtherBundle { found: accepted.id, expected: id }));
        }
        Ok((bytes, accepted))
    }

    /// The file of a bundle in the store.
    pub fn bundle_path(&self, id: BundleId) -> PathBuf {
        self.fs.locate(&disk::bundle_file(id))
    }

    fn active_pointer(&self) -> Result<StorePointer, StoreError> {
        self.pointer()?.ok_or_else(|| StoreError::Empty { path: self.fs.locate(Path::new("")) })
    }

    /// Keeps every other process from changing the store, and what lies beside it, until it is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if another has it for more than 5 seconds.
    pub fn hold(&self) -> Result<F::Lock, StoreError> {
        self.lock_soon()
    }

    /// As [`Self::lock`], but waits for what another process does with the store: it takes moments.
    fn lock_soon(&self) -> Result<F::Lock, StoreError> {
        for _ in 0..LOCKED_ATTEMPTS {
            match self.lock() {
                Err(StoreError::Busy) => thread::sleep(LOCKED_PAUSE),
                other => return other,
            }
        }
        self.lock()
    }

    fn lock(&self) -> Result<F::Lock, StoreError> {
        let path = Path::new(disk::LOCK);
        self.at(self.fs.lock(path), "be locked", path)?.ok_or(StoreError::Busy)
    }
}
