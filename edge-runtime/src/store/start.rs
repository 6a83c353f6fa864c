//! Starting from the store: which bundle runs. A try is counted on the disk before the bundle is loaded, so that one
//! that ends the process, or the machine, has used it up.

use shared::bundle::BundleId;
use shared::wire::StorePointer;

use super::disk::bundle_file;
use super::machine::{self, Start};
use super::{Fs, Judge, Store, StoreError};
use crate::acceptance::Accepted;
use crate::bundle::MAX_BUNDLE_BYTES;

/// The bundle to run.
#[derive(Debug)]
pub struct Started {
    /// Its bytes, checked.
    pub bytes: Vec<u8>,
    /// Which it is.
    pub bundle: Accepted,
    /// The pointer, as it is on the disk if the disk takes it.
    pub pointer: StorePointer,
    /// How it was chosen.
    pub why: Why,
}

/// How the bundle to run was chosen.
#[derive(Debug)]
pub enum Why {
    /// It is confirmed.
    Confirmed,
    /// It is on trial.
    Trial,
    /// It is on trial and has used up its tries, but is the only one.
    OnlyOne,
    /// The active one used up its tries.
    TriesUsedUp {
        /// The one that did.
        given_up: BundleId,
    },
    /// The active one cannot be used.
    Unusable {
        /// Which, and why not.
        error: StoreError,
    },
    /// The try of the active one could not be counted: it stays active, the one before runs.
    NotCounted {
        /// Why not.
        error: StoreError,
    },
}

impl Started {
    /// Whether this run counts for the trial of the bundle.
    pub const fn is_trial(&self) -> bool {
        matches!(self.why, Why::Trial | Why::OnlyOne)
    }
}

impl<F: Fs> Store<F> {
    /// Chooses the bundle to run. A disk that takes no writes keeps no confirmed bundle from running.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is no bundle that can be used.
    pub fn start(&self, judge: &impl Judge) -> Result<Started, StoreError> {
        let _lock = self.lock()?;
        let pointer = self.active_pointer()?;
        // Litter keeps nothing from running.
        let _ = self.tidy(Some(&pointer), false, None);
        match machine::start(&pointer) {
            Start::Confirmed => self.run_or_back(pointer, Why::Confirmed, judge),
            Start::OnlyOne => self.run_or_back(pointer, Why::OnlyOne, judge),
            Start::Trial(next) => match self.set_pointer(Some(&pointer), &next) {
                Ok(()) => self.run_or_back(next, Why::Trial, judge),
                Err(error) => match pointer.previous {
                    Some(previous) => {
                        let (bytes, bundle) = self.load(previous, judge)?;
                        self.has_product_of(&pointer, &bundle, judge)?;
                        Ok(Started { bytes, bundle, pointer, why: Why::NotCounted { error } })
                    }
                    None => Err(error),
                },
            },
            Start::Back(back) => self.back(&pointer, back, Why::TriesUsedUp { given_up: pointer.active }, judge),
        }
    }

    /// Runs the active bundle; if that cannot be, the one before.
    fn run_or_back(&self, pointer: StorePointer, why: Why, judge: &impl Judge) -> Result<Started, StoreError> {
        let error = match self.load(pointer.active, judge) {
            Ok((bytes, bundle)) => return Ok(Started { bytes, bundle, pointer, why }),
            Err(error) => error,
        };
        let may_go_back = match &error {
            // A newer program takes it.
            StoreError::Unusable { source, .. } if source.is_too_new() => false,
            // A confirmed bundle that the configuration refuses is no damage: a person has to decide.
            StoreError::Unusable { source, .. } => !pointer.confirmed || source.is_damage(),
            // What could not be read may be whole, and be read at the next start.
            _ => false,
        };
        match machine::rolled_back(&pointer).filter(|_| may_go_back) {
            Some(back) => self.back(&pointer, back, Why::Unusable { error }, judge),
            None => Err(error),
        }
    }

    fn back(
        &self,
        before: &StorePointer,
        back: StorePointer,
        why: Why,
        judge: &impl Judge,
    ) -> Result<Started, StoreError> {
        let (bytes, bundle) = self.load(back.active, judge)?;
        let why = match (self.has_product_of(before, &bundle, judge), why) {
            (Ok(()), why) => why,
            (Err(StoreError::OtherProduct { failed, previous, product, .. }), Why::Unusable { error }) => {
                return Err(StoreError::OtherProduct { failed, previous, product, source: Some(Box::new(error)) });
            }
            (Err(error), _) => return Err(error),
        };
        // If this fails, the next start does the same again.
        if self.set_pointer(Some(before), &back).is_ok() {
            let _ = self.tidy(Some(&back), true, None);
        }
        Ok(Started { bytes, bundle, pointer: back, why })
    }

    /// Whether `previous` is known to be for the product of the active bundle: a station that goes back by itself must
    /// not judge the parts of one product by the model of another.
    ///
    /// A confirmed bundle that is damaged says no more what it was for; but the floor names the product of every bundle
    /// that was confirmed, and `previous` was, too.
    pub(super) fn has_product_of(
        &self,
        pointer: &StorePointer,
        previous: &Accepted,
        judge: &impl Judge,
    ) -> Result<(), StoreError> {
        let active = pointer.active;
        let bytes = self.fs.read(&bundle_file(active), MAX_BUNDLE_BYTES).unwrap_or_default();
        let is_same = match judge.product(&bytes, active) {
            Some(product) => product == previous.product,
            None => {
                let is_only = || self.floor().is_ok_and(|floor| floor.products().count() == 1);
                judge.takes_one_product() || pointer.confirmed && is_only()
            }
        };
        if is_same {
            return Ok(());
        }
        let (failed, previous, product) = (active, previous.id, previous.product.to_string());
        Err(StoreError::OtherProduct { failed, previous, product, source: None })
    }
}
