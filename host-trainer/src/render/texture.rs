//! Value noise: a lattice of random values, softly interpolated. The cloudy texture of dirt, of broken glass, of metal.

use super::geometry::{Point, mix};
use super::random::Source;

/// Lattice points per period of a cloudy texture, on each axis.
const SIDE: usize = 16;

/// A noise texture that repeats after its last cell.
#[derive(Clone)]
pub(super) struct Texture {
    /// Sides of one cell, in fractions of the frame's height.
    cell: Point,
    columns: usize,
    rows: usize,
    values: Vec<f64>,
}

impl Texture {
    /// A texture of square cells.
    pub(super) fn new(source: &mut Source, cell: f64) -> Self {
        Self::lattice(source, Point::new(cell, cell), (SIDE, SIDE))
    }

    /// A texture of these cells that repeats after so many `(columns, rows)` of them, each a power of two.
    pub(super) fn lattice(source: &mut Source, cell: Point, (columns, rows): (usize, usize)) -> Self {
        debug_assert!(columns.is_power_of_two() && rows.is_power_of_two());
        Self { cell, columns, rows, values: (0..columns * rows).map(|_| source.around(1.0)).collect() }
    }

    /// The value in [-1, 1] at a point.
    pub(super) fn at(&self, at: Point) -> f64 {
        let (column, tx) = split(at.x / self.cell.x);
        let (row, ty) = split(at.y / self.cell.y);
        let value = |c: usize, r: usize| self.values[(r & (self.rows - 1)) * self.columns + (c & (self.columns - 1))];
        let (right, under) = (column.wrapping_add(1), row.wrapping_add(1));
        let above = mix(value(column, row), value(right, row), tx);
        let below = mix(value(column, under), value(right, under), tx);
        mix(above, below, ty)
    }
}

/// The lattice index, to be wrapped into the period, and the soft weight of the next lattice point.
fn split(position: f64) -> (usize, f64) {
    let base = position.floor();
    let t = position - base;
    (base as i64 as usize, t * t * (3.0 - 2.0 * t))
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

    #[test]
    fn repeats_after_its_own_period_on_each_axis() {
        let mut source = Source::new(1, Sequence::Good(PartKind::Bottle), 0, Purpose::Part);
        let texture = Texture::lattice(&mut source, Point::new(0.5, 0.25), (4, 8));
        for (x, y) in [(0.1, 0.2), (-0.7, 1.3)] {
            let value = texture.at(Point::new(x, y));
            assert!((texture.at(Point::new(x + 2.0, y - 2.0)) - value).abs() < 1e-9);
            assert!((texture.at(Point::new(x + 1.0, y)) - value).abs() > 1e-3);
        }
    }
}
