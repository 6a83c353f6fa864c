//! How photographs become the network's input: whole, or at a fixed scale, and how large. From the sizes of the good
//! images and small versions of some of them; no image is opened here.
//!
//! Sides are in pixels. All is integer arithmetic but the alignment, and does not depend on the order of the images.

use std::cmp::Reverse;

use serde::Serialize;
use shared::image::{MAX_SIDE, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing, Scale};

use super::alignment::alignment;
use super::resolution::Resolution;
use super::survey::Survey;

/// Every side of an input is a multiple of this: the network halves its input four times.
const STEP: u16 = 16;
/// An input for whole frames has at most one part in so many more or fewer pixels than its resolution squared.
const WHOLE_AREA_SLACK: usize = 10;
/// An input for whole frames is no longer than 4:1: its sides are from one part in so many of its resolution to as many
/// times as much.
const WHOLE_SIDES: u16 = 2;
/// At a fixed scale: what the median shorter side of the frames becomes at most, in resolutions.
const TILES_SHORTER_SIDE: u16 = 2;
/// At a fixed scale: the side of the square with the most pixels that an input has, in resolutions.
const TILES_SIDE: u16 = 4;
/// At a fixed scale: the shortest side of an input, since training takes windows of this side.
const TILES_LEAST_SIDE: u16 = 128;
/// From this alignment on the images show the part in one place: the middle of the widest gap that was measured. Bottles,
/// photographed and rendered, have 0.992 and more (no single one less than 0.98); shifted by up to an eighth, 0.79; magnetic
/// tiles 0.58, turned brackets 0.53, ground surfaces 0.01.
pub const ALIGNED: f64 = 0.88;
/// Sizes vary if the greatest side exceeds the least by more than one part in so many.
const SIZES_VARY: u32 = 10;
/// Where the frame sizes of a data set differ, sizes this much smaller or larger are accepted too: one part in four.
const SIZE_SLACK: u32 = 4;
/// The side of the smallest defect that a station sees, in pixels of the input: a rule of thumb.
const SMALLEST_DEFECT: u32 = 4;

/// How photographs become the network's input, as far as the user has a say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum GeometryChoice {
    /// Tiles if the photographs differ in size or show no part in one place, else whole
    #[default]
    Auto,
    /// The whole photograph, resampled to few pixels: for a part that always lies in the same place
    Whole,
    /// One scale for all photographs, small enough to see details: for textures, and parts in any place
    Tiles,
}

/// The geometry that was chosen, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChosenGeometry {
    /// What was asked for.
    pub asked: GeometryChoice,
    /// How a frame becomes the input.
    pub geometry: Geometry,
    /// The size of the network's input.
    pub input: Size,
    /// The mean correlation of an image with the mean of the others, if it was asked for.
    pub alignment: Option<f64>,
    /// Why, in a sentence for the user, without a full stop.
    pub reason: String,
    /// The smallest defect that a station sees in a frame of median size, in pixels of the frame: 4x4 of the input. A rule
    /// of thumb.
    pub smallest_defect: Size,
}

impl GeometryChoice {
    /// Whether [`choose`](Self::choose) looks at small versions of the images.
    pub fn needs_thumbnails(self) -> bool {
        self == Self::Auto
    }

