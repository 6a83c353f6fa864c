//! An open line of short straight pieces: the irregular course of a crack, the slack curve of a fibre.

use super::geometry::{Bounds, Point, mix};
use super::random::Source;

/// An open line.
pub(super) struct Path {
    points: Vec<Point>,
}

/// A point as seen from a path.
pub(super) struct Nearest {
    /// Distance from the path.
    pub(super) distance: f64,
    /// On which side: positive to the right of the direction of travel (y is down).
    pub(super) side: f64,
    /// How far along the path, from 0 to 1.
    pub(super) along: f64,
}

impl Path {
    /// An irregular line between two points: midpoint displacement, four times halved. `roughness` is the first
    /// displacement as a fraction of the length.
    pub(super) fn broken(source: &mut Source, start: Point, end: Point, roughness: f64) -> Self {
        let mut points = vec![start, end];
        let mut roughness = roughness;
        for _ in 0..4 {
            let mut finer = vec![points[0]];
            for pair in points.windows(2) {
                let along = pair[1].from(pair[0]);
                let shift = source.around(roughness);
                let t = source.range(0.35, 0.65);
                finer.push(Point::new(
                    mix(pair[0].x, pair[1].x, t) - along.y * shift,
                    mix(pair[0].y, pair[1].y, t) + along.x * shift,
                ));
                finer.push(pair[1]);
            }
            points = finer;
            // Each piece is half as long already; real cracks stay rough on small scales.
            roughness *= 0.85;
        }
        Self { points }
    }

    /// A curve of slowly changing curvature that turns back where it would leave the disc around `centre`.
    pub(super) fn slack(source: &mut Source, start: Point, length: f64, centre: Point, radius: f64) -> Self {
        const PIECES: usize = 24;
        let mut direction = source.range(0.0, std::f64::consts::TAU);
        let mut curvature = source.around(0.12);
        let mut points = vec![start];
        let mut at = start;
        for _ in 0..PIECES {
            curvature = 0.9 * curvature + source.around(0.06);
            direction += curvature;
            let next = at.step(length / PIECES as f64, direction);
            if next.from(centre).length() > radius {
                direction += if curvature < 0.0 { -0.45 } else { 0.45 };
            }
            at = at.step(length / PIECES as f64, direction);
            points.push(at);
        }
        Self { points }
    }

    /// The path as seen from a point.
    pub(super) fn nearest(&self, at: Point) -> Nearest {
        let pieces = (self.points.len() - 1) as f64;
        let mut best = Nearest { distance: f64::INFINITY, side: 0.0, along: 0.0 };
        for (index, pair) in self.points.windows(2).enumerate() {
            let along = pair[1].from(pair[0]);
            let d = at.from(pair[0]);
            let square = along.x * along.x + along.y * along.y;
            let t = if square > 0.0 { ((d.x * along.x + d.y * along.y) / square).clamp(0.0, 1.0) } else { 0.0 };
            let distance = Point::new(d.x - t * along.x, d.y - t * along.y).length();
            if distance < best.distance {
                best = Nearest { distance, side: along.x * d.y - along.y * d.x, along: (index as f64 + t) / pieces };
            }
        }
        best
    }

    /// Everything within `margin` of the path.
    pub(super) fn bounds(&self, margin: f64) -> Bounds {
        let mut bounds = Bounds::around(self.points[0], margin);
        for point in &self.points {
            bounds.low = Point::new(bounds.low.x.min(point.x - margin), bounds.low.y.min(point.y - margin));
            bounds.high = Point::new(bounds.high.x.max(point.x + margin), bounds.high.y.max(point.y + margin));
        }
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_on_a_straight_line() {
        let path = Path { points: vec![Point::new(0.0, 0.0), Point::new(0.1, 0.0), Point::new(0.2, 0.0)] };
        let below = path.nearest(Point::new(0.05, 0.03));
        assert!((below.distance - 0.03).abs() < 1e-12);
        assert!((below.along - 0.25).abs() < 1e-12);
        assert!(below.side > 0.0);
        assert!(path.nearest(Point::new(0.05, -0.03)).side < 0.0);
        assert!((path.nearest(Point::new(0.3, 0.0)).distance - 0.1).abs() < 1e-12);
    }

    #[test]
    fn bounds_hold_the_points() {
        let path = Path { points: vec![Point::new(0.0, 0.1), Point::new(-0.1, 0.3)] };
        let bounds = path.bounds(0.01);
        assert!(path.points.iter().all(|&point| bounds.contains(point)));
        assert!(!bounds.contains(Point::new(0.02, 0.1)));
    }
}
