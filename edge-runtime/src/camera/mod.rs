//! Where frames come from. One trait for every camera; a source says when a frame was captured and numbers its frames,
//! and knows nothing of what is judged.

#[cfg(feature = "files")]
mod container;
#[cfg(feature = "files")]
pub mod decode;
#[cfg(feature = "files")]
pub mod encode;
mod error;
pub mod faulty;
#[cfg(feature = "files")]
mod open;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod pipe;
pub mod quality;
pub mod raw;
#[cfg(feature = "files")]
pub mod recorded;
#[cfg(feature = "files")]
mod settings;
#[cfg(all(feature = "station", target_os = "linux"))]
pub mod v4l;
mod yuyv;

use shared::image::FrameView;

pub use error::CaptureError;
#[cfg(feature = "files")]
pub use open::{CameraError, open};
#[cfg(feature = "files")]
pub use settings::{CameraFormat, CameraSettings, SourceKind, UnknownName};

/// A camera, or what stands in for one.
pub trait FrameSource {
    /// Waits for the next frame. `None` means that there will be no more: the folder is done, the pipe closed.
    ///
    /// A frame that cannot be had is not the end: it is a [`Captured`] with an error, and becomes a Fault.
    fn next_frame(&mut self) -> Option<Captured<'_>>;

    /// What it has done so far. All zero for a source that does not count.
    fn counts(&self) -> CaptureCounts {
        CaptureCounts::default()
    }
}

impl<S: FrameSource + ?Sized> FrameSource for Box<S> {
    fn next_frame(&mut self) -> Option<Captured<'_>> {
        (**self).next_frame()
    }

    fn counts(&self) -> CaptureCounts {
        (**self).counts()
    }
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

/// What a source has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureCounts {
    /// Frames handed out.
    pub frames: u64,
    /// Attempts that gave an error.
    pub failed: u64,
    /// Frames that came but were thrown away, for newer ones waited behind them.
    pub dropped: u64,
    /// Frames that never came, by the gaps in the camera's own numbers.
    pub lost: u64,
    /// How often the camera was opened again.
    pub reopened: u64,
}
