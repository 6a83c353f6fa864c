//! Tail probabilities of the binomial distribution, and the beta quantiles that follow from them.

/// P(X >= k) for X binomial with `n` trials of probability `p`.
fn upper_tail(n: u32, k: u32, p: f64) -> f64 {
    // P(X < k), term by term: k is small here, n may be large.
    let mut log_term = f64::from(n) * (-p).ln_1p();
    let mut below = 0.0;
    for i in 0..k {
        below += log_term.exp();
        log_term += (f64::from(n - i) / f64::from(i + 1)).ln() + p.ln() - (-p).ln_1p();
    }
    1.0 - below
}

/// The `level` quantile of Beta(r, n + 1 - r): the false-reject rate that is exceeded with probability 1 - `level` when
/// the threshold is the r-th largest of n good scores.
///
/// From P(Beta(r, n + 1 - r) <= p) = P(Binomial(n, p) >= r), by bisection to the last bit that matters.
pub fn beta_quantile(r: u32, n: u32, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if upper_tail(n, r, middle) < level { low = middle } else { high = middle }
    }
    high
}

/// The interval of Clopper and Pearson (Biometrika 26, 1934) for a probability of which `successes` of `trials` were
/// seen, two-sided with the given `confidence`. It covers the true probability at least that often, whatever it is.
///
/// No trials allow (0, 1). `successes` beyond `trials` count as `trials`.
pub fn clopper_pearson(successes: u32, trials: u32, confidence: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - confidence);
    let k = successes.min(trials);
    let low = if k == 0 { 0.0 } else { beta_quantile(k, trials, tail) };
    (low, clopper_pearson_upper(k, trials, 1.0 - tail))
}

/// The one-sided upper bound to [`clopper_pearson`]: with `confidence` the probability is at most this.
pub fn clopper_pearson_upper(successes: u32, trials: u32, confidence: f64) -> f64 {
    if successes >= trials { 1.0 } else { beta_quantile(successes + 1, trials, confidence) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn clopper_pearson_holds_what_was_seen_and_mirrors(trials in 1u32..200, part in 0u32..200) {
            let successes = part % (trials + 1);
            let (low, high) = clopper_pearson(successes, trials, 0.95);
            let seen = f64::from(successes) / f64::from(trials);
            prop_assert!((0.0..=seen).contains(&low) && (seen..=1.0).contains(&high), "{low} {seen} {high}");
            let (mirrored_low, mirrored_high) = clopper_pearson(trials - successes, trials, 0.95);
            prop_assert!((low + mirrored_high - 1.0).abs() < 1e-9 && (high + mirrored_low - 1.0).abs() < 1e-9);
            // The ends are where seeing as many, or as few, has the probability of a tail.
            if successes > 0 {
                prop_assert!((upper_tail(trials, successes, low) - 0.025).abs() < 1e-9);
            }
            if successes < trials {
                prop_assert!((1.0 - upper_tail(trials, successes + 1, high) - 0.025).abs() < 1e-9);
            }
            prop_assert!(clopper_pearson_upper(successes, trials, 0.95) <= high);
        }
    }

    /// The bound's definition, with the tail summed in the plain way.
    #[test]
    fn at_the_bound_so_few_are_seen_in_one_case_of_twenty() {
        for (k, n) in [(0_u32, 20_u32), (3, 20), (19, 20), (5, 100), (40, 60)] {
            let p = clopper_pearson_upper(k, n, 0.95);
            let choose = |i: u32| (0..i).map(|j| f64::from(n - j) / f64::from(j + 1)).product::<f64>();
            let term = |i: u32| choose(i) * p.powi(i as i32) * (1.0 - p).powi((n - i) as i32);
            let tail: f64 = (0..=k).map(term).sum();
            assert!((tail - 0.05).abs() < 1e-9, "{k} of {n}: bound {p}, tail {tail}");
        }
        assert_eq!(clopper_pearson_upper(7, 7, 0.95), 1.0);
    }

    #[test]
    fn rank_one_has_a_closed_form() {
        for n in [20, 50, 100, 209, 300, 1000, 3000] {
            let expected = 1.0 - 0.05f64.powf(1.0 / f64::from(n));
            assert!((beta_quantile(1, n, 0.95) - expected).abs() < 1e-12, "n = {n}");
        }
    }

    /// `scipy.stats.beta.ppf(0.95, r, n + 1 - r)`, scipy 1.16.
    #[test]
    fn higher_ranks_agree_with_scipy() {
        for (r, n, expected) in SCIPY_BETA_PPF {
            assert!((beta_quantile(r, n, 0.95) - expected).abs() < 1e-9, "r = {r}, n = {n}");
        }
    }

    const SCIPY_BETA_PPF: [(u32, u32, f64); 3] =
        [(2, 42, 0.10803769616121207), (5, 100, 0.08919625015887987), (20, 20, 0.9974386212234697)];
}
