//! A little more or less light: what is shown and what has to be drawn change alike, so that the network follows the
//! light instead of taking it for a defect.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::uniform;

/// How much brightness varies from image to image: a factor within 1 - x to 1 + x, and a shift within a quarter of x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Light(f64);

impl Light {
    /// The greatest variation.
    pub const MOST: f64 = 0.5;

    /// A variation of 0 to [`Self::MOST`].
    pub fn new(variation: f64) -> Option<Self> {
        (0.0..=Self::MOST).contains(&variation).then_some(Self(variation))
    }

    /// The variation.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Changes an image of gray values from 0 to 1. Always two random numbers, so that the choice does not shift the rest
    /// of the stream.
    pub fn apply(self, image: &mut [f32], rng: &mut ChaCha8Rng) {
        let factor = (1.0 + self.0 * (2.0 * uniform(rng) - 1.0)) as f32;
        let shift = (self.0 / 4.0 * (2.0 * uniform(rng) - 1.0)) as f32;
        if self.0 > 0.0 {
            image.iter_mut().for_each(|value| *value = (*value * factor + shift).clamp(0.0, 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn brightness_stays_within_the_variation() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let light = Light::new(0.1).unwrap();
        let means: Vec<f32> = (0..1000)
            .map(|_| {
                let mut image = [0.5; 4];
                light.apply(&mut image, &mut rng);
                image[0]
            })
            .collect();
        let (least, most) = means.iter().fold((1f32, 0f32), |(a, b), &v| (a.min(v), b.max(v)));
        // 0.5 (1 - 0.1) - 0.025 and 0.5 (1 + 0.1) + 0.025.
        assert!((0.425 - 1e-6..0.44).contains(&least) && (0.56..0.575 + 1e-6).contains(&most), "{least} {most}");
        assert!(Light::new(0.51).is_none() && Light::new(f64::NAN).is_none() && Light::new(-0.1).is_none());
    }

    #[test]
    fn no_variation_changes_nothing_and_draws_as_many_numbers() {
        let (mut a, mut b) = (ChaCha8Rng::seed_from_u64(1), ChaCha8Rng::seed_from_u64(1));
        let mut image = [0.1, 0.9];
        Light::new(0.0).unwrap().apply(&mut image, &mut a);
        assert_eq!(image, [0.1, 0.9]);
        Light::new(0.3).unwrap().apply(&mut image, &mut b);
        assert_eq!(uniform(&mut a), uniform(&mut b));
    }
}
