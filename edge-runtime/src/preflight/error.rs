//! Why a bundle did not pass its preflight.

use std::io;

use super::report::Stage;

/// Why a bundle did not pass its preflight.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreflightError {
    /// The child could not be started or watched: nothing is known of the bundle.
    #[error("the preflight cannot be run; check the program's file and the machine's memory")]
    NotRun(#[source] io::Error),
    /// The child looked at the bundle and says no.
    #[error("the bundle is refused by its {stage}: {message}")]
    Refused {
        /// What refused it.
        stage: Stage,
        /// The child's words: what was found and what was expected.
        message: String,
        /// How long the child took, in milliseconds.
        wall_ms: u64,
        /// The most memory that the child had resident, in bytes.
        peak_bytes: u64,
    },
    /// The child needed more memory than it may have.
    #[error(
        "the model needs more than the {allowed_mib} MiB that it may take to load; make it smaller, or raise \
         preflight.memory_mib"
    )]
    OutOfMemory {
        /// What it may take, in MiB.
        allowed_mib: u32,
        /// How long the child took, in milliseconds.
        wall_ms: u64,
        /// The most memory that the child was seen to have resident, in bytes.
        peak_bytes: u64,
    },
    /// The child was not done in time and was killed.
    #[error(
        "the model did not load and redraw its golden frames within {allowed_ms} ms; make it smaller, or raise \
         preflight.seconds"
    )]
    TooSlow {
        /// What it may take, in milliseconds.
        allowed_ms: u64,
        /// The most memory that the child was seen to have resident, in bytes.
        peak_bytes: u64,
    },
    /// The child ended by a signal.
    #[error("loading the bundle ended the process by signal {signal} ({said}); do not use this bundle")]
    Crashed {
        /// The signal.
        signal: i32,
        /// The end of what the child wrote to stderr.
        said: String,
        /// The most memory that the child was seen to have resident, in bytes.
        peak_bytes: u64,
    },
    /// The child ended without a report, or with one that cannot be read.
    #[error("loading the bundle gave no report (exit code {code:?}, {said}); do not use this bundle")]
    NoReport {
        /// Its exit code.
        code: Option<i32>,
        /// The end of what the child wrote to stderr.
        said: String,
    },
}
