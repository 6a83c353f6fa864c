//! How large the network's input is, as one number; `geometry` makes sizes of it.

use std::fmt;
use std::str::FromStr;

/// The side, in pixels, of the square that has as many pixels as an input for whole photographs; half of what the median
/// shorter side of photographs in tiles becomes at most. 64 to 512, a multiple of 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution(u16);

/// A number that is no resolution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {0:?}, expected a multiple of {step} pixels from {least} to {most}; 128 is usual",
    step = Resolution::STEP, least = Resolution::LEAST, most = Resolution::MOST
)]
pub struct InvalidResolution(String);

impl Resolution {
    const STEP: u16 = 16;
    const LEAST: u16 = 64;
    const MOST: u16 = 512;

    /// The side in pixels.
    pub fn pixels(self) -> u16 {
        self.0
    }
}

impl Default for Resolution {
    fn default() -> Self {
        Self(128)
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Resolution {
    type Err = InvalidResolution;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |pixels: &u16| (Self::LEAST..=Self::MOST).contains(pixels) && pixels.is_multiple_of(Self::STEP);
        text.parse().ok().filter(fits).map(Self).ok_or_else(|| InvalidResolution(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_in_range_and_nothing_else() {
        assert_eq!("64".parse::<Resolution>().unwrap().pixels(), 64);
        assert_eq!("128".parse(), Ok(Resolution::default()));
        for text in ["48", "100", "528", "-64", "1e2", "large", ""] {
            assert!(text.parse::<Resolution>().unwrap_err().to_string().contains("from 64 to 512"), "{text}");
        }
    }
}
