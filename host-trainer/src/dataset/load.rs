//! Reads images and preprocesses them with the station's own code: the trainer never sees a pixel that the station
//! would compute otherwise. Images are loaded in parallel, as many at a time as there are threads, and fewer if they
//! are so large that their files and frames would exceed [`FILE_MEMORY`] and [`DECODING_MEMORY`].

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{
    DecodeError, MAX_FILE_BYTES, decode_bytes, decoding_bytes, read_image_file, size_in_header,
};
use edge_runtime::frame::Frame;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use shared::image::{MAX_SIDE, Size};
use shared::preprocess::{AcceptedSizes, Geometry, PreprocessError, Preprocessing, ResampleScratch, preprocess};

use super::duplicates::{EqualFiles, Identity};
use super::fingerprint::fingerprint;
use super::geometry::accepted_sizes;
use super::layout::GoodImages;
use super::memory::Budget;
use super::unreadable::{LeftOut, OnUnreadable, UnreadableImages};
use crate::listing::Listing;

/// The most memory that image files take together while they are loaded, in bytes (256 MiB, one of the largest).
pub const FILE_MEMORY: u64 = MAX_FILE_BYTES;

/// The most memory that frames take together while they are decoded, in bytes (1 GiB: some 25 colour JPEG frames of
/// 12 megapixels). A frame that needs more is decoded alone.
pub const DECODING_MEMORY: u64 = 1 << 30;

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

impl LoadError {
    /// The message without the file's name.
    pub fn into_reason(self) -> String {
        match self {
            Self::Decode(error) => error.into_reason(),
            Self::Preprocess { source, .. } => source.to_string(),
        }
    }
}

/// Images in the network's size.
#[derive(Clone, Debug)]
pub struct LoadedImages {
    /// The folder that the files are relative to.
    pub root: PathBuf,
    /// Paths relative to the root, in order.
    pub files: Vec<PathBuf>,
    /// One packed gray image of `preprocessing.input` for each file.
    pub images: Vec<Vec<u8>>,
    /// The size of each photograph, in pixels.
    pub frames: Vec<Size>,
    /// SHA-256 of each file's bytes.
    pub sha256: Vec<[u8; 32]>,
    /// How a frame becomes such an image, here and on the station.
    pub preprocessing: Preprocessing,
    /// SHA-256 over every path and every file's bytes, in order.
    pub fingerprint: [u8; 32],
    /// Files that were found but are not among these.
    pub left_out: Vec<LeftOut>,
}

impl LoadedImages {
    /// What each image shows, to find those that are there twice.
    pub fn identities(&self) -> Vec<Identity> {
        self.images.iter().map(|image| Identity::of([&image[..]])).collect()
    }

    /// The part of an image, at its top left, that shows the photograph and not its mirror image.
    pub fn content(&self, index: usize) -> Size {
        self.preprocessing.content(self.frames[index])
    }

    /// The part that every image shows of its photograph; the whole input without images.
    pub fn least_content(&self) -> Size {
        let contents = (0..self.frames.len()).map(|index| self.content(index));
        contents.fold(self.preprocessing.input, |least, content| {
            Size::new(least.width.min(content.width), least.height.min(content.height))
        })
    }

    /// Where an image lies.
    pub fn path(&self, index: usize) -> PathBuf {
        self.root.join(&self.files[index])
    }

    /// What a person should know of these images: those that are left out, those that are there twice.
    pub fn remarks(&self, duplicates: &EqualFiles) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.left_out.is_empty() {
            let (count, list) = (self.left_out.len(), Listing(&self.left_out));
            let found = count + self.files.len();
            remarks.push(format!("left out: {count} of {found} images cannot be used:\n{list}"));
        }
        if !duplicates.is_empty() {
            remarks.push(format!(
                "warning: these images are equal (the same pixels in the network's size):\n{duplicates}\n\
                 Each group is kept together in the training part, so that the threshold rests on images that nothing \
                 else has seen. Remove all but one of each."
            ));
        }
        remarks
    }
}

/// One image in the network's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Packed gray pixels.
    pub image: Vec<u8>,
    /// The size it was recorded in.
    pub frame: Size,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
}

/// Loads all of `good` for a network of size `input`, each image resampled to it as a whole.
///
/// # Errors
/// [`UnreadableImages`] names the files that cannot be used, unless they are to be skipped.
pub fn load_good(
    good: &GoodImages,
    input: Size,
    on_unreadable: OnUnreadable,
    progress: &(dyn Fn() + Sync),
) -> Result<LoadedImages, UnreadableImages> {
    load_good_as(good, Geometry::Resize, input, on_unreadable, progress)
}

