//! What good parts show at each pixel of the difference map: the mean and the spread that a station normalises by. A
//! network never redraws everything; where it fails on every good part, a difference says little.
//!
//! Differences are in Q24. Everything is computed in integers, so that the maps are the same on every machine. They are
//! fitted on development images alone: those of the calibration would no longer tell how new good parts score. It does
//! not know the threshold.

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::{MeasureError, Pipeline, PipelineError};
use edge_runtime::reconstruct::Reconstructor;
use shared::difference::{Pooling, ResidualMaps, ScoreError, ScoreRecipe, smooth, smooth_scratch_len};
use shared::image::{GrayView, Size};

use crate::dataset::Development;

/// The excess over the mean that becomes 1.0, in spreads. Scores end at 2.0, which is 128 spreads: what good parts show
/// is a few, what plain defects show some dozens.
const SPREADS_PER_ONE: u64 = 64;
/// The spread of a pixel counts as that of so many images of the whole map, beside the images themselves.
const PRIOR_IMAGES: u64 = 8;
/// By which radius mean and spread are smoothed: neighbours say something of a pixel too.
const RADIUS: u8 = 1;
/// No spread is less, in Q24 (1/4096): the rounding of a reconstruction alone moves a difference by about as much.
const LEAST_SPREAD: u64 = 1 << 12;

/// Whether a new bundle's score is normalised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// The difference map counts as it is
    #[default]
    Never,
    /// Each pixel by the mean and the spread of good parts there, if parts lie at one place
    Pixels,
}

/// Why maps could not be fitted.
#[derive(Debug, thiserror::Error)]
pub enum NormalisationError {
    /// There is no image to fit them on.
    #[error("there are no development images to fit the residual maps on; photograph more good parts")]
    NoImages,
    /// An image could not be measured.
    #[error("a development image cannot be measured")]
    Measure(#[from] MeasureError),
    /// The recipe does not fit the model.
    #[error("the recipe cannot be used")]
    Pipeline(#[from] PipelineError),
}

/// The bytes of the bundle's section, from development images of the size of the pipeline's input.
///
/// For each pixel, over the difference maps smoothed as `recipe` says: the mean; and the standard deviation, drawn
/// towards its mean over all pixels with the weight of eight images and raised by half of that mean, so that pixels
/// at which all images agree do not count without limit. Both maps are smoothed once more.
///
/// # Errors
/// [`NormalisationError`].
pub fn fit(
    pipeline: &mut Pipeline<impl Reconstructor>,
    development: &Development<'_>,
) -> Result<Vec<u8>, NormalisationError> {
    let (size, clock) = (pipeline.preprocessing().input, MonotonicClock::new());
    let mut sums = vec![Sums::default(); size.area()];
    for image in development.images() {
        let input = GrayView::packed(image.input, size).map_err(MeasureError::from)?;
        pipeline.measure_content(input, image.content, &clock)?;
        let evidence = pipeline.evidence();
        let map = evidence.iter().flat_map(|evidence| evidence.smoothed.unwrap_or(evidence.difference));
        sums.iter_mut().zip(map).for_each(|(sums, &value)| sums.add(value));
    }
    let count = development.images().len() as u64;
    if count == 0 {
        return Err(NormalisationError::NoImages);
    }
    let (means, spreads) = maps(&sums, count, size).map_err(MeasureError::from)?;
    Ok(ResidualMaps::<&[u8]>::encode(size, means, spreads).collect())
}

/// The recipe by which the maps are fitted: that of the bundle up to the normalisation.
pub fn fitting_recipe(recipe: &ScoreRecipe) -> ScoreRecipe {
    ScoreRecipe { smoothing: recipe.smoothing, ..ScoreRecipe::new(recipe.metric, Pooling::Mean) }
}

/// Sums over the images at one pixel: of at most 2^32 values of at most 2^25.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    values: u64,
    squares: u128,
}

impl Sums {
    fn add(&mut self, value: u32) {
        self.values += u64::from(value);
        self.squares += u128::from(value) * u128::from(value);
    }

