//! Synthetic defects on an 8-bit gray image: scratches, pits with a bright rim, missing material, dents and spots.
//!
//! A defect changes pixels inside a square of its size (its largest extent, in pixels), the most changed one by its
//! contrast (gray levels). Scratches, pits and spots are added to what is there; missing material and dents are made
//! of what is there, and cannot be had where it is too uniform. It does not know the model, and shares nothing with the
//! corruption that the model is trained against.

use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use shared::difference::Mask;
use shared::image::{Region, Size};

use super::shape;
use crate::random::{below, uniform};

/// Further centres that are drawn for a defect on a pixel that counts.
const CENTRES: usize = 64;

/// Places that are tried for a defect that is made of what is there.
const PLACES: usize = 8;

/// The kinds that are added to what is there.
const ADDED: [Kind; 3] = [Kind::Scratch, Kind::Pit, Kind::Spot];

/// What a defect looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A straight or bent line of 1 to 3 pixels' width, bright or dark, soft across.
    Scratch,
    /// A dark hole with a bright rim.
    Pit,
    /// A piece in the gray of its surroundings.
    MissingMaterial,
    /// A place at which the surface is displaced.
    Dent,
    /// A bright or dark spot with a Gaussian profile.
    Spot,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Scratch, Self::Pit, Self::MissingMaterial, Self::Dent, Self::Spot];
}

/// What a defect is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What it looks like.
    pub kind: Kind,
    /// Its largest extent, at least 2 and at most half of the shorter side of where it may be.
    pub size: u16,
    /// The largest change of a pixel in gray levels, 1 to 127.
    pub contrast: u8,
}

/// An image that may be damaged: packed, as wide as `width`, of which `content` at the top left shows the frame.
#[derive(Clone, Copy, Debug)]
pub struct Canvas<'a> {
    /// The pixels.
    pub pixels: &'a [u8],
    /// Pixels of a row.
    pub width: usize,
    /// Where defects may be.
    pub content: Size,
    /// Which pixels count.
    pub mask: Option<Mask<&'a [u8]>>,
}

/// Puts `defect` into the image, its centre inside `place` as far as its square then lies within the content. Gives the
/// image with the kind of the defect that could be had: one that is added where one made of what is there could not.
pub fn damaged(canvas: Canvas<'_>, defect: Defect, place: Region, rng: &mut ChaCha8Rng) -> (Vec<u8>, Kind) {
    let Defect { kind, size, contrast } = defect;
    let (n, contrast) = (usize::from(size), f64::from(contrast));
    for _ in 0..PLACES {
        let square = square(canvas, size, place, rng);
        let change = match kind {
            Kind::Scratch => Some(shape::scratch(n, rng)),
            Kind::Pit => Some(shape::pit(n)),
            Kind::Spot => Some(shape::spot(n)),
            Kind::MissingMaterial => shape::missing(canvas, square, rng),
            Kind::Dent => Some(shape::dent(canvas, square, rng)),
        };
        let made_of_what_is_there = !ADDED.contains(&kind);
        let Some(change) = change.and_then(|change| scaled(change, contrast, made_of_what_is_there)) else { continue };
        // Bright or dark by chance; a pit is dark, and the other two are what they are.
        let sign = if matches!(kind, Kind::Scratch | Kind::Spot) && uniform(rng) < 0.5 { -1.0 } else { 1.0 };
        return (added(canvas, square, &change, sign, !made_of_what_is_there), kind);
    }
    // Nothing to be made of here; one of the others always can.
    let kind = ADDED[below(rng, ADDED.len())];
    damaged(canvas, Defect { kind, ..defect }, place, rng)
}

/// `change` with a largest magnitude of `contrast`. `None` if it has none, or may only be made less and is too small.
fn scaled(mut change: Vec<f64>, contrast: f64, only_less: bool) -> Option<Vec<f64>> {
    let largest = change.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest <= 0.0 || (only_less && largest < contrast) {
        return None;
    }
    change.iter_mut().for_each(|value| *value *= contrast / largest);
    Some(change)
}

