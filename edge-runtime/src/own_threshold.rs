//! The file of a station's own threshold: one for each bundle, named by it, below the station's state folder. It is
//! whole or not there. It does not know how the threshold was found.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use shared::bundle::{BundleId, OtherBundle};
use shared::wire::{StationThreshold, WireError};

use crate::bounded_read::{ReadFailure, read_bounded};
use crate::config::RequiredThreshold;

/// Why there is no using the file. A station does not run then: it never falls back to another threshold by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnThresholdError {
    /// It cannot be read.
    #[error("{}: this station's own threshold cannot be read; {}", path.display(), REMEDY)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ReadFailure,
    },
    /// Its bytes are not those of a threshold.
    #[error("{}: this station's own threshold is damaged; {}", path.display(), REMEDY)]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: WireError,
    },
    /// There are bytes after the threshold.
    #[error("{}: found {found} bytes, expected {expected}: this station's own threshold is damaged; {}", path.display(),
        REMEDY)]
    Trailing {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: usize,
        /// The length of the threshold in it.
        expected: usize,
    },
    /// It holds the threshold for another bundle than its name says.
    #[error("{}: this station's own threshold is another one's; {}", path.display(), REMEDY)]
    Other {
        /// The file.
        path: PathBuf,
        /// Which.
        source: OtherBundle,
    },
    /// There is none, and the configuration asks for one.
    #[error("{}: found no threshold of this station's own for the bundle, expected one (trust.threshold = \"station\"); \
        commission the station, or take `threshold` out of [trust] to judge by the bundle's", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It is written and in force, but a loss of power may take it back.
    #[error("{}: this station's own threshold is written, but perhaps not durable; check the disk and commission again",
        path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It cannot be written; the old one, if there was one, is still there.
    #[error("{}: this station's own threshold cannot be written; check the folder's permissions and the disk",
        path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

const REMEDY: &str = "commission the station again with --recalibrate, or delete the file to go back to the bundle's \
                      threshold";

/// Where the threshold for `bundle` lies below `state_dir`.
pub fn own_threshold_path(state_dir: &Path, bundle: BundleId) -> PathBuf {
    state_dir.join("store/commissioned").join(bundle.to_string())
}

/// The station's own threshold for `bundle`; `None` if there never was one.
///
/// # Errors
///
/// [`OwnThresholdError`] if there is a file and anything is wrong with it.
pub fn read_own_threshold(state_dir: &Path, bundle: BundleId) -> Result<Option<StationThreshold>, OwnThresholdError> {
    let path = own_threshold_path(state_dir, bundle);
    let bytes = match read_bounded(&path, StationThreshold::MAX_LEN as u64) {
        Ok(bytes) => bytes,
        Err(ReadFailure::Missing) if never_was(state_dir, &path) => return Ok(None),
        Err(source) => return Err(OwnThresholdError::Unreadable { path, source }),
    };
    let (own, expected) = match StationThreshold::decode(&bytes) {
        Ok(decoded) => decoded,
        Err(source) => return Err(OwnThresholdError::Damaged { path, source }),
    };
    if bytes.len() != expected {
        return Err(OwnThresholdError::Trailing { path, found: bytes.len(), expected });
    }
    if own.bundle() != bundle {
        let source = OtherBundle { found: own.bundle(), expected: bundle };
        return Err(OwnThresholdError::Other { path, source });
    }
    Ok(Some(own))
}

