//! From the rows of a map to one number: weighted mean, weighted maximum, mean of the greatest.
//!
//! Values are Q24 of at most 2.0 = 2^25, weights 0 to 255 in units of 1/255. Without weights every pixel has 255. A pixel
//! of weight 0 does not count. It does not know where in the map a pixel is.

use super::Pooling;
use super::margin::FULL;
use crate::fixed_point::divide_rounded;

/// A number in the making.
#[derive(Debug)]
pub(super) enum Pool<'m> {
    /// Sum of values times weights, below 2^28 * 2^25 * 2^8 = 2^61, and of weights.
    Mean { sum: u64, weights: u64 },
    /// The greatest so far.
    Maximum(u32),
    /// The greatest so far.
    Top(Top<'m>),
}

impl<'m> Pool<'m> {
    /// The elements of working memory for the mean of the greatest `pixels`.
    pub(super) const fn scratch_len(pixels: u32) -> usize {
        2 * pixels as usize
    }

    /// Nothing yet. `scratch` has [`scratch_len`](Self::scratch_len) elements.
    pub(super) fn new(pooling: Pooling, scratch: &'m mut [u32]) -> Self {
        match pooling {
            Pooling::Mean => Self::Mean { sum: 0, weights: 0 },
            Pooling::SmoothedMaximum { .. } => Self::Maximum(0),
            Pooling::TopMean { .. } => Self::Top(Top { values: scratch, length: 0, least: None }),
        }
    }

    /// Takes a row in which every value counts in full.
    pub(super) fn row(&mut self, values: &[u32]) {
        match self {
            Self::Mean { sum, weights } => {
                *sum += values.iter().map(|&value| u64::from(value)).sum::<u64>() * u64::from(FULL);
                *weights += values.len() as u64 * u64::from(FULL);
            }
            Self::Maximum(greatest) => *greatest = values.iter().copied().fold(*greatest, u32::max),
            Self::Top(top) => values.iter().for_each(|&value| top.offer(value)),
        }
    }

    /// Takes a row with a weight for each value.
    pub(super) fn weighted_row(&mut self, values: &[u32], weights: impl Iterator<Item = u8>) {
        let values = values.iter().copied().zip(weights).filter(|&(_, weight)| weight > 0);
        match self {
            Self::Mean { sum, weights } => {
                for (value, weight) in values {
                    *sum += u64::from(value) * u64::from(weight);
                    *weights += u64::from(weight);
                }
            }
            Self::Maximum(greatest) => *greatest = values.map(weighted).fold(*greatest, u32::max),
            Self::Top(top) => values.map(weighted).for_each(|value| top.offer(value)),
        }
    }

    /// The number, rounded half up.
    pub(super) fn finish(self) -> u32 {
        match self {
            Self::Mean { sum, weights } => divide_rounded(sum, weights) as u32,
            Self::Maximum(greatest) => greatest,
            Self::Top(top) => top.mean(),
        }
    }
}

/// `value * weight / 255`, rounded to the nearest. The product is below 2^33.
pub(super) fn weighted((value, weight): (u32, u8)) -> u32 {
    divide_rounded(u64::from(value) * u64::from(weight), FULL.into()) as u32
}

/// The greatest half of as many values as there is room for, in amortised constant time for each value.
#[derive(Debug)]
pub(super) struct Top<'m> {
    values: &'m mut [u32],
    length: usize,
    /// The least of the greatest half, once there are as many.
    least: Option<u32>,
}

impl Top<'_> {
    fn offer(&mut self, value: u32) {
        if self.least.is_some_and(|least| value <= least) {
            return;
        }
        if let Some(place) = self.values.get_mut(self.length) {
            *place = value;
            self.length += 1;
        }
        if self.length == self.values.len() {
            self.select();
        }
    }

    /// Keeps the greatest half.
    fn select(&mut self) {
        let kept = self.values.len() / 2;
        if kept == 0 || self.length < kept {
            return;
        }
        let (_, &mut least, _) = self.values[..self.length].select_nth_unstable_by(kept - 1, |a, b| b.cmp(a));
        self.least = Some(least);
        self.length = kept;
    }

    /// The mean of the greatest half. The sum is at most 2^28 * 2^25.
    fn mean(mut self) -> u32 {
        self.select();
        let values = &self.values[..self.length];
        divide_rounded(values.iter().map(|&value| u64::from(value)).sum(), values.len() as u64) as u32
    }
}
