//! The kinds of part that can be rendered, and the kinds of defect of each.

use super::bottle::BottleDefect;
use super::surface::{self, SurfaceDefect};
use super::turned::TurnedDefect;

/// A kind of part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum PartKind {
    /// A bottle mouth from above, always in the same place
    #[default]
    Bottle,
    /// Ground metal without any fixed structure, half as wide again as high
    Surface,
    /// A bracket with holes, lying at any angle on a belt
    Turned,
}

impl PartKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Bottle, Self::Surface, Self::Turned];

    /// The name on the command line and in a data set's note.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bottle => "bottle",
            Self::Surface => "surface",
            Self::Turned => "turned",
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
        const TURNED: [DefectKind; 4] = [
            DefectKind::Turned(TurnedDefect::Chip),
            DefectKind::Turned(TurnedDefect::Hole),
            DefectKind::Turned(TurnedDefect::Scratch),
            DefectKind::Turned(TurnedDefect::Contamination),
        ];
        match self {
            Self::Bottle => &BOTTLE,
            Self::Surface => &SURFACE,
            Self::Turned => &TURNED,
        }
    }

    /// Width and height of a frame, px, for a height of `size`.
    pub const fn frame(self, size: u16) -> (u32, u32) {
        let height = size as u32;
        match self {
            Self::Bottle | Self::Turned => (height, height),
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
    /// Of a turned bracket.
    Turned(TurnedDefect),
}

impl DefectKind {
    /// The kind of part that has such defects.
    pub const fn part(self) -> PartKind {
        match self {
            Self::Bottle(_) => PartKind::Bottle,
            Self::Surface(_) => PartKind::Surface,
            Self::Turned(_) => PartKind::Turned,
        }
    }

    /// The name of the kind's folder in a data set. Two kinds of part may have defects of the same name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bottle(kind) => kind.name(),
            Self::Surface(kind) => kind.name(),
            Self::Turned(kind) => kind.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_part_has_a_name_and_defects_of_its_own() {
        let names: HashSet<&str> = PartKind::ALL.iter().map(|part| part.name()).collect();
        assert_eq!(names.len(), PartKind::ALL.len());
        for part in PartKind::ALL {
            let folders: HashSet<&str> = part.defects().iter().map(|kind| kind.name()).collect();
            assert!(!folders.contains("good"));
            assert_eq!(folders.len(), part.defects().len(), "{}", part.name());
            assert!(part.defects().iter().all(|kind| kind.part() == part));
        }
    }

    #[test]
    fn the_names_are_those_of_the_command_line() {
        for part in PartKind::ALL {
            assert_eq!(<PartKind as clap::ValueEnum>::from_str(part.name(), false), Ok(part));
        }
    }

    #[test]
    fn surfaces_are_half_as_wide_again_as_high() {
        assert_eq!(PartKind::Surface.frame(256), (384, 256));
        assert_eq!(PartKind::Surface.frame(u16::MAX), (98_302, 65_535));
        assert_eq!(PartKind::Turned.frame(256), (256, 256));
    }
}
