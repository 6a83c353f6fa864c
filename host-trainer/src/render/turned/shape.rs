//! The outline of the bracket: an angle plate with a rounded arm, a cut corner, three round holes and a slot.
//!
//! Everything is in the part's own coordinates, in fractions of the frame's height; the part lies around `(0, 0)` and
//! reaches [`REACH`] at most.

use crate::render::geometry::Point;
use crate::render::random::Source;

/// No point of the bracket is further from its middle.
pub(super) const REACH: f64 = 0.44;

/// A hole: round, or a slot if its two middles differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hole {
    from: Point,
    to: Point,
    radius: f64,
}

const fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// The holes of a good bracket.
pub(super) const HOLES: [Hole; 4] = [
    Hole { from: at(-0.222, -0.198), to: at(-0.222, -0.198), radius: 0.062 },
    Hole { from: at(0.240, 0.090), to: at(0.240, 0.090), radius: 0.050 },
    Hole { from: at(-0.060, 0.090), to: at(0.078, 0.090), radius: 0.031 },
    Hole { from: at(-0.240, 0.084), to: at(-0.240, 0.084), radius: 0.038 },
];

impl Hole {
    /// How far inside the hole a point lies; negative outside.
    pub(super) fn depth(&self, at: Point) -> f64 {
        let (run, d) = (self.to.from(self.from), at.from(self.from));
        let square = run.x * run.x + run.y * run.y;
        let t = if square > 0.0 { ((d.x * run.x + d.y * run.y) / square).clamp(0.0, 1.0) } else { 0.0 };
        self.radius - Point::new(d.x - t * run.x, d.y - t * run.y).length()
    }

    /// The middle of the hole, and the radius of the disc that holds it.
    pub(super) fn disc(&self) -> (Point, f64) {
        let middle = Point::new(0.5 * (self.from.x + self.to.x), 0.5 * (self.from.y + self.to.y));
        (middle, self.radius + self.to.from(middle).length())
    }
}

/// A bracket's outline with some or all of its holes.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    holes: Vec<Hole>,
}

impl Shape {
    /// The shape of a good bracket.
    pub(super) fn new() -> Self {
        Self { holes: HOLES.to_vec() }
    }

    /// The same shape without this hole.
    pub(super) fn without(&self, hole: Hole) -> Self {
        Self { holes: self.holes.iter().copied().filter(|other| *other != hole).collect() }
    }

    /// How far inside the metal a point lies: about a distance, negative outside and in holes.
    pub(super) fn depth(&self, at: Point) -> f64 {
        self.holes.iter().fold(outer(at), |depth, hole| depth.min(-hole.depth(at)))
    }

    /// A point of the metal, this deep inside at least.
    pub(super) fn place(&self, source: &mut Source, depth: f64) -> Point {
        // A tenth of the square is metal this deep, so that the tries do not run out in practice.
        for _ in 0..200 {
            let place = Point::new(source.around(REACH), source.around(REACH));
            if self.depth(place) >= depth {
                return place;
            }
        }
        Point::new(0.12, 0.03)
    }
}

/// The unit vector out of the outline or into a hole: against the slope of this depth.
pub(super) fn outward(depth: impl Fn(Point) -> f64, at: Point) -> Point {
    const STEP: f64 = 0.002;
    let slope = Point::new(
        depth(Point::new(at.x - STEP, at.y)) - depth(Point::new(at.x + STEP, at.y)),
        depth(Point::new(at.x, at.y - STEP)) - depth(Point::new(at.x, at.y + STEP)),
    );
    let length = slope.length();
    if length > 0.0 { Point::new(slope.x / length, slope.y / length) } else { Point::new(1.0, 0.0) }
}

/// How far inside the outline a point lies, holes disregarded.
pub(super) fn outer(at: Point) -> f64 {
    let foot = block(at, Point::new(0.0, 0.09), Point::new(0.35, 0.115), 0.024);
    let arm = block(at, Point::new(-0.222, -0.06), Point::new(0.126, 0.265), 0.10);
    // The corner at the free end of the foot is cut.
    let cut = (0.478 - at.x - at.y) * std::f64::consts::FRAC_1_SQRT_2;
    foot.max(arm).max(fillet(at)).min(cut)
}

