//! The last rows of two images, each pair of pixels in one word.
//!
//! The units are gray values. A word holds the sum `a + b` (0 to 510) in its lower 15 bits and the shifted difference
//! `a - b + 255` (0 to 510) in its upper 15 bits. It does not know which rows are kept.

use crate::row_window::RowWindow;

/// What is added to a difference, so that it is not negative.
pub(super) const SHIFT: u8 = 255;

/// Bits that a value has in its word.
const BITS: u32 = 15;

/// A ring of rows in memory of the caller's.
#[derive(Debug)]
pub(super) struct PixelRows<'m> {
    words: &'m mut [u32],
    width: usize,
}

impl<'m> PixelRows<'m> {
    /// The words for the rows of a window, for images of `width` columns.
    pub(super) const fn len(radius: u8, width: u16) -> usize {
        RowWindow::slots(radius) * width as usize
    }

    /// Rows of `width` words in all of `words`.
    pub(super) fn new(words: &'m mut [u32], width: u16) -> Self {
        Self { words, width: width.into() }
    }

    /// Keeps a row of each image in a slot.
    pub(super) fn store(&mut self, slot: usize, a: &[u8], b: &[u8]) {
        let row = &mut self.words[slot * self.width..][..self.width];
        for (word, (&a, &b)) in row.iter_mut().zip(a.iter().zip(b)) {
            let (a, b, shift) = (u32::from(a), u32::from(b), u32::from(SHIFT));
            *word = (a + b) | (a + shift - b) << (u32::BITS - BITS);
        }
    }

    /// The words of a slot.
    pub(super) fn row(&self, slot: usize) -> &[u32] {
        &self.words[slot * self.width..][..self.width]
    }
}

/// The sum `a + b` and the shifted difference `a - b + 255` in a word, both at most 510.
pub(super) const fn unpack(word: u32) -> (u32, u32) {
    // So few bits are seen to be left that a square is a multiplication of 16 bits.
    (word & ((1 << BITS) - 1), word >> (u32::BITS - BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_pixels_is_kept() {
        let mut words = [0; 256];
        for a in 0..=255_u8 {
            let b: [u8; 256] = core::array::from_fn(|b| b as u8);
            let mut rows = PixelRows::new(&mut words, 256);
            rows.store(0, &[a; 256], &b);
            for (&word, b) in rows.row(0).iter().zip(0..) {
                let (sum, difference) = (i32::from(a) + b, i32::from(a) - b);
                assert_eq!(unpack(word), (sum as u32, (difference + 255) as u32));
            }
        }
    }
}
