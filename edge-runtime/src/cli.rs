//! The command line: what can be asked, and the help that teaches it.

mod camera;
#[cfg(all(feature = "station", target_os = "linux"))]
mod commission;

use std::path::PathBuf;

#[cfg(all(feature = "station", target_os = "linux"))]
mod installing;
#[cfg(all(feature = "station", target_os = "linux"))]
mod keeping;
#[cfg(all(feature = "station", target_os = "linux"))]
pub use installing::*;
#[cfg(all(feature = "station", target_os = "linux"))]
pub use keeping::*;

pub use camera::CameraArguments;
use clap::{Args, Parser, Subcommand};
#[cfg(all(feature = "station", target_os = "linux"))]
pub use commission::*;

/// Judges camera frames with a sealed bundle.
///
/// The bundle is the one file that the host trainer makes: model, preprocessing and threshold, all hashed. Every frame
/// gets a verdict: pass, reject, or fault for everything that kept it from being judged. The line treats a fault like
/// a reject.
#[derive(Debug, Parser)]
#[command(name = "edge-runtime", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 failure, 2 wrong usage; 10 to 19 a bundle \
that is refused, see `edge-runtime install --help`.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge recorded frames: a folder, or files
    #[command(long_about = REPLAY_ABOUT, after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Measure how long each stage of the inspection takes
    #[command(long_about = BENCH_ABOUT, after_help = BENCH_EXAMPLES)]
    Bench(BenchArguments),
    /// Judge the parts of a line: camera, trigger, outputs
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = RUN_ABOUT, after_help = RUN_EXAMPLES)]
    Run(RunArguments),
    /// Install a bundle in the station's store
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = INSTALL_ABOUT, after_help = INSTALL_EXAMPLES)]
    Install(InstallArguments),
    /// Confirm the active bundle before its trial is over
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = CONFIRM_ABOUT)]
    Confirm(StoreArguments),
    /// Go back to the previous bundle
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = ROLLBACK_ABOUT)]
    Rollback(StoreArguments),
    /// Print what is in the station's store
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = STORE_ABOUT)]
    Store(StoreArguments),
    /// Check a configuration file and print what it amounts to
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = CHECK_CONFIG_ABOUT)]
    CheckConfig(CheckConfigArguments),
    /// Print the records of inspections
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = RECORDS_ABOUT, after_help = RECORDS_EXAMPLES)]
    Records(RecordsArguments),
    /// Print the log in words
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = LOG_ABOUT)]
    Log(LogArguments),
    /// Print what the running station tells of itself
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = STATUS_ABOUT, after_help = STATUS_EXAMPLES)]
    Status(StatusArguments),
    /// Clear the fault of the running station
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = CLEAR_ABOUT)]
    Clear(ClearArguments),
    /// Show that this machine computes what the machine that sealed the bundle computed
    #[command(long_about = SELF_TEST_ABOUT, after_help = SELF_TEST_EXAMPLES)]
    SelfTest(SelfTestArguments),
    /// Drive the station's outputs to their safe state
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = OUTPUTS_ABOUT)]
    Outputs(OutputsArguments),
    /// Load and test a bundle within limits, as the station has a child do
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(hide = true)]
    Preflight(PreflightArguments),
    /// Show that a bundle does on this station what was promised
    #[cfg(all(feature = "station", target_os = "linux"))]
    #[command(long_about = COMMISSION_ABOUT, after_help = COMMISSION_EXAMPLES)]
    Commission(CommissionArguments),
    /// Keep what a camera gives as PNG files
    #[command(long_about = RECORD_ABOUT, after_help = RECORD_EXAMPLES)]
    Record(RecordArguments),
}

const REPLAY_ABOUT: &str = "\
Judge recorded frames: a folder, or files.

Frames go through the same loop as on the line, with outputs that lead nowhere. A folder is walked to its bottom; its \
images (PNG, JPEG, BMP, TIFF, PGM, PPM, PBM) are judged in the order of their paths. A file that cannot be decoded is \
a fault, and the next one follows.

The exit code is 0 if everything was judged, whatever the verdicts, and 1 if the bundle is refused or there is nothing \
to judge.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  edge-runtime replay --bundle out/demo/station.bundle out/demo/data/test
  edge-runtime replay --bundle station.bundle one.png two.png --json
  edge-runtime replay --bundle station.bundle frames --json | jq -r .verdict

