//! The kinds of defect, and what a defect does to a point of the frame.

use super::chip::Chip;
use super::contamination::{Blob, Fibre};
use super::crack::Crack;
use super::geometry::{Bounds, Point};
use super::part::Part;
use super::random::Source;

/// A kind of defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefectKind {
    /// A piece of the rim broken out, with irregular edges.
    Chip,
    /// A thin irregular line across the rim.
    Crack,
    /// A soft blob or a fibre inside the mouth.
    Contamination,
}

impl DefectKind {
    /// Every kind, in the order in which data sets list them.
    pub const ALL: [Self; 3] = [Self::Chip, Self::Crack, Self::Contamination];

    /// The name of the kind's folder in a data set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Crack => "crack",
            Self::Contamination => "contamination",
        }
    }
}

/// A defect on one part.
pub(super) trait Defect {
    /// Everything the defect touches lies within.
    fn bounds(&self) -> Bounds;

    /// How much of the point belongs to the defect, 0 to 1, and the brightness there. `clean` is the brightness
    /// without the defect.
    fn paint(&self, at: Point, clean: f64) -> (f64, f64);
}

/// Draws a defect of this kind for a part. Contamination is a blob on even indices and a fibre on odd ones, so that a
/// small set holds both. `pixel` is the side of a pixel: edges are one pixel soft, and nothing is drawn thinner.
pub(super) fn draw(source: &mut Source, kind: DefectKind, index: u64, part: &Part, pixel: f64) -> Box<dyn Defect> {
    match kind {
        DefectKind::Chip => Box::new(Chip::draw(source, part, pixel)),
        DefectKind::Crack => Box::new(Crack::draw(source, part, pixel)),
        DefectKind::Contamination if index.is_multiple_of(2) => Box::new(Blob::draw(source, part, pixel)),
        DefectKind::Contamination => Box::new(Fibre::draw(source, part, pixel)),
    }
}
