//! `replay`: judges recorded frames through the station's loop, with outputs that lead nowhere.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use edge_runtime::actuator::Unwired;
use edge_runtime::camera::recorded::RecordedFrames;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::events::Event;
use edge_runtime::recorder::NoRecords;
use edge_runtime::station::{Station, Step};
use serde::Serialize;
use shared::score::Threshold;
use shared::wire::{InspectionRecord, RecordedVerdict};

use super::{chain, open_inspector, reason, unit, verdict_name};
use crate::cli::ReplayArguments;

/// Runs the command.
pub fn run(arguments: &ReplayArguments) -> anyhow::Result<()> {
    let clock = MonotonicClock::new();
    let (inspector, signed) = open_inspector(&arguments.bundle, clock)?;
    let source = RecordedFrames::open(&arguments.paths, clock)?;
    let files = source.files().to_vec();
    let mut station = Station::new(source, inspector, Unwired, NoRecords, log_event);

    let mut out = BufWriter::new(io::stdout().lock());
    let mut table = Table::for_files(files.iter().map(|file| file.as_path()));
    if !arguments.json {
        table.head(&mut out)?;
    }
    for file in &files {
        let Step::Inspected(record) = station.step() else { break };
        if arguments.json {
            serde_json::to_writer(&mut out, &Line::new(file, &record)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            table.row(&mut out, file, &record)?;
        }
        // A reader at the other end of a pipe sees each verdict as it falls.
        out.flush()?;
    }
    if !arguments.json {
        table.foot(&mut out, station.inspector().threshold())?;
        writeln!(out, "bundle: {signed}")?;
    }
    out.flush()?;
    Ok(())
}

/// Why a frame is a fault, on stderr.
fn log_event(event: &Event<'_>) {
    let mut log = io::stderr().lock();
    // The verdict is on stdout; a closed stderr loses only its explanation.
    let _ = match event {
        Event::CaptureFailed { error, .. } => writeln!(log, "fault: {}", chain(error)),
        Event::MeasureFailed { sequence, error } => writeln!(log, "fault: frame {sequence}: {}", chain(error)),
        Event::RecordFailed { sequence, error } => writeln!(log, "error: frame {sequence}: {}", chain(error)),
        _ => Ok(()),
    };
}

/// A verdict as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    file: std::borrow::Cow<'a, str>,
    verdict: &'static str,
    score: Option<f64>,
    score_raw: Option<u32>,
    threshold: f64,
    threshold_raw: u32,
    reason: Option<&'static str>,
    ms: Milliseconds,
}

#[derive(Serialize)]
struct Milliseconds {
    preprocess: f64,
    inference: f64,
    score: f64,
    total: f64,
}

impl<'a> Line<'a> {
    fn new(file: &'a Path, record: &InspectionRecord) -> Self {
        let stages = &record.stages;
        Self {
            file: file.to_string_lossy(),
            verdict: verdict_name(&record.verdict),
            score: record.score.map(|score| unit(score.raw())),
            score_raw: record.score.map(|score| score.raw()),
            threshold: unit(record.threshold.raw()),
            threshold_raw: record.threshold.raw(),
            reason: reason(&record.verdict),
            ms: Milliseconds {
                preprocess: milliseconds(stages.preprocess),
                inference: milliseconds(stages.inference),
                score: milliseconds(stages.score),
                total: milliseconds(stages.total),
            },
        }
    }
}

/// Verdicts as an aligned table, written row by row.
struct Table {
    file_width: usize,
    passed: u32,
    rejected: u32,
    faults: u32,
}

impl Table {
    fn for_files<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let longest = files.map(|file| file.to_string_lossy().chars().count()).max().unwrap_or(0);
        Self { file_width: longest.max("file".len()), passed: 0, rejected: 0, faults: 0 }
    }

    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{:width$}  verdict  {:>8}  {:>8}  reason", "file", "score", "ms", width = self.file_width)
    }

    fn row(&mut self, out: &mut impl Write, file: &Path, record: &InspectionRecord) -> io::Result<()> {
        match record.verdict {
            RecordedVerdict::Pass => self.passed += 1,
            RecordedVerdict::Reject => self.rejected += 1,
            RecordedVerdict::Fault(_) => self.faults += 1,
        }
        let score = record.score.map_or_else(|| "-".to_owned(), |score| score.to_string());
        let line = format!(
            "{:width$}  {:7}  {score:>8}  {:>8.2}  {}",
            file.to_string_lossy(),
            verdict_name(&record.verdict),
            milliseconds(record.stages.total),
            reason(&record.verdict).unwrap_or_default(),
            width = self.file_width
        );
        writeln!(out, "{}", line.trim_end())
    }

    fn foot(&self, out: &mut impl Write, threshold: Threshold) -> io::Result<()> {
        let Self { passed, rejected, faults, .. } = self;
        let judged = passed + rejected + faults;
        writeln!(out, "\n{judged} judged: {passed} pass, {rejected} reject, {faults} fault (threshold {threshold})")
    }
}

fn milliseconds(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}
