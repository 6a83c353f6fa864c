//! The simplest reconstruction there is: the mean of the good images, whatever the frame shows. A trained network has
//! to beat it to be worth its cost.

use edge_runtime::reconstruct::{ReconstructError, Reconstructor};
use shared::image::Size;

/// Redraws every frame as the mean good image.
#[derive(Debug)]
pub struct MeanFrame {
    size: Size,
    mean: Vec<f32>,
}

impl MeanFrame {
    /// The mean of packed gray `images` of `size`; all zero without any.
    pub fn of(images: &[&[u8]], size: Size) -> Self {
        let mut sums = vec![0u64; usize::from(size.width) * usize::from(size.height)];
        for image in images {
            for (sum, &value) in sums.iter_mut().zip(*image) {
                *sum += u64::from(value);
            }
        }
        let scale = 255.0 * images.len().max(1) as f32;
        Self { size, mean: sums.into_iter().map(|sum| sum as f32 / scale).collect() }
    }
}

impl Reconstructor for MeanFrame {
    fn size(&self) -> Size {
        self.size
    }

    fn reconstruct(&mut self, _input: &[u8]) -> Result<&[f32], ReconstructError> {
        Ok(&self.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_two_images() {
        let size = Size { width: 2, height: 1 };
        let mut mean = MeanFrame::of(&[&[0, 255], &[255, 255]], size);
        assert_eq!(mean.reconstruct(&[9, 9]).unwrap(), [0.5, 1.0]);
    }
}
