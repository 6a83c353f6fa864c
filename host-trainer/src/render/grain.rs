//! The grain of a worked surface: several octaves of noise, each longer along one direction than across it.

use super::geometry::Point;
use super::random::Source;
use super::texture::Texture;

/// One octave of a grain.
pub(super) struct Octave {
    /// Length of a cell along the grain, and its width across, in fractions of the frame's height.
    pub(super) cell: (f64, f64),
    /// Cells along and across until the octave repeats, each a power of two.
    pub(super) period: (usize, usize),
    /// Largest change of brightness.
    pub(super) amplitude: f64,
}

/// A grain.
#[derive(Clone)]
pub(super) struct Grain {
    /// Unit vector along the grain.
    along: Point,
    octaves: Vec<(Texture, f64)>,
}

impl Grain {
    /// A grain that runs in this direction.
    pub(super) fn draw(source: &mut Source, direction: f64, octaves: &[Octave]) -> Self {
        let octaves = octaves
            .iter()
            .map(|octave| {
                let cell = Point::new(octave.cell.0, octave.cell.1);
                (Texture::lattice(source, cell, octave.period), octave.amplitude)
            })
            .collect();
        Self { along: Point::new(libm::cos(direction), libm::sin(direction)), octaves }
    }

    /// What the grain adds to the brightness of a point.
    pub(super) fn at(&self, at: Point) -> f64 {
        let at = at.turned_back(self.along);
        self.octaves.iter().map(|(texture, amplitude)| amplitude * texture.at(at)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    #[test]
    fn changes_more_across_than_along() {
        let mut source = Source::new(1, Sequence::Good(PartKind::Surface), 0, Purpose::Part);
        let octave = Octave { cell: (0.2, 0.01), period: (8, 128), amplitude: 10.0 };
        let direction = 0.4;
        let grain = Grain::draw(&mut source, direction, &[octave]);
        let change = |direction: f64| -> f64 {
            (0..500)
                .map(|i| {
                    let at = Point::new(f64::from(i % 25) * 0.031, f64::from(i / 25) * 0.017);
                    (grain.at(at.step(0.01, direction)) - grain.at(at)).abs()
                })
                .sum()
        };
        let (along, across) = (change(direction), change(direction + std::f64::consts::FRAC_PI_2));
        assert!(across > 5.0 * along, "{across} across, {along} along");
    }
}
