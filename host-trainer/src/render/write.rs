//! Writes a rendered data set to a folder, several frames at a time; the files do not depend on how many.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{io, thread};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::folder::{Obstacle, prepare, write_whole};
use super::layout::{FIRST_TEST_INDEX, Item, items};
use super::{RenderConfig, RenderedCounts, RenderedFrame};

/// Smallest height of a written frame, px: below it a crack is no longer a line.
const MIN_SIZE: u16 = 32;
/// Largest height of a written frame, px.
const MAX_SIZE: u16 = 4096;

/// Why a data set was not rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The folder holds a file that rendering did not put there.
    #[error(
        "{} holds {}, which was not rendered; nothing was changed. Choose an empty or a new folder, or move that file away",
        root.display(), file.display()
    )]
    Foreign {
        /// The folder asked for.
        root: PathBuf,
        /// A file in it that is not ours.
        file: PathBuf,
    },
    /// The frame size is out of range.
    #[error("frames {found} px high cannot be rendered; choose {MIN_SIZE} to {MAX_SIZE} px")]
    Size {
        /// The size asked for, px.
        found: u16,
    },
    /// More frames than there are indices.
    #[error("{found} frames are too many; at most {FIRST_TEST_INDEX} of a kind can be rendered")]
    TooMany {
        /// The number asked for.
        found: usize,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A frame could not be encoded as PNG.
    #[error("{}: cannot encode the frame: {source}", path.display())]
    Encode {
        /// The file it was for.
        path: PathBuf,
        /// What went wrong.
        source: image::ImageError,
    },
}

/// Renders a data set into `root`, in MVTec AD's layout, and calls `progress` with the frames done and the frames in
/// all, from the calling thread.
///
/// The folder may be new, empty, or hold an earlier rendering, which is replaced; if it holds anything else, nothing
/// is touched. Each file is written whole or not at all, so that an interrupted rendering can simply be run again.
/// A file `RENDERED.txt` beside the frames says what they are.
///
/// # Errors
///
/// [`RenderError::Size`] and [`RenderError::TooMany`] for settings out of range, [`RenderError::Foreign`] for a folder
/// with other files, the rest if a file cannot be written.
pub fn write_dataset(
    root: &Path,
    config: &RenderConfig,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<RenderedCounts, RenderError> {
    if !(MIN_SIZE..=MAX_SIZE).contains(&config.size) {
        return Err(RenderError::Size { found: config.size });
    }
    for found in [config.train_good, config.test_good, config.test_per_kind] {
        if found as u64 > FIRST_TEST_INDEX {
            return Err(RenderError::TooMany { found });
        }
    }
    prepare(root, config).map_err(|obstacle| match obstacle {
        Obstacle::Foreign(file) => RenderError::Foreign {
            file: file.strip_prefix(root).map_or(file.clone(), Path::to_path_buf),
            root: root.to_path_buf(),
        },
        Obstacle::Io(path, source) => RenderError::Io { path, source },
    })?;

    let items = items(config);
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let mut outcome = Ok(());
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (items, next, stop) = (&items, &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        break;
                    };
                    if sender.send(write_item(root, config, item)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        for written in receiver {
            match written {
                Ok(()) => {
                    done += 1;
                    progress(done, items.len());
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    outcome = Err(error);
                }
            }
        }
    });
    outcome?;
    Ok(RenderedCounts {
        train_good: config.train_good,
        test_good: config.test_good,
        test_defective: config.test_per_kind * config.part.defects().len(),
    })
}

fn write_item(root: &Path, config: &RenderConfig, item: &Item) -> Result<(), RenderError> {
    let frame = item.render(config);
    // The mask first: a frame without its mask would look like a defect nobody marked.
    if let (Some(mask), Some(path)) = (&frame.mask, item.mask_path()) {
        write_png(&root.join(path), mask, &frame)?;
    }
    write_png(&root.join(item.frame_path()), &frame.gray, &frame)
}

