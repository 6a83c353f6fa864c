//! Tests of `preprocess`, beside it.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::image::PixelFormat;
use crate::testing::{gray, sizes};

pub(super) fn resize(region: Option<Region>, input: Size) -> Preprocessing {
    Preprocessing {
        region,
        geometry: Geometry::Resize,
        accepted: AcceptedSizes { min: Size::new(1, 1), max: Size::new(16384, 16384) },
        input,
    }
}

fn run(pixels: &[u8], size: Size, how: &Preprocessing) -> Result<Vec<u8>, PreprocessError> {
    let (content, out) = run_for_content(pixels, size, how)?;
    assert_eq!(content, how.input);
    Ok(out)
}

/// Also gives what `preprocess` says of the content.
pub(super) fn run_for_content(
    pixels: &[u8],
    size: Size,
    how: &Preprocessing,
) -> Result<(Size, Vec<u8>), PreprocessError> {
    let frame = FrameView::new(pixels, size, usize::from(size.width), PixelFormat::Gray8).unwrap();
    let width = usize::from(how.input.width);
    let scratch = ResampleScratch {
        luma: &mut vec![7; usize::from(size.width)],
        sums: &mut vec![7; width],
        accumulators: &mut vec![7; width],
    };
    let mut out = vec![9; how.input.area()];
    Ok((preprocess(&frame, how, scratch, &mut out)?, out))
}

/// The definition, summed over all pixels in 128 bits.
fn by_definition(pixels: &[u8], from: Size, to: Size) -> Vec<u8> {
    let overlap = |source: u32, output: u32, from: u16, to: u16| {
        let (from, to) = (u32::from(from), u32::from(to));
        let begin = (source * to).max(output * from);
        let end = ((source + 1) * to).min((output + 1) * from);
        u128::from(end.saturating_sub(begin))
    };
    gray(to, |u, v| {
        let mut sum = 0;
        for (index, &pixel) in pixels.iter().enumerate() {
            let (x, y) = (index as u32 % u32::from(from.width), index as u32 / u32::from(from.width));
            let weight = overlap(x, u, from.width, to.width) * overlap(y, v, from.height, to.height);
            sum += weight * u128::from(pixel);
        }
        let area = from.area() as u128;
        ((2 * sum + area) / (2 * area)) as u32
    })
}

#[test]
fn halving_by_hand() {
    // Means of 2x2 pixels: 10/4 = 2.5 -> 3 and 17/4 = 4.25 -> 4.
    let pixels = [1, 2, 3, 4, 3, 4, 5, 5];
    assert_eq!(run(&pixels, Size::new(4, 2), &resize(None, Size::new(2, 1))).unwrap(), [3, 4]);
}

#[test]
fn fractions_by_hand() {
    // Three pixels to two: (10 + 40/2) / 1.5 = 20 and (40/2 + 70) / 1.5 = 60.
    assert_eq!(run(&[10, 40, 70], Size::new(3, 1), &resize(None, Size::new(2, 1))).unwrap(), [20, 60]);
    assert_eq!(run(&[10, 40, 70], Size::new(1, 3), &resize(None, Size::new(1, 2))).unwrap(), [20, 60]);
    // Two pixels to three: the middle one lies half in each.
    assert_eq!(run(&[10, 40], Size::new(2, 1), &resize(None, Size::new(3, 1))).unwrap(), [10, 25, 40]);
    // One pixel to four.
    assert_eq!(run(&[9], Size::new(1, 1), &resize(None, Size::new(2, 2))).unwrap(), [9; 4]);
}

#[test]
fn white_stays_white_at_the_longest_sides() {
    let white = vec![255; 1 << 18];
    let (wide, high) = (Size::new(16384, 16), Size::new(16, 16384));
    for (from, to) in [
        (wide, Size::new(1, 1)),
        (high, Size::new(1, 1)),
        (wide, Size::new(16383, 3)),
        (high, Size::new(3, 16383)),
        (Size::new(2, 1), Size::new(16384, 3)),
        (Size::new(1, 2), Size::new(3, 16384)),
    ] {
        let out = run(&white, from, &resize(None, to)).unwrap();
        assert!(out.iter().all(|&pixel| pixel == 255), "{from} to {to}");
    }
}

#[test]
fn sizes_that_are_not_accepted_are_refused() {
    let accepted = AcceptedSizes { min: Size::new(3, 2), max: Size::new(5, 4) };
    let how = Preprocessing { accepted, ..resize(None, Size::new(2, 2)) };
    for size in [Size::new(2, 2), Size::new(3, 1), Size::new(6, 4), Size::new(5, 5)] {
        let error = run(&[0; 64], size, &how).unwrap_err();
        assert_eq!(error, PreprocessError::SizeNotAccepted { found: size, accepted });
    }
    for size in [Size::new(3, 2), Size::new(5, 4), Size::new(3, 4)] {
        assert!(run(&[0; 64], size, &how).is_ok());
    }
}

