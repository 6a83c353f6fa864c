//! What the child says of a bundle, as one line of JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of a report that are read.
pub(super) const MAX_BYTES: usize = 64 << 10;

/// The part of the examination that refused a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The child could not limit itself.
    Limits,
    /// The file: its layout, hashes or manifest.
    File,
    /// The model is not on the list, or too large.
    Admission,
    /// The inference engine cannot run the model.
    Model,
    /// Memory that the inference engine asked for was not there.
    Memory,
    /// The golden frames came out otherwise.
    SelfTest,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limits => "child's limits",
            Self::File => "file",
            Self::Admission => "admission",
            Self::Model => "loading",
            Self::Memory => "memory",
            Self::SelfTest => "self-test",
        })
    }
}

/// What came of the examination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
pub enum Report {
    /// The bundle loads, runs and redraws its golden frames.
    Accepted {
        /// Its hash, 64 hexadecimal digits.
        bundle: String,
        /// Golden frames compared.
        golden_frames: u32,
        /// Nodes of the model's graph.
        nodes: u64,
        /// Elements of all stored tensors.
        weights: u64,
        /// Multiply-accumulates for one image.
        macs: u64,
        /// Memory of everything that is computed for one image.
        activation_bytes: u64,
        /// The most memory that the child had resident.
        peak_bytes: u64,
    },
    /// It does not.
    Refused {
        /// What refused it.
        stage: Stage,
        /// What was found and what was expected.
        message: String,
        /// The most memory that the child had resident.
        peak_bytes: u64,
    },
}

/// `VmHWM` of a process's `/proc/PID/status`, in bytes: the most memory that it had resident.
pub(super) fn peak_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status_of_a_process() {
        assert_eq!(peak_bytes("Name:\tx\nVmHWM:\t    2068 kB\nVmRSS:\t 4 kB\n"), Some(2068 * 1024));
        assert_eq!(peak_bytes("Name:\tx\n"), None);
        let own = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(peak_bytes(&own).unwrap() > 1 << 20);
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_nothing_else_is() {
        let report = Report::Refused { stage: Stage::SelfTest, message: "no\n\"".to_owned(), peak_bytes: 7 };
        let line = serde_json::to_string(&report).unwrap();
        assert_eq!(line, r#"{"result":"refused","stage":"self_test","message":"no\n\"","peak_bytes":7}"#);
        assert_eq!(serde_json::from_str::<Report>(&line).unwrap(), report);
        assert!(serde_json::from_str::<Report>(r#"{"result":"accepted"}"#).is_err());
    }
}
