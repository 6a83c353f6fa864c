//! A scratch: a long thin line, brighter or darker than what it runs across, fading at its ends.

use super::geometry::{Bounds, Point, soft_step};
use super::part::Defect;
use super::path::Path;
use super::random::Source;
use super::texture::Texture;

/// A scratch.
pub(super) struct Scratch {
    path: Path,
    half_width: f64,
    /// Added brightness.
    level: f64,
    /// How the tool jumped: unevenness along the scratch.
    texture: Texture,
    pixel: f64,
}

impl Scratch {
    /// A scratch from one point to another. `contrast` is the range of brightness it adds or takes away.
    pub(super) fn draw(source: &mut Source, from: Point, to: Point, contrast: (f64, f64), pixel: f64) -> Self {
        let path = Path::broken(source, from, to, 0.035);
        let contrast = source.scale(contrast.0, contrast.1);
        Self {
            path,
            half_width: source.scale(0.0024, 0.0055).max(0.55 * pixel),
            level: if source.chance(0.6) { contrast } else { -contrast },
            texture: Texture::new(source, 0.02),
            pixel,
        }
    }
}

impl Defect for Scratch {
    fn bounds(&self) -> Bounds {
        self.path.bounds(self.half_width + self.pixel)
    }

    fn paint(&self, at: Point, clean: f64) -> (f64, f64) {
        let nearest = self.path.nearest(at);
        let end = nearest.along.min(1.0 - nearest.along);
        let half_width = (self.half_width * (0.5 + 0.5 * soft_step(0.0, 0.2, end))).max(0.5 * self.pixel);
        let coverage = 1.0 - soft_step(half_width - 0.5 * self.pixel, half_width + 0.5 * self.pixel, nearest.distance);
        let strength = (0.55 + 0.45 * soft_step(0.0, 0.15, end)) * (1.0 + 0.3 * self.texture.at(at));
        (coverage, (clean + self.level * strength).clamp(4.0, 252.0))
    }
}