With --json, one object a line:
  file             the path as given, joined with the path below it
  verdict          pass, reject or fault
  score            0 (alike) to 2; null if the frame was not measured to the end
  threshold        reject if and only if score >= threshold
  score_raw, threshold_raw
                   the same as integers, times 2^24
  reason           of a fault, in snake case; else null
  ms               of each stage: preprocess, inference, score, total";

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The bundle to judge with
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,

    /// Folders and image files, judged in the order given
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Print one JSON object a line instead of a table
    #[arg(long)]
    pub json: bool,
}

const BENCH_ABOUT: &str = "\
Measure how long each stage of the inspection takes.

Inspects frames from memory, one after the other, on one thread, and prints the median, the 99th percentile and the \
maximum of each stage in milliseconds. The first frames are not counted. Without PATH, gray frames of an \
accepted size (1280x1024 or the nearest to it) are made up; the time does not depend on what is in them.";

const BENCH_EXAMPLES: &str = "\
Examples:
  edge-runtime bench --bundle station.bundle
  edge-runtime bench --bundle station.bundle frames --frames 1000 --json";

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// The bundle to judge with
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,

    /// A folder of frames, or one image file; the first 32 frames are used in turn
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

    /// How many inspections are timed
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub frames: u32,

    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

const SELF_TEST_ABOUT: &str = "\
Show that this machine computes what the machine that sealed the bundle computed.

Takes the golden frames in the bundle. The score of each with its golden reconstruction must come out to the last bit; \
the model must redraw it to one gray level, nearly all pixels to the same; score and verdict of that must be the \
golden ones. A bundle without golden frames can only be shown to run: the result is \"unproven\", and no failure.

The exit code is 0 if nothing speaks against this machine, and 1 if something does or the bundle is refused.";

const SELF_TEST_EXAMPLES: &str = "\
Examples:
  edge-runtime self-test --bundle station.bundle
  edge-runtime self-test --bundle station.bundle --json | jq -e .proven

With --json, one object, if the bundle can be opened:
  result           proven, unproven or failed
  proven           whether the result is proven
  error            of a failed one: what was found and expected; else null
  bundle           the bundle's hash
  golden_frames    in the bundle
  greatest_pixel_difference, pixel_tolerance
                   in gray levels
  differing_pixels of all frames together; null if nothing was compared, as the other differences
  greatest_score_difference
                   in units of 2^-24";

/// Arguments of `self-test`.
#[derive(Debug, Args)]
pub struct SelfTestArguments {
    /// The bundle to test
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,

    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(all(feature = "station", target_os = "linux"))]
const OUTPUTS_ABOUT: &str = "\
Drive the station's outputs to their safe state: all inactive, which diverts every part.

For the service, before it starts the station and after that has ended, and by hand while the station does not run \
(its lines are in use else). Only [outputs] and the chip of [gate] are read, so that it works although another part of \
the configuration is wrong. The exit code is 1 if an output could not be driven; the others were.";

/// Arguments of `outputs`.
#[cfg(all(feature = "station", target_os = "linux"))]
#[derive(Debug, Args)]
pub struct OutputsArguments {
    /// Make all outputs inactive
    #[arg(long, required = true)]
    pub safe: bool,

    /// The station's configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

const RECORD_ABOUT: &str = "\
Keep what a camera gives as PNG files, to train on or to judge later.

The folder is made if it is not there, and must be empty. Each frame becomes frame_NUMBER.png, without loss; \
frames.tsv lists number, time of capture (microseconds since the machine started) and file. Each file is whole or not there. \
Ctrl-C ends the recording and keeps what there is. A frame that fails is told on stderr and left out.

The exit code is 0 if at least one frame was kept.";

const RECORD_EXAMPLES: &str = "\
Examples:
  edge-runtime record --device /dev/video0 --format grey --size 1280x720 --exposure 50 --out good --frames 200
  rpicam-vid -n -t 0 --codec yuv420 --width 1280 --height 720 -o - | \\
    edge-runtime record --pipe --format yuv420 --size 1280x720 --out good --seconds 60
  edge-runtime record --raw frames.raw --format gray16 --size 640x480 --out frames
  host-trainer train --data good --out out";

/// Arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArguments {
    #[command(flatten)]
    pub camera: CameraArguments,

    /// The folder to write to
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,

    /// End after so many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,

    /// End after so many seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
