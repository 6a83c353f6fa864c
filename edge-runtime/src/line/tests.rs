//! The line, event by event.

use shared::score::Score;
use shared::verdict::{FaultReason, Rejection, Verdict};

use super::*;
use crate::test_support::Passes;

const TIMING: LineTiming = LineTiming {
    gate_delay: Travel::Micros(1000),
    budget_us: 800,
    pulse_us: 50,
    gate_tolerance_us: 40,
    min_gap_us: 200,
    frame_window_us: (0, 150),
};

const REJECT: Verdict = Verdict::Reject(Rejection { score: Score::MAX });

/// A line and who plays station, camera and outputs.
struct Bench {
    line: Line,
    passes: Passes,
}

impl Bench {
    fn with(timing: LineTiming, mode: TriggerMode) -> Self {
        let mut line = Line::new(timing, mode).unwrap();
        line.on(Event::Started, 0);
        line.on(Event::SelfTestPassed, 0);
        assert_eq!(line.state(), State::Ready);
        Self { line, passes: Passes::new() }
    }

    fn wired() -> Self {
        Self::with(TIMING, TriggerMode::Wired)
    }

    /// Triggers a part and captures its frame 10 us later.
    fn part(&mut self, at_us: u64) -> PartId {
        let part = self.line.trigger(at_us, 0).unwrap();
        assert_eq!(self.line.part_for_frame(at_us + 10), Some(part));
        part
    }

    /// Decides that a part passes whose frame is of `frame_us`.
    fn pass(&mut self, part: PartId, frame_us: u64, at_us: u64) -> Outcome {
        let pass = Verdict::Pass(self.passes.of_frame(frame_us));
        self.line.decide(part, pass, at_us)
    }

    /// A part that passes in time.
    fn good_part(&mut self, at_us: u64) -> PartId {
        let part = self.part(at_us);
        assert_eq!(self.pass(part, at_us + 10, at_us + 300), Outcome::Armed);
        part
    }

    fn accept(&mut self, now_us: u64) -> Accept {
        self.line.advance(now_us, 0).accept
    }

    /// Whether the accept output rises for `part` at this moment.
    fn rises(&mut self, now_us: u64, part: PartId) -> bool {
        matches!(self.accept(now_us), Accept::Rise { part: risen, .. } if risen == part)
    }

    fn diverted(&self, reason: FaultReason) -> u64 {
        self.line.counters().diverted.of(reason)
    }

    fn faulted(&self) -> Option<(FaultReason, bool)> {
        match self.line.state() {
            State::Faulted { reason, latched } => Some((reason, latched)),
            _ => None,
        }
    }
}

#[test]
fn a_part_that_passed_gets_one_pulse_at_the_gate() {
    let mut bench = Bench::wired();
    let part = bench.good_part(5000);
    assert_eq!(bench.line.next_event_us(), Some(6000));
    assert_eq!(bench.accept(5999), Accept::Keep);
    assert!(bench.rises(6001, part));
    assert_eq!(bench.line.next_event_us(), Some(6051));
    assert_eq!(bench.accept(6050), Accept::Keep);
    assert_eq!(bench.accept(6051), Accept::Fall);
    assert_eq!((bench.line.next_event_us(), bench.accept(9000)), (None, Accept::Keep));
    assert_eq!(bench.line.counters().accepted, 1);
}

#[test]
fn parts_without_a_pass_are_diverted_for_their_reason() {
    let mut bench = Bench::wired();
    let rejected = bench.part(0);
    assert_eq!(bench.line.decide(rejected, REJECT, 10), Outcome::Rejected);
    let faulty = bench.part(200);
    let fault = Verdict::Fault(FaultReason::FrameBlurred);
    assert_eq!(bench.line.decide(faulty, fault, 210), Outcome::Diverted(FaultReason::FrameBlurred));
    bench.line.trigger(400, 0).unwrap();
    bench.part(600);
    for now_us in (0..2000).step_by(10) {
        assert_eq!(bench.accept(now_us), Accept::Keep);
    }
    let counters = bench.line.counters();
    assert_eq!((counters.parts, counters.rejected, counters.accepted, counters.diverted.total()), (4, 1, 0, 3));
    for reason in [FaultReason::FrameBlurred, FaultReason::NoFrameForPart, FaultReason::Late] {
        assert_eq!(bench.diverted(reason), 1, "{reason}");
    }
}

