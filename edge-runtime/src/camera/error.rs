//! Why a source could not give a frame, and which Fault follows from it. Counts are in bytes, times in milliseconds. It
//! does not know what a line does about it.

use std::error::Error;

use shared::image::{ImageError, Size};
use shared::verdict::FaultReason;

#[cfg(feature = "files")]
use super::decode::DecodeError;

/// Why a source could not give a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// A recorded frame, or a compressed one of a camera, that cannot be decoded.
    #[cfg(feature = "files")]
    #[error(transparent)]
    File(#[from] DecodeError),
    /// The source gave fewer bytes than the frame's size needs.
    #[error("the captured frame is malformed")]
    Malformed(#[from] ImageError),
    /// No frame came in time. The source is still open.
    #[error("no frame within {waited_ms} ms; check the camera's trigger and its cable")]
    Timeout {
        /// How long the source waited.
        waited_ms: u32,
    },
    /// The camera is gone. The source opens it again by itself, one attempt a call.
    #[error("the camera is gone and is opened again; check its cable and power")]
    Disconnected {
        /// What the operating system said, or why the camera was refused when it came back.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The driver marked the frame as damaged (`V4L2_BUF_FLAG_ERROR`): data were lost on the way.
    #[error("the driver marked the frame as damaged; check the cable and the load of the bus")]
    Damaged,
    /// The frame has fewer bytes than its size needs.
    #[error("the frame has {found} bytes, expected {expected}; check the cable and the load of the bus")]
    Short {
        /// The bytes that came.
        found: usize,
        /// The bytes that the size needs.
        expected: usize,
    },
    /// A compressed frame of another size than the one agreed on.
    #[error("the frame is {found} pixels, expected {expected}")]
    SizeChanged {
        /// The frame's size.
        found: Size,
        /// The size agreed on when the camera was opened.
        expected: Size,
    },
    /// A control of the camera does not hold the value that was set. It is set again.
    #[error(
        "the camera's {name} is {found}, expected {asked}; something else changes it, or the camera cannot hold it"
    )]
    Setting {
        /// The control.
        name: String,
        /// The value that was set.
        asked: i32,
        /// The value that was read back.
        found: i32,
    },
    /// The time stamp of the frame is not one of the station's clock.
    #[error("the frame's time stamp is not of the monotonic clock; use a driver whose stamps are")]
    TimeStamp,
    /// The input could not be read; there will be no more frames, for their borders are lost.
    #[error("the frames cannot be read")]
    Read {
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl CaptureError {
    /// The reason of the Fault that the missing frame is.
    pub fn reason(&self) -> FaultReason {
        match self {
            Self::Timeout { .. } => FaultReason::CameraTimeout,
            Self::Disconnected { .. } => FaultReason::CameraLost,
            Self::Setting { .. } => FaultReason::CameraSettings,
            Self::SizeChanged { .. } => FaultReason::FrameSize,
            _ => FaultReason::FrameUnreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_line_can_wait_for_is_told_from_what_it_cannot() {
        let gone = CaptureError::Disconnected { source: "unplugged".into() };
        assert_eq!(gone.reason(), FaultReason::CameraLost);
        assert_eq!(CaptureError::Timeout { waited_ms: 5 }.reason(), FaultReason::CameraTimeout);
        let setting = CaptureError::Setting { name: "gain".to_owned(), asked: 1, found: 2 };
        assert_eq!(setting.reason(), FaultReason::CameraSettings);
        assert_eq!(CaptureError::Short { found: 1, expected: 2 }.reason(), FaultReason::FrameUnreadable);
    }
}
