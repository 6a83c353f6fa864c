//! A threshold that a person gives: from text to Q24, and what good images say of it.
//!
//! It does not know how the person came to it. The bound holds if that was not by the scores of the same images.

use shared::score::{Score, Threshold};
use shared::wire::{ThresholdEvidence, Trial};

use super::binomial::clopper_pearson_upper;
use super::conformal::{ceil_ppm, summary};

/// A text that is no threshold to inspect with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdTextError {
    /// Not a number at all.
    #[error("{0:?} is not a number; give a score such as 0.0123")]
    NotANumber(String),
    /// Zero or below.
    #[error("at a threshold of {0} every part is rejected; expected a number above 0 and at most 2")]
    RejectsAll(String),
    /// Above the greatest score.
    #[error(
        "at a threshold of {0} every part passes, for no score is above 2; expected a number above 0 and at most 2"
    )]
    PassesAll(String),
}

/// The threshold t in `text`, above 0 and at most 2: a part is rejected exactly if its score, as a number, is t or more.
///
/// # Errors
/// [`ThresholdTextError`] if it is no number, or decides nothing because all parts would be rejected or all would pass.
pub fn threshold_from_text(text: &str) -> Result<Threshold, ThresholdTextError> {
    let text = text.trim();
    let value: f64 = text.parse().map_err(|_| ThresholdTextError::NotANumber(text.into()))?;
    if value.is_nan() {
        return Err(ThresholdTextError::NotANumber(text.into()));
    }
    if value <= 0.0 {
        return Err(ThresholdTextError::RejectsAll(text.into()));
    }
    // Scores are integers in units of 2^-24: a score reaches t exactly if it reaches the next of them.
    let raw = (value * f64::from(Score::ONE)).ceil();
    Some(raw)
        .filter(|&raw| raw <= f64::from(Score::MAX.raw()))
        .and_then(|raw| Threshold::new(raw as u32))
        .ok_or_else(|| ThresholdTextError::PassesAll(text.into()))
}

/// What `scores` of good images say of a threshold that was chosen without them; without scores, nothing.
pub fn try_out(threshold: Threshold, scores: &[Score]) -> ThresholdEvidence {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable();
    if sorted.is_empty() {
        return ThresholdEvidence::ByHand { trial: None };
    }
    let images = sorted.len() as u32;
    let rejected = sorted.iter().filter(|&&score| threshold.rejects(score)).count() as u32;
    let [lowest, median, highest] = summary(&sorted);
    let upper95_false_rejects_ppm = ceil_ppm(clopper_pearson_upper(rejected, images, 0.95));
    ThresholdEvidence::ByHand {
        trial: Some(Trial { images, rejected, upper95_false_rejects_ppm, lowest, median, highest }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_become_q24_and_nonsense_an_error() {
        let raw = |text: &str| threshold_from_text(text).map(Threshold::raw);
        assert_eq!(raw("0.5"), Ok(1 << 23));
        assert_eq!(raw(" 1e-3 "), Ok(16_778)); // 16777.216
        assert_eq!(raw("1e-300"), Ok(1));
        assert_eq!(raw("2"), Ok(Score::MAX.raw()));
        for text in ["", "a", "0,5", "NaN", "1%", "0x1"] {
            assert_eq!(raw(text), Err(ThresholdTextError::NotANumber(text.into())), "{text}");
        }
        for text in ["0", "-0", "-1", "-inf", "0e9"] {
            assert_eq!(raw(text), Err(ThresholdTextError::RejectsAll(text.into())), "{text}");
        }
        for text in ["2.0000001", "3", "1e300", "inf"] {
            assert_eq!(raw(text), Err(ThresholdTextError::PassesAll(text.into())), "{text}");
        }
    }

    #[test]
    fn a_trial_counts_the_scores_that_reach_the_threshold() {
        let threshold = Threshold::new(900).unwrap();
        let scores: Vec<Score> = [100, 900, 899, 1000].map(|raw| Score::new(raw).unwrap()).to_vec();
        let ThresholdEvidence::ByHand { trial: Some(trial) } = try_out(threshold, &scores) else { panic!() };
        assert_eq!((trial.images, trial.rejected), (4, 2));
        assert_eq!([trial.lowest, trial.median, trial.highest].map(Score::raw), [100, 900, 1000]);
        // The root of (1 - p)^4 + 4 p (1 - p)^3 + 6 p^2 (1 - p)^2 = 0.05, by Newton's method elsewhere.
        assert_eq!(trial.upper95_false_rejects_ppm, 902_389);
        assert_eq!(try_out(threshold, &[]), ThresholdEvidence::ByHand { trial: None });
    }

    proptest! {
        /// The integer decides as the number does.
        #[test]
        fn the_integer_is_the_number(raw in 0_u32..=1 << 25, value in 1e-9_f64..2.0) {
            let threshold = threshold_from_text(&value.to_string()).unwrap();
            let score = f64::from(raw) / f64::from(1_u32 << 24);
            prop_assert_eq!(threshold.rejects(Score::new(raw).unwrap()), score >= value);
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            let _ = threshold_from_text(&text);
        }
    }
}