    /// Mean and standard deviation over `count` values, rounded down.
    fn moments(self, count: u64) -> (u32, u32) {
        let n = u128::from(count);
        // n^2 times the variance, which is never negative.
        let scatter = n * self.squares - u128::from(self.values) * u128::from(self.values);
        ((self.values / count) as u32, (scatter.isqrt() / n) as u32)
    }
}

fn maps(sums: &[Sums], count: u64, size: Size) -> Result<(Vec<u32>, Vec<u32>), ScoreError> {
    let (mut means, mut deviations): (Vec<u32>, Vec<u32>) = sums.iter().map(|sums| sums.moments(count)).unzip();
    let mut scratch = vec![0; smooth_scratch_len(RADIUS, size.width)];
    smooth(&mut means, size, RADIUS, &mut scratch)?;
    smooth(&mut deviations, size, RADIUS, &mut scratch)?;
    let typical = deviations.iter().map(|&value| u64::from(value)).sum::<u64>() / deviations.len().max(1) as u64;
    let spread = |deviation: u32| {
        let drawn = (count * u64::from(deviation) + PRIOR_IMAGES * typical) / (count + PRIOR_IMAGES);
        let spread = (drawn + typical / 2).max(LEAST_SPREAD) * SPREADS_PER_ONE;
        u32::try_from(spread).unwrap_or(u32::MAX)
    };
    let spreads = deviations.into_iter().map(spread).collect();
    Ok((means, spreads))
}

#[cfg(test)]
mod tests {
    use edge_runtime::reconstruct::ReconstructError;
    use proptest::prelude::*;
    use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
    use shared::score::Score;
    use shared::similarity::Metric;

    use super::*;
    use crate::dataset::{LoadedImages, Split};

    const SIZE: Size = Size { width: 9, height: 8 };

    fn fitted(images: &[[u32; 72]]) -> (Vec<u32>, Vec<u32>) {
        let mut sums = vec![Sums::default(); 72];
        for image in images {
            sums.iter_mut().zip(image).for_each(|(sums, &value)| sums.add(value));
        }
        maps(&sums, images.len() as u64, SIZE).unwrap()
    }

    #[test]
    fn maps_that_are_all_alike_have_their_value_as_mean_and_the_least_spread() {
        let (means, spreads) = fitted(&[[5000; 72]; 6]);
        assert_eq!((means, spreads), (vec![5000; 72], vec![(LEAST_SPREAD * SPREADS_PER_ONE) as u32; 72]));
    }

    #[test]
    fn moments_are_those_of_the_definition() {
        let mut sums = Sums::default();
        [10, 20, 30, 60].into_iter().for_each(|value| sums.add(value));
        assert_eq!(sums.moments(4), (30, 18)); // variance (400 + 100 + 0 + 900) / 4 = 350
        let mut greatest = Sums::default();
        (0..1000).for_each(|_| greatest.add(Score::MAX.raw()));
        assert_eq!(greatest.moments(1000), (Score::MAX.raw(), 0));
    }

    #[test]
    fn where_good_parts_scatter_more_a_difference_counts_less() {
        let mut images = [[1 << 16; 72]; 10];
        for (index, image) in images.iter_mut().enumerate() {
            (0..72).filter(|pixel| pixel % 9 < 3).for_each(|pixel| image[pixel] += (index as u32) << 18);
        }
        let (means, spreads) = fitted(&images);
        assert!(means[0] > means[8] && spreads[0] > 2 * spreads[8], "{spreads:?}");
    }

