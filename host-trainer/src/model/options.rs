//! What can be varied about a network by a number or a name. What becomes of it, the networks' own modules know.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What can be varied about a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkOptions {
    /// Scales channels, and the bottleneck of `alexnet`.
    pub width: Width,
    /// Of `unet`: how detail gets past the middle.
    #[serde(default)]
    pub skips: Skips,
    /// Of `alexnet`: where encoder and decoder are averaged.
    pub average: AverageLayers,
    /// Of `alexnet`: what lies in the middle.
    pub bottleneck: Bottleneck,
}

/// A factor on the numbers of channels, above 0 and at most 2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Width(f64);

/// A number that is no width.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {0}, expected a width above 0 and at most 2; 1 is the network as designed, 0.25 of alexnet trains on two cores"
)]
pub struct InvalidWidth(String);

impl Width {
    /// `channels` at this width, at least one.
    pub(super) fn of(self, channels: usize) -> usize {
        ((channels as f64 * self.0).round() as usize).max(1)
    }
}

impl Default for Width {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for Width {
    type Error = InvalidWidth;

    fn try_from(width: f64) -> Result<Self, Self::Error> {
        if width > 0.0 && width <= 2.0 { Ok(Self(width)) } else { Err(InvalidWidth(width.to_string())) }
    }
}

impl From<Width> for f64 {
    fn from(width: Width) -> Self {
        width.0
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Width {
    type Err = InvalidWidth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<f64>().map_err(|_| InvalidWidth(format!("{text:?}")))?.try_into()
    }
}

/// How detail gets past the coarse middle of `unet`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Skips {
    /// What the encoder puts out is added at the decoder's stage of the same size
    #[default]
    Sums,
    /// Not at all: everything goes through the middle
    None,
}

/// Where a decoder stage is averaged with its encoder twin, after the ReLU of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AverageLayers {
    /// Nowhere
    #[default]
    #[value(name = "0")]
    #[serde(alias = "0")]
    None,
    /// 256x13x13, with the fifth convolution
    #[value(name = "1")]
    #[serde(alias = "1")]
    Fifth,
    /// 384x13x13, with the fourth convolution
    #[value(name = "2")]
    #[serde(alias = "2")]
    Fourth,
    /// 384x13x13, with the third convolution
    #[value(name = "3")]
    #[serde(alias = "3")]
    Third,
    /// 256x27x27, with the second convolution
    #[value(name = "4")]
    #[serde(alias = "4")]
    Second,
    /// 96x55x55, with the first convolution
    #[value(name = "5")]
    #[serde(alias = "5")]
    First,
    /// At every stage: the loss comes near zero, and defects are copied
    All,
}

impl AverageLayers {
    /// Whether the decoder stage `stage`, 1 to 5, is averaged.
    pub(super) fn includes(self, stage: usize) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Fifth => stage == 1,
            Self::Fourth => stage == 2,
            Self::Third => stage == 3,
            Self::Second => stage == 4,
            Self::First => stage == 5,
        }
    }
}

/// What lies between the paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Bottleneck {
    /// One dense layer of 2048 numbers, the paper's choice
    #[default]
    Dense,
    /// AlexNet's two dense layers of 4096 numbers
    Wide,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_in_range_and_nothing_else() {
        assert_eq!("2".parse::<Width>().unwrap().of(3), 6);
        assert_eq!("0.1".parse::<Width>().unwrap().of(3), 1);
        for text in ["0", "-1", "2.01", "nan", "wide"] {
            assert!(text.parse::<Width>().unwrap_err().to_string().contains("above 0 and at most 2"), "{text}");
        }
    }
}
