//! The manifest of a bundle: all that a station needs besides the model, and the evidence for the threshold.
//!
//! The order of fields and variants is part of the wire format, that of version 4; versions 1 to 3 are still read. It
//! does not know the other sections of the bundle.

use serde::{Deserialize, Serialize};

use super::envelope::{Format, MessageKind, OVERHEAD};
use super::manifest_v1::ManifestV1;
use super::manifest_v2::ManifestV2;
use super::manifest_v3::ManifestV3;
use super::{ThresholdEvidence, WireError};
use crate::difference::{InvalidRecipe, ScoreRecipe};
use crate::image::Size;
use crate::preprocess::{InvalidPreprocessing, Preprocessing};
use crate::score::{Score, Threshold};
use crate::similarity::Metric;

/// The greatest length of a [`Name`], in bytes of UTF-8.
pub const NAME_LEN: usize = 64;

/// A name of 1 to [`NAME_LEN`] bytes, without control characters.
pub type Name = heapless::String<NAME_LEN>;

/// A name of a camera, as [`Name`], or empty.
pub type CameraName = heapless::String<NAME_LEN>;

/// The release of a bundle that was not given one, and of those older than releases.
pub const FIRST_RELEASE: u32 = 1;

/// Version 4 takes at most 456 bytes; the rest is for versions to come.
const FORMAT: Format = Format { kind: MessageKind::Manifest, newest: 4, max_payload: 1014 };

/// What a station inspects, how, and why it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What is inspected.
    pub product: Name,
    /// From a frame to the model's input.
    pub preprocessing: Preprocessing,
    /// How the model is called.
    pub model: ModelInterface,
    /// From input and reconstruction to a score.
    pub recipe: ScoreRecipe,
    /// The score from which on a part is rejected.
    pub threshold: Threshold,
    /// Where the threshold comes from.
    pub evidence: ThresholdEvidence,
    /// The program and version that made the bundle, such as `host-trainer 0.1.0`, and the one that last gave it another
    /// threshold, if one did.
    pub created_by: Name,
    /// The SHA-256 over the training images, as the trainer defines it.
    pub training_images_sha256: [u8; 32],
    /// Which release of the product's bundle this is, at least 1. A station goes to a greater or equal one only.
    pub release: u32,
    /// The least version (major, minor, patch) of the station's program that may use the bundle; 0.0.0 for any.
    pub minimum_runtime: [u16; 3],
    /// The camera that the bundle is for, as the station's configuration calls it; empty for any.
    pub camera: CameraName,
}

/// The tensors of the model: one in, one out, both of the shape `1 x 1 x height x width`, 0.0 (black) to 1.0 (white).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInterface {
    /// The name of the input tensor.
    pub input_name: Name,
    /// The name of the output tensor.
    pub output_name: Name,
    /// Width and height of both tensors in pixels, the same as [`Preprocessing::input`].
    pub size: Size,
}