    #[test]
    fn one_hot_pixel_raises_mean_and_spread_around_it_alone() {
        let mut images = [[1 << 12; 72]; 10];
        images[3][4 * 9 + 4] = 1 << 24;
        let (means, spreads) = fitted(&images);
        // Three averages over three pixels reach three pixels; where they don't, the spread is that of the others.
        let reached = |pixel: usize| (pixel % 9).abs_diff(4) <= 3 && (pixel / 9).abs_diff(4) <= 3;
        let far = spreads[8];
        for pixel in 0..72 {
            assert_eq!((means[pixel] > 1 << 12, spreads[pixel] > far), (reached(pixel), reached(pixel)), "{pixel}");
        }
        assert_eq!(means.iter().max(), Some(&means[4 * 9 + 4]));
    }

    #[test]
    fn few_images_draw_the_spreads_together() {
        let ratio = |count: usize| {
            let mut images = vec![[1 << 16; 72]; count];
            for image in images.iter_mut().step_by(2) {
                (0..72).filter(|pixel| pixel % 9 < 3).for_each(|pixel| image[pixel] += 1 << 20);
            }
            let (_, spreads) = fitted(&images);
            f64::from(spreads[0]) / f64::from(spreads[8])
        };
        assert!(1.5 < ratio(4) && ratio(4) < ratio(16) && ratio(16) < ratio(200), "{} {}", ratio(4), ratio(200));
    }

    /// Redraws everything in middle gray.
    struct Gray([f32; 256]);

    impl Reconstructor for Gray {
        fn size(&self) -> Size {
            Size::new(16, 16)
        }

        fn reconstruct(&mut self, _input: &[u8]) -> Result<&[f32], ReconstructError> {
            Ok(&self.0)
        }
    }

    fn photographs() -> (LoadedImages, Split) {
        let (size, count) = (Size::new(16, 16), 60);
        let images = (0..count).map(|i| (0..256).map(|p| (p * 7 + i * p % 31 + i) as u8).collect()).collect();
        let accepted = AcceptedSizes { min: size, max: size };
        let loaded = LoadedImages {
            root: "photographs".into(),
            files: (0..count).map(|i| format!("{i}.png").into()).collect(),
            images,
            frames: vec![size; count],
            sha256: vec![[0; 32]; count],
            preprocessing: Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: size },
            fingerprint: [0; 32],
            left_out: Vec::new(),
        };
        (loaded, Split::new(count, 1).unwrap())
    }

    fn fitted_on(images: &LoadedImages, split: &Split) -> Vec<u8> {
        let recipe = ScoreRecipe { smoothing: 1, normalised: true, ..ScoreRecipe::new(Metric::Ssim, Pooling::Mean) };
        let model = Gray([0.5; 256]);
        let mut pipeline = Pipeline::new(images.preprocessing, fitting_recipe(&recipe), model).unwrap();
        fit(&mut pipeline, &split.development_of(images)).unwrap()
    }

    #[test]
    fn only_development_images_make_the_maps() {
        let (images, split) = photographs();
        let maps = fitted_on(&images, &split);
        assert_eq!(fitted_on(&images, &split), maps);
        let changed = |part: &[usize]| {
            let mut other = images.clone();
            part.iter().for_each(|&index| other.images[index].iter_mut().for_each(|pixel| *pixel ^= 0x55));
            fitted_on(&other, &split)
        };
        for part in [&split.calibration, &split.training, &split.validation] {
            assert_eq!(changed(part), maps);
        }
        assert_ne!(changed(&split.development[..1]), maps);
    }

    proptest! {
        #[test]
        fn any_maps_give_a_section_that_can_be_read(images in prop::collection::vec(prop::array::uniform32(0..=Score::MAX.raw()), 1..6)) {
            let size = Size { width: 8, height: 4 };
            let mut sums = vec![Sums::default(); 32];
            for image in &images {
                sums.iter_mut().zip(image).for_each(|(sums, &value)| sums.add(value));
            }
            let (means, spreads) = maps(&sums, images.len() as u64, size).unwrap();
            let bytes: Vec<u8> = ResidualMaps::<&[u8]>::encode(size, means, spreads).collect();
            prop_assert!(ResidualMaps::read(&bytes[..]).is_ok());
        }
    }
}
