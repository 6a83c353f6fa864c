//! `clear`: tells the running station to clear its fault.

use std::fs;

use anyhow::{Context, ensure};
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::status::{boot_id, read_status};
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::ClearArguments;

/// The program's name as the kernel knows it.
const NAME: &str = "edge-runtime";

/// Runs the command.
pub fn run(arguments: &ClearArguments) -> anyhow::Result<()> {
    let found = read_status(&arguments.runtime_dir, &boot_id(), MonotonicClock::new().now_us())?;
    let number = found.pid;
    ensure!(!found.is_stale(), "the status of process {number} is stale: the station does not run, or hangs");
    let name = fs::read_to_string(format!("/proc/{number}/comm")).unwrap_or_default();
    let name = name.trim_end();
    ensure!(name == NAME, "found process {number} with the name {name:?}, expected {NAME:?}: the station does not run");
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw).context("the status holds no process number")?;
    kill_process(pid, Signal::USR1)
        .with_context(|| format!("process {number} cannot be signalled; run this as root or as the station's user"))
}
