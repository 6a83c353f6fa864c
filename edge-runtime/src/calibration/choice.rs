//! How the threshold is to be found, and whether that can be done with the images there are: asked before anything is
//! trained or scored.

use shared::score::{Score, Threshold};
use shared::wire::ThresholdEvidence;

use super::by_hand::try_out;
use super::conformal::{CalibrationError, calibrate, check_rank};
use super::rate::TargetRate;
use super::target::{Reachable, Supply};

/// What the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdChoice {
    /// Just above the calibration score of this rank; 1 is the greatest.
    Rank(u32),
    /// At the highest rank whose average false-reject rate does not exceed this one.
    TargetRate(TargetRate),
    /// This threshold, whatever the calibration scores.
    ByHand(Threshold),
}

impl Default for ThresholdChoice {
    fn default() -> Self {
        Self::Rank(1)
    }
}

/// How the threshold follows from the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Just above the score of this rank.
    Rank(u32),
    /// This threshold; the scores only try it out.
    ByHand(Threshold),
}

/// A choice that the images allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How the threshold follows from the scores.
    pub rule: Rule,
    /// The answer to a target rate.
    pub reachable: Option<Reachable>,
}

impl ThresholdChoice {
    /// Whether the choice can be met with these images.
    ///
    /// # Errors
    /// [`CalibrationError`] if there is no such rank, or the target rate needs more images.
    pub fn plan(self, supply: Supply) -> Result<Plan, CalibrationError> {
        match self {
            Self::Rank(rank) => {
                check_rank(rank, supply.images)?;
                Ok(Plan { rule: Rule::Rank(rank), reachable: None })
            }
            Self::TargetRate(target) => {
                let reachable = target.reach(supply)?;
                Ok(Plan { rule: Rule::Rank(reachable.rank), reachable: Some(reachable) })
            }
            Self::ByHand(threshold) => Ok(Plan { rule: Rule::ByHand(threshold), reachable: None }),
        }
    }
}

impl Rule {
    /// The threshold, and what it rests on. By hand, there may be no scores.
    ///
    /// # Errors
    /// [`CalibrationError`] if the scores have no such rank or none lies above it.
    pub fn apply(self, scores: &[Score]) -> Result<(Threshold, ThresholdEvidence), CalibrationError> {
        match self {
            Self::Rank(rank) => calibrate(scores, rank),
            Self::ByHand(threshold) => Ok((threshold, try_out(threshold, scores))),
        }
    }
}
