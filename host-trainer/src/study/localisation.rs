//! The extension that the paper leaves open: difference maps with a threshold against the masks of the defects, and how
//! much of a map lies where the defect is.

use std::path::Path;

use edge_runtime::camera::decode::{DecodeError, decode_file};
use serde::Serialize;
use shared::image::Size;
use shared::preprocess::{AcceptedSizes, Preprocessing};
use shared::score::Threshold;

use super::threshold::ScoreSplit;
use crate::dataset::load::preprocessed;
use crate::evaluation::{AnomalyMap, Bootstrap, Mask, PixelTally, score_as_float};

/// One map of a test image.
#[derive(Clone, Copy, Debug)]
pub struct TestMap<'a> {
    /// Q24, of the network's size.
    pub map: &'a [u32],
    /// Name of the kind of defect; `None` for a good part.
    pub kind: Option<&'a str>,
    /// Its mask.
    pub mask: Option<&'a TestMask>,
    /// The size of the photograph.
    pub photograph: Size,
}

impl TestMap<'_> {
    /// Each value, and whether the pixel is defective; none without a mask.
    fn pixels(&self) -> impl Iterator<Item = (u32, bool)> {
        let small = self.mask.map_or(&[][..], |mask| &mask.small);
        self.map.iter().copied().zip(small.iter().copied())
    }
}

/// A mask as it came and as the network would have seen it.
#[derive(Clone, Debug)]
pub struct TestMask {
    /// In its own size.
    pub whole: Mask,
    /// In the network's size; a pixel is defective if half of it is.
    pub small: Vec<bool>,
}

impl TestMask {
    /// Reads a mask for a network that sees images through `how`.
    ///
    /// # Errors
    /// [`DecodeError`] names the file.
    pub fn read(path: &Path, how: &Preprocessing) -> Result<Self, DecodeError> {
        let (whole, frame) = (Mask::read(path)?, decode_file(path)?);
        let how = Preprocessing { accepted: AcceptedSizes { min: frame.size(), max: frame.size() }, ..*how };
        let small = preprocessed(&frame, &how).unwrap_or_default();
        Ok(Self { whole, small: small.into_iter().map(|value| value >= 128).collect() })
    }
}

/// How well maps of one metric show where defects are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Localisation {
    /// Probability that a pixel of a defect has a higher value than another pixel.
    pub pixel_auroc: Option<f64>,
    /// Area under the per-region overlap curve up to a false-positive rate of 0.3, divided by 0.3.
    pub aupro: Option<f64>,
    /// Intersection over union of map and mask, pooled over the defective images that the threshold was not chosen on.
    pub iou: Option<f64>,
    /// That threshold: of the best IoU on the other defective images, 30 % of them.
    pub iou_threshold: Option<f64>,
    /// Mean map value of the pixels of defects.
    pub inside: Option<f64>,
    /// Mean map value of the other pixels of the same images.
    pub outside: Option<f64>,
}

