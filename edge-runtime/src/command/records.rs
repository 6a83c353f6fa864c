//! `records`: reads the segments of the state folder back.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use edge_runtime::recorder::reading::SegmentReader;
use serde::Serialize;
use shared::wire::{InspectionRecord, RecordedVerdict, ThresholdSource};

use super::{reason, unit, verdict_name};
use crate::cli::{RecordsArguments, VerdictName};

/// Runs the command.
pub fn run(arguments: &RecordsArguments) -> anyhow::Result<()> {
    let folder = arguments.state_dir.join("records");
    let context = || format!("{}: the records cannot be read; give the state folder (--state-dir)", folder.display());
    let mut reader = SegmentReader::open(&folder).with_context(context)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if !arguments.json {
        writeln!(out, "{:>10}  {:>14}  verdict  {:>8}  {:>8}  reason", "sequence", "captured at s", "score", "ms")?;
    }
    for record in reader.by_ref() {
        let record = record.with_context(context)?;
        if !wanted(arguments, &record) {
            continue;
        }
        if arguments.json {
            serde_json::to_writer(&mut out, &Line::of(&record)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            row(&mut out, &record)?;
        }
    }
    out.flush()?;
    match reader.lost_bytes() {
        0 => {}
        lost => writeln!(io::stderr(), "{lost} bytes are no record and were passed over")?,
    }
    Ok(())
}

fn wanted(arguments: &RecordsArguments, record: &InspectionRecord) -> bool {
    let name = match record.verdict {
        RecordedVerdict::Pass => VerdictName::Pass,
        RecordedVerdict::Reject => VerdictName::Reject,
        RecordedVerdict::Fault(_) => VerdictName::Fault,
    };
    record.stamp.sequence >= arguments.since_sequence
        && (arguments.verdict.is_empty() || arguments.verdict.contains(&name))
}

fn row(out: &mut impl Write, record: &InspectionRecord) -> io::Result<()> {
    let score = record.score.map_or_else(|| "-".to_owned(), |score| score.to_string());
    let line = format!(
        "{:>10}  {:>14.6}  {:7}  {score:>8}  {:>8.2}  {}",
        record.stamp.sequence,
        record.stamp.captured_at_us as f64 / 1e6,
        verdict_name(&record.verdict),
        f64::from(record.stages.total) / 1000.0,
        reason(&record.verdict).unwrap_or_default(),
    );
    writeln!(out, "{}", line.trim_end())
}

/// A record as a line of JSON.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    captured_at_us: u64,
    bundle: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    score: Option<f64>,
    threshold: f64,
    score_raw: Option<u32>,
    threshold_raw: u32,
    threshold_source: &'static str,
    signed_by: Option<String>,
    us: Micros,
}

#[derive(Serialize)]
struct Micros {
    preprocess: u32,
    inference: u32,
    score: u32,
    total: u32,
}

impl Line {
    fn of(record: &InspectionRecord) -> Self {
        let score_raw = record.score.map(|score| score.raw());
        let threshold_raw = record.threshold.raw();
        let stages = &record.stages;
        Self {
            sequence: record.stamp.sequence,
            captured_at_us: record.stamp.captured_at_us,
            bundle: record.bundle.to_string(),
            verdict: verdict_name(&record.verdict),
            reason: reason(&record.verdict),
            score: score_raw.map(unit),
            threshold: unit(threshold_raw),
            score_raw,
            threshold_raw,
            threshold_source: match record.threshold_source {
                ThresholdSource::Bundle => "bundle",
                ThresholdSource::Station => "station",
            },
            signed_by: record.trust.signed_by().map(|key| key.to_string()),
            us: Micros {
                preprocess: stages.preprocess,
                inference: stages.inference,
                score: stages.score,
                total: stages.total,
            },
        }
    }
}
