//! Proof, at export, that tract on the exported file redraws what burn redraws with the trained weights.

use burn::tensor::{Device, Tensor, TensorData};
use edge_runtime::admission::{Limits, NotAdmitted, admit, decode};
use edge_runtime::reconstruct::{ModelError, ReconstructError, Reconstructor, TractReconstructor};

use crate::export::onnx::{INPUT_NAME, OUTPUT_NAME, to_onnx};
use crate::model::{Architecture, Autoencoder, Weights};

/// The largest difference allowed between a pixel of burn and the same pixel of tract, in gray 0 to 1.
///
/// Both compute in float32 and differ in the order of their sums: 1e-7 to 1e-6 is usual. One gray level of 255 is
/// 0.004, forty times this bound.
pub const PARITY_TOLERANCE: f32 = 1e-4;

/// The exported file is not what was trained.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// tract refuses the file.
    #[error("the exported model does not load")]
    Model(#[from] ModelError),
    /// tract fails on a frame.
    #[error("the exported model does not run: {0}")]
    Reconstruct(#[from] ReconstructError),
    /// The two differ.
    #[error(
        "the exported model differs from the trained one by {found:.1e} in frame {frame} where at most \
         {PARITY_TOLERANCE:.0e} is allowed; nothing was exported"
    )]
    Differs {
        /// Index of the frame.
        frame: usize,
        /// Largest difference in gray 0 to 1.
        found: f32,
    },
}

/// Whether a station would admit the network, whatever it learns: its size, its work and its operators do not depend on
/// the numbers. To be asked before training.
///
/// # Errors
/// [`NotAdmitted`] says what was found and what is allowed.
pub fn check_admission(architecture: &Architecture) -> Result<(), NotAdmitted> {
    let limits = Limits::default();
    let onnx = to_onnx(architecture, &Weights::initial(architecture, 0));
    admit(&decode(&onnx, &limits)?, &limits)?;
    Ok(())
}

/// Redraws `frames` (packed gray, the architecture's size) with both and compares every pixel.
///
/// Returns the reconstructor, proven, and the largest difference found.
///
/// # Errors
/// [`ParityError`] if the file does not run or differs by more than [`PARITY_TOLERANCE`].
pub fn check_parity<'a>(
    architecture: &Architecture,
    weights: &Weights,
    onnx: &[u8],
    frames: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(TractReconstructor, f32), ParityError> {
    check_parity_within(&Limits::default(), architecture, weights, onnx, frames)
}

/// As [`check_parity`], for a network that is within other limits than a station's.
///
/// # Errors
/// As [`check_parity`].
pub fn check_parity_within<'a>(
    limits: &Limits,
    architecture: &Architecture,
    weights: &Weights,
    onnx: &[u8],
    frames: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(TractReconstructor, f32), ParityError> {
    let device = Device::flex();
    let model = Autoencoder::new(architecture, weights, &device);
    let mut tract = TractReconstructor::from_onnx_within(limits, onnx, INPUT_NAME, OUTPUT_NAME, architecture.size)?;
    let (width, height) = (usize::from(architecture.size.width), usize::from(architecture.size.height));
    let mut largest = 0.0f32;
    for (frame, image) in frames.into_iter().enumerate() {
        let from_tract = tract.reconstruct(image)?;
        let values: Vec<f32> = image.iter().map(|&v| f32::from(v) / 255.0).collect();
        let input = Tensor::<4>::from_data(TensorData::new(values, [1, 1, height, width]), &device);
        let from_burn = model.forward(input).into_data();
        for (a, b) in from_burn.iter::<f32>().zip(from_tract) {
            let difference = (a - b).abs();
            if difference.is_nan() || difference > PARITY_TOLERANCE {
                return Err(ParityError::Differs { frame, found: difference });
            }
            largest = largest.max(difference);
        }
    }
    Ok((tract, largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NetworkOptions, alexnet, compact};

    #[test]
    fn a_network_that_no_station_admits_is_known_before_training() {
        assert!(check_admission(&compact()).is_ok());
        let of_width =
            |width: f64| alexnet(NetworkOptions { width: width.try_into().unwrap(), ..NetworkOptions::default() });
        assert!(check_admission(&of_width(0.5)).is_ok());
        let refused = check_admission(&of_width(1.0)).unwrap_err().to_string();
        assert!(refused.contains("bytes of the model"), "{refused}");
    }
}
