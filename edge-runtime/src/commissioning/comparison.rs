//! Whether good parts of this station score as those of the calibration did: an exact two-sample test on ranks.
//!
//! The evidence beside a threshold holds a few scores of the calibration whose ranks are known. If nothing has changed,
//! every order of all calibration and new scores together is equally likely, so the number of new scores beyond the
//! calibration score of rank j follows from ranks alone (negative hypergeometric distribution; exceedance or precedence
//! test: Gumbel and von Schelling 1950; Epstein 1954), whatever the scores. Equal scores make it conservative, since
//! only those that lie strictly beyond count. It does not know why scores changed.

use shared::score::{Score, Threshold};
use shared::wire::{ThresholdEvidence, Trial};

use crate::calibration::chance_of_as_many;

/// Below this p-value the scores are not those of the calibration: one station in a hundred is told so by chance.
pub const SIGNIFICANCE: f64 = 0.01;

/// With more calibration scores than this, the probabilities are not computed: rounding would spoil them.
const MAX_CALIBRATED: u32 = 10_000_000;

/// A calibration score whose rank is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// The greatest.
    Highest,
    /// The one that the threshold lies just above.
    Threshold,
    /// The median, of an even number the upper one.
    Median,
    /// The least.
    Lowest,
}

impl Landmark {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Highest => "highest",
            Self::Threshold => "threshold",
            Self::Median => "median",
            Self::Lowest => "lowest",
        }
    }
}

/// On which side of it new scores are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Strictly greater.
    Above,
    /// Strictly less.
    Below,
}

impl Direction {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

/// How many new scores lie beyond one calibration score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankTest {
    /// Which calibration score.
    pub landmark: Landmark,
    /// Its value.
    pub at: Score,
    /// On which side.
    pub direction: Direction,
    /// New scores there.
    pub count: u32,
    /// The mean of that number if nothing has changed.
    pub expected: f64,
    /// The probability of as many or more if nothing has changed.
    pub chance: f64,
    /// The same with all tests in mind (Holm 1979), at most 1.
    pub adjusted: f64,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// New scores.
    pub parts: u32,
    /// Calibration scores.
    pub calibrated: u32,
    /// Each test, two to five of them.
    pub tests: Vec<RankTest>,
    /// The probability of at least one count as unlikely as the most unlikely one, at most: the number of tests times
    /// the least chance, at most 1 (Bonferroni).
    pub p_value: f64,
}

impl Comparison {
    /// Holds `scores` against the calibration. `None` if there are no scores, or nothing is known of the calibration's.
    pub fn of(threshold: Threshold, evidence: &ThresholdEvidence, scores: &[Score]) -> Option<Self> {
        let (calibrated, rank, lowest, median, highest) = match *evidence {
            ThresholdEvidence::Calibrated { images, rank, lowest, median, highest, .. } => {
                (images, Some(rank), lowest, median, highest)
            }
            ThresholdEvidence::ByHand { trial: Some(Trial { images, lowest, median, highest, .. }) } => {
                (images, None, lowest, median, highest)
            }
            ThresholdEvidence::ByHand { trial: None } => return None,
        };
        if scores.is_empty() || calibrated == 0 || calibrated > MAX_CALIBRATED {
            return None;
        }
        // Ranks from the greatest, 1, to the least, n.
        let middle = calibrated - calibrated / 2;
        let mut landmarks = vec![(Landmark::Highest, Direction::Above, 1, highest)];
        let deciding = threshold.raw().checked_sub(1).and_then(Score::new);
        if let (Some(rank), Some(at)) = (rank.filter(|&rank| rank > 1 && rank < middle), deciding) {
            landmarks.push((Landmark::Threshold, Direction::Above, rank, at));
        }
        landmarks.push((Landmark::Median, Direction::Above, middle, median));
        landmarks.push((Landmark::Median, Direction::Below, middle, median));
        landmarks.push((Landmark::Lowest, Direction::Below, calibrated, lowest));
        let parts = u32::try_from(scores.len()).unwrap_or(u32::MAX);
        let tests = landmarks.into_iter().map(|(landmark, direction, rank, at)| {
            let beyond = |score: &&Score| match direction {
                Direction::Above => **score > at,
                Direction::Below => **score < at,
            };
            // The same from the other end.
            let rank = if direction == Direction::Above { rank } else { calibrated + 1 - rank };
            let count = scores.iter().filter(beyond).count() as u32;
            let expected = f64::from(parts) * f64::from(rank) / (f64::from(calibrated) + 1.0);
            let chance = chance_of_as_many(rank, calibrated, parts, count);
            RankTest { landmark, at, direction, count, expected, chance, adjusted: chance }
        });
        let mut tests: Vec<RankTest> = tests.collect();
        let p_value = adjust(&mut tests);
        Some(Self { parts, calibrated, tests, p_value })
    }

