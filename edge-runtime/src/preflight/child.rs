//! The child's side: limits first, then the bundle from its hashes to its golden frames.

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::report::{Report, Stage, peak_bytes};
use crate::bundle::BundleFile;
use crate::clock::MonotonicClock;
use crate::inspector::{OpenError, open_pipeline};
use crate::reconstruct::ModelError;
use crate::self_test::self_test;

/// How tract panics if memory is not there; whatever else wants memory ends the process.
const NO_MEMORY: &str = "failed to allocate";

/// Limits this process to `memory_mib` MiB of address space and `seconds` of processor time, without a core
/// file, and ends it with its parent; then examines the bundle. To be called by a process of its own.
pub fn examine(bundle: &Path, memory_mib: u32, seconds: u64) -> Report {
    let examined = match limit(memory_mib, seconds) {
        Ok(()) => accept(bundle),
        Err(error) => Err((Stage::Limits, format!("the process cannot be limited: {error}"))),
    };
    let peak = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| peak_bytes(&status)).unwrap_or(0);
    match examined {
        Ok(mut report) => {
            if let Report::Accepted { peak_bytes, .. } = &mut report {
                *peak_bytes = peak;
            }
            report
        }
        Err((stage, message)) => Report::Refused { stage, message, peak_bytes: peak },
    }
}

fn limit(memory_mib: u32, seconds: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let limits = [(Resource::As, u64::from(memory_mib) << 20), (Resource::Cpu, seconds), (Resource::Core, 0)];
    for (resource, limit) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

fn accept(path: &Path) -> Result<Report, (Stage, String)> {
    let refused = |stage: Stage| move |error: &dyn std::error::Error| (stage, chain(error));
    let file = BundleFile::read(path).map_err(|error| refused(Stage::File)(&error))?;
    let bundle = file.verify().map_err(|error| refused(Stage::File)(&error))?;
    let mut pipeline = open_pipeline(&bundle).map_err(|error| match error {
        OpenError::Model(ModelError::NotAdmitted(error)) => (Stage::Admission, error.to_string()),
        error => refused(stage(&error))(&error),
    })?;
    let work = pipeline.reconstructor().work();
    let tested = self_test(&mut pipeline, bundle.golden_frames(), bundle.manifest().threshold, &MonotonicClock::new());
    let tested = tested.map_err(|error| {
        let (_, message) = refused(Stage::SelfTest)(&error);
        (if message.contains(NO_MEMORY) { Stage::Memory } else { Stage::SelfTest }, message)
    })?;
    Ok(Report::Accepted {
        bundle: bundle.id().to_string(),
        golden_frames: u32::try_from(tested.frames).unwrap_or(u32::MAX),
        nodes: work.nodes,
        weights: work.weights,
        macs: work.macs,
        activation_bytes: work.activation_bytes,
        peak_bytes: 0,
    })
}

fn stage(error: &OpenError) -> Stage {
    match error {
        OpenError::NoModel | OpenError::Pipeline(_) => Stage::File,
        OpenError::Model(ModelError::NotRunnable { message }) if message.contains(NO_MEMORY) => Stage::Memory,
        OpenError::Model(_) => Stage::Model,
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}
