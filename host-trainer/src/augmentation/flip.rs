//! Mirror images (the paper's augmentation: "horizontal flip and vertical flip").

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use shared::image::Size;

/// Which mirror images count as good parts too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Flips {
    /// No mirror image: the part has a left and a right, a top and a bottom
    None,
    /// Left and right exchanged
    Horizontal,
    /// Top and bottom exchanged
    Vertical,
    /// Either, both or neither, each as often
    #[default]
    Both,
}

/// One drawn orientation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flip {
    /// Left and right exchanged.
    pub horizontal: bool,
    /// Top and bottom exchanged.
    pub vertical: bool,
}

impl Flips {
    /// Draws an orientation; always two random bits, so that the choice does not shift the rest of the stream.
    pub fn draw(self, rng: &mut ChaCha8Rng) -> Flip {
        let bits = rng.next_u32();
        Flip {
            horizontal: matches!(self, Self::Horizontal | Self::Both) && bits & 1 == 1,
            vertical: matches!(self, Self::Vertical | Self::Both) && bits & 2 == 2,
        }
    }
}

impl Flip {
    /// The packed `image` in this orientation, row by row.
    pub fn rows<'a>(self, image: &'a [u8], size: Size) -> impl Iterator<Item = u8> + 'a {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        (0..height).flat_map(move |y| {
            let y = if self.vertical { height - 1 - y } else { y };
            let row = &image[y * width..(y + 1) * width];
            (0..width).map(move |x| row[if self.horizontal { width - 1 - x } else { x }])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 3, height: 2 };

    fn flipped(horizontal: bool, vertical: bool) -> Vec<u8> {
        Flip { horizontal, vertical }.rows(&[1, 2, 3, 4, 5, 6], SIZE).collect()
    }

    #[test]
    fn each_orientation() {
        assert_eq!(flipped(false, false), [1, 2, 3, 4, 5, 6]);
        assert_eq!(flipped(true, false), [3, 2, 1, 6, 5, 4]);
        assert_eq!(flipped(false, true), [4, 5, 6, 1, 2, 3]);
        assert_eq!(flipped(true, true), [6, 5, 4, 3, 2, 1]);
    }
}
