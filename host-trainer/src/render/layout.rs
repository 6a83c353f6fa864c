//! What a rendered data set consists of: its settings, its counts, and the frame behind every file.
//!
//! The layout is MVTec AD's: `train/good/000.png`, `test/good/000.png`, `test/chip/000.png` with
//! `ground_truth/chip/000_mask.png`, and so on for every kind.

use super::{DefectKind, PartKind, RenderedFrame, render_defective, render_good};

/// Index of the first good test frame. Training frames count from zero and never reach it, so that the test frames
/// stay the same however many training frames there are.
pub(super) const FIRST_TEST_INDEX: u64 = 1 << 20;

/// What to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderConfig {
    /// The kind of part.
    pub part: PartKind,
    /// Height of the frames, px: 32 to 4096. [`PartKind::frame`] gives the width.
    pub size: u16,
    /// Seed of everything random.
    pub seed: u64,
    /// Number of good frames to train with.
    pub train_good: usize,
    /// Number of good frames to test with.
    pub test_good: usize,
    /// Number of defective frames of each kind.
    pub test_per_kind: usize,
}

impl Default for RenderConfig {
    fn default() -> Self {
        Self { part: PartKind::Bottle, size: 256, seed: 1, train_good: 200, test_good: 24, test_per_kind: 12 }
    }
}

/// How many frames were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderedCounts {
    /// Good frames to train with.
    pub train_good: usize,
    /// Good frames to test with.
    pub test_good: usize,
    /// Defective frames, all kinds together; each has a mask.
    pub test_defective: usize,
}

/// One frame of a data set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// The kind of defect, if any.
    kind: Option<DefectKind>,
    /// Number in the file name.
    number: usize,
    /// Index in the frame's sequence.
    index: u64,
    train: bool,
}

impl Item {
    /// Path of the frame below the data set's root, with forward slashes.
    pub(super) fn frame_path(&self) -> String {
        let part = if self.train { "train" } else { "test" };
        let folder = self.kind.map_or("good", DefectKind::name);
        format!("{part}/{folder}/{:03}.png", self.number)
    }

    /// Path of the mask, if the frame has one.
    pub(super) fn mask_path(&self) -> Option<String> {
        self.kind.map(|kind| format!("ground_truth/{}/{:03}_mask.png", kind.name(), self.number))
    }

    pub(super) fn render(&self, config: &RenderConfig) -> RenderedFrame {
        match self.kind {
            None => render_good(config.seed, self.index, config.part, config.size),
            Some(kind) => render_defective(config.seed, self.index, kind, config.size),
        }
    }
}

/// Every frame of the data set.
pub(super) fn items(config: &RenderConfig) -> Vec<Item> {
    let train = (0..config.train_good).map(|number| Item { kind: None, number, index: number as u64, train: true });
    let good = (0..config.test_good).map(|number| Item {
        kind: None,
        number,
        index: FIRST_TEST_INDEX + number as u64,
        train: false,
    });
    let defective = config.part.defects().iter().flat_map(|&kind| {
        (0..config.test_per_kind).map(move |number| Item {
            kind: Some(kind),
            number,
            index: number as u64,
            train: false,
        })
    });
    train.chain(good).chain(defective).collect()
}

/// Every file of the data set, below its root.
pub(super) fn files(config: &RenderConfig) -> Vec<String> {
    items(config).iter().flat_map(|item| [Some(item.frame_path()), item.mask_path()]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_file_twice_and_no_good_index_twice() {
        let config = RenderConfig::default();
        let files = files(&config);
        assert_eq!(files.len(), 200 + 24 + 2 * 36);
        assert_eq!(files.iter().collect::<HashSet<_>>().len(), files.len());
        let good: Vec<u64> = items(&config).iter().filter(|item| item.kind.is_none()).map(|item| item.index).collect();
        assert_eq!(good.iter().collect::<HashSet<_>>().len(), good.len());
    }
}