    /// Chooses for these images, for an input of `resolution`. Without any, as for square ones. A network for inputs of
    /// `only` one size sees whole photographs, unless tiles were asked for.
    pub fn choose(self, survey: &Survey, resolution: Resolution, only: Option<Size>) -> ChosenGeometry {
        let aligned = if self.needs_thumbnails() { alignment(&survey.thumbnails) } else { None };
        let (tiles, why) = match (self, sizes_vary(&survey.frames), aligned) {
            (Self::Whole, ..) => (false, "as asked for".to_owned()),
            (Self::Tiles, ..) => (true, "as asked for".to_owned()),
            (Self::Auto, ..) if only.is_some() => (false, "the network is for inputs of one size".to_owned()),
            (Self::Auto, Some([least, greatest]), _) => {
                (true, format!("the photographs differ in size, from {least} to {greatest} pixels"))
            }
            (Self::Auto, None, Some(found)) if found < ALIGNED => (
                true,
                format!("the photographs do not show one part in one place (alignment {found:.2}, below {ALIGNED})"),
            ),
            (Self::Auto, None, Some(found)) => (
                false,
                format!("the photographs show one part in one place (alignment {found:.2}, at least {ALIGNED})"),
            ),
            (Self::Auto, None, None) => (false, "too few photographs to compare their places".to_owned()),
        };
        let (geometry, input) = match only {
            _ if tiles => at_a_scale(&survey.frames, resolution),
            Some(only) => (Geometry::Resize, only),
            None => whole(&survey.frames, resolution),
        };
        let how = match geometry {
            Geometry::Resize => format!("whole photographs, resampled to {input} pixels"),
            Geometry::FixedScale(scale) => format!(
                "tiles: photographs scaled by {}/{} in an input of {input} pixels",
                scale.numerator, scale.denominator
            ),
        };
        let median = median_frame(&survey.frames);
        let content =
            Preprocessing { region: None, geometry, accepted: accepted_sizes(geometry, &survey.frames), input }
                .content(median);
        let seen = |frame: u16, content: u16| (SMALLEST_DEFECT * u32::from(frame)).div_ceil(content.into());
        let smallest_defect = Size::new(
            seen(median.width, content.width).min(MAX_SIDE.into()) as u16,
            seen(median.height, content.height).min(MAX_SIDE.into()) as u16,
        );
        ChosenGeometry {
            asked: self,
            geometry,
            input,
            alignment: aligned,
            reason: format!("{how}: {why}"),
            smallest_defect,
        }
    }
}

impl ChosenGeometry {
    /// What a run is told apart by: `resize to 128x128`, `scale 1/2 in 256x256`.
    pub fn name(&self) -> String {
        match self.geometry {
            Geometry::Resize => format!("resize to {}", self.input),
            Geometry::FixedScale(scale) => format!("scale {}/{} in {}", scale.numerator, scale.denominator, self.input),
        }
    }

    /// What a person should know of small defects.
    pub fn limit(&self) -> String {
        format!(
            "the smallest defect that can be seen is about {} pixels of a photograph (rule of thumb: 4x4 of the input)",
            self.smallest_defect
        )
    }
}

/// The frame sizes that the station will accept: the one size of all images, since a frame of another size comes from
/// another camera or mode. Or else the range they span, a quarter wider at both ends; at a fixed scale from half the least to
/// twice the greatest, where a frame that is too large is scaled to fit.
pub fn accepted_sizes(geometry: Geometry, frames: &[Size]) -> AcceptedSizes {
    let range = |side: fn(&Size) -> u16| {
        let sides = || frames.iter().map(side);
        (sides().min().unwrap_or(1), sides().max().unwrap_or(1))
    };
    let ((min_width, max_width), (min_height, max_height)) = (range(|s| s.width), range(|s| s.height));
    let (min, max) = (Size::new(min_width, min_height), Size::new(max_width, max_height));
    type Side = fn(u32) -> u32;
    let (smaller, larger): (Side, Side) = match geometry {
        _ if min == max => return AcceptedSizes { min, max },
        Geometry::Resize => (|side| side - side / SIZE_SLACK, |side| side + side / SIZE_SLACK),
        Geometry::FixedScale(_) => (|side| side / 2, |side| 2 * side),
    };
    let each = |size: Size, of: fn(u32) -> u32| {
        let side = |side: u16| of(side.into()).clamp(1, MAX_SIDE.into()) as u16;
        Size::new(side(size.width), side(size.height))
    };
    AcceptedSizes { min: each(min, smaller), max: each(max, larger) }
}

/// The least and the greatest of each side, if they differ by much.
fn sizes_vary(frames: &[Size]) -> Option<[Size; 2]> {
    let side = |side: fn(&Size) -> u16| Some((frames.iter().map(side).min()?, frames.iter().map(side).max()?));
    let (width, height) = (side(|size| size.width)?, side(|size| size.height)?);
    let varies = |(least, greatest): (u16, u16)| u32::from(greatest) * SIZES_VARY > u32::from(least) * (SIZES_VARY + 1);
    (varies(width) || varies(height)).then(|| [Size::new(width.0, height.0), Size::new(width.1, height.1)])
}

