//! A bundle on a stick, for a station without a network.
//!
//! Where the stick is mounted is for the user to say. A station trusts nothing on it: `edge-runtime install` copies the
//! file and verifies the copy.

use std::path::{Path, PathBuf};

use shared::bundle::Bundle;

use crate::digest::hex;
use crate::files::{FileError, write_atomically};

/// The folder on the stick.
pub const FOLDER: &str = "edge-runtime";

/// Why nothing was written to the stick.
#[derive(Debug, thiserror::Error)]
pub enum StickError {
    /// There is no such folder: the stick is not mounted.
    #[error("found no folder {}, expected that of a mounted stick: plug it in and mount it", .0.display())]
    NoFolder(PathBuf),
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The file's name: product, release, and the first 8 digits of the identifier; whatever a product's name may hold that
/// is no letter or digit is a hyphen.
pub fn file_name(bundle: &Bundle<'_>) -> String {
    let manifest = bundle.manifest();
    let product: String = manifest.product.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let product = product.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let product = if product.is_empty() { "product" } else { &product };
    format!("{product}-{}-{}.bundle", manifest.release, &hex(&bundle.id().0)[..8])
}

/// Writes the bundle below `stick`, whole or not at all, and has the system bring it there. Returns the file.
///
/// # Errors
/// [`StickError`]; nothing but a whole file of this name is left there.
pub fn write(stick: &Path, bundle: &Bundle<'_>, bytes: &[u8]) -> Result<PathBuf, StickError> {
    if !stick.is_dir() {
        return Err(StickError::NoFolder(stick.to_owned()));
    }
    let path = stick.join(FOLDER).join(file_name(bundle));
    write_atomically(&path, bytes)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use edge_runtime::bundle::BundleFile;

    use super::*;

    #[test]
    fn a_stick_gets_the_whole_bundle_under_a_name_that_tells_it() {
        let file = BundleFile::read(Path::new("../models/default/station.bundle")).unwrap();
        let bundle = file.verify().unwrap();
        let stick = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let path = write(stick.path(), &bundle, file.bytes()).unwrap();
            let (release, id) = (bundle.manifest().release, hex(&bundle.id().0));
            let name = path.strip_prefix(stick.path()).unwrap().to_str().unwrap();
            assert_eq!(name, format!("edge-runtime/rendered-bottle-mouth-{release}-{}.bundle", &id[..8]));
            assert_eq!(std::fs::read(&path).unwrap(), file.bytes());
            assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_stick_that_is_not_mounted_is_not_made_up() {
        let file = BundleFile::read(Path::new("../models/default/station.bundle")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("stick");
        let refused = write(&missing, &file.verify().unwrap(), file.bytes());
        assert!(matches!(refused, Err(StickError::NoFolder(_))) && !missing.exists());
    }
}