    /// Whether the scores are not those of the calibration.
    pub fn differs(&self) -> bool {
        self.p_value < SIGNIFICANCE
    }
}

/// Holm's step-down adjustment; gives the least adjusted value, which is Bonferroni's.
fn adjust(tests: &mut [RankTest]) -> f64 {
    let mut order: Vec<usize> = (0..tests.len()).collect();
    order.sort_by(|&a, &b| tests[a].chance.total_cmp(&tests[b].chance));
    let mut greatest: f64 = 0.0;
    for (place, &index) in order.iter().enumerate() {
        greatest = greatest.max(tests[index].chance * (order.len() - place) as f64).min(1.0);
        tests[index].adjusted = greatest;
    }
    order.first().map_or(1.0, |&first| tests[first].adjusted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calibration::{calibrate, threshold_from_text};
    use crate::test_random::SplitMix64;

    fn score(raw: u32) -> Score {
        Score::new(raw).unwrap()
    }

    fn compare(old: &[Score], rank: u32, new: &[Score]) -> Comparison {
        let (threshold, evidence) = calibrate(old, rank).unwrap();
        Comparison::of(threshold, &evidence, new).unwrap()
    }

    fn draw(random: &mut SplitMix64, count: usize, shift: f64) -> Vec<Score> {
        // Log-normal, as scores of good parts roughly are.
        let value = |random: &mut SplitMix64| (1e5 * (0.25 * (random.normal() + shift)).exp()) as u32;
        (0..count).map(|_| score(value(random))).collect()
    }

    /// Small numbers, every order of which is tried: the share of orders with as small a p-value never exceeds it.
    #[test]
    fn over_all_orders_the_p_value_is_conservative() {
        for (all, calibrated, rank) in [(9_u32, 4_u32, 1), (10, 6, 2), (12, 7, 3)] {
            let orders: Vec<u32> = (0..1_u32 << all).filter(|bits| bits.count_ones() == calibrated).collect();
            let mut p_values: Vec<f64> = Vec::new();
            for &bits in &orders {
                let (old, new): (Vec<u32>, Vec<u32>) = (0..all).partition(|value| bits & 1 << value != 0);
                let scores = |raw: &[u32]| raw.iter().map(|&raw| score(raw)).collect::<Vec<_>>();
                p_values.push(compare(&scores(&old), rank, &scores(&new)).p_value);
            }
            p_values.sort_by(f64::total_cmp);
            for (place, &p) in p_values.iter().enumerate() {
                // The number with a p-value of at most p: up to the last one that is equal.
                let as_small = p_values[place..].iter().take_while(|&&other| other <= p + 1e-12).count() + place;
                let share = as_small as f64 / orders.len() as f64;
                assert!(share <= p + 1e-9, "{share} of all orders have p <= {p}");
            }
        }
    }

    /// Four thousand commissionings where nothing has changed: at every level at most as many are told that something
    /// has, within four standard errors; with many equal scores too.
    #[test]
    fn p_values_are_conservative_where_nothing_has_changed() {
        let mut random = SplitMix64::new(6);
        let draws = 4_000;
        for (calibrated, parts, rank, coarse) in [(42, 30, 1, 1), (100, 30, 5, 1), (209, 25, 3, 20_000)] {
            let p_values: Vec<f64> = (0..draws)
                .map(|_| {
                    let mut draw = |count| {
                        let scores = draw(&mut random, count, 0.0);
                        scores.into_iter().map(|s| score(s.raw() / coarse)).collect::<Vec<_>>()
                    };
                    let (old, new) = (draw(calibrated), draw(parts));
                    compare(&old, rank, &new).p_value
                })
                .collect();
            for level in [SIGNIFICANCE, 0.05, 0.2, 0.5] {
                let share = p_values.iter().filter(|&&p| p <= level).count() as f64 / f64::from(draws);
                let error = (level * (1.0 - level) / f64::from(draws)).sqrt();
                assert!(share <= level + 4.0 * error, "{share} at or below {level}, n = {calibrated}, m = {parts}");
            }
        }
    }

    /// A shift of 1.5 standard deviations up or down is told by 30 parts in nine of ten commissionings; a scatter three
    /// times as wide in more than half. `--nocapture` shows how often.
    #[test]
    fn a_shift_is_found() {
        let mut random = SplitMix64::new(7);
        for (shift, spread, least) in [(1.5, 1.0, 0.9), (-1.5, 1.0, 0.9), (0.0, 3.0, 0.5)] {
            let found = (0..500).filter(|_| {
                let old = draw(&mut random, 60, 0.0);
                let new: Vec<Score> =
                    (0..30).map(|_| score((1e5 * (0.25 * (spread * random.normal() + shift)).exp()) as u32)).collect();
                compare(&old, 1, &new).differs()
            });
            let share = found.count() as f64 / 500.0;
            println!("shift {shift}, spread {spread}: found in {share} of 500 commissionings");
            assert!(share >= least, "{share} found at shift {shift}, spread {spread}");
        }
    }

    /// Counted by hand; the chances are 10 * 9 / (30 * 29) and 10 / 30.
    #[test]
    fn the_tests_are_those_of_the_ranks() {
        let old: Vec<Score> = (1..=20).map(|value| score(10 * value)).collect();
        let new: Vec<Score> = [5, 105, 155, 160, 171, 192, 201, 205, 110, 111].map(score).to_vec();
        let found = compare(&old, 3, &new);
        assert_eq!((found.parts, found.calibrated), (10, 20));
        let summary: Vec<_> =
            found.tests.iter().map(|test| (test.landmark, test.direction, test.at.raw(), test.count)).collect();
        assert_eq!(
            summary,
            [
                (Landmark::Highest, Direction::Above, 200, 2),
                (Landmark::Threshold, Direction::Above, 180, 3),
                (Landmark::Median, Direction::Above, 110, 7),
                (Landmark::Median, Direction::Below, 110, 2),
                (Landmark::Lowest, Direction::Below, 10, 1),
            ]
        );
        let chance = |index: usize| found.tests[index].chance;
        assert!((chance(0) - 3.0 / 29.0).abs() < 1e-9, "{}", chance(0));
        assert!((chance(4) - 1.0 / 3.0).abs() < 1e-9, "{}", chance(4));
        assert!((found.tests[0].expected - 10.0 / 21.0).abs() < 1e-12);
        assert!((found.tests[2].expected - 100.0 / 21.0).abs() < 1e-12);
        assert!(
            (found.p_value - (5.0 * found.tests.iter().map(|t| t.chance).fold(1.0, f64::min)).min(1.0)).abs() < 1e-12
        );
    }

    #[test]
    fn a_threshold_by_hand_is_compared_by_its_trial_or_not_at_all() {
        let threshold = threshold_from_text("0.001").unwrap();
        let new = [score(7); 30];
        let untried = ThresholdEvidence::ByHand { trial: None };
        assert_eq!(Comparison::of(threshold, &untried, &new), None);
        let trial = Trial {
            images: 40,
            rejected: 0,
            upper95_false_rejects_ppm: 72_157,
            lowest: score(1),
            median: score(2),
            highest: score(3),
        };
        let found = Comparison::of(threshold, &ThresholdEvidence::ByHand { trial: Some(trial) }, &new).unwrap();
        assert_eq!(found.tests.len(), 4);
        assert!(found.differs() && found.tests[0].count == 30);
        let none: &[Score] = &[];
        assert_eq!(Comparison::of(threshold, &ThresholdEvidence::ByHand { trial: Some(trial) }, none), None);
    }

    proptest! {
        #[test]
        fn no_evidence_panics_and_p_is_a_probability(
            images in prop_oneof![1_u32..60, 1_u32..=u32::MAX],
            rank: prop::sample::Index,
            raw in proptest::collection::vec(0_u32..9, 0..40),
        ) {
            let evidence = ThresholdEvidence::Calibrated {
                images,
                rank: rank.index(images as usize) as u32 + 1,
                average_false_rejects_ppm: 1,
                upper95_false_rejects_ppm: 1,
                lowest: score(2),
                median: score(4),
                highest: score(6),
            };
            let scores: Vec<Score> = raw.into_iter().map(score).collect();
            if let Some(found) = Comparison::of(Threshold::new(6).unwrap(), &evidence, &scores) {
                prop_assert!((0.0..=1.0).contains(&found.p_value));
                let ordered = |test: &RankTest| test.chance <= test.adjusted + 1e-12 && test.adjusted <= 1.0;
                prop_assert!(found.tests.iter().all(ordered));
            }
        }
    }
}
