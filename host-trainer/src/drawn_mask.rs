//! A mask drawn by hand: which pixels of a photograph count, and how much.
//!
//! It is an image of the photographs' size. White counts in full, black does not count at all, gray in proportion. It
//! becomes the weights of the network's input by the same resampling as a photograph, and they become part of the bundle.
//! It does not know how a score is made of weights.

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::{DecodeError, decode_file};
use edge_runtime::frame::Frame;
use shared::difference::{InvalidReference, Mask, ScoreRecipe, ScoreReference};
use shared::image::Size;
use shared::preprocess::{PreprocessError, Preprocessing};

use crate::dataset::load::preprocessed;

/// A mask cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// It cannot be read.
    #[error("the mask cannot be read")]
    Decode(#[from] DecodeError),
    /// A photograph has another size.
    #[error(
        "{}: found a mask of {found} pixels and a photograph of {photograph}, expected both of one size; draw the mask \
         over one of the photographs, and photograph all parts with the same camera settings",
        path.display()
    )]
    Size {
        /// The mask.
        path: PathBuf,
        /// Its size.
        found: Size,
        /// The size of the first photograph that has another.
        photograph: Size,
    },
    /// Nothing counts.
    #[error("{}: the mask is black all over, so nothing would be inspected; draw white what counts", path.display())]
    Black {
        /// The mask.
        path: PathBuf,
    },
    /// It cannot be brought to the network's size.
    #[error("the mask cannot be resampled")]
    Preprocess(#[from] PreprocessError),
    /// No score can be made with the weights.
    #[error("{}: the mask cannot be used; draw more of it white", path.display())]
    Weights {
        /// The mask.
        path: PathBuf,
        /// Why not.
        source: InvalidReference,
    },
}

/// A mask as it was drawn.
#[derive(Clone, Debug)]
pub struct DrawnMask {
    path: PathBuf,
    frame: Frame,
}

/// A mask as it goes into a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedMask {
    /// The bytes of the section.
    pub section: Vec<u8>,
    /// The mean weight of a pixel of the network's input, 0 to 1.
    pub counts: f64,
}

impl DrawnMask {
    /// Reads an image file with the station's decoder; of a colour image the luma counts.
    ///
    /// # Errors
    /// [`MaskError::Decode`] names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, MaskError> {
        Ok(Self { path: path.to_owned(), frame: decode_file(path)? })
    }

    /// The weights for photographs of `frames`, which become the network's input as `how` says, and are scored by `recipe`.
    ///
    /// # Errors
    /// [`MaskError`] if a photograph has another size, or too little counts for a score.
    pub fn seal(&self, frames: &[Size], how: &Preprocessing, recipe: &ScoreRecipe) -> Result<SealedMask, MaskError> {
        let found = self.frame.size();
        if let Some(&photograph) = frames.iter().find(|&&frame| frame != found) {
            return Err(MaskError::Size { path: self.path.clone(), found, photograph });
        }
        let weights = preprocessed(&self.frame, how)?;
        let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        if sum == 0 {
            return Err(MaskError::Black { path: self.path.clone() });
        }
        let counts = sum as f64 / (255.0 * weights.len() as f64);
        let section: Vec<u8> = Mask::<&[u8]>::encode(how.input, weights).collect();
        let weights = |source| MaskError::Weights { path: self.path.clone(), source };
        let mask = Mask::read(&section[..]).map_err(weights)?;
        let reference = ScoreReference { mask: Some(mask), ..ScoreReference::default() };
        // What good parts show at each pixel is not known yet.
        reference.check(&ScoreRecipe { normalised: false, ..*recipe }, how.input).map_err(weights)?;
        Ok(SealedMask { section, counts })
    }
}

#[cfg(test)]
mod tests {
    use shared::difference::Pooling;
    use shared::preprocess::{AcceptedSizes, Geometry};
    use shared::similarity::Metric;

    use super::*;

    /// A drawing of 4x2 pixels.
    fn drawn(pixels: [u8; 8]) -> DrawnMask {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.pgm");
        std::fs::write(&path, [b"P5 4 2 255\n", &pixels[..]].concat()).unwrap();
        DrawnMask::read(&path).unwrap()
    }

    fn recipe(metric: Metric) -> ScoreRecipe {
        ScoreRecipe { masked: true, ..ScoreRecipe::new(metric, Pooling::Mean) }
    }

    fn how(input: Size) -> Preprocessing {
        let size = Size::new(4, 2);
        let accepted = AcceptedSizes { min: size, max: size };
        Preprocessing { region: None, geometry: Geometry::Resize, accepted, input }
    }

    #[test]
    fn a_drawing_becomes_weights_of_the_input() {
        let mask = drawn([255, 255, 0, 100, 255, 255, 0, 100]);
        let sealed = mask.seal(&[Size::new(4, 2); 3], &how(Size::new(2, 1)), &recipe(Metric::L2)).unwrap();
        assert_eq!(sealed.section, [2, 0, 1, 0, 255, 50]);
        assert!((sealed.counts - 305.0 / 510.0).abs() < 1e-12, "{}", sealed.counts);
    }

    #[test]
    fn a_mask_of_another_size_or_without_white_is_refused() {
        let input = Size::new(2, 1);
        let sizes = [Size::new(4, 2), Size::new(2, 4)];
        let error = drawn([255; 8]).seal(&sizes, &how(input), &recipe(Metric::L2)).unwrap_err().to_string();
        assert!(error.contains("a mask of 4x2 pixels and a photograph of 2x4"), "{error}");
        let error = drawn([0; 8]).seal(&[], &how(input), &recipe(Metric::L2)).unwrap_err();
        assert!(matches!(error, MaskError::Black { .. }), "{error}");
        // Of 8x8 pixels, the outermost three are no part of a score.
        let error =
            drawn([255, 0, 0, 0, 0, 0, 0, 0]).seal(&[], &how(Size::new(8, 8)), &recipe(Metric::Ssim)).unwrap_err();
        assert!(matches!(error, MaskError::Weights { .. }), "{error}");
        assert!(matches!(DrawnMask::read(Path::new("no/mask.png")), Err(MaskError::Decode(_))));
    }
}
