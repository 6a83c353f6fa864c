//! Divides the good images into four disjoint parts by a seed.
//!
//! | part | share | who may look |
//! |---|---|---|
//! | validation | 5 % | training, to know when to stop |
//! | development | 15 % | whoever chooses or fits settings of the score |
//! | calibration | 20 %, at least 20 | the threshold alone |
//! | training | the rest | training |
//!
//! The promise that comes with the threshold holds only while nothing else has seen the calibration part.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::random::shuffle;

/// Fewer calibration images than this promise too little to be worth a threshold (14 % false rejects at 95 %).
pub const MIN_CALIBRATION: usize = 20;
/// The smallest set of good images that can be divided: it leaves 16 to train on.
pub const MIN_IMAGES: usize = 45;

/// Four disjoint lists of indices into the good images, each sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// For the weights.
    pub training: Vec<usize>,
    /// For early stopping.
    pub validation: Vec<usize>,
    /// For the settings of the score.
    pub development: Vec<usize>,
    /// For the threshold alone.
    pub calibration: Vec<usize>,
}

/// Too few good images.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} good images are too few: at least {MIN_IMAGES} are needed ({MIN_CALIBRATION} of them only for the \
     threshold), and 200 are better. Photograph {} more good parts", MIN_IMAGES - found
)]
pub struct SplitError {
    /// How many there are.
    pub found: usize,
}

/// How many of `count` good images are set aside for the threshold. Never falls as images are added.
pub fn calibration_images(count: usize) -> usize {
    share(count, 20).max(MIN_CALIBRATION)
}

/// So many percent of `count`, rounded half up.
fn share(count: usize, percent: usize) -> usize {
    (count * percent + 50) / 100
}

impl Split {
    /// Divides `count` images.
    ///
    /// # Errors
    /// [`SplitError`] below [`MIN_IMAGES`].
    pub fn new(count: usize, seed: u64) -> Result<Self, SplitError> {
        if count < MIN_IMAGES {
            return Err(SplitError { found: count });
        }
        let mut indices: Vec<usize> = (0..count).collect();
        shuffle(&mut ChaCha8Rng::seed_from_u64(seed), &mut indices);
        let mut take = |n: usize| {
            let mut part = indices.split_off(indices.len() - n);
            part.sort_unstable();
            part
        };
        let calibration = take(calibration_images(count));
        let development = take(share(count, 15));
        let validation = take(share(count, 5));
        indices.sort_unstable();
        Ok(Self { training: indices, validation, development, calibration })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_disjoint_and_complete(count in MIN_IMAGES..2000, seed: u64) {
            let split = Split::new(count, seed).unwrap();
            let mut all = [&split.training[..], &split.validation, &split.development, &split.calibration].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
            prop_assert!(split.calibration.len() >= MIN_CALIBRATION);
            prop_assert!(!split.validation.is_empty() && !split.development.is_empty());
            prop_assert!(split.training.len() >= 16);
        }
    }

    #[test]
    fn the_shares_of_209_images() {
        let split = Split::new(209, 1).unwrap();
        let sizes = [&split.training, &split.validation, &split.development, &split.calibration].map(Vec::len);
        assert_eq!(sizes, [126, 10, 31, 42]);
        assert_eq!(split, Split::new(209, 1).unwrap());
        assert_ne!(split, Split::new(209, 2).unwrap());
    }

    #[test]
    fn too_few_images_are_counted() {
        let error = Split::new(30, 1).unwrap_err().to_string();
        assert!(
            error.contains("30 good images") && error.contains("at least 45") && error.contains("15 more"),
            "{error}"
        );
    }
}
