//! Settings from a TOML file. Each `name = value` is read as the option `--name value` of the command line would be, by
//! the same parser: the names, the ranges, what excludes what and the hints are the same by construction.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser};
use edge_runtime::bounded_read::{ReadFailure, read_bounded};

use super::TrainSettings;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The settings file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It cannot be read.
    #[error("{}: the settings file cannot be read; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ReadFailure,
    },
    /// It is no TOML.
    #[error("{}: the settings file is not TOML: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        message: String,
    },
    /// It sets what does not exist, or what cannot be so.
    #[error("{}: {message}; `host-trainer train --help` lists the names and their values", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
}

/// The settings on a command line of their own.
#[derive(Parser)]
#[command(name = "settings", disable_help_flag = true, disable_version_flag = true)]
struct Line {
    #[command(flatten)]
    settings: TrainSettings,
}

impl TrainSettings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`SettingsError`] names the file, the setting and what was expected.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let read = |source| SettingsError::Read { path: path.to_owned(), source };
        let bytes = read_bounded(path, MAX_BYTES).map_err(read)?;
        let text = String::from_utf8(bytes)
            .map_err(|error| SettingsError::NotToml { path: path.to_owned(), message: error.to_string() })?;
        parse(&text, path)
    }

    /// Takes settings by their names; `path` is what errors call the table.
    ///
    /// # Errors
    /// [`SettingsError::Setting`] names the setting and what was expected.
    pub fn from_table(table: &toml::Table, path: &Path) -> Result<Self, SettingsError> {
        from_table(table, path)
    }
}

/// Reads settings in TOML; `path` is what errors call them.
pub(super) fn parse(text: &str, path: &Path) -> Result<TrainSettings, SettingsError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let message = error.to_string().trim_end().to_owned();
        SettingsError::NotToml { path: path.to_owned(), message }
    })?;
    TrainSettings::from_table(&table, path)
}

fn from_table(table: &toml::Table, path: &Path) -> Result<TrainSettings, SettingsError> {
    let setting = |message: String| SettingsError::Setting { path: path.to_owned(), message };
    let command = Line::command();
    let is_flag = |name: &str| {
        let option = command.get_arguments().find(|option| option.get_long() == Some(name));
        option.map(|option| matches!(option.get_action(), ArgAction::SetTrue))
    };
    let mut line = vec!["settings".to_owned()];
    for (name, value) in table {
        if name.is_empty() {
            return Err(setting("unknown setting without a name".into()));
        }
        if is_flag(name).is_none() {
            // The parser words the refusal, and finds a name that is alike.
            line.push(format!("--{}", name.replace('=', "")));
            break;
        }
        if matches!(value, toml::Value::Boolean(_)) && is_flag(name) == Some(false) {
            return Err(setting(format!("{name}: found {value}, expected a text or a number")));
        }
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(_) | toml::Value::Float(_) => value.to_string(),
            toml::Value::Boolean(true) => {
                line.push(format!("--{name}"));
                continue;
            }
            toml::Value::Boolean(false) => continue,
            other => {
                let message = format!("{name}: found {}, expected a text, a number, true or false", other.type_str());
                return Err(setting(message));
            }
        };
        line.push(format!("--{name}={text}"));
    }
    Line::try_parse_from(line).map(|line| line.settings).map_err(|error| setting(plain(&error)))
}

/// A message of the command line's parser in the words of a settings file.
fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.trim_start_matches("error: ").lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let said = said.join("; ").replace("'--", "'").replace("tip: a similar argument exists", "a similar one is");
    match error.kind() {
        ErrorKind::UnknownArgument => {
            said.replacen("unexpected argument", "unknown setting", 1).replacen(" found", "", 1)
        }
        _ => said.replace("the argument '", "the setting '"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::ThresholdChoice;
    use crate::device::DeviceChoice;

    #[test]
    fn every_kind_of_value_is_read_as_the_command_line_would() {
        let text =
            "product = \"cap, blue\"\ndevice = \"cpu\"\nbatch = 4\nlearning-rate = 5e-4\nrank = 3\nflips = \"none\"";
        let settings = parse(text, Path::new("x")).unwrap();
        assert_eq!(settings.product.as_deref(), Some("cap, blue"));
        assert_eq!(settings.device, Some(DeviceChoice::Cpu));
        assert_eq!(settings.learning_rate.map(super::super::LearningRate::get), Some(5e-4));
        assert_eq!(settings.threshold.choice(), ThresholdChoice::Rank(3));
    }

    #[test]
    fn unknown_names_and_impossible_values_are_refused_by_name() {
        for (text, expected) in [
            ("seed = 1\nlearning_rate = 0.1", "unknown setting 'learning_rate'"),
            ("learning_rate = 0.1", "a similar one is: 'learning-rate'"),
            ("batch = 0", "'batch <N>'"),
            ("batch = -3", "'batch <N>'"),
            ("batch = [1]", "batch: found array"),
            ("learning-rate = 2.0", "above 0 and at most 1"),
            ("learning-rate = nan", "above 0 and at most 1"),
            ("loss = \"l2\"", "ssim, mse, ssim-l1"),
            ("steps = ", "line 1"),
            ("steps = 1\nepochs = 2", "cannot be used with"),
            ("rank = 1\ntarget-frr = \"1%\"", "cannot be used with"),
            ("foo = false", "unknown setting 'foo'"),
            ("batch = false", "batch: found false"),
            ("\"batch=4\" = true", "unknown setting"),
            ("\"\" = true", "unknown setting"),
            ("data = \"elsewhere\"", "unknown setting 'data'"),
        ] {
            let error = parse(text, Path::new("line3.toml")).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("line3.toml"), "{text} gave {error}");
            assert!(!error.contains("Usage"), "{error}");
        }
        assert!(matches!(TrainSettings::read(Path::new("missing.toml")), Err(SettingsError::Read { .. })));
    }
}
