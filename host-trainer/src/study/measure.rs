//! What a trained network makes of the test images: the paper's difference maps and scores.
//!
//! Maps and the SSIM and L2 scores are the station's own integers, Q24. The paper's score is the mean of the whole map, the
//! outermost pixels included, which a station's score leaves out.

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use serde::Serialize;
use shared::difference::{Pooling, ScoreRecipe};
use shared::image::GrayView;
use shared::preprocess::Preprocessing;
use shared::similarity::{Metric, difference_map, scratch_len};

use super::similarity;
use crate::evaluation::score_as_float;

/// 1.0.
const ONE: f64 = (1 << 24) as f64;

/// The scores that the paper's tables are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreKind {
    /// Mean of the SSIM map, data range 1.
    Ssim,
    /// Mean of the SSIM map as skimage before 0.20 computed it on floats, data range 2.
    SsimRange2,
    /// Mean of the L2 map.
    L2,
}

impl ScoreKind {
    /// All, in the order of [`Measured::scores`].
    pub const ALL: [Self; 3] = [Self::Ssim, Self::SsimRange2, Self::L2];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssim => "SSIM",
            Self::SsimRange2 => "SSIM, range 2",
            Self::L2 => "L2",
        }
    }

    /// Which of the paper's two metrics it is: 0 for SSIM, 1 for L2.
    pub fn in_the_paper(self) -> usize {
        usize::from(self == Self::L2)
    }
}

/// An image and what the network made of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// In the order of [`ScoreKind::ALL`], Q24.
    pub scores: [u32; 3],
    /// The network's drawing, 8-bit gray.
    pub reconstruction: Vec<u8>,
    /// `1 - SSIM` of each pixel, Q24.
    pub ssim: Vec<u32>,
    /// The squared difference of each pixel, Q24.
    pub l2: Vec<u32>,
}

impl Measured {
    /// The mean SSIM of the image and its reconstruction: 1 if they are equal.
    pub fn similarity(&self) -> f64 {
        1.0 - score_as_float(self.scores[0])
    }
}

/// Draws images with a network and measures the differences.
#[derive(Debug)]
pub struct Measurer<R> {
    pipeline: Pipeline<R>,
    clock: MonotonicClock,
    /// What the network took for each image, in microseconds.
    inference_us: Vec<u32>,
}

impl<R: Reconstructor> Measurer<R> {
    /// With this network.
    ///
    /// # Panics
    /// If its size is not that of `preprocessing`: the caller has built both for one architecture.
    pub fn new(preprocessing: Preprocessing, reconstructor: R) -> Self {
        let recipe = ScoreRecipe::new(Metric::Ssim, Pooling::Mean);
        let pipeline = Pipeline::new(preprocessing, recipe, reconstructor).expect("the sizes agree");
        Self { pipeline, clock: MonotonicClock::new(), inference_us: Vec::new() }
    }

    /// Measures a packed gray image of the network's size.
    ///
    /// # Errors
    /// [`MeasureError`] if the network fails on it.
    pub fn measure(&mut self, image: &[u8]) -> Result<Measured, MeasureError> {
        let size = self.pipeline.preprocessing().input;
        let input = GrayView::packed(image, size).map_err(MeasureError::from)?;
        let measurement = self.pipeline.measure_preprocessed(input, &self.clock)?;
        self.inference_us.push(measurement.times.inference_us);
        let evidence = self.pipeline.evidence().expect("there is evidence of what was just measured");
        let ssim = evidence.difference.to_vec();
        let mut l2 = vec![0; size.area()];
        let mut scratch = vec![0; scratch_len(Metric::L2, size.width)];
        difference_map(Metric::L2, input, evidence.reconstruction, &mut scratch, &mut l2)
            .expect("both images have this size");
        let reconstruction: Vec<u8> = evidence.reconstruction.rows().flatten().copied().collect();
        let range_2 = similarity::difference_map(image, &reconstruction, size, 2.0);
        let range_2 = range_2.iter().sum::<f64>() / range_2.len() as f64;
        let scores = [mean(&ssim), (range_2.max(0.0) * ONE).round() as u32, mean(&l2)];
        Ok(Measured { scores, reconstruction, ssim, l2 })
    }

    /// The median time that the network took for an image so far, in milliseconds. For people: it differs from run to run.
    pub fn median_inference_ms(&self) -> f64 {
        let mut times = self.inference_us.clone();
        times.sort_unstable();
        times.get(times.len() / 2).map_or(0.0, |&time| f64::from(time) / 1000.0)
    }

    /// The mean SSIM of images and their reconstructions; of none, 0.
    ///
    /// # Errors
    /// As [`Self::measure`].
    pub fn mean_similarity(&mut self, images: &[Vec<u8>]) -> Result<f64, MeasureError> {
        let mut sum = 0.0;
        for image in images {
            sum += self.measure(image)?.similarity();
        }
        Ok(sum / images.len().max(1) as f64)
    }
}

/// The mean of a map, rounded to the nearest.
fn mean(map: &[u32]) -> u32 {
    let (sum, count) = (map.iter().map(|&value| u64::from(value)).sum::<u64>(), map.len().max(1) as u64);
    ((sum + count / 2) / count) as u32
}

#[cfg(test)]
mod tests {
    use edge_runtime::reconstruct::ReconstructError;
    use shared::image::Size;
    use shared::preprocess::{AcceptedSizes, Geometry};

    use super::*;

    const SIZE: Size = Size::new(12, 11);

    /// Draws every image in one gray.
    struct Flat(Vec<f32>);

    impl Reconstructor for Flat {
        fn size(&self) -> Size {
            SIZE
        }

        fn reconstruct(&mut self, _input: &[u8]) -> Result<&[f32], ReconstructError> {
            Ok(&self.0)
        }
    }

    #[test]
    fn scores_of_flat_images_by_hand() {
        let accepted = AcceptedSizes { min: SIZE, max: SIZE };
        let preprocessing = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: SIZE };
        let mut measurer = Measurer::new(preprocessing, Flat(vec![0.4; SIZE.area()]));
        let measured = measurer.measure(&vec![51; SIZE.area()]).unwrap();
        assert_eq!(measured.reconstruction, vec![102; SIZE.area()]);
        // 1 - SSIM = (a - b)^2 / (a^2 + b^2 + C1), with C1 of 1e-4 and 4e-4.
        let expected = [0.04 / 0.2001, 0.04 / 0.2004, 0.04];
        for (score, expected) in measured.scores.into_iter().zip(expected) {
            assert!((f64::from(score) / ONE - expected).abs() < 1e-6, "{score} {expected}");
        }
        assert!((measured.similarity() - (1.0 - expected[0])).abs() < 1e-6);
    }
}
