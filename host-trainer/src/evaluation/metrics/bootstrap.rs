//! Bootstrap intervals over images (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13:
//! percentile intervals): how much a figure would move with another draw of images of the same kind.
//!
//! Images are drawn with replacement, good ones among the good and defective ones among the defective, so that the
//! share of defects stays what it was. The same seed gives the same interval. It cannot know what the images do not
//! show: where the classes are told apart without an error every draw is perfect too, and the interval is a point. The
//! exact bounds of a rate do not have this weakness.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::interval::Interval;
use crate::random::below;

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Draws.
    pub resamples: u32,
    /// Of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2,000 draws: an end of the interval then lies between the 1.8th and the 3.2nd percentile (95 %).
    fn default() -> Self {
        Self { resamples: 2000, seed: 1 }
    }
}

/// One draw: how many times each image is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resample {
    /// Good images.
    pub good: Vec<u32>,
    /// Defective images.
    pub defective: Vec<u32>,
}

impl Bootstrap {
    /// The 95 % intervals of the figures that `figures` computes from a draw of `good` and `defective` images.
    ///
    /// `None` where a class has a single image, whose draws are all the same, or a figure does not exist in every draw.
    pub fn intervals<const N: usize>(
        &self,
        good: usize,
        defective: usize,
        figures: impl Fn(&Resample) -> [Option<f64>; N] + Sync,
    ) -> [Option<Interval>; N] {
        if good == 1 || defective == 1 || self.resamples == 0 {
            return [None; N];
        }
        let draws: Vec<[Option<f64>; N]> =
            (0..self.resamples).into_par_iter().map(|number| figures(&self.draw(number, good, defective))).collect();
        std::array::from_fn(|figure| {
            let mut values = draws.iter().map(|draw| draw[figure]).collect::<Option<Vec<f64>>>()?;
            values.sort_unstable_by(f64::total_cmp);
            Some(Interval { low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
        })
    }

    /// Each draw has a stream of its own, so that it does not matter which thread makes it.
    fn draw(&self, number: u32, good: usize, defective: usize) -> Resample {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(number));
        let mut of = |count: usize| {
            let mut times = vec![0; count];
            (0..count).for_each(|_| times[below(&mut rng, count)] += 1);
            times
        };
        Resample { good: of(good), defective: of(defective) }
    }
}

/// Linear between the order statistics (Hyndman and Fan 1996, type 7; NumPy's default). `sorted` is not empty.
pub fn quantile(sorted: &[f64], level: f64) -> f64 {
    let position = level * (sorted.len() - 1) as f64;
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_numpy() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.25), 1.5);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0);
        assert_eq!(quantile(&[3.0], 0.975), 3.0);
    }

    #[test]
    fn a_draw_has_as_many_images_of_each_class() {
        let bootstrap = Bootstrap { resamples: 50, seed: 3 };
        for number in 0..50 {
            let draw = bootstrap.draw(number, 7, 30);
            assert_eq!((draw.good.len(), draw.good.iter().sum::<u32>()), (7, 7));
            assert_eq!((draw.defective.len(), draw.defective.iter().sum::<u32>()), (30, 30));
        }
        assert_ne!(bootstrap.draw(0, 7, 30), bootstrap.draw(1, 7, 30));
        assert_eq!(bootstrap.draw(1, 7, 30), bootstrap.draw(1, 7, 30));
    }

    /// A share of independent images has a binomial bootstrap distribution.
    #[test]
    fn the_interval_of_a_share_is_the_binomial_one() {
        let share = |draw: &Resample| [Some(f64::from(draw.defective[..30].iter().sum::<u32>()) / 100.0)];
        let [interval] = Bootstrap::default().intervals(0, 100, share);
        // scipy.stats.binom.ppf([0.025, 0.975], 100, 0.3) = 21, 39
        let Interval { low, high } = interval.unwrap();
        assert!((low - 0.21).abs() <= 0.01 && (high - 0.39).abs() <= 0.01, "{low} {high}");
        assert_eq!(Bootstrap::default().intervals(0, 100, share), [interval]);
    }

    #[test]
    fn one_image_has_no_spread() {
        assert_eq!(Bootstrap::default().intervals(5, 1, |_| [Some(1.0)]), [None]);
        assert_eq!(Bootstrap::default().intervals(5, 5, |_| [None, Some(1.0)])[0], None);
    }
}
