//! The line as other threads see it: a [`LineHandle`] for each. Every call takes the one lock for a moment, allocates
//! nothing, and wakes the line thread where there is something to do.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use shared::verdict::{FaultReason, Verdict};

use super::counters::Counters;
use super::gate::Gate;
use super::part::{Outcome, PartId};
use super::queue::Line;
use super::state::{Event, FaultKind, State};
use crate::clock::Clock;
use crate::trigger::Wake;

/// What the line thread and the handles share.
#[derive(Debug)]
pub(super) struct Shared<C> {
    line: Mutex<Line>,
    pub(super) clock: C,
    wake: Arc<dyn Wake>,
    pub(super) stop: AtomicBool,
    pub(super) running: AtomicBool,
    pub(super) beats: AtomicU64,
}

impl<C: Clock> Shared<C> {
    pub(super) fn new(line: Line, clock: C, wake: Arc<dyn Wake>) -> Self {
        let [stop, running] = [false, true].map(AtomicBool::new);
        Self { line: Mutex::new(line), clock, wake, stop, running, beats: AtomicU64::new(0) }
    }

    /// The line. If a thread panicked while it held the lock, nothing that is in flight passes.
    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(|poisoned| {
            self.line.clear_poison();
            let mut line = poisoned.into_inner();
            line.fault(FaultReason::LineFaulted, FaultKind::Latched);
            line
        })
    }
}

/// Access to the line for another thread. Clones reach the same line.
///
/// Dropped by a thread that panics, it puts the station at fault: what is in flight is diverted.
#[derive(Debug)]
pub struct LineHandle<C: Clock> {
    shared: Arc<Shared<C>>,
}

impl<C: Clock> Clone for LineHandle<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C: Clock> LineHandle<C> {
    pub(super) fn new(shared: Arc<Shared<C>>) -> Self {
        Self { shared }
    }

    /// The part that a frame captured at `captured_at_us` is of, if it is of one. See
    /// [`Line::part_for_frame`].
    pub fn frame_captured(&self, captured_at_us: u64) -> Option<PartId> {
        let part = self.shared.line().part_for_frame(captured_at_us);
        if part.is_some() {
            self.shared.wake.wake();
        }
        part
    }

    /// Takes the verdict on a part, as of now. See [`Line::decide`].
    pub fn decide(&self, part: PartId, verdict: Verdict) -> Outcome {
        let outcome = {
            let mut line = self.shared.line();
            // The time is read under the lock: a verdict that had to wait for it is as late as it is.
            let now_us = self.shared.clock.now_us();
            line.decide(part, verdict, now_us)
        };
        self.shared.wake.wake();
        outcome
    }

    /// Something is wrong: nothing in flight passes.
    pub fn fault(&self, reason: FaultReason, kind: FaultKind) {
        self.event(Event::Fault { reason, kind });
    }

    /// A frame came that can be judged: a recovering fault is over. To be called before
    /// [`frame_captured`](Self::frame_captured).
    pub fn frame_seen(&self) {
        let mut line = self.shared.line();
        if let State::Faulted { .. } = line.state() {
            line.on(Event::FrameArrived, self.shared.clock.now_us());
            drop(line);
            self.shared.wake.wake();
        }
    }

    /// Takes an event of the state machine, as of now, and returns the new state.
    pub fn event(&self, event: Event) -> State {
        let state = {
            let mut line = self.shared.line();
            let now_us = self.shared.clock.now_us();
            line.on(event, now_us)
        };
        self.shared.wake.wake();
        state
    }

    /// A person acknowledges the latched fault.
    pub fn clear(&self) -> State {
        self.event(Event::Clear)
    }

    /// Ends the line thread, with all outputs safe.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.event(Event::Stop);
    }

    /// The state.
    pub fn state(&self) -> State {
        self.shared.line().state()
    }

    /// Whether the self-test is due: at the start, and after a failed one was cleared.
    pub fn self_test_due(&self) -> bool {
        let line = self.shared.line();
        line.self_test_due() && !matches!(line.state(), State::Faulted { latched: true, .. })
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        *self.shared.line().counters()
    }

    /// How many parts are between trigger and gate.
    pub fn in_flight(&self) -> usize {
        self.shared.line().in_flight()
    }

    /// Whether a part has no frame although its window is over. See [`Line::owes_frame`].
    pub fn owes_frame(&self) -> bool {
        self.shared.line().owes_frame(self.shared.clock.now_us())
    }

    /// Whether the line thread lives. If it does not, nothing passes any more and the process should end.
    pub fn is_running(&self) -> bool {
        self.shared.running.load(Ordering::SeqCst)
    }

    /// Grows at least twice a second as long as the line thread works: for the watchdog.
    pub fn beats(&self) -> u64 {
        self.shared.beats.load(Ordering::Relaxed)
    }
}

impl<C: Clock> Gate for LineHandle<C> {
    fn part_for_frame(&mut self, captured_at_us: u64) -> Option<PartId> {
        self.frame_seen();
        self.frame_captured(captured_at_us)
    }

    fn decide(&mut self, part: PartId, verdict: Verdict) -> Outcome {
        LineHandle::decide(self, part, verdict)
    }
}

impl<C: Clock> Drop for LineHandle<C> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fault(FaultReason::LineFaulted, FaultKind::Latched);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::timing::{LineTiming, Travel, TriggerMode};
    use super::*;
    use crate::clock::MonotonicClock;
    use crate::trigger::Bell;

    #[test]
    fn a_thread_that_panics_with_the_line_in_hand_is_a_latched_fault_once() {
        let timing = LineTiming {
            gate_delay: Travel::Micros(100),
            budget_us: 100,
            pulse_us: 10,
            gate_tolerance_us: 10,
            min_gap_us: 20,
            frame_window_us: (0, 10),
        };
        let line = Line::new(timing, TriggerMode::Wired).unwrap();
        let shared = Arc::new(Shared::new(line, MonotonicClock::new(), Arc::new(Bell::default())));
        let handle = LineHandle::new(Arc::clone(&shared));
        handle.event(Event::Started);
        assert_eq!(handle.event(Event::SelfTestPassed), State::Ready);
        let panicking = std::thread::spawn(move || {
            let _line = shared.line();
            std::panic::resume_unwind(Box::new("told to"));
        });
        assert!(panicking.join().is_err());
        assert_eq!(handle.state(), State::Faulted { reason: FaultReason::LineFaulted, latched: true });
        assert_eq!(handle.clear(), State::Ready);
        assert_eq!(handle.counters().faults.of(FaultReason::LineFaulted), 1);
    }
}
