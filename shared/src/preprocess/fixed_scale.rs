//! One factor for both axes: how large a region becomes in the model's input, and the mirror image that fills the rest.
//!
//! With the scale `n / d`, a side of `x` pixels becomes `max(1, floor(x n / d + 1/2))`. If that is more than the input
//! `W x H` on either axis, the factor is instead the greatest that fits, `min(W / w, H / h)` for a region of `w x h`: the
//! axis that decides fills the input, the other side is rounded as above. Sides are at most 2^14 and `n`, `d` below 2^16,
//! so that every product is below 2^30 and no side that fits exceeds the input by rounding:
//! `h W / w <= H` and `H` is an integer.
//!
//! It does not know pixels' values beyond copying them.

use super::config::Scale;
use crate::fixed_point::divide_rounded;
use crate::image::Size;

impl Scale {
    /// What `region` pixels become in an input of `input` pixels.
    pub(super) fn content(self, region: Size, input: Size) -> Size {
        let width = scaled(region.width, self.numerator, self.denominator);
        let height = scaled(region.height, self.numerator, self.denominator);
        if width <= u64::from(input.width) && height <= u64::from(input.height) {
            return Size::new(width as u16, height as u16);
        }
        let wide =
            u32::from(input.width) * u32::from(region.height) <= u32::from(input.height) * u32::from(region.width);
        if wide {
            Size::new(input.width, scaled(region.height, input.width, region.width) as u16)
        } else {
            Size::new(scaled(region.width, input.height, region.height) as u16, input.height)
        }
    }
}

/// `side * numerator / denominator`, rounded half up, at least 1.
fn scaled(side: u16, numerator: u16, denominator: u16) -> u64 {
    divide_rounded(u64::from(side) * u64::from(numerator), denominator.into()).max(1)
}

/// Fills what lies beyond the picture of `content` pixels at the top left of `canvas` (rows of `width` pixels) with
/// its reflections, again and again: the edge pixel is repeated, then the one before it. Along an axis with a picture of
/// `c` pixels, pixel `i` takes the value of pixel `i mod 2c` if that is below `c`, else of `2c - 1 - i mod 2c`.
pub(super) fn mirror(canvas: &mut [u8], width: usize, content: Size) {
    let (columns, rows) = (usize::from(content.width), usize::from(content.height));
    for row in canvas.chunks_exact_mut(width).take(rows) {
        for x in columns..width {
            row[x] = row[reflected(x, columns)];
        }
    }
    for y in rows..canvas.len() / width {
        let from = reflected(y, rows) * width;
        canvas.copy_within(from..from + width, y * width);
    }
}

