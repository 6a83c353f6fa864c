//! `record`: keeps what a camera gives as PNG files in a folder, with a list of them. What it writes is a folder of
//! images for the host trainer and for `replay`. Times are in microseconds of the monotonic clock.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use edge_runtime::camera::encode::encode_png;
use edge_runtime::camera::{self, CaptureCounts, FrameSource};
use edge_runtime::clock::{Clock, MonotonicClock};
use shared::image::FrameView;

use crate::cli::RecordArguments;

/// The list of the frames kept.
const LIST: &str = "frames.tsv";

/// Runs the command.
pub fn run(arguments: &RecordArguments) -> anyhow::Result<()> {
    let clock = MonotonicClock::new();
    let stop = stop_on_signals()?;
    check_empty(&arguments.out)?;
    let mut source = camera::open(&arguments.camera.settings())?;
    let mut recording = Recording::create(&arguments.out)?;
    let begun_us = clock.now_us();
    let until_us =
        arguments.seconds.map_or(u64::MAX, |seconds| begun_us.saturating_add(u64::from(seconds) * 1_000_000));
    let mut progress = Progress::new(begun_us);
    let mut failed = String::new();
    let is_enough = |kept| arguments.frames.is_some_and(|frames| kept >= frames);

    while !stop.load(Ordering::Relaxed) && !is_enough(recording.kept) && clock.now_us() < until_us {
        let Some(captured) = source.next_frame() else { break };
        match &captured.frame {
            Ok(frame) => {
                recording.keep(frame, captured.sequence, captured.captured_at_us)?;
                failed.clear();
            }
            Err(error) => {
                progress.failed += 1;
                let reason = super::chain(error);
                // A camera that is gone says so five times a second.
                if reason != failed {
                    progress.say(&format!("fault: frame {}: {reason}", captured.sequence));
                    failed = reason;
                }
            }
        }
        progress.tick(clock.now_us(), recording.kept, source.counts());
    }
    progress.end(&arguments.out, recording.kept, source.counts());
    if recording.kept == 0 {
        bail!(
            "no frame was kept, {} failed{}{failed}",
            progress.failed,
            if failed.is_empty() { "" } else { "; last: " }
        );
    }
    Ok(())
}

/// Set by SIGINT and SIGTERM. A second one ends the program.
#[cfg(all(feature = "station", target_os = "linux"))]
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Before the flag is set: only the second signal finds it set.
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop)).context("signals cannot be taken")?;
        flag::register(signal, Arc::clone(&stop)).context("signals cannot be taken")?;
    }
    Ok(stop)
}

/// Without signals, Ctrl-C ends the program; the files written so far are whole.
#[cfg(not(all(feature = "station", target_os = "linux")))]
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    Ok(Arc::default())
}

/// A recording is alone in its folder, or images of other parts would be trained on with it.
fn check_empty(folder: &Path) -> anyhow::Result<()> {
    let first = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.and_then(|mut entries| entries.next().transpose()),
    };
    match first.with_context(|| format!("{}: cannot be read", folder.display()))? {
        None => Ok(()),
        Some(found) => bail!(
            "{}: holds {} already, expected an empty folder; give another one",
            folder.display(),
            found.file_name().display()
        ),
    }
}

/// The folder that frames go to.
struct Recording {
    folder: PathBuf,
    list: File,
    kept: u64,
}

impl Recording {
    fn create(folder: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("{}: cannot be written to", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let mut list = File::create(folder.join(LIST)).with_context(cannot)?;
        list.write_all(b"sequence\tcaptured_at_us\tfile\n").with_context(cannot)?;
        Ok(Self { folder: folder.to_owned(), list, kept: 0 })
    }

    /// Writes a frame, then its line.
    fn keep(&mut self, frame: &FrameView<'_>, sequence: u64, captured_at_us: u64) -> anyhow::Result<()> {
        let name = format!("frame_{sequence:010}.png");
        let path = self.folder.join(&name);
        let cannot = || format!("{}: cannot be written; check the disk", path.display());
        let png = encode_png(frame).with_context(cannot)?;
        // Whole or not there for whoever reads, also if this program is ended meanwhile. No image is named like that.
        let unfinished = self.folder.join(format!(".{name}.part"));
        fs::write(&unfinished, png).with_context(cannot)?;
        fs::rename(&unfinished, &path).with_context(cannot)?;
        let line = format!("{sequence}\t{captured_at_us}\t{name}\n");
        self.list.write_all(line.as_bytes()).with_context(cannot)?;
        self.kept += 1;
        Ok(())
    }
}

/// How far it is, on stderr once a second: one line that changes on a terminal, else none until the end.
struct Progress {
    is_terminal: bool,
    next_us: u64,
    failed: u64,
}

impl Progress {
    fn new(now_us: u64) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), next_us: now_us, failed: 0 }
    }

    fn tick(&mut self, now_us: u64, kept: u64, counts: CaptureCounts) {
        if self.is_terminal && now_us >= self.next_us {
            self.next_us = now_us.saturating_add(1_000_000);
            // Nobody is left to tell if stderr is closed.
            let _ = write!(io::stderr(), "\r{}\x1b[K", self.line(kept, counts));
        }
    }

    fn say(&self, text: &str) {
        let start = if self.is_terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(io::stderr(), "{start}{text}");
    }

    fn end(&self, folder: &Path, kept: u64, counts: CaptureCounts) {
        self.say(&format!("{}: {}", folder.display(), self.line(kept, counts)));
    }

    fn line(&self, kept: u64, counts: CaptureCounts) -> String {
        let CaptureCounts { dropped, lost, .. } = counts;
        format!("{kept} frames kept, {} failed, {dropped} dropped, {lost} lost by the camera", self.failed)
    }
}
