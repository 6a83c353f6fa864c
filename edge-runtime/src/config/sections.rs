//! The tables of the configuration file and their defaults. Plain data: what it means is decided where it is used.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `gate.delay_ms` is if neither it nor `gate.delay_ticks` is given.
pub(super) const DEFAULT_DELAY_MS: u32 = 150;

const GPIO_CHIP: &str = "/dev/gpiochip0";

/// What frames come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A V4L2 camera.
    #[default]
    V4l,
    /// Image files of a folder, in the order of their paths.
    Folder,
    /// One file of raw frames.
    Raw,
    /// Raw frames from standard input.
    Pipe,
}

/// How the pixels arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CameraFormat {
    /// V4L2: 8-bit gray.
    Grey,
    /// Packed 4:2:2, of which the luma is used.
    Yuyv,
    /// V4L2: JPEG images.
    Mjpeg,
    /// Raw and pipe: 8-bit gray.
    Gray8,
    /// Raw and pipe: 16-bit gray, little-endian.
    Gray16,
    /// Raw and pipe: red, green, blue.
    Rgb8,
}

/// `[camera]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CameraConfig {
    /// Required.
    pub source: SourceKind,
    /// V4L2: the device node.
    pub device: PathBuf,
    /// Folder and raw: where the frames are.
    pub path: Option<PathBuf>,
    /// How pixels arrive; for V4L2 the default is `grey`, raw and pipe have none.
    pub format: Option<CameraFormat>,
    /// Pixels; for V4L2 the default is what the camera is set to, raw and pipe have none.
    pub width: Option<u16>,
    /// Pixels, as `width`.
    pub height: Option<u16>,
    /// How long one frame is waited for.
    pub timeout_ms: u32,
    /// A frame captured longer ago is not judged.
    pub max_age_ms: u32,
    /// V4L2 `exposure_time_absolute`, in 100 us; sets manual exposure.
    pub exposure: Option<i32>,
    /// V4L2 `gain`; sets manual gain.
    pub gain: Option<i32>,
    /// V4L2 `white_balance_temperature` in kelvin; sets manual white balance.
    pub white_balance_temperature: Option<i32>,
    /// V4L2 `focus_absolute`; sets manual focus.
    pub focus_absolute: Option<i32>,
    /// `[camera.quality]`.
    pub quality: QualityConfig,
}

impl Default for CameraConfig {
    fn default() -> Self {
        Self {
            source: SourceKind::default(),
            device: "/dev/video0".into(),
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
            quality: QualityConfig::default(),
        }
    }
}

/// `[camera.quality]`: what a frame has to be to be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityConfig {
    /// Greatest share of pixels at full white, 0 to 1.
    pub max_overexposed: f64,
    /// Greatest share of pixels at black, 0 to 1.
    pub max_underexposed: f64,
    /// As many equal frames in a row are a frozen camera; 0: not checked.
    pub frozen_frames: u32,
    /// Least sharpness, mean squared difference between neighbours in squared gray levels, 0 to 65025; 0: not checked.
    pub min_sharpness: f64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self { max_overexposed: 0.9, max_underexposed: 0.9, frozen_frames: 2, min_sharpness: 0.0 }
    }
}

/// What starts a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerMode {
    /// Every frame is a part.
    #[default]
    Free,
    /// An edge of an input.
    Gpio,
}

/// Which edge of an input counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// From low to high.
    #[default]
    Rising,
    /// From high to low.
    Falling,
}

/// `[trigger]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TriggerConfig {
    /// What starts a part.
    pub mode: TriggerMode,
    /// The GPIO chip of the trigger and of `[inputs]`.
    pub chip: PathBuf,
    /// The trigger's line; required by the mode `gpio`.
    pub line: Option<u32>,
    /// Which edge counts.
    pub edge: Edge,
    /// Edges this soon after another are the same one.
    pub debounce_us: u32,
    /// A trigger sooner than this after another is a fault.
    pub min_gap_ms: u32,
    /// A frame of the part is captured this long after the trigger at the soonest.
    pub frame_from_ms: u32,
    /// And this long at the latest.
    pub frame_to_ms: u32,
    /// `[trigger.encoder]`: counts the conveyor's travel.
    pub encoder: Option<EncoderConfig>,
}