#[test]
fn a_verdict_is_in_time_up_to_the_budget() {
    for (after_us, expected) in [(800, Outcome::Armed), (801, Outcome::Diverted(FaultReason::Late))] {
        let mut bench = Bench::wired();
        let part = bench.part(5000);
        assert_eq!(bench.pass(part, 5010, 5000 + after_us), expected);
        assert_eq!(bench.rises(6000, part), expected == Outcome::Armed);
    }
    // Before its trigger, and after the gate.
    let mut bench = Bench::wired();
    let part = bench.part(5000);
    assert_eq!(bench.pass(part, 5010, 4999), Outcome::Diverted(FaultReason::Late));
    let part = bench.part(5200);
    assert_eq!(bench.accept(6200), Accept::Keep);
    assert_eq!(bench.pass(part, 5210, 5300), Outcome::Diverted(FaultReason::Late));
    assert_eq!(bench.accept(6201), Accept::Keep);
    assert_eq!(bench.diverted(FaultReason::Late), 2);
}

#[test]
fn an_edge_that_would_come_too_late_is_not_made() {
    for (now_us, rises) in [(6040, true), (6041, false)] {
        let mut bench = Bench::wired();
        let part = bench.good_part(5000);
        assert_eq!(bench.rises(now_us, part), rises);
        assert_eq!(bench.diverted(FaultReason::Late), u64::from(!rises));
    }
}

#[test]
fn a_second_verdict_diverts() {
    let mut bench = Bench::wired();
    let part = bench.good_part(5000);
    assert_eq!(bench.pass(part, 5010, 5400), Outcome::Diverted(FaultReason::FrameRepeated));
    let rejected = bench.part(5300);
    assert_eq!(bench.line.decide(rejected, REJECT, 5400), Outcome::Rejected);
    assert_eq!(bench.pass(rejected, 5310, 5500), Outcome::Rejected);
    assert_eq!((bench.accept(6000), bench.accept(6300)), (Accept::Keep, Accept::Keep));
}

#[test]
fn a_pass_of_another_frame_or_of_none_is_worth_nothing() {
    let mut bench = Bench::wired();
    let part = bench.part(5000);
    assert_eq!(bench.pass(part, 5011, 5100), Outcome::Diverted(FaultReason::NoFrameForPart));
    let without = bench.line.trigger(5300, 0).unwrap();
    assert_eq!(bench.pass(without, 5310, 5400), Outcome::Diverted(FaultReason::NoFrameForPart));
    assert_eq!((bench.accept(6000), bench.accept(6300)), (Accept::Keep, Accept::Keep));
}

#[test]
fn frames_pair_with_the_part_whose_window_holds_them() {
    let mut bench = Bench::wired();
    let first = bench.line.trigger(1000, 0).unwrap();
    let second = bench.line.trigger(1200, 0).unwrap();
    // The first part's frame is lost; two come for the second, one after both.
    assert_eq!(bench.line.part_for_frame(1250), Some(second));
    assert_eq!(bench.line.part_for_frame(1260), None);
    assert_eq!(bench.line.part_for_frame(1351), None);
    assert_eq!(bench.line.part_for_frame(999), None);
    // One that was late on its way.
    assert_eq!(bench.line.part_for_frame(1150), Some(first));
    assert_eq!(bench.line.counters().frames_unpaired, 3);
}

#[test]
fn trigger_faults_are_latched_and_revoke_what_is_in_flight() {
    let early: fn(&mut Line) = |line| assert_eq!(line.trigger(5199, 0), Err(TriggerFault::Early));
    let missed: fn(&mut Line) = |line| line.missed(5100, 3);
    for (fault, reason, count) in [(early, FaultReason::TriggerEarly, 1), (missed, FaultReason::TriggerMissed, 3)] {
        let mut bench = Bench::wired();
        let part = bench.good_part(5000);
        fault(&mut bench.line);
        assert_eq!(bench.faulted(), Some((reason, true)));
        assert_eq!(bench.line.counters().faults.of(reason), count);
        // Cleared at once, and still the part is a reject, and a verdict on it worth nothing.
        bench.line.on(Event::Clear, 5300);
        assert_eq!(bench.pass(part, 5010, 5110), Outcome::Diverted(FaultReason::LineFaulted));
        assert_eq!(bench.accept(6000), Accept::Keep);
        assert_eq!(bench.diverted(FaultReason::LineFaulted), 1);
        // What comes after the clearing passes again.
        let next = bench.good_part(5400);
        assert!(bench.rises(6400, next));
    }
}

