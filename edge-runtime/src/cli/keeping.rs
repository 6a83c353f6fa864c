//! The command line of what the station keeps and tells: configuration, records, log, status.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use edge_runtime::config::{DEFAULT_RUNTIME_DIR, DEFAULT_STATE_DIR};

pub const RUN_ABOUT: &str = "\
Judge the parts of a line: camera, trigger, outputs.

Reads the configuration, drives all outputs to their safe state, opens the bundle and proves it by its golden frames, \
then judges parts until it is told to stop (SIGTERM, Ctrl-C) or the source of frames ends. Each part is a reject until \
its frame has passed in time; one rising edge of accept lets it through. SIGUSR1 clears a latched fault, as does \
`edge-runtime clear`.

Whatever happens, the outputs are safe afterwards. The exit code is 1 if the station had to end by itself.";

pub const RUN_EXAMPLES: &str = "\
Examples:
  edge-runtime run --config /etc/edge-runtime/station.toml
  edge-runtime check-config station.toml
  CAMERA PROGRAM | edge-runtime run --config pipe.toml";

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The station's configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

pub const CHECK_CONFIG_ABOUT: &str = "\
Check a configuration file and print what it amounts to.

Prints the configuration with all its defaults as TOML. If the file is refused, everything that is wrong with it is \
printed with its line, and the exit code is 1. No device is opened.";

/// Arguments of `check-config`.
#[derive(Debug, Args)]
pub struct CheckConfigArguments {
    /// The station's configuration file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

pub const RECORDS_ABOUT: &str = "\
Print the records of inspections, from the oldest on.

Works while the station runs. Bytes that are no record, as after a loss of power, are passed over and their number is \
printed to stderr.";

pub const RECORDS_EXAMPLES: &str = "\
Examples:
  edge-runtime records --verdict reject --verdict fault
  edge-runtime records --json --since-sequence 1000 | jq -r .score

With --json, one object a line:
  sequence         number of the frame in its camera session
  captured_at_us   microseconds of the machine's monotonic clock, which starts anew with each boot
  bundle           hash of the bundle that judged
  verdict          pass, reject or fault
  reason           of a fault, in snake case; else null
  score, threshold 0 (alike) to 2; the score is null if the frame was not measured to the end
  signed_by        the trusted key that signed the bundle, or null: nobody answered for it
  threshold_source bundle, or station: found on the station for this bundle
  score_raw, threshold_raw
                   the same as integers, times 2^24
  us               of each stage: preprocess, inference, score, total";

/// Arguments of `records`.
#[derive(Debug, Args)]
pub struct RecordsArguments {
    /// The station's state folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_STATE_DIR)]
    pub state_dir: PathBuf,

    /// Only frames with this number or a greater one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub since_sequence: u64,

    /// Only this verdict; can be given several times
    #[arg(long, value_name = "VERDICT")]
    pub verdict: Vec<VerdictName>,

    /// Print one JSON object a line instead of a table
    #[arg(long)]
    pub json: bool,
}

/// A verdict without its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerdictName {
    Pass,
    Reject,
    Fault,
}

pub const LOG_ABOUT: &str = "\
Print the log in words.

The log's files hold numbers; their texts are in the executable that wrote them. The program `defmt-print` puts both \
together: it is looked for beside this executable, then on the PATH (cargo install defmt-print). It needs the very \
executable that wrote the log, stripped by packaging/strip at the most.";

/// Arguments of `log`.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// The station's state folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_STATE_DIR)]
    pub state_dir: PathBuf,

    /// Go on printing as the log grows
    #[arg(long)]
    pub follow: bool,
}

pub const STATUS_ABOUT: &str = "\
Print what the running station tells of itself.

The exit code is 0 if the station is ready, and 1 if it is not, does not run, or has written no status for 5 seconds.";

pub const STATUS_EXAMPLES: &str = "\
Examples:
  edge-runtime status
  edge-runtime status --json | jq .line.diverted

Without --json, one field a line, those of inner objects as line.diverted.total. All counts are since the start:
  state, ready, fault
                   the state, whether parts are taken, and why not
  inspections      frames judged: total, pass, reject, fault, and each reason that occurred
  line.triggers    edges of the trigger, or frames where the camera is the trigger
  line.parts       parts that were armed; each ends as one of accepted, rejected and diverted
  line.accepted    edges of the accept output
  line.rejected    parts judged as not good enough
  line.diverted    other parts that were not let through, also after a pass: total, and each reason that occurred
  line.faults      faults of the station: total, and each reason that occurred
  line.frames_unpaired
                   frames that are of no part
  latency_us       of each stage: count, p50, p99, max
  dropped_records, dropped_images, dropped_log_entries
                   what could not be written
  debounced_here   inputs that the kernel does not debounce, so that the station does
  missed_triggers  the same as line.faults.trigger_missed";

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The station's runtime folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_RUNTIME_DIR)]
    pub runtime_dir: PathBuf,

    /// Print one JSON object: the status with age_us and stale
    #[arg(long)]
    pub json: bool,
}

pub const CLEAR_ABOUT: &str = "\
Clear the fault of the running station, as its reset input does.

Sends SIGUSR1 to the process of the status file, after making sure that it is a station. What is still wrong faults \
the station again.";

/// Arguments of `clear`.
#[derive(Debug, Args)]
pub struct ClearArguments {
    /// The station's runtime folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_RUNTIME_DIR)]
    pub runtime_dir: PathBuf,
}

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub struct PreflightArguments {
    /// The bundle
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,

    /// Address space of this process, in MiB
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..))]
    pub memory_mib: u32,

    /// Processor time of this process, in seconds
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
}
