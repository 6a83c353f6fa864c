//! Reads images and preprocesses them with the station's own code: the trainer never sees a pixel that the station
//! would compute otherwise.

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{DecodeError, decode_bytes, read_image_file};
use edge_runtime::frame::Frame;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use shared::image::{MAX_SIDE, Size};
use shared::preprocess::{AcceptedSizes, Geometry, PreprocessError, Preprocessing, ResampleScratch, preprocess};

use super::fingerprint::fingerprint;
use super::layout::GoodImages;

/// Where the frame sizes of a data set differ, sizes this much smaller or larger are accepted too: one part in four.
const SIZE_SLACK: u32 = 4;

/// An image could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read or is no image.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The image cannot be brought to the network's size.
    #[error("{}: {source}", path.display())]
    Preprocess {
        /// The image.
        path: PathBuf,
        /// Why not.
        source: PreprocessError,
    },
}

/// Images in the network's size.
#[derive(Clone, Debug)]
pub struct LoadedImages {
    /// Paths relative to the root, in order.
    pub files: Vec<PathBuf>,
    /// One packed gray image of `preprocessing.input` for each file.
    pub images: Vec<Vec<u8>>,
    /// How a frame becomes such an image, here and on the station.
    pub preprocessing: Preprocessing,
    /// SHA-256 over every path and every file's bytes, in order.
    pub fingerprint: [u8; 32],
}

struct Loaded {
    image: Vec<u8>,
    frame: Size,
    sha256: [u8; 32],
}

/// Loads all of `good` for a network of size `input`, in parallel, one frame per thread in memory at a time.
///
/// # Errors
/// [`LoadError`] names the first file, in order, that cannot be used.
pub fn load_good(good: &GoodImages, input: Size, progress: &(dyn Fn() + Sync)) -> Result<LoadedImages, LoadError> {
    let results: Vec<Result<Loaded, LoadError>> = good
        .files
        .par_iter()
        .map(|file| {
            let loaded = load_one(&good.root.join(file), input);
            progress();
            loaded
        })
        .collect();
    let loaded = results.into_iter().collect::<Result<Vec<_>, _>>()?;

    let fingerprint = fingerprint(good.files.iter().zip(loaded.iter().map(|l| l.sha256)));
    let accepted = accepted_sizes(loaded.iter().map(|l| l.frame));
    Ok(LoadedImages {
        files: good.files.clone(),
        preprocessing: Preprocessing { region: None, geometry: Geometry::Resize, accepted, input },
        images: loaded.into_iter().map(|l| l.image).collect(),
        fingerprint,
    })
}

fn load_one(path: &Path, input: Size) -> Result<Loaded, LoadError> {
    let bytes = read_image_file(path)?;
    let frame = decode_bytes(&bytes, path)?;
    let accepted = AcceptedSizes { min: frame.size(), max: frame.size() };
    let how = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input };
    let image = preprocessed(&frame, &how).map_err(|source| LoadError::Preprocess { path: path.to_owned(), source })?;
    Ok(Loaded { image, frame: frame.size(), sha256: Sha256::digest(&bytes).into() })
}

/// `frame` as a packed gray image of `how.input`, in memory of its own.
///
/// # Errors
/// [`PreprocessError`] if the frame's size is not accepted or `how` cannot be used.
pub fn preprocessed(frame: &Frame, how: &Preprocessing) -> Result<Vec<u8>, PreprocessError> {
    let (mut luma, mut sums, mut accumulators) = (
        vec![0; usize::from(frame.size().width)],
        vec![0; usize::from(how.input.width)],
        vec![0; usize::from(how.input.width)],
    );
    let scratch = ResampleScratch { luma: &mut luma, sums: &mut sums, accumulators: &mut accumulators };
    let mut image = vec![0; how.input.area()];
    preprocess(&frame.view()?, how, scratch, &mut image)?;
    Ok(image)
}

/// The frame sizes that the station will accept: the one size of all images, or else the range they span, a quarter
/// wider at both ends.
fn accepted_sizes(sizes: impl Iterator<Item = Size> + Clone) -> AcceptedSizes {
    let range = |side: fn(Size) -> u16| {
        let low = sizes.clone().map(side).min().unwrap_or(1);
        let high = sizes.clone().map(side).max().unwrap_or(1);
        (low, high)
    };
    let ((min_width, max_width), (min_height, max_height)) = (range(|s| s.width), range(|s| s.height));
    if (min_width, min_height) == (max_width, max_height) {
        let only = Size { width: min_width, height: min_height };
        return AcceptedSizes { min: only, max: only };
    }
    let smaller = |side: u16| (u32::from(side) - u32::from(side) / SIZE_SLACK).max(1) as u16;
    let larger = |side: u16| (u32::from(side) + u32::from(side) / SIZE_SLACK).min(u32::from(MAX_SIDE)) as u16;
    AcceptedSizes {
        min: Size { width: smaller(min_width), height: smaller(min_height) },
        max: Size { width: larger(max_width), height: larger(max_height) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    #[test]
    fn one_size_is_the_only_size() {
        let accepted = accepted_sizes([size(300, 200); 3].into_iter());
        assert_eq!((accepted.min, accepted.max), (size(300, 200), size(300, 200)));
    }

    #[test]
    fn several_sizes_make_a_range() {
        let accepted = accepted_sizes([size(100, 400), size(200, 240)].into_iter());
        assert_eq!((accepted.min, accepted.max), (size(75, 180), size(250, 500)));
    }
}
