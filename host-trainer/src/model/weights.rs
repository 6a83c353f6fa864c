//! The numbers of a network, apart from any tensor library: what training returns, checkpoints keep and the
//! exporter writes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::architecture::Architecture;
use crate::random::standard_normal;

/// The mean pixel is kept this far from black and white, where the sigmoid has no slope to learn from.
const DARKEST: f64 = 0.01;
/// Factor on the weights before the pixel bias at the start.
const QUIET: f32 = 0.1;

/// One parameter tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightTensor {
    /// Stable name, such as `layer03.weight`.
    pub name: String,
    /// Dimensions, outermost first; their product is the length of `values`.
    pub shape: Vec<usize>,
    /// Every value, row-major.
    pub values: Vec<f32>,
}

/// All parameter tensors of one architecture, in the order of its layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    tensors: Vec<WeightTensor>,
}

/// Why a set of tensors is not the weights of an architecture.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A tensor is missing, out of order or one too many.
    #[error("the weights hold {found} tensors and the architecture {architecture} has {expected}")]
    Count { architecture: &'static str, found: usize, expected: usize },
    /// A tensor has another name, shape or length than the architecture's.
    #[error("the weights hold {found_name} {found_shape:?} where {expected_name} {expected_shape:?} belongs")]
    Mismatch { found_name: String, found_shape: Vec<usize>, expected_name: String, expected_shape: Vec<usize> },
    /// A number is NaN or infinite: training diverged.
    #[error("{name} holds a number that is not finite: training diverged; lower the learning rate")]
    NotFinite { name: String },
}

impl Weights {
    /// Fresh weights: normal with He's spread, biases zero. The same seed gives the same numbers on every machine.
    pub fn initial(architecture: &Architecture, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tensors = architecture
            .parameters()
            .into_iter()
            .map(|p| {
                let count = p.shape.iter().product();
                let values = if p.init_std == 0.0 {
                    vec![0.0; count]
                } else {
                    (0..count).map(|_| (standard_normal(&mut rng) * p.init_std) as f32).collect()
                };
                WeightTensor { name: p.name, shape: p.shape, values }
            })
            .collect();
        Self { tensors }
    }

    /// Sets the pixel bias to the mean of packed gray `images` (as it stands before the sigmoid) and turns down the
    /// layer before it: the untrained network redraws every frame as nearly the mean good image. Without a pixel bias,
    /// the last layer's bias becomes the mean gray. Without images, nothing changes.
    #[must_use]
    pub fn starting_at_the_mean_of(mut self, images: &[&[u8]]) -> Self {
        if images.is_empty() {
            return self;
        }
        let logit = |sum: u64, count: usize| {
            let mean = (sum as f64 / (255.0 * count as f64)).clamp(DARKEST, 1.0 - DARKEST);
            libm::log(mean / (1.0 - mean)) as f32
        };
        let last = self.tensors.len() - 1;
        let pixels = self.tensors.iter().position(|tensor| tensor.name.ends_with(".pixels"));
        let (before, rest) = self.tensors.split_at_mut(pixels.unwrap_or(last));
        match pixels {
            Some(_) => {
                for (pixel, value) in rest[0].values.iter_mut().enumerate() {
                    *value = logit(images.iter().map(|image| u64::from(image[pixel])).sum(), images.len());
                }
            }
            None => {
                let sum = images.iter().flat_map(|image| image.iter()).map(|&value| u64::from(value)).sum();
                rest[0].values.fill(logit(sum, images.iter().map(|image| image.len()).sum()));
            }
        }
        if let Some(last) = before.iter_mut().rev().find(|tensor| tensor.name.ends_with(".weight")) {
            last.values.iter_mut().for_each(|value| *value *= QUIET);
        }
        self
    }

    /// Accepts tensors that fit `architecture` in number, order, name and shape, and are finite.
    ///
    /// # Errors
    /// [`WeightsError`] names the first tensor that does not fit.
    pub fn new(architecture: &Architecture, tensors: Vec<WeightTensor>) -> Result<Self, WeightsError> {
        let expected = architecture.parameters();
        if tensors.len() != expected.len() {
            let architecture = architecture.name;
            return Err(WeightsError::Count { architecture, found: tensors.len(), expected: expected.len() });
        }
        for (tensor, spec) in tensors.iter().zip(expected) {
            let count: usize = spec.shape.iter().product();
            if tensor.name != spec.name || tensor.shape != spec.shape || tensor.values.len() != count {
                return Err(WeightsError::Mismatch {
                    found_name: tensor.name.clone(),
                    found_shape: tensor.shape.clone(),
                    expected_name: spec.name,
                    expected_shape: spec.shape,
                });
            }
            if tensor.values.iter().any(|v| !v.is_finite()) {
                return Err(WeightsError::NotFinite { name: spec.name });
            }
        }
        Ok(Self { tensors })
    }

    /// The tensors in the order of the layers.
    pub fn tensors(&self) -> &[WeightTensor] {
        &self.tensors
    }
}

#[cfg(test)]
mod tests {
    use super::super::compact;
    use super::*;

    #[test]
    fn a_seed_gives_the_same_weights_and_another_seed_others() {
        let architecture = compact();
        assert_eq!(Weights::initial(&architecture, 7), Weights::initial(&architecture, 7));
        assert_ne!(Weights::initial(&architecture, 7), Weights::initial(&architecture, 8));
    }

    #[test]
    fn the_spread_is_he_s() {
        let weights = Weights::initial(&compact(), 1);
        let second = &weights.tensors()[2]; // 32 x 32 x 4 x 4: fan 512
        let n = second.values.len() as f64;
        let variance = second.values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / n;
        let expected = 2.0 / (1.04 * 512.0);
        assert!((variance / expected - 1.0).abs() < 0.05, "variance {variance}, expected {expected}");
    }

    #[test]
    fn foreign_and_broken_tensors_are_refused() {
        let architecture = compact();
        let good = Weights::initial(&architecture, 1).tensors;
        assert!(Weights::new(&architecture, good.clone()).is_ok());

        let error = Weights::new(&architecture, good[1..].to_vec()).unwrap_err();
        assert!(matches!(error, WeightsError::Count { .. }), "{error}");

        let mut swapped = good.clone();
        swapped.swap(0, 1);
        assert!(matches!(Weights::new(&architecture, swapped), Err(WeightsError::Mismatch { .. })));

        let mut nan = good;
        nan[3].values[0] = f32::NAN;
        let error = Weights::new(&architecture, nan).unwrap_err();
        assert!(matches!(&error, WeightsError::NotFinite { name } if name.contains(".bias")), "{error}");
    }
}
