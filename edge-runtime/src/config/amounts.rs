//! What a configuration amounts to: the types of the line, its outputs and its inputs. Used by the check of a
//! configuration and by the station, so that one does not take what the other refuses. No decisions, only names and
//! units.

use std::path::PathBuf;

use super::{Edge, LineConfig, StationConfig, TriggerMode};
use crate::actuator::Polarity;
use crate::actuator::wiring::OutputWiring;
use crate::line::{self, LineTiming, Travel};
use crate::trigger::gpio::{self, InputLine, InputWiring};

/// A button is pressed by a hand.
const RESET_DEBOUNCE_US: u32 = 20_000;

impl StationConfig {
    /// The times of the line.
    pub fn line_timing(&self) -> LineTiming {
        let Self { gate, trigger, .. } = self;
        let us = |ms: u32| ms.saturating_mul(1000);
        LineTiming {
            gate_delay: match gate.delay_ticks {
                Some(ticks) => Travel::Ticks(ticks),
                None => Travel::Micros(us(gate.delay_ms())),
            },
            budget_us: us(gate.budget_ms),
            pulse_us: us(gate.pulse_ms),
            gate_tolerance_us: us(gate.tolerance_ms),
            min_gap_us: us(trigger.min_gap_ms),
            frame_window_us: (us(trigger.frame_from_ms), us(trigger.frame_to_ms)),
        }
    }

    /// What announces a part.
    pub fn line_mode(&self) -> line::TriggerMode {
        match self.trigger.mode {
            TriggerMode::Free => line::TriggerMode::Free,
            TriggerMode::Gpio => line::TriggerMode::Wired,
        }
    }

    /// The outputs.
    pub fn output_wiring(&self) -> OutputWiring {
        self.outputs.wiring(&self.gate.chip)
    }

    /// The inputs.
    pub fn input_wiring(&self) -> InputWiring {
        let trigger = &self.trigger;
        let input = |chip: &PathBuf, line, edge, debounce_us| InputLine { chip: chip.clone(), line, edge, debounce_us };
        let edge = match trigger.edge {
            Edge::Rising => gpio::Edge::Rising,
            Edge::Falling => gpio::Edge::Falling,
        };
        let wired = trigger.mode == TriggerMode::Gpio;
        InputWiring {
            trigger: trigger.line.filter(|_| wired).map(|line| input(&trigger.chip, line, edge, trigger.debounce_us)),
            encoder: trigger.encoder.as_ref().map(|encoder| input(&encoder.chip, encoder.line, gpio::Edge::Rising, 0)),
            reset: self.inputs.reset.map(|LineConfig { line, active }| {
                let edge = match active {
                    Polarity::ActiveHigh => gpio::Edge::Rising,
                    Polarity::ActiveLow => gpio::Edge::Falling,
                };
                input(&trigger.chip, line, edge, RESET_DEBOUNCE_US)
            }),
        }
    }
}
