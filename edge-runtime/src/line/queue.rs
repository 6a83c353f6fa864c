//! The line: the parts between trigger and gate, and what the outputs have to do. Pure: time and the encoder's count
//! are arguments, in microseconds of the station's monotonic clock and in ticks.
//!
//! Every part is armed as reject. It passes if a [`Pass`] of its own frame comes before its
//! deadline and the station is ready from its trigger to the gate. Whenever the station leaves
//! [`Ready`](State::Ready), every part in flight is a reject for good.
//!
//! It knows neither pins nor threads.

use heapless::Deque;
use shared::verdict::{FaultReason, Pass, Verdict};

use super::counters::Counters;
use super::outputs_due::{Accept, Actions, Levels, Pulse};
use super::part::{Decision, GateMoment, Outcome, Part, PartId};
use super::state::{Event, FaultKind, State, StateMachine};
use super::timing::{LineTiming, TimingError, Travel, TriggerMode};

/// How many parts can be between trigger and gate.
pub const CAPACITY: usize = 64;

/// Why a trigger armed no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TriggerFault {
    /// There is no room for another part.
    #[error("{CAPACITY} parts are between trigger and gate; shorten the way or the gate delay")]
    QueueFull,
    /// It came too soon after the last one.
    #[error("the trigger came too soon after the last one; check the sensor, or lower min_gap_ms")]
    Early,
    /// The station is not ready.
    #[error("a part came while the station was not ready")]
    NotReady,
}

/// The parts in flight, the station's state and the accept output's pulse.
#[derive(Debug)]
pub struct Line {
    timing: LineTiming,
    mode: TriggerMode,
    machine: StateMachine,
    parts: Deque<Part, CAPACITY>,
    last_id: PartId,
    /// Parts up to this one were revoked by a fault.
    revoked_through: PartId,
    last_trigger_us: Option<u64>,
    /// Frames captured up to here may be of a part whose trigger was lost.
    blind_until_us: Option<u64>,
    /// When the station became ready: parts triggered before are rejects.
    ready_since_us: u64,
    ticks: u64,
    pulse: Pulse,
    counters: Counters,
}

impl Line {
    /// An empty line of a station that starts.
    ///
    /// # Errors
    ///
    /// [`TimingError`] if the times contradict each other.
    pub fn new(timing: LineTiming, mode: TriggerMode) -> Result<Self, TimingError> {
        timing.validate(mode)?;
        Ok(Self {
            timing,
            mode,
            machine: StateMachine::new(),
            parts: Deque::new(),
            last_id: PartId::NONE,
            revoked_through: PartId::NONE,
            last_trigger_us: None,
            blind_until_us: None,
            ready_since_us: 0,
            ticks: 0,
            pulse: Pulse::default(),
            counters: Counters::default(),
        })
    }

    /// The state.
    pub const fn state(&self) -> State {
        self.machine.state()
    }

    /// Whether the self-test is due.
    pub const fn self_test_due(&self) -> bool {
        self.machine.self_test_due()
    }

    /// What happened so far.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The times.
    pub const fn timing(&self) -> &LineTiming {
        &self.timing
    }

    /// How many parts are between trigger and gate.
    pub fn in_flight(&self) -> usize {
        self.parts.len()
    }

    /// Whether a part has no frame although its window is over. A camera that is triggered together with the line owes no
    /// frame else, and one that is silent then is not lost.
    pub fn owes_frame(&self, now_us: u64) -> bool {
        let window_us = u64::from(self.timing.frame_window_us.1);
        let missing =
            |part: &Part| part.frame_at_us.is_none() && part.triggered_at_us.saturating_add(window_us) < now_us;
        self.parts.iter().any(missing)
    }

