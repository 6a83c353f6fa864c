//! Active and inactive against high and low: the one place where that is decided. Everything else speaks of levels,
//! and every driver of pins of high and low.

use embedded_hal::digital::PinState;

/// What an output says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At rest.
    Inactive,
    /// Asserted.
    Active,
}

impl From<bool> for Level {
    fn from(active: bool) -> Self {
        if active { Self::Active } else { Self::Inactive }
    }
}

/// Which electrical state means active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub enum Polarity {
    /// High is active: `high` in the configuration.
    #[default]
    #[cfg_attr(feature = "cli", serde(rename = "high"))]
    ActiveHigh,
    /// Low is active: `low`.
    #[cfg_attr(feature = "cli", serde(rename = "low"))]
    ActiveLow,
}

impl Polarity {
    /// The electrical state for a level.
    pub const fn electrical(self, level: Level) -> PinState {
        match (self, level) {
            (Self::ActiveHigh, Level::Active) | (Self::ActiveLow, Level::Inactive) => PinState::High,
            (Self::ActiveHigh, Level::Inactive) | (Self::ActiveLow, Level::Active) => PinState::Low,
        }
    }
}

impl std::fmt::Display for Polarity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ActiveHigh => "active high",
            Self::ActiveLow => "active low",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_low_is_low_when_active() {
        assert_eq!(Polarity::ActiveHigh.electrical(Level::Active), PinState::High);
        assert_eq!(Polarity::ActiveHigh.electrical(Level::Inactive), PinState::Low);
        assert_eq!(Polarity::ActiveLow.electrical(Level::Active), PinState::Low);
        assert_eq!(Polarity::ActiveLow.electrical(Level::Inactive), PinState::High);
        assert_eq!(Level::from(true), Level::Active);
    }
}
