//! Tests of the choice of a geometry, beside it.

use proptest::prelude::*;

use super::*;

fn sizes(sides: &[(u16, u16)]) -> Vec<Size> {
    sides.iter().map(|&(width, height)| Size::new(width, height)).collect()
}

fn survey(frames: &[(u16, u16)], thumbnails: Vec<Vec<u8>>) -> Survey {
    Survey { frames: sizes(frames), thumbnails }
}

fn whole_of(width: u16, height: u16) -> (u16, u16) {
    let size = whole(&[Size::new(width, height); 3], Resolution::default()).1;
    (size.width, size.height)
}

fn tiles_of(frames: &[(u16, u16)]) -> ((u16, u16), (u16, u16)) {
    let (Geometry::FixedScale(scale), size) = at_a_scale(&sizes(frames), Resolution::default()) else { panic!() };
    ((scale.numerator, scale.denominator), (size.width, size.height))
}

#[test]
fn whole_frames_keep_their_shape_as_far_as_sixteenths_allow() {
    assert_eq!(whole_of(300, 300), (128, 128));
    assert_eq!(whole_of(1, 1), (128, 128));
    assert_eq!(whole_of(640, 480), (144, 112));
    assert_eq!(whole_of(480, 640), (112, 144));
    assert_eq!(whole_of(1000, 500), (176, 96));
    assert_eq!(whole_of(400, 100), (256, 64));
    assert_eq!(whole_of(16384, 1), (256, 64));
    assert_eq!(whole_of(1, 16384), (64, 256));
    assert_eq!(whole(&[], Resolution::default()).1, Size::new(128, 128));
    // The median shape decides.
    assert_eq!(whole(&sizes(&[(100, 100), (2000, 1000), (400, 200)]), Resolution::default()).1, Size::new(176, 96));
}

#[test]
fn a_fixed_scale_makes_the_median_shorter_side_256() {
    assert_eq!(tiles_of(&[(512, 1024); 3]), ((256, 512), (256, 512)));
    assert_eq!(tiles_of(&[(400, 500); 2]), ((256, 400), (256, 320)));
    // Nothing is enlarged, and nothing is smaller than a window of training.
    assert_eq!(tiles_of(&[(200, 240)]), ((200, 200), (208, 240)));
    assert_eq!(tiles_of(&[(30, 200)]), ((30, 30), (128, 208)));
    // The median shorter side is 480; the widest becomes 800 * 256/480 = 426.7 -> 432, the highest 341.3 -> 352.
    assert_eq!(tiles_of(&[(480, 640), (800, 480), (440, 500)]), ((256, 480), (432, 352)));
    // 5120x512: at 256 the median frame would have 655,360 pixels. 161^2 * 10 <= 2^18 < 162^2 * 10.
    assert_eq!(tiles_of(&[(5120, 512)]), ((161, 512), (1536, 160)));
    // Frames both ways: the box that would hold them all is too large.
    assert_eq!(tiles_of(&[(1000, 256), (256, 1000), (1000, 256)]), ((256, 256), (512, 512)));
    assert_eq!(tiles_of(&[]), ((256, 256), (256, 256)));
}

#[test]
fn auto_takes_tiles_for_sizes_that_vary_and_for_images_that_are_not_aligned() {
    let alike = vec![vec![1, 2, 3], vec![2, 3, 4]];
    let unlike = vec![vec![1, 2, 3], vec![3, 2, 1]];
    let choose = |frames: &[(u16, u16)], images: &[Vec<u8>]| {
        let chosen = GeometryChoice::Auto.choose(&survey(frames, images.to_vec()), Resolution::default(), None);
        (matches!(chosen.geometry, Geometry::FixedScale(_)), chosen.reason)
    };
    let (tiles, reason) = choose(&[(100, 100), (110, 100)], &alike);
    assert!(!tiles && reason.contains("one part in one place (alignment 1.00, at least 0.88)"), "{reason}");
    for frames in [[(100, 100), (111, 100)], [(100, 111), (100, 100)]] {
        let (tiles, reason) = choose(&frames, &alike);
        assert!(tiles && reason.contains("differ in size, from 100x100 to"), "{reason}");
    }
    let (tiles, reason) = choose(&[(100, 100); 2], &unlike);
    assert!(tiles && reason.contains("alignment -1.00, below 0.88"), "{reason}");
    let (tiles, reason) = choose(&[(100, 100)], &alike[..1]);
    assert!(!tiles && reason.contains("too few"), "{reason}");
    for (choice, expected) in [(GeometryChoice::Whole, false), (GeometryChoice::Tiles, true)] {
        let chosen = choice.choose(&survey(&[(100, 100), (200, 100)], unlike.clone()), Resolution::default(), None);
        assert_eq!(matches!(chosen.geometry, Geometry::FixedScale(_)), expected);
        assert!(chosen.reason.ends_with("as asked for") && chosen.alignment.is_none());
    }
}

