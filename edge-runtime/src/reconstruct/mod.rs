//! From a gray image to its reconstruction, as floats: the trait and its errors; the inference engine is in a file of
//! its own. Values are 0.0 (black) to 1.0 (white); rounding them to 8 bit belongs to `shared`.

#[cfg(feature = "tract")]
mod interface;
#[cfg(feature = "tract")]
mod onnx;

use shared::image::Size;

#[cfg(feature = "tract")]
pub use onnx::{TractReconstructor, onnx_proto};

/// Redraws an image.
pub trait Reconstructor {
    /// The size of the images it takes and gives.
    fn size(&self) -> Size;

    /// Redraws `input` (8-bit gray, row after row without gaps, `size()` pixels).
    ///
    /// The result has one value per pixel in the same order; whether its count and its values are fit to be judged is
    /// checked by whoever scores it. It stays valid until the next call.
    ///
    /// # Errors
    ///
    /// [`ReconstructError`] if `input` has another length or the inference fails. The next call starts afresh.
    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError>;
}

impl<R: Reconstructor + ?Sized> Reconstructor for Box<R> {
    fn size(&self) -> Size {
        (**self).size()
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        (**self).reconstruct(input)
    }
}

/// Why one image could not be reconstructed.
#[derive(Debug, thiserror::Error)]
pub enum ReconstructError {
    /// The input is not one image of the model's size.
    #[error("the model takes {expected} pixels, the image has {found}")]
    InputLength {
        /// Pixels given.
        found: usize,
        /// Pixels of the model's input.
        expected: usize,
    },
    /// The inference engine gave up.
    #[error("inference failed: {message}")]
    Inference {
        /// What the engine said.
        message: String,
    },
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The bytes are no ONNX model that the engine can read.
    #[error("the model cannot be read as ONNX: {message}; export it again with the host trainer")]
    Unreadable {
        /// What the engine said.
        message: String,
    },
    /// The model has other tensors than the manifest names.
    #[error("the model's {end} is {found}, expected exactly one tensor named \"{expected}\"; seal the bundle again")]
    Tensors {
        /// "input" or "output".
        end: &'static str,
        /// The names found, comma-separated.
        found: String,
        /// The name in the manifest.
        expected: String,
    },
    /// A tensor has another element type or shape than the manifest says.
    #[error(
        "the model's {end} \"{name}\" is {found}, expected f32 [1, 1, {height}, {width}] \
         (batch, channel, height, width)",
        height = expected.height,
        width = expected.width
    )]
    Shape {
        /// "input" or "output".
        end: &'static str,
        /// The tensor's name.
        name: String,
        /// Element type and shape found.
        found: String,
        /// The image size expected.
        expected: Size,
    },
    /// The model is not one of those that are let in.
    #[cfg(feature = "tract")]
    #[error("the model is not admitted: {0}")]
    NotAdmitted(#[from] crate::admission::NotAdmitted),
    /// The engine cannot turn the model into something it can run.
    #[error("the model cannot be prepared for inference: {message}; export it again with the host trainer")]
    NotRunnable {
        /// What the engine said.
        message: String,
    },
}
