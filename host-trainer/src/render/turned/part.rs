//! One bracket on its belt: how it lies, its brightness at a point, and the belt's.

use std::f64::consts::PI;

use super::chip::Chip;
use super::clip::OnMetal;
use super::defect::TurnedDefect;
use super::hole::{Blocked, Missing};
use super::pose::Pose;
use super::shape::{HOLES, Hole, Shape, outward};
use crate::render::contamination::{Blob, Fibre};
use crate::render::geometry::{Point, mix, soft_step};
use crate::render::grain::{Grain, Octave};
use crate::render::part::{Defect, Light, Part};
use crate::render::random::Source;
use crate::render::scratch::Scratch;

/// Largest shift of a part in the frame, on each axis.
const SHIFT: f64 = 0.03;
/// Largest relative change of the light's strength, and of the light across the frame.
const LIGHT: (f64, f64) = (0.05, 0.08);
/// Width of the bevelled edge of the metal, holes included.
pub(super) const BEVEL: f64 = 0.012;
/// What the bevel adds where it faces the lamp, and takes away where it faces the other way.
const BEVEL_LIGHT: f64 = 46.0;
/// Half the width over which metal gives way to what lies below.
const SOFT: f64 = 0.0022;
/// Brightness of metal and belt.
const LEVELS: (f64, f64) = (152.0, 62.0);
/// Height of the metal over the belt, as the length of its shadow.
const SHADOW: f64 = 0.018;

/// The marks of the rolling mill, along the part's own x axis.
const METAL: [Octave; 4] = [
    Octave { cell: (0.008, 0.004), period: (128, 256), amplitude: 3.0 },
    Octave { cell: (0.070, 0.005), period: (16, 256), amplitude: 5.0 },
    Octave { cell: (0.220, 0.014), period: (8, 64), amplitude: 4.0 },
    Octave { cell: (0.200, 0.150), period: (8, 8), amplitude: 3.0 },
];

/// The belt: a fine fabric.
const BELT: [Octave; 3] = [
    Octave { cell: (0.005, 0.005), period: (256, 256), amplitude: 3.5 },
    Octave { cell: (0.050, 0.006), period: (32, 256), amplitude: 3.0 },
    Octave { cell: (0.300, 0.200), period: (4, 8), amplitude: 3.0 },
];

/// A bracket, its place in the frame, its belt and its light.
#[derive(Clone)]
pub(in crate::render) struct Bracket {
    pub(super) pose: Pose,
    pub(super) shape: Shape,
    metal: Grain,
    belt: Grain,
    /// Brightness of the metal: rolled metal shines more across its marks than along them.
    level: f64,
    /// Unit vector towards the lamp.
    lamp: Point,
    light: Light,
}

impl Bracket {
    /// Brightness of the belt at a point of the frame. `depth` says how far inside the metal a point of the frame
    /// lies; the metal's shadow falls away from the lamp.
    pub(super) fn ground(&self, at: Point, depth: impl Fn(Point) -> f64) -> f64 {
        let towards = Point::new(at.x + SHADOW * self.lamp.x, at.y + SHADOW * self.lamp.y);
        let shadow = soft_step(-0.014, 0.010, depth(towards));
        (LEVELS.1 + self.belt.at(at)) * (1.0 - 0.5 * shadow)
    }

    /// How far inside the metal a point of the frame lies.
    pub(super) fn depth(&self, at: Point) -> f64 {
        self.shape.depth(self.pose.into_part(at))
    }

    /// The same part without this hole.
    pub(super) fn without(self, hole: Hole) -> Self {
        Self { shape: self.shape.without(hole), ..self }
    }

    /// How much of a point is metal, 0 to 1, from its depth.
    pub(super) fn share(depth: f64) -> f64 {
        soft_step(-SOFT, SOFT, depth)
    }

    /// A point of the metal in the frame, this deep inside at least.
    fn place(&self, source: &mut Source, depth: f64) -> Point {
        self.pose.into_frame(self.shape.place(source, depth))
    }

    /// How far a line gets from this point of the frame in this direction before it leaves the metal, and at most this
    /// far: its end.
    fn run(&self, from: Point, direction: f64, length: f64) -> Point {
        const STEP: f64 = 0.004;
        let mut end = from;
        for _ in 0..(length / STEP) as usize {
            let next = end.step(STEP, direction);
            if self.depth(next) < STEP {
                break;
            }
            end = next;
        }
        end
    }

    /// Brightness of the metal at a point of the part.
    fn face(&self, place: Point, depth: f64) -> f64 {
        let mut value = self.level + self.metal.at(place);
        if depth < BEVEL {
            let out = self.pose.turn(outward(|at| self.shape.depth(at), place));
            let facing = out.x * self.lamp.x + out.y * self.lamp.y;
            value += BEVEL_LIGHT * facing * (1.0 - soft_step(0.3 * BEVEL, BEVEL, depth));
        }
        value
    }
}

