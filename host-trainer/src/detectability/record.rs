//! What was found out, for people, scripts and the bundle.
//!
//! Sizes are in pixels of the model's input, contrasts in gray levels; a rate is 0 to 1.

use edge_runtime::calibration::{clopper_pearson, clopper_pearson_upper};
use serde::Serialize;
use shared::image::Size;
use shared::preprocess::Preprocessing;
use shared::score::{Score, Threshold};
use shared::wire::{Detectability, DetectionMap, DetectionTally};

use super::defect::Kind;
use crate::evaluation::Interval;

/// The share of defects that a reliable inspection finds, and how certain that has to be.
pub const RELIABLE: (f64, f64) = (0.9, 0.95);

/// Which synthetic defects were found at the threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectabilityRecord {
    /// Development images that defects were put into: those that pass without one.
    pub images: usize,
    /// Frame pixels to an input pixel, across and down.
    pub frame_pixels: [f64; 2],
    /// The probability that a defective image scores above a clean development image.
    pub auroc: Option<f64>,
    /// The share of all defects that was found: every size and contrast counts alike.
    pub mean_detection: f64,
    /// By contrast and size.
    pub tried: Vec<Tried>,
    /// The a90/95 of each contrast.
    pub a90_95: Vec<Smallest>,
    /// By what the defects looked like, over all sizes and contrasts.
    pub kinds: Vec<OfKind>,
    /// By place.
    pub map: PlaceMap,
    /// Everything above, as it is in the bundle.
    #[serde(skip)]
    pub message: Detectability,
    /// The scores of the images with a defect, of all sizes and contrasts.
    #[serde(skip)]
    pub defective: Vec<Score>,
}

/// Defects of one size and contrast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Gray levels.
    pub contrast: u8,
    /// Input pixels.
    pub size: u16,
    /// How often they were found.
    #[serde(flatten)]
    pub rate: Rate,
}

/// The smallest size from which on every size tried is found at least 90 % of the time, with a confidence of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Smallest {
    /// Gray levels.
    pub contrast: u8,
    /// Input pixels; none of the sizes tried if there is no number.
    pub size: Option<u16>,
    /// The same in frame pixels, along the axis that has more of them to an input pixel.
    pub frame_size: Option<f64>,
}

/// Defects that look alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OfKind {
    /// What they look like.
    pub kind: Kind,
    /// How often they were found.
    #[serde(flatten)]
    pub rate: Rate,
}

/// How often one defect, a spot, was found in each cell of a grid over the frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceMap {
    /// Input pixels.
    pub size: u16,
    /// Gray levels.
    pub contrast: u8,
    /// Cells of a row.
    pub columns: u8,
    /// Row by row.
    pub cells: Vec<Rate>,
}

/// Found of tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How many were found.
    pub found: u16,
    /// How many were tried.
    pub trials: u16,
    /// The share; 0 without trials.
    pub rate: f64,
    /// The interval of Clopper and Pearson, two-sided.
    pub interval95: Interval,
}

impl Rate {
    /// With its interval.
    pub fn of(DetectionTally { found, trials }: DetectionTally) -> Self {
        let (low, high) = clopper_pearson(found.into(), trials.into(), 0.95);
        let rate = f64::from(found) / f64::from(trials.max(1));
        Self { found, trials, rate, interval95: Interval { low, high } }
    }

    /// Whether it was tried, and fewer than half were found.
    pub fn is_blind(&self) -> bool {
        self.trials > 0 && 2 * self.found < self.trials
    }
}

/// Whether at least 90 % are found, with a confidence of 95 %: by the one-sided lower bound of Clopper and Pearson.
pub fn is_reliable(tally: DetectionTally) -> bool {
    let (share, confidence) = RELIABLE;
    let missed = tally.trials.saturating_sub(tally.found);
    1.0 - clopper_pearson_upper(missed.into(), tally.trials.into(), confidence) >= share
}

/// The least of `sizes` (ascending) that is [reliable](is_reliable) with all greater ones; `None` if none is.
pub fn smallest(sizes: &[u16], tallies: &[DetectionTally]) -> Option<u16> {
    let from_largest = sizes.iter().zip(tallies).rev();
    from_largest.take_while(|&(_, &tally)| is_reliable(tally)).last().map(|(&size, _)| size)
}

/// The a90/95 of each contrast of a message, with `None` for none of the sizes tried.
pub fn smallest_by_contrast(message: &Detectability) -> Vec<(u8, Option<u16>)> {
    let of = |(index, &contrast): (usize, &u8)| {
        (contrast, smallest(&message.sizes, message.of_contrast(index).unwrap_or_default()))
    };
    message.contrasts.iter().enumerate().map(of).collect()
}

/// Cells of a map in which fewer than half were found, and the cells that were tried.
pub fn blind_cells(map: &DetectionMap) -> (usize, usize) {
    let tried = map.cells.iter().filter(|cell| cell.trials > 0);
    (tried.clone().filter(|cell| Rate::of(**cell).is_blind()).count(), tried.count())
}

