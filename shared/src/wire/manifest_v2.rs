//! The manifest of version 2, which is read and no longer written: it knows no releases, no least program, no camera.
//!
//! The fields and their order never change.

use serde::Deserialize;

use super::ThresholdEvidence;
use super::manifest::{CameraName, FIRST_RELEASE, Manifest, ModelInterface, Name};
use super::manifest_v3::RecipeV3;
use crate::preprocess::Preprocessing;
use crate::score::Threshold;

/// The fields of version 2.
#[derive(Deserialize)]
pub(super) struct ManifestV2 {
    product: Name,
    preprocessing: Preprocessing,
    model: ModelInterface,
    recipe: RecipeV3,
    threshold: Threshold,
    evidence: ThresholdEvidence,
    created_by: Name,
    training_images_sha256: [u8; 32],
}

impl From<ManifestV2> for Manifest {
    fn from(old: ManifestV2) -> Self {
        Self {
            product: old.product,
            preprocessing: old.preprocessing,
            model: old.model,
            recipe: old.recipe.into(),
            threshold: old.threshold,
            evidence: old.evidence,
            created_by: old.created_by,
            training_images_sha256: old.training_images_sha256,
            release: FIRST_RELEASE,
            minimum_runtime: [0; 3],
            camera: CameraName::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{before_releases, from_hex};

    use super::*;

    /// What version 2 wrote is read for ever.
    #[test]
    fn golden_manifest_of_version_2() {
        let golden = from_hex(&[
            "01 02 65 00 00 00",               // kind, version, length
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
            "e8 4a 13 ef", // checksum
        ]);
        assert_eq!(Manifest::decode(&golden), Ok((before_releases(), golden.len())));
    }
}
