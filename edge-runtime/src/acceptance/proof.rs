//! Whether a candidate's model works on this machine: another process loads it and runs its golden frames, so that what
//! the model does to its process is not done to this one.

use std::path::Path;

use super::Refusal;
use crate::preflight::{self, Limits, Preflight};

/// Has `program`, which is this one, load the bundle in a file and run its self-test within `limits`.
///
/// # Errors
///
/// [`Refusal::SelfTest`] if the golden frames come out otherwise; [`Refusal::Model`] if it does not get as far as that;
/// [`Refusal::NotTried`] if there was no child.
pub fn prove(program: &Path, bundle: &Path, limits: &Limits) -> Result<Preflight, Refusal> {
    Ok(preflight::check(program, bundle, limits)?)
}
