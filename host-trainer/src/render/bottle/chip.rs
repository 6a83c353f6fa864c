//! A chip: a piece of the rim broken out. The fracture shows facets that reflect the lamps or stay dark.

use std::f64::consts::{FRAC_PI_2, PI};

use super::part::{Bottle, Polar};
use crate::render::geometry::{Bounds, Point, mix, soft_step};
use crate::render::outline::Outline;
use crate::render::part::Defect;
use crate::render::random::Source;
use crate::render::texture::Texture;

/// One flat piece of the fracture, in the outline's own coordinates.
struct Facet {
    centre: Point,
    level: f64,
    slope: Point,
}

/// A chip.
pub(super) struct Chip {
    outline: Outline,
    facets: Vec<Facet>,
    texture: Texture,
    /// How much of the clean part the fracture hides.
    opacity: f64,
    /// Brightness of the fracture's edge.
    edge: f64,
    pixel: f64,
}

impl Chip {
    pub(super) fn draw(source: &mut Source, part: &Bottle, pixel: f64) -> Self {
        let angle = source.around(PI);
        let centre = part.point(Polar { radius: source.range(0.53, 0.74), angle });
        let width = source.scale(0.018, 0.070);
        let half = Point::new(width * source.range(1.1, 2.2), width);
        let direction = angle + FRAC_PI_2 + source.around(0.3);
        let outline = Outline::jagged(source, centre, direction, half);
        let contrast = source.scale(75.0, 260.0);
        let facets = (0..source.count(4, 9))
            .map(|_| Facet {
                centre: Point::new(source.around(0.9), source.around(0.9)),
                // Most facets look away from the lamps.
                level: 30.0 + contrast * source.unit() * source.unit(),
                slope: Point::new(source.around(0.35 * contrast), source.around(0.35 * contrast)),
            })
            .collect();
        Self {
            outline,
            facets,
            texture: Texture::new(source, 0.008),
            opacity: source.range(0.6, 1.0),
            edge: 0.45 * contrast,
            pixel,
        }
    }
}

impl Defect for Chip {
    fn bounds(&self) -> Bounds {
        self.outline.bounds(self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let depth = self.outline.depth(at);
        let coverage = soft_step(-0.7 * self.pixel, 0.7 * self.pixel, depth);
        if coverage == 0.0 {
            return (0.0, clean);
        }
        let local = self.outline.local(at);
        let (mut nearest, mut second) = ((f64::INFINITY, 0.0), f64::INFINITY);
        for facet in &self.facets {
            let d = local.from(facet.centre);
            let distance = d.length();
            if distance < nearest.0 {
                second = nearest.0;
                nearest = (distance, facet.level + facet.slope.x * d.x + facet.slope.y * d.y);
            } else if distance < second {
                second = distance;
            }
        }
        let ridge = 1.0 - soft_step(0.0, 0.12, second - nearest.0);
        let rim = 1.0 - soft_step(0.0, 0.006, depth);
        let level = nearest.1 * (1.0 + 0.22 * self.texture.at(at)) + 0.4 * self.edge * ridge + self.edge * rim * 0.5;
        (coverage, mix(clean, level.clamp(12.0, 250.0), self.opacity))
    }
}
