//! What can be wrong with a surface.

/// A kind of defect of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SurfaceDefect {
    /// A long thin line across the grain.
    Scratch,
    /// A small dark hole.
    Pit,
    /// A large faint patch.
    Stain,
}

impl SurfaceDefect {
    /// The name of the kind's folder in a data set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Pit => "pit",
            Self::Stain => "stain",
        }
    }
}
