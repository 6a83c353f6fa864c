//! A new threshold for a sealed bundle from new good photographs, without training: the bundle's own model,
//! preprocessing and score judge them, and everything but the threshold and its evidence is sealed again as it was.
//!
//! It refuses images that are known to have served in training. It does not know whether the parts are good.

mod images;
mod seen;

use std::path::Path;

use edge_runtime::bundle::{BundleFile, BundleFileError};
use edge_runtime::inspector::{OpenError, open_pipeline};
use shared::bundle::Bundle;
use shared::score::Threshold;
use shared::wire::{Name, ThresholdEvidence};

use crate::calibration::{CalibrationError, Drift, Supply, ThresholdChoice};
use crate::dataset::split::MIN_CALIBRATION;
use crate::dataset::{DatasetError, GoodImages};
use crate::export::bundle::{SealError, reseal};
use crate::listing::Listing;
use crate::progress;
use crate::versions::PROGRAM;

pub use seen::NotComparable;

/// Between the creator of a bundle and who calibrated it again.
const AGAIN: &str = "; calibrated by ";

/// Why there is no new threshold. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RecalibrationError {
    #[error(transparent)]
    Bundle(#[from] BundleFileError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Too few images for any promise.
    #[error(
        "{found} good images are too few: a threshold needs at least {MIN_CALIBRATION}. Photograph {} more good parts",
        MIN_CALIBRATION - found
    )]
    TooFew {
        /// How many there are.
        found: usize,
    },
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// Images that the bundle cannot score: the reasons, in order.
    #[error(
        "{} of {images} images cannot be scored with this bundle; record them again or remove them:\n{}",
        faults.len(), Listing(faults)
    )]
    Unusable {
        /// All images.
        images: usize,
        /// One line for each that cannot be used.
        faults: Vec<String>,
    },
    /// The same file more than once: its score counts only once.
    #[error(
        "{} of {images} images are copies of others, and a threshold needs different parts; remove the copies:\n{}",
        copies.len(), Listing(copies)
    )]
    Copies {
        /// All images.
        images: usize,
        /// One line for each copy.
        copies: Vec<String>,
    },
    /// The images of the training itself.
    #[error(
        "these are the images that the bundle was made from: most of them have served in training and score too low \
         for a threshold. Photograph other good parts"
    )]
    SameImages,
    /// Images that served in training.
    #[error(
        "{} of {images} images have served in training and score too low for a threshold; remove them or photograph \
         other good parts:\n{}",
        seen.len(), Listing(seen)
    )]
    Seen {
        /// All images.
        images: usize,
        /// One line for each that was seen.
        seen: Vec<String>,
    },
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A threshold and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The threshold.
    pub threshold: Threshold,
    /// Where it comes from.
    pub evidence: ThresholdEvidence,
}

/// What the new images say, if there are any.
#[derive(Debug)]
pub struct NewImages {
    /// How they fare at the old threshold.
    pub drift: Drift,
    /// Hash over their names and bytes, as for the images of a training.
    pub fingerprint: [u8; 32],
    /// Why they could not be compared with those of the training, if so.
    pub not_compared: Option<NotComparable>,
}

/// A bundle with a new threshold.
#[derive(Debug)]
pub struct Recalibrated {
    /// The sealed bundle.
    pub bundle: Vec<u8>,
    /// The old bundle's threshold.
    pub before: Decision,
    /// The new bundle's.
    pub after: Decision,
    /// Golden frames in the old bundle, and how many of them keep their verdict clearly and are in the new one.
    pub golden_frames: [usize; 2],
    /// The images that the new one rests on; `None` if it was given by hand and not tried out.
    pub images: Option<NewImages>,
}

/// Finds a new threshold for `file`, with the good images in `data`, and seals the bundle with it.
///
/// Without `data` only a threshold by hand can be had. `training.json` beside the bundle tells which images served in
/// training.
///
/// # Errors
/// [`RecalibrationError`] says what stood in the way.
pub fn recalibrate(
    file: &BundleFile,
    data: Option<&Path>,
    choice: ThresholdChoice,
) -> Result<Recalibrated, RecalibrationError> {
    let bundle = file.verify()?;
    let mut manifest = bundle.manifest().clone();
    let before = Decision { threshold: manifest.threshold, evidence: manifest.evidence };

    let good = data.map(GoodImages::open).transpose()?;
    let found = good.as_ref().map_or(0, |good| good.files.len());
    if good.is_some() && found < MIN_CALIBRATION {
        return Err(RecalibrationError::TooFew { found });
    }
    let plan = choice.plan(Supply::all(found))?;
    if let Some(answer) = plan.reachable {
        progress::say(answer.to_string());
    }
    let (scores, images) = match &good {
        None => (Vec::new(), None),
        Some(good) => {
            let scored = images::score_all(&mut open_pipeline(&bundle)?, good)?;
            let training = manifest.training_images_sha256;
            let not_compared = seen::refuse_seen(good, &scored, file.path(), &training)?;
            let scores: Vec<_> = scored.iter().map(|one| one.score).collect();
            let drift = Drift::of(before.threshold, &before.evidence, &scores);
            (scores, Some(NewImages { drift, fingerprint: images::fingerprint_of(good, &scored), not_compared }))
        }
    };
    let (threshold, evidence) = plan.rule.apply(&scores)?;
    (manifest.threshold, manifest.evidence) = (threshold, evidence);
    manifest.created_by = calibrated_again(&manifest.created_by);
    let count = |bundle: &Bundle<'_>| bundle.golden_frames().map_or(0, |golden| golden.len());
    let resealed = reseal(&manifest, &bundle)?;
    let golden_frames = [count(&bundle), count(&Bundle::verify(&resealed).map_err(SealError::from)?)];
    let bundle = resealed;
    Ok(Recalibrated { bundle, golden_frames, before, after: Decision { threshold, evidence }, images })
}

/// Who made the bundle, and who calibrated it last. A creator too long for both gives way.
fn calibrated_again(created_by: &Name) -> Name {
    let creator = created_by.split_once(AGAIN).map_or(created_by.as_str(), |(creator, _)| creator);
    let both = format!("{creator}{AGAIN}{PROGRAM}");
    Name::try_from(&*both).or_else(|_| Name::try_from(PROGRAM)).expect("a name of this program's own fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_creator_is_kept_and_the_last_calibration_recorded() {
        let name = |text: &str| Name::try_from(text).unwrap();
        let once = calibrated_again(&name("host-trainer 0.0.9"));
        assert_eq!(once.as_str(), format!("host-trainer 0.0.9; calibrated by {PROGRAM}"));
        assert_eq!(calibrated_again(&once), once);
        assert_eq!(calibrated_again(&name(&"x".repeat(64))).as_str(), PROGRAM);
    }
}
