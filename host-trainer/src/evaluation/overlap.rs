//! Test images that do not measure what they seem to: the same image under two labels, and images that the network may
//! have been trained on. Equal is what [`Identity`] says.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::dataset::Label;
use crate::dataset::duplicates::{EqualFiles, Identity, equal_images};

/// A test image as far as it is compared.
#[derive(Clone, Copy, Debug)]
pub struct TestImage<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// What it is said to show.
    pub label: &'a Label,
    /// What it shows; `None` if that is not known, and it is not compared.
    pub identity: Option<Identity>,
}

/// What is odd about a set of test images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Groups of equal test images that do not all have the same label: one label at least is wrong.
    pub contradicting: EqualFiles,
    /// Pairs of a test image and an equal image of the training folder: they flatter.
    pub in_training: EqualFiles,
}

impl Overlap {
    /// Compares test images with each other and with those in the training folder.
    pub fn find(images: &[TestImage<'_>], training: &[(PathBuf, Identity)]) -> Self {
        let known: Vec<_> = images.iter().filter_map(|image| Some((image, image.identity?))).collect();
        let identities: Vec<Identity> = known.iter().map(|(_, identity)| *identity).collect();
        let mut groups = equal_images(&identities);
        groups.retain(|group| group.iter().any(|&index| known[index].0.label != known[group[0]].0.label));
        let trained: HashMap<Identity, &Path> = training.iter().map(|(path, of)| (*of, path.as_path())).collect();
        let pair = |(image, identity): &(&TestImage<'_>, Identity)| {
            trained.get(identity).map(|&twin| vec![image.path.to_owned(), twin.to_owned()])
        };
        Self {
            contradicting: EqualFiles::of(&groups, |index| known[index].0.path),
            in_training: EqualFiles(known.iter().filter_map(pair).collect()),
        }
    }

    /// One warning for each kind, with what to do.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.contradicting.is_empty() {
            warnings.push(format!(
                "warning: these test images are equal but differ in their labels:\n{}\n\
                 At least one label of each group is wrong. Correct it before you trust the figures.",
                self.contradicting
            ));
        }
        if !self.in_training.is_empty() {
            warnings.push(format!(
                "warning: these test images equal one in the training folder:\n{}\n\
                 If the bundle was trained on it, they flatter the figures. Remove them from the test folder.",
                self.in_training
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_and_images_of_the_training_folder_are_found() {
        let (good, chip) = (Label::Good, Label::Defective("chip".to_owned()));
        let image = |path, label, shows: Option<u8>| {
            let identity = shows.map(|value| Identity::of([&[value][..]]));
            TestImage { path: Path::new(path), label, identity }
        };
        let images = [
            image("good/0", &good, Some(1)),
            image("chip/0", &chip, Some(1)),
            image("good/1", &good, Some(2)),
            image("good/2", &good, Some(2)),
            image("good/3", &good, None),
            image("good/4", &chip, None),
        ];
        let training = [(PathBuf::from("train/7"), Identity::of([&[2][..]]))];
        let found = Overlap::find(&images, &training);
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(found.contradicting.0, [files(&["good/0", "chip/0"])]);
        assert_eq!(found.in_training.0, [files(&["good/1", "train/7"]), files(&["good/2", "train/7"])]);
        assert_eq!(found.warnings().len(), 2);
        assert!(Overlap::find(&images[2..], &[]).warnings().is_empty());
    }
}
