//! The accept output on a pin: low at rest, a high pulse for each pass. The gate behind it opens on the rising edge for
//! its own fixed time, so that the pulse needs only be long enough to be seen.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use shared::verdict::Pass;

use super::{AcceptOutput, ActuatorError, Movement};

/// A pin that rises once for each pass.
#[derive(Debug)]
pub struct AcceptPin<P: OutputPin, D: DelayNs> {
    pin: P,
    delay: D,
    pulse_us: u32,
    /// Whether the last thing the pin confirmed was the low level.
    at_rest: bool,
}

impl<P: OutputPin, D: DelayNs> AcceptPin<P, D> {
    /// Takes the pin and drives it low before anything else happens. `pulse_us` is the length of the high pulse in
    /// microseconds, during which [`accept`](AcceptOutput::accept) waits.
    ///
    /// # Errors
    ///
    /// [`ActuatorError`] if the pin cannot be driven low: there is then no output to work with.
    pub fn new(pin: P, delay: D, pulse_us: u32) -> Result<Self, ActuatorError> {
        let mut output = Self { pin, delay, pulse_us, at_rest: false };
        output.rest(Movement::Rest)?;
        Ok(output)
    }

    fn rest(&mut self, movement: Movement) -> Result<(), ActuatorError> {
        self.at_rest = false;
        self.pin.set_low().map_err(|error| failed(movement, &error))?;
        self.at_rest = true;
        Ok(())
    }
}

impl<P: OutputPin, D: DelayNs> AcceptOutput for AcceptPin<P, D> {
    fn accept(&mut self, _pass: Pass) -> Result<(), ActuatorError> {
        if !self.at_rest {
            // Setting a pin high that may be high already makes no edge.
            self.rest(Movement::Rest)?;
        }
        self.at_rest = false;
        if let Err(error) = self.pin.set_high() {
            let error = failed(Movement::Rise, &error);
            // The level is unknown now. If this fails too, the next pass tries again before it may rise.
            let _ = self.rest(Movement::Rest);
            return Err(error);
        }
        self.delay.delay_us(self.pulse_us);
        self.rest(Movement::Fall)
    }
}

impl<P: OutputPin, D: DelayNs> Drop for AcceptPin<P, D> {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure.
        let _ = self.pin.set_low();
    }
}

fn failed<E: embedded_hal::digital::Error>(movement: Movement, error: &E) -> ActuatorError {
    ActuatorError { movement, kind: error.kind(), detail: format!("{error:?}") }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use embedded_hal_mock::eh1::MockError;
    use embedded_hal_mock::eh1::delay::{CheckedDelay, NoopDelay, Transaction as DelayTransaction};
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
        MockError::Io(ErrorKind::NotConnected)
    }

    #[test]
    fn the_constructor_and_the_end_drive_the_pin_low() {
        let mut pin = Mock::new(&[low(), low()]);
        drop(AcceptPin::new(pin.clone(), NoopDelay, 100).unwrap());
        pin.done();
    }

    #[test]
    fn a_pin_that_cannot_be_driven_low_is_no_output() {
        // The second transaction is the last attempt when the output is dropped.
        let mut pin = Mock::new(&[low().with_error(broken()), low()]);
        let error = AcceptPin::new(pin.clone(), NoopDelay, 100).err().unwrap();
        assert_eq!(error.movement, Movement::Rest);
        pin.done();
    }

    #[test]
    fn every_pass_makes_one_pulse_of_the_set_length() {
        let mut pin = Mock::new(&[low(), high(), low(), high(), low(), low()]);
        let mut delay = CheckedDelay::new(&[DelayTransaction::delay_us(100), DelayTransaction::delay_us(100)]);
        let mut output = AcceptPin::new(pin.clone(), delay.clone(), 100).unwrap();
        output.accept(pass()).unwrap();
        output.accept(pass()).unwrap();
        drop(output);
        pin.done();
        delay.done();
    }

    #[test]
    fn a_pin_that_does_not_rise_is_an_error_and_goes_back_to_rest() {
        let mut pin = Mock::new(&[low(), high().with_error(broken()), low(), high(), low(), low()]);
        let mut output = AcceptPin::new(pin.clone(), NoopDelay, 100).unwrap();
        assert_eq!(output.accept(pass()).unwrap_err().movement, Movement::Rise);
        output.accept(pass()).unwrap();
        drop(output);
        pin.done();
    }

    #[test]
    fn a_pin_that_does_not_fall_must_rest_before_it_rises_again() {
        let expected = [
            low(),
            high(),
            low().with_error(broken()),
            // The next pass: rest fails, so nothing rises.
            low().with_error(broken()),
            // The one after: rest works.
            low(),
            high(),
            low(),
            low(),
        ];
        let mut pin = Mock::new(&expected);
        let mut output = AcceptPin::new(pin.clone(), NoopDelay, 100).unwrap();
        assert_eq!(output.accept(pass()).unwrap_err().movement, Movement::Fall);
        assert_eq!(output.accept(pass()).unwrap_err().movement, Movement::Rest);
        output.accept(pass()).unwrap();
        drop(output);
        pin.done();
    }
}
