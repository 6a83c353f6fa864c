//! From settings to a source of frames: one function for every command, and the settings that a configuration file and
//! a command line map to. Sizes are in pixels, times in milliseconds. It opens no configuration file.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use shared::image::{ImageError, Size};

use super::FrameSource;
use super::raw::{RawFormat, RawFrames};
use super::recorded::{RecordedError, RecordedFrames};
#[cfg(all(feature = "station", target_os = "linux"))]
use super::{pipe, v4l};
use crate::clock::MonotonicClock;

/// Where frames come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A camera with a V4L2 driver.
    V4l,
    /// A folder of image files, or one file.
    Folder,
    /// A file of raw frames.
    Raw,
    /// Raw frames through standard input.
    Pipe,
}

/// What frames hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CameraFormat {
    /// 8-bit gray. Also written `grey`, as V4L2 calls it.
    Gray8,
    /// 16-bit gray, little-endian; raw frames only.
    Gray16,
    /// 8-bit colour; raw frames only.
    Rgb8,
    /// YUV 4:2:2, of which the luma is used.
    Yuyv,
    /// YUV 4:2:0 in planes, of which the luma is used; raw frames only.
    Yuv420,
    /// A JPEG for every frame; cameras only.
    Mjpeg,
}

/// A name that is none of those known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected {expected}")]
pub struct UnknownName {
    /// What was found.
    pub found: String,
    /// What is known.
    pub expected: &'static str,
}

impl FromStr for SourceKind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match name {
            "v4l" => Self::V4l,
            "folder" => Self::Folder,
            "raw" => Self::Raw,
            "pipe" => Self::Pipe,
            found => return Err(UnknownName { found: found.to_owned(), expected: "v4l, folder, raw or pipe" }),
        })
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4l => "v4l",
            Self::Folder => "folder",
            Self::Raw => "raw",
            Self::Pipe => "pipe",
        })
    }
}

impl FromStr for CameraFormat {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match name {
            "grey" | "gray8" => Self::Gray8,
            "gray16" => Self::Gray16,
            "rgb8" => Self::Rgb8,
            "yuyv" => Self::Yuyv,
            "yuv420" => Self::Yuv420,
            "mjpeg" => Self::Mjpeg,
            found => {
                let expected = "grey (gray8), gray16, rgb8, yuyv, yuv420 or mjpeg";
                return Err(UnknownName { found: found.to_owned(), expected });
            }
        })
    }
}

impl fmt::Display for CameraFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gray8 => "grey",
            Self::Gray16 => "gray16",
            Self::Rgb8 => "rgb8",
            Self::Yuyv => "yuyv",
            Self::Yuv420 => "yuv420",
            Self::Mjpeg => "mjpeg",
        })
    }
}

/// Everything that can be said of a source, with the names of the configuration file's `[camera]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSettings {
    /// Where frames come from.
    pub source: SourceKind,
    /// The camera's device file; v4l.
    pub device: PathBuf,
    /// Which input of a device with several; v4l.
    pub input: Option<u32>,
    /// The folder, the image file or the file of raw frames.
    pub path: Option<PathBuf>,
    /// What the frames hold; all but folder.
    pub format: Option<CameraFormat>,
    /// Pixels a row; all but folder.
    pub width: Option<u16>,
    /// Rows; all but folder.
    pub height: Option<u16>,
    /// How long a frame is waited for; v4l and pipe.
    pub timeout_ms: u32,
    /// A waiting frame older than that is dropped for a newer one; v4l.
    pub max_age_ms: u32,
    /// Exposure time in units of 100 us, and manual exposure; v4l.
    pub exposure: Option<i32>,
    /// Gain in the camera's unit, and no automatic one; v4l.
    pub gain: Option<i32>,
    /// White balance in kelvin, and no automatic one; v4l.
    pub white_balance_temperature: Option<i32>,
    /// Focus in the camera's unit, and no automatic one; v4l.
    pub focus_absolute: Option<i32>,
    /// Other controls by name; v4l.
    pub controls: BTreeMap<String, i32>,
    /// The controls are read back once in so many frames; v4l.
    pub check_every: u32,
}

