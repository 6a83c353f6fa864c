//! How much a figure moves, and with what: a table of its values, one row for each training seed, one column for each
//! split of the scores, taken apart into what the seeds do and what the splits do.

use serde::Serialize;

use crate::evaluation::{Interval, quantile};

/// The mean of a figure and where its spread comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Over all seeds and splits.
    pub mean: f64,
    /// From the 2.5th to the 97.5th percentile of all seeds and splits.
    pub interval95: Interval,
    /// Standard deviation that comes with the training seed; `None` with one seed.
    pub between_seeds: Option<f64>,
    /// Standard deviation that comes with which images the threshold is chosen on.
    pub between_splits: f64,
    /// What is left: splits that suit one seed and not another. `None` with one seed, where it is part of the splits'.
    pub rest: Option<f64>,
}

impl Spread {
    /// Of `values[seed][split]`, all rows of one length. `None` without values.
    ///
    /// With several seeds these are the variance components of a two-way random layout with one value a cell (Searle,
    /// Casella and McCulloch, "Variance Components", 1992, chapter 4), by the method of moments; a negative one is 0.
    pub fn of(values: &[Vec<f64>]) -> Option<Self> {
        let mut all = values.concat();
        if all.is_empty() {
            return None;
        }
        let (seeds, splits) = (values.len(), values[0].len());
        let mean = mean_of(&all);
        let rows: Vec<f64> = values.iter().map(|row| mean_of(row)).collect();
        let columns: Vec<f64> =
            (0..splits).map(|split| mean_of(&values.iter().map(|row| row[split]).collect::<Vec<_>>())).collect();
        let squares = |of: &[f64]| of.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let (of_rows, of_columns) = (splits as f64 * squares(&rows), seeds as f64 * squares(&columns));
        let of_rest = squares(&all) - of_rows - of_columns;
        let per = |sum: f64, freedom: usize| if freedom == 0 { 0.0 } else { sum / freedom as f64 };
        let rest = per(of_rest, (seeds - 1) * splits.saturating_sub(1));
        let component = |sum: f64, groups: usize, size: usize| {
            ((per(sum, groups.saturating_sub(1)) - rest) / size as f64).max(0.0).sqrt()
        };
        all.sort_unstable_by(f64::total_cmp);
        let several = seeds > 1;
        Some(Self {
            mean,
            interval95: Interval { low: quantile(&all, 0.025), high: quantile(&all, 0.975) },
            between_seeds: several.then(|| component(of_rows, seeds, splits)),
            between_splits: component(of_columns, splits, seeds),
            rest: several.then(|| rest.max(0.0).sqrt()),
        })
    }
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_seeds_do_and_what_the_splits_do() {
        // Seeds move the figure by 0, 1 and 2, splits by 0 and 10, nothing else: variances 1 and 50.
        let values: Vec<Vec<f64>> =
            (0..3).map(|seed| [0.0, 10.0].map(|split| f64::from(seed) + split).to_vec()).collect();
        let spread = Spread::of(&values).unwrap();
        assert_eq!(spread.mean, 6.0);
        assert!((spread.between_seeds.unwrap() - 1.0).abs() < 1e-9, "{spread:?}");
        assert!((spread.between_splits - 50f64.sqrt()).abs() < 1e-9 && spread.rest.unwrap() < 1e-6, "{spread:?}");
    }

    #[test]
    fn one_seed_says_nothing_of_seeds() {
        let spread = Spread::of(&[vec![0.5, 0.7, 0.9]]).unwrap();
        assert_eq!((spread.between_seeds, spread.rest), (None, None));
        assert!((spread.between_splits - 0.2).abs() < 1e-12 && (spread.interval95.low - 0.51).abs() < 1e-12);
        assert_eq!(Spread::of(&[vec![0.5], vec![0.5]]).unwrap().between_seeds, Some(0.0));
        assert_eq!((Spread::of(&[]), Spread::of(&[vec![]])), (None, None));
    }
}
