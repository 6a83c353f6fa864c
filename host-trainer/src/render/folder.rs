//! The folder of a rendered data set, and the note in it that tells it from anybody else's folder.
//!
//! The note names the settings, and with them every file that rendering put there. Whatever else lies in the folder
//! belongs to somebody else and is never touched.

use std::collections::HashSet;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::layout::files;
use super::{PartKind, RenderConfig};

/// Name of the note.
const NOTE: &str = "RENDERED.txt";

const TITLE: &str = "Synthetic frames, rendered by host-trainer. No photograph. Rendering again replaces them.";

/// The text of the note.
fn note(config: &RenderConfig) -> String {
    let RenderConfig { part, size, seed, train_good, test_good, test_per_kind } = config;
    let numbers = format!(
        "size {size}\nseed {seed}\ntrain_good {train_good}\ntest_good {test_good}\ntest_per_kind {test_per_kind}\n"
    );
    // The bottle was the first kind there was: its notes never named it.
    let kind = if *part == PartKind::Bottle { String::new() } else { format!("kind {}\n", part.name()) };
    format!("{TITLE}\n{numbers}{kind}")
}

/// The settings in a note, if it is one.
fn parse(text: &str) -> Option<RenderConfig> {
    let mut lines = text.lines();
    if lines.next()? != TITLE {
        return None;
    }
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let numbers = RenderConfig {
        part: PartKind::Bottle,
        size: field("size")?.parse().ok()?,
        seed: field("seed")?.parse().ok()?,
        train_good: field("train_good")?.parse().ok()?,
        test_good: field("test_good")?.parse().ok()?,
        test_per_kind: field("test_per_kind")?.parse().ok()?,
    };
    let part = match lines.next() {
        None => PartKind::Bottle,
        Some(line) => {
            let name = line.strip_prefix("kind ")?;
            PartKind::ALL.into_iter().find(|part| part.name() == name)?
        }
    };
    Some(RenderConfig { part, ..numbers })
}

/// The name under which a file is written before it takes its own.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    path.with_file_name(name)
}

/// Writes a file whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial(path);
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    drop(file);
    fs::rename(&partial, path)
}

/// What stands in the way of rendering into a folder.
pub(super) enum Obstacle {
    /// This file was not rendered.
    Foreign(PathBuf),
    /// This path could not be read or written.
    Io(PathBuf, io::Error),
}

/// Makes a folder ready: created, rid of the frames of an earlier rendering that the new one does not replace, with
/// the new note and all folders. Touches nothing if the folder holds anything that was not rendered.
pub(super) fn prepare(root: &Path, config: &RenderConfig) -> Result<(), Obstacle> {
    let present = list(root)?;
    let earlier = match fs::read_to_string(root.join(NOTE)) {
        Ok(text) => parse(&text),
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidData) =>
        {
            None
        }
        Err(error) => return Err(Obstacle::Io(root.join(NOTE), error)),
    };
    let mut known: HashSet<PathBuf> = HashSet::new();
    if let Some(earlier) = earlier {
        for file in files(&earlier) {
            known.insert(partial(&root.join(&file)));
            known.insert(root.join(file));
        }
        known.insert(root.join(NOTE));
    }
    // A first note that was cut short.
    known.insert(partial(&root.join(NOTE)));
    if let Some(foreign) = present.iter().find(|path| !known.contains(*path)) {
        return Err(Obstacle::Foreign(foreign.clone()));
    }

    let wanted: Vec<PathBuf> = files(config).iter().map(|file| root.join(file)).collect();
    let kept: HashSet<&PathBuf> = wanted.iter().collect();
    for path in present.iter().filter(|path| !kept.contains(path) && **path != root.join(NOTE)) {
        fs::remove_file(path).map_err(|error| Obstacle::Io(path.clone(), error))?;
        // A folder that this left empty goes too: it may be a kind of defect that the new set has not. Most are not.
        let _ = path.parent().map(fs::remove_dir);
    }
    let folders: HashSet<&Path> = wanted.iter().filter_map(|path| path.parent()).collect();
    for folder in folders.into_iter().chain([root]) {
        fs::create_dir_all(folder).map_err(|error| Obstacle::Io(folder.to_path_buf(), error))?;
    }
    let path = root.join(NOTE);
    write_whole(&path, note(config).as_bytes()).map_err(|error| Obstacle::Io(path, error))
}

/// Every file below a folder, sorted; none if there is no such folder. Links are listed, not followed.
fn list(root: &Path) -> Result<Vec<PathBuf>, Obstacle> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let at = |error| Obstacle::Io(folder.clone(), error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound && folder == root => {
                return Ok(found);
            }
            Err(error) => return Err(at(error)),
        };
        for entry in entries {
            let entry = entry.map_err(at)?;
            if entry.file_type().map_err(at)?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_keeps_the_settings() {
        for part in PartKind::ALL {
            let config = RenderConfig { part, size: 64, seed: u64::MAX, train_good: 3, test_good: 2, test_per_kind: 1 };
            assert_eq!(parse(&note(&config)), Some(config));
        }
        assert_eq!(parse("somebody's notes\n"), None);
        assert_eq!(parse(TITLE), None);
    }
}
