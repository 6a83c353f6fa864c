//! The command line: what can be asked, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 failure, 2 wrong usage.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge recorded frames: a folder, or files
    #[command(long_about = REPLAY_ABOUT, after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Measure how long each stage of the inspection takes
    #[command(long_about = BENCH_ABOUT, after_help = BENCH_EXAMPLES)]
    Bench(BenchArguments),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
