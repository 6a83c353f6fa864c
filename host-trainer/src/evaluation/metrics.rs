//! Image-level metrics. Defective is the positive class; a part that the station rejects is called defective.

/// How many parts of each class were rejected. A Fault counts as a reject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good parts.
    pub good: usize,
    /// Good parts rejected.
    pub good_rejected: usize,
    /// Defective parts.
    pub defective: usize,
    /// Defective parts rejected.
    pub defective_rejected: usize,
}

impl Counts {
    /// Good parts rejected, of all good parts; `None` without any.
    pub fn false_reject_rate(&self) -> Option<f64> {
        ratio(self.good_rejected, self.good)
    }

    /// Defective parts passed, of all defective parts; `None` without any.
    pub fn escape_rate(&self) -> Option<f64> {
        ratio(self.defective - self.defective_rejected, self.defective)
    }

    /// F1 of these verdicts; `None` without defective parts.
    pub fn f1(&self) -> Option<f64> {
        (self.defective > 0).then(|| f1(self.defective_rejected, self.good_rejected, self.defective))
    }

    /// F1 of rejecting everything: what any other F1 has to be read against.
    pub fn f1_reject_all(&self) -> Option<f64> {
        (self.defective > 0).then(|| f1(self.defective, self.good, self.defective))
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// 2 TP / (2 TP + FP + FN).
pub fn f1(true_positives: usize, false_positives: usize, positives: usize) -> f64 {
    let denominator = true_positives + false_positives + positives;
    if denominator == 0 { 0.0 } else { 2.0 * true_positives as f64 / denominator as f64 }
}

/// The probability that a defective part scores above a good one, ties counted half (Mann-Whitney U); `None` if a class
/// is empty.
pub fn image_auroc<S: Ord + Copy>(good: &[S], defective: &[S]) -> Option<f64> {
    if good.is_empty() || defective.is_empty() {
        return None;
    }
    let mut good = good.to_vec();
    good.sort_unstable();
    let twice: usize =
        defective.iter().map(|s| good.partition_point(|g| g < s) + good.partition_point(|g| g <= s)).sum();
    Some(twice as f64 / (2.0 * good.len() as f64 * defective.len() as f64))
}

/// The highest F1 over all thresholds, chosen with knowledge of the labels; `None` without defective parts.
pub fn best_f1<S: Ord + Copy>(good: &[S], defective: &[S]) -> Option<f64> {
    defective
        .iter()
        .map(|&threshold| {
            let rejected = |scores: &[S]| scores.iter().filter(|&&s| s >= threshold).count();
            f1(rejected(defective), rejected(good), defective.len())
        })
        .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_by_hand() {
        assert_eq!(image_auroc(&[1, 2, 3], &[4, 5]), Some(1.0));
        assert_eq!(image_auroc(&[4, 5], &[1, 2, 3]), Some(0.0));
        assert_eq!(image_auroc(&[1, 2], &[2, 3]), Some(0.875)); // 2 beats 1, ties 2; 3 beats both
        assert_eq!(image_auroc(&[7, 7], &[7]), Some(0.5));
        assert_eq!(image_auroc::<u32>(&[], &[1]), None);
    }

    #[test]
    fn best_f1_by_hand() {
        assert_eq!(best_f1(&[1, 2, 3], &[4, 5]), Some(1.0));
        // reject from 2 up: both defective, one good: 4 / (4 + 1) = 0.8
        assert_eq!(best_f1(&[1, 2], &[2, 3]), Some(0.8));
        assert_eq!(best_f1::<u32>(&[1], &[]), None);
    }

    #[test]
    fn rejecting_everything_on_the_paper_s_bottle_test_set() {
        let counts = Counts { good: 20, good_rejected: 20, defective: 63, defective_rejected: 63 };
        assert!((counts.f1_reject_all().unwrap() - 0.863).abs() < 5e-4);
        assert_eq!(counts.f1(), counts.f1_reject_all());
        assert_eq!(counts.escape_rate(), Some(0.0));
        assert_eq!(counts.false_reject_rate(), Some(1.0));
    }
}
