//! Where frames come from. One trait for every camera; a source says when a frame was captured and numbers its frames,
//! and knows nothing of what is judged.

#[cfg(feature = "files")]
mod container;
#[cfg(feature = "files")]
pub mod decode;
#[cfg(feature = "files")]
pub mod recorded;

use shared::image::{FrameView, ImageError};

/// A camera, or what stands in for one.
pub trait FrameSource {
    /// Waits for the next frame. `None` means that there will be no more: the folder is done, the pipe closed.
    ///
    /// A frame that cannot be had is not the end: it is a [`Captured`] with an error, and becomes a Fault.
    fn next_frame(&mut self) -> Option<Captured<'_>>;
}

/// One attempt of a source to capture a frame.
#[derive(Debug)]
pub struct Captured<'a> {
    /// The source's own number of this attempt; a camera's counter. Grows with every attempt, from 1.
    pub sequence: u64,
    /// When it was captured, in microseconds of the station's clock.
    pub captured_at_us: u64,
    /// The frame, or why there is none.
    pub frame: Result<FrameView<'a>, CaptureError>,
}

/// Why a source could not give a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// A recorded frame that cannot be decoded.
    #[cfg(feature = "files")]
    #[error(transparent)]
    File(#[from] decode::DecodeError),
    /// The source gave fewer bytes than the frame's size needs.
    #[error("the captured frame is malformed")]
    Malformed(#[from] ImageError),
}
