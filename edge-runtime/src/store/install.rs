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

impl<F: Fs> Store<F> {
    /// Installs the bundle that `source` gives. If this succeeds, the new bundle is active and stays so whatever
    /// happens to the power. If it fails, the one before is.
    ///
    /// # Errors
    ///
    /// [`InstallError`] says why, with the exit code of each reason.
    pub fn install(&self, source: &mut dyn Read, judge: &impl Judge) -> Result<Installed, InstallError> {
        let _lock = self.lock()?;
        let before = self.pointer()?;
        let floor = self.floor()?;
        self.tidy(before.as_ref(), false)?;
        let result = self.copy(source).and_then(|()| {
            let path = Path::new(CANDIDATE);
            let bytes = self.at(self.fs.read(path, MAX_BUNDLE_BYTES), "be read", path)?;
            let bundle = judge.check(&bytes, Some(&floor))?;
            if !floor.has_room_for(&bundle.product) {
                return Err(StoreError::from(shared::wire::InvalidStore::TooManyProducts).into());
            }
            let active = before.filter(|before| before.active == bundle.id);
            let stored = active.and_then(|_| self.fs.read(&bundle_file(bundle.id), MAX_BUNDLE_BYTES).ok());
            // All but the signatures is the same, if it is whole.
            let others =
                stored.as_ref().is_some_and(|stored| *stored != bytes && judge.product(stored, bundle.id).is_some());
            let is_there = stored.is_some_and(|stored| stored == bytes);
            drop(bytes);
            if !is_there {
                judge.prove(&self.fs.locate(path), bundle.id)?;
                self.place(bundle.id)?;
            }
            match active {
                Some(pointer) if others => Ok((Outcome::SignaturesReplaced, bundle, pointer)),
                Some(pointer) => Ok((Outcome::AlreadyActive, bundle, pointer)),
                None => {
                    let next = machine::installed(before.as_ref(), bundle.id, self.trial);
                    self.set_pointer(before.as_ref(), &next)?;
                    Ok((Outcome::Installed, bundle, next))
                }
            }
        });
        match result {
            Ok((outcome, bundle, pointer)) => {
                let litter = self.tidy(Some(&pointer), outcome == Outcome::Installed).err();
                Ok(Installed { outcome, bundle, pointer, litter })
            }
            Err(error) => {
                // As far as the disk lets us; and only what no pointer that may be on the disk names.
                if let Ok(pointer) = self.pointer() {
                    let _ = self.tidy(pointer.as_ref(), false);
                }
                Err(error)
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