impl CameraSettings {
    /// What holds if nothing else is said.
    pub fn new(source: SourceKind) -> Self {
        Self {
            source,
            device: PathBuf::from("/dev/video0"),
            input: None,
            path: None,
            format: None,
            width: None,
            height: None,
            timeout_ms: 1000,
            max_age_ms: 200,
            exposure: None,
            gain: None,
            white_balance_temperature: None,
            focus_absolute: None,
            controls: BTreeMap::new(),
            check_every: 30,
        }
    }

    fn needed<T: Clone>(&self, key: &'static str, value: &Option<T>) -> Result<T, CameraError> {
        value.clone().ok_or(CameraError::Missing { kind: self.source, key })
    }

    fn size(&self) -> Result<Size, CameraError> {
        let size = Size::new(self.needed("width", &self.width)?, self.needed("height", &self.height)?);
        size.check()?;
        Ok(size)
    }

    fn raw_format(&self) -> Result<RawFormat, CameraError> {
        Ok(match self.needed("format", &self.format)? {
            CameraFormat::Gray8 => RawFormat::Gray8,
            CameraFormat::Gray16 => RawFormat::Gray16,
            CameraFormat::Rgb8 => RawFormat::Rgb8,
            CameraFormat::Yuyv => RawFormat::Yuyv,
            CameraFormat::Yuv420 => RawFormat::Yuv420,
            found @ CameraFormat::Mjpeg => {
                let expected = "gray8, gray16, rgb8, yuyv or yuv420";
                return Err(CameraError::Format { kind: self.source, found, expected });
            }
        })
    }

    #[cfg(all(feature = "station", target_os = "linux"))]
    fn v4l(&self) -> Result<v4l::V4lSettings, CameraError> {
        let format = match self.needed("format", &self.format)? {
            CameraFormat::Gray8 => v4l::VideoFormat::Grey,
            CameraFormat::Yuyv => v4l::VideoFormat::Yuyv,
            CameraFormat::Mjpeg => v4l::VideoFormat::Mjpeg,
            found => return Err(CameraError::Format { kind: self.source, found, expected: "grey, yuyv or mjpeg" }),
        };
        Ok(v4l::V4lSettings {
            device: self.device.clone(),
            input: self.input,
            format,
            size: self.size()?,
            timeout_ms: self.timeout_ms,
            max_age_us: u64::from(self.max_age_ms) * 1000,
            controls: v4l::ControlSettings {
                exposure: self.exposure,
                gain: self.gain,
                white_balance_temperature: self.white_balance_temperature,
                focus_absolute: self.focus_absolute,
                others: self.controls.clone(),
            },
            check_every: self.check_every,
        })
    }
}

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
    #[error("the source {kind} has no format {found}, expected {expected}")]
    Format {
        /// The source.
        kind: SourceKind,
        /// The format asked for.
        found: CameraFormat,
        /// What it gives.
        expected: &'static str,
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
    if settings.timeout_ms == 0 {
        return Err(CameraError::Timeout);
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
    use super::*;

    fn error(settings: &CameraSettings) -> String {
        open(settings).err().unwrap().to_string()
    }

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["v4l", "folder", "raw", "pipe"] {
            assert_eq!(name.parse::<SourceKind>().unwrap().to_string(), name);
        }
        for name in ["grey", "gray16", "rgb8", "yuyv", "yuv420", "mjpeg"] {
            assert_eq!(name.parse::<CameraFormat>().unwrap().to_string(), name);
        }
        assert_eq!("gray8".parse(), Ok(CameraFormat::Gray8));
        let error = "h264".parse::<CameraFormat>().unwrap_err().to_string();
        assert_eq!(error, "found \"h264\", expected grey (gray8), gray16, rgb8, yuyv, yuv420 or mjpeg");
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
