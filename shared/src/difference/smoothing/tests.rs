//! Tests of `smoothing`, beside it.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::difference::{MAX_RADIUS, ScoreError, smooth, smooth_scratch_len};
use crate::image::MAX_SIDE;
use crate::score::Score;
use crate::testing::sizes;

/// The definition of smoothing: every average anew, over indices that are reflected one by one.
pub(in crate::difference) fn smooth_by_definition(map: &[u32], size: Size, radius: u8) -> Vec<u32> {
    let (width, height) = (i32::from(size.width), i32::from(size.height));
    let symmetric = |index: i32, length: i32| {
        let index = index.rem_euclid(2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    };
    let radius = i32::from(radius);
    let window = 2 * radius as u64 + 1;
    let pass = |map: &[u32], right: i32, down: i32| -> Vec<u32> {
        let value = |x: i32, y: i32| {
            let sum: u64 = (-radius..=radius)
                .map(|step| (symmetric(x + step * right, width), symmetric(y + step * down, height)))
                .map(|(x, y)| u64::from(map[(y * width + x) as usize]))
                .sum();
            ((2 * sum + window) / (2 * window)) as u32
        };
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect()
    };
    let mut map = map.to_vec();
    for (right, down) in [(1, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1)] {
        map = pass(&map, right, down);
    }
    map
}

fn smoothed(map: &[u32], size: Size, radius: u8) -> Vec<u32> {
    let mut scratch = vec![7; Smoother::scratch_len(radius, size.width)];
    let mut smoother = Smoother::new(radius, size, &mut scratch);
    let mut found = Vec::new();
    let mut row = vec![0; size.width.into()];
    for given in map.chunks(size.width.into()) {
        row.copy_from_slice(given);
        if let Some(y) = smoother.push(&mut row) {
            assert_eq!(usize::from(y) * row.len(), found.len());
            found.extend_from_slice(&row);
        }
    }
    while let Some(y) = smoother.flush(&mut row) {
        assert_eq!(usize::from(y) * row.len(), found.len());
        found.extend_from_slice(&row);
    }
    found
}

#[test]
fn smoothing_by_hand() {
    // A single 9 among zeros, averaged over three pixels: 3 3 3, then 1 2 3 2 1, then 0.33 1 2 2.33 2 1 0.33.
    let map = [0, 0, 0, 0, 9, 0, 0, 0, 0].repeat(9);
    assert_eq!(smoothed(&map, Size::new(9, 9), 1), [0, 0, 1, 2, 2, 2, 1, 0, 0].repeat(9));
    // At the edge the value itself is repeated: (9 + 9 + 0) / 3 = 6, (6 + 6 + 3) / 3 = 5, (5 + 5 + 3) / 3 = 4.33.
    let map: Vec<u32> = [9, 0, 0, 0, 0, 0, 0, 0, 0].repeat(9);
    assert_eq!(smoothed(&map, Size::new(9, 9), 1), [4, 3, 1, 0, 0, 0, 0, 0, 0].repeat(9));
}

#[test]
fn the_greatest_sums_fit() {
    let greatest = |size: Size| vec![Score::MAX.raw(); size.area()];
    for (size, radius) in [(Size::new(127, 127), MAX_RADIUS), (Size::new(MAX_SIDE, 7), 3), (Size::new(7, MAX_SIDE), 3)]
    {
        assert_eq!(smoothed(&greatest(size), size, radius), greatest(size));
    }
}

proptest! {
    #[test]
    fn smoothing_agrees_with_the_definition(
        (size, map) in sizes(7..=40)
            .prop_flat_map(|size| (Just(size), proptest::collection::vec(0..=Score::MAX.raw(), size.area()))),
        part in any::<prop::sample::Index>(),
    ) {
        let radius = part.index(usize::from(size.shorter_side()).div_ceil(2)) as u8;
        let expected = smooth_by_definition(&map, size, radius);
        prop_assert_eq!(&smoothed(&map, size, radius), &expected);
        let (mut in_place, mut scratch) = (map, vec![7; smooth_scratch_len(radius, size.width)]);
        prop_assert_eq!(smooth(&mut in_place, size, radius, &mut scratch), Ok(()));
        prop_assert_eq!(&in_place, &expected);
        prop_assert!(smooth(&mut in_place, size, radius, &mut scratch[1..]).is_err());
        in_place[0] = Score::MAX.raw() + 1;
        let found = Score::MAX.raw() + 1;
        prop_assert_eq!(smooth(&mut in_place, size, radius, &mut scratch), Err(ScoreError::Value { found }));
    }
}