    /// Arms a part as reject, triggered at `at_us` at the encoder's count `ticks`.
    ///
    /// # Errors
    ///
    /// [`TriggerFault`], counted. With a wired trigger, [`QueueFull`](TriggerFault::QueueFull) and
    /// [`Early`](TriggerFault::Early) are latched faults of the station, and so is
    /// [`NotReady`](TriggerFault::NotReady) before the first self-test has passed: parts went by that nothing saw.
    pub fn trigger(&mut self, at_us: u64, ticks: u64) -> Result<PartId, TriggerFault> {
        self.counters.triggers += 1;
        self.encoder(at_us, ticks);
        let wired = self.mode == TriggerMode::Wired;
        let gap_us = if wired { u64::from(self.timing.min_gap_us).max(1) } else { 1 };
        if self.last_trigger_us.is_some_and(|last| at_us < last.saturating_add(gap_us)) {
            if wired {
                self.fault(FaultReason::TriggerEarly, FaultKind::Latched);
                // A stream of triggers, each too soon after the last, stays at fault.
                self.last_trigger_us = self.last_trigger_us.max(Some(at_us));
            }
            return Err(TriggerFault::Early);
        }
        self.last_trigger_us = Some(at_us);
        match self.state() {
            State::Ready if at_us >= self.ready_since_us => {}
            State::Starting | State::SelfTest if wired => {
                self.fault(FaultReason::TriggerMissed, FaultKind::Latched);
                return Err(TriggerFault::NotReady);
            }
            _ => {
                if wired {
                    self.counters.faults.add(FaultReason::TriggerMissed, 1);
                }
                return Err(TriggerFault::NotReady);
            }
        }
        let gate = match self.timing.gate_delay {
            Travel::Micros(delay_us) => GateMoment::AtMicros(at_us.saturating_add(u64::from(delay_us))),
            Travel::Ticks(delay) => ticks.checked_add(u64::from(delay)).map_or(GateMoment::Never, GateMoment::AtTicks),
        };
        let id = self.last_id.next();
        let part = Part { id, triggered_at_us: at_us, frame_at_us: None, gate, decision: Decision::Waiting };
        if self.parts.push_back(part).is_err() {
            self.fault(FaultReason::QueueFull, FaultKind::Latched);
            return Err(TriggerFault::QueueFull);
        }
        self.last_id = id;
        self.counters.parts += 1;
        Ok(id)
    }

    /// Triggers, or steps of the encoder, were lost some time before `at_us`: a latched fault. Which part is where is
    /// no longer known.
    pub fn missed(&mut self, at_us: u64, lost: u32) {
        let until_us = at_us.saturating_add(u64::from(self.timing.frame_window_us.1));
        self.blind_until_us = self.blind_until_us.max(Some(until_us));
        self.counters.faults.add(FaultReason::TriggerMissed, u64::from(lost.saturating_sub(1)));
        self.fault(FaultReason::TriggerMissed, FaultKind::Latched);
    }

    /// The part that a frame captured at `captured_at_us` is of. Where the camera is the trigger, this arms it.
    ///
    /// With a wired trigger it is the part whose window holds that time, if it has no frame yet. Windows don't overlap
    /// ([`LineTiming::validate`]), so that a frame that is lost never moves another part's frame to it.
    pub fn part_for_frame(&mut self, captured_at_us: u64) -> Option<PartId> {
        let found = match self.mode {
            TriggerMode::Free => self.trigger(captured_at_us, self.ticks).ok(),
            TriggerMode::Wired => self.waiting_part_at(captured_at_us),
        };
        let part = found.and_then(|id| self.parts.iter_mut().find(|part| part.id == id));
        match part {
            Some(part) => part.frame_at_us = Some(captured_at_us),
            None => self.counters.frames_unpaired += 1,
        }
        found
    }

    fn waiting_part_at(&self, captured_at_us: u64) -> Option<PartId> {
        if self.blind_until_us.is_some_and(|until_us| captured_at_us <= until_us) {
            return None;
        }
        let waits = |part: &&Part| part.waits() && part.frame_at_us.is_none();
        let waiting = |part: &&Part| waits(part) && self.timing.window_holds(part.triggered_at_us, captured_at_us);
        self.parts.iter().find(waiting).map(|part| part.id)
    }