#[test]
fn frames_of_a_trigger_that_was_lost_are_of_no_part() {
    let mut bench = Bench::wired();
    bench.line.trigger(5000, 0).unwrap();
    bench.line.missed(5190, 1);
    bench.line.on(Event::Clear, 5195);
    let next = bench.line.trigger(5200, 0).unwrap();
    assert!(!bench.line.owes_frame(5201));
    assert!(bench.line.owes_frame(50_000));
    assert_eq!(bench.line.part_for_frame(5340), None);
    assert_eq!(bench.line.part_for_frame(5341), Some(next));
    assert_eq!((bench.line.owes_frame(50_000), bench.line.in_flight()), (false, 1));
}

#[test]
fn a_full_queue_is_a_latched_fault() {
    let mut bench = Bench::with(LineTiming { gate_delay: Travel::Micros(1_000_000), ..TIMING }, TriggerMode::Wired);
    for number in 0..CAPACITY as u64 {
        bench.line.trigger(number * 200, 0).unwrap();
    }
    assert_eq!(bench.line.trigger(CAPACITY as u64 * 200, 0), Err(TriggerFault::QueueFull));
    assert_eq!(bench.faulted(), Some((FaultReason::QueueFull, true)));
    assert_eq!(bench.diverted(FaultReason::LineFaulted), CAPACITY as u64);
}

#[test]
fn parts_that_come_before_the_self_test_are_missed() {
    let mut line = Line::new(TIMING, TriggerMode::Wired).unwrap();
    line.on(Event::Started, 0);
    assert_eq!(line.trigger(1000, 0), Err(TriggerFault::NotReady));
    line.on(Event::SelfTestPassed, 0);
    assert_eq!(line.state(), State::Faulted { reason: FaultReason::TriggerMissed, latched: true });
    // A camera that is its own trigger misses none.
    let mut line = Line::new(TIMING, TriggerMode::Free).unwrap();
    line.on(Event::Started, 0);
    assert_eq!(line.part_for_frame(1000), None);
    assert_eq!(line.state(), State::SelfTest);
}

#[test]
fn a_camera_that_is_lost_ends_nothing_but_what_is_in_flight() {
    let mut bench = Bench::wired();
    bench.good_part(5000);
    bench.line.fault(FaultReason::CameraLost, FaultKind::Recovering);
    assert_eq!(bench.line.advance(5400, 0).levels, Levels { fault: true, yellow: true, ..Levels::default() });
    assert_eq!(bench.line.trigger(5500, 0), Err(TriggerFault::NotReady));
    bench.line.on(Event::FrameArrived, 5600);
    assert_eq!(bench.line.part_for_frame(5510), None);
    assert_eq!(bench.accept(6000), Accept::Keep);
    let next = bench.good_part(6010);
    assert!(bench.rises(7010, next));
}

#[test]
fn a_part_from_before_the_clearing_is_a_reject_even_if_it_is_told_later() {
    for (mode, at_us, armed) in
        [TriggerMode::Wired, TriggerMode::Free].into_iter().flat_map(|mode| [(mode, 4999, false), (mode, 5000, true)])
    {
        let mut bench = Bench::with(TIMING, mode);
        bench.line.fault(FaultReason::FrameFrozen, FaultKind::Latched);
        bench.line.on(Event::Clear, 5000);
        let found = match mode {
            TriggerMode::Wired => bench.line.trigger(at_us, 0).ok(),
            TriggerMode::Free => bench.line.part_for_frame(at_us),
        };
        assert_eq!((found.is_some(), bench.line.state()), (armed, State::Ready));
    }
}

#[test]
fn a_fault_ends_the_pulse() {
    let mut bench = Bench::wired();
    let part = bench.good_part(5000);
    assert!(bench.rises(6000, part));
    bench.line.fault(FaultReason::FrameFrozen, FaultKind::Latched);
    assert!(bench.line.next_event_us() <= Some(6001));
    assert_eq!(bench.accept(6001), Accept::Fall);
}

