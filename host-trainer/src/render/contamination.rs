//! Contamination within a disc: a soft cloudy blob, or a fibre.

use std::f64::consts::{PI, TAU};

use super::geometry::{Bounds, Point, soft_step};
use super::outline::Outline;
use super::part::Defect;
use super::path::Path;
use super::random::Source;
use super::texture::Texture;

/// A soft blob.
pub(super) struct Blob {
    outline: Outline,
    texture: Texture,
    /// Added brightness.
    level: f64,
    /// Width of the soft edge.
    edge: f64,
}

impl Blob {
    pub(super) fn draw(source: &mut Source, (centre, radius): (Point, f64), pixel: f64) -> Self {
        let place = centre.step(radius * 0.72 * source.unit().sqrt(), source.range(0.0, TAU));
        let width = source.scale(0.018, 0.075);
        let half = Point::new(width * source.range(1.0, 1.8), width);
        let direction = source.around(PI);
        let outline = Outline::rounded(source, place, direction, half);
        Self {
            outline,
            texture: Texture::new(source, cell_of(width)),
            level: source.scale(18.0, 90.0),
            edge: source.range(1.5, 3.0) * pixel.max(1.0 / 256.0),
        }
    }

    /// The same blob, darker than what it lies on.
    pub(super) fn dark(self) -> Self {
        Self { level: -self.level, ..self }
    }
}

/// Cells of the blob's texture: small against the blob, never below two pixels of a frame of 256.
fn cell_of(width: f64) -> f64 {
    (width * 0.35).max(0.008)
}

impl Defect for Blob {
    fn bounds(&self) -> Bounds {
        self.outline.bounds(self.edge)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let coverage = soft_step(-0.5 * self.edge, 0.5 * self.edge, self.outline.depth(at));
        (coverage, clean + self.level * (1.0 + 0.45 * self.texture.at(at)))
    }
}

/// A fibre.
pub(super) struct Fibre {
    path: Path,
    half_width: f64,
    level: f64,
    pixel: f64,
}

impl Fibre {
    pub(super) fn draw(source: &mut Source, (centre, radius): (Point, f64), pixel: f64) -> Self {
        let start = centre.step(radius * 0.7 * source.unit().sqrt(), source.range(0.0, TAU));
        Self::starting(source, start, (centre, radius), pixel)
    }

    /// A fibre that starts here and stays within the disc.
    pub(super) fn starting(source: &mut Source, start: Point, (centre, radius): (Point, f64), pixel: f64) -> Self {
        let length = source.scale(0.14, 0.40);
        Self {
            path: Path::slack(source, start, length, centre, radius * 0.85),
            half_width: source.range(0.0032, 0.0060).max(0.6 * pixel),
            level: source.scale(36.0, 130.0),
            pixel,
        }
    }

    /// The same fibre, darker than what it lies on.
    pub(super) fn dark(self) -> Self {
        Self { level: -self.level, ..self }
    }
}

impl Defect for Fibre {
    fn bounds(&self) -> Bounds {
        self.path.bounds(self.half_width + self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let nearest = self.path.nearest(at);
        let distance = nearest.distance;
        let coverage =
            1.0 - soft_step(self.half_width - 0.7 * self.pixel, self.half_width + 0.7 * self.pixel, distance);
        // Round in section: brightest in the middle, and not equally bright all along.
        let round = 1.0 - 0.5 * (distance / (self.half_width + self.pixel)).min(1.0);
        let along = 0.8 + 0.2 * libm::sin(9.0 * nearest.along);
        (coverage, clean + self.level * round * along)
    }
}
