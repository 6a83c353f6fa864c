//! The kinds of damage that a user can choose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use shared::image::Size;

use super::canvas::{Area, Canvas};
use super::stain::stain;
use crate::random::{below, standard_normal, uniform};

/// The greatest number of stains on an image.
const STAINS: usize = 3;
/// How likely each of them is.
const STAINED: f64 = 0.7;
/// The greatest standard deviation of the noise on top.
const STAIN_NOISE: f64 = 0.04;
/// Standard deviation of the paper's noise, and the share of the image that its cutout covers.
const PAPER: (f64, f64) = (0.05, 0.15);
/// A third of the area, and noise that covers it as thinly.
const PAPER_WEAK: (f64, f64) = (0.02, 0.05);
/// Twice of both.
const PAPER_STRONG: (f64, f64) = (0.1, 0.3);

/// How the network's input is damaged in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Handicap {
    /// Not at all
    None,
    /// Gaussian noise of 0.05 and a black square over 15 % of the image, as in the paper
    Paper,
    /// As in the paper, but noise of 0.02 and a square over 5 %
    PaperWeak,
    /// As in the paper, but noise of 0.1 and a square over 30 %
    PaperStrong,
    /// Up to three irregular stains of several shapes, sizes, fillings and opacities, and noise on top
    #[default]
    Stain,
}

impl Handicap {
    /// Damages `image`, packed gray values from 0 to 1. `other` is another undamaged image of the same `size`.
    pub fn apply(self, image: &mut [f32], other: &[f32], size: Size, rng: &mut ChaCha8Rng) {
        match self {
            Self::None => {}
            Self::Paper => noise_and_cutout(PAPER, image, size, rng),
            Self::PaperWeak => noise_and_cutout(PAPER_WEAK, image, size, rng),
            Self::PaperStrong => noise_and_cutout(PAPER_STRONG, image, size, rng),
            Self::Stain => {
                let mut canvas = Canvas::new(image, size);
                for _ in 0..STAINS {
                    if uniform(rng) < STAINED {
                        stain(&mut canvas, other, rng);
                    }
                }
                let spread = (STAIN_NOISE * uniform(rng)) as f32;
                image.iter_mut().for_each(|value| *value = (*value + spread * bell(rng)).clamp(0.0, 1.0));
            }
        }
    }
}

/// Normal noise of this standard deviation, then a black square over this share of the image, wholly inside.
fn noise_and_cutout((noise, share): (f64, f64), image: &mut [f32], size: Size, rng: &mut ChaCha8Rng) {
    for value in image.iter_mut() {
        *value = (*value + (noise * standard_normal(rng)) as f32).clamp(0.0, 1.0);
    }
    let mut canvas = Canvas::new(image, size);
    let side = (share * (canvas.width * canvas.height) as f64).sqrt().round() as usize;
    let side = side.min(canvas.width).min(canvas.height);
    let (left, top) = (below(rng, canvas.width - side + 1), below(rng, canvas.height - side + 1));
    canvas.draw(Area { left, right: left + side, top, bottom: top + side }, |_, _, _| 0.0);
}

/// Nearly normal with mean 0 and variance 1: the sum of four uniform numbers, at a tenth of the cost.
fn bell(rng: &mut ChaCha8Rng) -> f32 {
    let bits = rng.next_u64();
    let sum: u32 = (0..4).map(|part| (bits >> (16 * part)) as u32 & 0xffff).sum();
    // Four times the variance of a uniform number, 1/12.
    (sum as f32 / 65536.0 - 2.0) * 1.732_050_8
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const SIZE: Size = Size { width: 48, height: 32 };

    fn damaged(handicap: Handicap, seed: u64) -> Vec<f32> {
        let other: Vec<f32> = (0..SIZE.area()).map(|i| (i % 48) as f32 / 47.0).collect();
        let mut image = vec![0.5; SIZE.area()];
        handicap.apply(&mut image, &other, SIZE, &mut ChaCha8Rng::seed_from_u64(seed));
        image
    }

    #[test]
    fn values_stay_gray_values_and_the_seed_decides() {
        for handicap in [Handicap::Paper, Handicap::PaperWeak, Handicap::PaperStrong, Handicap::Stain] {
            for seed in 0..200 {
                assert!(damaged(handicap, seed).iter().all(|value| (0.0..=1.0).contains(value)));
            }
            assert_eq!(damaged(handicap, 1), damaged(handicap, 1));
            assert_ne!(damaged(handicap, 1), damaged(handicap, 2));
        }
        assert_eq!(damaged(Handicap::None, 1), vec![0.5; SIZE.area()]);
    }

    #[test]
    fn the_cutout_covers_its_share_and_the_noise_has_its_spread() {
        let image = damaged(Handicap::Paper, 3);
        assert_eq!(image.iter().filter(|&&value| value == 0.0).count(), 15 * 15); // sqrt(0.15 * 1536) = 15.2
        let rest: Vec<f64> = image.iter().filter(|&&value| value > 0.0).map(|&value| f64::from(value) - 0.5).collect();
        let variance = rest.iter().map(|value| value * value).sum::<f64>() / rest.len() as f64;
        assert!((variance.sqrt() - 0.05).abs() < 0.005, "{variance}");
        let black = |handicap| damaged(handicap, 3).iter().filter(|&&value| value == 0.0).count();
        // sqrt(0.05 * 1536) = 8.8 and sqrt(0.3 * 1536) = 21.5
        assert_eq!((black(Handicap::PaperWeak), black(Handicap::PaperStrong)), (9 * 9, 21 * 21));
    }

    #[test]
    fn stains_are_of_all_sizes_and_some_images_have_none() {
        let strongly = |image: &[f32]| image.iter().filter(|&&value| (value - 0.5).abs() > 0.15).count();
        let counts: Vec<usize> = (0..300).map(|seed| strongly(&damaged(Handicap::Stain, seed))).collect();
        let between = |from, to| counts.iter().filter(|&&count| count >= from && count < to).count();
        assert!(
            between(0, 1) > 15 && between(1, 50) > 30 && between(50, 100) > 20 && between(100, 400) > 10,
            "{counts:?}"
        );
    }

    #[test]
    fn the_bell_has_mean_zero_and_variance_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let values: Vec<f64> = (0..50_000).map(|_| bell(&mut rng).into()).collect();
        let mean = values.iter().sum::<f64>() / 50_000.0;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / 50_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
