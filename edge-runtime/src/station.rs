//! The loop: next frame, inspect, verdict to the line first, then record, then event. Generic over everything it
//! touches. It never ends silently, and nothing that fails in it lets a part through.

use std::mem;

use shared::admission::FrameStamp;
use shared::verdict::{FaultReason, Verdict};
use shared::wire::{InspectionRecord, RecordedVerdict, StageMicros};

use crate::camera::FrameSource;
use crate::clock::Clock;
use crate::events::{Event, EventSink};
use crate::inspector::{Inspection, Inspector};
use crate::line::{Gate, Outcome};
use crate::reconstruct::Reconstructor;
use crate::recorder::RecordSink;
use crate::trial::{Stage, reached};

/// An inspection station: where frames come from, how they are judged and what follows.
#[derive(Debug)]
pub struct Station<S, R, C, G, K, E> {
    source: S,
    inspector: Inspector<R, C>,
    gate: G,
    records: K,
    events: E,
}

/// What came of one attempt to capture a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A verdict, with its record.
    Inspected(InspectionRecord),
    /// The frame is of no part; it was not judged.
    NoPart,
    /// The source has no more frames.
    Ended,
}

impl<S, R, C, G, K, E> Station<S, R, C, G, K, E>
where
    S: FrameSource,
    R: Reconstructor,
    C: Clock,
    G: Gate,
    K: RecordSink,
    E: EventSink,
{
    /// Puts a station together.
    pub fn new(source: S, inspector: Inspector<R, C>, gate: G, records: K, events: E) -> Self {
        Self { source, inspector, gate, records, events }
    }

    /// Takes one frame and does all that follows from it.
    ///
    /// A pass that the line does not take, because it is late or something has happened, is recorded as a fault with
    /// its score. A part that is diverted later, at the gate, is in the line's counters only.
    pub fn step(&mut self) -> Step {
        reached(Stage::Capture);
        let Some(captured) = self.source.next_frame() else {
            self.events.event(&Event::SourceEnded);
            return Step::Ended;
        };
        let stamp = FrameStamp { sequence: captured.sequence, captured_at_us: captured.captured_at_us };
        let sequence = stamp.sequence;
        let (Inspection { verdict, score, stages, failure }, part) = match &captured.frame {
            Ok(frame) => {
                let Some(part) = self.gate.part_for_frame(stamp.captured_at_us) else {
                    self.inspector.pass_over(frame, stamp);
                    self.events.event(&Event::FrameOfNoPart { sequence });
                    return Step::NoPart;
                };
                (self.inspector.inspect(frame, stamp), Some(part))
            }
            Err(error) => (not_captured(error.reason()), None),
        };
        let judged = RecordedVerdict::from(&verdict);
        let outcome = part.map(|part| self.gate.decide(part, verdict));
        let (recorded, diverted) = match (judged, outcome) {
            (RecordedVerdict::Pass, Some(Outcome::Diverted(reason))) => (RecordedVerdict::Fault(reason), Some(reason)),
            _ => (judged, None),
        };
        let record = InspectionRecord {
            stamp,
            bundle: self.inspector.bundle(),
            verdict: recorded,
            score,
            threshold: self.inspector.threshold(),
            stages,
            trust: self.inspector.trust(),
            threshold_source: self.inspector.threshold_source(),
        };
        reached(Stage::Recording);
        let kept = self.records.record(&record);
        if let Ok(frame) = &captured.frame {
            self.records.frame(&record, frame);
        }

        if let Err(error) = &captured.frame {
            self.events.event(&Event::CaptureFailed { sequence, error });
        }
        if let Some(error) = &failure {
            self.events.event(&Event::MeasureFailed { sequence, error });
        }
        if let Some(reason) = diverted {
            self.events.event(&Event::Diverted { sequence, reason });
        }
        if let Err(error) = &kept {
            self.events.event(&Event::RecordFailed { sequence, error });
        }
        self.events.event(&Event::Inspected(&record));
        Step::Inspected(record)
    }

    /// Has `inspector` judge from the next frame on, and gives the one that judged until now. Takes no memory.
    ///
    /// A frame is captured, judged and recorded within one [`step`](Self::step), so that it has one bundle.
    pub fn take_over(&mut self, mut inspector: Inspector<R, C>) -> Inspector<R, C> {
        inspector.take_over_from(&mut self.inspector);
        mem::replace(&mut self.inspector, inspector)
    }

    /// The source of the frames.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What judges them, to be tested while the line stands.
    pub fn inspector_mut(&mut self) -> &mut Inspector<R, C> {
        &mut self.inspector
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

fn not_captured(reason: FaultReason) -> Inspection {
    Inspection { verdict: Verdict::Fault(reason), score: None, stages: StageMicros::default(), failure: None }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;

    use shared::image::FrameView;

    use super::*;
    use crate::camera::{CaptureError, Captured};
    use crate::frame::Frame;
    use crate::line::PartId;
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
        blind: bool,
    }

    impl Gate for Noting<'_> {
        fn part_for_frame(&mut self, _captured_at_us: u64) -> Option<PartId> {
            (!self.blind).then_some(PartId::UNWIRED)
        }

        fn decide(&mut self, _part: PartId, verdict: Verdict) -> Outcome {
            match verdict {
                Verdict::Pass(_) => {
                    self.log.borrow_mut().push("accept");
                    if self.fails { Outcome::Diverted(FaultReason::Late) } else { Outcome::Armed }
                }
                Verdict::Reject(_) => Outcome::Rejected,
                Verdict::Fault(reason) => Outcome::Diverted(reason),
            }
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
                Event::FrameOfNoPart { .. } => "no part",
                Event::Diverted { .. } => "diverted",
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
        let accept = Noting { log, fails: accept_fails, blind: numbers == [7] };
        let records = Noting { log, fails: record_fails, blind: false };
        Station::new(source, inspector(redraw), accept, records, note(log))
    }

    fn step(
        station: &mut Station<Numbers<'_>, FakeModel, StepClock, Noting<'_>, Noting<'_>, impl FnMut(&Event<'_>)>,
    ) -> Option<InspectionRecord> {
        match station.step() {
            Step::Inspected(record) => Some(record),
            Step::NoPart | Step::Ended => None,
        }
    }

    #[test]
    fn a_pass_goes_to_the_line_first_then_is_recorded_then_told() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (false, false));
        assert_eq!(step(&mut station).unwrap().verdict, RecordedVerdict::Pass);
        assert!(step(&mut station).is_none());
        assert_eq!(*log.borrow(), ["accept", "record", "inspected", "ended"]);
    }

    #[test]
    fn a_reject_moves_nothing() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Inverted, &log, (false, false));
        assert_eq!(step(&mut station).unwrap().verdict, RecordedVerdict::Reject);
        assert_eq!(*log.borrow(), ["record", "inspected"]);
    }

    #[test]
    fn a_fault_moves_nothing_and_the_next_frame_follows() {
        let log = Log::default();
        let mut station = station(&[0, 1, 1, 2], Redraw::Identical, &log, (false, false));
        let mut verdict = || step(&mut station).unwrap().verdict;
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
        let record = step(&mut station).unwrap();
        assert_eq!(record.verdict, RecordedVerdict::Fault(FaultReason::InferenceFailed));
        assert_eq!(record.score, None);
        assert_eq!(*log.borrow(), ["record", "measure failed", "inspected"]);
    }

    #[test]
    fn a_pass_that_the_line_does_not_take_is_recorded_as_a_fault_with_its_score() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (true, false));
        let record = step(&mut station).unwrap();
        assert_eq!(record.verdict, RecordedVerdict::Fault(FaultReason::Late));
        assert!(record.score.is_some());
        assert_eq!(*log.borrow(), ["accept", "record", "diverted", "inspected"]);
    }

    #[test]
    fn a_frame_of_no_part_is_not_judged() {
        let log = Log::default();
        let mut station = station(&[7], Redraw::Identical, &log, (false, false));
        assert_eq!(station.step(), Step::NoPart);
        assert_eq!(*log.borrow(), ["no part"]);
    }

    #[test]
    fn a_failing_record_does_not_stop_the_station() {
        let log = Log::default();
        let mut station = station(&[1], Redraw::Identical, &log, (false, true));
        assert!(step(&mut station).is_some());
        assert_eq!(*log.borrow(), ["accept", "record", "record failed", "inspected"]);
    }
}
