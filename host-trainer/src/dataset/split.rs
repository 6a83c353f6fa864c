//! Divides the good images into four disjoint parts by a seed.
//!
//! | part | share | who may look |
//! |---|---|---|
//! | validation | 5 % | training, to know when to stop |
//! | development | 15 % | whoever chooses or fits settings of the score |
//! | calibration | 20 %, at least 20 | the threshold alone |
//! | training | the rest | training |
//!
//! The promise that comes with the threshold holds only while nothing else has seen the calibration part. Images that
//! are equal to another therefore stay together, in the training part: a copy of a calibration image would have been
//! seen, and a calibration image that is there twice would count twice.

pub use edge_runtime::calibration::{MIN_CALIBRATION, calibration_images};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use shared::image::Size;

use super::load::LoadedImages;
use crate::random::shuffle;

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

/// The good images cannot be divided.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Too few good images.
    #[error(
        "{found} good images are too few: at least {MIN_IMAGES} are needed ({MIN_CALIBRATION} of them only for the \
         threshold), and 200 are better. Photograph {} more good parts", MIN_IMAGES - found
    )]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Too few good images that are there once only.
    #[error(
        "of {found} good images only {single} are there once: {needed} such images are needed beside the training \
         part. Remove the copies, or photograph more good parts"
    )]
    TooManyCopies {
        /// How many there are.
        found: usize,
        /// How many of them equal no other.
        single: usize,
        /// How many such images the parts other than training take.
        needed: usize,
    },
}

/// So many percent of `count`, rounded half up.
fn share(count: usize, percent: usize) -> usize {
    (count * percent + 50) / 100
}

/// The images of the development part: those that whatever belongs to the score may be fitted on.
///
/// Only [`Split::development_of`] makes one. What is fitted on them takes this type, so that no calibration image gets
/// there by mistake.
#[derive(Clone, Debug)]
pub struct Development<'a>(Vec<DevelopmentImage<'a>>);

/// A development image.
#[derive(Clone, Copy, Debug)]
pub struct DevelopmentImage<'a> {
    /// The model's input, packed gray.
    pub input: &'a [u8],
    /// The part of it, at the top left, that shows the photograph.
    pub content: Size,
}

impl<'a> Development<'a> {
    /// The images, in the order of [`Split::development`].
    pub fn images(&self) -> &[DevelopmentImage<'a>] {
        &self.0
    }

    /// The models' inputs, in the same order.
    pub fn inputs(&self) -> Vec<&'a [u8]> {
        self.0.iter().map(|image| image.input).collect()
    }
}

impl Split {
    /// The development part of `images`, which this divides.
    pub fn development_of<'a>(&self, images: &'a LoadedImages) -> Development<'a> {
        let image = |&index: &usize| DevelopmentImage { input: &images.images[index], content: images.content(index) };
        Development(self.development.iter().map(image).collect())
    }

    /// Divides `count` images that are all different.
    ///
    /// # Errors
    /// [`SplitError`] below [`MIN_IMAGES`].
    pub fn new(count: usize, seed: u64) -> Result<Self, SplitError> {
        Self::keeping_together(count, &[], seed)
    }

    /// Divides `count` images, of which `groups` lists those that equal each other: they go to the training part.
    ///
    /// # Errors
    /// [`SplitError`] below [`MIN_IMAGES`], or if too few images equal no other.
    pub fn keeping_together(count: usize, groups: &[Vec<usize>], seed: u64) -> Result<Self, SplitError> {
        if count < MIN_IMAGES {
            return Err(SplitError::TooFew { found: count });
        }
        let calibration = calibration_images(count);
        let (development, validation) = (share(count, 15), share(count, 5));
        let mut is_copy = vec![false; count];
        groups.iter().flatten().for_each(|&index| is_copy[index] = true);
        let (copies, mut indices): (Vec<usize>, Vec<usize>) = (0..count).partition(|&index| is_copy[index]);
        let (single, needed) = (indices.len(), calibration + development + validation);
        if single < needed {
            return Err(SplitError::TooManyCopies { found: count, single, needed });
        }
        shuffle(&mut ChaCha8Rng::seed_from_u64(seed), &mut indices);
        let mut take = |n: usize| {
            let mut part = indices.split_off(indices.len() - n);
            part.sort_unstable();
            part
        };
        let (calibration, development, validation) = (take(calibration), take(development), take(validation));
        indices.extend(copies);
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
    fn equal_images_stay_together_in_training_and_the_parts_keep_their_sizes() {
        let groups = [vec![3, 50, 51], vec![4, 208]];
        for seed in 0..20 {
            let split = Split::keeping_together(209, &groups, seed).unwrap();
            assert!(groups.iter().flatten().all(|index| split.training.binary_search(index).is_ok()));
            let sizes = [&split.training, &split.validation, &split.development, &split.calibration].map(Vec::len);
            assert_eq!(sizes, [126, 10, 31, 42]);
        }
        let pairs: Vec<Vec<usize>> = (0..20).map(|i| vec![i, i + 20]).collect();
        let error = Split::keeping_together(60, &pairs, 1).unwrap_err();
        assert_eq!(error, SplitError::TooManyCopies { found: 60, single: 20, needed: 32 });
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
