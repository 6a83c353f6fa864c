//! The paper's way to a threshold: 30 % of the good and 30 % of the defective test scores are looked at, the threshold is
//! the one with the fewest misclassifications there, and the rest of the scores is judged by it.
//!
//! It knows scores (Q24) and labels. That a threshold needs defective parts is the paper's way, not the station's.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

use crate::evaluation::Counts;
use crate::random::shuffle;

/// The share of the scores that the threshold is chosen on, in percent.
const CHOSEN_ON_PERCENT: usize = 30;
/// The seed of all splits; each has a stream of its own.
const SEED: u64 = 1;

/// Which scores of each class the threshold is chosen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSplit {
    good: Vec<bool>,
    defective: Vec<bool>,
}

/// What one split gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// A part is called defective from this score on, Q24.
    pub threshold: u32,
    /// F1 on the rest of the scores, the defective parts positive.
    pub f1: f64,
    /// F1 with the good parts positive.
    pub f1_good_positive: f64,
}

impl ScoreSplit {
    /// Split `number` of so many scores. The same for every model, so that models are compared on the same images.
    pub fn draw(number: usize, good: usize, defective: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        rng.set_stream(number as u64);
        let mut of = |count: usize| {
            let mut order: Vec<usize> = (0..count).collect();
            shuffle(&mut rng, &mut order);
            let mut chosen = vec![false; count];
            order[..(CHOSEN_ON_PERCENT * count + 50) / 100].iter().for_each(|&index| chosen[index] = true);
            chosen
        };
        Self { good: of(good), defective: of(defective) }
    }

    /// Whether a threshold is chosen on the defective image with this index.
    pub fn chooses_on_defective(&self, index: usize) -> bool {
        self.defective[index]
    }

    /// Chooses the threshold and judges the rest by it. `None` if a class has no score on either side.
    pub fn judge(&self, good: &[u32], defective: &[u32]) -> Option<Judgement> {
        let part = |scores: &[u32], chosen: &[bool], which: bool| -> Vec<u32> {
            scores.iter().zip(chosen).filter(|&(_, &chosen)| chosen == which).map(|(&score, _)| score).collect()
        };
        let threshold = threshold_of(&part(good, &self.good, true), &part(defective, &self.defective, true))?;
        let counts = self.counts(good, defective, |score| score >= threshold);
        Some(Judgement { threshold, f1: counts.f1()?, f1_good_positive: counts.f1_good_positive()? })
    }

    /// F1 on the rest if everything is called defective, and if everything is called good with good parts positive.
    pub fn without_looking(&self) -> Option<[f64; 2]> {
        let counts = self.counts(&vec![0; self.good.len()], &vec![0; self.defective.len()], |_| true);
        Some([counts.f1_reject_all()?, counts.f1_pass_all_good_positive()?])
    }

    fn counts(&self, good: &[u32], defective: &[u32], rejected: impl Fn(u32) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (scores, chosen, is_good) in [(good, &self.good, true), (defective, &self.defective, false)] {
            let rest = scores.iter().zip(chosen).filter(|&(_, &chosen)| !chosen);
            rest.for_each(|(&score, _)| counts.add(is_good, rejected(score)));
        }
        counts
    }
}

/// The threshold with the fewest misclassifications: a score of it or more is called defective. Among several the middle
/// of the widest gap between two scores, then the lowest. `None` without scores of both classes.
pub fn threshold_of(good: &[u32], defective: &[u32]) -> Option<u32> {
    if good.is_empty() || defective.is_empty() {
        return None;
    }
    let mut scores = [good, defective].concat();
    scores.sort_unstable();
    scores.dedup();
    let between = scores.windows(2).map(|pair| (pair[0] + (pair[1] - pair[0]).div_ceil(2), pair[1] - pair[0]));
    // To call everything defective, or nothing, lies in no gap.
    let ends = [(scores[0], 0), (scores[scores.len() - 1].saturating_add(1), 0)];
    let wrong = |threshold: u32| {
        let rejected = good.iter().filter(|&&score| score >= threshold).count();
        let passed = defective.iter().filter(|&&score| score < threshold).count();
        rejected + passed
    };
    let better = |&(threshold, gap): &(u32, u32)| (wrong(threshold), u32::MAX - gap, threshold);
    between.chain(ends).min_by_key(better).map(|(threshold, _)| threshold)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thresholds_by_hand() {
        assert_eq!(threshold_of(&[1, 2, 10], &[20, 30]), Some(15));
        // Two gaps with no mistake between neighbours: one mistake either way, the wider gap wins.
        assert_eq!(threshold_of(&[10, 40], &[20, 70]), Some(55));
        // Upside down: to call everything defective misses least.
        assert_eq!(threshold_of(&[9], &[1, 2]), Some(1));
        assert_eq!(threshold_of(&[5, 6], &[1]), Some(7));
        assert_eq!(threshold_of(&[5], &[5]), Some(5));
        assert_eq!((threshold_of(&[], &[1]), threshold_of(&[1], &[])), (None, None));
    }

    #[test]
    fn thirty_per_cent_of_each_class_are_looked_at() {
        let split = ScoreSplit::draw(0, 20, 63);
        let chosen = |of: &[bool]| of.iter().filter(|&&chosen| chosen).count();
        assert_eq!((chosen(&split.good), chosen(&split.defective)), (6, 19)); // 18.9 rounded
        assert_eq!(split, ScoreSplit::draw(0, 20, 63));
        assert_ne!(split, ScoreSplit::draw(1, 20, 63));
    }

    #[test]
    fn the_paper_s_bottle_without_looking() {
        // 14 good and 44 defective images remain: 2 * 44 / (2 * 44 + 14), and 2 * 14 / (2 * 14 + 44).
        let [reject_all, pass_all] = ScoreSplit::draw(0, 20, 63).without_looking().unwrap();
        assert!((reject_all - 88.0 / 102.0).abs() < 1e-12 && (pass_all - 28.0 / 72.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn no_threshold_is_wrong_less_often(
            good in proptest::collection::vec(0u32..40, 1..12),
            defective in proptest::collection::vec(0u32..40, 1..12),
        ) {
            let wrong = |t: u32| good.iter().filter(|&&s| s >= t).count() + defective.iter().filter(|&&s| s < t).count();
            let least = (0..=41).map(wrong).min().unwrap();
            prop_assert_eq!(wrong(threshold_of(&good, &defective).unwrap()), least);
        }

        #[test]
        fn separate_classes_are_told_apart(gap in 1u32..50, number in 0usize..50) {
            let (good, defective): (Vec<u32>, Vec<u32>) = ((0..10).collect(), (9 + gap..40 + gap).collect());
            let judged = ScoreSplit::draw(number, good.len(), defective.len()).judge(&good, &defective).unwrap();
            prop_assert!(judged.f1 > 0.8 && judged.f1_good_positive > 0.4);
        }
    }
}
