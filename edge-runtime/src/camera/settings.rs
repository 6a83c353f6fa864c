//! What can be said of a source of frames. One description for the configuration file's `[camera]` and for the command
//! line: names, defaults, what each kind of source needs and takes. Sizes are in pixels, times in milliseconds. It opens
//! nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

#[cfg(feature = "cli")]
use serde::{Deserialize, Serialize};
use shared::image::Size;

use super::open::CameraError;
use super::quality::QualitySettings;
use super::raw::RawFormat;
#[cfg(all(feature = "station", target_os = "linux"))]
use super::v4l;

/// Where frames come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(rename_all = "lowercase"))]
pub enum SourceKind {
    /// A camera with a V4L2 driver.
    #[default]
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
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(rename_all = "lowercase"))]
pub enum CameraFormat {
    /// 8-bit gray, `grey` as V4L2 calls it. Also read as `gray8`.
    #[cfg_attr(feature = "cli", serde(rename = "grey", alias = "gray8"))]
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

impl SourceKind {
    /// The formats it gives, in words.
    pub const fn formats(self) -> &'static str {
        match self {
            Self::V4l => "grey, yuyv or mjpeg",
            Self::Raw | Self::Pipe => "gray8, gray16, rgb8, yuyv or yuv420",
            Self::Folder => "none: each file says its own",
        }
    }

    /// Whether it gives frames of this format.
    pub fn takes(self, format: CameraFormat) -> bool {
        match self {
            Self::V4l => matches!(format, CameraFormat::Gray8 | CameraFormat::Yuyv | CameraFormat::Mjpeg),
            Self::Raw | Self::Pipe => raw(format).is_some(),
            Self::Folder => false,
        }
    }
}

/// How raw frames of this format lie in memory; none if they are no raw ones.
fn raw(format: CameraFormat) -> Option<RawFormat> {
    Some(match format {
        CameraFormat::Gray8 => RawFormat::Gray8,
        CameraFormat::Gray16 => RawFormat::Gray16,
        CameraFormat::Rgb8 => RawFormat::Rgb8,
        CameraFormat::Yuyv => RawFormat::Yuyv,
        CameraFormat::Yuv420 => RawFormat::Yuv420,
        CameraFormat::Mjpeg => return None,
    })
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

/// Everything that can be said of a source: `[camera]` of the configuration file, and the camera's options of the
/// command line.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct CameraSettings {
    /// Where frames come from.
    pub source: SourceKind,
    /// The camera's device file; v4l.
    pub device: PathBuf,
    /// Which input of a device with several; v4l.
    pub input: Option<u32>,
    /// The folder, the image file or the file of raw frames.
    pub path: Option<PathBuf>,
    /// What the frames hold; all but folder. A camera's are [`CameraFormat::Gray8`] if nothing else is said.
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
    /// What a frame has to be to be judged. No source looks at it: the inspection does.
    pub quality: QualitySettings,
    /// The controls are read back once in so many frames; v4l. Not a key of the file.
    #[cfg_attr(feature = "cli", serde(skip))]
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
            quality: QualitySettings::default(),
            check_every: 30,
        }
    }

    /// The source in words: its device or file.
    pub fn name(&self) -> String {
        match (self.source, &self.path) {
            (SourceKind::V4l, _) => self.device.display().to_string(),
            (SourceKind::Folder | SourceKind::Raw, Some(path)) => path.display().to_string(),
            (SourceKind::Folder | SourceKind::Raw, None) => "no path".to_owned(),
            (SourceKind::Pipe, _) => "standard input".to_owned(),
        }
    }

    /// What [`open`](super::open) refuses without a look at any device or file: what this kind of source needs and was
    /// not said, and what it does not take.
    pub fn problems(&self) -> Vec<CameraError> {
        let kind = self.source;
        let is_file = matches!(kind, SourceKind::Folder | SourceKind::Raw);
        let is_sized = kind != SourceKind::Folder;
        let is_raw = matches!(kind, SourceKind::Raw | SourceKind::Pipe);
        let needed = [
            ("path", is_file && self.path.is_none()),
            ("width", is_sized && self.width.is_none()),
            ("height", is_sized && self.height.is_none()),
        ];
        let missing = |(key, _)| CameraError::Missing { kind, key };
        let mut problems: Vec<_> = needed.into_iter().filter(|(_, missing)| *missing).map(missing).collect();
        if let (true, Some(width), Some(height)) = (is_sized, self.width, self.height)
            && let Err(error) = Size::new(width, height).check()
        {
            problems.push(error.into());
        }
        match self.format {
            None if is_raw => problems.push(CameraError::Missing { kind, key: "format" }),
            Some(found) if !kind.takes(found) => problems.push(CameraError::Format { kind, found }),
            _ => {}
        }
        if self.timeout_ms == 0 {
            problems.push(CameraError::Timeout);
        }
        problems
    }

    pub(super) fn needed<T: Clone>(&self, key: &'static str, value: &Option<T>) -> Result<T, CameraError> {
        value.clone().ok_or(CameraError::Missing { kind: self.source, key })
    }

    pub(super) fn size(&self) -> Result<Size, CameraError> {
        let size = Size::new(self.needed("width", &self.width)?, self.needed("height", &self.height)?);
        size.check()?;
        Ok(size)
    }

    pub(super) fn raw_format(&self) -> Result<RawFormat, CameraError> {
        let found = self.needed("format", &self.format)?;
        raw(found).ok_or(CameraError::Format { kind: self.source, found })
    }

    #[cfg(all(feature = "station", target_os = "linux"))]
    pub(super) fn v4l(&self) -> Result<v4l::V4lSettings, CameraError> {
        let found = self.format.unwrap_or(CameraFormat::Gray8);
        let format = match found {
            CameraFormat::Gray8 => v4l::VideoFormat::Grey,
            CameraFormat::Yuyv => v4l::VideoFormat::Yuyv,
            CameraFormat::Mjpeg => v4l::VideoFormat::Mjpeg,
            _ => return Err(CameraError::Format { kind: self.source, found }),
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

impl Default for CameraSettings {
    fn default() -> Self {
        Self::new(SourceKind::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
