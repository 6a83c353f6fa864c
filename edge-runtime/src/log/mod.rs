//! The station's log: defmt frames in files of capped length under the state folder, and a line of text on stderr for
//! what a person at the service manager's journal has to see. Times are in microseconds of the station's clock.
//!
//! Entries hold a number and their arguments; the texts are in the executable, and `edge-runtime log` puts them
//! together again. It does not decide what is worth an entry but for [`lines`], where events get their words.

pub mod lines;
pub mod logger;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use edge_runtime::recorder::rotating::{Recovery, RotatingFiles, RotationLimits, Tail};

/// How the names of the log's files end.
pub const EXTENSION: &str = "defmt";

/// Writes the log to `folder` from now on. Until then, and without this, entries go nowhere.
///
/// # Errors
///
/// If the folder cannot be used now. Entries are dropped and counted then, and each second one tries again.
pub fn start(folder: &Path, limits: RotationLimits) -> io::Result<Recovery> {
    let mut files = RotatingFiles::new(folder, EXTENSION, limits, repair);
    let recovered = files.recover();
    logger::install(files);
    lines::started();
    if logger::misaligned() {
        say("the log cannot be decoded: the kernel loads programs at addresses that are no multiple of 64 KiB \
             (Linux before 5.10); records and images are not affected");
    }
    recovered
}

/// A line for the journal.
pub fn say(text: &str) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Each frame ends with a zero, and only there is one: what follows the last is torn.
fn repair(file: &mut File) -> io::Result<Tail> {
    const WINDOW: u64 = 4096;
    let mut end = file.metadata()?.len();
    let mut window = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(WINDOW);
        window.clear();
        file.seek(SeekFrom::Start(start))?;
        file.take(end - start).read_to_end(&mut window)?;
        if let Some(zero) = window.iter().rposition(|&byte| byte == 0) {
            return Ok(Tail::Cut(start + zero as u64 + 1));
        }
        end = start;
    }
    Ok(Tail::Cut(0))
}
