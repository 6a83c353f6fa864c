//! The manifest of version 1, which is read and no longer written: its recipe is a metric and a pooling, nothing else.
//! What it scored by, other than SSIM, is not computed any more, and a threshold for it is worth nothing.
//!
//! The fields and their order never change.

use serde::Deserialize;

use super::ThresholdEvidence;
use super::manifest::{CameraName, FIRST_RELEASE, InvalidManifest, Manifest, ModelInterface, Name};
use crate::difference::{Pooling, ScoreRecipe};
use crate::preprocess::Preprocessing;
use crate::score::Threshold;
use crate::similarity::Metric;

/// The fields of version 1.
#[derive(Deserialize)]
pub(super) struct ManifestV1 {
    product: Name,
    preprocessing: Preprocessing,
    model: ModelInterface,
    recipe: RecipeV1,
    threshold: Threshold,
    evidence: ThresholdEvidence,
    created_by: Name,
    training_images_sha256: [u8; 32],
}

#[derive(Deserialize)]
struct RecipeV1 {
    metric: Metric,
    pooling: Pooling,
}

impl TryFrom<ManifestV1> for Manifest {
    type Error = InvalidManifest;

    fn try_from(old: ManifestV1) -> Result<Self, InvalidManifest> {
        if old.recipe.metric != Metric::Ssim {
            return Err(InvalidManifest::OldMetric { found: old.recipe.metric });
        }
        Ok(Self {
            product: old.product,
            preprocessing: old.preprocessing,
            model: old.model,
            recipe: ScoreRecipe::new(old.recipe.metric, old.recipe.pooling),
            threshold: old.threshold,
            evidence: old.evidence,
            created_by: old.created_by,
            training_images_sha256: old.training_images_sha256,
            release: FIRST_RELEASE,
            minimum_runtime: [0; 3],
            camera: CameraName::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{before_releases, from_hex, manifest};
    use crate::wire::WireError;
    use crate::wire::tests::sealed;

    use super::*;

    /// What the first trainers wrote is read for ever.
    #[test]
    fn golden_manifest_of_version_1() {
        let golden = from_hex(&[
            "01 01 62 00 00 00",               // kind, version, length
            "06 626f74746c65",                 // product
            "01 01 02 ac 02 c8 01",            // a region
            "00",                              // resize
            "c0 02 f0 01  80 05 e0 03  10 08", // accepted from, to, input
            "05 696e707574  06 6f7574707574",  // names of the tensors
            "10 08",                           // size of the model
            "00  01 02",                       // SSIM, smoothed maximum with its radius
            "e9 07",                           // threshold
            "00 14 01 83 f4 02 e4 be 08",      // calibrated: images, rank, average and upper false rejects
            "64 f4 03 e8 07",                  // lowest, median, highest score
            "06 746573742031",                 // created by
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "8b 8c c9 8f", // checksum
        ]);
        let recipe = ScoreRecipe { smoothing: 0, ..manifest().recipe };
        assert_eq!(Manifest::decode(&golden), Ok((Manifest { recipe, ..before_releases() }, golden.len())));
    }

    /// The mean of L2 was that of the pixels inside a border.
    #[test]
    fn scores_that_had_another_meaning_are_refused() {
        let old = ("part", manifest().preprocessing, manifest().model, (Metric::L2, Pooling::Mean));
        let rest = (manifest().threshold, manifest().evidence, "test", [0_u8; 32]);
        let mut bytes = [0; 512];
        let payload = postcard::to_slice(&(old, rest), &mut bytes).unwrap();
        let refused = WireError::Manifest(InvalidManifest::OldMetric { found: Metric::L2 });
        assert_eq!(Manifest::decode(&sealed(1, 1, payload)), Err(refused));
    }
}
