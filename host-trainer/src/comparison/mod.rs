//! Two images and how unlike they are, by the integers of the station: difference map and mean score, in Q24 (1.0 is
//! 2^24).
//!
//! Images come in by the station's decoder and become 8-bit gray by `shared`'s luma; nothing is resampled. It does not
//! know bundles or thresholds.

mod glyphs;
mod picture;

pub use picture::picture;

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{DecodeError, decode_file};
use edge_runtime::frame::Frame;
use shared::difference::{Pooling, ScoreBuffers, ScoreError, ScoreRecipe, score};
use shared::image::{GrayView, ImageError, Size};
use shared::score::Score;
use shared::similarity::{Metric, SimilarityError};

/// Two images, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What was computed for each pixel.
    pub metric: Metric,
    /// Width and height of both images.
    pub size: Size,
    /// The mean over the pixels at least [`Metric::border`] from each edge.
    pub score: Score,
    /// The difference of every pixel, row by row, in Q24.
    pub map: Vec<u32>,
}

/// Why two images could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A file is no image.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The images differ in size.
    #[error(
        "{} is {a_size} pixels and {} is {b_size}; only images of the same size can be compared: crop or resample one",
        a.display(), b.display()
    )]
    SizesDiffer {
        /// The first file.
        a: PathBuf,
        /// Its size.
        a_size: Size,
        /// The second file.
        b: PathBuf,
        /// Its size.
        b_size: Size,
    },
    /// The images are smaller than the window.
    #[error("{} is {found} pixels; this metric needs at least {min} on each side: give larger images", path.display())]
    TooSmall {
        /// The first file; the second has the same size.
        path: PathBuf,
        /// The size of both.
        found: Size,
        /// The shortest side that the metric compares.
        min: u16,
    },
    /// An image is malformed after decoding.
    #[error("a decoded image cannot be viewed")]
    Image(#[from] ImageError),
    /// The score could not be computed.
    #[error("the images cannot be compared")]
    Score(#[from] ScoreError),
}

/// Compares two image files.
///
/// # Errors
/// [`CompareError`] if a file cannot be decoded, the sizes differ, or a side is shorter than the metric's window.
pub fn compare(a: &Path, b: &Path, metric: Metric) -> Result<Comparison, CompareError> {
    let (a_frame, b_frame) = (decode_file(a)?, decode_file(b)?);
    let (a_size, b_size) = (a_frame.size(), b_frame.size());
    if a_size != b_size {
        return Err(CompareError::SizesDiffer { a: a.to_owned(), a_size, b: b.to_owned(), b_size });
    }
    let (a_gray, b_gray) = (gray(&a_frame)?, gray(&b_frame)?);
    let compared = compare_gray(GrayView::packed(&a_gray, a_size)?, GrayView::packed(&b_gray, a_size)?, metric);
    compared.map_err(|error| match error {
        ScoreError::Recipe { size, .. } | ScoreError::Similarity(SimilarityError::TooSmall { found: size, .. }) => {
            CompareError::TooSmall { path: a.to_owned(), found: size, min: metric.min_side() }
        }
        error => error.into(),
    })
}

/// Compares two gray images.
///
/// # Errors
/// [`ScoreError`] if the sizes differ or a side is shorter than the metric's window.
pub fn compare_gray(a: GrayView<'_>, b: GrayView<'_>, metric: Metric) -> Result<Comparison, ScoreError> {
    let (recipe, size) = (ScoreRecipe::new(metric, Pooling::Mean), a.size());
    let needed = ScoreBuffers::needed_for(&recipe, size);
    let (mut map, mut scratch) = (vec![0; needed.map], vec![0; needed.scratch]);
    let buffers = ScoreBuffers { map: &mut map, smoothed: &mut [], scratch: &mut scratch };
    let score = score(&recipe, a, b, buffers)?;
    Ok(Comparison { metric, size, score, map })
}

/// The luma of a whole frame.
fn gray(frame: &Frame) -> Result<Vec<u8>, ImageError> {
    let (view, size) = (frame.view()?, frame.size());
    let mut gray = vec![0; size.area()];
    for (y, row) in (0..size.height).zip(gray.chunks_exact_mut(size.width.into())) {
        view.luma_row(y, 0, row)?;
    }
    Ok(gray)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, size: Size, pixel: impl Fn(u32, u32) -> [u8; 3]) -> PathBuf {
        let path = folder.join(name);
        let image = image::RgbImage::from_fn(size.width.into(), size.height.into(), |x, y| image::Rgb(pixel(x, y)));
        image.save(&path).unwrap();
        path
    }

    #[test]
    fn colour_becomes_luma_before_it_is_compared() {
        let folder = tempfile::tempdir().unwrap();
        let size = Size::new(20, 19);
        // Green's weight is 38470 / 65536: 100 becomes floor(58.70 + 1/2) = 59; ((59 - 0) / 255)^2 = 0.053533.
        let green = write(folder.path(), "green.png", size, |_, _| [0, 100, 0]);
        let black = write(folder.path(), "black.png", size, |_, _| [0, 0, 0]);
        let compared = compare(&green, &black, Metric::L2).unwrap();
        assert_eq!(compared.score.raw(), (59.0_f64 * 59.0 / 65_025.0 * 16_777_216.0).round() as u32);
        assert_eq!(compared.map, vec![compared.score.raw(); size.area()]);
        for metric in Metric::ALL {
            assert_eq!(compare(&green, &green, metric).unwrap().score, Score::MIN);
        }
    }

    #[test]
    fn what_cannot_be_compared_is_said_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, width, height| write(folder.path(), name, Size::new(width, height), |_, _| [9, 9, 9]);
        let (wide, tall, small) = (of("wide.png", 12, 11), of("tall.png", 11, 12), of("small.png", 10, 6));
        let message = |a: &Path, b: &Path, metric| compare(a, b, metric).unwrap_err().to_string();
        let differ = message(&wide, &tall, Metric::Ssim);
        assert!(differ.contains("wide.png is 12x11") && differ.contains("tall.png is 11x12"), "{differ}");
        for (metric, least) in [
            (Metric::Ssim, "at least 7"),
            (Metric::L2, "at least 7"),
            (Metric::SsimGaussian, "at least 11"),
            (Metric::Msgms, "at least 19"),
            (Metric::SsimMsgms, "at least 19"),
        ] {
            let message = message(&small, &small, metric);
            assert!(message.contains("small.png is 10x6") && message.contains(least), "{message}");
        }
        let missing = folder.path().join("missing.png");
        assert!(message(&wide, &missing, Metric::L2).contains("missing.png"));
    }
}
