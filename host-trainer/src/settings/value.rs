//! Values of settings that are checked where they are read, from whichever source.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use crate::augmentation::Light;

/// More images in a step than this are a slip: they fill the memory and learn nothing faster.
const MAX_BATCH: usize = 4096;
/// More steps than this are one too: years.
const MAX_STEPS: usize = 1_000_000_000;

/// Images per step: 1 to 4096.
///
/// # Errors
/// What was found and what was expected.
pub fn batch(text: &str) -> Result<NonZeroUsize, String> {
    count(text, MAX_BATCH)
}

/// A number of steps, epochs or looks: 1 to 1,000,000,000.
///
/// # Errors
/// What was found and what was expected.
pub fn steps(text: &str) -> Result<NonZeroUsize, String> {
    count(text, MAX_STEPS)
}

fn count(text: &str, most: usize) -> Result<NonZeroUsize, String> {
    let number = text.parse::<NonZeroUsize>().ok().filter(|number| number.get() <= most);
    number.ok_or_else(|| format!("found {text:?}, expected a whole number from 1 to {most}"))
}

/// A path in UTF-8, as a settings file and a checkpoint can hold it.
///
/// # Errors
/// None: what is no UTF-8 is refused before.
pub fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(text.into())
}

/// A learning rate: above 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate(f64);

/// A number that is no learning rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {0}, expected a learning rate above 0 and at most 1; 0.001 is usual for Adam")]
pub struct InvalidLearningRate(String);

impl LearningRate {
    /// The rate.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for LearningRate {
    type Error = InvalidLearningRate;

    fn try_from(rate: f64) -> Result<Self, Self::Error> {
        if rate > 0.0 && rate <= 1.0 { Ok(Self(rate)) } else { Err(InvalidLearningRate(rate.to_string())) }
    }
}

impl FromStr for LearningRate {
    type Err = InvalidLearningRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<f64>().map_err(|_| InvalidLearningRate(format!("{text:?}")))?.try_into()
    }
}

/// How much the light varies: 0 to 0.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LightVariation(Light);

/// A number that is no variation of light.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {0:?}, expected a variation of light from 0 to {most}; 0.1 is usual", most = Light::MOST)]
pub struct InvalidLightVariation(String);

impl LightVariation {
    /// The variation.
    pub fn get(self) -> Light {
        self.0
    }
}

impl From<Light> for LightVariation {
    fn from(light: Light) -> Self {
        Self(light)
    }
}

impl FromStr for LightVariation {
    type Err = InvalidLightVariation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let light = text.parse::<f64>().ok().and_then(Light::new);
        light.map(Self).ok_or_else(|| InvalidLightVariation(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_range_and_nothing_else() {
        assert_eq!(batch("4096").unwrap().get(), 4096);
        assert_eq!(steps("1").unwrap().get(), 1);
        for text in ["0", "-1", "4097", "1.5", "many", ""] {
            assert!(batch(text).unwrap_err().contains("from 1 to 4096"), "{text}");
        }
        assert!(steps("1000000001").is_err());
    }

    #[test]
    fn rates_in_range_and_nothing_else() {
        assert_eq!("1e-3".parse::<LearningRate>().unwrap().get(), 1e-3);
        assert!(LearningRate::try_from(1.0).is_ok());
        for text in ["0", "-1", "nan", "inf", "1.01", "fast", ""] {
            let error = text.parse::<LearningRate>().unwrap_err().to_string();
            assert!(error.contains("above 0 and at most 1"), "{text} gave {error}");
        }
    }
}
