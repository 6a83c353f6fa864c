//! All outputs of the station, behind embedded-hal's [`OutputPin`]. They are safe (inactive, which diverts) from the
//! constructor on, and again when dropped; accept comes first.
//!
//! A level is written when it differs from the last one that the pin confirmed. Nothing here decides when.

use embedded_hal::digital::{Error as _, ErrorKind, OutputPin};
use shared::verdict::Pass;

use super::polarity::{Level, Polarity};
use crate::line::Levels;

/// Which output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputName {
    /// A rising edge lets one part through.
    Accept,
    /// Parts are judged.
    Ready,
    /// A part waits for its verdict.
    Busy,
    /// The station is at fault.
    Fault,
    /// Lamp: a person is needed.
    Red,
    /// Lamp: the station starts, or waits for the camera.
    Yellow,
    /// Lamp: ready.
    Green,
}

impl OutputName {
    /// Every output, in the order in which they are driven.
    pub const ALL: [Self; 7] =
        [Self::Accept, Self::Ready, Self::Busy, Self::Fault, Self::Red, Self::Yellow, Self::Green];

    /// The name, as in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Fault => "fault",
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
        }
    }
}

impl std::fmt::Display for OutputName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// An output that did not do what it was told. Whether it moved is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the output {output} could not be driven ({kind}: {detail}); stop the line and check the pin and its wiring")]
pub struct OutputError {
    /// Which.
    pub output: OutputName,
    /// embedded-hal's classification.
    pub kind: ErrorKind,
    /// What the pin's driver said.
    pub detail: String,
}

/// A pin and which state of it means active.
#[derive(Debug)]
struct Output<P> {
    pin: P,
    polarity: Polarity,
    /// The last level that the pin confirmed; none if the last attempt failed.
    confirmed: Option<Level>,
}

impl<P: OutputPin> Output<P> {
    fn drive(&mut self, name: OutputName, level: Level) -> Result<(), OutputError> {
        self.confirmed = None;
        match self.pin.set_state(self.polarity.electrical(level)) {
            Ok(()) => {
                self.confirmed = Some(level);
                Ok(())
            }
            Err(error) => Err(OutputError { output: name, kind: error.kind(), detail: format!("{error:?}") }),
        }
    }
}

/// The pins of the outputs, each with its polarity; `None` where nothing is wired. In the order of
/// [`OutputName::ALL`].
pub type Pins<P> = [Option<(P, Polarity)>; OutputName::ALL.len()];

/// The outputs.
#[derive(Debug)]
pub struct Outputs<P: OutputPin> {
    outputs: [Option<Output<P>>; OutputName::ALL.len()],
}

impl<P: OutputPin> Outputs<P> {
    /// Takes the pins and drives all of them inactive before anything else happens.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if one cannot be driven; the others are safe then.
    pub fn new(pins: Pins<P>) -> Result<Self, OutputError> {
        let outputs = pins.map(|pin| pin.map(|(pin, polarity)| Output { pin, polarity, confirmed: None }));
        let mut outputs = Self { outputs };
        outputs.make_safe()?;
        Ok(outputs)
    }

    /// Outputs that lead nowhere.
    pub fn unwired() -> Self {
        Self { outputs: std::array::from_fn(|_| None) }
    }

    /// Whether an accept output is wired.
    pub fn can_accept(&self) -> bool {
        self.outputs[OutputName::Accept as usize].is_some()
    }

    /// Drives every output inactive, accept first, whatever is believed of it.
    ///
    /// # Errors
    ///
    /// The first [`OutputError`]; all others were driven nevertheless.
    pub fn make_safe(&mut self) -> Result<(), OutputError> {
        let mut outcome = Ok(());
        for (name, output) in OutputName::ALL.into_iter().zip(&mut self.outputs) {
            if let Some(output) = output {
                let driven = output.drive(name, Level::Inactive);
                outcome = outcome.and(driven);
            }
        }
        outcome
    }

    /// Spends a pass on one rising edge of the accept output.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if there may have been no edge. An output that is not known to be at rest is brought there
    /// first; setting it active while it is so already would make no edge.
    pub fn rise(&mut self, _pass: Pass) -> Result<(), OutputError> {
        let Some(accept) = &mut self.outputs[OutputName::Accept as usize] else { return Ok(()) };
        if accept.confirmed != Some(Level::Inactive) {
            accept.drive(OutputName::Accept, Level::Inactive)?;
        }
        accept.drive(OutputName::Accept, Level::Active)
    }

    /// Brings the accept output back to rest.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if it may still be active.
    pub fn fall(&mut self) -> Result<(), OutputError> {
        match &mut self.outputs[OutputName::Accept as usize] {
            Some(accept) => accept.drive(OutputName::Accept, Level::Inactive),
            None => Ok(()),
        }
    }

    /// Brings the accept output to rest if it is not known what it does: its last movement failed.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if it may still be active.
    pub fn settle(&mut self) -> Result<(), OutputError> {
        match &self.outputs[OutputName::Accept as usize] {
            Some(Output { confirmed: None, .. }) => self.fall(),
            _ => Ok(()),
        }
    }

