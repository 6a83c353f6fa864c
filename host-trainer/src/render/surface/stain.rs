//! A stain: a large faint patch through which the grain still shows, with a rim where it dried.

use std::f64::consts::PI;

use crate::render::geometry::{Bounds, Point, bell, mix, soft_step};
use crate::render::outline::Outline;
use crate::render::part::Defect;
use crate::render::random::Source;
use crate::render::texture::Texture;

/// A stain.
pub(super) struct Stain {
    outline: Outline,
    texture: Texture,
    /// Relative change of brightness, in the middle and at the rim.
    tone: f64,
    rim: f64,
    /// How far inside the outline the stain has its full tone.
    edge: f64,
    pixel: f64,
}

impl Stain {
    /// `run` is the direction in which stains tend to be longer.
    pub(super) fn draw(source: &mut Source, centre: Point, run: f64, pixel: f64) -> Self {
        let width = source.scale(0.055, 0.13);
        let half = Point::new(width * source.range(1.0, 1.6), width);
        let direction = run + source.around(0.3 * PI);
        let outline = Outline::rounded(source, centre, direction, half);
        let tone = source.scale(0.06, 0.18);
        Self {
            outline,
            texture: Texture::new(source, 0.4 * width),
            tone: if source.chance(0.75) { -tone } else { tone },
            rim: source.range(0.0, 0.5),
            edge: source.range(0.010, 0.035),
            pixel,
        }
    }
}

impl Defect for Stain {
    fn bounds(&self) -> Bounds {
        self.outline.bounds(self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let depth = self.outline.depth(at);
        let coverage = soft_step(-self.pixel, self.pixel, depth);
        // It fades inwards from the outline, so that the mask ends where the change does.
        let fade = mix(0.35, 1.0, soft_step(0.0, self.edge, depth));
        let rim = self.rim * bell((depth - 0.5 * self.edge) / self.edge);
        let cloud = 1.0 + 0.3 * self.texture.at(at);
        (coverage, clean * (1.0 + self.tone * (fade * cloud + rim)))
    }
}
