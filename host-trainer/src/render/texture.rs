//! Value noise: a lattice of random values, softly interpolated. The cloudy texture of dirt and of broken glass.

use super::geometry::{Point, mix};
use super::random::Source;

/// Lattice points per period, on each axis. A power of two.
const SIDE: usize = 16;

/// A noise texture that repeats every `SIDE` cells.
pub(super) struct Texture {
    /// Side of one cell, in fractions of the frame's side.
    cell: f64,
    values: Vec<f64>,
}

impl Texture {
    pub(super) fn new(source: &mut Source, cell: f64) -> Self {
        Self { cell, values: (0..SIDE * SIDE).map(|_| source.around(1.0)).collect() }
    }

    /// The value in [-1, 1] at a point.
    pub(super) fn at(&self, at: Point) -> f64 {
        let (column, tx) = split(at.x / self.cell);
        let (row, ty) = split(at.y / self.cell);
        let value = |c: usize, r: usize| self.values[(r % SIDE) * SIDE + c % SIDE];
        let above = mix(value(column, row), value(column + 1, row), tx);
        let below = mix(value(column, row + 1), value(column + 1, row + 1), tx);
        mix(above, below, ty)
    }
}

/// The lattice index, wrapped into the period, and the soft weight of the next lattice point.
fn split(position: f64) -> (usize, f64) {
    let base = position.floor();
    let t = position - base;
    ((base as i64).rem_euclid(SIDE as i64) as usize, t * t * (3.0 - 2.0 * t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    #[test]
    fn is_bounded_and_continuous_also_across_zero() {
        let texture = Texture::new(&mut Source::new(1, Sequence::Good(PartKind::Bottle), 0, Purpose::Part), 0.01);
        let mut last = texture.at(Point::new(-0.05, -0.02));
        for i in 1..2000 {
            let value = texture.at(Point::new(-0.05 + f64::from(i) * 1e-4, -0.02 + f64::from(i) * 5e-5));
            assert!(value.abs() <= 1.0);
            assert!((value - last).abs() < 0.06, "a jump at step {i}");
            last = value;
        }
    }
}
