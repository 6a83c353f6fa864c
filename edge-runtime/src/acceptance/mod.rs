//! Whether a bundle may run on this station: the one check of a candidate, for `install` and for every start.
//!
//! In this order: signature and hashes, product, camera, release, version of the runtime. Only then is the model looked
//! at ([`prove`]), by a child process. It does not know files or the store.

mod proof;

use shared::bundle::{Bundle, BundleError, BundleId};
use shared::wire::{Manifest, Name, VersionFloor};

pub use proof::prove;

use crate::preflight::{PreflightError, Stage};
use crate::trust::{Trust, TrustError};

/// A bundle that may run here, as far as its bytes tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Identifies it.
    pub id: BundleId,
    /// What it inspects.
    pub product: Name,
    /// Its release.
    pub release: u32,
}

/// Why a bundle may not run on this station.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Damaged, or nobody who is trusted answers for it, or it is for another product, camera or program.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Longer than any bundle.
    #[error("found more than {max} bytes, expected a bundle; check that it is one")]
    TooLarge {
        /// The greatest length of a bundle.
        max: u64,
    },
    /// It is not the bundle that its place in the store says.
    #[error("found the bundle {found}, expected {expected}")]
    OtherBundle {
        /// The bundle.
        found: BundleId,
        /// The one that was to be there.
        expected: BundleId,
    },
    /// It is not in its place in the store.
    #[error("there is no file of the bundle")]
    Missing,
    /// Older than one that was confirmed here.
    #[error(
        "found release {found} of {product:?}, expected {floor} or later, which was confirmed on this station; to go \
         back, give the older model a new release"
    )]
    Older {
        /// What is inspected.
        product: String,
        /// The bundle's release.
        found: u32,
        /// The lowest that is taken.
        floor: u32,
    },
    /// The model could not be tried; nothing is known of it.
    #[error("the model cannot be tried: {message}; check the program's file and the machine's memory")]
    NotTried {
        /// Why.
        message: String,
    },
    /// The file held another bundle when it was tried.
    #[error("found the bundle {found} when it was tried, expected {expected}; somebody changes the file: start again")]
    OtherTried {
        /// The bundle that was tried, 64 hexadecimal digits.
        found: String,
        /// The one that was to be tried.
        expected: BundleId,
    },
    /// The model took too much memory or time, or its process ended: another time it may not.
    #[error("the model is not proven: {message}")]
    Unproven {
        /// What came of it.
        message: String,
    },
    /// The model is not admitted, or cannot be loaded.
    #[error("the model is refused: {message}")]
    Model {
        /// Why.
        message: String,
    },
    /// Nothing in the bundle can prove that the model does here what it did where it was sealed.
    #[error(
        "the bundle has no golden frames, so that its model cannot be proven here; seal it again with this version's \
         host trainer, or set trust.unproven = \"accept\""
    )]
    NoGoldenFrames,
    /// The golden frames did not come out as when the bundle was sealed.
    #[error("the self-test failed: {message}")]
    SelfTest {
        /// Which frame, and how.
        message: String,
    },
}

impl Refusal {
    /// The exit code, as in `docs/operation.md`.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Trust(error) => error.exit_code(),
            Self::TooLarge { .. } | Self::OtherBundle { .. } | Self::Missing => 10,
            Self::Older { .. } => 15,
            Self::NotTried { .. } | Self::OtherTried { .. } => 1,
            Self::Unproven { .. } | Self::Model { .. } => 17,
            Self::NoGoldenFrames | Self::SelfTest { .. } => 18,
        }
    }

    /// Whether the bytes are not those that were sealed, whatever the station's configuration says: truncated, changed,
    /// gone. A file that could not be read is none of these, nor is one of a newer format: it may be as it was.
    pub const fn is_damage(&self) -> bool {
        self.code() == 10
    }

    /// Whether the bundle itself was looked at and found unfit: another try would end the same way.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Model { .. } | Self::SelfTest { .. })
    }

    /// Whether a newer program takes what this one does not know.
    pub const fn is_too_new(&self) -> bool {
        self.code() == 16
    }
}

impl From<BundleError> for Refusal {
    fn from(error: BundleError) -> Self {
        Self::Trust(error.into())
    }
}

impl From<PreflightError> for Refusal {
    fn from(error: PreflightError) -> Self {
        match error {
            PreflightError::NotRun(source) => Self::NotTried { message: source.to_string() },
            PreflightError::Refused { stage: Stage::SelfTest, message, .. } => Self::SelfTest { message },
            PreflightError::Refused { stage: Stage::Admission | Stage::Model, .. } => {
                Self::Model { message: error.to_string() }
            }
            other => Self::Unproven { message: other.to_string() },
        }
    }
}

