//! Which line of which GPIO chip is which output. It does not know where that is written.

use std::path::PathBuf;

use super::{OutputName, Polarity};

/// The wiring of the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputWiring {
    /// The GPIO chip's device.
    pub chip: PathBuf,
    /// Line and polarity of each output, in the order of [`OutputName::ALL`]; `None` where nothing is wired.
    pub lines: [Option<(u32, Polarity)>; OutputName::ALL.len()],
}

/// Two outputs on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {first} and {second} on line {line}, expected a line of its own for each output")]
pub struct SharedLine {
    /// The one.
    pub first: OutputName,
    /// The other.
    pub second: OutputName,
    /// Their line.
    pub line: u32,
}

impl OutputWiring {
    /// Checks that each output has a line of its own.
    ///
    /// # Errors
    ///
    /// [`SharedLine`].
    pub fn check(&self) -> Result<(), SharedLine> {
        let wired: Vec<(OutputName, u32)> = self.wired().map(|(name, line, _)| (name, line)).collect();
        for (index, &(second, line)) in wired.iter().enumerate() {
            if let Some(&(first, _)) = wired[..index].iter().find(|(_, other)| *other == line) {
                return Err(SharedLine { first, second, line });
            }
        }
        Ok(())
    }

    /// The outputs that are wired, with their lines, in the order in which they are driven.
    pub fn wired(&self) -> impl Iterator<Item = (OutputName, u32, Polarity)> {
        let named = OutputName::ALL.into_iter().zip(self.lines);
        named.filter_map(|(name, line)| line.map(|(line, polarity)| (name, line, polarity)))
    }
}
