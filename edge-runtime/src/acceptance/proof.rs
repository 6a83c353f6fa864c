//! Whether a candidate's model works on this machine: another process loads it and runs its golden frames, so that what
//! the model does to its process is not done to this one.

use std::path::Path;

use shared::bundle::BundleId;

use super::Refusal;
use crate::preflight::{self, Limits, Preflight};

/// Has `program`, which is this one, load the bundle in a file and run its self-test within `limits`. It has to be the
/// bundle `expected`.
///
/// # Errors
///
/// [`Refusal::SelfTest`] if the golden frames come out otherwise; [`Refusal::Model`] or [`Refusal::Unproven`] if it does
/// not get as far as that; [`Refusal::NotTried`] if there was no child; [`Refusal::OtherTried`] if the file held another
/// bundle.
pub fn prove(program: &Path, bundle: &Path, expected: BundleId, limits: &Limits) -> Result<Preflight, Refusal> {
    is_expected(preflight::check(program, bundle, limits)?, expected)
}

fn is_expected(tried: Preflight, expected: BundleId) -> Result<Preflight, Refusal> {
    if tried.bundle == expected.to_string() {
        return Ok(tried);
    }
    Err(Refusal::OtherTried { found: tried.bundle, expected })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::admission::Work;

    #[test]
    fn another_bundle_than_the_one_that_was_tried_is_refused() {
        let (one, other) = (BundleId([7; 32]), BundleId([8; 32]));
        let work = Work { nodes: 1, weights: 1, macs: 1, activation_bytes: 1 };
        let wall = Duration::from_millis(1);
        let tried = Preflight { bundle: one.to_string(), golden_frames: 1, work, wall, peak_bytes: 1 };
        assert!(is_expected(tried.clone(), one).is_ok());
        let refusal = is_expected(tried, other).unwrap_err();
        assert_eq!((refusal.code(), refusal.is_damage(), refusal.is_final()), (1, false, false), "{refusal}");
    }
}
