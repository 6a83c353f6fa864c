//! The station's configuration file: TOML, read once at start. Every key has a default but
//! `camera.source`.
//!
//! A file with an unknown key, a wrong type, a value out of range or keys that contradict each other is refused whole,
//! with every problem that was found and its line. Units are in the names of the keys. It opens no device and looks at
//! no path.

mod amounts;
mod checks;
mod error;
mod nearest;
mod outputs;
mod parse;
mod sections;
#[cfg(test)]
mod tests;
mod trust;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use error::{ConfigError, Problem};
pub use outputs::{LineConfig, OutputsConfig, WiringError, parse_output_wiring, read_output_wiring};
pub use sections::{
    Edge, EncoderConfig, GateConfig, ImagesConfig, InputsConfig, Keep, LogConfig, PreflightConfig, RecordsConfig,
    StoreConfig, TriggerConfig, TriggerMode, WatchdogConfig,
};
pub use trust::{RequiredThreshold, TrustConfig, Unproven, Unsigned};

use crate::camera::CameraSettings;

/// The largest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A station's configuration, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StationConfig {
    /// The bundle to judge with; none: the active bundle of the store.
    pub bundle: Option<PathBuf>,
    /// Where records, images and the log are kept.
    pub state_dir: PathBuf,
    /// Where the status file lies.
    pub runtime_dir: PathBuf,
    /// Which bundles may be used.
    pub trust: TrustConfig,
    /// Where frames come from.
    pub camera: CameraSettings,
    /// What starts a part.
    pub trigger: TriggerConfig,
    /// When and for how long the gate is driven.
    pub gate: GateConfig,
    /// The outputs, all on `gate.chip`. Without any the station drives nothing.
    pub outputs: OutputsConfig,
    /// The inputs other than trigger and encoder, on `trigger.chip`.
    pub inputs: InputsConfig,
    /// How much of the records is kept.
    pub records: RecordsConfig,
    /// Which images are kept, and how much of them.
    pub images: ImagesConfig,
    /// How much of the log is kept.
    pub log: LogConfig,
    /// What loading a bundle may take.
    pub preflight: PreflightConfig,
    /// The trial of an installed bundle.
    pub store: StoreConfig,
    /// When the station counts as hung.
    pub watchdog: WatchdogConfig,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            bundle: None,
            state_dir: DEFAULT_STATE_DIR.into(),
            runtime_dir: DEFAULT_RUNTIME_DIR.into(),
            trust: TrustConfig::default(),
            camera: CameraSettings::default(),
            trigger: TriggerConfig::default(),
            gate: GateConfig::default(),
            outputs: OutputsConfig::default(),
            inputs: InputsConfig::default(),
            records: RecordsConfig::default(),
            images: ImagesConfig::default(),
            log: LogConfig::default(),
            preflight: PreflightConfig::default(),
            store: StoreConfig::default(),
            watchdog: WatchdogConfig::default(),
        }
    }
}

/// Where records, images and the log are kept unless the configuration says otherwise.
pub const DEFAULT_STATE_DIR: &str = "/var/lib/edge-runtime";

/// Where the status file lies unless the configuration says otherwise.
pub const DEFAULT_RUNTIME_DIR: &str = "/run/edge-runtime";

impl StationConfig {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file cannot be read, or with everything that is wrong in it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = crate::bounded_read::read_bounded(path, MAX_BYTES)
            .map_err(|failure| ConfigError::Unreadable { path: path.to_owned(), failure })?;
        let text = String::from_utf8(bytes).map_err(|source| ConfigError::NotText { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks `text`; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] with everything that is wrong in it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        parse::parse(text).map_err(|problems| ConfigError::Refused { path: path.to_owned(), problems })
    }

    /// The configuration with its defaults, as a file that says the same.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("paths are UTF-8, since they came from a text, and every key is a name")
    }

    /// The folder of the store.
    pub fn store_dir(&self) -> PathBuf {
        self.state_dir.join("store")
    }

    /// The folder of the record segments.
    pub fn records_dir(&self) -> PathBuf {
        self.state_dir.join("records")
    }

    /// The folder of the images.
    pub fn images_dir(&self) -> PathBuf {
        self.state_dir.join("images")
    }

    /// The folder of the log's files.
    pub fn log_dir(&self) -> PathBuf {
        self.state_dir.join("log")
    }
}
