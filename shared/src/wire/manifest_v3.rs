//! The manifest of version 3, which is read and no longer written: its recipe knows no margin.
//!
//! The fields and their order never change.

use serde::Deserialize;

use super::ThresholdEvidence;
use super::manifest::{CameraName, Manifest, ModelInterface, Name};
use crate::difference::{Margin, Pooling, ScoreRecipe};
use crate::preprocess::Preprocessing;
use crate::score::Threshold;
use crate::similarity::Metric;

/// The fields of version 3.
#[derive(Deserialize)]
pub(super) struct ManifestV3 {
    product: Name,
    preprocessing: Preprocessing,
    model: ModelInterface,
    recipe: RecipeV3,
    threshold: Threshold,
    evidence: ThresholdEvidence,
    created_by: Name,
    training_images_sha256: [u8; 32],
    release: u32,
    minimum_runtime: [u16; 3],
    camera: CameraName,
}

/// The recipe of versions 2 and 3.
#[derive(Deserialize)]
pub(super) struct RecipeV3 {
    metric: Metric,
    pooling: Pooling,
    smoothing: u8,
    normalised: bool,
    masked: bool,
}

impl From<RecipeV3> for ScoreRecipe {
    fn from(old: RecipeV3) -> Self {
        let RecipeV3 { metric, pooling, smoothing, normalised, masked } = old;
        Self { metric, pooling, smoothing, normalised, masked, margin: Margin::NONE }
    }
}

impl From<ManifestV3> for Manifest {
    fn from(old: ManifestV3) -> Self {
        Self {
            product: old.product,
            preprocessing: old.preprocessing,
            model: old.model,
            recipe: old.recipe.into(),
            threshold: old.threshold,
            evidence: old.evidence,
            created_by: old.created_by,
            training_images_sha256: old.training_images_sha256,
            release: old.release,
            minimum_runtime: old.minimum_runtime,
            camera: old.camera,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{from_hex, manifest};

    use super::*;

    /// What version 3 wrote is read for ever.
    #[test]
    fn golden_manifest_of_version_3() {
        let golden = from_hex(&[
            "01 03 71 00 00 00",               // kind, version, length
            "06 626f74746c65",                 // product
            "01 01 02 ac 02 c8 01",            // a region
            "00",                              // resize
            "c0 02 f0 01  80 05 e0 03  10 08", // accepted from, to, input
            "05 696e707574  06 6f7574707574",  // names of the tensors
            "10 08",                           // size of the model
            "00  01 02",                       // SSIM, smoothed maximum with its radius
            "03 00 00",                        // smoothed by 3, not normalised, not masked
            "e9 07",                           // threshold
            "00 14 01 83 f4 02 e4 be 08",      // calibrated: images, rank, average and upper false rejects
            "64 f4 03 e8 07",                  // lowest, median, highest score
            "06 746573742031",                 // created by
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "07  00 02 ac 02  06 6c696e652033", // release, least program, camera
            "b0 91 17 26",                      // checksum
        ]);
        assert_eq!(Manifest::decode(&golden), Ok((manifest(), golden.len())));
    }
}
