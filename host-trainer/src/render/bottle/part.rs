//! One bottle mouth in front of the camera: how it differs from the next one, and its brightness at a point.

use super::chip::Chip;
use super::crack::Crack;
use super::defect::BottleDefect;
use super::profile::{Arc, GLARE, LIP, OPENING, REFRACTION, brightness};
use crate::render::contamination::{Blob, Fibre};
use crate::render::geometry::{Point, bell, mix, soft_step, wrap};
use crate::render::part::{Defect, Light, Part};
use crate::render::random::Source;

/// Largest shift of a part in the frame, on each axis. The knob of the difficulty: the further parts move, the worse
/// the mean frame stands in for a reconstruction, and the more a model has to learn.
const SHIFT: f64 = 0.007;
/// Largest shift of the opening against the silhouette, on each axis.
const LEAN: f64 = 0.004;
/// Largest relative change of the radii of silhouette, lip and opening.
const RADII: (f64, f64, f64) = (0.006, 0.006, 0.015);
/// Largest turn of the lamps' reflections, and of the part itself, rad.
const TURNS: (f64, f64) = (0.16, 0.06);
/// Largest relative change of the rings' brightness, of the reflections', and of the light.
const LIGHTS: (f64, f64, f64) = (0.12, 0.20, 0.06);

/// Entries of the brightness table per unit of canonical radius.
const TABLE_STEP: f64 = 1024.0;
/// Canonical radius where the table ends; beyond lies background.
const TABLE_END: f64 = 1.25;

/// A part, its place in the frame and its light.
pub(in crate::render) struct Bottle {
    centre: Point,
    /// Shift of the opening against the silhouette: the part is not quite upright.
    lean: Point,
    /// Radii of opening, lip and silhouette, in fractions of the frame's side.
    opening: f64,
    lip: f64,
    silhouette: f64,
    /// Brightness by canonical radius.
    table: Vec<f64>,
    arcs: Vec<Arc>,
    /// Slow change of the outer glass around the part: amplitude and direction of two lobes.
    lobes: Point,
    light: Light,
    /// A faint reflection on the bottom of the part: its place, and its brightness.
    bottom: (Point, f64),
}

/// A point in a part's own polar coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polar {
    /// Canonical radius.
    pub(super) radius: f64,
    pub(super) angle: f64,
}

impl Part for Bottle {
    type Kind = BottleDefect;

    fn draw(source: &mut Source) -> Self {
        let centre = Point::new(source.around(SHIFT), source.around(SHIFT));
        let lean = Point::new(source.around(LEAN), source.around(LEAN));
        let silhouette = 0.44 * (1.0 + source.around(RADII.0));
        let lip = silhouette * LIP * (1.0 + source.around(RADII.1));
        let opening = silhouette * OPENING * (1.0 + source.around(RADII.2));
        let rings = 1.0 + source.around(LIGHTS.0);
        let lamp = source.around(TURNS.0);
        let turn = source.around(TURNS.1);
        let lamps = 1.0 + source.around(LIGHTS.1);
        let lobes = Point::new(source.around(0.08), source.around(0.08));
        let light = Light::draw(source, LIGHTS.2, 0.10);
        let bottom = (Point::new(source.around(0.06), source.around(0.06)), source.range(4.0, 14.0));

        let table = (0..=(TABLE_END * TABLE_STEP) as usize + 1)
            .map(|index| {
                let radius = index as f64 / TABLE_STEP;
                let glass = soft_step(0.45, 0.5, radius) * (1.0 - soft_step(0.96, 1.0, radius));
                brightness(radius) * mix(1.0, rings, glass)
            })
            .collect();
        let turned =
            |arc: &Arc, by: f64, factor: f64| Arc { direction: arc.direction + by, gain: arc.gain * factor, ..*arc };
        let mut arcs: Vec<Arc> = GLARE.iter().map(|arc| turned(arc, lamp, lamps)).collect();
        arcs.extend(REFRACTION.iter().map(|arc| turned(arc, turn, 1.0)));
        for _ in 0..source.count(3, 7) {
            arcs.push(sparkle(source));
        }
        Self { centre, lean, opening, lip, silhouette, table, arcs, lobes, light, bottom }
    }

    fn shade(&self, at: Point) -> f64 {
        let d = at.from(self.centre);
        let radius = self.radius(d);
        if radius >= TABLE_END {
            return self.table[self.table.len() - 1];
        }
        let position = radius * TABLE_STEP;
        let index = position as usize;
        let mut value = mix(self.table[index], self.table[index + 1], position - index as f64);
        if radius < 0.46 {
            let (place, level) = self.bottom;
            let offset = d.from(place);
            return value + level * bell(offset.length() / 0.10);
        }
        if radius < 1.0 {
            let square = d.x * d.x + d.y * d.y;
            // cos 2a and sin 2a of the direction a.
            let (cos, sin) = ((d.x * d.x - d.y * d.y) / square, 2.0 * d.x * d.y / square);
            let outer = soft_step(0.78, 0.86, radius) * (1.0 - soft_step(0.96, 1.0, radius));
            value *= 1.0 + outer * (self.lobes.x * cos + self.lobes.y * sin);
            let polar = Polar { radius, angle: d.direction() };
            value += self.arcs.iter().map(|arc| light_of(arc, polar)).sum::<f64>();
        }
        value
    }