#[test]
fn passes_whose_pulses_would_touch_are_a_fault() {
    for (gap_us, expected) in [(100, None), (99, Some((FaultReason::TriggerEarly, true)))] {
        let mut bench = Bench::with(TIMING, TriggerMode::Free);
        let mut parts = [1000, 1000 + gap_us].map(|at_us| {
            let part = bench.line.part_for_frame(at_us).unwrap();
            assert_eq!(bench.pass(part, at_us, at_us + 500), Outcome::Armed);
            part
        });
        parts.sort();
        assert!(bench.rises(2000, parts[0]));
        assert_eq!(bench.accept(2050), Accept::Fall);
        assert_eq!(bench.rises(2000 + gap_us, parts[1]), expected.is_none());
        assert_eq!(bench.faulted(), expected);
        assert_eq!(bench.line.counters().accepted, 1 + u64::from(expected.is_none()));
    }
}

#[test]
fn an_output_that_has_not_rested_makes_no_edge() {
    let mut bench = Bench::with(LineTiming { min_gap_us: 100, ..TIMING }, TriggerMode::Free);
    for at_us in [1000, 1100] {
        let part = bench.line.part_for_frame(at_us).unwrap();
        assert_eq!(bench.pass(part, at_us, at_us + 500), Outcome::Armed);
    }
    assert!(matches!(bench.accept(2040), Accept::Rise { .. }));
    assert_eq!(bench.accept(2090), Accept::Fall);
    assert_eq!(bench.accept(2130), Accept::Keep);
    assert_eq!(bench.diverted(FaultReason::Late), 1);
}

#[test]
fn the_encoder_gives_the_gate_moment() {
    let ticks = LineTiming { gate_delay: Travel::Ticks(5), ..TIMING };
    let play = |counts: &[u64], cleared: bool| {
        let mut bench = Bench::with(ticks, TriggerMode::Wired);
        let part = bench.line.trigger(1000, 100).unwrap();
        assert_eq!(bench.line.part_for_frame(1010), Some(part));
        assert_eq!(bench.pass(part, 1010, 1100), Outcome::Armed);
        assert_eq!(bench.line.advance(1900, 100).accept, Accept::Keep);
        for (at_us, &count) in (2000..).step_by(100).zip(counts) {
            bench.line.encoder(at_us, count);
            if cleared {
                bench.line.on(Event::Clear, at_us);
            }
            match bench.line.advance(at_us + 20, count).accept {
                Accept::Rise { .. } => return Ok(count),
                Accept::Keep => {}
                Accept::Fall => unreachable!(),
            }
        }
        Err(bench.line.state())
    };
    assert_eq!(play(&[101, 102, 103, 104, 105], false), Ok(105));
    assert_eq!(play(&[101, 102, 103, 103, 104, 104], false), Err(State::Ready));
    // A step that is skipped at the gate.
    assert_eq!(play(&[101, 102, 103, 104, 106, 107], false), Err(State::Ready));
    // Backwards and forwards again, and over the end of the count.
    let lost = State::Faulted { reason: FaultReason::TriggerMissed, latched: true };
    assert_eq!(play(&[101, 100, 101, 102, 103, 104, 105, 106], false), Err(lost));
    assert_eq!(play(&[101, 100, 101, 102, 103, 104, 105, 106], true), Err(State::Ready));
    assert_eq!(play(&[101, 0, 1, 2, 3, 4, 5, 105], true), Err(State::Ready));
}

#[test]
fn levels_follow_the_state() {
    let mut line = Line::new(TIMING, TriggerMode::Wired).unwrap();
    let rest = Levels::default();
    assert_eq!(line.advance(0, 0).levels, Levels { yellow: true, ..rest });
    line.on(Event::Started, 0);
    assert_eq!(line.advance(0, 0).levels, Levels { yellow: true, busy: true, ..rest });
    line.on(Event::SelfTestPassed, 0);
    let ready = Levels { ready: true, green: true, ..rest };
    assert_eq!(line.advance(0, 0).levels, ready);
    line.trigger(0, 0).unwrap();
    assert_eq!(line.advance(0, 0).levels, Levels { busy: true, ..ready });
    assert_eq!(line.advance(801, 0).levels, ready);
    line.output_failed(false);
    assert_eq!(line.advance(900, 0).levels, Levels { fault: true, red: true, ..rest });
    line.on(Event::Stop, 0);
    assert_eq!(line.advance(900, 0).levels, rest);
}
