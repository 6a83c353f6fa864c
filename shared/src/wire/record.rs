//! The record of one inspection: what was decided, about which frame, with which bundle, and how long it took.
//!
//! Times are in microseconds. The order of fields and variants is part of the wire format, that of version 2; version 1
//! is still read. What was recorded is no verdict: nothing can be let through because of a record.

use serde::{Deserialize, Serialize};

use super::WireError;
use super::envelope::{Format, MessageKind, OVERHEAD};
use super::record_v1::RecordV1;
use crate::admission::FrameStamp;
use crate::bundle::BundleId;
use crate::bundle::signature::KeyId;
use crate::score::{Score, Threshold};
use crate::verdict::{FaultReason, Verdict};

/// Version 2 takes at most 93 bytes; the rest is for versions to come.
const FORMAT: Format = Format { kind: MessageKind::Record, newest: 2, max_payload: 246 };

/// One inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionRecord {
    /// Which frame.
    pub stamp: FrameStamp,
    /// The bundle it was judged with.
    pub bundle: BundleId,
    /// What was decided.
    pub verdict: RecordedVerdict,
    /// The score; a fault may have come before there was one.
    pub score: Option<Score>,
    /// The threshold that decided.
    pub threshold: Threshold,
    /// How long each stage took.
    pub stages: StageMicros,
    /// Who answers for the bundle.
    pub trust: BundleTrust,
    /// Whose the threshold is.
    pub threshold_source: ThresholdSource,
}

/// Who answers for a bundle. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BundleTrust {
    /// Nobody: it was used without a signature, or without looking at one.
    #[default]
    Unsigned,
    /// The trusted key that signed it.
    Signed(KeyId),
}

impl BundleTrust {
    /// The key that answers for it, if one does.
    pub const fn signed_by(self) -> Option<KeyId> {
        match self {
            Self::Unsigned => None,
            Self::Signed(key) => Some(key),
        }
    }
}

/// Whose a threshold is. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThresholdSource {
    /// The bundle's.
    #[default]
    Bundle,
    /// The station's own, found on it for this bundle.
    Station,
}

/// What was decided. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordedVerdict {
    /// The part passed.
    Pass,
    /// The part was rejected.
    Reject,
    /// The part could not be judged.
    Fault(FaultReason),
}

impl From<&Verdict> for RecordedVerdict {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass(_) => Self::Pass,
            Verdict::Reject(_) => Self::Reject,
            Verdict::Fault(reason) => Self::Fault(*reason),
        }
    }
}

/// How long the stages of an inspection took, in microseconds; 0 for a stage that was not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageMicros {
    /// From the frame to the model's input.
    pub preprocess: u32,
    /// From the input to the 8-bit reconstruction.
    pub inference: u32,
    /// From the reconstruction to the score.
    pub score: u32,
    /// From the frame to the verdict.
    pub total: u32,
}

/// What is wrong with an [`InspectionRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A part was judged without a score.
    #[error("found {verdict:?} without a score, expected a score")]
    NoScore {
        /// The verdict.
        verdict: RecordedVerdict,
    },
    /// The verdict is not what score and threshold say.
    #[error("found {verdict:?} for the score {score} and the threshold {threshold}, expected the opposite")]
    Contradiction {
        /// The verdict.
        verdict: RecordedVerdict,
        /// The score.
        score: Score,
        /// The threshold.
        threshold: Threshold,
    },
}

impl InspectionRecord {
    /// A length that is enough for every encoded record, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + FORMAT.max_payload;

    /// Writes the record in its envelope to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the record is invalid or `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        self.validate()?;
        FORMAT.encode(self, out)
    }

    /// Reads the record at the start of `bytes`, of any version, and gives it with the length of its envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or the record is
    /// invalid.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (version, payload, length) = FORMAT.open(bytes)?;
        let record: Self = match version {
            1 => FORMAT.payload::<RecordV1>(payload)?.into(),
            _ => FORMAT.payload(payload)?,
        };
        record.validate()?;
        Ok((record, length))
    }

    /// Checks that the verdict is what score and threshold say. A fault can have any score, or none.
    ///
    /// # Errors
    ///
    /// [`InvalidRecord`] if a part was judged without a score or against it.
    pub fn validate(&self) -> Result<(), InvalidRecord> {
        let Self { verdict, score, threshold, .. } = *self;
        let rejected = match verdict {
            RecordedVerdict::Pass => false,
            RecordedVerdict::Reject => true,
            RecordedVerdict::Fault(_) => return Ok(()),
        };
        let score = score.ok_or(InvalidRecord::NoScore { verdict })?;
        if threshold.rejects(score) != rejected {
            return Err(InvalidRecord::Contradiction { verdict, score, threshold });
        }
        Ok(())
    }
}
