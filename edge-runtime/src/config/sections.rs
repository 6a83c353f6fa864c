//! The tables of the configuration file and their defaults. Plain data: what it means is decided where it is used.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::outputs::LineConfig;

/// What `gate.delay_ms` is if neither it nor `gate.delay_ticks` is given.
pub(super) const DEFAULT_DELAY_MS: u32 = 150;

pub(super) const GPIO_CHIP: &str = "/dev/gpiochip0";

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

pub(super) fn gpio_chip() -> PathBuf {
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

/// `[preflight]`: what the child that loads a bundle first may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreflightConfig {
    /// Seconds before it is killed.
    pub seconds: u32,
    /// Address space in MiB.
    pub memory_mib: u32,
}

impl Default for PreflightConfig {
    fn default() -> Self {
        Self { seconds: 5, memory_mib: 512 }
    }
}

/// `[store]`: the trial of an installed bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// It is confirmed after so many parts.
    pub trial_parts: u32,
    /// If it is started so many times without that, it is given up.
    pub tries: u8,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { trial_parts: 50, tries: 3 }
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
