//! `log`: has `defmt-print` put the log's files and this executable's texts together.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use edge_runtime::recorder::rotating::{numbered_files, numbered_path};

use crate::cli::LogArguments;
use crate::log::EXTENSION;

const PRINTER: &str = "defmt-print";

/// How often a growing log is looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// Runs the command.
pub fn run(arguments: &LogArguments) -> anyhow::Result<()> {
    let folder = arguments.state_dir.join("log");
    let numbers = numbered_files(&folder, EXTENSION)
        .with_context(|| format!("{}: no log; give the state folder (--state-dir)", folder.display()))?;
    let executable = std::env::current_exe().context("the running executable cannot be found")?;
    ensure!(
        has_table(&executable)?,
        "{}: the texts of the log were stripped; use the executable as it was built, or as packaging/strip leaves it",
        executable.display()
    );
    let mut child =
        Command::new(printer(&executable)).arg("-e").arg(&executable).stdin(Stdio::piped()).spawn().with_context(
            || format!("{PRINTER} cannot be started; install it: cargo install {PRINTER} --version 1.2.0"),
        )?;
    let mut input = child.stdin.take().context("the printer has no input")?;
    let fed = feed(&folder, numbers, &mut input, arguments.follow);
    drop(input);
    let status = child.wait()?;
    match fed {
        // The printer ended before its input did: its own message says why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other.with_context(|| format!("{}: the log cannot be read", folder.display()))?,
    }
    if !status.success() {
        bail!("{PRINTER} failed ({status}); the log is of another build of this program if it names a missing entry");
    }
    Ok(())
}

/// The printer beside this executable, else the one on the PATH.
fn printer(executable: &Path) -> PathBuf {
    let beside = executable.with_file_name(PRINTER);
    if beside.is_file() { beside } else { PRINTER.into() }
}

/// Writes all files in order; with `follow`, goes on with what is appended.
fn feed(folder: &Path, numbers: Vec<u64>, input: &mut ChildStdin, follow: bool) -> io::Result<()> {
    let mut last = None;
    for number in numbers {
        match File::open(numbered_path(folder, number, EXTENSION)) {
            Ok(mut file) => {
                io::copy(&mut file, input)?;
                last = Some((number, file));
            }
            // It made room for a new one meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    if !follow {
        return Ok(());
    }
    loop {
        input.flush()?;
        thread::sleep(INTERVAL);
        let newer = numbered_files(folder, EXTENSION)?;
        if let Some((number, file)) = &mut last {
            // First the rest of the file that was the newest.
            copy(file, input)?;
            let Some(&next) = newer.iter().find(|&next| next > number) else { continue };
            *number = next;
            *file = File::open(numbered_path(folder, next, EXTENSION))?;
        } else if let Some(&first) = newer.first() {
            last = Some((first, File::open(numbered_path(folder, first, EXTENSION))?));
        }
    }
}

fn copy(file: &mut File, input: &mut ChildStdin) -> io::Result<()> {
    io::copy(file, input).map(drop)
}

/// Whether the executable still has defmt's symbols: each entry's text is the name of one.
fn has_table(executable: &Path) -> io::Result<bool> {
    let mut bytes = Vec::new();
    File::open(executable)?.read_to_end(&mut bytes)?;
    // Put together here, so that this text itself is not found.
    let symbol = ["_defmt_version_", " = 4\0"].concat();
    Ok(contains(&bytes, symbol.as_bytes()))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
