//! Points, angles and the soft steps that shapes are made of.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// A point or a vector, in fractions of the frame's side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The point at this distance and direction from `self`.
    pub(super) fn step(self, distance: f64, direction: f64) -> Self {
        Self::new(self.x + distance * libm::cos(direction), self.y + distance * libm::sin(direction))
    }

    /// The vector from `origin` to `self`.
    pub(super) fn from(self, origin: Self) -> Self {
        Self::new(self.x - origin.x, self.y - origin.y)
    }

    /// The coordinates of the vector on axes of which the first lies along the unit vector `axis`.
    pub(super) fn turned_back(self, axis: Self) -> Self {
        Self::new(self.x * axis.x + self.y * axis.y, self.y * axis.x - self.x * axis.y)
    }

    pub(super) fn length(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }

    /// The direction of the vector in [-pi, pi], to about 1e-4 rad.
    ///
    /// It runs for every pixel, therefore a polynomial (Abramowitz and Stegun 4.4.47) and not `libm::atan2`.
    pub(super) fn direction(self) -> f64 {
        let (ax, ay) = (self.x.abs(), self.y.abs());
        let (small, large) = if ax < ay { (ax, ay) } else { (ay, ax) };
        if large == 0.0 {
            return 0.0;
        }
        let t = small / large;
        let s = t * t;
        let arc = t * (0.999_866 + s * (-0.330_299_5 + s * (0.180_141 + s * (-0.085_133 + s * 0.020_835_1))));
        let arc = if ax < ay { FRAC_PI_2 - arc } else { arc };
        let arc = if self.x < 0.0 { PI - arc } else { arc };
        if self.y < 0.0 { -arc } else { arc }
    }
}

/// The same direction in [-pi, pi), for an angle no more than a few turns away.
pub(super) fn wrap(angle: f64) -> f64 {
    let mut angle = angle;
    while angle < -PI {
        angle += TAU;
    }
    while angle >= PI {
        angle -= TAU;
    }
    angle
}

/// A bell of height 1 over [-1, 1], zero outside, with a continuous slope.
pub(super) fn bell(u: f64) -> f64 {
    let s = 1.0 - u * u;
    if s > 0.0 { s * s } else { 0.0 }
}

/// A soft step from 0 at `low` to 1 at `high`.
pub(super) fn soft_step(low: f64, high: f64, value: f64) -> f64 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The value between `a` (at 0) and `b` (at 1).
pub(super) fn mix(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// A rectangle that holds everything a shape paints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) low: Point,
    pub(super) high: Point,
}

impl Bounds {
    /// The square of this half side around a point.
    pub(super) fn around(centre: Point, half_side: f64) -> Self {
        Self {
            low: Point::new(centre.x - half_side, centre.y - half_side),
            high: Point::new(centre.x + half_side, centre.y + half_side),
        }
    }

    pub(super) fn contains(&self, at: Point) -> bool {
        at.x >= self.low.x && at.x <= self.high.x && at.y >= self.low.y && at.y <= self.high.y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_agrees_with_libm_all_around() {
        for i in 0..720 {
            let angle = -PI + (f64::from(i) + 0.5) * TAU / 720.0;
            let vector = Point::new(0.3 * libm::cos(angle), 0.3 * libm::sin(angle));
            assert!((vector.direction() - angle).abs() < 1e-4, "at {angle}: {}", vector.direction());
        }
        assert_eq!(Point::new(0.0, 0.0).direction(), 0.0);
    }

    #[test]
    fn wrap_keeps_the_direction() {
        assert!((wrap(3.0 * PI / 2.0) + PI / 2.0).abs() < 1e-12);
        assert!((wrap(-3.0 * PI / 2.0) - PI / 2.0).abs() < 1e-12);
        assert_eq!(wrap(0.5), 0.5);
    }

    #[test]
    fn steps_and_bells_meet_their_ends() {
        assert_eq!((soft_step(1.0, 2.0, 0.5), soft_step(1.0, 2.0, 1.5), soft_step(1.0, 2.0, 9.0)), (0.0, 0.5, 1.0));
        assert_eq!((bell(0.0), bell(1.0), bell(-2.0)), (1.0, 0.0, 0.0));
    }
}
