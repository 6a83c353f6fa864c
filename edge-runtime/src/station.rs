//! The loop: next frame, inspect, accept output first, then record, then event. Generic over everything it touches. It
//! never ends silently, and nothing that fails in it lets a part through.

use shared::admission::FrameStamp;
use shared::verdict::{FaultReason, Verdict};
use shared::wire::{InspectionRecord, RecordedVerdict, StageMicros};

use crate::actuator::{AcceptOutput, ActuatorError};
use crate::camera::FrameSource;
use crate::clock::Clock;
use crate::events::{Event, EventSink};
use crate::inspector::{Inspection, Inspector};
use crate::reconstruct::Reconstructor;
use crate::recorder::RecordSink;

/// An inspection station: where frames come from, how they are judged and what follows.
#[derive(Debug)]
pub struct Station<S, R, C, A, K, E> {
    source: S,
    inspector: Inspector<R, C>,
    accept: A,
    records: K,
    events: E,
}

/// Why the station stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StationError {
    /// The accept output failed on frame `sequence`. Its record says Pass, for that was the verdict; whether the part
    /// was let through is unknown.
    #[error("frame {sequence} passed, but the part may not have been let through")]
    Output {
        /// The frame's number.
        sequence: u64,
        /// How the output failed.
        source: ActuatorError,
    },
}

impl<S, R, C, A, K, E> Station<S, R, C, A, K, E>
where
    S: FrameSource,
    R: Reconstructor,
    C: Clock,
    A: AcceptOutput,
    K: RecordSink,
    E: EventSink,
{
    /// Puts a station together. The outputs are at rest since they were made.
    pub fn new(source: S, inspector: Inspector<R, C>, accept: A, records: K, events: E) -> Self {
        Self { source, inspector, accept, records, events }
    }

    /// Takes one frame and does all that follows from it. `None`: the source has no more.
    ///
    /// # Errors
    ///
    /// [`StationError`] if an output did not do what the verdict asked; the frame is recorded all the same.
    pub fn step(&mut self) -> Result<Option<InspectionRecord>, StationError> {
        let Some(captured) = self.source.next_frame() else {
            self.events.event(&Event::SourceEnded);
            return Ok(None);
        };
        let stamp = FrameStamp { sequence: captured.sequence, captured_at_us: captured.captured_at_us };
        let sequence = stamp.sequence;
        let Inspection { verdict, score, stages, failure } = match &captured.frame {
            Ok(frame) => self.inspector.inspect(frame, stamp),
            Err(_) => unreadable(),
        };
        let recorded = RecordedVerdict::from(&verdict);
        let moved = match verdict {
            Verdict::Pass(pass) => self.accept.accept(pass),
            Verdict::Reject(_) | Verdict::Fault(_) => Ok(()),
        };
        let record = InspectionRecord {
            stamp,
            bundle: self.inspector.bundle(),
            verdict: recorded,
            score,
            threshold: self.inspector.threshold(),
            stages,
        };
        let kept = self.records.record(&record);

        if let Err(error) = &captured.frame {
            self.events.event(&Event::CaptureFailed { sequence, error });
        }
        if let Some(error) = &failure {
            self.events.event(&Event::MeasureFailed { sequence, error });
        }
        if let Err(error) = &moved {
            self.events.event(&Event::OutputFailed { sequence, error });
        }
        if let Err(error) = &kept {
            self.events.event(&Event::RecordFailed { sequence, error });
        }
        self.events.event(&Event::Inspected(&record));
        match moved {
            Ok(()) => Ok(Some(record)),
            Err(source) => Err(StationError::Output { sequence, source }),
        }
    }

    /// The source of the frames.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What judges them.
    pub fn inspector(&self) -> &Inspector<R, C> {
        &self.inspector
    }

    /// Where the records go.
    pub fn records(&self) -> &K {
        &self.records
    }
}

