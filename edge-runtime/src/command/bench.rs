//! `bench`: how long each stage of the inspection takes on this machine.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use edge_runtime::camera::decode::decode_file;
use edge_runtime::camera::recorded::RecordedFrames;
use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::frame::Frame;
use serde::Serialize;
use shared::admission::FrameStamp;
use shared::image::{PixelFormat, Size};
use shared::preprocess::AcceptedSizes;
use shared::verdict::Verdict;
use shared::wire::StageMicros;

use super::open_inspector;
use crate::cli::BenchArguments;

/// Frames kept in memory and inspected in turn.
const MAX_FRAMES_HELD: usize = 32;

/// The size of made-up frames, where it is accepted; else the nearest that is.
const USUAL: Size = Size::new(1280, 1024);

/// Inspections before the first one that counts.
const WARM_UP: u32 = 10;

/// Runs the command.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    let clock = MonotonicClock::new();
    let (mut inspector, signed) = open_inspector(&arguments.bundle, clock)?;
    let (frames, origin) = match &arguments.path {
        Some(path) => recorded_frames(path, clock)?,
        None => made_up_frames(inspector.pipeline().preprocessing().accepted)?,
    };
    let mut samples = Samples::default();
    let mut sequence = 0;
    for frame in frames.iter().cycle().take((WARM_UP + arguments.frames) as usize) {
        sequence += 1;
        let stamp = FrameStamp { sequence, captured_at_us: clock.now_us() };
        let inspection = inspector.inspect(&frame.view()?, stamp);
        if let Verdict::Fault(reason) = &inspection.verdict {
            let size = frame.size();
            anyhow::bail!("{origin}: a frame of {size} could not be judged ({reason}); give frames that can be");
        }
        if sequence > u64::from(WARM_UP) {
            samples.add(&inspection.stages);
        }
    }
    let report = Report {
        frames: arguments.frames,
        warm_up: WARM_UP,
        origin,
        unit: "ms",
        preprocess: Summary::of(&mut samples.preprocess),
        inference: Summary::of(&mut samples.inference),
        score: Summary::of(&mut samples.score),
        total: Summary::of(&mut samples.total),
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.print(&mut out)?;
        writeln!(out, "bundle: {signed}")?;
    }
    out.flush()?;
    Ok(())
}

fn recorded_frames(path: &PathBuf, clock: MonotonicClock) -> anyhow::Result<(Vec<Frame>, String)> {
    let source = RecordedFrames::open(std::slice::from_ref(path), clock)?;
    let files = source.files();
    let frames = files.iter().take(MAX_FRAMES_HELD).map(|file| decode_file(file)).collect::<Result<Vec<_>, _>>()?;
    let origin = format!("{} of {} recorded frames in {}", frames.len(), files.len(), path.display());
    Ok((frames, origin))
}

/// Gray gradients with a little texture, a different one each.
fn made_up_frames(accepted: AcceptedSizes) -> anyhow::Result<(Vec<Frame>, String)> {
    const COUNT: u32 = 4;
    let AcceptedSizes { min, max } = accepted;
    let size = Size::new(USUAL.width.clamp(min.width, max.width), USUAL.height.clamp(min.height, max.height));
    let (width, height) = (u32::from(size.width), u32::from(size.height));
    let mut frames = Vec::new();
    for number in 0..COUNT {
        let pixel = |index: u32| {
            let (x, y) = (index % width, index / width);
            (64 + 96 * x / width + (x * 7 + y * 13 + number * 5) % 32) as u8
        };
        let data = (0..width * height).map(pixel).collect();
        frames.push(Frame::new(data, size, PixelFormat::Gray8).context("the accepted size is no frame")?);
    }
    Ok((frames, format!("made-up gray frames of {size}")))
}

/// Microseconds of each stage, one entry per inspection.
#[derive(Default)]
struct Samples {
    preprocess: Vec<u32>,
    inference: Vec<u32>,
    score: Vec<u32>,
    total: Vec<u32>,
}

impl Samples {
    fn add(&mut self, stages: &StageMicros) {
        self.preprocess.push(stages.preprocess);
        self.inference.push(stages.inference);
        self.score.push(stages.score);
        self.total.push(stages.total);
    }
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    frames: u32,
    warm_up: u32,
    origin: String,
    unit: &'static str,
    preprocess: Summary,
    inference: Summary,
    score: Summary,
    total: Summary,
}

/// One stage, in milliseconds.
#[derive(Serialize)]
struct Summary {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Summary {
    fn of(micros: &mut [u32]) -> Self {
        micros.sort_unstable();
        let milliseconds = |percent| f64::from(percentile(micros, percent)) / 1000.0;
        Self { p50: milliseconds(50), p99: milliseconds(99), max: milliseconds(100) }
    }
}

/// The smallest value that at least `percent` of `sorted` do not exceed (nearest rank); 0 if there is none.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

impl Report {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} inspections of {}, after {} to warm up", self.frames, self.origin, self.warm_up)?;
        writeln!(out, "{:10}  {:>8}  {:>8}  {:>8}", "ms", "p50", "p99", "max")?;
        for (name, stage) in [
            ("preprocess", &self.preprocess),
            ("inference", &self.inference),
            ("score", &self.score),
            ("total", &self.total),
        ] {
            writeln!(out, "{name:10}  {:>8.2}  {:>8.2}  {:>8.2}", stage.p50, stage.p99, stage.max)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&values, 50), 100);
        assert_eq!(percentile(&values, 99), 198);
        assert_eq!(percentile(&values, 100), 200);
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[], 99), 0);
    }
}