/// A square of `size` inside the content, with its centre in `place`, and on a pixel that counts by half at least, where
/// that is possible.
fn square(canvas: Canvas<'_>, size: u16, place: Region, rng: &mut ChaCha8Rng) -> Region {
    let content = canvas.content;
    let mut start = |from: u16, length: u16, whole: u16| {
        let centre = usize::from(from) + below(rng, usize::from(length));
        centre.saturating_sub(usize::from(size / 2)).min(usize::from(whole.saturating_sub(size))) as u16
    };
    let mut square = || Region {
        x: start(place.x, place.width, content.width),
        y: start(place.y, place.height, content.height),
        width: size,
        height: size,
    };
    let counts = |square: &Region| canvas.mask.is_none_or(|mask| mask.counts(square.x + size / 2, square.y + size / 2));
    let first = square();
    let others = std::iter::repeat_with(square).take(CENTRES);
    std::iter::once(first).chain(others).find(counts).unwrap_or(first)
}

/// The image with `sign` times `change` added in the square; with the other sign if black and white leave more of it
/// then, and `may_turn`. One of both leaves the most changed pixel its whole change.
fn added(canvas: Canvas<'_>, square: Region, change: &[f64], sign: f64, may_turn: bool) -> Vec<u8> {
    let with = |sign: f64| {
        let mut image = canvas.pixels.to_vec();
        let (mut largest, mut sum) = (0, 0);
        let rows = image.chunks_exact_mut(canvas.width).skip(square.y.into());
        for (row, change) in rows.zip(change.chunks_exact(square.width.into())) {
            for (pixel, &change) in row[square.x.into()..].iter_mut().zip(change) {
                let new = (f64::from(*pixel) + (sign * change).round()).clamp(0.0, 255.0) as u8;
                largest = largest.max(new.abs_diff(*pixel));
                sum += u32::from(new.abs_diff(*pixel));
                *pixel = new;
            }
        }
        (image, (largest, sum))
    };
    let asked: u32 = change.iter().map(|change| change.abs().round() as u32).sum();
    let (image, shown) = with(sign);
    if shown.1 == asked || !may_turn {
        return image;
    }
    let (turned, turned_shown) = with(-sign);
    if turned_shown > shown { turned } else { image }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const SIZE: Size = Size { width: 64, height: 56 };

    #[test]
    fn defects_lie_where_the_mask_counts_as_far_as_there_is_such_a_place() {
        let pixels = vec![128; SIZE.area()];
        let weights = (0..SIZE.area()).map(|index| if index % 64 < 40 { 127 } else { 128 });
        let bytes: Vec<u8> = Mask::<&[u8]>::encode(SIZE, weights).collect();
        let mask = Some(Mask::read(&bytes[..]).unwrap());
        let canvas = Canvas { pixels: &pixels, width: 64, content: SIZE, mask };
        let centre = |place: Region, seed: u64| {
            let square = square(canvas, 8, place, &mut ChaCha8Rng::seed_from_u64(seed));
            square.x + square.width / 2
        };
        let (anywhere, masked) = (Region::whole(SIZE), Region { x: 4, y: 4, width: 20, height: 20 });
        assert!((0..200).all(|seed| centre(anywhere, seed) >= 40));
        assert!((0..200).all(|seed| (4..24).contains(&centre(masked, seed))));
    }

    /// Stripes and blocks, so that there is something to displace and to lose.
    fn textured() -> Vec<u8> {
        (0..SIZE.area())
            .map(|i| (i % 64, i / 64))
            .map(|(x, y)| if (x / 5 + y / 7) % 2 == 0 { 40 } else { 210 })
            .collect()
    }

    fn put(pixels: &[u8], defect: Defect, place: Region, seed: u64) -> (Vec<u8>, Kind) {
        let canvas = Canvas { pixels, width: 64, content: SIZE, mask: None };
        damaged(canvas, defect, place, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    proptest! {
        #[test]
        fn a_defect_has_its_size_and_its_contrast(
            kind in prop::sample::select(&Kind::ALL[..]),
            size in 2_u16..24, contrast in 4_u8..=80, seed in any::<u64>(), flat in any::<bool>(), level in 80_u8..=175,
        ) {
            let pixels = if flat { vec![level; SIZE.area()] } else { textured() };
            let (image, found) = put(&pixels, Defect { kind, size, contrast }, Region::whole(SIZE), seed);
            let changed: Vec<(usize, usize, u8)> = (0..SIZE.area())
                .map(|i| (i % 64, i / 64, image[i].abs_diff(pixels[i])))
                .filter(|&(_, _, change)| change > 0)
                .collect();
            let extent = |of: fn(&(usize, usize, u8)) -> usize| {
                let (least, most) = (changed.iter().map(of).min(), changed.iter().map(of).max());
                most.zip(least).map_or(0, |(most, least)| most - least + 1)
            };
            let largest = changed.iter().map(|&(_, _, change)| change).max().unwrap_or(0);
            prop_assert!(extent(|c| c.0) <= size.into() && extent(|c| c.1) <= size.into(), "{changed:?}");
            prop_assert_eq!(largest, contrast, "{:?}", found);
            let instead = (flat || size < 6) && ADDED.contains(&found) && !ADDED.contains(&kind);
            prop_assert!(found == kind || instead, "{:?} for {:?}", found, kind);
        }

        #[test]
        fn any_image_can_be_damaged(
            pixels in prop::collection::vec(any::<u8>(), 64 * 20),
            kind in prop::sample::select(&Kind::ALL[..]), size in 2_u16..=8, seed in any::<u64>(),
        ) {
            let content = Size::new(16, 18);
            let canvas = Canvas { pixels: &pixels, width: 64, content, mask: None };
            let defect = Defect { kind, size, contrast: 80 };
            let place = Region { x: 12, y: 15, width: 4, height: 3 };
            let (image, _) = damaged(canvas, defect, place, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_ne!(&image, &pixels);
            let outside = (0..pixels.len()).find(|i| (i % 64 >= 16 || i / 64 >= 18) && image[*i] != pixels[*i]);
            prop_assert_eq!(outside, None);
        }
    }

    #[test]
    fn each_kind_looks_like_what_it_is() {
        let gray = vec![128; SIZE.area()];
        let place = Region { x: 30, y: 30, width: 1, height: 1 };
        let (pit, _) = put(&gray, Defect { kind: Kind::Pit, size: 11, contrast: 80 }, place, 1);
        let row = &pit[30 * 64 + 25..][..11];
        assert!(row[5] == 48 && row.iter().any(|&pixel| pixel > 160), "{row:?}");
        let (spot, _) = put(&gray, Defect { kind: Kind::Spot, size: 11, contrast: 80 }, place, 1);
        let row = &spot[30 * 64 + 25..][..11];
        assert!(row[5].abs_diff(128) == 80 && row[5].abs_diff(128) > row[3].abs_diff(128), "{row:?}");
        let changed = |kind| {
            let (image, _) = put(&gray, Defect { kind, size: 21, contrast: 80 }, place, 1);
            image.iter().filter(|&&pixel| pixel != 128).count()
        };
        assert!(changed(Kind::Scratch) < changed(Kind::Spot) / 2);
        // On a flat surface nothing can be missing.
        let missing = Defect { kind: Kind::MissingMaterial, size: 11, contrast: 80 };
        assert!(ADDED.contains(&put(&gray, missing, place, 1).1));
        let (image, kind) = put(&textured(), missing, Region::whole(SIZE), 1);
        assert!(kind == Kind::MissingMaterial && image != textured());
    }
}
