//! An interval of confidence.

use serde::Serialize;

/// From `low` to `high`, both included, in the unit of the figure it belongs to. It does not know its level: the name
/// of the field that holds it says so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Moved by `distance`, and kept within 0 to 1.
    #[must_use]
    pub fn moved(self, distance: f64) -> Self {
        Self { low: (self.low + distance).clamp(0.0, 1.0), high: (self.high + distance).clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stays_a_share() {
        let interval = Interval { low: 0.25, high: 0.75 };
        assert_eq!(interval.moved(-0.125), Interval { low: 0.125, high: 0.625 });
        assert_eq!(interval.moved(0.5), Interval { low: 0.75, high: 1.0 });
        assert_eq!(interval.moved(-0.5), Interval { low: 0.0, high: 0.25 });
    }
}
