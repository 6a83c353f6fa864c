//! Images that were found but cannot be used: which, why, and whether that stops the work.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::listing::Listing;

/// What to do about images that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnUnreadable {
    /// Stop, and name them.
    #[default]
    Refuse,
    /// Go on without them, and keep a list.
    Skip,
}

/// A file that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Relative to the folder of images.
    pub file: PathBuf,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

/// Images that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} of {found} images in {} cannot be used:\n{}\nrepair or remove them, or leave them out with --skip-unreadable",
    left_out.len(), root.display(), Listing(left_out)
)]
pub struct UnreadableImages {
    /// The folder that was searched.
    pub root: PathBuf,
    /// How many images there are, these among them.
    pub found: usize,
    /// The files and what is wrong with each, in order.
    pub left_out: Vec<LeftOut>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_named_and_the_others_counted() {
        let file = |index: usize| LeftOut { file: format!("{index:02}.png").into(), reason: "broken".into() };
        let error = |count: usize| {
            let left_out = (0..count).map(file).collect();
            UnreadableImages { root: "photos".into(), found: 50, left_out }.to_string()
        };
        assert!(error(10).contains("  09.png: broken\nrepair"), "{}", error(10));
        let many = error(12);
        assert!(many.starts_with("12 of 50 images in photos cannot be used:\n  00.png: broken\n"), "{many}");
        assert!(many.contains("  09.png: broken\n  and 2 more\nrepair") && !many.contains("10.png"), "{many}");
    }
}
