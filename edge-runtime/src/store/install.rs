//! Installing a bundle: copy it into the inbox, check the copy, prove its model, give it its place, make it active on
//! trial. One way for a file, a stick and a network connection: all are bytes that are not trusted.

use std::io::{self, Read};
use std::path::Path;

use shared::bundle::BundleId;
use shared::wire::StorePointer;

use super::disk::{BUNDLES, CANDIDATE, INBOX, bundle_file, bundle_folder};
use super::{Fs, InstallError, Judge, Store, StoreError, machine};
use crate::acceptance::{Accepted, Refusal};
use crate::bundle::MAX_BUNDLE_BYTES;

/// Bytes that are copied at once.
const PIECE: usize = 1 << 16;

/// A bundle that is installed.
#[derive(Debug)]
pub struct Installed {
    /// What was done.
    pub outcome: Outcome,
    /// The bundle.
    pub bundle: Accepted,
    /// The pointer, durable.
    pub pointer: StorePointer,
    /// Why what is not needed any more could not be deleted. The next start or install tries again.
    pub litter: Option<StoreError>,
}

/// What was done to install a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is active now, on trial.
    Installed,
    /// It was active before; nothing was changed, but its file put back if that was damaged.
    AlreadyActive,
    /// It was active before; its file has other signatures now.
    SignaturesReplaced,
}

/// A candidate that was looked at.
struct Examined {
    id: BundleId,
    /// Whether its model was tried. It is not if the same file is active already.
    is_proven: bool,
}

impl<F: Fs> Store<F> {
    /// Installs the bundle that `source` gives. If this succeeds, the new bundle is active and stays so whatever
    /// happens to the power. If it fails, the one before is.
    ///
    /// Nothing waits for `source` or for the model: only the inbox is taken meanwhile, which nobody but another install
    /// wants.
    ///
    /// # Errors
    ///
    /// [`InstallError`] says why, with the exit code of each reason.
    pub fn install(&self, source: &mut dyn Read, judge: &impl Judge) -> Result<Installed, InstallError> {
        let inbox = self.lock_inbox()?.ok_or(StoreError::Busy)?;
        {
            let _lock = self.lock_soon()?;
            let before = self.pointer()?;
            self.floor()?;
            self.tidy(before.as_ref(), false, Some(&inbox))?;
        }
        let examined = self.copy(source).and_then(|()| self.examine(judge));
        let (lock, result) = match examined {
            Ok(examined) => match self.lock_soon() {
                Ok(lock) => (Some(lock), self.take(&examined, judge)),
                Err(error) => (None, Err(error.into())),
            },
            Err(error) => (self.lock().ok(), Err(error)),
        };
        match result {
            Ok((outcome, bundle, pointer)) => {
                let litter = self.tidy(Some(&pointer), outcome == Outcome::Installed, Some(&inbox)).err();
                Ok(Installed { outcome, bundle, pointer, litter })
            }
            Err(error) => {
                // As far as the disk lets us; and only what no pointer that may be on the disk names.
                let _ = match (lock, self.pointer()) {
                    (Some(_lock), Ok(pointer)) => self.tidy(pointer.as_ref(), false, Some(&inbox)),
                    _ => self.clear(&inbox),
                };
                Err(error)
            }
        }
    }

    /// Looks at the candidate. What the store holds may change meanwhile.
    fn examine(&self, judge: &impl Judge) -> Result<Examined, InstallError> {
        let path = Path::new(CANDIDATE);
        let bytes = self.at(self.fs.read(path, MAX_BUNDLE_BYTES), "be read", path)?;
        let id = judge.check(&bytes, Some(&self.floor()?))?.id;
        let is_there = self.active_file(id)?.is_some_and(|stored| stored == bytes);
        drop(bytes);
        if !is_there {
            judge.prove(&self.fs.locate(path), id)?;
        }
        Ok(Examined { id, is_proven: !is_there })
    }

    /// The file of this bundle, if it is active and can be read.
    fn active_file(&self, id: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
        let active = self.pointer()?.filter(|pointer| pointer.active == id);
        Ok(active.and_then(|_| self.fs.read(&bundle_file(id), MAX_BUNDLE_BYTES).ok()))
    }

    /// Makes the candidate the active bundle. The store is locked, and may be another than when it was examined.
    fn take(&self, examined: &Examined, judge: &impl Judge) -> Result<(Outcome, Accepted, StorePointer), InstallError> {
        let (before, floor) = (self.pointer()?, self.floor()?);
        let path = Path::new(CANDIDATE);
        let bytes = self.at(self.fs.read(path, MAX_BUNDLE_BYTES), "be read", path)?;
        let bundle = judge.check(&bytes, Some(&floor))?;
        if bundle.id != examined.id {
            return Err(Refusal::OtherBundle { found: bundle.id, expected: examined.id }.into());
        }
        if !floor.has_room_for(&bundle.product) {
            return Err(StoreError::from(shared::wire::InvalidStore::TooManyProducts).into());
        }
        let stored = self.active_file(bundle.id)?;
        // All but the signatures is the same, if it is whole.
        let others =
            stored.as_ref().is_some_and(|stored| *stored != bytes && judge.product(stored, bundle.id).is_some());
        if stored.is_none_or(|stored| stored != bytes) {
            if !examined.is_proven {
                judge.prove(&self.fs.locate(path), bundle.id)?;
            }
            self.place(bundle.id)?;
        }
        match before.filter(|before| before.active == bundle.id) {
            Some(pointer) if others => Ok((Outcome::SignaturesReplaced, bundle, pointer)),
            Some(pointer) => Ok((Outcome::AlreadyActive, bundle, pointer)),
            None => {
                let next = machine::installed(before.as_ref(), bundle.id, self.trial);
                self.set_pointer(before.as_ref(), &next)?;
                Ok((Outcome::Installed, bundle, next))
            }
        }
    }

    /// Copies the candidate into the inbox, so that what is checked is what is installed.
    fn copy(&self, source: &mut dyn Read) -> Result<(), InstallError> {
        let path = Path::new(CANDIDATE);
        let mut file = self.at(self.fs.create(path), "be made", path)?;
        let (mut piece, mut length) = (vec![0; PIECE], 0);
        loop {
            let read = match source.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(InstallError::Source)?,
            };
            if read == 0 {
                break;
            }
            length += read as u64;
            if length > MAX_BUNDLE_BYTES {
                return Err(Refusal::TooLarge { max: MAX_BUNDLE_BYTES }.into());
            }
            self.write_all(&mut file, &piece[..read], path)?;
        }
        Ok(self.at(self.fs.sync_file(&mut file), "be made durable", path)?)
    }

    /// Moves the candidate to the place of the bundle that it is, durably.
    fn place(&self, id: BundleId) -> Result<(), StoreError> {
        let (folder, file) = (bundle_folder(id), bundle_file(id));
        self.create_dir(&folder)?;
        self.at(self.fs.rename(Path::new(CANDIDATE), &file), "be put in its place", &file)?;
        self.sync_dir(&folder)?;
        self.sync_dir(Path::new(BUNDLES))?;
        self.sync_dir(Path::new(INBOX))
    }
}
