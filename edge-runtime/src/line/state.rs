//! The station's state: explicit, pure, and the one table of what each state does to the outputs.
//!
//! Two kinds of fault: one that a person must clear (latched), and one that ends by itself when frames come again
//! (recovering). Both can be there at once; the latched one shows. It knows neither parts nor pins.

use shared::verdict::FaultReason;

/// What the station is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The program opens bundle, camera and pins.
    Starting,
    /// The bundle's golden frames are being judged.
    SelfTest,
    /// Parts are judged; the only state in which a part can pass.
    Ready,
    /// Something is wrong; nothing passes.
    Faulted {
        /// What came first.
        reason: FaultReason,
        /// Whether a person must clear it. Else it ends when frames come again.
        latched: bool,
    },
    /// The program ends.
    Stopping,
}

impl State {
    /// The stable name in snake case, without the reason.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::SelfTest => "self_test",
            Self::Ready => "ready",
            Self::Faulted { latched: true, .. } => "faulted",
            Self::Faulted { latched: false, .. } => "recovering",
            Self::Stopping => "stopping",
        }
    }

    /// What this state does to the outputs: its row of [`STATE_TABLE`].
    pub const fn drives(self) -> Drives {
        let row = match self {
            Self::Starting => 0,
            Self::SelfTest => 1,
            Self::Ready => 2,
            Self::Faulted { latched: false, .. } => 3,
            Self::Faulted { latched: true, .. } => 4,
            Self::Stopping => 5,
        };
        STATE_TABLE[row].1
    }
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Until a person clears it.
    Latched,
    /// Until frames come again.
    Recovering,
}

/// What happens to the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bundle, camera and pins are open.
    Started,
    /// The golden frames got the expected scores and verdicts.
    SelfTestPassed,
    /// They did not: a latched fault. Once it is cleared the self-test is due again.
    SelfTestFailed,
    /// A frame came that can be judged.
    FrameArrived,
    /// Something is wrong.
    Fault {
        /// What.
        reason: FaultReason,
        /// How long it lasts.
        kind: FaultKind,
    },
    /// A person acknowledges the latched fault.
    Clear,
    /// The program is to end. There is no way back.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    SelfTest,
    Ready,
    Stopping,
}

/// The state and the way from one to the next. Events that a state does not expect change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMachine {
    phase: Phase,
    latched: Option<FaultReason>,
    recovering: Option<FaultReason>,
}

impl StateMachine {
    /// A station that starts.
    pub const fn new() -> Self {
        Self { phase: Phase::Starting, latched: None, recovering: None }
    }

    /// The state.
    pub const fn state(&self) -> State {
        match (self.phase, self.latched, self.recovering) {
            (Phase::Stopping, _, _) => State::Stopping,
            (_, Some(reason), _) => State::Faulted { reason, latched: true },
            (_, None, Some(reason)) => State::Faulted { reason, latched: false },
            (Phase::Starting, None, None) => State::Starting,
            (Phase::SelfTest, None, None) => State::SelfTest,
            (Phase::Ready, None, None) => State::Ready,
        }
    }

    /// Whether the self-test is due: the station has started, and no self-test has passed since.
    pub const fn self_test_due(&self) -> bool {
        matches!(self.phase, Phase::SelfTest)
    }

    /// Takes an event and returns the new state.
    pub fn on(&mut self, event: Event) -> State {
        match event {
            Event::Started if self.phase == Phase::Starting => self.phase = Phase::SelfTest,
            Event::SelfTestPassed if self.phase == Phase::SelfTest => self.phase = Phase::Ready,
            Event::SelfTestFailed => return self.on(SELF_TEST_FAILED),
            Event::FrameArrived => self.recovering = None,
            Event::Fault { reason, kind } => {
                let slot = match kind {
                    FaultKind::Latched => &mut self.latched,
                    FaultKind::Recovering => &mut self.recovering,
                };
                *slot = slot.or(Some(reason));
            }
            Event::Clear => self.latched = None,
            Event::Stop => self.phase = Phase::Stopping,
            Event::Started | Event::SelfTestPassed => {}
        }
        self.state()
    }
}

impl Default for StateMachine {
    fn default() -> Self {
        Self::new()
    }
}

const SELF_TEST_FAILED: Event = Event::Fault { reason: FaultReason::SelfTestFailed, kind: FaultKind::Latched };

/// What a state does to an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// Inactive.
    Off,
    /// Active.
    On,
    /// Inactive but for one pulse for each part that passes.
    Pulses,
    /// Active while a part waits for its verdict.
    Busy,
}

/// What a state does to each output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Drives {
    pub accept: Drive,
    pub ready: Drive,
    pub busy: Drive,
    pub fault: Drive,
    pub red: Drive,
    pub yellow: Drive,
    pub green: Drive,
}