/// A point on the outline, reached from the middle line of foot or arm in a random direction.
pub(super) fn edge(source: &mut Source) -> Point {
    let start = if source.chance(0.6) {
        Point::new(source.range(-0.2, 0.24), 0.09)
    } else {
        Point::new(-0.222, source.range(-0.2, 0.09))
    };
    let direction = source.around(std::f64::consts::PI);
    let mut distance = 0.0;
    for _ in 0..60 {
        distance += outer(start.step(distance, direction));
    }
    start.step(distance, direction)
}

/// How far inside a rectangle with rounded corners a point lies.
fn block(at: Point, centre: Point, half: Point, radius: f64) -> f64 {
    let d = at.from(centre);
    let (x, y) = (d.x.abs() - half.x + radius, d.y.abs() - half.y + radius);
    radius - Point::new(x.max(0.0), y.max(0.0)).length() - x.max(y).min(0.0)
}

/// How far inside the rounding of the inner corner, between arm and foot, a point lies.
fn fillet(at: Point) -> f64 {
    const RADIUS: f64 = 0.04;
    // A square that overlaps arm and foot, less the disc that touches both.
    let corner = Point::new(-0.096, -0.025);
    let square = block(at, corner, Point::new(RADIUS, RADIUS), 0.0);
    square.min(at.from(Point::new(corner.x + RADIUS, corner.y - RADIUS)).length() - RADIUS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    fn source(index: u64) -> Source {
        Source::new(1, Sequence::Good(PartKind::Turned), index, Purpose::Defect)
    }

    #[test]
    fn the_bracket_lies_within_its_reach_and_holes_within_the_bracket() {
        let shape = Shape::new();
        for i in 0..160_000 {
            let at = Point::new(f64::from(i % 400) * 0.0025 - 0.5, f64::from(i / 400) * 0.0025 - 0.5);
            assert!(shape.depth(at) <= 0.0 || at.length() < REACH);
            for hole in HOLES {
                assert!(hole.depth(at) < 0.0 || outer(at) > 0.02);
                let (middle, radius) = hole.disc();
                assert!(hole.depth(at) < 0.0 || at.from(middle).length() <= radius + 1e-9);
            }
        }
    }

    #[test]
    fn no_turn_of_the_bracket_looks_like_another() {
        let shape = Shape::new();
        for step in 1..36 {
            let turn = f64::from(step) * std::f64::consts::TAU / 36.0;
            let axis = Point::new(libm::cos(turn), libm::sin(turn));
            let other = (0..10_000)
                .map(|i| Point::new(f64::from(i % 100) * 0.01 - 0.5, f64::from(i / 100) * 0.01 - 0.5))
                .filter(|&at| (shape.depth(at) > 0.0) != (shape.depth(at.turned_back(axis)) > 0.0))
                .count();
            assert!(other > 200, "{other} points differ after {step} of 36 turns");
        }
    }

    #[test]
    fn a_missing_hole_is_metal_and_the_others_stay() {
        for hole in HOLES {
            let shape = Shape::new().without(hole);
            assert!(shape.depth(hole.disc().0) > 0.02);
            for other in HOLES.into_iter().filter(|other| *other != hole) {
                assert!(shape.depth(other.disc().0) < -0.02);
            }
        }
    }

    #[test]
    fn edges_lie_on_the_outline_and_places_in_the_metal() {
        let shape = Shape::new();
        for index in 0..300 {
            let edge = edge(&mut source(index));
            assert!(outer(edge).abs() < 1e-3, "{edge:?}");
            let out = outward(outer, edge);
            assert!(outer(Point::new(edge.x + 0.01 * out.x, edge.y + 0.01 * out.y)) < -0.003);
            assert!(shape.depth(shape.place(&mut source(index), 0.02)) >= 0.02);
        }
    }
}
