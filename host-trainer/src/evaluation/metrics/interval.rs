//! An interval of confidence.

use serde::Serialize;

/// From `low` to `high`, both included, in the unit of the figure it belongs to. It does not know its level: the name of
/// the field that holds it says so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}