/// An earlier index with the value of `index`, which lies beyond the `length` pixels of the picture.
const fn reflected(index: usize, length: usize) -> usize {
    if index < 2 * length { 2 * length - 1 - index } else { index - 2 * length }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::super::tests::{resize, run_for_content};
    use super::super::{AcceptedSizes, Geometry, Preprocessing};
    use super::*;
    use crate::image::Region;
    use crate::testing::{gray, sizes};

    fn at(numerator: u16, denominator: u16, region: Option<Region>, input: Size) -> Preprocessing {
        Preprocessing { geometry: Geometry::FixedScale(Scale { numerator, denominator }), ..resize(region, input) }
    }

    fn content(numerator: u16, denominator: u16, region: (u16, u16), input: (u16, u16)) -> (u16, u16) {
        let size = |(width, height)| Size::new(width, height);
        let found = Scale { numerator, denominator }.content(size(region), size(input));
        (found.width, found.height)
    }

    #[test]
    fn sides_by_hand() {
        // 5/2 = 2.5 -> 3, 4/2 = 2; 1/3 -> at least 1.
        assert_eq!(content(1, 2, (5, 4), (8, 8)), (3, 2));
        assert_eq!(content(1, 3, (1, 1), (8, 8)), (1, 1));
        assert_eq!(content(1, 65535, (16384, 1), (8, 8)), (1, 1));
        assert_eq!(content(3, 2, (3, 4), (8, 8)), (5, 6));
        // 17/2 = 8.5 -> 9 is one too many: 8/17 of the height, 4.7 -> 5.
        assert_eq!(content(1, 2, (17, 10), (8, 8)), (8, 5));
        assert_eq!(content(1, 2, (10, 17), (8, 8)), (5, 8));
        // Both are too many; the height by more.
        assert_eq!(content(1, 1, (20, 40), (16, 16)), (8, 16));
        assert_eq!(content(1, 1, (40, 40), (16, 32)), (16, 16));
        // A strip far too long keeps a row.
        assert_eq!(content(1, 1, (16384, 10), (16, 16)), (16, 1));
        assert_eq!(content(65535, 1, (16384, 16384), (16384, 16384)), (16384, 16384));
    }

    #[test]
    fn the_picture_is_mirrored_again_and_again() {
        let how = at(1, 1, None, Size::new(8, 5));
        let (content, out) = run_for_content(&[1, 2, 3, 4, 5, 6], Size::new(3, 2), &how).unwrap();
        assert_eq!(content, Size::new(3, 2));
        let (first, second) = ([1, 2, 3, 3, 2, 1, 1, 2], [4, 5, 6, 6, 5, 4, 4, 5]);
        assert_eq!(out, [first, second, second, first, first].concat());
    }

    #[test]
    fn a_picture_that_fills_one_axis_is_mirrored_along_the_other() {
        let region = Region { x: 1, y: 0, width: 6, height: 2 };
        let accepted = AcceptedSizes { min: Size::new(8, 2), max: Size::new(8, 2) };
        let how = Preprocessing { accepted, ..at(1, 2, Some(region), Size::new(3, 2)) };
        let frame = [9, 10, 20, 30, 30, 40, 60, 9, 9, 10, 20, 30, 30, 40, 60, 9];
        let (content, out) = run_for_content(&frame, Size::new(8, 2), &how).unwrap();
        assert_eq!((content, out), (Size::new(3, 1), vec![15, 30, 50, 15, 30, 50]));
    }

    /// NumPy's `symmetric`.
    fn symmetric(index: usize, length: usize) -> usize {
        let index = index % (2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    }

    proptest! {
        #[test]
        fn the_factor_is_the_scale_or_the_greatest_that_fits(
            numerator in 1_u16.., denominator in 1_u16.., region in sizes(1..=16384), input in sizes(1..=16384),
        ) {
            let found = Scale { numerator, denominator }.content(region, input);
            prop_assert!(found.width > 0 && found.height > 0 && found.fits_in(input));
            let factor = f64::from(numerator) / f64::from(denominator);
            let fitting = [(input.width, region.width), (input.height, region.height)]
                .map(|(input, region)| f64::from(input) / f64::from(region));
            // Half a pixel on an axis is what rounding may hide.
            let side = |side: u16, factor: f64| (f64::from(side) * factor + 0.5).floor().max(1.0);
            let at_scale = [side(region.width, factor), side(region.height, factor)];
            let fits = at_scale[0] <= input.width.into() && at_scale[1] <= input.height.into();
            let factor = if fits { factor } else { fitting[0].min(fitting[1]) };
            for (found, region) in [(found.width, region.width), (found.height, region.height)] {
                let exact = f64::from(region) * factor;
                prop_assert!((f64::from(found) - exact).abs() <= 0.5 + 1e-6 || (found == 1 && exact < 1.0));
            }
            prop_assert!(fits || found.width == input.width || found.height == input.height);
        }

        #[test]
        fn it_is_the_resized_picture_and_its_reflections(
            frame in sizes(1..=24), input in sizes(1..=24), numerator in 1_u16..9, denominator in 1_u16..9, seed: u8,
        ) {
            let pixels = gray(frame, |x, y| (x * 89) ^ (y * 53 + u32::from(seed)));
            let how = at(numerator, denominator, None, input);
            let (content, out) = run_for_content(&pixels, frame, &how).unwrap();
            prop_assert_eq!(content, how.content(frame));
            let (_, picture) = run_for_content(&pixels, frame, &resize(None, content)).unwrap();
            let (width, columns) = (usize::from(input.width), usize::from(content.width));
            for (index, &pixel) in out.iter().enumerate() {
                let (x, y) = (index % width, index / width);
                let from = symmetric(y, content.height.into()) * columns + symmetric(x, columns);
                prop_assert_eq!(pixel, picture[from], "{} {}", x, y);
            }
        }

        #[test]
        fn no_sizes_panic(numerator: u16, denominator: u16, region in sizes(0..=u16::MAX), input in sizes(0..=u16::MAX)) {
            let _ = Scale { numerator, denominator }.content(region, input);
        }

        #[test]
        fn what_fills_the_input_is_nothing_else(frame in sizes(1..=20), values in proptest::collection::vec(any::<u8>(), 2)) {
            let pixels: Vec<u8> = (0..frame.area()).map(|index| values[index % 2]).collect();
            let (_, out) = run_for_content(&pixels, frame, &at(1, 1, None, Size::new(23, 21))).unwrap();
            prop_assert!(out.iter().all(|pixel| values.contains(pixel)));
        }
    }
}
