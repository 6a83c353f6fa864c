//! Why a part could not be judged: stable codes for records, logs and the line's controller.
//!
//! It does not know the details of an error; those belong in the log.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::bundle::BundleError;
use crate::difference::ScoreError;
use crate::image::ImageError;
use crate::preprocess::PreprocessError;
use crate::reconstruction::ReconstructionError;

/// The reason of a fault, stored as its code: never give a code a new meaning.
///
/// Displayed as its name in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum FaultReason {
    /// There was no frame, or its bytes are no image.
    FrameUnreadable = 1,
    /// The frame's size is not accepted.
    FrameSize = 2,
    /// The frame is too old.
    FrameStale = 3,
    /// The frame, or a later one, was offered before.
    FrameRepeated = 4,
    /// The frame was captured later than now.
    FrameFromFuture = 5,
    /// There is no verified bundle.
    BundleUnverified = 6,
    /// Preprocessing failed.
    PreprocessFailed = 7,
    /// The model could not be run.
    InferenceFailed = 8,
    /// The model's output is infinite or not a number.
    OutputNotFinite = 9,
    /// The model's output has the wrong size.
    OutputSize = 10,
    /// Scoring failed.
    ScoreFailed = 11,
    /// The verdict came after the deadline.
    Late = 12,
    /// The frame has the content of the frames before it.
    FrameFrozen = 13,
    /// Too much of the frame is white.
    FrameOverexposed = 14,
    /// Too much of the frame is black.
    FrameUnderexposed = 15,
    /// The frame is not sharp enough.
    FrameBlurred = 16,
    /// The camera is gone.
    CameraLost = 17,
    /// The camera gave no frame in time.
    CameraTimeout = 18,
    /// The camera does not keep the settings that were asked for.
    CameraSettings = 19,
    /// More parts are in flight than there is room for.
    QueueFull = 20,
    /// A part came that was not triggered in time, or not at all.
    TriggerMissed = 21,
    /// A trigger came too soon after the one before.
    TriggerEarly = 22,
    /// No frame was captured in the part's window.
    NoFrameForPart = 23,
    /// An output could not be driven.
    OutputFailed = 24,
    /// The self-test did not give the expected scores and verdicts.
    SelfTestFailed = 25,
    /// The line was in fault while the part was in flight.
    LineFaulted = 26,
}

impl FaultReason {
    /// Every reason, by ascending code.
    pub const ALL: [Self; 26] = [
        Self::FrameUnreadable,
        Self::FrameSize,
        Self::FrameStale,
        Self::FrameRepeated,
        Self::FrameFromFuture,
        Self::BundleUnverified,
        Self::PreprocessFailed,
        Self::InferenceFailed,
        Self::OutputNotFinite,
        Self::OutputSize,
        Self::ScoreFailed,
        Self::Late,
        Self::FrameFrozen,
        Self::FrameOverexposed,
        Self::FrameUnderexposed,
        Self::FrameBlurred,
        Self::CameraLost,
        Self::CameraTimeout,
        Self::CameraSettings,
        Self::QueueFull,
        Self::TriggerMissed,
        Self::TriggerEarly,
        Self::NoFrameForPart,
        Self::OutputFailed,
        Self::SelfTestFailed,
        Self::LineFaulted,
    ];

    /// The stable code, at least 1.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FrameUnreadable => "frame_unreadable",
            Self::FrameSize => "frame_size",
            Self::FrameStale => "frame_stale",
            Self::FrameRepeated => "frame_repeated",
            Self::FrameFromFuture => "frame_from_future",
            Self::BundleUnverified => "bundle_unverified",
            Self::PreprocessFailed => "preprocess_failed",
            Self::InferenceFailed => "inference_failed",
            Self::OutputNotFinite => "output_not_finite",
            Self::OutputSize => "output_size",
            Self::ScoreFailed => "score_failed",
            Self::Late => "late",
            Self::FrameFrozen => "frame_frozen",
            Self::FrameOverexposed => "frame_overexposed",
            Self::FrameUnderexposed => "frame_underexposed",
            Self::FrameBlurred => "frame_blurred",
            Self::CameraLost => "camera_lost",
            Self::CameraTimeout => "camera_timeout",
            Self::CameraSettings => "camera_settings",
            Self::QueueFull => "queue_full",
            Self::TriggerMissed => "trigger_missed",
            Self::TriggerEarly => "trigger_early",
            Self::NoFrameForPart => "no_frame_for_part",
            Self::OutputFailed => "output_failed",
            Self::SelfTestFailed => "self_test_failed",
            Self::LineFaulted => "line_faulted",
        }
    }

    /// The reason for a person, as a sentence without a full stop.
    pub const fn text(self) -> &'static str {
        match self {
            Self::FrameUnreadable => "the frame is missing or could not be read",
            Self::FrameSize => "the frame's size is not accepted",
            Self::FrameStale => "the frame is too old",
            Self::FrameRepeated => "the frame was offered before",
            Self::FrameFromFuture => "the frame's time stamp lies in the future",
            Self::BundleUnverified => "there is no verified bundle",
            Self::PreprocessFailed => "the frame could not be preprocessed",
            Self::InferenceFailed => "the model could not be run",
            Self::OutputNotFinite => "the model's output is not finite",
            Self::OutputSize => "the model's output has the wrong size",
            Self::ScoreFailed => "the reconstruction could not be scored",
            Self::Late => "the verdict came after the deadline",
            Self::FrameFrozen => "the frame is the same as those before it",
            Self::FrameOverexposed => "the frame is overexposed",
            Self::FrameUnderexposed => "the frame is underexposed",
            Self::FrameBlurred => "the frame is blurred",
            Self::CameraLost => "the camera is disconnected",
            Self::CameraTimeout => "the camera gave no frame in time",
            Self::CameraSettings => "the camera did not take its settings",
            Self::QueueFull => "too many parts are between trigger and gate",
            Self::TriggerMissed => "a trigger was missed",
            Self::TriggerEarly => "a trigger came too soon after the one before",
            Self::NoFrameForPart => "no frame was captured of the part",
            Self::OutputFailed => "an output could not be driven",
            Self::SelfTestFailed => "the self-test failed",
            Self::LineFaulted => "the line was in fault while the part was on it",
        }
    }
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A code that stands for no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found the fault code {found}, expected 1 to {}", FaultReason::ALL.len())]
pub struct UnknownFault {
    /// The code that was found.
    pub found: u8,
}

