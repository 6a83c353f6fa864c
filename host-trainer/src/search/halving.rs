//! Successive halving (Jamieson and Talwalkar 2016): all trials train for a few epochs, the better part of them goes on for
//! more, and so on, so that most of the time goes to the trials that deserve it.
//!
//! It knows numbers of epochs and objectives alone.

/// How trials are thinned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// Epochs of a trial that is never dropped.
    pub epochs: usize,
    /// One in so many goes on; 1 lets all of them go on to the end.
    pub factor: usize,
    /// How often trials are dropped.
    pub rungs: usize,
}

impl Halving {
    /// Epochs after which a trial stands at `rung`, 0 the first; the last is [`Self::rungs`].
    pub fn epochs_at(self, rung: usize) -> usize {
        let left = u32::try_from(self.rungs.saturating_sub(rung)).unwrap_or(u32::MAX);
        self.factor.max(1).checked_pow(left).map_or(1, |divisor| self.epochs.div_ceil(divisor)).max(1)
    }

    /// The indices of the trials that go on from a rung, the best first, of `(index, objective)` pairs: at least one. A
    /// trial without an objective does not.
    pub fn survivors(self, mut trials: Vec<(usize, f64)>) -> Vec<usize> {
        trials.retain(|(_, objective)| objective.is_finite());
        trials.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        trials.truncate((trials.len() / self.factor.max(1)).max(1));
        trials.into_iter().map(|(index, _)| index).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_multiply_and_trials_divide() {
        let halving = Halving { epochs: 27, factor: 3, rungs: 2 };
        assert_eq!([0, 1, 2].map(|rung| halving.epochs_at(rung)), [3, 9, 27]);
        assert_eq!(Halving { epochs: 2, factor: 10, rungs: 60 }.epochs_at(0), 1);
        assert_eq!(Halving { epochs: 5, factor: 1, rungs: 0 }.epochs_at(0), 5);
        let objectives = vec![(0, 0.1), (1, 0.9), (2, f64::NAN), (3, 0.5), (4, 0.9), (5, 0.2), (6, 0.0)];
        assert_eq!(halving.survivors(objectives), [1, 4]);
        assert_eq!(halving.survivors(vec![(7, 0.3)]), [7]);
        assert_eq!(halving.survivors(vec![(7, f64::NAN)]), [0; 0]);
    }
}
