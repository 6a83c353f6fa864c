//! A piece of ground metal: streaks along one direction and faint blotches, everywhere alike and nowhere the same.

mod defect;
mod pit;
mod stain;

pub use defect::SurfaceDefect;

use std::f64::consts::{FRAC_PI_2, PI};

use super::geometry::Point;
use super::grain::{Grain, Octave};
use super::part::{Defect, Light, Part};
use super::random::Source;
use super::scratch::Scratch;
use pit::Pit;
use stain::Stain;

/// Width to height of a frame.
pub(super) const ASPECT: (u32, u32) = (3, 2);

/// Largest departure of the grinding direction from the frame's width, rad.
const TURN: f64 = 0.05;
/// Largest relative change of the light's strength, and of the light across the frame per height.
const LIGHT: (f64, f64) = (0.05, 0.05);
/// The least angle between a scratch and the grain, rad: along the grain nobody could tell it from the grain.
const CROSSING: f64 = 0.3;

/// The grain, from the finest streaks to the blotches. No octave repeats within a frame.
const OCTAVES: [Octave; 6] = [
    Octave { cell: (0.007, 0.004), period: (256, 512), amplitude: 5.0 },
    Octave { cell: (0.060, 0.004), period: (32, 512), amplitude: 9.0 },
    Octave { cell: (0.180, 0.008), period: (16, 256), amplitude: 8.0 },
    Octave { cell: (0.500, 0.018), period: (4, 128), amplitude: 6.0 },
    Octave { cell: (0.900, 0.060), period: (2, 32), amplitude: 4.0 },
    Octave { cell: (0.260, 0.170), period: (8, 16), amplitude: 6.0 },
];

/// A piece of the surface, and its light.
pub(super) struct Surface {
    level: f64,
    grain: Grain,
    /// Direction of the grain.
    direction: f64,
    light: Light,
}

impl Surface {
    /// A point at least `margin` inside the frame.
    fn place(source: &mut Source, margin: f64) -> Point {
        let half_width = 0.5 * f64::from(ASPECT.0) / f64::from(ASPECT.1);
        Point::new(source.around(half_width - margin), source.around(0.5 - margin))
    }

    /// The ends of a scratch across the grain, within the frame.
    fn crossing(&self, source: &mut Source) -> (Point, Point) {
        let middle = Self::place(source, 0.12);
        let half = 0.5 * source.scale(0.14, 0.50);
        let off = source.range(CROSSING, PI - CROSSING);
        // A long scratch near the edge runs out of the frame, as real ones do.
        (middle.step(half, self.direction + off), middle.step(-half, self.direction + off))
    }
}

impl Part for Surface {
    type Kind = SurfaceDefect;

    fn draw(source: &mut Source) -> Self {
        let level = 136.0 * (1.0 + source.around(0.02));
        let direction = source.around(TURN);
        let light = Light::draw(source, LIGHT.0, LIGHT.1);
        Self { level, grain: Grain::draw(source, direction, &OCTAVES), direction, light }
    }

    fn shade(&self, at: Point) -> f64 {
        self.level + self.grain.at(at)
    }

    fn light(&self, at: Point) -> f64 {
        self.light.at(at)
    }

    fn spoil(&self, source: &mut Source, kind: SurfaceDefect, _index: u64, pixel: f64) -> Box<dyn Defect> {
        match kind {
            SurfaceDefect::Scratch => {
                let (from, to) = self.crossing(source);
                Box::new(Scratch::draw(source, from, to, (14.0, 60.0), pixel))
            }
            SurfaceDefect::Pit => {
                let place = Self::place(source, 0.04);
                Box::new(Pit::draw(source, place, pixel))
            }
            SurfaceDefect::Stain => {
                let place = Self::place(source, 0.14);
                Box::new(Stain::draw(source, place, self.direction + FRAC_PI_2, pixel))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    fn surface(index: u64) -> Surface {
        Surface::draw(&mut Source::new(1, Sequence::Good(PartKind::Surface), index, Purpose::Part))
    }

    /// Brightness on a lattice of points over the whole frame, less its mean.
    fn samples(surface: &Surface) -> Vec<f64> {
        let values: Vec<f64> = (0..150 * 100)
            .map(|i| surface.shade(Point::new(f64::from(i % 150) * 0.01 - 0.745, f64::from(i / 150) * 0.01 - 0.495)))
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| value - mean).collect()
    }

    fn product(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn every_frame_is_another_piece() {
        let all: Vec<Vec<f64>> = (0..6).map(|index| samples(&surface(index))).collect();
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                let correlation = product(a, b) / (product(a, a) * product(b, b)).sqrt();
                assert!(correlation.abs() < 0.15, "correlation {correlation}");
            }
        }
    }

    #[test]
    fn nothing_repeats_within_a_frame() {
        let surface = surface(0);
        let at = |i: u32, shift: Point| {
            let (x, y) = (f64::from(i % 20) * 0.013 - 0.7, f64::from(i / 20) * 0.007 - 0.45);
            surface.shade(Point::new(x + shift.x, y + shift.y)) - surface.level
        };
        let values = |shift| (0..400).map(|i| at(i, shift)).collect::<Vec<f64>>();
        let here = values(Point::new(0.0, 0.0));
        for i in 1..120 {
            let (x, y) = (f64::from(i % 12) * 0.1, f64::from(i / 12) * 0.08);
            let there = values(Point::new(x, y));
            // A single streak is longer than a tenth of the frame.
            if y > 0.05 || x > 0.5 {
                let alike = product(&here, &there) / (product(&here, &here) * product(&there, &there)).sqrt();
                assert!(alike < 0.8, "{alike} at ({x}, {y})");
            }
        }
    }

    #[test]
    fn scratches_cross_the_grain() {
        for index in 0..200 {
            let surface = surface(index);
            let sequence = Sequence::Defective(crate::render::DefectKind::Surface(SurfaceDefect::Scratch));
            let (from, to) = surface.crossing(&mut Source::new(1, sequence, index, Purpose::Defect));
            let angle = (to.from(from).direction() - surface.direction).rem_euclid(PI);
            assert!(angle > CROSSING - 1e-3 && angle < PI - CROSSING + 1e-3, "{angle}");
        }
    }
}