/// Loads all of `good` for a network of size `input`.
///
/// # Errors
/// [`UnreadableImages`] names the files that cannot be used, unless they are to be skipped.
pub fn load_good_as(
    good: &GoodImages,
    geometry: Geometry,
    input: Size,
    on_unreadable: OnUnreadable,
    progress: &(dyn Fn() + Sync),
) -> Result<LoadedImages, UnreadableImages> {
    // Every size is accepted here; which sizes the station accepts follows from those that are found.
    let accepted = AcceptedSizes { min: Size::new(1, 1), max: Size::new(MAX_SIDE, MAX_SIDE) };
    let how = Preprocessing { region: None, geometry, accepted, input };
    let results = load_each(&good.paths(), &how, progress);

    let (mut files, mut loaded, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (file, result) in good.files.iter().zip(results) {
        match result {
            Ok(one) => {
                files.push(file.clone());
                loaded.push(one);
            }
            Err(error) => left_out.push(LeftOut { file: file.clone(), reason: error.into_reason() }),
        }
    }
    if on_unreadable == OnUnreadable::Refuse && !left_out.is_empty() {
        return Err(UnreadableImages { root: good.root.clone(), found: good.files.len(), left_out });
    }
    let fingerprint = fingerprint(files.iter().zip(loaded.iter().map(|one| one.sha256)));
    let frames: Vec<Size> = loaded.iter().map(|l| l.frame).collect();
    let accepted = accepted_sizes(geometry, &frames);
    Ok(LoadedImages {
        root: good.root.clone(),
        files,
        frames,
        sha256: loaded.iter().map(|l| l.sha256).collect(),
        images: loaded.into_iter().map(|l| l.image).collect(),
        preprocessing: Preprocessing { accepted, ..how },
        fingerprint,
        left_out,
    })
}

/// Loads images in parallel, preprocessed as `how` says, in the order of `paths`. A frame of a size that `how` does
/// not accept is loaded all the same.
pub fn load_each(
    paths: &[PathBuf],
    how: &Preprocessing,
    progress: &(dyn Fn() + Sync),
) -> Vec<Result<Loaded, LoadError>> {
    let memory = Memory { files: Budget::new(FILE_MEMORY), decoding: Budget::new(DECODING_MEMORY) };
    let load = |path: &PathBuf| {
        let loaded = load_one(path, how, &memory);
        progress();
        loaded
    };
    paths.par_iter().map(load).collect()
}

/// The size of each frame, as far as its file says it and holds it whole; in parallel, in the order of `paths`. Nothing is
/// decoded.
pub(super) fn size_of_each(paths: &[PathBuf]) -> Vec<Option<Size>> {
    let files = Budget::new(FILE_MEMORY);
    let size = |path: &PathBuf| {
        let length = std::fs::metadata(path).ok()?.len();
        let _file = files.reserve(length.min(MAX_FILE_BYTES));
        size_in_header(&read_image_file(path).ok()?)
    };
    paths.par_iter().map(size).collect()
}

/// What the threads share. A thread takes of `files` first: one that holds some of `decoding` waits for nothing.
struct Memory {
    files: Budget,
    decoding: Budget,
}

fn load_one(path: &Path, how: &Preprocessing, memory: &Memory) -> Result<Loaded, LoadError> {
    let length = std::fs::metadata(path).map_or(0, |file| file.len());
    // A longer file is refused unread.
    let _file = memory.files.reserve(if length > MAX_FILE_BYTES { 0 } else { length });
    let bytes = read_image_file(path)?;
    let sha256 = Sha256::digest(&bytes).into();
    let _frame = memory.decoding.reserve(decoding_bytes(&bytes));
    let frame = decode_bytes(&bytes, path)?;
    let accepted = AcceptedSizes { min: frame.size(), max: frame.size() };
    let how = Preprocessing { accepted, ..*how };
    let image = preprocessed(&frame, &how).map_err(|source| LoadError::Preprocess { path: path.to_owned(), source })?;
    Ok(Loaded { image, frame: frame.size(), sha256 })
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
#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    #[test]
    fn images_are_loaded_in_order_and_unreadable_ones_left_out_if_asked() {
        let folder = tempfile::tempdir().unwrap();
        let pgm = |value: u8| [b"P5 2 2 255\n", &[value; 4][..]].concat();
        for (name, bytes) in [("a.pgm", pgm(10)), ("b.pgm", Vec::new()), ("c.pgm", pgm(30))] {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let good = GoodImages::open(folder.path()).unwrap();
        let load = |on_unreadable| load_good(&good, size(1, 1), on_unreadable, &|| {});
        let error = load(OnUnreadable::Refuse).unwrap_err();
        assert_eq!((error.found, error.left_out.len()), (3, 1));
        let images = load(OnUnreadable::Skip).unwrap();
        assert_eq!(images.images, [[10], [30]]);
        assert_eq!(images.left_out[0].file, Path::new("b.pgm"));

        // The fingerprint is that of the images that are used.
        std::fs::remove_file(folder.path().join("b.pgm")).unwrap();
        let without = load_good(&GoodImages::open(folder.path()).unwrap(), size(1, 1), OnUnreadable::Refuse, &|| {});
        assert_eq!(without.unwrap().fingerprint, images.fingerprint);
    }
}
