//! Outputs whose movements are written to a file instead of pins: for trying a configuration, and for tests that kill
//! the program. One line for each movement, written whole: microseconds of the station's clock, name, 1 (high) or 0.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use embedded_hal::digital::{Error, ErrorKind, ErrorType, OutputPin};

use super::wiring::OutputWiring;
use super::{OutputName, Pins};
use crate::clock::{Clock, MonotonicClock};

/// What the chip's name in the configuration begins with to mean a file.
pub const PREFIX: &str = "trace:";

/// A pin that is a line in a file.
#[derive(Debug)]
pub struct TracedPin {
    file: Arc<File>,
    name: OutputName,
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the movement could not be written to the trace")]
pub struct TraceError(#[from] io::Error);

impl Error for TraceError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for TracedPin {
    type Error = TraceError;
}

impl TracedPin {
    fn write(&mut self, level: u8) -> Result<(), TraceError> {
        let now_us = MonotonicClock::new().now_us();
        let mut line = heapless::String::<48>::new();
        // Twenty digits, a name of six letters and a level fit.
        let _ = std::fmt::Write::write_fmt(&mut line, format_args!("{now_us} {} {level}\n", self.name));
        Ok((&*self.file).write_all(line.as_bytes())?)
    }
}

impl OutputPin for TracedPin {
    fn set_low(&mut self) -> Result<(), TraceError> {
        self.write(0)
    }

    fn set_high(&mut self) -> Result<(), TraceError> {
        self.write(1)
    }
}

/// The pins of `wiring`, all in one file, to which is appended.
///
/// # Errors
///
/// What the file system says.
pub fn traced_outputs(wiring: &OutputWiring, path: &Path) -> io::Result<Pins<TracedPin>> {
    let file = Arc::new(File::options().create(true).append(true).open(path)?);
    let mut pins: Pins<TracedPin> = Default::default();
    for (name, _, polarity) in wiring.wired() {
        pins[name as usize] = Some((TracedPin { file: Arc::clone(&file), name }, polarity));
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::{Outputs, Polarity};
    use crate::test_support::pass;

    #[test]
    fn every_movement_is_a_line_and_the_end_is_safe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let mut wiring = OutputWiring { chip: "trace".into(), lines: [None; OutputName::ALL.len()] };
        wiring.lines[OutputName::Accept as usize] = Some((0, Polarity::ActiveLow));
        let mut outputs = Outputs::new(traced_outputs(&wiring, &path).unwrap()).unwrap();
        outputs.rise(pass()).unwrap();
        drop(outputs);
        let text = std::fs::read_to_string(&path).unwrap();
        let levels: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(levels, ["accept 1", "accept 0", "accept 1"]);
    }
}
