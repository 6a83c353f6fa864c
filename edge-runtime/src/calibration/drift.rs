//! Whether new good parts still fare as an older threshold promised.
//!
//! For good parts of the same kind the number of rejects among m follows from ranks alone, whatever the scores: the
//! threshold lies above the r-th greatest of n calibration scores, and every order of all n + m scores is equally
//! likely (the negative hypergeometric distribution; for equal scores there are rather fewer rejects). It does not
//! know why parts changed, nor whether they are good.

use std::fmt;

use shared::score::{Score, Threshold};
use shared::wire::ThresholdEvidence;

use super::words::percent_at_most;

/// How new good images fared at an older threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// New good images.
    pub images: u32,
    /// How many of them the older threshold rejects.
    pub rejected: u32,
    /// The rate that the older threshold promised with 95 % confidence, in parts per million, if it promised any.
    pub bound_ppm: Option<u32>,
    /// The probability of as many rejects or more if nothing has changed, where the threshold was calibrated.
    pub chance: Option<f64>,
}

impl Drift {
    /// Judges `scores` by an older threshold.
    pub fn of(threshold: Threshold, evidence: &ThresholdEvidence, scores: &[Score]) -> Self {
        let images = scores.len() as u32;
        let rejected = scores.iter().filter(|&&score| threshold.rejects(score)).count() as u32;
        let (bound_ppm, chance) = match *evidence {
            ThresholdEvidence::Calibrated { images: calibrated, rank, upper95_false_rejects_ppm, .. } => {
                (Some(upper95_false_rejects_ppm), Some(chance_of_as_many(rank, calibrated, images, rejected)))
            }
            ThresholdEvidence::ByHand { trial } => (trial.map(|trial| trial.upper95_false_rejects_ppm), None),
        };
        Self { images, rejected, bound_ppm, chance }
    }

    /// Whether more were rejected than the older threshold promised with 95 % confidence.
    pub fn exceeds_the_bound(&self) -> bool {
        let rejected = u64::from(self.rejected) * 1_000_000;
        self.bound_ppm.is_some_and(|bound| rejected > u64::from(bound) * u64::from(self.images))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = f64::from(self.rejected) / f64::from(self.images.max(1));
        write!(f, "{} of {} images rejected ({:.1} %)", self.rejected, self.images, 100.0 * rate)?;
        if let Some(bound) = self.bound_ppm.filter(|_| self.exceeds_the_bound()) {
            write!(f, ", more than the {} promised with 95 % confidence", percent_at_most(bound))?;
        }
        if let Some(chance) = self.chance.filter(|_| self.rejected > 0) {
            match 100.0 * chance {
                percentage if percentage < 0.1 => f.write_str("; so many or more by chance: below 0.1 %")?,
                percentage => write!(f, "; so many or more by chance: {percentage:.1} %")?,
            }
        }
        Ok(())
    }
}

/// The probability that at least `rejected` of `images` further good parts reach a threshold just above the `rank`-th
/// greatest of `calibrated` scores, if all scores are different and every order of them is equally likely.
///
/// That is the case exactly if fewer than `rank` of the `rank + rejected - 1` greatest scores are calibration scores.
/// `rank` is from 1 to `calibrated`, `rejected` at most `images`.
pub fn chance_of_as_many(rank: u32, calibrated: u32, images: u32, rejected: u32) -> f64 {
    if rejected == 0 {
        return 1.0;
    }
    let top = rank + rejected - 1;
    let all = log_choose(f64::from(calibrated) + f64::from(images), f64::from(top));
    let of_which_old = top.saturating_sub(images)..rank;
    let probability: f64 = of_which_old
        .map(|old| {
            let (old, new) = (f64::from(old), f64::from(top - old));
            (log_choose(f64::from(calibrated), old) + log_choose(f64::from(images), new) - all).exp()
        })
        .sum();
    probability.min(1.0)
}

/// The natural logarithm of the binomial coefficient.
fn log_choose(n: f64, k: f64) -> f64 {
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::conformal::calibrate;
    use super::*;

    fn scores(raw: &[u32]) -> Vec<Score> {
        raw.iter().map(|&raw| Score::new(raw).unwrap()).collect()
    }

    /// With exact fractions, in Python: `sum(Fraction(comb(n, j) * comb(m, t - j), comb(n + m, t)) for j in range(r) if
    /// 0 <= t - j <= m)` with t = r + k - 1, for r, n, m, k.
    #[test]
    fn chances_computed_outside_the_project() {
        for (rank, calibrated, images, rejected, expected) in [
            (1, 40, 60, 5, 0.07254206274824831),
            (2, 42, 100, 10, 0.10898179293411074),
            (5, 100, 240, 20, 0.11425537679031607),
            (1, 3000, 5000, 40, 6.4518641400249274e-09),
            (3, 20, 20, 0, 1.0),
            (3, 20, 20, 20, 1.675776691494639e-09),
        ] {
            let found = chance_of_as_many(rank, calibrated, images, rejected);
            assert!((found / expected - 1.0).abs() < 1e-8, "{found} instead of {expected}");
        }
    }

    /// Every way to call 4 of 9 different scores the calibration scores, with thresholds from [`calibrate`].
    #[test]
    fn the_chance_is_the_share_of_all_divisions() {
        let (all, calibrated) = (9_u32, 4_u32);
        let divisions: Vec<u32> = (0..1_u32 << all).filter(|bits| bits.count_ones() == calibrated).collect();
        for rank in 1..=calibrated {
            for rejected in 0..=all - calibrated {
                let reached = divisions.iter().filter(|&&bits| {
                    let (old, new): (Vec<u32>, Vec<u32>) = (0..all).partition(|score| bits & 1 << score != 0);
                    let (threshold, _) = calibrate(&scores(&old), rank).unwrap();
                    let count = scores(&new).into_iter().filter(|&score| threshold.rejects(score)).count();
                    count >= rejected as usize
                });
                let share = reached.count() as f64 / divisions.len() as f64;
                let chance = chance_of_as_many(rank, calibrated, all - calibrated, rejected);
                assert!((share - chance).abs() < 1e-12, "rank {rank}, {rejected} rejected: {share} and {chance}");
            }
        }
    }

    #[test]
    fn more_rejects_than_promised_are_noticed() {
        let old: Vec<u32> = (0..40).collect();
        let (threshold, evidence) = calibrate(&scores(&old), 1).unwrap();
        let fared = |new: &[u32]| Drift::of(threshold, &evidence, &scores(new));
        let same = fared(&old);
        assert_eq!((same.images, same.rejected, same.chance), (40, 0, Some(1.0)));
        assert!(!same.exceeds_the_bound());
        assert_eq!(same.to_string(), "0 of 40 images rejected (0.0 %)");
        // The bound is 7.2 %: 1 of 20 is below it, 2 are above.
        let mut new = [0; 20];
        new[0] = 40;
        assert!(!fared(&new).exceeds_the_bound());
        new[1] = 50;
        let more = fared(&new);
        assert!(more.exceeds_the_bound());
        assert_eq!(
            more.to_string(),
            "2 of 20 images rejected (10.0 %), more than the 7.22 % promised with 95 % confidence; so many or more by \
             chance: 10.7 %"
        );
        let untried = ThresholdEvidence::ByHand { trial: None };
        let drift = Drift::of(threshold, &untried, &scores(&[40; 20]));
        assert!(!drift.exceeds_the_bound());
        assert_eq!(drift.to_string(), "20 of 20 images rejected (100.0 %)");
    }
}
