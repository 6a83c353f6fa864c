//! A chip of the bracket: a piece broken out of its edge. The belt shows, and the broken face along the gap.

use std::f64::consts::FRAC_PI_2;

use super::part::Bracket;
use super::shape::{edge, outer, outward};
use crate::render::geometry::{Bounds, Point, mix, soft_step};
use crate::render::outline::Outline;
use crate::render::part::{Defect, clipped};
use crate::render::random::Source;
use crate::render::texture::Texture;

/// A chip.
pub(super) struct Chip {
    part: Bracket,
    outline: Outline,
    /// Brightness of the broken face, and how wide it is.
    face: (f64, f64),
    texture: Texture,
    pixel: f64,
}

impl Chip {
    pub(super) fn draw(source: &mut Source, part: Bracket, pixel: f64) -> Self {
        let place = edge(source);
        let out = part.pose.turn(outward(outer, place));
        let width = source.scale(0.013, 0.060).max(2.0 * pixel);
        let half = Point::new(width * source.range(1.0, 1.9), width);
        let centre = part.pose.into_frame(place).step(-0.15 * width, out.direction());
        let direction = out.direction() + FRAC_PI_2 + source.around(0.35);
        Self {
            outline: Outline::jagged(source, centre, direction, half),
            face: (source.range(75.0, 170.0), source.range(0.004, 0.011)),
            texture: Texture::new(source, 0.009),
            part,
            pixel,
        }
    }
}

impl Defect for Chip {
    fn bounds(&self) -> Bounds {
        self.outline.bounds(self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let gap = self.outline.depth(at);
        let coverage = soft_step(-0.7 * self.pixel, 0.7 * self.pixel, gap);
        let coverage = clipped(coverage, Bracket::share(self.part.depth(at)));
        if coverage == 0.0 {
            return (0.0, clean);
        }
        let ground = self.part.ground(at, |at| self.part.depth(at).min(-self.outline.depth(at)));
        let (level, width) = self.face;
        let face = level * (1.0 + 0.3 * self.texture.at(at));
        (coverage, mix(face, ground, soft_step(0.4 * width, width, gap)))
    }
}
