//! Which files belong to a data set. Two layouts: MVTec (`train/good`, `test/KIND`,
//! `ground_truth/KIND/<stem>_mask.png`), or a plain folder of good images.
//!
//! Files are listed in the order of their relative paths. This module opens no image.

use std::path::{Path, PathBuf};

use edge_runtime::camera::decode::FORMATS;
use edge_runtime::camera::recorded::{RecordedError, list_images};

/// A data set that cannot be used as it lies there.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The path is missing or no folder.
    #[error("{} is not a folder; --data takes a folder of photographs", .0.display())]
    NotAFolder(PathBuf),
    /// The folder holds no image.
    #[error(
        "no {FORMATS} image in {}; expected either train/good/*.png (MVTec layout) or images of good parts in the \
         folder itself", .0.display()
    )]
    NoGoodImages(PathBuf),
    /// A folder `good` beside other images, which are then likely to show defective parts.
    #[error(
        "{}: {} does not lie in a folder named good, others do; expected images of good parts only. Give the folder \
         good itself, or take the others out", root.display(), file.display()
    )]
    NotOnlyGood {
        /// The folder.
        root: PathBuf,
        /// The first image that is not in a folder `good`, relative to it.
        file: PathBuf,
    },
    /// Nothing to evaluate on.
    #[error(
        "no {FORMATS} image in {}; expected test/good and test/KIND below the data folder (MVTec layout), or images \
         of good parts in the folder itself", .0.display()
    )]
    NoTestImages(PathBuf),
    /// A folder could not be listed.
    #[error(transparent)]
    List(#[from] RecordedError),
}

/// The images to train on: good parts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodImages {
    /// The folder that `files` are relative to.
    pub root: PathBuf,
    /// Relative paths, sorted.
    pub files: Vec<PathBuf>,
}

impl GoodImages {
    /// Lists `data/train/good` if it is there, else the images below `data`.
    ///
    /// # Errors
    /// [`DatasetError`] if there is no folder or no image in it, or some lie in a folder `good` and some do not.
    pub fn open(data: &Path) -> Result<Self, DatasetError> {
        if !data.is_dir() {
            return Err(DatasetError::NotAFolder(data.to_owned()));
        }
        let train = data.join("train").join("good");
        let root = if train.is_dir() { train } else { data.to_owned() };
        let files = images_below(&root)?;
        if files.is_empty() {
            return Err(DatasetError::NoGoodImages(root));
        }
        let in_good = |file: &&PathBuf| file.iter().rev().skip(1).any(|folder| folder == "good");
        if files.iter().any(|file| in_good(&file))
            && let Some(file) = files.iter().find(|file| !in_good(file)).cloned()
        {
            return Err(DatasetError::NotOnlyGood { root, file });
        }
        Ok(Self { root, files })
    }

    /// Where the files lie.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| self.root.join(file)).collect()
    }
}

/// What is known of a test image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A good part.
    Good,
    /// A defective part, with the name of its folder as the kind of defect.
    Defective(String),
}

/// One image to evaluate on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationImage {
    /// Where it lies.
    pub path: PathBuf,
    /// What it shows.
    pub label: Label,
    /// Its mask of defective pixels, if there is one.
    pub mask: Option<PathBuf>,
}

/// The images to evaluate on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationSet {
    /// Sorted by kind, then by name.
    pub images: Vec<EvaluationImage>,
}

impl EvaluationSet {
    /// Lists `data/test/KIND` if there is a `test` folder; else every image below `data` counts as a good part.
    ///
    /// # Errors
    /// [`DatasetError`] if there is no folder or no image in it.
    pub fn open(data: &Path) -> Result<Self, DatasetError> {
        if !data.is_dir() {
            return Err(DatasetError::NotAFolder(data.to_owned()));
        }
        let test = data.join("test");
        if !test.is_dir() {
            let good = images_below(data)?;
            let image = |file: PathBuf| EvaluationImage { path: data.join(file), label: Label::Good, mask: None };
            return Self::of(good.into_iter().map(image).collect(), data);
        }
        let images = images_below(&test)?
            .into_iter()
            .filter_map(|file| {
                let kind = file.components().next()?.as_os_str().to_string_lossy().into_owned();
                let label = if kind == "good" { Label::Good } else { Label::Defective(kind) };
                let mask = mask_of(data, &file).filter(|mask| mask.is_file());
                Some(EvaluationImage { path: test.join(&file), label, mask })
            })
            .collect();
        Self::of(images, &test)
    }

