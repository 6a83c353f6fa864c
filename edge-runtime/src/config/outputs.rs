//! `[outputs]`: which line of the gate's GPIO chip is which output. One description for the station and for
//! `outputs --safe`, which reads nothing else of the file, so that outputs can be made safe although another section is
//! wrong.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sections::gpio_chip;
use crate::actuator::wiring::{OutputWiring, SharedLine};
use crate::actuator::{OutputName, Polarity};

/// One output or input: `{ line = 0, active = "high" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Its offset on the chip.
    pub line: u32,
    /// Which level is active.
    #[serde(default)]
    pub active: Polarity,
}

/// `[outputs]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputsConfig {
    /// One pulse for each part that passed.
    pub accept: Option<LineConfig>,
    /// The station takes triggers.
    pub ready: Option<LineConfig>,
    /// A part is being inspected.
    pub busy: Option<LineConfig>,
    /// The station is faulted.
    pub fault: Option<LineConfig>,
    /// Stack light.
    pub red: Option<LineConfig>,
    /// Stack light.
    pub yellow: Option<LineConfig>,
    /// Stack light.
    pub green: Option<LineConfig>,
}

impl OutputsConfig {
    /// The outputs in the order of [`OutputName::ALL`].
    fn all(&self) -> [Option<LineConfig>; OutputName::ALL.len()] {
        let Self { accept, ready, busy, fault, red, yellow, green } = *self;
        [accept, ready, busy, fault, red, yellow, green]
    }

    /// The outputs that are wired, with their names.
    pub fn wired(&self) -> impl Iterator<Item = (OutputName, LineConfig)> {
        OutputName::ALL.into_iter().zip(self.all()).filter_map(|(name, line)| Some((name, line?)))
    }

    /// The wiring that they amount to on this chip.
    pub fn wiring(&self, chip: &Path) -> OutputWiring {
        let lines = self.all().map(|output| output.map(|LineConfig { line, active }| (line, active)));
        OutputWiring { chip: chip.to_owned(), lines }
    }
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
    #[error(transparent)]
    SharedLine(#[from] SharedLine),
}

/// The wiring of the outputs in a configuration file, of which nothing but `[outputs]` and `gate.chip` is looked at.
///
/// # Errors
///
/// [`WiringError`].
pub fn read_output_wiring(path: &Path) -> Result<OutputWiring, WiringError> {
    let read = std::fs::read_to_string(path);
    parse_output_wiring(&read.map_err(|source| WiringError::Read { path: path.to_owned(), source })?)
}

/// The same of the text of a configuration.
///
/// # Errors
///
/// [`WiringError::Parse`] if the two sections are not what they should be, [`WiringError::SharedLine`].
pub fn parse_output_wiring(text: &str) -> Result<OutputWiring, WiringError> {
    #[derive(Deserialize)]
    #[serde(default)]
    struct Gate {
        chip: PathBuf,
    }
    impl Default for Gate {
        fn default() -> Self {
            Self { chip: gpio_chip() }
        }
    }
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        gate: Gate,
        #[serde(default)]
        outputs: OutputsConfig,
    }
    let File { gate, outputs } = toml::from_str(text)?;
    let wiring = outputs.wiring(&gate.chip);
    wiring.check()?;
    Ok(wiring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiring_is_read_from_its_two_sections() {
        let text = "bundle = 3\nnonsense = []\n[gate]\nchip = \"/dev/gpiochip2\"\ndelay = \"?\"\n[outputs]\n\
                    accept = { line = 0, active = \"low\" }\nred = { line = 5 }\n";
        let wiring = parse_output_wiring(text).unwrap();
        assert_eq!(wiring.chip, Path::new("/dev/gpiochip2"));
        let wired: Vec<_> = wiring.wired().collect();
        let expected = [(OutputName::Accept, 0, Polarity::ActiveLow), (OutputName::Red, 5, Polarity::ActiveHigh)];
        assert_eq!(wired, expected);
        let unwired = parse_output_wiring("bundle = \"x\"").unwrap();
        assert_eq!((unwired.wired().count(), unwired.chip), (0, gpio_chip()));
    }

    #[test]
    fn wirings_that_cannot_be_meant_are_refused() {
        let refused = |text| parse_output_wiring(text).unwrap_err().to_string();
        let shared = refused("[outputs]\naccept = { line = 4 }\nbusy = { line = 4 }");
        assert_eq!(shared, "found accept and busy on line 4, expected a line of its own for each output");
        assert!(refused("[outputs]\nacept = { line = 4 }").contains("acept"));
        assert!(refused("[outputs]\naccept = { line = -1 }").contains("-1"));
        assert!(refused("[outputs]\naccept = { line = 1, active = \"up\" }").contains("up"));
        let missing = read_output_wiring(Path::new("no such file")).unwrap_err();
        assert!(matches!(missing, WiringError::Read { .. }));
    }
}