    /// Takes the verdict on a part, decided at `at_us`.
    ///
    /// Only the first verdict counts: another one for the same part diverts it.
    pub fn decide(&mut self, part: PartId, verdict: Verdict, at_us: u64) -> Outcome {
        let timing = self.timing;
        let Some(entry) = self.parts.iter_mut().find(|entry| entry.id == part) else {
            let revoked = part <= self.revoked_through;
            return Outcome::Diverted(if revoked { FaultReason::LineFaulted } else { FaultReason::Late });
        };
        let reason = match (&entry.decision, verdict) {
            (Decision::Rejected, _) => return Outcome::Rejected,
            (&Decision::Diverted(reason), _) => return Outcome::Diverted(reason),
            (Decision::Passed { .. }, _) => FaultReason::FrameRepeated,
            (Decision::Waiting, _) if !timing.in_time(entry.triggered_at_us, at_us) => FaultReason::Late,
            (Decision::Waiting, Verdict::Fault(reason)) => reason,
            (Decision::Waiting, Verdict::Reject(_)) => {
                entry.decision = Decision::Rejected;
                self.counters.rejected += 1;
                return Outcome::Rejected;
            }
            (Decision::Waiting, Verdict::Pass(pass)) if entry.frame_at_us == Some(pass.stamp().captured_at_us) => {
                entry.decision = Decision::Passed { pass, decided_at_us: at_us };
                return Outcome::Armed;
            }
            // A pass of another frame.
            (Decision::Waiting, Verdict::Pass(_)) => FaultReason::NoFrameForPart,
        };
        entry.decision = Decision::Diverted(reason);
        self.counters.diverted.add(reason, 1);
        Outcome::Diverted(reason)
    }

    /// Takes an event of the state machine at `now_us`.
    ///
    /// Parts triggered before the station became ready stay rejects, also those whose trigger or frame comes later.
    pub fn on(&mut self, event: Event, now_us: u64) -> State {
        match event {
            Event::Fault { reason, .. } => self.counters.faults.add(reason, 1),
            Event::SelfTestFailed => self.counters.faults.add(FaultReason::SelfTestFailed, 1),
            _ => {}
        }
        let before = self.state();
        let state = self.machine.on(event);
        if state != State::Ready {
            self.revoke_all();
        } else if before != State::Ready {
            self.ready_since_us = now_us;
        }
        state
    }

    /// Something is wrong.
    pub fn fault(&mut self, reason: FaultReason, kind: FaultKind) {
        // A fault makes no station ready, so that its time does not matter.
        self.on(Event::Fault { reason, kind }, 0);
    }

    /// An output did not do what it was told. Whether it moved is not known: nothing passes until a person clears it.
    pub fn output_failed(&mut self, was_rising: bool) {
        if was_rising {
            self.counters.accepted = self.counters.accepted.saturating_sub(1);
            self.counters.diverted.add(FaultReason::OutputFailed, 1);
        }
        self.fault(FaultReason::OutputFailed, FaultKind::Latched);
    }

    fn revoke_all(&mut self) {
        while let Some(part) = self.parts.pop_front() {
            if !part.is_counted() {
                self.counters.diverted.add(FaultReason::LineFaulted, 1);
            }
        }
        self.revoked_through = self.last_id;
    }

    /// The encoder counted up to `ticks` at `at_us`. To be called for every step, else parts miss their gate moment.
    ///
    /// A count that is lower than before is a latched fault: which part is where is no longer known.
    pub fn encoder(&mut self, at_us: u64, ticks: u64) {
        if !matches!(self.timing.gate_delay, Travel::Ticks(_)) {
            return;
        }
        let before = std::mem::replace(&mut self.ticks, ticks);
        if ticks < before {
            return self.missed(at_us, 1);
        }
        for part in &mut self.parts {
            let GateMoment::AtTicks(gate) = part.gate else { continue };
            if ticks < gate {
                continue;
            }
            part.gate = GateMoment::AtMicros(at_us);
            // Steps were skipped: the part has been at the gate, at a time that nobody knows.
            if ticks > gate && !part.is_counted() {
                part.decision = Decision::Diverted(FaultReason::Late);
                self.counters.diverted.add(FaultReason::Late, 1);
            }
        }
    }

