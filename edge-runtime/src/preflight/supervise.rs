//! The parent's side: starts the child, reads no more of it than a report is long, and ends it when its time is up.

use std::fs;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::report::{MAX_BYTES, Report, Stage, peak_bytes};
use super::{Limits, Preflight, PreflightError};
use crate::admission::Work;
use crate::clock::{Clock, MonotonicClock};

/// How often the child is looked after.
const POLL: Duration = Duration::from_millis(2);
/// How long its pipes may stay open after it has ended, in the hands of a process that it started.
const DRAIN: Duration = Duration::from_millis(500);
/// How much of its stderr is kept, in characters.
const MAX_SAID: usize = 300;
/// What the standard library writes before it ends a process that has no memory left.
const NO_MEMORY: &str = "memory allocation of";
/// Of `RLIMIT_CPU`.
const SIGXCPU: i32 = 24;

/// A child that does not outlive this value.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Ended {
    /// `None`: it was killed when its time was up.
    status: Option<ExitStatus>,
    wall_us: u64,
    peak_bytes: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs the child to its end and reads its report.
pub(super) fn supervise(command: Command, limits: &Limits) -> Result<Preflight, PreflightError> {
    let ended = run(command, limits).map_err(PreflightError::NotRun)?;
    let said = said(&ended.stderr);
    let (wall_ms, peak_bytes) = (ended.wall_us / 1000, ended.peak_bytes);
    let out_of_memory =
        |peak_bytes| PreflightError::OutOfMemory { allowed_mib: limits.memory_mib, wall_ms, peak_bytes };
    let too_slow =
        PreflightError::TooSlow { allowed_ms: u64::try_from(limits.wall.as_millis()).unwrap_or(u64::MAX), peak_bytes };
    let Some(status) = ended.status else { return Err(too_slow) };
    match status.signal() {
        Some(SIGXCPU) => return Err(too_slow),
        Some(_) if said.contains(NO_MEMORY) => return Err(out_of_memory(peak_bytes)),
        Some(signal) => return Err(PreflightError::Crashed { signal, said, peak_bytes }),
        None => {}
    }
    match serde_json::from_slice(&ended.stdout) {
        Ok(Report::Accepted { bundle, golden_frames, nodes, weights, macs, activation_bytes, peak_bytes })
            if status.success() =>
        {
            let work = Work { nodes, weights, macs, activation_bytes };
            Ok(Preflight { bundle, golden_frames, work, wall: Duration::from_micros(ended.wall_us), peak_bytes })
        }
        Ok(Report::Refused { stage: Stage::Memory, peak_bytes, .. }) => Err(out_of_memory(peak_bytes)),
        Ok(Report::Refused { stage, message, peak_bytes }) => {
            Err(PreflightError::Refused { stage, message, wall_ms, peak_bytes })
        }
        Ok(Report::Accepted { .. }) | Err(_) => Err(PreflightError::NoReport { code: status.code(), said }),
    }
}

fn run(mut command: Command, limits: &Limits) -> io::Result<Ended> {
    let clock = MonotonicClock::new();
    let started_us = clock.now_us();
    let due_us = started_us.saturating_add(u64::try_from(limits.wall.as_micros()).unwrap_or(u64::MAX));
    let mut child = Owned(command.spawn()?);
    let stdout = read_in_background(child.0.stdout.take())?;
    let stderr = read_in_background(child.0.stderr.take())?;
    let status_file = format!("/proc/{}/status", child.0.id());
    let mut peak = 0;
    let status = loop {
        if let Ok(status) = fs::read_to_string(&status_file) {
            peak = peak_bytes(&status).unwrap_or(0).max(peak);
        }
        if let Some(status) = child.0.try_wait()? {
            break Some(status);
        }
        if clock.now_us() >= due_us {
            child.0.kill()?;
            child.0.wait()?;
            break None;
        }
        thread::sleep(POLL);
    };
    let wall_us = clock.now_us().saturating_sub(started_us);
    let collect = |from: Receiver<Vec<u8>>| from.recv_timeout(DRAIN).unwrap_or_default();
    Ok(Ended { status, wall_us, peak_bytes: peak, stdout: collect(stdout), stderr: collect(stderr) })
}

/// The first [`MAX_BYTES`] of a pipe, when it is at its end. What is beyond is read and dropped: a child that writes
/// too much does not wait for us, nor does it take memory.
fn read_in_background(pipe: Option<impl Read + Send + 'static>) -> io::Result<Receiver<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("preflight".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks is at its end.
            let _ = pipe.by_ref().take(MAX_BYTES as u64).read_to_end(&mut bytes);
            let mut rest = [0; 4096];
            while matches!(pipe.read(&mut rest), Ok(count) if count > 0) {}
        }
        let _ = sender.send(bytes);
    })?;
    Ok(receiver)
}

fn said(stderr: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    let skipped = text.chars().count().saturating_sub(MAX_SAID);
    let kept: String = text.chars().skip(skipped).filter(|c| !c.is_control()).collect();
    if kept.is_empty() { "it said nothing".to_owned() } else { format!("it said: {kept}") }
}