    fn light(&self, at: Point) -> f64 {
        self.light.at(at)
    }

    fn spoil(&self, source: &mut Source, kind: BottleDefect, index: u64, pixel: f64) -> Box<dyn Defect> {
        match kind {
            BottleDefect::Chip => Box::new(Chip::draw(source, self, pixel)),
            BottleDefect::Crack => Box::new(Crack::draw(source, self, pixel)),
            BottleDefect::Contamination if index.is_multiple_of(2) => Box::new(Blob::draw(source, self.mouth(), pixel)),
            BottleDefect::Contamination => Box::new(Fibre::draw(source, self.mouth(), pixel)),
        }
    }
}

impl Bottle {
    /// The canonical radius of a point, `d` from the part's centre.
    fn radius(&self, d: Point) -> f64 {
        let distance = d.length();
        // The lean acts in full on the opening and fades towards the silhouette.
        let share = 1.0 - soft_step(self.opening, self.silhouette, distance);
        let along = if distance > 0.0 { (d.x * self.lean.x + d.y * self.lean.y) / distance } else { 0.0 };
        self.canonical(distance - share * along)
    }

    /// The point with these polar coordinates, but for the lean.
    pub(super) fn point(&self, polar: Polar) -> Point {
        let (low, high, from, to) = if polar.radius < OPENING {
            (0.0, OPENING, 0.0, self.opening)
        } else if polar.radius < LIP {
            (OPENING, LIP, self.opening, self.lip)
        } else {
            (LIP, 1.0, self.lip, self.silhouette)
        };
        let distance = mix(from, to, (polar.radius - low) / (high - low));
        let share = 1.0 - soft_step(self.opening, self.silhouette, distance);
        Point::new(self.centre.x + share * self.lean.x, self.centre.y + share * self.lean.y).step(distance, polar.angle)
    }

    /// The middle of the opening, and its radius in fractions of the frame's side.
    pub(super) fn mouth(&self) -> (Point, f64) {
        (Point::new(self.centre.x + self.lean.x, self.centre.y + self.lean.y), self.opening)
    }

    /// The canonical radius of a distance from the part's axis.
    fn canonical(&self, distance: f64) -> f64 {
        if distance < self.opening {
            distance.max(0.0) / self.opening * OPENING
        } else if distance < self.lip {
            mix(OPENING, LIP, (distance - self.opening) / (self.lip - self.opening))
        } else {
            mix(LIP, 1.0, (distance - self.lip) / (self.silhouette - self.lip))
        }
    }
}

/// A small weak glint somewhere on the rim, different on every part.
fn sparkle(source: &mut Source) -> Arc {
    Arc {
        radius: source.range(0.52, 0.82),
        pitch: source.around(0.2),
        half_width: source.range(0.008, 0.014),
        direction: source.around(std::f64::consts::PI),
        half_span: source.range(0.02, 0.06),
        gain: source.range(6.0, 20.0),
    }
}

/// What an arc adds at a point.
fn light_of(arc: &Arc, polar: Polar) -> f64 {
    // No arc winds and spreads further than this; most points are far from most arcs.
    if (polar.radius - arc.radius).abs() > 0.08 {
        return 0.0;
    }
    let turn = wrap(polar.angle - arc.direction);
    if turn.abs() >= arc.half_span {
        return 0.0;
    }
    let across = (polar.radius - arc.radius - arc.pitch * turn) / arc.half_width;
    arc.gain * bell(turn / arc.half_span) * bell(across)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::PartKind;
    use crate::render::random::{Purpose, Sequence};

    #[test]
    fn point_and_radius_agree() {
        for index in 0..20 {
            let part = Bottle::draw(&mut Source::new(1, Sequence::Good(PartKind::Bottle), index, Purpose::Part));
            for radius in [0.2, 0.5, 0.6, 0.8, 0.95] {
                let d = part.point(Polar { radius, angle: 1.0 }).from(part.centre);
                let back = Polar { radius: part.radius(d), angle: d.direction() };
                assert!((back.radius - radius).abs() < 0.01, "{radius}: {back:?}");
                assert!((back.angle - 1.0).abs() < 0.1, "{radius}: {back:?}");
            }
        }
    }

    #[test]
    fn canonical_radii_join() {
        let part = Bottle::draw(&mut Source::new(1, Sequence::Good(PartKind::Bottle), 0, Purpose::Part));
        for (distance, radius) in [(part.opening, OPENING), (part.lip, LIP), (part.silhouette, 1.0)] {
            assert!((part.canonical(distance - 1e-9) - radius).abs() < 1e-6);
            assert!((part.canonical(distance + 1e-9) - radius).abs() < 1e-6);
        }
    }
}
