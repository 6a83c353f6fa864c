//! The times of the line, all after the trigger of the part they belong to. Microseconds of the station's monotonic
//! clock, or steps of the encoder that counts the belt's travel.

/// How far a part travels from its trigger to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// On a belt of constant speed: microseconds.
    Micros(u32),
    /// Steps of the encoder.
    Ticks(u32),
}

/// What announces a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerMode {
    /// An input: a sensor sees the part.
    Wired,
    /// The camera: every frame is the trigger of its own part, at the time it was captured.
    Free,
}

/// The times of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTiming {
    /// From the trigger to the gate.
    pub gate_delay: Travel,
    /// A verdict that comes later than this after the trigger is worth nothing.
    pub budget_us: u32,
    /// How long the accept output stays active for a part that passed. It rests as long before it may rise again.
    pub pulse_us: u32,
    /// An edge that would come later than this after the gate moment is not made: it would let another part through.
    pub gate_tolerance_us: u32,
    /// The shortest time between two parts at the trigger. A trigger that comes sooner is a fault. Not used where the
    /// camera is the trigger.
    pub min_gap_us: u32,
    /// From when to when after the trigger the part's frame is captured, both included. Shorter than the gap, so that
    /// no frame can be of two parts.
    pub frame_window_us: (u32, u32),
}

/// Times that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// A duration that must not be 0.
    #[error("found {name} = 0 us, expected at least 1 us")]
    Zero {
        /// Which.
        name: &'static str,
    },
    /// The verdict may come after the part has passed the gate.
    #[error("found a budget of {budget_us} us and the gate {delay_us} us after the trigger; give a shorter budget")]
    BudgetBeyondGate {
        /// The budget.
        budget_us: u32,
        /// The gate delay.
        delay_us: u32,
    },
    /// The window ends before it begins.
    #[error("found frames expected from {from_us} us to {to_us} us after the trigger; give an end after the beginning")]
    Window {
        /// The beginning.
        from_us: u32,
        /// The end.
        to_us: u32,
    },
    /// A frame could be of two parts.
    #[error(
        "found a frame window of {window_us} us and triggers at least {min_gap_us} us apart: a frame could be of two \
         parts; give the shortest time between two parts as gap, and a window shorter than that"
    )]
    WindowBeyondGap {
        /// The window's length.
        window_us: u32,
        /// The shortest time between triggers.
        min_gap_us: u32,
    },
    /// Two parts can be closer than two edges of the accept output.
    #[error("found triggers at least {min_gap_us} us apart, but a pulse and its rest take {pulses_us} us; shorten it")]
    PulseBeyondGap {
        /// The shortest time between triggers.
        min_gap_us: u32,
        /// Pulse and rest together.
        pulses_us: u64,
    },
    /// The encoder's position when a frame was captured is not known.
    #[error("found a gate delay in encoder ticks with the camera as trigger; give milliseconds, or wire a trigger")]
    TicksWithoutTrigger,
}

impl LineTiming {
    /// Checks that the times fit each other.
    ///
    /// # Errors
    ///
    /// The first contradiction.
    pub fn validate(&self, mode: TriggerMode) -> Result<(), TimingError> {
        for (name, value) in [("budget", self.budget_us), ("pulse", self.pulse_us)] {
            if value == 0 {
                return Err(TimingError::Zero { name });
            }
        }
        match self.gate_delay {
            Travel::Micros(delay_us) if self.budget_us > delay_us => {
                return Err(TimingError::BudgetBeyondGate { budget_us: self.budget_us, delay_us });
            }
            Travel::Ticks(0) => return Err(TimingError::Zero { name: "gate delay in ticks" }),
            Travel::Ticks(_) if mode == TriggerMode::Free => return Err(TimingError::TicksWithoutTrigger),
            Travel::Micros(_) | Travel::Ticks(_) => {}
        }
        let (from_us, to_us) = self.frame_window_us;
        if from_us > to_us {
            return Err(TimingError::Window { from_us, to_us });
        }
        let window_us = to_us - from_us;
        if mode == TriggerMode::Wired && window_us >= self.min_gap_us {
            return Err(TimingError::WindowBeyondGap { window_us, min_gap_us: self.min_gap_us });
        }
        let pulses_us = 2 * u64::from(self.pulse_us);
        if mode == TriggerMode::Wired && u64::from(self.min_gap_us) < pulses_us {
            return Err(TimingError::PulseBeyondGap { min_gap_us: self.min_gap_us, pulses_us });
        }
        Ok(())
    }

