//! Split conformal calibration: with n good parts that nothing else has seen, a threshold just above the r-th largest
//! score rejects at most r / (n + 1) of further good parts on average (Vovk et al. 2005; for continuous scores the
//! rate follows Beta(r, n + 1 - r)).
//!
//! It promises nothing about defects, and it holds while the line stays as it was.

use shared::score::{Score, Threshold};
use shared::wire::ThresholdEvidence;

use super::binomial::beta_quantile;
use super::target::NotReachable;

/// The scores do not allow a threshold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// The rank is 0 or exceeds the number of scores.
    #[error("rank {rank} of {images} calibration scores does not exist; use a rank from 1 to {images}")]
    Rank {
        /// The rank asked for.
        rank: u32,
        /// How many scores there are.
        images: u32,
    },
    /// The good parts already score as high as a score can be.
    #[error("the calibration score is the highest possible: no threshold lies above it; train longer")]
    Saturated,
    /// The false-reject rate that was asked for needs more images.
    #[error(transparent)]
    NotReachable(#[from] NotReachable),
}

/// Parts per million of good parts that will be rejected: on average at most, and with 95 % confidence at most.
pub fn false_reject_promise(rank: u32, images: u32) -> (u32, u32) {
    let average = (u64::from(rank) * 1_000_000).div_ceil(u64::from(images) + 1);
    (average as u32, ceil_ppm(beta_quantile(rank, images, 0.95)))
}

/// A rate in parts per million, rounded up.
pub(super) fn ceil_ppm(rate: f64) -> u32 {
    (rate * 1e6).ceil() as u32
}

/// The least, the median (of an even number the upper one) and the greatest of scores in ascending order, at least one.
pub(super) fn summary(sorted: &[Score]) -> [Score; 3] {
    [sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1]]
}

/// Whether `images` scores have a `rank`-th largest.
///
/// # Errors
/// [`CalibrationError::Rank`] if not.
pub fn check_rank(rank: u32, images: u32) -> Result<(), CalibrationError> {
    if rank == 0 || rank > images { Err(CalibrationError::Rank { rank, images }) } else { Ok(()) }
}