impl Drives {
    /// The outputs in the order of the table, by name.
    pub const fn by_name(&self) -> [(&'static str, Drive); 7] {
        [
            ("accept", self.accept),
            ("ready", self.ready),
            ("busy", self.busy),
            ("fault", self.fault),
            ("red", self.red),
            ("yellow", self.yellow),
            ("green", self.green),
        ]
    }
}

const fn row(all: [Drive; 7]) -> Drives {
    let [accept, ready, busy, fault, red, yellow, green] = all;
    Drives { accept, ready, busy, fault, red, yellow, green }
}

/// What each state does to the outputs; `docs/station.md` shows the same table.
pub const STATE_TABLE: [(&str, Drives); 6] = {
    use Drive::{Busy, Off, On, Pulses};
    [
        //           accept  ready busy  fault red  yellow green
        ("starting", row([Off, Off, Off, Off, Off, On, Off])),
        ("self_test", row([Off, Off, On, Off, Off, On, Off])),
        ("ready", row([Pulses, On, Busy, Off, Off, Off, On])),
        ("recovering", row([Off, Off, Off, On, Off, On, Off])),
        ("faulted", row([Off, Off, Off, On, On, Off, Off])),
        ("stopping", row([Off, Off, Off, Off, Off, Off, Off])),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: FaultReason = FaultReason::CameraLost;
    const FULL: FaultReason = FaultReason::QueueFull;

    fn fault(reason: FaultReason, kind: FaultKind) -> Event {
        Event::Fault { reason, kind }
    }

    #[test]
    fn the_way_to_ready_and_to_the_end() {
        let mut machine = StateMachine::default();
        assert_eq!(machine.state(), State::Starting);
        assert_eq!(machine.on(Event::SelfTestPassed), State::Starting);
        assert_eq!(machine.on(Event::Started), State::SelfTest);
        assert!(machine.self_test_due());
        assert_eq!(machine.on(Event::Clear), State::SelfTest);
        assert_eq!(machine.on(Event::SelfTestPassed), State::Ready);
        assert!(!machine.self_test_due());
        assert_eq!(machine.on(Event::Stop), State::Stopping);
        for event in [Event::Started, Event::SelfTestPassed, Event::Clear, Event::FrameArrived] {
            assert_eq!(machine.on(event), State::Stopping);
        }
    }

    #[test]
    fn a_failed_self_test_is_cleared_to_another_one() {
        let mut machine = StateMachine::default();
        machine.on(Event::Started);
        let failed = State::Faulted { reason: FaultReason::SelfTestFailed, latched: true };
        assert_eq!(machine.on(Event::SelfTestFailed), failed);
        assert_eq!(machine.on(Event::FrameArrived), failed);
        assert_eq!(machine.on(Event::Clear), State::SelfTest);
        assert_eq!(machine.on(Event::SelfTestPassed), State::Ready);
    }

    #[test]
    fn latched_faults_outlive_recovering_ones_and_the_first_of_each_shows() {
        let mut machine = StateMachine::default();
        machine.on(Event::Started);
        machine.on(Event::SelfTestPassed);
        let recovering = State::Faulted { reason: LOST, latched: false };
        assert_eq!(machine.on(fault(LOST, FaultKind::Recovering)), recovering);
        assert_eq!(machine.on(fault(FaultReason::CameraTimeout, FaultKind::Recovering)), recovering);
        assert_eq!(machine.on(Event::Clear), recovering);
        let latched = State::Faulted { reason: FULL, latched: true };
        assert_eq!(machine.on(fault(FULL, FaultKind::Latched)), latched);
        assert_eq!(machine.on(fault(FaultReason::TriggerEarly, FaultKind::Latched)), latched);
        // The camera is still away when the person clears.
        assert_eq!(machine.on(Event::Clear), recovering);
        assert_eq!(machine.on(Event::FrameArrived), State::Ready);
        machine.on(fault(FULL, FaultKind::Latched));
        assert_eq!(machine.on(Event::FrameArrived), latched);
        assert_eq!(machine.on(Event::Clear), State::Ready);
    }

    #[test]
    fn a_self_test_that_ends_during_a_fault_counts() {
        let mut machine = StateMachine::default();
        machine.on(Event::Started);
        machine.on(fault(FULL, FaultKind::Latched));
        assert_eq!(machine.on(Event::SelfTestPassed), State::Faulted { reason: FULL, latched: true });
        assert_eq!(machine.on(Event::Clear), State::Ready);
    }

    #[test]
    fn only_ready_lets_parts_through_and_every_state_has_its_row() {
        let faulted = |latched| State::Faulted { reason: FULL, latched };
        let states = [State::Starting, State::SelfTest, State::Ready, faulted(false), faulted(true), State::Stopping];
        for (state, (name, drives)) in states.into_iter().zip(STATE_TABLE) {
            assert_eq!((state.name(), state.drives()), (name, drives));
            assert_eq!(drives.accept != Drive::Off, state == State::Ready, "{name}");
            assert_eq!(drives.ready == Drive::On, state == State::Ready, "{name}");
            let lamps = [drives.red, drives.yellow, drives.green].iter().filter(|&&lamp| lamp == Drive::On).count();
            assert_eq!(lamps, usize::from(state != State::Stopping), "{name}");
        }
    }

    #[test]
    fn the_documented_table_is_this_table() {
        let mut table = String::new();
        for (state, drives) in STATE_TABLE {
            let cells = drives.by_name().map(|(_, drive)| match drive {
                Drive::Off => "off",
                Drive::On => "on",
                Drive::Pulses => "pulses",
                Drive::Busy => "while a part waits",
            });
            table.push_str(&format!("| `{state}` | {} |\n", cells.join(" | ")));
        }
        let names = STATE_TABLE[0].1.by_name().map(|(name, _)| name);
        let head = format!("| state | {} |\n", names.join(" | "));
        let document = include_str!("../../../docs/station.md");
        assert!(document.contains(&head), "docs/station.md lacks the line\n{head}");
        assert!(document.contains(&table), "docs/station.md lacks the rows\n{table}");
    }
}