fn unreadable() -> Inspection {
    Inspection {
        verdict: Verdict::Fault(FaultReason::FrameUnreadable),
        score: None,
        stages: StageMicros::default(),
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;

    use embedded_hal::digital::ErrorKind;
    use shared::image::FrameView;
    use shared::verdict::Pass;

    use super::*;
    use crate::actuator::Movement;
    use crate::camera::{CaptureError, Captured};
    use crate::frame::Frame;
    use crate::recorder::RecordError;
    use crate::test_support::{FRAME, FakeModel, Redraw, StepClock, frame_of, inspector};

    /// Gives the same frame under these numbers; 0 stands for a capture that failed.
    struct Numbers<'a> {
        frame: Frame,
        numbers: std::slice::Iter<'a, u64>,
    }

    impl FrameSource for Numbers<'_> {
        fn next_frame(&mut self) -> Option<Captured<'_>> {
            let sequence = *self.numbers.next()?;
            let frame = match sequence {
                0 => Err(CaptureError::Malformed(FrameView::new(&[], FRAME, 0, self.frame.format()).unwrap_err())),
                _ => self.frame.view().map_err(CaptureError::Malformed),
            };
            Some(Captured { sequence, captured_at_us: 0, frame })
        }
    }

    type Log = RefCell<Vec<&'static str>>;

    /// Notes in a common log what happens, and fails if told to.
    struct Noting<'a> {
        log: &'a Log,
        fails: bool,
    }

    impl AcceptOutput for Noting<'_> {
        fn accept(&mut self, _pass: Pass) -> Result<(), ActuatorError> {
            self.log.borrow_mut().push("accept");
            let error =
                ActuatorError { movement: Movement::Rise, kind: ErrorKind::Other, detail: "told to".to_owned() };
            if self.fails { Err(error) } else { Ok(()) }
        }
    }

    impl RecordSink for Noting<'_> {
        fn record(&mut self, record: &InspectionRecord) -> Result<(), RecordError> {
            record.validate().unwrap();
            self.log.borrow_mut().push("record");
            if self.fails { Err(RecordError::Storage(io::ErrorKind::StorageFull.into())) } else { Ok(()) }
        }
    }

    fn note(log: &Log) -> impl FnMut(&Event<'_>) {
        |event| {
            log.borrow_mut().push(match event {
                Event::CaptureFailed { .. } => "capture failed",
                Event::MeasureFailed { .. } => "measure failed",
                Event::OutputFailed { .. } => "output failed",
                Event::RecordFailed { .. } => "record failed",
                Event::Inspected(_) => "inspected",
                Event::SourceEnded => "ended",
            });
        }
    }

    fn station<'a>(
        numbers: &'a [u64],
        redraw: Redraw,
        log: &'a Log,
        (accept_fails, record_fails): (bool, bool),
    ) -> Station<Numbers<'a>, FakeModel, StepClock, Noting<'a>, Noting<'a>, impl FnMut(&Event<'_>)> {
        let source = Numbers { frame: frame_of(FRAME), numbers: numbers.iter() };
        let accept = Noting { log, fails: accept_fails };
        let records = Noting { log, fails: record_fails };
        Station::new(source, inspector(redraw), accept, records, note(log))
    }

    #[test]
    fn a_pass_moves_the_output_first_then_is_recorded_then_told() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (false, false));
        assert_eq!(station.step().unwrap().unwrap().verdict, RecordedVerdict::Pass);
        assert!(station.step().unwrap().is_none());
        assert_eq!(*log.borrow(), ["accept", "record", "inspected", "ended"]);
    }

    #[test]
    fn a_reject_moves_nothing() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Inverted, &log, (false, false));
        assert_eq!(station.step().unwrap().unwrap().verdict, RecordedVerdict::Reject);
        assert_eq!(*log.borrow(), ["record", "inspected"]);
    }

    #[test]
    fn a_fault_moves_nothing_and_the_next_frame_follows() {
        let log = Log::default();
        let mut station = station(&[0, 1, 1, 2], Redraw::Identical, &log, (false, false));
        let mut verdict = || station.step().unwrap().unwrap().verdict;
        assert_eq!(verdict(), RecordedVerdict::Fault(FaultReason::FrameUnreadable));
        assert_eq!(verdict(), RecordedVerdict::Pass);
        assert_eq!(verdict(), RecordedVerdict::Fault(FaultReason::FrameRepeated));
        assert_eq!(verdict(), RecordedVerdict::Pass);
        let expected = [
            "record",
            "capture failed",
            "inspected", // the failed capture
            "accept",
            "record",
            "inspected", // the first frame
            "record",
            "inspected", // the first frame again
            "accept",
            "record",
            "inspected", // the second frame
        ];
        assert_eq!(*log.borrow(), expected);
    }

    #[test]
    fn a_failing_model_is_a_fault_with_its_cause() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Failing, &log, (false, false));
        let record = station.step().unwrap().unwrap();
        assert_eq!(record.verdict, RecordedVerdict::Fault(FaultReason::InferenceFailed));
        assert_eq!(record.score, None);
        assert_eq!(*log.borrow(), ["record", "measure failed", "inspected"]);
    }

    #[test]
    fn a_failing_output_is_recorded_told_and_returned() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (true, false));
        assert!(matches!(station.step(), Err(StationError::Output { sequence: 1, .. })));
        assert_eq!(*log.borrow(), ["accept", "record", "output failed", "inspected"]);
    }

    #[test]
    fn a_failing_record_does_not_stop_the_station() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (false, true));
        assert!(station.step().unwrap().is_some());
        assert_eq!(*log.borrow(), ["accept", "record", "record failed", "inspected"]);
    }
}
