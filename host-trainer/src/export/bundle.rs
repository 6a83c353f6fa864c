//! Seals a manifest and a model into the one file a station is flashed with. The layout is `shared::bundle`'s.

use shared::bundle::signature::{MAX_BLOCK_LEN, encode_block};
use shared::bundle::{self, Bundle, BundleError, SectionKind};
use shared::wire::{Manifest, WireError};

use super::golden;

/// A bundle could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The manifest does not fit its wire format.
    #[error("the manifest cannot be encoded: {0}")]
    Manifest(#[from] WireError),
    /// The sections do not make a bundle.
    #[error("the bundle cannot be sealed: {0}")]
    Bundle(#[from] BundleError),
}

/// The bundle's bytes: the same for the same manifest and model. Verified before they are returned. Without golden
/// frames, a station cannot prove that it computes as this machine does.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself or a section is too long.
pub fn seal(manifest: &Manifest, onnx: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_with(manifest, onnx, &Further::default())
}

/// Sections that a bundle may have besides manifest and model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Further<'a> {
    /// What the recipe normalises by.
    pub residuals: Option<&'a [u8]>,
    /// Which pixels count.
    pub mask: Option<&'a [u8]>,
    /// Images with known scores.
    pub golden: Option<&'a [u8]>,
    /// Which synthetic defects were found.
    pub detectability: Option<&'a [u8]>,
}

/// [`seal`] with further sections.
///
/// # Errors
/// As [`seal`], and if golden frames or detectability are not of this model and threshold, or residual maps and mask are not what the
/// recipe asks for.
pub fn seal_with(manifest: &Manifest, onnx: &[u8], further: &Further<'_>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let mut sections = vec![(SectionKind::Manifest, &encoded[..]), (SectionKind::Onnx, onnx)];
    sections.extend(further.residuals.map(|residuals| (SectionKind::ResidualMaps, residuals)));
    sections.extend(further.mask.map(|mask| (SectionKind::Mask, mask)));
    sections.extend(further.golden.map(|golden| (SectionKind::GoldenFrames, golden)));
    sections.extend(further.detectability.map(|detectability| (SectionKind::Detectability, detectability)));
    join(&sections)
}

/// The bytes of `bundle` with another manifest; every other section stays as it is, but of the golden frames only
/// those stay that keep their verdict clearly, and none if the score is another one. What it catches is told of one
/// threshold and one score, and is left out with another one.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself.
pub fn reseal(manifest: &Manifest, bundle: &Bundle<'_>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let same_score = manifest.recipe == bundle.manifest().recipe;
    let same_decision = same_score && manifest.threshold == bundle.manifest().threshold;
    let golden = bundle.golden_frames().filter(|_| same_score);
    let golden = golden.and_then(|golden| golden::kept(&golden, manifest.threshold));
    let sections = bundle.sections().filter_map(|section| {
        let bytes = match section.kind {
            SectionKind::Manifest => &encoded,
            SectionKind::GoldenFrames => golden.as_deref()?,
            SectionKind::Detectability if !same_decision => return None,
            _ => section.bytes,
        };
        Some((section.kind, bytes))
    });
    join(&sections.collect::<Vec<_>>())
}

/// The bytes of `bundle` with a manifest that decides in the same way: every other section stays as it is.
///
/// # Errors
/// [`SealError`] if the manifest contradicts itself or the other sections.
pub fn with_manifest(manifest: &Manifest, bundle: &Bundle<'_>) -> Result<Vec<u8>, SealError> {
    let encoded = encode(manifest)?;
    let sections = bundle.sections().map(|section| match section.kind {
        SectionKind::Manifest => (section.kind, &encoded[..]),
        _ => (section.kind, section.bytes),
    });
    join(&sections.collect::<Vec<_>>())
}

fn encode(manifest: &Manifest) -> Result<Vec<u8>, WireError> {
    let mut encoded = vec![0; Manifest::MAX_LEN];
    let length = manifest.encode(&mut encoded)?;
    encoded.truncate(length);
    Ok(encoded)
}