#[test]
fn short_buffers_are_refused() {
    let frame = FrameView::new(&[0; 20], Size::new(5, 4), 5, PixelFormat::Gray8).unwrap();
    let how = resize(None, Size::new(3, 2));
    let attempt = |luma: usize, sums: usize, accumulators: usize, out: usize| {
        let scratch = ResampleScratch {
            luma: &mut vec![0; luma],
            sums: &mut vec![0; sums],
            accumulators: &mut vec![0; accumulators],
        };
        preprocess(&frame, &how, scratch, &mut vec![0; out])
    };
    assert_eq!(attempt(5, 3, 3, 6), Ok(how.input));
    let short = |buffer, found, needed| Err(PreprocessError::ScratchTooShort { buffer, found, needed });
    assert_eq!(attempt(4, 3, 3, 6), short("luma", 4, 5));
    assert_eq!(attempt(5, 2, 3, 6), short("sums", 2, 3));
    assert_eq!(attempt(5, 3, 2, 6), short("accumulators", 2, 3));
    assert_eq!(attempt(5, 3, 3, 5), Err(PreprocessError::OutputTooShort { found: 5, needed: 6 }));
}

#[test]
fn invalid_preprocessing_is_refused() {
    let valid = resize(Some(Region { x: 0, y: 0, width: 1, height: 1 }), Size::new(2, 2));
    assert_eq!(valid.validate(), Ok(()));
    let input = Size::new(0, 2);
    let empty = ImageError::Empty { found: input };
    assert_eq!(Preprocessing { input, ..valid }.validate(), Err(InvalidPreprocessing::Input(empty)));
    let one = Size::new(1, 1);
    for accepted in [AcceptedSizes { min: input, max: one }, AcceptedSizes { min: one, max: input }] {
        assert_eq!(Preprocessing { accepted, ..valid }.validate(), Err(InvalidPreprocessing::Accepted(empty)));
    }
    let (min, max) = (Size::new(3, 2), Size::new(2, 3));
    let accepted = AcceptedSizes { min, max };
    assert_eq!(Preprocessing { accepted, ..valid }.validate(), Err(InvalidPreprocessing::AcceptedOrder { min, max }));
    let region = Region { x: 1, y: 0, width: 1, height: 1 };
    assert_eq!(
        Preprocessing { region: Some(region), ..valid }.validate(),
        Err(InvalidPreprocessing::RegionOutside { region, min: one })
    );
    let scaled = |numerator, denominator| {
        let geometry = Geometry::FixedScale(Scale { numerator, denominator });
        Preprocessing { geometry, ..valid }.validate()
    };
    assert_eq!(scaled(1, 1), Ok(()));
    assert_eq!(scaled(u16::MAX, 1), Ok(()));
    for (numerator, denominator) in [(0, 1), (1, 0), (0, 0)] {
        let expected = Err(InvalidPreprocessing::Scale { numerator, denominator });
        assert_eq!(scaled(numerator, denominator), expected);
    }
}

proptest! {
    #[test]
    fn agrees_with_the_definition(
        (from, pixels) in sizes(1..=17)
            .prop_flat_map(|size| (Just(size), proptest::collection::vec(any::<u8>(), size.area()))),
        to in sizes(1..=17),
    ) {
        prop_assert_eq!(run(&pixels, from, &resize(None, to)).unwrap(), by_definition(&pixels, from, to));
    }

    #[test]
    fn a_constant_stays_constant(from in sizes(1..=300), to in sizes(1..=40), value in any::<u8>()) {
        let out = run(&vec![value; from.area()], from, &resize(None, to)).unwrap();
        prop_assert!(out.iter().all(|&pixel| pixel == value));
    }

    #[test]
    fn the_own_size_changes_nothing(
        (size, pixels) in sizes(1..=40)
            .prop_flat_map(|size| (Just(size), proptest::collection::vec(any::<u8>(), size.area()))),
    ) {
        prop_assert_eq!(run(&pixels, size, &resize(None, size)).unwrap(), pixels);
    }

    #[test]
    fn a_region_is_a_crop(
        x in 0_u16..10, y in 0_u16..10, width in 1_u16..10, height in 1_u16..10, to in sizes(1..=9), seed in any::<u8>(),
    ) {
        let frame = Size::new(20, 20);
        let pixel = |x: u32, y: u32| (x * 89) ^ (y * 53 + u32::from(seed));
        let region = Region { x, y, width, height };
        let how = Preprocessing {
            accepted: AcceptedSizes { min: frame, max: frame },
            ..resize(Some(region), to)
        };
        let cropped = gray(region.size(), |u, v| pixel(u + u32::from(x), v + u32::from(y)));
        prop_assert_eq!(
            run(&gray(frame, pixel), frame, &how).unwrap(),
            run(&cropped, region.size(), &resize(None, to)).unwrap()
        );
    }
}
