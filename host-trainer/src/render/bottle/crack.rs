//! A crack: a thin irregular line across the rim, dark, with a bright flank where it catches the light.

use std::f64::consts::PI;

use super::part::{Bottle, Polar};
use super::profile::OPENING;
use crate::render::geometry::{Bounds, Point, mix, soft_step};
use crate::render::part::Defect;
use crate::render::path::Path;
use crate::render::random::Source;

/// A crack.
pub(super) struct Crack {
    path: Path,
    half_width: f64,
    /// Share of the light that the dark side lets through.
    dark: f64,
    /// Brightness that the bright flank adds.
    bright: f64,
    /// Which side is bright: 1 or -1.
    flank: f64,
    pixel: f64,
}

impl Crack {
    pub(super) fn draw(source: &mut Source, part: &Bottle, pixel: f64) -> Self {
        let angle = source.around(PI);
        let lean = source.around(0.35);
        let start = source.range(OPENING, 0.56);
        let end = start + source.scale(0.20, 0.46);
        let path = Path::broken(
            source,
            part.point(Polar { radius: start, angle }),
            part.point(Polar { radius: end, angle: angle + lean }),
            0.22,
        );
        Self {
            path,
            half_width: source.range(0.0055, 0.0110).max(0.6 * pixel),
            dark: source.range(0.08, 0.35),
            bright: source.scale(80.0, 170.0),
            flank: if source.chance(0.5) { 1.0 } else { -1.0 },
            pixel,
        }
    }
}

impl Defect for Crack {
    fn bounds(&self) -> Bounds {
        self.path.bounds(self.half_width + self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let nearest = self.path.nearest(at);
        // The crack tapers to its tip.
        let half_width = (self.half_width * (1.15 - 0.6 * nearest.along)).max(0.5 * self.pixel);
        let coverage = 1.0 - soft_step(half_width - 0.5 * self.pixel, half_width + 0.5 * self.pixel, nearest.distance);
        if coverage == 0.0 {
            return (0.0, clean);
        }
        let across = nearest.side.signum() * self.flank * nearest.distance / half_width;
        let lit = soft_step(-0.2, 0.6, across);
        (coverage, mix(clean * self.dark, (clean + self.bright).min(250.0), lit))
    }
}