/// Whether neither the file nor anything that would lead to it is wrong: a link that leads nowhere, or a file where a
/// folder is expected, hides a threshold that may be there. A file in place of the state folder itself is as good as
/// none: nothing was ever kept there.
fn never_was(state_dir: &Path, path: &Path) -> bool {
    let is_gone = |path: &Path| {
        path.symlink_metadata()
            .is_err_and(|error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
    };
    let mut above = path.ancestors().skip(1).take_while(|above| above.starts_with(state_dir));
    let is_right = |folder: &Path| folder.is_dir() || is_gone(folder) || (folder == state_dir && folder.is_file());
    is_gone(path) && above.all(is_right)
}

/// The threshold that the configuration asks for.
///
/// # Errors
///
/// As [`read_own_threshold`]; [`OwnThresholdError::Missing`] if it has to be the station's own and there is none.
pub fn required_own_threshold(
    state_dir: &Path,
    bundle: BundleId,
    required: RequiredThreshold,
) -> Result<Option<StationThreshold>, OwnThresholdError> {
    let own = read_own_threshold(state_dir, bundle)?;
    if own.is_none() && required == RequiredThreshold::Station {
        return Err(OwnThresholdError::Missing { path: own_threshold_path(state_dir, bundle) });
    }
    Ok(own)
}

/// Writes the threshold for its bundle, in place of an older one, and gives the file's path.
///
/// # Errors
///
/// [`OwnThresholdError::Unwritable`]: the old one is untouched. [`OwnThresholdError::NotDurable`]: the new one is there.
pub fn write_own_threshold(state_dir: &Path, own: &StationThreshold) -> Result<PathBuf, OwnThresholdError> {
    write_with(state_dir, own, |folder| File::open(folder)?.sync_all())
}

/// `sync` makes the names in a folder durable.
fn write_with(
    state_dir: &Path,
    own: &StationThreshold,
    mut sync: impl FnMut(&Path) -> io::Result<()>,
) -> Result<PathBuf, OwnThresholdError> {
    let path = own_threshold_path(state_dir, own.bundle());
    let mut bytes = [0; StationThreshold::MAX_LEN];
    let length = match own.encode(&mut bytes) {
        Ok(length) => length,
        Err(source) => return Err(OwnThresholdError::Damaged { path, source }),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Err(source) = make(folder, &mut sync).and_then(|()| replace(&path, &bytes[..length])) {
        return Err(OwnThresholdError::Unwritable { path, source });
    }
    match sync(folder) {
        Ok(()) => Ok(path),
        Err(source) => Err(OwnThresholdError::NotDurable { path, source }),
    }
}

/// Makes the folder, and durable every one that has a new name in it.
fn make(folder: &Path, sync: &mut impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = std::path::absolute(folder)?;
    let there = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/")).to_owned();
    fs::create_dir_all(&folder)?;
    folder.ancestors().skip(1).take_while(|above| above.starts_with(&there)).try_for_each(sync)
}

/// Another name, to the disk, then the name.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    if written.is_err() {
        // What is left of it is in nobody's way.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use shared::score::Score;

    use super::*;
    use crate::calibration::calibrate;

    const BUNDLE: BundleId = BundleId([7; 32]);

    fn own(bundle: BundleId, highest: u32) -> StationThreshold {
        let (threshold, evidence) = calibrate(&[Score::new(highest).unwrap(); 20], 1).unwrap();
        StationThreshold::new(bundle, threshold, evidence).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_replaced_and_nothing_is_left_beside_it() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(read_own_threshold(state.path(), BUNDLE).unwrap(), None);
        for highest in [5, 9] {
            let path = write_own_threshold(state.path(), &own(BUNDLE, highest)).unwrap();
            assert_eq!(path, state.path().join("store/commissioned").join("07".repeat(32)));
            assert_eq!(read_own_threshold(state.path(), BUNDLE).unwrap(), Some(own(BUNDLE, highest)));
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        }
        assert_eq!(read_own_threshold(state.path(), BundleId([8; 32])).unwrap(), None);
    }

    #[test]
    fn every_new_folder_is_made_durable_and_a_written_one_that_is_not_is_told_apart() {
        let state = tempfile::tempdir().unwrap();
        let mut synced = Vec::new();
        let write = |synced: &mut Vec<PathBuf>, fails: &str| {
            write_with(state.path(), &own(BUNDLE, 5), |folder| {
                synced.push(folder.strip_prefix(state.path()).unwrap().to_owned());
                if folder.ends_with(fails) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
            })
        };
        write(&mut synced, "nothing").unwrap();
        assert_eq!(synced, ["store", "", "store/commissioned"].map(PathBuf::from));
        synced.clear();
        write(&mut synced, "nothing").unwrap();
        assert_eq!(synced, [PathBuf::from("store/commissioned")]);
        let refused = write(&mut synced, "commissioned");
        assert!(matches!(refused, Err(OwnThresholdError::NotDurable { .. })), "{refused:?}");
        assert_eq!(read_own_threshold(state.path(), BUNDLE).unwrap(), Some(own(BUNDLE, 5)));
        fs::remove_dir_all(state.path().join("store")).unwrap();
        assert!(matches!(write(&mut synced, "store"), Err(OwnThresholdError::Unwritable { .. })));
    }

    #[test]
    fn what_hides_the_file_is_refused() {
        use std::os::unix::fs::symlink;
        for name in ["store", "store/commissioned"] {
            let state = tempfile::tempdir().unwrap();
            fs::create_dir_all(state.path().join(name).parent().unwrap()).unwrap();
            symlink("nowhere", state.path().join(name)).unwrap();
            let refused = || read_own_threshold(state.path(), BUNDLE);
            assert!(matches!(refused(), Err(OwnThresholdError::Unreadable { .. })), "{name}: {:?}", refused());
            fs::remove_file(state.path().join(name)).unwrap();
            assert_eq!(refused().unwrap(), None);
            fs::write(state.path().join(name), b"no folder").unwrap();
            assert!(matches!(refused(), Err(OwnThresholdError::Unreadable { .. })), "{name}: {:?}", refused());
        }
    }

    #[test]
    fn the_configuration_may_ask_for_one() {
        let state = tempfile::tempdir().unwrap();
        let required = |required| required_own_threshold(state.path(), BUNDLE, required);
        assert_eq!(required(RequiredThreshold::Any).unwrap(), None);
        let error = required(RequiredThreshold::Station).unwrap_err();
        assert!(error.to_string().contains("commission the station"), "{error}");
        write_own_threshold(state.path(), &own(BUNDLE, 5)).unwrap();
        assert_eq!(required(RequiredThreshold::Station).unwrap(), Some(own(BUNDLE, 5)));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let path = own_threshold_path(state.path(), BUNDLE);
        fs::create_dir_all(&path).unwrap(); // a folder cannot be renamed over
        let refused = write_own_threshold(state.path(), &own(BUNDLE, 5));
        assert!(matches!(refused, Err(OwnThresholdError::Unwritable { .. })));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(matches!(read_own_threshold(state.path(), BUNDLE), Err(OwnThresholdError::Unreadable { .. })));
    }

    /// Every cut, every changed byte, bytes behind it, the threshold of another bundle, a dangling link: refused, and
    /// said what to do.
    #[test]
    fn a_damaged_file_is_refused_never_passed_over() {
        let state = tempfile::tempdir().unwrap();
        let path = write_own_threshold(state.path(), &own(BUNDLE, 5)).unwrap();
        let whole = fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_own_threshold(state.path(), BUNDLE).unwrap_err()
        };
        for length in 0..whole.len() {
            let error = refused(&whole[..length]);
            assert!(error.to_string().contains("--recalibrate, or delete the file"), "{error}");
            let mut changed = whole.clone();
            changed[length] ^= 0x10;
            assert!(matches!(refused(&changed), OwnThresholdError::Damaged { .. }), "changed at {length}");
        }
        assert!(matches!(refused(&[&whole[..], &[0]].concat()), OwnThresholdError::Trailing { .. }));
        let mut other = [0; StationThreshold::MAX_LEN];
        let length = own(BundleId([8; 32]), 5).encode(&mut other).unwrap();
        assert!(matches!(refused(&other[..length]), OwnThresholdError::Other { .. }));
        assert!(matches!(refused(&[0; 4096]), OwnThresholdError::Unreadable { .. }));
        fs::remove_file(&path).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            assert!(matches!(read_own_threshold(state.path(), BUNDLE), Err(OwnThresholdError::Unreadable { .. })));
        }
    }
}