impl Default for TriggerConfig {
    fn default() -> Self {
        Self {
            mode: TriggerMode::default(),
            chip: GPIO_CHIP.into(),
            line: None,
            edge: Edge::default(),
            debounce_us: 500,
            min_gap_ms: 250,
            frame_from_ms: 0,
            frame_to_ms: 200,
            encoder: None,
        }
    }
}

/// `[trigger.encoder]`: one tick at each rising edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The GPIO chip.
    #[serde(default = "gpio_chip")]
    pub chip: PathBuf,
    /// Its line.
    pub line: u32,
}

fn gpio_chip() -> PathBuf {
    GPIO_CHIP.into()
}

/// `[gate]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateConfig {
    /// A part reaches the gate this long after its trigger. 150 if `delay_ticks` is not given either.
    pub delay_ms: Option<u32>,
    /// Or after so many ticks of the encoder.
    pub delay_ticks: Option<u32>,
    /// A verdict later than this after the trigger is a reject.
    pub budget_ms: u32,
    /// Length of a pulse of `outputs.accept`.
    pub pulse_ms: u32,
    /// A pulse that would begin later than this after the part reached the gate is not made.
    pub tolerance_ms: u32,
    /// The GPIO chip of `[outputs]`.
    pub chip: PathBuf,
}

impl GateConfig {
    /// From the trigger to the gate, if no ticks are given.
    pub fn delay_ms(&self) -> u32 {
        self.delay_ms.unwrap_or(DEFAULT_DELAY_MS)
    }
}

impl Default for GateConfig {
    fn default() -> Self {
        Self { delay_ms: None, delay_ticks: None, budget_ms: 120, pulse_ms: 5, tolerance_ms: 5, chip: GPIO_CHIP.into() }
    }
}

/// Which electrical level means active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Active {
    /// High is active.
    #[default]
    High,
    /// Low is active.
    Low,
}

/// One output or input: `{ line = 0, active = "high" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Its offset on the chip.
    pub line: u32,
    /// Which level is active.
    #[serde(default)]
    pub active: Active,
}

/// `[outputs]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputsConfig {
    /// One pulse for each part that passed.
    pub accept: Option<LineConfig>,
    /// The station takes triggers.
    pub ready: Option<LineConfig>,
    /// A part is being inspected.
    pub busy: Option<LineConfig>,
    /// The station is faulted.
    pub fault: Option<LineConfig>,
    /// Stack light.
    pub red: Option<LineConfig>,
    /// Stack light.
    pub yellow: Option<LineConfig>,
    /// Stack light.
    pub green: Option<LineConfig>,
}

impl OutputsConfig {
    /// The outputs that are wired, with their names.
    pub fn wired(&self) -> impl Iterator<Item = (&'static str, LineConfig)> {
        let all = [
            ("accept", self.accept),
            ("ready", self.ready),
            ("busy", self.busy),
            ("fault", self.fault),
            ("red", self.red),
            ("yellow", self.yellow),
            ("green", self.green),
        ];
        all.into_iter().filter_map(|(name, line)| Some((name, line?)))
    }
}

/// `[inputs]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputsConfig {
    /// Clears a latched fault.
    pub reset: Option<LineConfig>,
}

/// `[records]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsConfig {
    /// Greatest length of a segment file.
    pub segment_bytes: u64,
    /// As many segments are kept.
    pub segments: u32,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self { segment_bytes: 1 << 20, segments: 64 }
    }
}

/// Which images are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// None.
    None,
    /// Those of parts that did not pass.
    #[default]
    Rejects,
    /// Those, and scores near the threshold.
    Near,
    /// All.
    All,
}

/// `[images]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImagesConfig {
    /// Which.
    pub keep: Keep,
    /// A score is near if it is off the threshold by at most this share of it, 0 to 1.
    pub near_share: f64,
    /// All images together; the oldest make room.
    pub max_bytes: u64,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self { keep: Keep::default(), near_share: 0.1, max_bytes: 256 << 20 }
    }
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Greatest length of a file.
    pub file_bytes: u64,
    /// As many files are kept.
    pub files: u32,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { file_bytes: 1 << 20, files: 8 }
    }
}

/// `[watchdog]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchdogConfig {
    /// Without progress of the inspection for so long, the watchdog is fed no more.
    pub stall_ms: u32,
}

impl Default for WatchdogConfig {
    fn default() -> Self {
        Self { stall_ms: 2000 }
    }
}
