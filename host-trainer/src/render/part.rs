//! What a frame is composed of: a part, the light on it, and a defect, each asked point by point.

use super::geometry::{Bounds, Point};
use super::random::Source;

/// A part in front of the camera.
pub(super) trait Part: Sized {
    /// The kinds of its defects.
    type Kind: Copy;

    /// Draws a part.
    fn draw(source: &mut Source) -> Self;

    /// Brightness at a point, before the light.
    fn shade(&self, at: Point) -> f64;

    /// The light that falls on a point, as a factor.
    fn light(&self, at: Point) -> f64;

    /// Draws a defect of this kind on this part. Where a kind has two forms, even indices have one and odd indices the
    /// other, so that a small set holds both. `pixel` is the side of a pixel: edges are one pixel soft, and nothing is
    /// drawn thinner.
    fn spoil(&self, source: &mut Source, kind: Self::Kind, index: u64, pixel: f64) -> Box<dyn Defect>;
}

/// A defect on one part.
pub(super) trait Defect {
    /// Everything the defect touches lies within.
    fn bounds(&self) -> Bounds;

    /// How much of the point belongs to the defect, 0 to 1, and the brightness there. `clean` is the brightness
    /// without the defect.
    fn paint(&self, at: Point, clean: f64) -> (f64, f64);
}

/// A pixel belongs to the mask from this share of defect on.
pub(super) const MARKED: f64 = 0.25;

/// The share of a defect that ends at a border, where `share` is how much of the point lies on this side of it. What is
/// too little for the mask is none: a sliver between two borders would else differ far from anything marked.
pub(super) fn clipped(coverage: f64, share: f64) -> f64 {
    let clipped = coverage * share;
    if share < 1.0 && clipped < MARKED { 0.0 } else { clipped }
}

/// The light of one frame: how strong it is, and how it changes across the frame.
#[derive(Clone)]
pub(super) struct Light {
    gain: f64,
    /// Relative change per side of the frame, on each axis.
    slope: Point,
}

impl Light {
    /// A light that departs from 1 by at most `gain` in strength, and by at most `slope` per side on each axis.
    pub(super) fn draw(source: &mut Source, gain: f64, slope: f64) -> Self {
        Self { gain: 1.0 + source.around(gain), slope: Point::new(source.around(slope), source.around(slope)) }
    }

    /// The light that falls on a point, as a factor.
    pub(super) fn at(&self, at: Point) -> f64 {
        self.gain * (1.0 + self.slope.x * at.x + self.slope.y * at.y)
    }
}
