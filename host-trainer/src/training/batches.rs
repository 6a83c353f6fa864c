//! Which images make up which batch. A batch is a function of the seed and of its step alone, so that a resumed run
//! needs no more than the step to go on with the very images that an uninterrupted one would have taken.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::augmentation::{Flip, Flips};
use crate::random::shuffle;

/// Draws batches: every image once in random order, then again in another; a batch may run over the seam.
#[derive(Debug)]
pub struct Batches {
    seed: u64,
    images: usize,
    batch: usize,
    flips: Flips,
    /// The pass that was drawn last, since the next batch is most often from the same.
    drawn: Option<(usize, Vec<(usize, Flip)>)>,
}

impl Batches {
    /// Batches of `batch` out of `images` images; neither may be 0.
    pub fn new(seed: u64, images: usize, batch: usize, flips: Flips) -> Self {
        Self { seed, images, batch, flips, drawn: None }
    }

    /// The images of `step`, which counts from 1.
    pub fn of_step(&mut self, step: usize) -> Vec<(usize, Flip)> {
        let first = (step - 1) * self.batch;
        (first..first + self.batch)
            .map(|position| {
                let (pass, place) = (position / self.images, position % self.images);
                self.pass(pass)[place]
            })
            .collect()
    }

    /// Whether an epoch, a pass over all images, is completed by `step`.
    pub fn ends_an_epoch(&self, step: usize) -> bool {
        step * self.batch / self.images > (step - 1) * self.batch / self.images
    }

    fn pass(&mut self, pass: usize) -> &[(usize, Flip)] {
        if self.drawn.as_ref().is_none_or(|&(drawn, _)| drawn != pass) {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(1 + pass as u64); // stream 0 drew the weights
            let mut order: Vec<usize> = (0..self.images).collect();
            shuffle(&mut rng, &mut order);
            let images = order.into_iter().map(|image| (image, self.flips.draw(&mut rng))).collect();
            self.drawn = Some((pass, images));
        }
        self.drawn.as_ref().map_or(&[], |(_, images)| images)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_pass_shows_every_image_once(seed: u64, images in 1usize..40, batch in 1usize..12) {
            let mut batches = Batches::new(seed, images, batch, Flips::Both);
            let mut seen = Vec::new();
            for step in 1..=images { // `batch` passes
                seen.extend(batches.of_step(step).into_iter().map(|(image, _)| image));
            }
            for pass in seen.chunks(images) {
                let mut pass = pass.to_vec();
                pass.sort_unstable();
                prop_assert_eq!(pass, (0..images).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_step_alone_gives_the_batch_it_has_in_a_run(seed: u64, images in 1usize..40, batch in 1usize..12) {
            let mut run = Batches::new(seed, images, batch, Flips::Both);
            for step in 1..30 {
                let alone = Batches::new(seed, images, batch, Flips::Both).of_step(step);
                prop_assert_eq!(run.of_step(step), alone);
            }
        }
    }

    #[test]
    fn passes_and_seeds_differ() {
        let order = |seed, step| Batches::new(seed, 30, 30, Flips::Both).of_step(step);
        assert_ne!(order(1, 1), order(1, 2));
        assert_ne!(order(1, 1), order(2, 1));
    }

    #[test]
    fn an_epoch_ends_where_its_last_image_was_seen() {
        let batches = Batches::new(1, 10, 4, Flips::None);
        let ends: Vec<usize> = (1..=8).filter(|&step| batches.ends_an_epoch(step)).collect();
        assert_eq!(ends, [3, 5, 8]); // images 12, 20 and 32
    }
}
