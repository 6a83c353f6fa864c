//! Image-level counts at the stored threshold, and the rates that follow. A part that the station rejects is called
//! defective; a Fault is a reject.

use super::interval::Interval;
use crate::calibration::{clopper_pearson, clopper_pearson_upper};

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

/// What the number of parts allows to say about a rate.
///
/// The bounds are those of Clopper and Pearson (1934): they hold whatever the rate is, if the parts are independent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateBounds {
    /// Two-sided, 95 %.
    pub interval95: Interval,
    /// One-sided: with 95 % confidence the rate is at most this.
    pub upper95: f64,
}

impl RateBounds {
    /// For a rate observed as `part` of `whole` parts; `None` of none.
    pub fn of(part: usize, whole: usize) -> Option<Self> {
        let (k, n) = (u32::try_from(part).ok()?, u32::try_from(whole).ok().filter(|&n| n > 0)?);
        let (low, high) = clopper_pearson(k, n, 0.95);
        Some(Self { interval95: Interval { low, high }, upper95: clopper_pearson_upper(k, n, 0.95) })
    }
}

impl Counts {
    /// Adds one part.
    pub fn add(&mut self, good: bool, rejected: bool) {
        let rejected = usize::from(rejected);
        if good {
            self.good += 1;
            self.good_rejected += rejected;
        } else {
            self.defective += 1;
            self.defective_rejected += rejected;
        }
    }

    /// Good parts rejected, of all good parts; `None` without any.
    pub fn false_reject_rate(&self) -> Option<f64> {
        ratio(self.good_rejected, self.good)
    }

    /// The bounds of the false-reject rate.
    pub fn false_reject_bounds(&self) -> Option<RateBounds> {
        RateBounds::of(self.good_rejected, self.good)
    }

    /// Defective parts passed, of all defective parts; `None` without any.
    pub fn escape_rate(&self) -> Option<f64> {
        ratio(self.defective - self.defective_rejected, self.defective)
    }

    /// The bounds of the escape rate.
    pub fn escape_bounds(&self) -> Option<RateBounds> {
        RateBounds::of(self.defective - self.defective_rejected, self.defective)
    }

    /// Defective parts among the rejected ones; `None` if nothing was rejected.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.defective_rejected, self.defective_rejected + self.good_rejected)
    }

    /// Rejected parts among the defective ones; `None` without any.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.defective_rejected, self.defective)
    }

    /// Good parts among the passed ones; `None` if nothing passed.
    pub fn precision_good_positive(&self) -> Option<f64> {
        let (good, defective) = (self.good - self.good_rejected, self.defective - self.defective_rejected);
        ratio(good, good + defective)
    }

    /// Passed parts among the good ones; `None` without any.
    pub fn recall_good_positive(&self) -> Option<f64> {
        ratio(self.good - self.good_rejected, self.good)
    }

    /// F1 of these verdicts; `None` without defective parts.
    pub fn f1(&self) -> Option<f64> {
        (self.defective > 0).then(|| f1_of(self.defective_rejected, self.good_rejected, self.defective))
    }

    /// F1 of these verdicts with good as the positive class; `None` without good parts.
    pub fn f1_good_positive(&self) -> Option<f64> {
        let (good, defective) = (self.good - self.good_rejected, self.defective - self.defective_rejected);
        (self.good > 0).then(|| f1_of(good, defective, self.good))
    }

    /// F1 of rejecting everything: what any other F1 has to be read against.
    pub fn f1_reject_all(&self) -> Option<f64> {
        (self.defective > 0).then(|| f1_of(self.defective, self.good, self.defective))
    }

    /// F1 of passing everything, with good as the positive class.
    pub fn f1_pass_all_good_positive(&self) -> Option<f64> {
        (self.good > 0).then(|| f1_of(self.good, self.defective, self.good))
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn f1_of(true_positives: usize, false_positives: usize, positives: usize) -> f64 {
    f1(true_positives as u64, false_positives as u64, positives as u64)
}

/// 2 TP / (2 TP + FP + FN), where `positives` is TP + FN; 0 if there is nothing at all.
pub fn f1(true_positives: u64, false_positives: u64, positives: u64) -> f64 {
    let denominator = true_positives + false_positives + positives;
    if denominator == 0 { 0.0 } else { 2.0 * true_positives as f64 / denominator as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejecting_everything_on_the_paper_s_bottle_test_set() {
        let counts = Counts { good: 20, good_rejected: 20, defective: 63, defective_rejected: 63 };
        assert!((counts.f1_reject_all().unwrap() - 0.863).abs() < 5e-4);
        assert_eq!(counts.f1(), counts.f1_reject_all());
        assert_eq!(counts.escape_rate(), Some(0.0));
        assert_eq!(counts.false_reject_rate(), Some(1.0));
        assert_eq!((counts.precision_good_positive(), counts.recall_good_positive()), (None, Some(0.0)));
        assert_eq!(counts.f1_good_positive(), Some(0.0));
    }

    #[test]
    fn none_missed_of_31_still_allows_nine_per_cent() {
        let mut counts = Counts::default();
        (0..31).for_each(|_| counts.add(false, true));
        let rate = counts.escape_bounds().unwrap();
        assert_eq!(rate.interval95.low, 0.0);
        assert!((rate.upper95 - (1.0 - 0.05f64.powf(1.0 / 31.0))).abs() < 1e-12);
        assert!((rate.upper95 - 0.092).abs() < 5e-4);
        // The two-sided bound is the wider one.
        assert!((rate.interval95.high - (1.0 - 0.025f64.powf(1.0 / 31.0))).abs() < 1e-12);
        assert_eq!(counts.false_reject_bounds(), None);
    }
}