impl Localisation {
    /// Of the maps of good and defective images, in the order of the data set.
    pub fn of(maps: &[TestMap<'_>], size: Size) -> Self {
        let defective: Vec<&TestMap<'_>> = maps
            .iter()
            .filter(|map| map.kind.is_some() && map.mask.is_some_and(|mask| mask.whole.shows_a_defect()))
            .collect();
        let split = ScoreSplit::draw(0, 0, defective.len());
        let (mut chosen_on, mut rest) = (Vec::new(), Vec::new());
        for (index, map) in defective.iter().enumerate() {
            let side = if split.chooses_on_defective(index) { &mut chosen_on } else { &mut rest };
            side.extend(map.pixels());
        }
        let mean = |defective: bool| {
            let values = || chosen_on.iter().chain(&rest).filter(|pixel| pixel.1 == defective).map(|pixel| pixel.0);
            let (sum, count) = (values().map(u64::from).sum::<u64>(), values().count());
            (count > 0).then(|| sum as f64 / count as f64 / f64::from(1 << 24))
        };
        let (inside, outside) = (mean(true), mean(false));
        let threshold = best_overlap(chosen_on);
        // The tally's own threshold is not used.
        let mut tally = PixelTally::new(Threshold::MAX, true);
        for map in maps {
            let anomaly = AnomalyMap { values: map.map, size };
            match map.kind {
                None => tally.add_good(&anomaly, map.photograph),
                Some(kind) => tally.add_defective(kind, &anomaly, map.mask.map(|mask| &mask.whole)),
            }
        }
        let figures = tally.figures(&Bootstrap { resamples: 0, seed: 1 });
        Self {
            pixel_auroc: figures.pixel_auroc,
            aupro: figures.aupro,
            iou: threshold.and_then(|threshold| overlap(&rest, threshold)),
            iou_threshold: threshold.map(score_as_float),
            inside,
            outside,
        }
    }
}

/// The least of the thresholds with the greatest intersection over union. `None` without a defective pixel.
fn best_overlap(mut pixels: Vec<(u32, bool)>) -> Option<u32> {
    let positives = pixels.iter().filter(|pixel| pixel.1).count();
    pixels.sort_unstable_by_key(|&(value, defective)| (std::cmp::Reverse(value), defective));
    let (mut hits, mut best) = (0, None::<(f64, u32)>);
    for (index, &(value, defective)) in pixels.iter().enumerate() {
        hits += usize::from(defective);
        let last_of_its_value = pixels.get(index + 1).is_none_or(|next| next.0 != value);
        let found = hits as f64 / (index + 1 + positives - hits) as f64;
        if last_of_its_value && best.is_none_or(|(most, _)| found >= most) {
            best = Some((found, value));
        }
    }
    best.filter(|_| positives > 0).map(|(_, value)| value)
}

/// Intersection over union of the pixels from `threshold` on and the defective ones.
fn overlap(pixels: &[(u32, bool)], threshold: u32) -> Option<f64> {
    let count =
        |of: fn(bool, bool) -> bool| pixels.iter().filter(|&&(v, defective)| of(v >= threshold, defective)).count();
    let union = count(|above, defective| above || defective);
    (union > 0).then(|| count(|above, defective| above && defective) as f64 / union as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_overlap_by_hand() {
        let pixels = vec![(9, true), (8, false), (7, true), (6, true), (2, false), (1, false)];
        // From 6 on: three of four are right, none is missed.
        assert_eq!(best_overlap(pixels.clone()), Some(6));
        assert_eq!(overlap(&pixels, 6), Some(0.75));
        assert_eq!(overlap(&pixels, 9), Some(1.0 / 3.0));
        assert_eq!(best_overlap(vec![(3, false)]), None);
        assert_eq!(overlap(&[(1, false)], 2), None);
        // Ties cannot be told apart.
        assert_eq!(best_overlap(vec![(5, true), (5, false), (1, false)]), Some(5));
    }

    #[test]
    fn a_map_that_is_the_mask_is_perfect() {
        let size = Size::new(8, 8);
        let marked: Vec<bool> = (0..size.area()).map(|i| i % 8 < 3 && i < 24).collect();
        let map: Vec<u32> = marked.iter().map(|&defective| if defective { 1 << 24 } else { 1 << 20 }).collect();
        let mask = TestMask { whole: Mask::new(size, marked.clone()).unwrap(), small: marked };
        let flat = vec![1 << 20; size.area()];
        let defective = TestMap { map: &map, kind: Some("chip"), mask: Some(&mask), photograph: size };
        let good = TestMap { map: &flat, kind: None, mask: None, photograph: size };
        let found = Localisation::of(&[good, defective, defective, defective, defective], size);
        assert_eq!((found.pixel_auroc, found.iou, found.inside), (Some(1.0), Some(1.0), Some(1.0)));
        assert_eq!((found.iou_threshold, found.outside), (Some(1.0), Some(0.0625)));
        assert!(found.aupro.unwrap() > 0.99);
        let none = Localisation::of(&[good], size);
        assert_eq!((none.pixel_auroc, none.iou, none.inside), (None, None, None));
    }
}
