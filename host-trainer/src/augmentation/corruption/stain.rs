//! A stain: an irregular ellipse, round or drawn out to a thread, filled with one gray, texture, a piece of another image,
//! more or less light, or a blur, and more or less opaque.

use rand_chacha::ChaCha8Rng;

use super::canvas::{Area, Canvas};
use super::field::Field;
use crate::random::{below, uniform};

/// Radii as fractions of the image's shorter side, on a logarithmic scale.
const RADII: (f64, f64) = (0.03, 0.22);
/// The share of stains that are drawn out.
const DRAWN_OUT: f64 = 0.35;
/// How irregular the edge is.
const RAGGED: f32 = 0.3;
/// Where the opacity has fallen to nothing, in radii.
const REACH: f64 = 1.9;

/// What a stain is filled with.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Gray(f32),
    Texture { mean: f32, spread: f32, cell: f64 },
    Patch { dx: usize, dy: usize },
    Light(f32),
    Blur,
}

fn between(rng: &mut ChaCha8Rng, (from, to): (f64, f64)) -> f64 {
    from + (to - from) * uniform(rng)
}

impl Fill {
    fn draw(canvas: &Canvas<'_>, rng: &mut ChaCha8Rng) -> Self {
        let kind = uniform(rng);
        if kind < 0.25 {
            Self::Gray(uniform(rng) as f32)
        } else if kind < 0.45 {
            let (mean, spread) = (uniform(rng) as f32, between(rng, (0.03, 0.25)) as f32);
            Self::Texture { mean, spread, cell: between(rng, (1.0, 10.0)) }
        } else if kind < 0.70 {
            Self::Patch { dx: below(rng, canvas.width), dy: below(rng, canvas.height) }
        } else if kind < 0.90 {
            Self::Light(between(rng, (-0.35, 0.35)) as f32)
        } else {
            Self::Blur
        }
    }
}

/// Damages the image once. `other` is another undamaged image of the same size.
pub(super) fn stain(canvas: &mut Canvas<'_>, other: &[f32], rng: &mut ChaCha8Rng) {
    let side = canvas.shorter_side();
    let centre = (uniform(rng) * canvas.width as f64, uniform(rng) * canvas.height as f64);
    let (sin, cos) = {
        let angle = std::f64::consts::PI * uniform(rng);
        (libm::sin(angle) as f32, libm::cos(angle) as f32)
    };
    let radius = side * libm::exp(between(rng, (libm::log(RADII.0), libm::log(RADII.1))));
    let stretch = if uniform(rng) < DRAWN_OUT { (0.4, 1.5) } else { (-0.7, 0.7) };
    let stretch = libm::exp(between(rng, stretch));
    let (along, across) = ((radius * stretch) as f32, (radius / stretch) as f32);
    let steepness = 12.0 * between(rng, (0.4, 1.5)) as f32;
    let opacity = between(rng, (0.3, 1.0)) as f32;
    let fill = Fill::draw(canvas, rng);
    let area = canvas.around(centre, REACH * radius * stretch.max(1.0 / stretch));
    let edge = Field::new(area, (side / 16.0).max(3.0), rng);
    let texture = match fill {
        Fill::Texture { cell, .. } => Some(Field::new(area, cell, rng)),
        _ => None,
    };
    let blurred = matches!(fill, Fill::Blur).then(|| blur(canvas, area));
    let (width, height) = (canvas.width, canvas.height);
    canvas.draw(area, |x, y, before| {
        let (dx, dy) = (x as f32 - centre.0 as f32, y as f32 - centre.1 as f32);
        let (u, v) = ((dx * cos + dy * sin) / along, (dy * cos - dx * sin) / across);
        let distance = (u * u + v * v).sqrt();
        if distance > REACH as f32 {
            return before;
        }
        let weight = opacity * edge_weight(steepness * (1.0 + RAGGED * edge.at(x, y) - distance));
        let filled = match fill {
            Fill::Gray(gray) => gray,
            Fill::Texture { mean, spread, .. } => mean + spread * texture.as_ref().map_or(0.0, |field| field.at(x, y)),
            // Mirrored, so that a piece from the same place is another one too.
            Fill::Patch { dx, dy } => other[(y + dy) % height * width + (2 * width - 1 - x - dx) % width],
            Fill::Light(shift) => before + shift,
            Fill::Blur => {
                blurred.as_ref().map_or(before, |blurred| blurred[(y - area.top) * area.width() + x - area.left])
            }
        };
        before + weight * (filled.clamp(0.0, 1.0) - before)
    });
}

impl Area {
    fn width(self) -> usize {
        self.right - self.left
    }
}

/// A smooth step from 0 to 1 around 0, with the slope of a logistic function there.
fn edge_weight(x: f32) -> f32 {
    let t = (x / 6.0 + 0.5).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The mean of 5x5 pixels around each pixel of the area, or of as many as there are.
fn blur(canvas: &Canvas<'_>, area: Area) -> Vec<f32> {
    const RADIUS: usize = 2;
    let mut means = Vec::with_capacity(area.width() * (area.bottom - area.top));
    for y in area.top..area.bottom {
        let rows = y.saturating_sub(RADIUS)..(y + RADIUS + 1).min(canvas.height);
        for x in area.left..area.right {
            let columns = x.saturating_sub(RADIUS)..(x + RADIUS + 1).min(canvas.width);
            let count = (rows.len() * columns.len()) as f32;
            let sum: f32 =
                rows.clone().map(|y| canvas.pixels[y * canvas.width..][columns.clone()].iter().sum::<f32>()).sum();
            means.push(sum / count);
        }
    }
    means
}
