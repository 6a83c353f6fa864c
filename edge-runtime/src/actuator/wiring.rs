//! Which line of which GPIO chip is which output: the sections `[outputs]` and `[gate]` of the configuration. Nothing
//! else of the file is looked at, so that outputs can be made safe although another section is wrong.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{OutputName, Polarity};

/// The chip where the configuration names none.
const USUAL_CHIP: &str = "/dev/gpiochip0";

/// The wiring of the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputWiring {
    /// The GPIO chip's device.
    pub chip: PathBuf,
    /// Line and polarity of each output, in the order of [`OutputName::ALL`]; `None` where nothing is wired.
    pub lines: [Option<(u32, Polarity)>; OutputName::ALL.len()],
}

/// Why a wiring cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The file cannot be read.
    #[error("{}: the configuration cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no wiring.
    #[error(transparent)]
    Parse(#[from] toml::de::Error),
    /// Two outputs on one line.
    #[error("found {first} and {second} on line {line}, expected a line of its own for each output")]
    SharedLine {
        /// The one.
        first: OutputName,
        /// The other.
        second: OutputName,
        /// Their line.
        line: u32,
    },
}

#[derive(Deserialize)]
struct File {
    gate: Option<Gate>,
    outputs: Option<Outputs>,
}

#[derive(Deserialize)]
struct Gate {
    chip: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outputs {
    accept: Option<Output>,
    ready: Option<Output>,
    busy: Option<Output>,
    fault: Option<Output>,
    red: Option<Output>,
    yellow: Option<Output>,
    green: Option<Output>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    line: u32,
    #[serde(default)]
    active: Active,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Active {
    #[default]
    High,
    Low,
}

impl OutputWiring {
    /// The wiring in a configuration file.
    ///
    /// # Errors
    ///
    /// [`WiringError`].
    pub fn read(path: &Path) -> Result<Self, WiringError> {
        let read = std::fs::read_to_string(path);
        Self::parse(&read.map_err(|source| WiringError::Read { path: path.to_owned(), source })?)
    }

    /// The wiring in the text of a configuration.
    ///
    /// # Errors
    ///
    /// [`WiringError::Parse`] if the two sections are not what they should be, [`WiringError::SharedLine`].
    pub fn parse(text: &str) -> Result<Self, WiringError> {
        let File { gate, outputs } = toml::from_str(text)?;
        let chip = gate.and_then(|gate| gate.chip).unwrap_or_else(|| PathBuf::from(USUAL_CHIP));
        let Outputs { accept, ready, busy, fault, red, yellow, green } = outputs.unwrap_or_default();
        let lines = [accept, ready, busy, fault, red, yellow, green].map(|output| {
            let Output { line, active } = output?;
            Some(match active {
                Active::High => (line, Polarity::ActiveHigh),
                Active::Low => (line, Polarity::ActiveLow),
            })
        });
        let wiring = Self { chip, lines };
        wiring.check()?;
        Ok(wiring)
    }

    /// Checks that each output has a line of its own.
    ///
    /// # Errors
    ///
    /// [`WiringError::SharedLine`].
    pub fn check(&self) -> Result<(), WiringError> {
        let wired: Vec<(OutputName, u32)> = self.wired().map(|(name, line, _)| (name, line)).collect();
        for (index, &(second, line)) in wired.iter().enumerate() {
            if let Some(&(first, _)) = wired[..index].iter().find(|(_, other)| *other == line) {
                return Err(WiringError::SharedLine { first, second, line });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiring_is_read_from_its_two_sections() {
        let text = "bundle = 3\nnonsense = []\n[gate]\nchip = \"/dev/gpiochip2\"\ndelay = \"?\"\n[outputs]\n\
                    accept = { line = 0, active = \"low\" }\nred = { line = 5 }\n";
        let wiring = OutputWiring::parse(text).unwrap();
        assert_eq!(wiring.chip, Path::new("/dev/gpiochip2"));
        let wired: Vec<_> = wiring.wired().collect();
        let expected = [(OutputName::Accept, 0, Polarity::ActiveLow), (OutputName::Red, 5, Polarity::ActiveHigh)];
        assert_eq!(wired, expected);
        let unwired = OutputWiring::parse("bundle = \"x\"").unwrap();
        assert_eq!((unwired.wired().count(), unwired.chip.as_path()), (0, Path::new(USUAL_CHIP)));
    }

    #[test]
    fn wirings_that_cannot_be_meant_are_refused() {
        let refused = |text| OutputWiring::parse(text).unwrap_err().to_string();
        let shared = refused("[outputs]\naccept = { line = 4 }\nbusy = { line = 4 }");
        assert_eq!(shared, "found accept and busy on line 4, expected a line of its own for each output");
        assert!(refused("[outputs]\nacept = { line = 4 }").contains("acept"));
        assert!(refused("[outputs]\naccept = { line = -1 }").contains("-1"));
        assert!(refused("[outputs]\naccept = { line = 1, active = \"up\" }").contains("up"));
        let missing = OutputWiring::read(Path::new("no such file")).unwrap_err();
        assert!(matches!(missing, WiringError::Read { .. }));
    }
}
