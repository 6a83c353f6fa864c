//! Photographs that are in a data set more than once, under whatever name and in whatever format.
//!
//! Two images are equal if they are the same pixels once brought to the network's size, not if their files are the same
//! bytes: that finds a photograph that was saved again without loss in another format, and images that differ where
//! the network does not look. The same bytes give the same pixels, so copied files are found too. A photograph that
//! was saved again as JPEG is another one to this rule, and is not found.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::listing::Listing;

/// What an image shows, as far as the network sees it: the SHA-256 of its pixels in the network's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity([u8; 32]);

impl Identity {
    /// Of an image in the network's size, given as its rows from top to bottom.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        rows.into_iter().for_each(|row| hash.update(row));
        Self(hash.finalize().into())
    }
}

/// Groups of equal images, two or more in each: indices in order, the groups by their first.
pub fn equal_images(images: &[Identity]) -> Vec<Vec<usize>> {
    let mut by_identity: HashMap<&Identity, Vec<usize>> = HashMap::new();
    for (index, identity) in images.iter().enumerate() {
        by_identity.entry(identity).or_default().push(index);
    }
    let mut groups: Vec<_> = by_identity.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups
}

/// The files of each group of equal images. Displayed as one indented line for each of the first groups, and the
/// number of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EqualFiles(pub Vec<Vec<PathBuf>>);

impl EqualFiles {
    /// Names the members of groups.
    pub fn of<'a>(groups: &[Vec<usize>], name: impl Fn(usize) -> &'a Path) -> Self {
        Self(groups.iter().map(|group| group.iter().map(|&index| name(index).to_owned()).collect()).collect())
    }

    /// Whether no image is there twice.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for EqualFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |group: &Vec<PathBuf>| group.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>().join(" = ");
        Listing(&self.0.iter().map(names).collect::<Vec<_>>()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_groups_are_named_and_the_others_counted() {
        let names: Vec<PathBuf> = (0..24).map(|index| format!("{index:02}").into()).collect();
        let groups: Vec<Vec<usize>> = (0..12).map(|index| vec![index, index + 12]).collect();
        let text = EqualFiles::of(&groups, |index| &names[index]).to_string();
        assert!(text.starts_with("  00 = 12\n  01 = 13\n") && text.ends_with("  09 = 21\n  and 2 more"), "{text}");
    }

    #[test]
    fn equal_images_are_grouped_in_order() {
        let identity = |value: u8| Identity::of([&[value, 1][..]]);
        let images = [3, 1, 2, 1, 3, 3, 4].map(identity);
        assert_eq!(equal_images(&images), [vec![0, 4, 5], vec![1, 3]]);
        assert!(equal_images(&[]).is_empty());
    }

    #[test]
    fn rows_may_lie_apart() {
        assert_eq!(Identity::of([&[1, 2][..], &[3, 4]]), Identity::of([&[1, 2, 3, 4][..]]));
    }
}
