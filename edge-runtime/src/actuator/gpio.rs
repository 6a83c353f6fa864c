//! Output lines of the Linux GPIO character device (uAPI v2, kernel 5.10 or newer), as embedded-hal pins.
//!
//! Lines are asked for without the kernel's active-low flag: a pin is set high and low, and [`Polarity`] alone knows
//! which of them is active. Each line is requested on its own, with its safe state, so that it never shows another one.

use std::path::{Path, PathBuf};

use embedded_hal::digital::{Error, ErrorKind, ErrorType, OutputPin, PinState};
use gpiocdev::Request;
use gpiocdev::line::Value;

use super::wiring::OutputWiring;
use super::{Level, OutputName, Pins, Polarity};

/// The name that the kernel shows for our lines.
pub(crate) const CONSUMER: &str = "edge-runtime";

/// A GPIO line that cannot be had, or not be set.
#[derive(Debug, thiserror::Error)]
pub enum GpioError {
    /// The kernel refuses a line.
    #[error("{}, line {line} ({purpose}): cannot be requested; see `gpioinfo`: does it exist, unused?", chip.display())]
    Request {
        /// The chip's device.
        chip: PathBuf,
        /// The line.
        line: u32,
        /// What it was meant for.
        purpose: &'static str,
        /// The kernel's answer.
        source: gpiocdev::Error,
    },
    /// The kernel refuses to set a line.
    #[error("the line {line} could not be set")]
    Set {
        /// The line.
        line: u32,
        /// The kernel's answer.
        source: gpiocdev::Error,
    },
}

impl Error for GpioError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// An output line.
#[derive(Debug)]
pub struct GpioPin {
    request: Request,
    line: u32,
}

impl GpioPin {
    /// Requests a line as an output that is in `state` from the beginning.
    ///
    /// # Errors
    ///
    /// [`GpioError::Request`].
    pub fn request(chip: &Path, line: u32, purpose: &'static str, state: PinState) -> Result<Self, GpioError> {
        let request = Request::builder()
            .on_chip(chip)
            .with_consumer(CONSUMER)
            .with_line(line)
            .as_output(value(state))
            .request()
            .map_err(|source| GpioError::Request { chip: chip.to_owned(), line, purpose, source })?;
        Ok(Self { request, line })
    }
}

fn value(state: PinState) -> Value {
    match state {
        PinState::Low => Value::Inactive,
        PinState::High => Value::Active,
    }
}

impl ErrorType for GpioPin {
    type Error = GpioError;
}

impl OutputPin for GpioPin {
    fn set_low(&mut self) -> Result<(), GpioError> {
        self.set_state(PinState::Low)
    }

    fn set_high(&mut self) -> Result<(), GpioError> {
        self.set_state(PinState::High)
    }

    fn set_state(&mut self, state: PinState) -> Result<(), GpioError> {
        let set = self.request.set_value(self.line, value(state));
        set.map_err(|source| GpioError::Set { line: self.line, source })
    }
}

/// Requests every wired output, accept first, each inactive from the beginning.
///
/// # Errors
///
/// The first [`GpioError`]. All other lines were requested, and thereby made safe, before that is returned.
pub fn request_outputs(wiring: &OutputWiring) -> Result<Pins<GpioPin>, GpioError> {
    let mut pins: Pins<GpioPin> = Default::default();
    let mut outcome = Ok(());
    for (name, line, polarity) in wiring.wired() {
        match request_output(&wiring.chip, name, line, polarity) {
            Ok(pin) => pins[name as usize] = Some((pin, polarity)),
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome.map(|()| pins)
}

fn request_output(chip: &Path, name: OutputName, line: u32, polarity: Polarity) -> Result<GpioPin, GpioError> {
    GpioPin::request(chip, line, name.name(), polarity.electrical(Level::Inactive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_that_is_not_there_is_named() {
        let lines = [Some((3, Polarity::ActiveLow)), None, None, None, None, None, None];
        let wiring = OutputWiring { chip: PathBuf::from("/dev/no-gpiochip"), lines };
        let text = request_outputs(&wiring).unwrap_err().to_string();
        assert!(text.starts_with("/dev/no-gpiochip, line 3 (accept): cannot be requested"), "{text}");
    }
}
