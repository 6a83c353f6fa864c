//! The options that say where frames come from, shared by the commands that need a camera. Named as the keys of
//! `[camera]` in the configuration file.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use edge_runtime::camera::{CameraFormat, CameraSettings, SourceKind};
use shared::image::Size;

/// Where frames come from.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true).args(["device", "pipe", "raw", "folder"]))]
#[command(next_help_heading = "Camera")]
pub struct CameraArguments {
    /// A camera with a V4L2 driver: /dev/video0
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,

    /// Raw frames through standard input
    #[arg(long)]
    pipe: bool,

    /// A file of raw frames
    #[arg(long, value_name = "FILE")]
    raw: Option<PathBuf>,

    /// A folder of image files
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,

    /// What frames hold: grey, yuyv or mjpeg of a camera; gray8, gray16, rgb8, yuyv or yuv420 of raw frames
    #[arg(long, value_name = "FORMAT")]
    format: Option<CameraFormat>,

    /// Width and height in pixels, exactly: 1280x720
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<Size>,

    /// How long a frame is waited for, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    timeout_ms: u32,

    /// Which input of a device with several
    #[arg(long, value_name = "N", requires = "device")]
    input: Option<u32>,

    /// Exposure time in units of 100 us; sets manual exposure
    #[arg(long, value_name = "N", requires = "device")]
    exposure: Option<i32>,

    /// Gain; switches automatic gain off
    #[arg(long, value_name = "N", requires = "device")]
    gain: Option<i32>,

    /// White balance in kelvin; switches the automatic one off
    #[arg(long, value_name = "K", requires = "device")]
    white_balance_temperature: Option<i32>,

    /// Focus; switches automatic focus off
    #[arg(long, value_name = "N", requires = "device")]
    focus_absolute: Option<i32>,

    /// Any other control of the camera, by its name in `v4l2-ctl --list-ctrls`; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = control, requires = "device")]
    control: Vec<(String, i32)>,
}

impl CameraArguments {
    /// What they say.
    pub fn settings(&self) -> CameraSettings {
        let (source, path) = match (&self.device, &self.raw, &self.folder) {
            (Some(_), ..) => (SourceKind::V4l, None),
            (_, Some(path), _) => (SourceKind::Raw, Some(path)),
            (_, _, Some(path)) => (SourceKind::Folder, Some(path)),
            (None, None, None) => (SourceKind::Pipe, None),
        };
        let mut settings = CameraSettings::new(source);
        if let Some(device) = &self.device {
            settings.device.clone_from(device);
        }
        settings.path = path.cloned();
        settings.format = self.format;
        settings.width = self.size.map(|size| size.width);
        settings.height = self.size.map(|size| size.height);
        settings.timeout_ms = self.timeout_ms;
        settings.input = self.input;
        settings.exposure = self.exposure;
        settings.gain = self.gain;
        settings.white_balance_temperature = self.white_balance_temperature;
        settings.focus_absolute = self.focus_absolute;
        settings.controls = self.control.iter().cloned().collect();
        settings
    }
}

fn size(text: &str) -> Result<Size, String> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = parsed.ok_or("expected width and height in pixels, as in 1280x720")?;
    let size = Size::new(width, height);
    size.check().map(|()| size).map_err(|error| error.to_string())
}

fn control(text: &str) -> Result<(String, i32), String> {
    let parsed = text.split_once('=').and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
    parsed.ok_or_else(|| "expected a name and a whole number, as in sharpness=2".to_owned())
}