fn join(sections: &[(SectionKind, &[u8])]) -> Result<Vec<u8>, SealError> {
    let mut bytes = vec![0; bundle::table_len(sections.len())];
    bundle::encode_table(sections, &mut bytes)?;
    for (_, section) in sections {
        bytes.extend_from_slice(section);
    }
    let mut block = [0; MAX_BLOCK_LEN];
    let length = encode_block(&[], &mut block).map_err(BundleError::from)?;
    bytes.extend_from_slice(&block[..length]);
    Bundle::verify(&bytes)?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod testing {
    use shared::difference::{Pooling, ScoreRecipe};
    use shared::image::Size;
    use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing};
    use shared::score::{Score, Threshold};
    use shared::similarity::Metric;
    use shared::wire::{CameraName, FIRST_RELEASE, ModelInterface, ThresholdEvidence};

    use super::*;

    /// A bundle of a manifest and eight bytes in place of a model.
    pub(crate) fn small_bundle() -> Vec<u8> {
        let size = Size::new(16, 16);
        let manifest = Manifest {
            product: "test".try_into().unwrap(),
            preprocessing: Preprocessing {
                region: None,
                geometry: Geometry::Resize,
                accepted: AcceptedSizes { min: size, max: size },
                input: size,
            },
            model: ModelInterface {
                input_name: "image".try_into().unwrap(),
                output_name: "redrawn".try_into().unwrap(),
                size,
            },
            recipe: ScoreRecipe::new(Metric::Ssim, Pooling::Mean),
            threshold: Threshold::new(Score::ONE / 2).unwrap(),
            evidence: ThresholdEvidence::ByHand { trial: None },
            created_by: "tests".try_into().unwrap(),
            training_images_sha256: [7; 32],
            release: FIRST_RELEASE,
            minimum_runtime: [0; 3],
            camera: CameraName::new(),
        };
        seal(&manifest, b"no model").unwrap()
    }
}

#[cfg(test)]
mod tests {
    use shared::image::Size;
    use shared::score::Threshold;
    use shared::wire::{Detectability, DetectionMap, DetectionTally, Name};

    use super::testing::small_bundle;
    use super::*;

    #[test]
    fn what_is_caught_is_told_of_one_threshold() {
        let bytes = small_bundle();
        let manifest = Bundle::verify(&bytes).unwrap().manifest().clone();
        let tally = DetectionTally { found: 3, trials: 4 };
        let told = Detectability {
            input: Size::new(16, 16),
            content: Size::new(16, 16),
            threshold: manifest.threshold,
            images: 1,
            sizes: std::iter::once(2).collect(),
            contrasts: std::iter::once(10).collect(),
            tallies: std::iter::once(tally).collect(),
            map: DetectionMap { size: 2, contrast: 10, columns: 1, cells: std::iter::once(tally).collect() },
        };
        let mut section = vec![0; Detectability::MAX_LEN];
        let length = told.encode(&mut section).unwrap();
        let further = Further { detectability: Some(&section[..length]), ..Further::default() };
        let bytes = seal_with(&manifest, b"no model", &further).unwrap();
        let bundle = Bundle::verify(&bytes).unwrap();
        assert_eq!(bundle.detectability(), Some(told.clone()));

        let told_by = |bytes: Vec<u8>| Bundle::verify(&bytes).unwrap().detectability();
        let moved = Manifest { threshold: Threshold::new(manifest.threshold.raw() + 1).unwrap(), ..manifest.clone() };
        assert_eq!(told_by(reseal(&moved, &bundle).unwrap()), None);
        assert!(seal_with(&moved, b"no model", &further).is_err());
        let renamed = Manifest { product: Name::try_from("other").unwrap(), ..manifest };
        assert_eq!(told_by(reseal(&renamed, &bundle).unwrap()), Some(told.clone()));
        assert_eq!(told_by(with_manifest(&renamed, &bundle).unwrap()), Some(told));
    }
}
