//! `preflight`: what a station has a child do with a bundle before it opens it itself. Not for people: `self-test` is.

use std::io::{self, Write};

use anyhow::bail;
use edge_runtime::preflight::{Report, child};

use crate::cli::PreflightArguments;

/// Runs the command. The report is one line of JSON.
pub fn run(arguments: &PreflightArguments) -> anyhow::Result<()> {
    let report = child::examine(&arguments.bundle, arguments.memory_mib, arguments.seconds);
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    match report {
        Report::Accepted { .. } => Ok(()),
        Report::Refused { message, .. } => bail!(message),
    }
}
