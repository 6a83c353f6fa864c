//! From good images to what the network is shown and what it has to draw: window, mirror image, light, and damage to
//! what is shown. An example is a function of the seed, of its place in the run and of the images alone.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use shared::image::Size;

use crate::augmentation::{Flip, Handicap, Light};
use crate::random::below;

/// The streams of random numbers of training examples begin here; that of the weights is 0, those of the passes follow.
const TRAINING: u64 = 1 << 48;
/// Those of the validation images, which are the same at each look.
const VALIDATION: u64 = 1 << 49;

/// Which example to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Example<'a> {
    /// The packed gray image.
    pub image: &'a [u8],
    /// Its orientation.
    pub flip: Flip,
    /// Its random numbers.
    pub stream: Stream,
}

/// Which random numbers an example takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Those of the example with this number, counted from the start of the run.
    Training(u64),
    /// Those of the validation image with this number.
    Validation(u64),
}

/// How examples are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Examples {
    pub seed: u64,
    /// Of the images.
    pub image: Size,
    /// Of the examples, at most that of the images.
    pub window: Size,
    pub light: Light,
    pub handicap: Handicap,
}

/// What the network is shown and what it has to draw: `[batch, 1, height, width]`, values in 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub shown: Tensor<4>,
    pub drawn: Tensor<4>,
}

impl Examples {
    /// The batch of these examples. What damages one of them may come from the one before it.
    pub(super) fn batch(&self, examples: &[Example<'_>], device: &Device) -> Batch {
        let (drawn, rngs): (Vec<Vec<f32>>, Vec<ChaCha8Rng>) =
            examples.par_iter().map(|example| self.drawn(example)).unzip();
        let shown: Vec<Vec<f32>> = rngs
            .into_par_iter()
            .enumerate()
            .map(|(index, mut rng)| {
                let mut shown = drawn[index].clone();
                let other = &drawn[(index + drawn.len() - 1) % drawn.len()];
                self.handicap.apply(&mut shown, other, self.window, &mut rng);
                shown
            })
            .collect();
        Batch { shown: self.tensor(shown, device), drawn: self.tensor(drawn, device) }
    }

    /// What has to be drawn, and the random numbers for the damage.
    fn drawn(&self, example: &Example<'_>) -> (Vec<f32>, ChaCha8Rng) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(match example.stream {
            Stream::Training(number) => TRAINING + number,
            Stream::Validation(number) => VALIDATION + number,
        });
        let (width, height) = (usize::from(self.window.width), usize::from(self.window.height));
        let left = place(&mut rng, usize::from(self.image.width), width);
        let top = place(&mut rng, usize::from(self.image.height), height);
        let rows = example.image.chunks_exact(self.image.width.into()).skip(top).take(height);
        let window: Vec<u8> = rows.flat_map(|row| &row[left..left + width]).copied().collect();
        let mut drawn: Vec<f32> =
            example.flip.rows(&window, self.window).map(|value| f32::from(value) / 255.0).collect();
        self.light.apply(&mut drawn, &mut rng);
        (drawn, rng)
    }

    fn tensor(&self, images: Vec<Vec<f32>>, device: &Device) -> Tensor<4> {
        let shape = [images.len(), 1, self.window.height.into(), self.window.width.into()];
        Tensor::from_data(TensorData::new(images.concat(), shape), device)
    }
}

/// Where a window of `length` begins on a side of the image. A quarter of it may lie beyond either end, and is then moved
/// inside: else what lies at the edges would be seen more rarely than what lies in the middle.
fn place(rng: &mut ChaCha8Rng, side: usize, length: usize) -> usize {
    let room = side - length;
    let beyond = (length / 4).min(room);
    below(rng, room + 2 * beyond + 1).saturating_sub(beyond).min(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_seen_as_often_as_a_quarter_of_a_window_more_would_be() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0; 101];
        (0..20_000).for_each(|_| counts[place(&mut rng, 228, 128)] += 1);
        // 32 of 165 places are beyond either end.
        for end in [counts[0], counts[100]] {
            assert!((3_600..4_400).contains(&end), "{end}");
        }
        assert!(counts[1..100].iter().all(|count| (60..200).contains(count)), "{counts:?}");
        assert_eq!(place(&mut rng, 128, 128), 0);
    }

    fn examples(window: Size, handicap: Handicap) -> Examples {
        let light = Light::new(0.0).unwrap();
        Examples { seed: 1, image: Size { width: 20, height: 16 }, window, light, handicap }
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_window_is_a_piece_of_the_image_and_differs_from_example_to_example() {
        let image: Vec<u8> = (0..=255).chain(0..64).collect();
        let make = |number| {
            let example = Example { image: &image, flip: Flip::default(), stream: Stream::Training(number) };
            values(examples(Size { width: 4, height: 2 }, Handicap::None).batch(&[example], &Device::flex()).drawn)
        };
        let mut corners = std::collections::BTreeSet::new();
        for number in 0..60 {
            let found: Vec<i32> = make(number).iter().map(|value| (value * 255.0).round() as i32).collect();
            let row = [found[0], found[0] + 1, found[0] + 2, found[0] + 3];
            assert_eq!(found[..4], row);
            assert_eq!(found[4], (found[0] + 20) % 256);
            corners.insert(found[0]);
        }
        assert!(corners.len() > 30, "{corners:?}");
    }

    #[test]
    fn what_is_shown_is_damaged_and_what_is_drawn_is_not() {
        let size = Size { width: 20, height: 16 };
        let images = [vec![100; size.area()], vec![200; size.area()]];
        let batch = |numbers: [u64; 2]| {
            let examples_of: Vec<Example> = images
                .iter()
                .zip(numbers)
                .map(|(image, number)| Example { image, flip: Flip::default(), stream: Stream::Validation(number) })
                .collect();
            examples(size, Handicap::Stain).batch(&examples_of, &Device::flex())
        };
        let one = batch([0, 1]);
        let drawn = values(one.drawn.clone());
        assert!(drawn[..size.area()].iter().all(|&value| value == 100.0 / 255.0));
        assert_ne!(values(one.shown.clone()), drawn);
        assert_eq!(values(one.shown.clone()), values(batch([0, 1]).shown));
        assert_ne!(values(one.shown), values(batch([2, 3]).shown));
    }
}
