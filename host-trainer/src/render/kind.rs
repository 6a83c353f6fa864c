//! The kinds of part that can be rendered, and the kinds of defect of each.

use super::bottle::BottleDefect;
use super::surface::{self, SurfaceDefect};

/// A kind of part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum PartKind {
    /// A bottle mouth from above, always in the same place
    #[default]
    Bottle,
    /// Ground metal without any fixed structure, half as wide again as high
    Surface,
}

impl PartKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Bottle, Self::Surface];

    /// The name on the command line and in a data set's note.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bottle => "bottle",
            Self::Surface => "surface",
        }
    }

    /// What can be wrong with such a part, in the order in which data sets list it.
    pub const fn defects(self) -> &'static [DefectKind] {
        const BOTTLE: [DefectKind; 3] = [
            DefectKind::Bottle(BottleDefect::Chip),
            DefectKind::Bottle(BottleDefect::Crack),
            DefectKind::Bottle(BottleDefect::Contamination),
        ];
        const SURFACE: [DefectKind; 3] = [
            DefectKind::Surface(SurfaceDefect::Scratch),
            DefectKind::Surface(SurfaceDefect::Pit),
            DefectKind::Surface(SurfaceDefect::Stain),
        ];
        match self {
            Self::Bottle => &BOTTLE,
            Self::Surface => &SURFACE,
        }
    }

    /// Width and height of a frame, px, for a height of `size`.
    pub const fn frame(self, size: u16) -> (u32, u32) {
        let height = size as u32;
        match self {
            Self::Bottle => (height, height),
            Self::Surface => (height * surface::ASPECT.0 / surface::ASPECT.1, height),
        }
    }
}

/// A kind of defect, and with it the kind of part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefectKind {
    /// Of a bottle mouth.
    Bottle(BottleDefect),
    /// Of a surface.
    Surface(SurfaceDefect),
}

impl DefectKind {
    /// The kind of part that has such defects.
    pub const fn part(self) -> PartKind {
        match self {
            Self::Bottle(_) => PartKind::Bottle,
            Self::Surface(_) => PartKind::Surface,
        }
    }

    /// The name of the kind's folder in a data set. Two kinds of part may have defects of the same name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bottle(kind) => kind.name(),
            Self::Surface(kind) => kind.name(),
        }
    }
}
