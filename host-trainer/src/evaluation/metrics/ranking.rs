//! Figures that depend on the order of scores alone: AUROC, average precision, the best F1. Ties count as scikit-learn
//! counts them; no threshold can tell tied items apart.
//!
//! Each takes levels from the highest score down and gives `None` where a class that it needs is empty.

use super::counts::f1;
use super::ladder::{Ladder, Level, totals};

/// The probability that a positive item scores above a negative one, ties counted half (Mann-Whitney U). Exact but for
/// the last division.
pub fn auroc(levels: &[Level]) -> Option<f64> {
    let all = totals(levels);
    let mut below = all.negatives;
    let mut twice = 0u128;
    for level in levels {
        below -= level.negatives;
        twice += u128::from(level.positives) * (2 * u128::from(below) + u128::from(level.negatives));
    }
    let pairs = u128::from(all.negatives) * u128::from(all.positives);
    (pairs > 0).then(|| twice as f64 / (2.0 * pairs as f64))
}

/// The sum over the levels of the recall gained there times the precision reached there: scikit-learn's
/// `average_precision_score`, without interpolation.
pub fn average_precision(levels: &[Level]) -> Option<f64> {
    let all = totals(levels);
    let (mut found, mut called, mut sum) = (0u64, 0u64, 0.0);
    for level in levels {
        found += level.positives;
        called += level.positives + level.negatives;
        if level.positives > 0 {
            sum += level.positives as f64 * (found as f64 / called as f64);
        }
    }
    (all.positives > 0).then(|| sum / all.positives as f64)
}

/// The highest F1 of the positive class over all thresholds, chosen with knowledge of the labels.
pub fn f1_max(levels: &[Level]) -> Option<f64> {
    let all = totals(levels);
    let (mut found, mut called, mut best) = (0, 0, 0.0f64);
    for level in levels {
        found += level.positives;
        called += level.positives + level.negatives;
        best = best.max(f1(found, called - found, all.positives));
    }
    (all.positives > 0).then_some(best)
}

/// The highest F1 of the negative class, the good parts, over the thresholds at the levels. To pass everything is among
/// them only if the first level is empty.
pub fn f1_max_good_positive(levels: &[Level]) -> Option<f64> {
    let all = totals(levels);
    let (mut passed, mut best) = (all, 0.0f64);
    for level in levels {
        passed.negatives -= level.negatives;
        passed.positives -= level.positives;
        best = best.max(f1(passed.negatives, passed.positives, all.negatives));
    }
    (all.negatives > 0).then_some(best)
}

/// AUROC of single scores.
pub fn image_auroc<S: Ord + Copy>(good: &[S], defective: &[S]) -> Option<f64> {
    auroc(Ladder::new(good, defective).levels())
}

