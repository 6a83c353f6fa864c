//! An irregular closed outline around a centre: jagged like broken glass, or rounded like a drop.

use std::f64::consts::TAU;

use super::geometry::{Bounds, Point, mix};
use super::random::Source;

/// A closed outline, star-shaped around its centre.
pub(super) struct Outline {
    centre: Point,
    /// Unit vector of the long axis.
    axis: Point,
    /// Half the length and half the width of the ellipse that the outline departs from.
    half: Point,
    /// Distance of the outline from the centre by direction, as a factor of the ellipse's.
    reach: Vec<f64>,
}

impl Outline {
    /// Knots around an outline: fine enough for notches of a few pixels.
    const KNOTS: usize = 48;

    /// A polygon of a few irregular corners, its edges roughened.
    pub(super) fn jagged(source: &mut Source, centre: Point, direction: f64, half: Point) -> Self {
        let corners = source.count(6, 10);
        let corner: Vec<f64> = (0..corners).map(|_| source.range(0.55, 1.15)).collect();
        let offset = source.unit();
        let reach = (0..Self::KNOTS)
            .map(|knot| {
                let at = (knot as f64 / Self::KNOTS as f64 + offset) * corners as f64;
                let (index, t) = (at as usize, at - at.floor());
                mix(corner[index % corners], corner[(index + 1) % corners], t) + source.around(0.07)
            })
            .collect();
        Self::build(centre, direction, half, reach)
    }

    /// A soft lobed shape.
    pub(super) fn rounded(source: &mut Source, centre: Point, direction: f64, half: Point) -> Self {
        let waves: Vec<(f64, f64, f64)> =
            (2..6).map(|k| (f64::from(k), source.range(0.0, 0.5 / f64::from(k)), source.range(0.0, TAU))).collect();
        let reach = (0..Self::KNOTS)
            .map(|knot| {
                let angle = knot as f64 * TAU / Self::KNOTS as f64;
                0.85 + waves.iter().map(|(k, amplitude, phase)| amplitude * libm::cos(k * angle + phase)).sum::<f64>()
            })
            .collect();
        Self::build(centre, direction, half, reach)
    }

    fn build(centre: Point, direction: f64, half: Point, reach: Vec<f64>) -> Self {
        let axis = Point::new(libm::cos(direction), libm::sin(direction));
        Self { centre, axis, half, reach }
    }

    /// How far inside the outline a point lies: about a distance, negative outside.
    pub(super) fn depth(&self, at: Point) -> f64 {
        let local = self.local(at);
        let turn = (local.direction() / TAU + 1.0) * self.reach.len() as f64;
        let (index, t) = (turn as usize, turn - turn.floor());
        let reach = mix(self.reach[index % self.reach.len()], self.reach[(index + 1) % self.reach.len()], t);
        (reach - local.length()) * self.half.x.min(self.half.y)
    }

    /// The point in the outline's own frame, where the ellipse is the unit circle.
    pub(super) fn local(&self, at: Point) -> Point {
        let d = at.from(self.centre).turned_back(self.axis);
        Point::new(d.x / self.half.x, d.y / self.half.y)
    }

    /// Everything within `margin` of the outline.
    pub(super) fn bounds(&self, margin: f64) -> Bounds {
        let reach = self.reach.iter().fold(0.0, |a: f64, &b| a.max(b));
        Bounds::around(
            self.centre,
            reach * self.half.x.max(self.half.y) + margin * self.half.x.max(self.half.y) / self.half.x.min(self.half.y),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    #[test]
    fn the_centre_is_inside_and_the_bounds_hold_the_rest() {
        for index in 0..50 {
            let mut source = Source::new(1, Sequence::Good(PartKind::Bottle), index, Purpose::Defect);
            let centre = Point::new(0.1, -0.2);
            let half = Point::new(0.05, 0.02);
            for outline in
                [Outline::jagged(&mut source, centre, 0.7, half), Outline::rounded(&mut source, centre, 0.7, half)]
            {
                assert!(outline.depth(centre) > 0.0);
                let bounds = outline.bounds(0.0);
                for i in 0..10_000 {
                    let at = Point::new(f64::from(i % 100) / 50.0 - 1.0, f64::from(i / 100) / 50.0 - 1.0);
                    assert!(outline.depth(at) <= 0.0 || bounds.contains(at));
                }
            }
        }
    }
}
