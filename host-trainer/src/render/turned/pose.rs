//! Where a part lies in the frame, and which way it is turned.

use crate::render::geometry::Point;

/// A place and a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    centre: Point,
    /// Where the part's own x axis points in the frame: a unit vector.
    axis: Point,
}

impl Pose {
    pub(super) fn new(centre: Point, angle: f64) -> Self {
        Self { centre, axis: Point::new(libm::cos(angle), libm::sin(angle)) }
    }

    /// A point of the frame in the part's own coordinates.
    pub(super) fn into_part(self, at: Point) -> Point {
        at.from(self.centre).turned_back(self.axis)
    }

    /// A point of the part in the frame.
    pub(super) fn into_frame(self, at: Point) -> Point {
        let turned = self.turn(at);
        Point::new(self.centre.x + turned.x, self.centre.y + turned.y)
    }

    /// A vector of the part in the frame.
    pub(super) fn turn(self, vector: Point) -> Point {
        vector.turned_back(Point::new(self.axis.x, -self.axis.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn into_part_undoes_into_frame() {
        for step in 0..24 {
            let pose = Pose::new(Point::new(0.1, -0.2), f64::from(step));
            let at = Point::new(0.3, 0.05);
            let back = pose.into_part(pose.into_frame(at));
            assert!(back.from(at).length() < 1e-12);
            let turned = pose.into_frame(at).from(pose.centre).direction() - at.direction();
            assert!(libm::sin(turned - f64::from(step)).abs() < 1e-3);
        }
    }
}
