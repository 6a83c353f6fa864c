//! The paper's training images: each photograph, its horizontal and its vertical mirror image, in one pile, of which 5 %
//! are kept for validation.
//!
//! It knows images in the network's size. In the paper's pile most validation images have a twin in training, a mirror
//! image of the same photograph, so that the validation loss says little of new parts; [`Validation::Apart`] avoids that.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use shared::image::Size;

use crate::augmentation::Flip;
use crate::random::shuffle;

/// The stream of random numbers that the pile is shuffled with; a run of the same seed uses others.
const STREAM: u64 = 1 << 50;
/// One image in so many is for validation: 5 %.
const VALIDATION_ONE_IN: usize = 20;
/// The orientations of a photograph.
const ORIENTATIONS: [Flip; 3] = [
    Flip { horizontal: false, vertical: false },
    Flip { horizontal: true, vertical: false },
    Flip { horizontal: false, vertical: true },
];

/// Which images are kept for validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Validation {
    /// 5 % of all, mirror images of training images among them, as in the paper
    #[default]
    Paper,
    /// 5 % of the photographs with their mirror images: training sees none of them in any orientation
    Apart,
}

/// What the paper's networks learn from.
#[derive(Clone, Debug)]
pub struct PaperImages {
    /// To learn from.
    pub training: Vec<Vec<u8>>,
    /// To know when to stop.
    pub validation: Vec<Vec<u8>>,
    /// How many validation images show a photograph that a training image shows too.
    pub twins: usize,
}

impl PaperImages {
    /// From photographs of `size`, packed gray. The seed decides which are kept for validation.
    pub fn of(photographs: &[Vec<u8>], size: Size, validation: Validation, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        let count = photographs.len();
        // Orientation by orientation, one copy of the set after the other.
        let pile = || (0..ORIENTATIONS.len()).flat_map(|turn| (0..count).map(move |photograph| (photograph, turn)));
        let (kept, rest): (Vec<_>, Vec<_>) = match validation {
            Validation::Paper => {
                let mut pile: Vec<_> = pile().collect();
                shuffle(&mut rng, &mut pile);
                let rest = pile.split_off(share(pile.len()));
                (pile, rest)
            }
            Validation::Apart => {
                let mut order: Vec<usize> = (0..count).collect();
                shuffle(&mut rng, &mut order);
                let kept = &order[..share(count)];
                let (kept, mut rest): (Vec<_>, Vec<_>) = pile().partition(|(photograph, _)| kept.contains(photograph));
                shuffle(&mut rng, &mut rest);
                (kept, rest)
            }
        };
        let twins = kept.iter().filter(|(photograph, _)| rest.iter().any(|(other, _)| other == photograph)).count();
        let turned = |of: Vec<(usize, usize)>| {
            of.into_iter().map(|(photograph, turn)| ORIENTATIONS[turn].rows(&photographs[photograph], size).collect())
        };
        Self { training: turned(rest).collect(), validation: turned(kept).collect(), twins }
    }
}

/// 5 % of `count`, rounded half up, at least one.
fn share(count: usize) -> usize {
    ((2 * count + VALIDATION_ONE_IN) / (2 * VALIDATION_ONE_IN)).max(1).min(count)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SIZE: Size = Size::new(2, 2);

    /// Photographs whose orientations all differ, and from those of others.
    fn photographs(count: u8) -> Vec<Vec<u8>> {
        (0..count).map(|i| vec![i, 100 + i, 200, 255 - i]).collect()
    }

    #[test]
    fn the_bottle_s_209_photographs_become_596_and_31_images() {
        let photographs: Vec<Vec<u8>> = photographs(100).into_iter().cycle().take(209).collect();
        let images = PaperImages::of(&photographs, SIZE, Validation::Paper, 1);
        assert_eq!((images.training.len(), images.validation.len()), (596, 31));
        let apart = PaperImages::of(&photographs, SIZE, Validation::Apart, 1);
        assert_eq!((apart.training.len(), apart.validation.len(), apart.twins), (597, 30, 0));
    }

    #[test]
    fn every_orientation_of_every_photograph_is_there_once() {
        let photographs = photographs(40);
        let flip = |image: &[u8], horizontal, vertical| -> Vec<u8> {
            Flip { horizontal, vertical }.rows(image, SIZE).collect()
        };
        let expected: BTreeSet<Vec<u8>> = photographs
            .iter()
            .flat_map(|image| [image.clone(), flip(image, true, false), flip(image, false, true)])
            .collect();
        for validation in [Validation::Paper, Validation::Apart] {
            let images = PaperImages::of(&photographs, SIZE, validation, 7);
            let found: Vec<Vec<u8>> = images.training.iter().chain(&images.validation).cloned().collect();
            assert_eq!(found.len(), 120);
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }

    #[test]
    fn twins_are_counted_and_the_seed_decides() {
        let images = |seed| PaperImages::of(&photographs(40), SIZE, Validation::Paper, seed);
        let first = images(1);
        // Six validation images of 40 photographs: most have a twin among the 114 others.
        assert!(first.twins >= 5, "{}", first.twins);
        assert_eq!(first.validation, images(1).validation);
        assert_ne!(first.validation, images(2).validation);
    }
}
