//! Which file served for what, for the record of a training: by name, and by the bytes that it had.

use std::path::PathBuf;

use serde::Serialize;

use super::load::LoadedImages;
use super::split::Split;
use crate::digest::hex;

/// One file, and its bytes when it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedFile {
    /// Relative to the folder of good images.
    pub file: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// The files of each part of the split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitFiles {
    /// For the weights.
    pub training: Vec<UsedFile>,
    /// For early stopping.
    pub validation: Vec<UsedFile>,
    /// For the settings of the score.
    pub development: Vec<UsedFile>,
    /// For the threshold alone.
    pub calibration: Vec<UsedFile>,
}

impl SplitFiles {
    /// Names the images of `split`.
    pub fn of(split: &Split, images: &LoadedImages) -> Self {
        let used = |&index: &usize| UsedFile { file: images.files[index].clone(), sha256: hex(&images.sha256[index]) };
        let part = |indices: &[usize]| indices.iter().map(used).collect();
        Self {
            training: part(&split.training),
            validation: part(&split.validation),
            development: part(&split.development),
            calibration: part(&split.calibration),
        }
    }
}