/// The highest F1 over all thresholds, of single scores.
pub fn best_f1<S: Ord + Copy>(good: &[S], defective: &[S]) -> Option<f64> {
    f1_max(Ladder::new(good, defective).levels())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn precision(good: &[u32], defective: &[u32]) -> Option<f64> {
        average_precision(Ladder::new(good, defective).levels())
    }

    #[test]
    fn auroc_by_hand() {
        assert_eq!(image_auroc(&[1, 2, 3], &[4, 5]), Some(1.0));
        assert_eq!(image_auroc(&[4, 5], &[1, 2, 3]), Some(0.0));
        assert_eq!(image_auroc(&[1, 2], &[2, 3]), Some(0.875)); // 2 beats 1, ties 2; 3 beats both
        assert_eq!(image_auroc(&[7, 7], &[7]), Some(0.5));
        assert_eq!(image_auroc::<u32>(&[], &[1]), None);
        // As many pixels as a terabyte of images has: no overflow.
        let many = [Level { negatives: 0, positives: 1 << 40 }, Level { negatives: 1 << 40, positives: 0 }];
        assert_eq!(auroc(&many), Some(1.0));
    }

    #[test]
    fn average_precision_by_hand() {
        assert_eq!(precision(&[1, 2, 3], &[4, 5]), Some(1.0));
        // Ranks of the defective ones: 2 and 4. (1/2 + 2/4) / 2.
        assert_eq!(precision(&[2, 4], &[1, 3]), Some(0.5));
        // Tied throughout: the share of defective items.
        assert_eq!(precision(&[7, 7, 7], &[7]), Some(0.25));
        assert_eq!(precision(&[1], &[]), None);
        assert_eq!(precision(&[], &[1]), Some(1.0));
    }

    #[test]
    fn best_f1_by_hand() {
        assert_eq!(best_f1(&[1, 2, 3], &[4, 5]), Some(1.0));
        // reject from 2 up: both defective, one good: 4 / (4 + 1) = 0.8
        assert_eq!(best_f1(&[1, 2], &[2, 3]), Some(0.8));
        assert_eq!(best_f1(&[1], &[]), None);
        // Good ones of 1 and 2 among 1, 2, 2, 3: pass below 3, of three passed two are good: 4 / (3 + 2) = 0.8
        let good = |rungs: &[u32]| f1_max_good_positive(Ladder::with_rungs(&[1, 2], &[2, 3], rungs).levels());
        assert_eq!(good(&[]), Some(0.8));
        // Where everything is tied, passing all is the best: 2 * 3 / (4 + 3), if it may be had at all.
        let tied = |rungs: &[u32]| f1_max_good_positive(Ladder::with_rungs(&[7, 7, 7], &[7], rungs).levels());
        assert_eq!(tied(&[9]), Some(6.0 / 7.0));
        assert_eq!(tied(&[]), Some(0.0));
    }

    fn scores() -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(0u32..12, 1..40)
    }

    proptest! {
        #[test]
        fn every_figure_is_a_share(good in scores(), defective in scores()) {
            let ladder = Ladder::with_rungs(&good, &defective, &[99]);
            let share = defective.len() as f64 / (good.len() + defective.len()) as f64;
            let (n, p) = (good.len() as u64, defective.len() as u64);
            let (reject_all, pass_all) = (f1(p, n, p), f1(n, p, n));
            for (figure, least) in [
                (auroc(ladder.levels()), 0.0),
                (average_precision(ladder.levels()), share / 2.0),
                (f1_max(ladder.levels()), reject_all),
                (f1_max_good_positive(ladder.levels()), pass_all),
            ] {
                let figure = figure.unwrap();
                prop_assert!((least - 1e-12..=1.0).contains(&figure), "{figure}, at least {least}");
            }
        }

        #[test]
        fn only_the_order_matters(good in scores(), defective in scores()) {
            let monotone = |scores: &[u32]| scores.iter().map(|&s| s * s * s + 5).collect::<Vec<_>>();
            let (ladder, other) =
                (Ladder::new(&good, &defective), Ladder::new(&monotone(&good), &monotone(&defective)));
            prop_assert_eq!(ladder.levels(), other.levels());
            let mut shuffled = good.clone();
            shuffled.reverse();
            prop_assert_eq!(ladder, Ladder::new(&shuffled, &defective));
        }

        #[test]
        fn swapping_the_classes_turns_auroc_round(good in scores(), defective in scores()) {
            let a = image_auroc(&good, &defective).unwrap();
            prop_assert!((a + image_auroc(&defective, &good).unwrap() - 1.0).abs() < 1e-12);
            let turned = |scores: &[u32]| scores.iter().map(|&s| 99 - s).collect::<Vec<_>>();
            let (turned_good, turned_defective) = (turned(&good), turned(&defective));
            prop_assert!((a - image_auroc(&turned_defective, &turned_good).unwrap()).abs() < 1e-12);
            // The two F1 are one function of classes and order.
            let forward = Ladder::with_rungs(&good, &defective, &[99]);
            let backward = Ladder::new(&turned_defective, &turned_good);
            prop_assert_eq!(f1_max_good_positive(forward.levels()), f1_max(backward.levels()));
        }

        #[test]
        fn auroc_is_the_share_of_pairs_in_order(good in scores(), defective in scores()) {
            let pairs = good.iter().flat_map(|g| defective.iter().map(move |d| (g, d)));
            let twice: usize = pairs.map(|(g, d)| usize::from(d > g) + usize::from(d >= g)).sum();
            let expected = twice as f64 / (2 * good.len() * defective.len()) as f64;
            prop_assert!((image_auroc(&good, &defective).unwrap() - expected).abs() < 1e-12);
        }

        #[test]
        fn average_precision_sums_steps_of_the_curve(good in scores(), defective in scores()) {
            let mut thresholds: Vec<u32> = good.iter().chain(&defective).copied().collect();
            thresholds.sort_unstable();
            thresholds.dedup();
            let (mut expected, mut recall) = (0.0, 0.0);
            for &threshold in thresholds.iter().rev() {
                let called = |scores: &[u32]| scores.iter().filter(|&&s| s >= threshold).count() as f64;
                let next = called(&defective) / defective.len() as f64;
                expected += (next - recall) * called(&defective) / (called(&defective) + called(&good));
                recall = next;
            }
            prop_assert!((precision(&good, &defective).unwrap() - expected).abs() < 1e-12);
        }
    }
}
