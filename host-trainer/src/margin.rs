//! How much less pixels near the edges are to count, from what good parts show there.
//!
//! Where the difference maps of good parts are regularly greatest at the edges, an edge would decide what is rejected, and
//! what lies inside would be seen as badly as the edge. Fitted on development images alone: those of the calibration
//! would no longer tell how new good parts score. Differences are in Q24. It does not know the threshold.

use edge_runtime::clock::MonotonicClock;
use edge_runtime::pipeline::{MeasureError, Pipeline};
use edge_runtime::reconstruct::Reconstructor;
use serde::{Deserialize, Serialize};
use shared::difference::{Margin, edge_distance};
use shared::image::{GrayView, Size};

use crate::dataset::Development;

/// The width of a margin, as far as a picture allows.
const WIDTH: u16 = 16;
/// A margin is at most one part in so many of a picture's shorter side.
const SIDE_DIVISOR: u16 = 5;
/// A weight is not less than this, of 255: a defect at the edge that is plain is still seen.
const LEAST: u64 = 64;
/// From this weight on there is no need of a margin.
const NEEDLESS: u64 = 230;

/// Whether pixels near the edges of a picture count less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MarginChoice {
    /// As much as good parts ask for: not at all if their differences at the edges are none greater than those inside
    #[default]
    Fitted,
    /// Every pixel counts in full
    None,
}

/// The margin with which the greatest difference at every distance from the edge, on average over the images, is no more
/// than the greatest one inside. [`Margin::NONE`] where that needs none, or pictures are too small.
///
/// `pipeline` scores without a margin.
///
/// # Errors
/// [`MeasureError`] if an image cannot be measured.
pub fn fit(pipeline: &mut Pipeline<impl Reconstructor>, development: &Development<'_>) -> Result<Margin, MeasureError> {
    let clock = MonotonicClock::new();
    let border = pipeline.recipe().metric.border();
    let least = development.images().iter().map(|image| image.content.shorter_side()).min().unwrap_or(0);
    let width = WIDTH.min(least / SIDE_DIVISOR);
    if width <= border {
        return Ok(Margin::NONE);
    }
    let mut rings = vec![0; usize::from(width) + 1];
    for image in development.images() {
        let input = GrayView::packed(image.input, pipeline.preprocessing().input)?;
        pipeline.measure_content(input, image.content, &clock)?;
        if let Some(evidence) = pipeline.evidence() {
            let greatest = greatest_by_distance(&evidence.scored_map(), image.content, border, width);
            rings.iter_mut().zip(greatest).for_each(|(sum, value)| *sum += u64::from(value));
        }
    }
    Ok(margin(&rings, border))
}

/// The greatest value of a map of `size` at each distance from the edge, from 0 to `width` and more; none counts nearer
/// than `border`.
fn greatest_by_distance(map: &[u32], size: Size, border: u16, width: u16) -> Vec<u32> {
    let mut greatest = vec![0; usize::from(width) + 1];
    for (y, row) in (0..size.height).zip(map.chunks_exact(size.width.into())) {
        for (x, &value) in (0..size.width).zip(row) {
            let distance = edge_distance(x, y, size);
            if distance >= border {
                let one = &mut greatest[usize::from(distance.min(width))];
                *one = value.max(*one);
            }
        }
    }
    greatest
}

/// From the sums of the greatest values at each distance; the last is that of all pixels further inside.
fn margin(rings: &[u64], border: u16) -> Margin {
    let Some((&inside, rings)) = rings.split_last() else { return Margin::NONE };
    let width = rings.len() as u64;
    // A weight `w` at the edge becomes `w + (255 - w) d / width` at a distance `d`, which times the ring's value is to be
    // at most 255 times that of the inside.
    let allowed = |(distance, ring): (u64, u64)| {
        let at = 255 * inside / ring;
        (at * width).saturating_sub(255 * distance) / (width - distance)
    };
    let rings = (0..).zip(rings.iter().copied()).skip(border.into());
    let weight = rings.filter(|&(_, ring)| ring > inside).map(allowed).min().unwrap_or(255);
    if weight >= NEEDLESS {
        return Margin::NONE;
    }
    Margin { width: width as u8, weight: weight.max(LEAST) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_no_worse_than_the_inside_need_no_margin() {
        assert_eq!(margin(&[100, 90, 80, 70, 100], 0), Margin::NONE);
        assert_eq!(margin(&[0; 5], 0), Margin::NONE, "everything was redrawn");
        assert_eq!(margin(&[900, 90, 80, 70, 100], 1), Margin::NONE, "the border does not count anyway");
    }

    #[test]
    fn no_ring_is_worse_than_the_inside_afterwards() {
        let rings = [200, 170, 130, 110, 100];
        let found = margin(&rings, 0);
        assert_eq!(found.width, 4);
        for (distance, ring) in rings[..4].iter().enumerate() {
            assert!(u64::from(found.at(distance as u16)) * ring <= 255 * 100, "{distance}: {found:?}");
        }
        // Twice as much at the edge: about half of the weight.
        assert!((100..=127).contains(&found.weight), "{found:?}");
    }

    #[test]
    fn a_plain_defect_at_the_edge_is_never_hidden() {
        assert_eq!(margin(&[100_000, 0, 0, 0, 100], 0), Margin { width: 4, weight: 64 });
    }

    #[test]
    fn distances_are_from_the_nearest_edge() {
        let size = Size::new(7, 5);
        let map: Vec<u32> = (0..35).collect();
        // At a distance of 2 lie three pixels of the middle row.
        assert_eq!(greatest_by_distance(&map, size, 0, 2), [34, 26, 18]);
        assert_eq!(greatest_by_distance(&map, size, 1, 2), [0, 26, 18]);
        assert_eq!(greatest_by_distance(&map, size, 0, 1), [34, 26]);
    }
}