    /// Drives all outputs but accept.
    ///
    /// # Errors
    ///
    /// The first [`OutputError`]; all others were driven nevertheless.
    pub fn set(&mut self, levels: &Levels) -> Result<(), OutputError> {
        let Levels { ready, busy, fault, red, yellow, green } = *levels;
        let mut outcome = Ok(());
        let others = OutputName::ALL.into_iter().zip(&mut self.outputs).skip(1);
        for ((name, output), active) in others.zip([ready, busy, fault, red, yellow, green]) {
            if let Some(output) = output
                && output.confirmed != Some(active.into())
            {
                let driven = output.drive(name, active.into());
                outcome = outcome.and(driven);
            }
        }
        outcome
    }
}

impl<P: OutputPin> Drop for Outputs<P> {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure.
        let _ = self.make_safe();
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind as IoErrorKind;

    use embedded_hal_mock::eh1::MockError;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;
    use crate::test_support::pass;

    fn low() -> Transaction {
        Transaction::set(State::Low)
    }

    fn high() -> Transaction {
        Transaction::set(State::High)
    }

    fn broken() -> MockError {
        MockError::Io(IoErrorKind::NotConnected)
    }

    /// Outputs of which accept and ready are wired.
    fn pins(accept: &Mock, ready: &Mock, polarity: Polarity) -> Pins<Mock> {
        let wired = |pin: &Mock| Some((pin.clone(), polarity));
        [wired(accept), wired(ready), None, None, None, None, None]
    }

    const READY: Levels = Levels { ready: true, busy: true, fault: false, red: true, yellow: true, green: true };

    #[test]
    fn the_constructor_and_the_end_make_safe_by_polarity() {
        for (polarity, rest) in [(Polarity::ActiveHigh, State::Low), (Polarity::ActiveLow, State::High)] {
            let rests = [Transaction::set(rest), Transaction::set(rest)];
            let (mut accept, mut ready) = (Mock::new(&rests), Mock::new(&rests));
            drop(Outputs::new(pins(&accept, &ready, polarity)).unwrap());
            accept.done();
            ready.done();
        }
    }

    #[test]
    fn an_output_that_cannot_be_driven_hinders_no_other() {
        // Once in the constructor, once when that drops what it made.
        let mut accept = Mock::new(&[low().with_error(broken()), low()]);
        let mut ready = Mock::new(&[low(), low()]);
        let error = Outputs::new(pins(&accept, &ready, Polarity::ActiveHigh)).err().unwrap();
        assert_eq!(error.output, OutputName::Accept);
        accept.done();
        ready.done();
    }

    #[test]
    fn a_pass_makes_one_edge_and_levels_are_written_when_they_change() {
        let mut accept = Mock::new(&[low(), high(), low(), low()]);
        let mut ready = Mock::new(&[low(), high(), low(), low()]);
        let mut outputs = Outputs::new(pins(&accept, &ready, Polarity::ActiveHigh)).unwrap();
        assert!(outputs.can_accept());
        outputs.set(&READY).unwrap();
        outputs.set(&READY).unwrap();
        outputs.rise(pass()).unwrap();
        outputs.fall().unwrap();
        outputs.set(&Levels::default()).unwrap();
        drop(outputs);
        accept.done();
        ready.done();
    }

    #[test]
    fn an_output_that_failed_is_driven_again_before_it_may_rise() {
        let expected = [
            low(),
            high().with_error(broken()),
            // It may have risen all the same.
            low().with_error(broken()),
            low(),
            high(),
            low(),
        ];
        let (mut accept, mut ready) = (Mock::new(&expected), Mock::new(&[low(), low()]));
        let mut outputs = Outputs::new(pins(&accept, &ready, Polarity::ActiveHigh)).unwrap();
        for _ in 0..2 {
            assert_eq!(outputs.rise(pass()).unwrap_err().output, OutputName::Accept);
        }
        outputs.rise(pass()).unwrap();
        drop(outputs);
        accept.done();
        ready.done();
    }

    #[test]
    fn accept_is_brought_to_rest_only_if_it_is_not_known_to_be_there() {
        let mut accept =
            Mock::new(&[low(), high(), low().with_error(broken()), low().with_error(broken()), low(), low()]);
        let mut ready = Mock::new(&[low(), low()]);
        let mut outputs = Outputs::new(pins(&accept, &ready, Polarity::ActiveHigh)).unwrap();
        outputs.settle().unwrap();
        outputs.rise(pass()).unwrap();
        // A pulse is not cut short.
        outputs.settle().unwrap();
        outputs.fall().unwrap_err();
        outputs.settle().unwrap_err();
        outputs.settle().unwrap();
        outputs.settle().unwrap();
        drop(outputs);
        accept.done();
        ready.done();
    }

    #[test]
    fn a_level_that_failed_is_written_again() {
        let mut ready = Mock::new(&[low(), high().with_error(broken()), high(), low()]);
        let mut accept = Mock::new(&[low(), low()]);
        let mut outputs = Outputs::new(pins(&accept, &ready, Polarity::ActiveHigh)).unwrap();
        let error = outputs.set(&READY).unwrap_err();
        assert!(error.to_string().starts_with("the output ready could not be driven ("), "{error}");
        outputs.set(&READY).unwrap();
        drop(outputs);
        accept.done();
        ready.done();
    }

    #[test]
    fn outputs_that_lead_nowhere_do_nothing() {
        let mut outputs = Outputs::<Mock>::unwired();
        assert!(!outputs.can_accept());
        outputs.rise(pass()).unwrap();
        outputs.fall().unwrap();
        outputs.set(&READY).unwrap();
    }
}
