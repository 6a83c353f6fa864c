//! From settings to a source of frames: one function for every command. It opens no configuration file.

use std::io;
use std::path::PathBuf;

use shared::image::ImageError;

use super::FrameSource;
use super::raw::RawFrames;
use super::recorded::{RecordedError, RecordedFrames};
use super::settings::{CameraFormat, CameraSettings, SourceKind};
#[cfg(all(feature = "station", target_os = "linux"))]
use super::{pipe, v4l};
use crate::clock::MonotonicClock;

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// Something that this kind of source needs was not said.
    #[error("the source {kind} needs {key}")]
    Missing {
        /// The source.
        kind: SourceKind,
        /// What is missing.
        key: &'static str,
    },
    /// A format that this kind of source does not give.
    #[error("the source {kind} has no format {found}, expected {}", kind.formats())]
    Format {
        /// The source.
        kind: SourceKind,
        /// The format asked for.
        found: CameraFormat,
    },
    /// A size that no frame has.
    #[error("the camera's width and height")]
    Size(#[from] ImageError),
    /// A timeout of nothing.
    #[error("timeout_ms = 0, expected at least 1")]
    Timeout,
    /// The folder.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The file of raw frames.
    #[error("{}: cannot be opened as raw frames", path.display())]
    Raw {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Standard input.
    #[error("standard input cannot be read")]
    Pipe {
        /// What the operating system said.
        source: io::Error,
    },
    /// The camera.
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[error(transparent)]
    Device(#[from] v4l::DeviceError),
    /// Not in this build.
    #[error("this program was built without the source {kind}; use a build for stations on Linux")]
    Unsupported {
        /// The source.
        kind: SourceKind,
    },
}

/// Opens a source. Its frames are stamped in the time of [`MonotonicClock`].
///
/// # Errors
///
/// [`CameraError`] if something is missing, does not fit, or cannot be opened exactly as asked.
pub fn open(settings: &CameraSettings) -> Result<Box<dyn FrameSource + Send>, CameraError> {
    let clock = MonotonicClock::new();
    let path = || settings.needed("path", &settings.path);
    if let Some(problem) = settings.problems().into_iter().next() {
        return Err(problem);
    }
    Ok(match settings.source {
        SourceKind::Folder => Box::new(RecordedFrames::open(&[path()?], clock)?),
        SourceKind::Raw => {
            let (path, size, format) = (path()?, settings.size()?, settings.raw_format()?);
            let opened = RawFrames::open(&path, size, format, clock);
            Box::new(opened.map_err(|source| CameraError::Raw { path, source })?)
        }
        #[cfg(all(feature = "station", target_os = "linux"))]
        SourceKind::Pipe => {
            let (size, format) = (settings.size()?, settings.raw_format()?);
            let input = pipe::Pipe::standard_input().map_err(|source| CameraError::Pipe { source })?;
            Box::new(RawFrames::new(input, size, format, settings.timeout_ms, clock)?)
        }
        #[cfg(all(feature = "station", target_os = "linux"))]
        SourceKind::V4l => Box::new(v4l::open(settings.v4l()?, clock)?),
        #[cfg(not(all(feature = "station", target_os = "linux")))]
        kind @ (SourceKind::Pipe | SourceKind::V4l) => return Err(CameraError::Unsupported { kind }),
    })
}

#[cfg(test)]
mod tests {
    use shared::image::Size;

    use super::*;

    fn error(settings: &CameraSettings) -> String {
        open(settings).err().unwrap().to_string()
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut settings = CameraSettings::new(SourceKind::Raw);
        assert_eq!(error(&settings), "the source raw needs path");
        settings.path = Some("frames.raw".into());
        assert_eq!(error(&settings), "the source raw needs width");
        (settings.width, settings.height) = (Some(4), Some(0));
        assert_eq!(error(&settings), "the camera's width and height");
        settings.height = Some(2);
        assert_eq!(error(&settings), "the source raw needs format");
        settings.format = Some(CameraFormat::Mjpeg);
        assert_eq!(
            error(&settings),
            "the source raw has no format mjpeg, expected gray8, gray16, rgb8, yuyv or yuv420"
        );
        settings.format = Some(CameraFormat::Gray8);
        settings.timeout_ms = 0;
        assert_eq!(error(&settings), "timeout_ms = 0, expected at least 1");
    }

    #[test]
    fn a_file_of_raw_frames_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames.raw");
        std::fs::write(&path, [0; 20]).unwrap();
        let mut settings = CameraSettings::new(SourceKind::Raw);
        settings.path = Some(path);
        (settings.width, settings.height, settings.format) = (Some(5), Some(2), Some(CameraFormat::Gray16));
        let mut source = open(&settings).unwrap();
        let captured = source.next_frame().unwrap();
        assert_eq!((captured.sequence, captured.frame.unwrap().size()), (1, Size::new(5, 2)));
        assert!(source.next_frame().is_none());
    }

    #[cfg(all(feature = "station", target_os = "linux"))]
    #[test]
    fn a_camera_that_is_not_there_is_named() {
        let mut settings = CameraSettings::new(SourceKind::V4l);
        settings.device = "/nonexistent/video3".into();
        (settings.width, settings.height, settings.format) = (Some(8), Some(8), Some(CameraFormat::Rgb8));
        assert_eq!(error(&settings), "the source v4l has no format rgb8, expected grey, yuyv or mjpeg");
        settings.format = Some(CameraFormat::Gray8);
        assert!(error(&settings).starts_with("/nonexistent/video3: cannot be opened"));
    }
}
