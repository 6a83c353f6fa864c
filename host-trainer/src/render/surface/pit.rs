//! A pit: a small hole in the surface, dark, with a rim that catches the light on one side.

use std::f64::consts::PI;

use crate::render::geometry::{Bounds, Point, mix, soft_step};
use crate::render::outline::Outline;
use crate::render::part::Defect;
use crate::render::random::Source;

/// A pit.
pub(super) struct Pit {
    outline: Outline,
    /// Share of the light that the bottom gives back.
    dark: f64,
    /// Brightness that the lit rim adds.
    rim: f64,
    /// Unit vector towards the lit side.
    lit: Point,
    centre: Point,
    radius: f64,
    pixel: f64,
}

impl Pit {
    pub(super) fn draw(source: &mut Source, centre: Point, pixel: f64) -> Self {
        let radius = source.scale(0.0075, 0.021).max(1.3 * pixel);
        let half = Point::new(radius * source.range(1.0, 1.5), radius);
        let direction = source.around(PI);
        let lit = source.range(0.6, 1.2);
        Self {
            outline: Outline::rounded(source, centre, direction, half),
            dark: source.range(0.30, 0.82),
            rim: source.range(4.0, 30.0),
            lit: Point::new(libm::cos(lit), libm::sin(lit)),
            centre,
            radius,
            pixel,
        }
    }
}

impl Defect for Pit {
    fn bounds(&self) -> Bounds {
        self.outline.bounds(self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let depth = self.outline.depth(at);
        let coverage = soft_step(-0.7 * self.pixel, 0.7 * self.pixel, depth);
        let d = at.from(self.centre);
        let towards = (d.x * self.lit.x + d.y * self.lit.y) / self.radius;
        let bottom = soft_step(-0.2 * self.radius, 0.6 * self.radius, depth);
        let lit = (1.0 - bottom) * soft_step(0.5, 0.9, towards);
        (coverage, mix(clean * mix(0.9, self.dark, bottom.max(0.4)), clean + self.rim, lit))
    }
}