impl TryFrom<u8> for FaultReason {
    type Error = UnknownFault;

    fn try_from(code: u8) -> Result<Self, UnknownFault> {
        Self::from_code(code).ok_or(UnknownFault { found: code })
    }
}

impl From<FaultReason> for u8 {
    fn from(reason: FaultReason) -> Self {
        reason.code()
    }
}

impl From<ImageError> for FaultReason {
    fn from(_: ImageError) -> Self {
        Self::FrameUnreadable
    }
}

impl From<PreprocessError> for FaultReason {
    fn from(error: PreprocessError) -> Self {
        match error {
            PreprocessError::SizeNotAccepted { .. } => Self::FrameSize,
            _ => Self::PreprocessFailed,
        }
    }
}

impl From<ReconstructionError> for FaultReason {
    fn from(error: ReconstructionError) -> Self {
        match error {
            ReconstructionError::NotFinite { .. } => Self::OutputNotFinite,
            ReconstructionError::TooFew { .. } | ReconstructionError::TooMany { .. } => Self::OutputSize,
        }
    }
}

impl From<ScoreError> for FaultReason {
    fn from(_: ScoreError) -> Self {
        Self::ScoreFailed
    }
}

impl From<BundleError> for FaultReason {
    fn from(_: BundleError) -> Self {
        Self::BundleUnverified
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn codes_and_names_are_stable() {
        let found: Vec<_> = FaultReason::ALL.iter().map(|reason| (reason.code(), reason.name())).collect();
        let expected = [
            (1, "frame_unreadable"),
            (2, "frame_size"),
            (3, "frame_stale"),
            (4, "frame_repeated"),
            (5, "frame_from_future"),
            (6, "bundle_unverified"),
            (7, "preprocess_failed"),
            (8, "inference_failed"),
            (9, "output_not_finite"),
            (10, "output_size"),
            (11, "score_failed"),
            (12, "late"),
            (13, "frame_frozen"),
            (14, "frame_overexposed"),
            (15, "frame_underexposed"),
            (16, "frame_blurred"),
            (17, "camera_lost"),
            (18, "camera_timeout"),
            (19, "camera_settings"),
            (20, "queue_full"),
            (21, "trigger_missed"),
            (22, "trigger_early"),
            (23, "no_frame_for_part"),
            (24, "output_failed"),
            (25, "self_test_failed"),
            (26, "line_faulted"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn every_text_is_a_sentence_of_its_own() {
        for (index, reason) in FaultReason::ALL.iter().enumerate() {
            let text = reason.text();
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
            assert!(FaultReason::ALL[..index].iter().all(|other| other.text() != text), "{text}");
        }
    }

    #[test]
    fn every_byte_is_a_reason_or_refused() {
        for code in 0..=255 {
            let expected = FaultReason::ALL.into_iter().find(|reason| reason.code() == code);
            assert_eq!(postcard::from_bytes(&[code]).ok(), expected);
            let mut bytes = [0; 2];
            if let Some(reason) = expected {
                assert_eq!(postcard::to_slice(&reason, &mut bytes).unwrap(), [code]);
            }
        }
        let error = FaultReason::try_from(27).unwrap_err();
        assert_eq!(error.to_string(), "found the fault code 27, expected 1 to 26");
    }

    #[test]
    fn errors_have_reasons() {
        use crate::image::Size;
        let size = Size::new(1, 1);
        assert_eq!(FaultReason::from(ImageError::Empty { found: size }), FaultReason::FrameUnreadable);
        let accepted = crate::preprocess::AcceptedSizes { min: size, max: size };
        let error = PreprocessError::SizeNotAccepted { found: size, accepted };
        assert_eq!(FaultReason::from(error), FaultReason::FrameSize);
        assert_eq!(
            FaultReason::from(PreprocessError::OutputTooShort { found: 0, needed: 1 }),
            FaultReason::PreprocessFailed
        );
        let error = ReconstructionError::NotFinite { index: 0, bits: 0 };
        assert_eq!(FaultReason::from(error), FaultReason::OutputNotFinite);
        let error = ReconstructionError::TooMany { expected: 1 };
        assert_eq!(FaultReason::from(error), FaultReason::OutputSize);
        let error = ScoreError::SmoothedTooShort { found: 0, needed: 1 };
        assert_eq!(FaultReason::from(error), FaultReason::ScoreFailed);
        assert_eq!(FaultReason::from(BundleError::Version { found: 9 }), FaultReason::BundleUnverified);
    }
}