/// Checks all of a bundle but its model.
///
/// `floor` is for a bundle that is to be installed. One that is installed has passed it and may be older than the floor
/// by now: it is what the station goes back to.
///
/// # Errors
///
/// [`Refusal`] names the first check that failed.
pub fn check(bytes: &[u8], trust: &Trust, floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
    let bundle = trust.verify(bytes)?;
    let manifest = bundle.manifest();
    reaches(manifest, floor)?;
    Ok(Accepted { id: bundle.id(), product: manifest.product.clone(), release: manifest.release })
}

/// What the whole bundle `id` inspects, whoever answers for it; `None` if the bytes are not those of that bundle.
pub fn product(bytes: &[u8], id: BundleId) -> Option<Name> {
    let bundle = Bundle::verify(bytes).ok().filter(|bundle| bundle.id() == id)?;
    Some(bundle.manifest().product.clone())
}

fn reaches(manifest: &Manifest, floor: Option<&VersionFloor>) -> Result<(), Refusal> {
    let (product, found) = (&manifest.product, manifest.release);
    let floor = floor.map_or(0, |floor| floor.of(product));
    if found < floor {
        return Err(Refusal::Older { product: product.to_string(), found, floor });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::bundle_around;

    fn anybody() -> Trust {
        Trust { unsigned_allowed: true, ..Trust::default() }
    }

    #[test]
    fn a_sealed_bundle_is_accepted_and_a_changed_one_is_not() {
        let sealed = bundle_around(b"a model");
        let accepted = check(sealed.bytes(), &anybody(), None).unwrap();
        assert_eq!((accepted.id, &*accepted.product, accepted.release), (sealed.verify().unwrap().id(), "test", 1));
        let mut changed = sealed.bytes().to_vec();
        *changed.last_mut().unwrap() ^= 1;
        let refusal = check(&changed, &anybody(), None).unwrap_err();
        assert!(refusal.is_damage() && refusal.code() == 10);
        let refusal = check(&changed[..9], &anybody(), None).unwrap_err();
        assert!(refusal.is_damage());
        let refusal = check(sealed.bytes(), &Trust::default(), None).unwrap_err();
        assert_eq!((refusal.is_damage(), refusal.code()), (false, 11));
    }

    /// What may come of too little memory or time is no fault of the bundle.
    #[test]
    fn only_what_the_bundle_is_to_blame_for_is_final() {
        let (wall_ms, peak_bytes) = (1, 1);
        let refused = |stage| PreflightError::Refused { stage, message: "no".to_owned(), wall_ms, peak_bytes };
        let said = String::new();
        let cases = [
            (refused(Stage::SelfTest), true, 18),
            (refused(Stage::Admission), true, 17),
            (refused(Stage::Model), true, 17),
            (refused(Stage::File), false, 17),
            (refused(Stage::Limits), false, 17),
            (PreflightError::OutOfMemory { allowed_mib: 1, wall_ms, peak_bytes }, false, 17),
            (PreflightError::TooSlow { allowed_ms: 1, peak_bytes }, false, 17),
            (PreflightError::Crashed { signal: 9, said: said.clone(), peak_bytes }, false, 17),
            (PreflightError::NoReport { code: None, said }, false, 17),
            (PreflightError::NotRun(std::io::ErrorKind::OutOfMemory.into()), false, 1),
        ];
        for (error, is_final, code) in cases {
            let words = format!("{error:?}");
            let refusal = Refusal::from(error);
            assert_eq!((refusal.is_final(), refusal.code()), (is_final, code), "{words}");
        }
    }

    #[test]
    fn a_release_below_the_floor_of_its_product_is_refused() {
        let sealed = bundle_around(b"a model");
        let manifest = sealed.verify().unwrap().manifest().clone();
        let mut floor = VersionFloor::default();
        floor.raise(&"test".try_into().unwrap(), 5).unwrap();
        let code = |product: &str, release| {
            let manifest = Manifest { product: product.try_into().unwrap(), release, ..manifest.clone() };
            reaches(&manifest, Some(&floor)).map_err(|refusal| refusal.code())
        };
        assert_eq!(
            (code("test", 4), code("test", 5), code("test", 6), code("nut", 1)),
            (Err(15), Ok(()), Ok(()), Ok(()))
        );
        assert_eq!(check(sealed.bytes(), &anybody(), Some(&floor)).unwrap_err().code(), 15);
        // What is installed already runs.
        assert!(check(sealed.bytes(), &anybody(), None).is_ok());
    }
}