/// The upper median; `None` of nothing.
fn median<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let middle = values.len() / 2;
    values.into_iter().nth(middle)
}

/// The median of each side; one pixel for no frames.
fn median_frame(frames: &[Size]) -> Size {
    let side = |side: fn(&Size) -> u16| median(frames.iter().map(side)).unwrap_or(1);
    Size::new(side(|size| size.width), side(|size| size.height))
}

/// `width / height` of `a` over that of `b`, as numerator and denominator of at most 2^28.
fn shape_over(a: Size, b: Size) -> (u64, u64) {
    let product = |width: u16, height: u16| u64::from(width) * u64::from(height);
    (product(a.width, b.height), product(b.width, a.height))
}

/// The input with about as many pixels as a square of `resolution` whose shape is nearest to the median shape of the frames.
fn whole(frames: &[Size], resolution: Resolution) -> (Geometry, Size) {
    let side = resolution.pixels();
    let area = usize::from(side) * usize::from(side);
    let mut shapes = frames.to_vec();
    shapes.sort_unstable_by(|&a, &b| {
        let (numerator, denominator) = shape_over(a, b);
        numerator.cmp(&denominator)
    });
    let shape = shapes.get(shapes.len() / 2).copied().unwrap_or(Size::new(1, 1));
    let sides = || ((side / WHOLE_SIDES).next_multiple_of(STEP)..=side * WHOLE_SIDES).step_by(STEP.into());
    let candidates = sides().flat_map(|width| sides().map(move |height| Size::new(width, height)));
    let off_by = |size: &Size| size.area().abs_diff(area);
    let near = candidates.filter(|size| off_by(size) * WHOLE_AREA_SLACK <= area);
    // The factor by which the shape is off, at least 1, as a fraction that is compared by cross-multiplication.
    let distortion = |size: Size| {
        let (a, b) = shape_over(size, shape);
        (a.max(b), a.min(b))
    };
    let better = |a: &Size, b: &Size| {
        let ((an, ad), (bn, bd)) = (distortion(*a), distortion(*b));
        (an * bd).cmp(&(bn * ad)).then_with(|| (off_by(a), Reverse(a.width)).cmp(&(off_by(b), Reverse(b.width))))
    };
    (Geometry::Resize, near.min_by(better).unwrap_or(Size::new(side, side)))
}

/// The scale that makes the median shorter side [`TILES_SHORTER_SIDE`] resolutions, or keeps it; less if the median frame
/// would exceed a square of [`TILES_SIDE`]. The input holds the largest frame at this scale, as far as that allows.
fn at_a_scale(frames: &[Size], resolution: Resolution) -> (Geometry, Size) {
    let default = TILES_SHORTER_SIDE * resolution.pixels();
    let area = usize::from(TILES_SIDE * resolution.pixels()).pow(2);
    let shorter = median(frames.iter().map(|size| size.shorter_side())).unwrap_or(default);
    let longer = median(frames.iter().map(|size| size.width.max(size.height))).unwrap_or(default).max(1);
    // (t longer / shorter) t <= area
    let within_area = (area * usize::from(shorter) / usize::from(longer)).isqrt();
    let target = usize::from(shorter.min(default)).min(within_area).max(1) as u16;
    let scale = Scale { numerator: target, denominator: shorter.max(1) };

    let scaled = |side: u16| {
        let (numerator, denominator) = (u32::from(scale.numerator), u32::from(scale.denominator));
        ((2 * u32::from(side) * numerator + denominator) / (2 * denominator)) as usize
    };
    let side = |side: fn(&Size) -> u16| {
        let greatest = scaled(frames.iter().map(side).max().unwrap_or(default));
        greatest.next_multiple_of(STEP.into()).clamp(TILES_LEAST_SIDE.into(), MAX_SIDE.into())
    };
    let (mut width, mut height) = (side(|size| size.width), side(|size| size.height));
    if width * height > area {
        let below = |side: usize| (side - side % usize::from(STEP)).max(TILES_LEAST_SIDE.into());
        width = below((area * width / height).isqrt()).min(width);
        height = below(area / width).min(height);
        width = below(area / height).min(width);
    }
    (Geometry::FixedScale(scale), Size::new(width as u16, height as u16))
}

#[cfg(test)]
mod tests;
