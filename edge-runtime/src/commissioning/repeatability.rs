//! How far the score of one part scatters from measurement to measurement, against its distance to the threshold: a
//! type-1 gauge study without a reference value. In units of the score, 1.0 = 2^24. It does not know what moves the
//! score.

use shared::score::{Score, Threshold};

/// The least distance between mean and threshold, in standard deviations: a one-sided capability index (T - mean) / 3s
/// of 2 (Kane 1986, CPU). Of normal scores 1 in 10^9 lies further out; of whatever scores at most 1 in 37 (Cantelli
/// 1928).
pub const MIN_DISTANCE: f64 = 6.0;

/// One part, measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeatability {
    /// Measurements, at least 2.
    pub measurements: u32,
    /// The least score.
    pub lowest: Score,
    /// The greatest score.
    pub highest: Score,
    /// The mean score.
    pub mean: f64,
    /// The standard deviation, with the divisor k - 1.
    pub deviation: f64,
    /// From the mean up to the threshold; negative if the mean reaches it.
    pub distance: f64,
    /// The deviation as a share of that of the good parts, which contains it; `None` if those do not differ.
    pub share_of_good: Option<f64>,
}

/// From Q24.
pub(super) fn unit(raw: u32) -> f64 {
    f64::from(raw) / f64::from(Score::ONE)
}

/// Mean and standard deviation (divisor k - 1) of at least two scores.
fn mean_and_deviation(scores: &[Score]) -> Option<(f64, f64)> {
    if scores.len() < 2 {
        return None;
    }
    // Whole numbers below 2^26: their sum is exact for as many as fit in memory.
    let count = scores.len() as f64;
    let mean = scores.iter().map(|score| f64::from(score.raw())).sum::<f64>() / count;
    let squares: f64 = scores.iter().map(|score| (f64::from(score.raw()) - mean).powi(2)).sum();
    let one = f64::from(Score::ONE);
    Some((mean / one, (squares / (count - 1.0)).sqrt() / one))
}

impl Repeatability {
    /// Of `repeats`, the scores of one part, beside the scores of good parts; `None` of fewer than two.
    pub fn of(repeats: &[Score], good: &[Score], threshold: Threshold) -> Option<Self> {
        let (mean, deviation) = mean_and_deviation(repeats)?;
        let good_deviation = mean_and_deviation(good).map(|(_, deviation)| deviation).filter(|&found| found > 0.0);
        Some(Self {
            measurements: u32::try_from(repeats.len()).unwrap_or(u32::MAX),
            lowest: *repeats.iter().min()?,
            highest: *repeats.iter().max()?,
            mean,
            deviation,
            distance: unit(threshold.raw()) - mean,
            share_of_good: good_deviation.map(|good| deviation / good),
        })
    }

    /// Greatest less least score.
    pub fn range(&self) -> f64 {
        unit(self.highest.raw() - self.lowest.raw())
    }

    /// The distance in standard deviations; `None` if the score does not scatter at all.
    pub fn distance_in_deviations(&self) -> Option<f64> {
        (self.deviation > 0.0).then(|| self.distance / self.deviation)
    }

    /// What of the distance to the threshold the scatter takes up, 3s / distance, as a gauge's share of a one-sided
    /// tolerance (AIAG, Measurement Systems Analysis); `None` if the mean reaches the threshold.
    pub fn gauge_ratio(&self) -> Option<f64> {
        (self.distance > 0.0).then(|| 3.0 * self.deviation / self.distance)
    }

    /// Whether the part lies as far from the threshold as it should.
    pub fn is_sufficient(&self) -> bool {
        self.distance > 0.0 && self.distance >= MIN_DISTANCE * self.deviation
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scores(raw: &[u32]) -> Vec<Score> {
        raw.iter().map(|&raw| Score::new(raw).unwrap()).collect()
    }

    /// `statistics.mean` and `statistics.stdev` of Python's library.
    #[test]
    fn spread_and_distance() {
        let found =
            Repeatability::of(&scores(&[100, 104, 102, 98, 101]), &scores(&[90, 110]), Threshold::new(115).unwrap());
        let found = found.unwrap();
        let one = f64::from(Score::ONE);
        assert_eq!((found.measurements, found.range() * one), (5, 6.0));
        assert!((found.mean * one - 101.0).abs() < 1e-9);
        assert!((found.deviation * one - 2.23606797749979).abs() < 1e-9);
        assert!((found.distance * one - 14.0).abs() < 1e-9);
        assert!((found.distance_in_deviations().unwrap() - 6.26099033699941).abs() < 1e-9);
        assert!((found.gauge_ratio().unwrap() - 0.4791574237499549).abs() < 1e-9);
        assert!((found.share_of_good.unwrap() - 0.15811388300841897).abs() < 1e-9);
        assert!(found.is_sufficient());
        let near = |threshold| {
            Repeatability::of(&scores(&[100, 104, 102, 98, 101]), &[], Threshold::new(threshold).unwrap()).unwrap()
        };
        assert!(!near(114).is_sufficient());
        assert!(!near(101).is_sufficient() && near(101).gauge_ratio().is_none());
    }

    #[test]
    fn one_measurement_shows_nothing_and_equal_ones_no_scatter() {
        let threshold = Threshold::new(9).unwrap();
        assert_eq!(Repeatability::of(&scores(&[5]), &[], threshold), None);
        let still = Repeatability::of(&scores(&[5; 25]), &scores(&[5; 30]), threshold).unwrap();
        assert_eq!((still.deviation, still.distance_in_deviations(), still.share_of_good), (0.0, None, None));
        assert!(still.is_sufficient());
        assert!(!Repeatability::of(&scores(&[9; 25]), &[], threshold).unwrap().is_sufficient());
    }

    proptest! {
        #[test]
        fn no_scores_panic_and_the_range_holds_the_deviation(
            raw in proptest::collection::vec(0_u32..=1 << 25, 2..60), threshold in 0_u32..=(1 << 25) + 1,
        ) {
            let found = Repeatability::of(&scores(&raw), &scores(&raw), Threshold::new(threshold).unwrap()).unwrap();
            prop_assert!(found.deviation <= found.range() + 1e-12);
            let (lowest, highest) = (unit(found.lowest.raw()), unit(found.highest.raw()));
            prop_assert!(found.mean >= lowest - 1e-12 && found.mean <= highest + 1e-12);
        }
    }
}
