//! What can be wrong with a hole: it is missing, or something is in it.

use super::part::{BEVEL, Bracket};
use super::pose::Pose;
use super::shape::Hole;
use crate::render::geometry::{Bounds, Point, soft_step};
use crate::render::part::{Defect, Part, clipped};
use crate::render::random::Source;
use crate::render::texture::Texture;

/// A hole that was never made: metal where it should be.
pub(super) struct Missing {
    /// The same bracket without the hole.
    part: Bracket,
    hole: Hole,
    pixel: f64,
}

impl Missing {
    pub(super) fn draw(part: Bracket, hole: Hole, pixel: f64) -> Self {
        Self { part: part.without(hole), hole, pixel }
    }
}

impl Defect for Missing {
    fn bounds(&self) -> Bounds {
        let (middle, radius) = self.hole.disc();
        Bounds::around(self.part.pose.into_frame(middle), radius + BEVEL + self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let depth = self.hole.depth(self.part.pose.into_part(at));
        let coverage = soft_step(-BEVEL, -0.8 * BEVEL, depth);
        if coverage == 0.0 {
            return (0.0, clean);
        }
        (coverage, self.part.shade(at))
    }
}

/// Something in a hole that should be open: all of it, or a part.
pub(super) struct Blocked {
    pose: Pose,
    hole: Hole,
    /// Direction from which the hole is filled, and how far beyond its middle.
    from: Point,
    fill: f64,
    /// Added brightness.
    level: f64,
    texture: Texture,
    pixel: f64,
}

impl Blocked {
    pub(super) fn draw(source: &mut Source, pose: Pose, hole: Hole, pixel: f64) -> Self {
        let direction = source.around(std::f64::consts::PI);
        let radius = hole.disc().1;
        Self {
            pose,
            hole,
            from: Point::new(libm::cos(direction), libm::sin(direction)),
            fill: radius * source.range(-0.15, 1.3),
            level: source.scale(16.0, 110.0),
            texture: Texture::new(source, 0.013),
            pixel,
        }
    }
}

impl Defect for Blocked {
    fn bounds(&self) -> Bounds {
        let (middle, radius) = self.hole.disc();
        Bounds::around(self.pose.into_frame(middle), radius + self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let place = self.pose.into_part(at);
        let d = place.from(self.hole.disc().0);
        let rough = self.texture.at(at);
        let front = self.fill + 0.010 * rough - (d.x * self.from.x + d.y * self.from.y);
        let edge = |depth| soft_step(-0.7 * self.pixel, 0.7 * self.pixel, depth);
        (clipped(edge(front), edge(self.hole.depth(place))), clean + self.level * (1.0 + 0.4 * rough))
    }
}