    fn of(images: Vec<EvaluationImage>, searched: &Path) -> Result<Self, DatasetError> {
        if images.is_empty() {
            return Err(DatasetError::NoTestImages(searched.to_owned()));
        }
        Ok(Self { images })
    }
}

/// `KIND/NAME.png` below `test` has its mask at `ground_truth/KIND/NAME_mask.png`.
fn mask_of(data: &Path, file: &Path) -> Option<PathBuf> {
    let mut name = file.file_stem()?.to_owned();
    name.push("_mask.png");
    Some(data.join("ground_truth").join(file.parent()?).join(name))
}

/// Paths relative to `root`, sorted; none if there is no image.
fn images_below(root: &Path) -> Result<Vec<PathBuf>, RecordedError> {
    match list_images(root) {
        Ok(files) => Ok(files.into_iter().filter_map(|file| Some(file.strip_prefix(root).ok()?.to_owned())).collect()),
        Err(RecordedError::NoImages { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn touch(root: &Path, name: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }

    #[test]
    fn the_mvtec_layout() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "train/good/b.png",
            "train/good/a.PNG",
            "train/good/notes.txt",
            "test/good/000.png",
            "test/chip/000.jpg",
            "test/chip/001.png",
            "ground_truth/chip/001_mask.png",
            "fullres/x.png",
        ] {
            touch(root, name);
        }
        let good = GoodImages::open(root).unwrap();
        assert_eq!(good.files, [PathBuf::from("a.PNG"), PathBuf::from("b.png")]);

        let set = EvaluationSet::open(root).unwrap();
        let seen: Vec<_> = set.images.iter().map(|i| (i.label.clone(), i.mask.is_some())).collect();
        let chip = || Label::Defective("chip".into());
        assert_eq!(seen, [(chip(), false), (chip(), true), (Label::Good, false)]);
    }

    #[test]
    fn a_plain_folder_is_all_good() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), "line1/2.jpeg");
        touch(folder.path(), "1.png");
        assert_eq!(GoodImages::open(folder.path()).unwrap().files.len(), 2);
        assert!(EvaluationSet::open(folder.path()).unwrap().images.iter().all(|i| i.label == Label::Good));
    }

    #[test]
    fn defective_parts_beside_a_folder_of_good_ones_are_not_taken_for_good() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["test/crack/0.png", "test/good/0.png", "test/good/1.png"] {
            touch(folder.path(), name);
        }
        for data in [folder.path().to_owned(), folder.path().join("test")] {
            let error = GoodImages::open(&data).unwrap_err();
            assert!(
                matches!(&error, DatasetError::NotOnlyGood { file, .. } if file.ends_with("crack/0.png")),
                "{error}"
            );
        }
        assert_eq!(GoodImages::open(&folder.path().join("test/good")).unwrap().files.len(), 2);
        // A name alone is no folder.
        touch(folder.path(), "test/good/good");
        touch(folder.path(), "test/crack/good.png");
        assert_eq!(GoodImages::open(&folder.path().join("test/crack")).unwrap().files.len(), 2);
    }

    #[test]
    fn nothing_to_use_is_said_plainly() {
        let folder = tempfile::tempdir().unwrap();
        let error = GoodImages::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("train/good") && error.contains(&*folder.path().to_string_lossy()), "{error}");
        let error = GoodImages::open(&folder.path().join("missing")).unwrap_err().to_string();
        assert!(error.contains("not a folder"), "{error}");
    }
}
