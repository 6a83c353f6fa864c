//! The words of the log: one entry for each event, and for what else happens to the program. A pass is an entry of the
//! level `debug`, which is compiled in only with `DEFMT_LOG=debug`; the records hold every verdict.
#![allow(unsafe_code)] // what defmt's macros expand to

use std::error::Error;
use std::fmt::{self, Write as _};

use defmt::Display2Format;
use edge_runtime::actuator::OutputError;
use edge_runtime::events::Event;
use shared::wire::{InspectionRecord, RecordedVerdict};

/// The longest text that an entry takes, in bytes. A longer one is cut.
pub(super) const MAX_TEXT: usize = 600;

/// What happened in the station.
pub fn event(event: &Event<'_>) {
    match event {
        Event::CaptureFailed { sequence, error } => {
            defmt::warn!("frame {=u64}: not captured: {}", *sequence, Display2Format(&Chain(error)));
        }
        Event::MeasureFailed { sequence, error } => {
            defmt::warn!("frame {=u64}: not measured: {}", *sequence, Display2Format(&Chain(error)));
        }
        Event::FrameOfNoPart { sequence } => defmt::debug!("frame {=u64}: of no part", *sequence),
        Event::Diverted { sequence, reason } => {
            defmt::warn!("frame {=u64}: passed, but diverted: {=str}", *sequence, reason.name());
        }
        Event::RecordFailed { sequence, error } => {
            defmt::error!("frame {=u64}: not recorded: {}", *sequence, Display2Format(&Chain(error)));
        }
        Event::Inspected(record) => inspected(record),
        Event::SourceEnded => {
            defmt::info!("the source has no more frames");
            super::say("the source has no more frames");
        }
        _ => defmt::warn!("an event without words in this version"),
    }
}

fn inspected(record: &InspectionRecord) {
    let InspectionRecord { stamp, verdict, score, threshold, stages, .. } = record;
    let score = score.map_or(0, |score| score.raw());
    let threshold = threshold.raw();
    match verdict {
        RecordedVerdict::Pass => defmt::debug!(
            "frame {=u64}: pass, score {=u32} below {=u32}, {=u32} us",
            stamp.sequence,
            score,
            threshold,
            stages.total
        ),
        RecordedVerdict::Reject => defmt::info!(
            "frame {=u64}: reject, score {=u32} not below {=u32}, {=u32} us",
            stamp.sequence,
            score,
            threshold,
            stages.total
        ),
        RecordedVerdict::Fault(reason) => {
            defmt::warn!("frame {=u64}: fault {=u8} {=str}", stamp.sequence, reason.code(), reason.name());
        }
    }
}

/// The program started.
pub fn started() {
    let boot = edge_runtime::status::boot_id();
    defmt::info!("edge-runtime {=str}, process {=u32}, boot {=str}", VERSION, std::process::id(), boot.as_str());
}

/// The station went from one state to another.
pub fn state_changed(from: &str, to: &str, why: &str) {
    defmt::info!("state {=str} -> {=str}: {=str}", cut(from), cut(to), cut(why));
    super::say(&format!("state {from} -> {to}: {why}"));
}

/// An output did not do what it was told.
pub fn output_failed(error: &OutputError) {
    defmt::error!("{}", Display2Format(&Chain(error)));
    super::say(&format!("error: {}", Chain(error)));
}

/// Something that the log keeps and the journal shows.
pub fn notice(text: &str) {
    defmt::info!("{=str}", cut(text));
    super::say(text);
}

/// The program ends by itself.
pub fn stopped(why: &str) {
    defmt::info!("stopped: {=str}", cut(why));
    super::say(&format!("stopped: {why}"));
}

/// Entries before this one are missing.
pub(super) fn entries_lost(count: u64) {
    defmt::warn!("{=u64} entries before the last one could not be written", count);
    super::say(&format!("{count} log entries could not be written; the log works again"));
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An error with its causes, in one line of at most [`MAX_TEXT`] bytes; takes no memory.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Limited { out: f, left: MAX_TEXT };
        write!(line, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(next) = cause {
            write!(line, ": {next}")?;
            cause = next.source();
        }
        Ok(())
    }
}

/// Passes the first bytes on, up to whole characters, and drops the rest.
struct Limited<'a, W> {
    out: &'a mut W,
    left: usize,
}

impl<W: fmt::Write> fmt::Write for Limited<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.floor_char_boundary(self.left);
        self.left = if end < text.len() { 0 } else { self.left - end };
        self.out.write_str(&text[..end])
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
