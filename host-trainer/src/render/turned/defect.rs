//! What can be wrong with a bracket.

/// A kind of defect of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnedDefect {
    /// A piece broken out of the edge.
    Chip,
    /// A hole that was never made, or one that is blocked.
    Hole,
    /// A thin line on the metal.
    Scratch,
    /// A soft dark blob on the metal, or a fibre across it.
    Contamination,
}

impl TurnedDefect {
    /// The name of the kind's folder in a data set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Hole => "hole",
            Self::Scratch => "scratch",
            Self::Contamination => "contamination",
        }
    }
}