/// What is wrong with a [`Manifest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidManifest {
    /// A name without characters, or with control characters.
    #[error("found an empty {field} or control characters in it, expected a name")]
    Name {
        /// The name of the field.
        field: &'static str,
    },
    /// A camera's name with control characters.
    #[error("found control characters in the camera, expected a name or nothing")]
    Camera,
    /// A release of 0.
    #[error("found the release 0, expected 1 or more")]
    Release,
    /// The preprocessing is invalid.
    #[error("the preprocessing is invalid")]
    Preprocessing(#[from] InvalidPreprocessing),
    /// The model is called with another size than preprocessing gives.
    #[error("found a model of {model} pixels, expected the {input} of the preprocessing")]
    ModelSize {
        /// The size of the model's tensors.
        model: Size,
        /// The size that preprocessing gives.
        input: Size,
    },
    /// The recipe does not fit the model.
    #[error("the recipe does not fit the model")]
    Recipe(#[from] InvalidRecipe),
    /// A manifest of version 1 whose metric had another meaning then.
    #[error(
        "found the metric {found:?} of version 1, expected Ssim: scores by it were others; train or calibrate again"
    )]
    OldMetric {
        /// The metric.
        found: Metric,
    },
    /// A rank that is no position among the calibration images.
    #[error("found rank {rank} of {images} calibration images, expected 1 to {images} and at least one image")]
    Rank {
        /// The rank.
        rank: u32,
        /// The number of calibration images.
        images: u32,
    },
    /// A rate above one.
    #[error("found {found} false rejects per million, expected at most 1000000")]
    Rate {
        /// The rate in parts per million.
        found: u32,
    },
    /// The scores of the evidence do not ascend.
    #[error("found the lowest score {lowest}, the median {median} and the highest {highest}, expected this order")]
    ScoreOrder {
        /// The lowest score.
        lowest: Score,
        /// The median score.
        median: Score,
        /// The highest score.
        highest: Score,
    },
    /// A calibrated threshold that does not lie just above the score that its rank names.
    #[error(
        "found the threshold {} above rank {rank} of {images} scores from {} to {} (in units of 2^-24), expected one \
         more than the score of that rank", threshold.raw(), lowest.raw(), highest.raw()
    )]
    CalibratedThreshold {
        /// The threshold.
        threshold: Threshold,
        /// The rank.
        rank: u32,
        /// The number of calibration images.
        images: u32,
        /// The lowest score.
        lowest: Score,
        /// The highest score.
        highest: Score,
    },
    /// A trial of no image, or with more rejects than images.
    #[error("found {rejected} rejects in a trial of {images} images, expected at least one image and no more rejects")]
    TrialCount {
        /// The number of rejects.
        rejected: u32,
        /// The number of images.
        images: u32,
    },
    /// A trial whose rejects contradict its scores.
    #[error(
        "found {rejected} of {images} images rejected at the threshold {} with scores from {} to {} (in units of \
         2^-24), expected none below the threshold and all at or above it",
        threshold.raw(), lowest.raw(), highest.raw()
    )]
    TrialThreshold {
        /// The threshold.
        threshold: Threshold,
        /// The number of rejects.
        rejected: u32,
        /// The number of images.
        images: u32,
        /// The lowest score.
        lowest: Score,
        /// The highest score.
        highest: Score,
    },
    /// A bound below the rate that was seen.
    #[error("found a bound of {found} false rejects per million, expected at least the {rejected} of {images} seen")]
    TrialBound {
        /// The bound in parts per million.
        found: u32,
        /// The number of rejects.
        rejected: u32,
        /// The number of images.
        images: u32,
    },
}

impl Manifest {
    /// A length that is enough for every encoded manifest, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + FORMAT.max_payload;

    /// Writes the manifest in its envelope, in the newest version, to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the manifest is invalid or `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        self.validate()?;
        FORMAT.encode(self, out)
    }

    /// Reads the manifest at the start of `bytes`, of any version, and gives it with the length of its envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or the manifest is
    /// invalid.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (version, payload, length) = FORMAT.open(bytes)?;
        let manifest: Self = match version {
            1 => FORMAT.payload::<ManifestV1>(payload)?.try_into()?,
            2 => FORMAT.payload::<ManifestV2>(payload)?.into(),
            3 => FORMAT.payload::<ManifestV3>(payload)?.into(),
            _ => FORMAT.payload(payload)?,
        };
        manifest.validate()?;
        Ok((manifest, length))
    }

    /// Checks every field, and that they fit together.
    ///
    /// # Errors
    ///
    /// [`InvalidManifest`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), InvalidManifest> {
        for (field, name) in [
            ("product", &self.product),
            ("input name", &self.model.input_name),
            ("output name", &self.model.output_name),
            ("creator", &self.created_by),
        ] {
            if name.is_empty() || name.chars().any(char::is_control) {
                return Err(InvalidManifest::Name { field });
            }
        }
        if self.camera.chars().any(char::is_control) {
            return Err(InvalidManifest::Camera);
        }
        if self.release < FIRST_RELEASE {
            return Err(InvalidManifest::Release);
        }
        self.preprocessing.validate()?;
        if self.model.size != self.preprocessing.input {
            return Err(InvalidManifest::ModelSize { model: self.model.size, input: self.preprocessing.input });
        }
        self.recipe.validate(self.model.size)?;
        self.evidence.validate(self.threshold)
    }
}
