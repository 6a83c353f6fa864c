//! Loads a bundle in a child process first: what it does there to memory, time or the process ends with the child.
//!
//! [`check`] is the parent's side; [`child::examine`] is what the hidden subcommand `preflight` does. The child sets
//! its own limits before it reads the file, loads and optimises the model, runs the self-test on the golden frames, and
//! says in one line of JSON what came of it. Times are of the wall clock. It does not know who sealed the bundle.

pub mod child;
mod error;
mod report;
mod supervise;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::admission::Work;

pub use error::PreflightError;
pub use report::{Report, Stage};

/// What the child may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run before it is killed.
    pub wall: Duration,
    /// Its address space, in MiB.
    pub memory_mib: u32,
}

/// 5 s and 512 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self { wall: Duration::from_secs(5), memory_mib: 512 }
    }
}

impl Limits {
    /// The child's processor time: the wall time in whole seconds, and one more, so that it is killed by the clock.
    fn processor_seconds(&self) -> u64 {
        self.wall.as_secs().saturating_add(if self.wall.subsec_nanos() > 0 { 2 } else { 1 })
    }
}

/// A bundle that loads, runs and redraws its golden frames here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The bundle's hash, 64 hexadecimal digits: to be compared with that of the bytes that are used afterwards.
    pub bundle: String,
    /// Golden frames that were compared; 0: the bundle has none, and the model only runs.
    pub golden_frames: u32,
    /// What one image costs.
    pub work: Work,
    /// How long the child took.
    pub wall: Duration,
    /// The most memory that it had resident.
    pub peak_bytes: u64,
}

/// Has `program preflight` load and test the bundle file `bundle`. `program` is this program's own path.
///
/// # Errors
///
/// [`PreflightError`]: the child refused the bundle, crashed, ran out of memory or time, or could not be started. The
/// child has ended whatever the result.
pub fn check(program: &Path, bundle: &Path, limits: &Limits) -> Result<Preflight, PreflightError> {
    let mut command = Command::new(program);
    let (seconds, memory) = (limits.processor_seconds().to_string(), limits.memory_mib.to_string());
    command.args(["preflight", "--memory-mib", &memory, "--seconds", &seconds].map(OsStr::new));
    command.arg("--bundle").arg(bundle);
    // Nothing of ours: no input, no socket of the service manager, no settings of a library.
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    supervise::supervise(command, limits)
}