/// Frame pixels to an input pixel, across and down; for the largest accepted frame.
pub fn frame_pixels(preprocessing: &Preprocessing) -> [f64; 2] {
    let frame = preprocessing.accepted.max;
    let source = preprocessing.region.map_or(frame, |region| region.size());
    let content = preprocessing.content(frame);
    let ratio = |source: u16, content: u16| f64::from(source) / f64::from(content.max(1));
    [ratio(source.width, content.width), ratio(source.height, content.height)]
}

/// The parts of a record that are counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The size of the model's input.
    pub input: Size,
    /// The part of it that shows the frame.
    pub content: Size,
    /// What defects were judged by.
    pub threshold: Threshold,
    /// Images that defects were put into.
    pub images: usize,
    /// Ascending.
    pub sizes: Vec<u16>,
    /// Ascending.
    pub contrasts: Vec<u8>,
    /// For each contrast, for each size.
    pub tallies: Vec<DetectionTally>,
    /// By what the defects looked like.
    pub kinds: Vec<(Kind, DetectionTally)>,
    /// By place.
    pub map: DetectionMap,
}

impl DetectabilityRecord {
    /// From what was counted; `defective` are the scores of the images with a defect.
    pub fn of(counted: Counted, preprocessing: &Preprocessing, auroc: Option<f64>, defective: Vec<Score>) -> Self {
        let Counted { input, content, threshold, images, sizes, contrasts, tallies, kinds, map } = counted;
        let frame_pixels = frame_pixels(preprocessing);
        let rates = tallies.iter().map(|&tally| Rate::of(tally));
        let of_cell = contrasts.iter().flat_map(|&contrast| sizes.iter().map(move |&size| (contrast, size)));
        let tried: Vec<Tried> =
            of_cell.zip(rates).map(|((contrast, size), rate)| Tried { contrast, size, rate }).collect();
        let message = Detectability {
            input,
            content,
            threshold,
            images: u32::try_from(images).unwrap_or(u32::MAX),
            sizes: sizes.into_iter().collect(),
            contrasts: contrasts.into_iter().collect(),
            tallies: tallies.into_iter().collect(),
            map,
        };
        let a90_95 = smallest_by_contrast(&message).into_iter().map(|(contrast, size)| Smallest {
            contrast,
            size,
            frame_size: size.map(|size| f64::from(size) * frame_pixels[0].max(frame_pixels[1])),
        });
        let DetectionMap { size, contrast, columns, ref cells } = message.map;
        Self {
            images,
            frame_pixels,
            auroc,
            mean_detection: tried.iter().map(|tried| tried.rate.rate).sum::<f64>() / tried.len().max(1) as f64,
            tried,
            a90_95: a90_95.collect(),
            kinds: kinds.into_iter().map(|(kind, tally)| OfKind { kind, rate: Rate::of(tally) }).collect(),
            map: PlaceMap { size, contrast, columns, cells: cells.iter().map(|&cell| Rate::of(cell)).collect() },
            message,
            defective,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::preprocess::{AcceptedSizes, Geometry};

    use super::*;

    fn tally(found: u16, trials: u16) -> DetectionTally {
        DetectionTally { found, trials }
    }

    #[test]
    fn ninety_of_a_hundred_needs_29_without_a_miss_and_46_with_one() {
        for (found, trials, reliable) in
            [(29, 29, true), (28, 28, false), (45, 46, true), (44, 45, false), (44, 46, false), (0, 0, false)]
        {
            assert_eq!(is_reliable(tally(found, trials)), reliable, "{found} of {trials}");
        }
    }

    #[test]
    fn every_larger_size_has_to_be_found_too() {
        let (all, few) = (tally(46, 46), tally(20, 46));
        assert_eq!(smallest(&[2, 4, 8, 16], &[few, all, all, all]), Some(4));
        assert_eq!(smallest(&[2, 4, 8, 16], &[all, few, all, all]), Some(8));
        assert_eq!(smallest(&[2, 4, 8, 16], &[all, all, all, few]), None);
        assert_eq!(smallest(&[2, 4], &[all, all]), Some(2));
    }

    #[test]
    fn an_input_pixel_is_as_many_frame_pixels_as_preprocessing_makes_of_it() {
        let frame = Size::new(640, 480);
        let accepted = AcceptedSizes { min: frame, max: frame };
        let resized = Preprocessing { region: None, geometry: Geometry::Resize, accepted, input: Size::new(128, 128) };
        assert_eq!(frame_pixels(&resized), [5.0, 3.75]);
    }

    #[test]
    fn a_place_is_blind_where_fewer_than_half_are_found() {
        let cells = [tally(3, 8), tally(4, 8), tally(0, 0), tally(8, 8)].into_iter().collect();
        assert_eq!(blind_cells(&DetectionMap { size: 4, contrast: 40, columns: 2, cells }), (1, 3));
    }
}
