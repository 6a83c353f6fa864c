//! A chart's axis: from 0 where the values allow it, logarithmic where they span too much, with round ticks.
//!
//! It implements plotters' [`Ranged`], so that plotters draws it, and knows no pixels of its own.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// The most intervals between the ticks of a linear axis.
const INTERVALS: f64 = 6.0;

/// Values from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Axis {
    /// From `low` to `high`; from `low` to `low + 1` if that is no range.
    pub fn linear(low: f64, high: f64) -> Self {
        let high = if high > low && high.is_finite() { high } else { low + 1.0 };
        Self { low, high, logarithmic: false }
    }

    /// An axis that holds all finite `values`, none of them at its upper end. Linear from 0 unless all values are
    /// positive and the greatest is more than `ratio` times the least: then logarithmic.
    pub fn fitting(values: impl IntoIterator<Item = f64>, ratio: f64) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0f64);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            least = least.min(value);
            greatest = greatest.max(value);
        }
        if least > 0.0 && greatest > least * ratio {
            let low = one_two_five_below(least);
            return Self { low, high: one_two_five_above(greatest), logarithmic: true };
        }
        let step = round_step(greatest / INTERVALS);
        Self::linear(0.0, ((greatest / step).floor() + 1.0) * step)
    }

    /// Whether equal distances are equal ratios.
    pub fn is_logarithmic(self) -> bool {
        self.logarithmic
    }

    /// Where `value` lies between the ends: 0 to 1, clipped.
    pub fn share(self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        // A logarithm of zero or less lies below every axis.
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    fn ticks(self, most: usize) -> Vec<f64> {
        if self.logarithmic {
            let all = one_two_five(self.low, self.high);
            let decades = || all.iter().copied().filter(|value| leading_digit(*value) == 1).collect::<Vec<_>>();
            return if all.len() <= most { all } else { every(decades(), most) };
        }
        let step = round_step((self.high - self.low) / INTERVALS);
        let (first, last) = ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        every((first..=last).map(|index| index as f64 * step).collect(), most)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let length = f64::from(limit.1 - limit.0);
        limit.0 + (self.share(*value) * length).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks(hint.max_num_points()) }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    /// As many decimals as tell the ticks apart.
    fn format_ext(&self, value: &f64) -> String {
        let step = if self.logarithmic { *value } else { round_step((self.high - self.low) / INTERVALS) };
        let decimals = (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize;
        format!("{value:.decimals$}")
    }
}

/// The least of 1, 2 and 5 times a power of ten that is at least `least`; 1 if that is no positive number.
fn round_step(least: f64) -> f64 {
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * decade)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

fn one_two_five_below(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [5.0, 2.0].into_iter().map(|digit| digit * decade).find(|bound| *bound < value).unwrap_or(decade)
}

fn one_two_five_above(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|digit| digit * decade).find(|bound| *bound > value).unwrap_or(10.0 * decade)
}

/// 1, 2 and 5 times powers of ten from `low` to `high`.
fn one_two_five(low: f64, high: f64) -> Vec<f64> {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    decades
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(exponent)))
        .filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value))
        .collect()
}

fn leading_digit(value: f64) -> u32 {
    (value / 10f64.powf((value.log10() + 1e-9).floor())).round() as u32
}

/// Every second, third ... of `ticks`, so that at most `most` are left.
fn every(ticks: Vec<f64>, most: usize) -> Vec<f64> {
    let stride = ticks.len().div_ceil(most.max(1)).max(1);
    ticks.into_iter().step_by(stride).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: Axis, most: usize) -> Vec<String> {
        axis.ticks(most).iter().map(|tick| axis.format_ext(tick)).collect()
    }

    #[test]
    fn scores_of_one_magnitude_are_linear_from_zero() {
        let axis = Axis::fitting([0.08, 0.21, 0.53], 50.0);
        assert!(!axis.is_logarithmic());
        assert_eq!(labels(axis, 8), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
        assert_eq!((axis.share(0.0), axis.share(9.0)), (0.0, 1.0));
        assert!((axis.share(0.3) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn scores_of_several_magnitudes_are_logarithmic() {
        let axis = Axis::fitting([0.003, 0.21, 0.6], 50.0);
        assert!(axis.is_logarithmic());
        assert_eq!(labels(axis, 9), ["0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(axis, 5), ["0.01", "0.1", "1"]);
        assert_eq!((axis.share(0.002), axis.share(0.0), axis.share(1.0)), (0.0, 0.0, 1.0));
    }

    #[test]
    fn steps_are_whole_numbers() {
        assert_eq!(labels(Axis::linear(0.0, 800.0), 9), ["0", "200", "400", "600", "800"]);
        assert_eq!(labels(Axis::linear(0.0, 1.0), 9), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn nothing_to_show_is_still_an_axis() {
        for axis in [Axis::fitting([], 50.0), Axis::fitting([0.0, f64::NAN], 50.0), Axis::linear(3.0, f64::INFINITY)] {
            assert!(!labels(axis, 9).is_empty(), "{axis:?}");
            assert!(axis.share(0.5).is_finite());
        }
    }

    proptest! {
        #[test]
        fn every_axis_holds_its_values_and_has_ticks(
            values in proptest::collection::vec(1e-7f64..2.0, 1..9), ratio in 2.0f64..100.0,
        ) {
            let axis = Axis::fitting(values.iter().copied(), ratio);
            for value in values {
                prop_assert!(axis.low <= value && value < axis.high, "{value} in {axis:?}");
            }
            let ticks = axis.ticks(9);
            prop_assert!((1..=9).contains(&ticks.len()), "{ticks:?} of {axis:?}");
            prop_assert!(ticks.is_sorted());
        }
    }
}
