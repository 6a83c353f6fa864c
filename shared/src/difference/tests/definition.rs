//! A score by its definition, pixel by pixel and in wider integers, and what a bundle's sections hold.
//!
//! For tests. It knows nothing of rows that come one after the other.

use std::vec::Vec;

use crate::difference::smoothing::tests::smooth_by_definition;
use crate::difference::{Mask, Pooling, ResidualMaps, ScoreRecipe};
use crate::image::Size;

/// The score by its definition, from the map: everything after the difference map, pixel by pixel.
pub(super) fn score_by_definition(recipe: &ScoreRecipe, map: &[u32], size: Size, content: Size, parts: &Parts) -> u64 {
    let mut map = smooth_by_definition(map, size, recipe.smoothing);
    if recipe.normalised {
        for ((value, &mean), &spread) in map.iter_mut().zip(&parts.means).zip(&parts.spreads) {
            let (excess, spread) = (u128::from(value.saturating_sub(mean)), u128::from(spread));
            *value = ((2 * (excess << 24) + spread) / (2 * spread)).min(1 << 25) as u32;
        }
    }
    if let Pooling::SmoothedMaximum { radius } = recipe.pooling {
        map = smooth_by_definition(&map, size, radius);
    }
    let border = recipe.metric.border();
    let scored = if recipe.margin.is_none() { size } else { content };
    let counts = |x, y| (border..scored.width - border).contains(&x) && (border..scored.height - border).contains(&y);
    let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    let pixels: Vec<(u64, u64)> = places
        .zip(map.iter().zip(&parts.weights))
        .filter(|&((x, y), (_, &mask))| counts(x, y) && !(recipe.masked && mask == 0))
        .map(|((x, y), (&value, &mask))| {
            let margin = u64::from(recipe.margin.of(x, y, scored));
            let weight = if recipe.masked { (margin * u64::from(mask) / 255).max(1) } else { margin };
            (u64::from(value), weight)
        })
        .collect();
    let rounded = |sum: u64, count: u64| (2 * sum + count) / (2 * count);
    let mut weighted: Vec<u64> = pixels.iter().map(|&(value, weight)| rounded(value * weight, 255)).collect();
    weighted.sort_unstable();
    weighted.reverse();
    match recipe.pooling {
        Pooling::Mean => {
            let weights = pixels.iter().map(|&(_, weight)| weight).sum();
            rounded(pixels.iter().map(|&(value, weight)| value * weight).sum(), weights)
        }
        Pooling::SmoothedMaximum { .. } => weighted[0],
        Pooling::TopMean { pixels } => {
            let greatest = &weighted[..weighted.len().min(pixels as usize)];
            rounded(greatest.iter().sum(), greatest.len() as u64)
        }
    }
}

/// What the sections of a bundle hold.
#[derive(Clone, Debug)]
pub struct Parts {
    pub means: Vec<u32>,
    pub spreads: Vec<u32>,
    pub weights: Vec<u8>,
}

impl Parts {
    pub fn residuals(&self, size: Size) -> Vec<u8> {
        ResidualMaps::<&[u8]>::encode(size, self.means.iter().copied(), self.spreads.iter().copied()).collect()
    }

    pub fn mask(&self, size: Size) -> Vec<u8> {
        Mask::<&[u8]>::encode(size, self.weights.iter().copied()).collect()
    }
}
