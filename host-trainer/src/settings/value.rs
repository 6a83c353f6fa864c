//! Values of settings that are checked where they are read, from whichever source.

use std::str::FromStr;

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

#[cfg(test)]
mod tests {
    use super::*;

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