    /// What the outputs have to do at `now_us`, at the encoder's count `ticks`. At most one movement of the accept
    /// output comes out of a call; [`next_event_us`](Self::next_event_us) tells whether another one is due.
    #[must_use = "the accept output has to follow"]
    pub fn advance(&mut self, now_us: u64, ticks: u64) -> Actions {
        self.encoder(now_us, ticks);
        self.expire(now_us);
        let mut accept = Accept::Keep;
        if self.pulse.is_to_fall(now_us, self.state()) {
            self.pulse.fall(now_us, self.timing.pulse_us);
            accept = Accept::Fall;
        }
        while let Some(gate_us) = self.parts.front().and_then(Part::gate_us).filter(|&gate_us| gate_us <= now_us) {
            let Some(part) = self.parts.pop_front() else { break };
            if let Some(pass) = self.at_gate(part.triggered_at_us, part.decision, gate_us, now_us) {
                self.counters.accepted += 1;
                accept = Accept::Rise { part: part.id, pass };
                break;
            }
        }
        let waiting = self.parts.iter().any(Part::waits);
        Actions { accept, levels: Levels::of(self.state(), waiting) }
    }

    /// A part that has no verdict at its deadline won't get one that counts.
    fn expire(&mut self, now_us: u64) {
        for part in self.parts.iter_mut().filter(|part| part.waits()) {
            if now_us > part.triggered_at_us.saturating_add(u64::from(self.timing.budget_us)) {
                let missing = part.frame_at_us.is_none();
                let reason = if missing { FaultReason::NoFrameForPart } else { FaultReason::Late };
                part.decision = Decision::Diverted(reason);
                self.counters.diverted.add(reason, 1);
            }
        }
    }

    /// Decides again, at the gate: the pass to spend on an edge now, or none.
    fn at_gate(&mut self, triggered_at_us: u64, decision: Decision, gate_us: u64, now_us: u64) -> Option<Pass> {
        let (pass, decided_at_us) = match decision {
            Decision::Passed { pass, decided_at_us } => (pass, decided_at_us),
            Decision::Waiting => {
                self.counters.diverted.add(FaultReason::Late, 1);
                return None;
            }
            Decision::Rejected | Decision::Diverted(_) => return None,
        };
        if self.pulse.would_touch(gate_us, self.timing.pulse_us) {
            // Two parts closer than two edges: the gate may still be open for the first.
            self.counters.diverted.add(FaultReason::TriggerEarly, 1);
            self.fault(FaultReason::TriggerEarly, FaultKind::Latched);
            return None;
        }
        let late = now_us > gate_us.saturating_add(u64::from(self.timing.gate_tolerance_us));
        let in_time = self.timing.in_time(triggered_at_us, decided_at_us) && decided_at_us <= gate_us;
        if late || !in_time || !self.pulse.rise(gate_us, now_us, self.timing.pulse_us) {
            self.counters.diverted.add(FaultReason::Late, 1);
            return None;
        }
        Some(pass)
    }

    /// When [`advance`](Self::advance) has to be called next, as far as is known now. May lie in the past.
    pub fn next_event_us(&self) -> Option<u64> {
        let after_deadline = |part: &Part| part.triggered_at_us.saturating_add(u64::from(self.timing.budget_us) + 1);
        let deadlines = self.parts.iter().filter(|part| part.waits()).map(after_deadline);
        let gates = self.parts.iter().filter_map(Part::gate_us);
        deadlines.chain(gates).chain(self.pulse.next_event_us(self.state())).min()
    }
}