/// The threshold one above the `rank`-th largest of `scores`, with what it rests on.
///
/// # Errors
/// [`CalibrationError`] if there is no such score or none lies above it.
pub fn calibrate(scores: &[Score], rank: u32) -> Result<(Threshold, ThresholdEvidence), CalibrationError> {
    let images = scores.len() as u32;
    check_rank(rank, images)?;
    let mut sorted = scores.to_vec();
    sorted.sort_unstable();
    let chosen = sorted[sorted.len() - rank as usize];
    if chosen == Score::MAX {
        return Err(CalibrationError::Saturated);
    }
    let threshold = Threshold::just_above(chosen);
    let (average, upper95) = false_reject_promise(rank, images);
    let [lowest, median, highest] = summary(&sorted);
    let evidence = ThresholdEvidence::Calibrated {
        images,
        rank,
        average_false_rejects_ppm: average,
        upper95_false_rejects_ppm: upper95,
        lowest,
        median,
        highest,
    };
    Ok((threshold, evidence))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_random::SplitMix64;

    fn scores(raw: &[u32]) -> Vec<Score> {
        raw.iter().map(|&r| Score::new(r).unwrap()).collect()
    }

    #[test]
    fn the_threshold_lies_just_above_the_rank_th_largest() {
        let scores = scores(&[5, 1, 9, 7]);
        assert_eq!(calibrate(&scores, 1).unwrap().0.raw(), 10);
        assert_eq!(calibrate(&scores, 2).unwrap().0.raw(), 8);
        assert_eq!(calibrate(&scores, 5), Err(CalibrationError::Rank { rank: 5, images: 4 }));
        assert_eq!(calibrate(&[], 1), Err(CalibrationError::Rank { rank: 1, images: 0 }));
    }

    proptest! {
        #[test]
        fn exactly_rank_minus_one_distinct_scores_are_rejected(
            raw in proptest::collection::btree_set(0u32..1 << 24, 1..60), rank in 1u32..60,
        ) {
            let scores = scores(&raw.into_iter().collect::<Vec<_>>());
            prop_assume!(rank as usize <= scores.len());
            let (threshold, _) = calibrate(&scores, rank).unwrap();
            let rejected = scores.iter().filter(|&&s| threshold.rejects(s)).count();
            prop_assert_eq!(rejected, rank as usize - 1);
        }
    }

    proptest! {
        /// The theorem itself, without chance: of n + 1 scores, each held out in turn and judged by the threshold of the
        /// others, at most r are rejected; exactly r if no two are equal.
        #[test]
        fn of_scores_held_out_in_turn_at_most_rank_are_rejected(
            raw in prop_oneof![
                proptest::collection::vec(0_u32..6, 2..40),
                proptest::collection::vec(0_u32..1 << 24, 2..40),
            ],
            rank: prop::sample::Index,
        ) {
            let all = scores(&raw);
            let rank = rank.index(all.len() - 1) as u32 + 1;
            let rejected = (0..all.len()).filter(|&held_out| {
                let mut others = all.clone();
                let score = others.swap_remove(held_out);
                calibrate(&others, rank).unwrap().0.rejects(score)
            });
            let rejected = rejected.count() as u32;
            prop_assert!(rejected <= rank);
            let different = raw.iter().collect::<std::collections::HashSet<_>>().len() == raw.len();
            prop_assert!(!different || rejected == rank);
        }
    }

    /// Uniform scores, whose true rate above a threshold is known: on average r / (n + 1), and above the 95 % bound in
    /// one case of twenty, both within four standard errors of 4,000 calibrations.
    #[test]
    fn independent_continuous_scores_keep_average_and_bound() {
        let mut rng = SplitMix64::new(9);
        let calibrations = 4_000;
        for (n, rank) in [(20, 1), (60, 3)] {
            let (mut sum, mut above) = (0.0, 0);
            let bound = f64::from(false_reject_promise(rank, n).1) / 1e6;
            for _ in 0..calibrations {
                let raw: Vec<u32> = (0..n).map(|_| (rng.uniform() * f64::from(Score::ONE)) as u32).collect();
                let (threshold, _) = calibrate(&scores(&raw), rank).unwrap();
                let rate = 1.0 - f64::from(threshold.raw()) / f64::from(Score::ONE);
                sum += rate;
                above += u32::from(rate > bound);
            }
            let (r, n, count) = (f64::from(rank), f64::from(n), f64::from(calibrations));
            // The variance of Beta(r, n + 1 - r).
            let variance = r * (n + 1.0 - r) / ((n + 1.0).powi(2) * (n + 2.0));
            let (mean, promised) = (sum / count, r / (n + 1.0));
            assert!((mean - promised).abs() < 4.0 * (variance / count).sqrt(), "mean {mean}, promised {promised}");
            let share = f64::from(above) / count;
            assert!((share - 0.05).abs() < 4.0 * (0.05 * 0.95 / count).sqrt(), "{share} above the bound");
        }
    }

    #[test]
    fn the_promise_of_the_literature() {
        assert_eq!(false_reject_promise(1, 50), (19_608, 58_156));
        assert_eq!(false_reject_promise(1, 1000).0, 1_000);
    }

    /// Over many divisions of one population, the average rate of false rejects is what was promised.
    #[test]
    fn coverage_over_a_thousand_resplits() {
        let mut rng = SplitMix64::new(5);
        let mut population: Vec<Score> = scores(&(0..400).map(|i| i * 31).collect::<Vec<_>>());
        let (n, rank) = (42, 2);
        let mut rejected = 0;
        let resplits = 1_000;
        for _ in 0..resplits {
            rng.shuffle(&mut population);
            let (threshold, _) = calibrate(&population[..n], rank).unwrap();
            rejected += population[n..].iter().filter(|&&s| threshold.rejects(s)).count();
        }
        let rate = rejected as f64 / (resplits * (population.len() - n)) as f64;
        let promised = f64::from(rank) / (n as f64 + 1.0);
        assert!((rate - promised).abs() < 0.003, "rate {rate}, promised {promised}");
    }
}
