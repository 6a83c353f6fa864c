//! `[trust]` of the configuration file: plain data, and what can be wrong with it. It reads no file of a key.

use serde::{Deserialize, Serialize};
use shared::bundle::signature::SignatureError;
use shared::wire::NAME_LEN;

use crate::trust::{Keys, is_path};

/// What to do with a bundle that no trusted key signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsigned {
    /// Not to use it.
    #[default]
    Refuse,
    /// To use it, and to say so in every record and in the status.
    Accept,
}

/// What to do with a bundle without golden frames, whose model nothing can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unproven {
    /// Not to install it.
    #[default]
    Refuse,
    /// To install it.
    Accept,
}

/// Whose threshold may judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequiredThreshold {
    /// The station's own for the bundle if there is one, else the bundle's.
    #[default]
    Any,
    /// The station's own: without one it does not run.
    Station,
}

/// `[trust]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustConfig {
    /// The keys that may answer for a bundle: 64 hexadecimal digits each, or the path of a `.pub` file.
    pub keys: Vec<String>,
    /// Whether a bundle that none of them signed may be used.
    pub unsigned: Unsigned,
    /// Whether a bundle without golden frames may be installed.
    pub unproven: Unproven,
    /// Whose threshold may judge.
    pub threshold: RequiredThreshold,
    /// The only product that is inspected here.
    pub product: Option<String>,
    /// The camera that is here; a bundle for another one is refused.
    pub camera: Option<String>,
}

impl TrustConfig {
    /// Whether no bundle at all can be used.
    pub fn refuses_everything(&self) -> bool {
        self.keys.is_empty() && self.unsigned == Unsigned::Refuse
    }

    /// All that is wrong, with the key that it is about.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut keys = Keys::new();
        for (index, entry) in self.keys.iter().enumerate().filter(|(_, entry)| !is_path(entry)) {
            if let Err(error) = entry.parse().and_then(|key| keys.trust(key)) {
                let hint = match error {
                    SignatureError::KeyText { .. } => ", or the path of a .pub file",
                    _ => "",
                };
                problems.push(("trust.keys", format!("trust.keys: entry {}: {error}{hint}", index + 1)));
            }
        }
        for (key, name) in [("trust.product", &self.product), ("trust.camera", &self.camera)] {
            let is_name = |name: &str| (1..=NAME_LEN).contains(&name.len()) && !name.chars().any(char::is_control);
            if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
                let found = name.len();
                problems.push((
                    key,
                    format!(
                        "{key}: found {found} bytes, expected a name of 1 to {NAME_LEN} without control characters"
                    ),
                ));
            }
        }
        problems
    }
}
