//! What can be wrong with a bottle mouth.

/// A kind of defect of a bottle mouth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BottleDefect {
    /// A piece of the rim broken out, with irregular edges.
    Chip,
    /// A thin irregular line across the rim.
    Crack,
    /// A soft blob or a fibre inside the mouth.
    Contamination,
}

impl BottleDefect {
    /// The name of the kind's folder in a data set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Crack => "crack",
            Self::Contamination => "contamination",
        }
    }
}
