//! Why the store could not do what it was asked to do, with the exit code of each reason.

use std::io;
use std::path::PathBuf;

use shared::bundle::BundleId;
use shared::wire::{InvalidStore, WireError};

use crate::acceptance::Refusal;

/// Why the store could not be read or changed. It is as it was, unless it is said otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process changes the store.
    #[error("the store is locked: another install is running; try again when it has ended")]
    Busy,
    /// The operating system would not do it.
    #[error("{}: cannot {doing}; check the disk, its space and its permissions", path.display())]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A record of the store is not one that this program wrote.
    #[error(
        "{}: damaged; move the store's two records, the files `pointer` and `floor`, away (no other file: this \
         station's own thresholds lie beside them) and install the bundle again: the lowest release that may be \
         installed is then forgotten",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WireError,
    },
    /// A bundle was confirmed, so a floor was written; but there is none.
    #[error(
        "{}: missing; move the store's record `pointer` away, and `floor` if it is there (no other file: this station's \
         own thresholds lie beside them) and install the bundle again: the lowest release that may be installed is then \
         forgotten",
        path.display()
    )]
    NoFloor {
        /// The file.
        path: PathBuf,
    },
    /// The floor has no room for another product.
    #[error("the floor of releases cannot be raised")]
    Floor(#[from] InvalidStore),
    /// Nothing was installed.
    #[error("{}: no bundle is installed; install one (edge-runtime install BUNDLE --config FILE)", path.display())]
    Empty {
        /// The store's folder.
        path: PathBuf,
    },
    /// There is no bundle to go back to.
    #[error("there is no previous bundle to go back to; install the one that is wanted")]
    NoPrevious,
    /// The bundle to be confirmed is not the active one.
    #[error("found {active} as the active bundle, expected {expected}: another was installed; restart the station")]
    NotActive {
        /// The active bundle.
        active: BundleId,
        /// The one to be confirmed.
        expected: BundleId,
    },
    /// The station would have to go back by itself to a bundle that is not known to be for the same product.
    #[error(
        "the bundle {failed} cannot go on, and the one before, {previous}, is for {product:?}, which is not known to be \
         the same product: nothing was changed; install the bundle that is wanted, or go back by hand (edge-runtime \
         rollback)"
    )]
    OtherProduct {
        /// The bundle that would be given up.
        failed: BundleId,
        /// The one before.
        previous: BundleId,
        /// What that one inspects.
        product: String,
        /// Why the active one cannot be used, if it was looked at.
        source: Option<Box<StoreError>>,
    },
    /// A bundle of the store cannot be used.
    #[error("the bundle {id} in the store cannot be used; install it again, or another")]
    Unusable {
        /// The bundle.
        id: BundleId,
        /// Why not.
        source: Box<Refusal>,
    },
}

/// Why a bundle was not installed. The active bundle is as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The bundle is not one for this station.
    #[error("the bundle is refused")]
    Refused(#[from] Refusal),
    /// Where the bundle comes from cannot be read.
    #[error("the bundle cannot be read; check the stick or the connection, and copy it again")]
    Source(#[source] io::Error),
    /// The store could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InstallError {
    /// The exit code, as in `docs/operation.md`.
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) => error.code(),
            Self::Source(_) => 1,
        }
    }
}

impl StoreError {
    /// The exit code, as in `docs/operation.md`.
    pub fn code(&self) -> u8 {
        match self {
            Self::Busy => 19,
            Self::Unusable { source, .. } => source.code(),
            Self::OtherProduct { source: Some(source), .. } => source.code(),
            _ => 1,
        }
    }
}
