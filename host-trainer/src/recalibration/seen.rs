//! Which images a bundle's training has seen, by the record that lies beside the bundle.
//!
//! Images are told apart by the SHA-256 of their files: a copy that was saved anew counts as another image. Those that
//! set the earlier threshold may set the next one too; nothing else has seen them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::RecalibrationError;
use super::images::fingerprint_of;
use crate::dataset::GoodImages;
use crate::digest::hex;
use crate::scoring::ScoredFile;

/// The parts of the split that training, or whoever chose its settings, has looked at.
const SEEN: [&str; 3] = ["training", "validation", "development"];

/// Why images could not be compared with those of the training.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// There is no record.
    #[error("no training.json lies beside the bundle")]
    NoRecord,
    /// The record is no JSON.
    #[error("training.json beside the bundle cannot be read ({0})")]
    Unreadable(String),
    /// The record is of another bundle.
    #[error("training.json beside the bundle belongs to another training")]
    OtherTraining,
    /// The record names files but not their hashes.
    #[error("training.json beside the bundle holds no hashes of the images")]
    NoHashes,
}

/// Refuses images that have served in training; says so if that could not be found out.
///
/// # Errors
/// [`RecalibrationError::SameImages`] or [`RecalibrationError::Seen`].
pub(super) fn refuse_seen(
    good: &GoodImages,
    scored: &[ScoredFile],
    bundle: &Path,
    training_images_sha256: &[u8; 32],
) -> Result<Option<NotComparable>, RecalibrationError> {
    if fingerprint_of(good, scored) == *training_images_sha256 {
        return Err(RecalibrationError::SameImages);
    }
    let record = match seen_images(&bundle.with_file_name("training.json"), &hex(training_images_sha256)) {
        Ok(record) => record,
        Err(reason) => return Ok(Some(reason)),
    };
    let seen: Vec<String> = good
        .files
        .iter()
        .zip(scored)
        .filter_map(|(file, one)| Some(format!("{} ({})", file.display(), record.get(&hex(&one.sha256))?)))
        .collect();
    if seen.is_empty() { Ok(None) } else { Err(RecalibrationError::Seen { images: scored.len(), seen }) }
}

/// From the SHA-256 of a file, hexadecimal, to the part of the split it served in and its name there.
fn seen_images(record: &Path, images_sha256: &str) -> Result<HashMap<String, String>, NotComparable> {
    let bytes = fs::read(record).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => NotComparable::NoRecord,
        _ => NotComparable::Unreadable(error.to_string()),
    })?;
    let record: Value = serde_json::from_slice(&bytes).map_err(|error| NotComparable::Unreadable(error.to_string()))?;
    if record["images_sha256"] != images_sha256 {
        return Err(NotComparable::OtherTraining);
    }
    let mut seen = HashMap::new();
    for part in SEEN {
        for image in record["files"][part].as_array().ok_or(NotComparable::NoHashes)? {
            let (Some(file), Some(sha256)) = (image["file"].as_str(), image["sha256"].as_str()) else {
                return Err(NotComparable::NoHashes);
            };
            seen.insert(sha256.to_ascii_lowercase(), format!("{part}, as {file}"));
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;
    use shared::score::Score;

    use super::*;
    use crate::dataset::duplicates::Identity;

    fn image(name: &str, byte: u8) -> (PathBuf, ScoredFile) {
        (name.into(), ScoredFile { score: Score::MIN, sha256: [byte; 32], identity: Identity::of([&[byte][..]]) })
    }

    /// Images 1 to 4 were split; `record` is what lies beside the bundle.
    fn check(record: Option<&Value>, images: &[(PathBuf, ScoredFile)]) -> Result<Option<NotComparable>, String> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(record) = record {
            fs::write(folder.path().join("training.json"), record.to_string()).unwrap();
        }
        let (files, scored): (Vec<_>, Vec<_>) = images.iter().cloned().unzip();
        let good = GoodImages { root: folder.path().to_owned(), files };
        let bundle = folder.path().join("station.bundle");
        refuse_seen(&good, &scored, &bundle, &[0xab; 32]).map_err(|error| error.to_string())
    }

    fn record(images_sha256: [u8; 32], entry: &dyn Fn(u8) -> Value) -> Value {
        let files = json!({
            "training": [entry(1)], "validation": [entry(2)], "development": [entry(3)], "calibration": [entry(4)],
        });
        json!({ "images_sha256": hex(&images_sha256), "files": files, "more": 1 })
    }

    fn with_hashes(byte: u8) -> Value {
        json!({ "file": format!("{byte}.png"), "sha256": hex(&[byte; 32]) })
    }

    #[test]
    fn images_of_the_training_are_refused_by_their_bytes() {
        let record = record([0xab; 32], &with_hashes);
        assert_eq!(check(Some(&record), &[image("1.png", 9), image("new.png", 4)]), Ok(None));
        let error = check(Some(&record), &[image("a.png", 1), image("b.png", 9), image("c.png", 3)]).unwrap_err();
        assert!(error.starts_with("2 of 3 images have served in training"), "{error}");
        assert!(error.ends_with("\n  a.png (training, as 1.png)\n  c.png (development, as 3.png)"), "{error}");
        assert!(check(Some(&record), &[image("b.png", 2)]).unwrap_err().contains("b.png (validation, as 2.png)"));
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let images = [image("a.png", 1)];
        assert_eq!(check(None, &images), Ok(Some(NotComparable::NoRecord)));
        let other = record([0xcd; 32], &with_hashes);
        assert_eq!(check(Some(&other), &images), Ok(Some(NotComparable::OtherTraining)));
        let names_only = record([0xab; 32], &|byte| json!(format!("{byte}.png")));
        assert_eq!(check(Some(&names_only), &images), Ok(Some(NotComparable::NoHashes)));
        let mut no_files = record([0xab; 32], &with_hashes);
        no_files["files"] = json!([]);
        assert_eq!(check(Some(&no_files), &images), Ok(Some(NotComparable::NoHashes)));
        assert_eq!(check(Some(&json!("text")), &images), Ok(Some(NotComparable::OtherTraining)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("training.json");
        fs::write(&path, "{").unwrap();
        assert!(matches!(seen_images(&path, ""), Err(NotComparable::Unreadable(_))));
    }

    /// The whole set of the training is known without any record.
    #[test]
    fn the_images_of_the_training_as_a_whole_are_refused() {
        let (files, scored): (Vec<_>, Vec<_>) = [image("a.png", 1), image("b.png", 2)].into_iter().unzip();
        let good = GoodImages { root: PathBuf::from("none"), files };
        let training = fingerprint_of(&good, &scored);
        let result = refuse_seen(&good, &scored, Path::new("none/station.bundle"), &training);
        assert!(matches!(result, Err(RecalibrationError::SameImages)));
    }
}