    /// Whether a frame captured at `captured_at_us` lies in the window of a part triggered at `triggered_at_us`.
    pub(super) fn window_holds(&self, triggered_at_us: u64, captured_at_us: u64) -> bool {
        let (from_us, to_us) = self.frame_window_us;
        let (from_us, to_us) = (u64::from(from_us), u64::from(to_us));
        captured_at_us.checked_sub(triggered_at_us).is_some_and(|after_us| (from_us..=to_us).contains(&after_us))
    }

    /// Whether a verdict at `decided_at_us` is in time for a part triggered at `triggered_at_us`.
    pub(super) fn in_time(&self, triggered_at_us: u64, decided_at_us: u64) -> bool {
        let after_us = decided_at_us.checked_sub(triggered_at_us);
        after_us.is_some_and(|after_us| after_us <= u64::from(self.budget_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: LineTiming = LineTiming {
        gate_delay: Travel::Micros(150),
        budget_us: 150,
        pulse_us: 10,
        gate_tolerance_us: 5,
        min_gap_us: 20,
        frame_window_us: (3, 20),
    };

    #[test]
    fn contradictions_are_refused() {
        use TriggerMode::{Free, Wired};
        assert_eq!(GOOD.validate(Wired), Ok(()));
        let refused = |timing: LineTiming, mode| timing.validate(mode).unwrap_err().to_string();
        let error = refused(LineTiming { budget_us: 151, ..GOOD }, Free);
        assert_eq!(error, "found a budget of 151 us and the gate 150 us after the trigger; give a shorter budget");
        assert!(refused(LineTiming { pulse_us: 0, ..GOOD }, Wired).contains("found pulse = 0 us"));
        assert!(refused(LineTiming { budget_us: 0, ..GOOD }, Wired).contains("found budget = 0 us"));
        assert!(refused(LineTiming { frame_window_us: (21, 20), ..GOOD }, Wired).contains("21 us to 20 us"));
        let ticks = LineTiming { gate_delay: Travel::Ticks(3), ..GOOD };
        assert_eq!(ticks.validate(Wired), Ok(()));
        assert_eq!(ticks.validate(Free), Err(TimingError::TicksWithoutTrigger));
        assert!(refused(LineTiming { gate_delay: Travel::Ticks(0), ..GOOD }, Wired).contains("ticks = 0"));
        let overlapping = LineTiming { frame_window_us: (0, 20), ..GOOD };
        assert!(
            refused(overlapping, Wired).contains("found a frame window of 20 us and triggers at least 20 us apart")
        );
        assert_eq!(overlapping.validate(Free), Ok(()));
        let close = LineTiming { min_gap_us: 19, ..GOOD };
        assert!(refused(close, Wired).contains("take 20 us"));
        assert_eq!(close.validate(Free), Ok(()));
    }

    #[test]
    fn windows_and_budgets_include_their_ends() {
        let inside: Vec<u64> = (0..200).filter(|&at| GOOD.window_holds(100, at)).collect();
        assert_eq!(inside, (103..=120).collect::<Vec<_>>());
        let in_time: Vec<u64> = (0..400).filter(|&at| GOOD.in_time(100, at)).collect();
        assert_eq!(in_time, (100..=250).collect::<Vec<_>>());
        assert!(!GOOD.in_time(u64::MAX, 0));
    }
}
