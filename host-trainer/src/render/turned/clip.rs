//! A defect that ends where the metal does: at the edge and in the holes.

use super::part::Bracket;
use super::pose::Pose;
use super::shape::Shape;
use crate::render::geometry::{Bounds, Point};
use crate::render::part::{Defect, clipped};

/// A defect on the metal alone.
pub(super) struct OnMetal<D> {
    defect: D,
    pose: Pose,
    shape: Shape,
}

impl<D: Defect> OnMetal<D> {
    pub(super) fn new(defect: D, part: &Bracket) -> Self {
        Self { defect, pose: part.pose, shape: part.shape.clone() }
    }
}

impl<D: Defect> Defect for OnMetal<D> {
    fn bounds(&self) -> Bounds {
        self.defect.bounds()
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let (coverage, value) = self.defect.paint(at, clean);
        if coverage == 0.0 {
            return (0.0, clean);
        }
        (clipped(coverage, Bracket::share(self.shape.depth(self.pose.into_part(at)))), value)
    }
}