impl Part for Bracket {
    type Kind = TurnedDefect;

    fn draw(source: &mut Source) -> Self {
        let centre = Point::new(source.around(SHIFT), source.around(SHIFT));
        let angle = source.around(PI);
        // From the upper left, always nearly so: the lamp does not turn with the part.
        let lamp = -0.72 * PI + source.around(0.08);
        let shine = 1.0 - 0.06 * libm::cos(2.0 * (angle - lamp));
        Self {
            pose: Pose::new(centre, angle),
            shape: Shape::new(),
            metal: Grain::draw(source, 0.0, &METAL),
            belt: Grain::draw(source, 0.0, &BELT),
            level: LEVELS.0 * shine * (1.0 + source.around(0.03)),
            lamp: Point::new(libm::cos(lamp), libm::sin(lamp)),
            light: Light::draw(source, LIGHT.0, LIGHT.1),
        }
    }

    fn shade(&self, at: Point) -> f64 {
        let place = self.pose.into_part(at);
        let depth = self.shape.depth(place);
        let share = Self::share(depth);
        let below = if share < 1.0 { self.ground(at, |at| self.depth(at)) } else { 0.0 };
        let above = if share > 0.0 { self.face(place, depth) } else { 0.0 };
        mix(below, above, share)
    }

    fn light(&self, at: Point) -> f64 {
        self.light.at(at)
    }

    fn spoil(&self, source: &mut Source, kind: TurnedDefect, index: u64, pixel: f64) -> Box<dyn Defect> {
        let even = index.is_multiple_of(2);
        match kind {
            TurnedDefect::Chip => Box::new(Chip::draw(source, self.clone(), pixel)),
            TurnedDefect::Hole => {
                let hole = HOLES[source.count(0, HOLES.len() - 1)];
                if even {
                    Box::new(Missing::draw(self.clone(), hole, pixel))
                } else {
                    Box::new(Blocked::draw(source, self.pose, hole, pixel))
                }
            }
            TurnedDefect::Scratch => {
                let middle = self.place(source, 0.025);
                let (half, direction) = (0.5 * source.scale(0.09, 0.32), source.around(PI));
                let (from, to) = (self.run(middle, direction, half), self.run(middle, direction + PI, half));
                Box::new(OnMetal::new(Scratch::draw(source, from, to, (16.0, 70.0), pixel), self))
            }
            TurnedDefect::Contamination if even => {
                let place = self.place(source, 0.03);
                Box::new(OnMetal::new(Blob::draw(source, (place, 0.02), pixel).dark(), self))
            }
            TurnedDefect::Contamination => {
                let start = self.place(source, 0.01);
                let fibre = Fibre::starting(source, start, (start, 0.16), pixel);
                Box::new(if source.chance(0.5) { fibre.dark() } else { fibre })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::REACH;
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    fn bracket(index: u64) -> Bracket {
        Bracket::draw(&mut Source::new(1, Sequence::Good(PartKind::Turned), index, Purpose::Part))
    }

    #[test]
    fn parts_lie_at_any_angle_within_the_frame() {
        let mut sectors = [0; 24];
        for index in 0..480 {
            let pose = bracket(index).pose;
            let angle = pose.turn(Point::new(1.0, 0.0)).direction();
            sectors[((angle + PI) / (2.0 * PI) * 24.0) as usize % 24] += 1;
            let centre = pose.into_frame(Point::new(0.0, 0.0));
            assert!(centre.x.abs() <= SHIFT && centre.y.abs() <= SHIFT && 1.415 * SHIFT + REACH < 0.49);
        }
        assert!(sectors.iter().all(|&count| (5..50).contains(&count)), "{sectors:?}");
    }

    #[test]
    fn metal_is_bright_and_belt_and_holes_are_dark() {
        for index in 0..20 {
            let bracket = bracket(index);
            for hole in HOLES {
                assert!(bracket.shade(bracket.pose.into_frame(hole.disc().0)) < 80.0);
            }
            assert!(bracket.shade(bracket.pose.into_frame(Point::new(-0.13, 0.0))) > 110.0);
            assert!(bracket.shade(bracket.pose.into_frame(Point::new(0.2, -0.2))) < 80.0);
        }
    }

    #[test]
    fn bevels_towards_the_lamp_are_brighter_whatever_the_angle() {
        for index in 0..20 {
            let bracket = bracket(index);
            // The straight long edge of the foot, and its opposite.
            let mean = |y: f64| (0..30).map(|i| bracket.face(Point::new(0.005 * f64::from(i), y), 0.003)).sum::<f64>();
            let out = bracket.pose.turn(Point::new(0.0, 1.0));
            let facing = out.x * bracket.lamp.x + out.y * bracket.lamp.y;
            let difference = (mean(0.202) - mean(-0.022)) / 30.0;
            assert!(facing.abs() < 0.3 || difference * facing > 0.0, "{facing}: {difference}");
        }
    }
}