/// Writes the frame or its mask.
fn write_png(path: &Path, gray: &[u8], frame: &RenderedFrame) -> Result<(), RenderError> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(gray, frame.width, frame.height, ExtendedColorType::L8)
        .map_err(|source| RenderError::Encode { path: path.to_path_buf(), source })?;
    write_whole(path, &bytes).map_err(|source| RenderError::Io { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::render::{BottleDefect, DefectKind, PartKind, render_defective};

    const SMALL: RenderConfig =
        RenderConfig { part: PartKind::Bottle, size: 32, seed: 1, train_good: 3, test_good: 2, test_per_kind: 2 };

    fn render(root: &Path, config: &RenderConfig) -> Result<RenderedCounts, RenderError> {
        write_dataset(root, config, &mut |_, _| ())
    }

    /// Every file below a folder, by its path with forward slashes.
    fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let parts: Vec<_> = path
                        .strip_prefix(root)
                        .unwrap()
                        .iter()
                        .map(|part| part.to_string_lossy().into_owned())
                        .collect();
                    found.insert(parts.join("/"), fs::read(path).unwrap());
                }
            }
        }
        found
    }

    #[test]
    fn writes_the_layout_and_reports_progress() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/set");
        let mut seen = Vec::new();
        let counts = write_dataset(&root, &SMALL, &mut |done, total| seen.push((done, total))).unwrap();
        assert_eq!(counts, RenderedCounts { train_good: 3, test_good: 2, test_defective: 6 });
        assert_eq!(seen, (1..=11).map(|done| (done, 11)).collect::<Vec<_>>());

        let files = tree(&root);
        let mut expected = vec!["RENDERED.txt".to_owned()];
        expected.extend((0..3).map(|n| format!("train/good/00{n}.png")));
        expected.extend((0..2).map(|n| format!("test/good/00{n}.png")));
        for kind in ["chip", "crack", "contamination"] {
            expected.extend((0..2).map(|n| format!("test/{kind}/00{n}.png")));
            expected.extend((0..2).map(|n| format!("ground_truth/{kind}/00{n}_mask.png")));
        }
        expected.sort();
        assert_eq!(files.keys().cloned().collect::<Vec<_>>(), expected);
        assert_ne!(files["train/good/000.png"], files["test/good/000.png"]);

        let image = image::load_from_memory(&files["test/crack/001.png"]).unwrap().into_luma8();
        let frame = render_defective(1, 1, DefectKind::Bottle(BottleDefect::Crack), 32);
        assert_eq!(image.into_raw(), frame.gray);
        let mask = image::load_from_memory(&files["ground_truth/crack/001_mask.png"]).unwrap().into_luma8();
        assert_eq!(Some(mask.into_raw()), frame.mask);
    }

    #[test]
    fn rendering_again_replaces_an_earlier_rendering() {
        let folder = tempfile::tempdir().unwrap();
        render(folder.path(), &RenderConfig { train_good: 5, test_per_kind: 3, ..SMALL }).unwrap();
        // What an interrupted rendering leaves behind.
        fs::write(folder.path().join("test/chip/001.png.partial"), "half").unwrap();
        render(folder.path(), &SMALL).unwrap();
        let fresh = tempfile::tempdir().unwrap();
        render(fresh.path(), &SMALL).unwrap();
        assert!(tree(folder.path()) == tree(fresh.path()));
    }

    #[test]
    fn another_kind_of_part_replaces_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        render(folder.path(), &SMALL).unwrap();
        let surface = RenderConfig { part: PartKind::Surface, ..SMALL };
        render(folder.path(), &surface).unwrap();
        // A folder without images would be a kind of defect without examples.
        assert!(!folder.path().join("test/crack").exists() && !folder.path().join("ground_truth/crack").exists());
        let fresh = tempfile::tempdir().unwrap();
        let counts = render(fresh.path(), &surface).unwrap();
        assert_eq!(counts.test_defective, 6);
        assert!(tree(folder.path()) == tree(fresh.path()));
        for file in ["train/good/002.png", "test/stain/001.png", "ground_truth/pit/000_mask.png"] {
            let image = image::open(fresh.path().join(file)).unwrap();
            assert_eq!((image.width(), image.height()), (48, 32), "{file}");
        }
        render(folder.path(), &SMALL).unwrap();
        render(fresh.path(), &RenderConfig { part: PartKind::Turned, ..SMALL }).unwrap();
        assert!(fresh.path().join("test/hole/001.png").exists() && !fresh.path().join("test/pit").exists());
    }

    #[test]
    fn refuses_a_folder_with_other_files_and_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let photograph = folder.path().join("train/good/000.png");
        fs::create_dir_all(photograph.parent().unwrap()).unwrap();
        fs::write(&photograph, "a photograph").unwrap();
        let error = render(folder.path(), &SMALL).unwrap_err();
        assert!(matches!(&error, RenderError::Foreign { file, .. } if file == Path::new("train/good/000.png")));
        assert!(error.to_string().contains("Choose an empty or a new folder"));
        assert_eq!(tree(folder.path()).len(), 1);

        // Also one more photograph among rendered frames.
        fs::remove_file(&photograph).unwrap();
        render(folder.path(), &SMALL).unwrap();
        fs::write(folder.path().join("train/good/003.png"), "a photograph").unwrap();
        let before = tree(folder.path());
        let larger = RenderConfig { train_good: 4, ..SMALL };
        assert!(matches!(render(folder.path(), &larger), Err(RenderError::Foreign { .. })));
        assert!(tree(folder.path()) == before);
    }

    #[test]
    fn refuses_settings_out_of_range() {
        let folder = tempfile::tempdir().unwrap();
        let size = render(folder.path(), &RenderConfig { size: 16, ..SMALL });
        assert!(matches!(size, Err(RenderError::Size { found: 16 })));
        let many = render(folder.path(), &RenderConfig { train_good: usize::MAX, ..SMALL });
        assert!(matches!(many, Err(RenderError::TooMany { .. })));
        assert!(tree(folder.path()).is_empty());
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("file");
        fs::write(&root, "").unwrap();
        assert!(matches!(render(&root, &SMALL), Err(RenderError::Io { .. })));
    }
}