#[test]
fn the_smallest_defect_is_in_pixels_of_the_frame() {
    let smallest = |choice: GeometryChoice, frames: &[(u16, u16)]| {
        let found = choice.choose(&survey(frames, Vec::new()), Resolution::default(), None).smallest_defect;
        (found.width, found.height)
    };
    assert_eq!(smallest(GeometryChoice::Tiles, &[(1024, 1024)]), (16, 16));
    assert_eq!(smallest(GeometryChoice::Tiles, &[(200, 300)]), (4, 4));
    // 600 over 256 columns, 150 over 64 rows: 9.4 pixels.
    assert_eq!(smallest(GeometryChoice::Whole, &[(600, 150)]), (10, 10));
    assert_eq!(smallest(GeometryChoice::Whole, &[(64, 64)]), (2, 2));
}

#[test]
fn accepted_sizes_follow_those_that_were_seen() {
    let range = |min, max| AcceptedSizes { min, max };
    let one = sizes(&[(300, 200); 3]);
    assert_eq!(accepted_sizes(Geometry::Resize, &one), range(one[0], one[0]));
    let several = sizes(&[(100, 400), (200, 240)]);
    assert_eq!(accepted_sizes(Geometry::Resize, &several), range(Size::new(75, 180), Size::new(250, 500)));
    let scaled = Geometry::FixedScale(Scale { numerator: 1, denominator: 1 });
    assert_eq!(accepted_sizes(scaled, &several), range(Size::new(50, 120), Size::new(400, 800)));
    assert_eq!(accepted_sizes(scaled, &one), range(one[0], one[0]));
    let extreme = sizes(&[(1, 16384), (2, 16384)]);
    assert_eq!(accepted_sizes(scaled, &extreme), range(Size::new(1, 8192), Size::new(4, 16384)));
}

proptest! {
    #[test]
    fn every_choice_is_valid_and_independent_of_the_order(
        frames in proptest::collection::vec((1_u16..=16384, 1_u16..=16384), 1..6), turn in 0_usize..6, resolution in 4_u16..=32,
    ) {
        let side = 16 * usize::from(resolution);
        let resolution: Resolution = side.to_string().parse().unwrap();
        for choice in [GeometryChoice::Whole, GeometryChoice::Tiles, GeometryChoice::Auto] {
            let chosen = choice.choose(&survey(&frames, Vec::new()), resolution, None);
            let mut turned = frames.clone();
            turned.rotate_left(turn % frames.len());
            prop_assert_eq!(&chosen, &choice.choose(&survey(&turned, Vec::new()), resolution, None));
            let ChosenGeometry { geometry, input, .. } = chosen;
            let accepted = accepted_sizes(geometry, &sizes(&frames));
            let how = Preprocessing { region: None, geometry, accepted, input };
            prop_assert_eq!(how.validate(), Ok(()));
            prop_assert!(input.width % 16 == 0 && input.height % 16 == 0);
            let area = input.area();
            match geometry {
                Geometry::Resize => prop_assert!(10 * area.abs_diff(side * side) <= side * side, "{}", input),
                Geometry::FixedScale(scale) => {
                    prop_assert!(area <= 16 * side * side && scale.numerator <= scale.denominator, "{} {:?}", input, scale);
                    prop_assert!(input.shorter_side() >= TILES_LEAST_SIDE);
                }
            }
            for frame in sizes(&frames) {
                prop_assert!(accepted.accepts(frame));
            }
        }
    }
}
