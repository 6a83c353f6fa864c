//! Tests of `reference`, beside it.

use std::vec;
use std::vec::Vec;

use super::*;
use crate::difference::tests::{Parts, recipe, run_with};
use crate::similarity::Metric;
use crate::testing::gray;

#[test]
fn references_are_checked() {
    let size = Size::new(12, 11);
    let parts = Parts { means: vec![5; 132], spreads: vec![6; 132], weights: vec![7; 132] };
    let (maps, mask) = (parts.residuals(size), parts.mask(size));
    assert_eq!((maps.len(), mask.len()), (4 + 8 * 132, 4 + 132));
    assert_eq!(maps[..8], [12, 0, 11, 0, 5, 0, 0, 0]);
    assert_eq!(mask[..5], [12, 0, 11, 0, 7]);
    for found in (0..maps.len()).chain([maps.len() + 1]) {
        let bytes: Vec<u8> = maps.iter().copied().chain([0]).take(found).collect();
        let expected = if found < 4 { 4 } else { maps.len() };
        let what = Stored::ResidualMaps;
        assert_eq!(ResidualMaps::read(&bytes[..]), Err(InvalidReference::Length { what, found, expected }));
    }
    for found in (0..mask.len()).chain([mask.len() + 1]) {
        let bytes: Vec<u8> = mask.iter().copied().chain([0]).take(found).collect();
        let expected = if found < 4 { 4 } else { mask.len() };
        assert_eq!(Mask::read(&bytes[..]), Err(InvalidReference::Length { what: Stored::Mask, found, expected }));
    }
    assert!(matches!(Mask::read(&[0, 0, 1, 0][..]), Err(InvalidReference::Image { what: Stored::Mask, .. })));
    let huge = ResidualMaps::read(&[255, 255, 1, 0][..]);
    assert!(matches!(huge, Err(InvalidReference::Image { what: Stored::ResidualMaps, .. })));
    let changed = |index: usize, value: u32| {
        let mut maps = maps.clone();
        maps[4 + 4 * index..][..4].copy_from_slice(&value.to_le_bytes());
        ResidualMaps::read(maps).map(drop)
    };
    assert_eq!(changed(131, 1 << 25), Ok(()));
    assert_eq!(changed(131, (1 << 25) + 1), Err(InvalidReference::Mean { index: 131, found: (1 << 25) + 1 }));
    assert_eq!(changed(132, u32::MAX), Ok(()));
    assert_eq!(changed(132, 0), Err(InvalidReference::Spread { index: 0 }));
    assert_eq!(changed(263, 0), Err(InvalidReference::Spread { index: 131 }));

    let residuals = Some(ResidualMaps::read(&maps[..]).unwrap());
    let check = |residuals, mask: &[u8], recipe: ScoreRecipe, size| {
        let mask = (!mask.is_empty()).then(|| Mask::read(mask).unwrap());
        ScoreReference { residuals, mask }.check(&recipe, size)
    };
    for metric in Metric::ALL.into_iter().filter(|metric| metric.min_side() <= 11) {
        let plain = recipe(metric, Pooling::Mean);
        let (normalised, masked) = (ScoreRecipe { normalised: true, ..plain }, ScoreRecipe { masked: true, ..plain });
        assert_eq!(check(None, &[], plain, size), Ok(()));
        assert_eq!(check(residuals, &[], normalised, size), Ok(()));
        assert_eq!(check(None, &mask, masked, size), Ok(()));
        assert_eq!(check(residuals, &mask, ScoreRecipe { masked: true, ..normalised }, size), Ok(()));
        let (maps, of_mask) = (Stored::ResidualMaps, Stored::Mask);
        assert_eq!(check(None, &[], normalised, size), Err(InvalidReference::Missing { what: maps }));
        assert_eq!(check(None, &[], masked, size), Err(InvalidReference::Missing { what: of_mask }));
        assert_eq!(check(residuals, &[], plain, size), Err(InvalidReference::Unused { what: maps }));
        assert_eq!(check(None, &mask, plain, size), Err(InvalidReference::Unused { what: of_mask }));
        let (found, expected) = (size, Size::new(11, 12));
        let wrong = |what| Err(InvalidReference::Size { what, found, expected });
        assert_eq!(check(residuals, &[], normalised, expected), wrong(maps));
        assert_eq!(check(None, &mask, masked, expected), wrong(of_mask));
        // Weights on the border alone count for nothing there.
        let border = metric.border();
        let inside = |x: u32, y: u32| {
            let border = u32::from(border);
            (border..12 - border).contains(&x) && (border..11 - border).contains(&y)
        };
        let only = |wanted: bool| -> Vec<u8> {
            Mask::<&[u8]>::encode(size, gray(size, |x, y| u32::from(inside(x, y) == wanted))).collect()
        };
        assert_eq!(check(None, &only(true), masked, size), Ok(()));
        assert_eq!(check(None, &only(false), masked, size), Err(InvalidReference::NoWeight { border }));
        let max = plain.interior(size);
        let top = ScoreRecipe { pooling: Pooling::TopMean { pixels: max }, ..masked };
        assert_eq!(check(None, &only(true), top, size), Ok(()));
        let mut one_less = only(true);
        one_less[4 + 5 * 12 + 5] = 0;
        let refused = InvalidRecipe::TopOutOfRange { found: max, max: max - 1 };
        let expected = if max > 1 { InvalidReference::Pooling(refused) } else { InvalidReference::NoWeight { border } };
        assert_eq!(check(None, &one_less, top, size), Err(expected));
        // The score itself refuses what the check refuses.
        let refused = run_with(masked, ScoreReference::default(), size, &[0; 132], &[0; 132]);
        assert_eq!(refused, Err(InvalidReference::Missing { what: of_mask }.into()));
    }
}
