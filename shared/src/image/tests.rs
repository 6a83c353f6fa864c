//! Tests of `image`, beside it.

use std::format;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::testing::{gray, sizes};

const SIZE: Size = Size::new(3, 2);

#[test]
fn sizes_out_of_range_are_refused() {
    for size in [Size::new(0, 1), Size::new(1, 0), Size::new(0, 0)] {
        assert_eq!(GrayView::packed(&[0; 9], size).unwrap_err(), ImageError::Empty { found: size });
    }
    for size in [Size::new(16385, 1), Size::new(1, 16385), Size::new(u16::MAX, u16::MAX)] {
        assert_eq!(GrayView::packed(&[0; 9], size).unwrap_err(), ImageError::TooLarge { found: size });
    }
    assert!(GrayView::packed(&[0; 16384], Size::new(16384, 1)).is_ok());
    assert!(GrayView::packed(&[0; 16384], Size::new(1, 16384)).is_ok());
}

#[test]
fn strides_and_buffers_too_short_are_refused() {
    let bytes = [0; 64];
    assert_eq!(GrayView::new(&bytes, SIZE, 2).unwrap_err(), ImageError::StrideTooShort { found: 2, needed: 3 });
    assert_eq!(GrayView::new(&bytes[..7], SIZE, 5).unwrap_err(), ImageError::BufferTooShort { found: 7, needed: 8 });
    assert!(GrayView::new(&bytes[..8], SIZE, 5).is_ok());
    for (format, needed) in [(PixelFormat::Gray8, 3), (PixelFormat::Gray16, 6), (PixelFormat::Rgb8, 9)] {
        let short = FrameView::new(&bytes, SIZE, needed - 1, format).unwrap_err();
        assert_eq!(short, ImageError::StrideTooShort { found: needed - 1, needed });
        let short = FrameView::new(&bytes[..10 + needed - 1], SIZE, 10, format).unwrap_err();
        assert_eq!(short, ImageError::BufferTooShort { found: 9 + needed, needed: 10 + needed });
        assert!(FrameView::new(&bytes[..10 + needed], SIZE, 10, format).is_ok());
    }
}

#[test]
fn rows_of_a_frame_have_their_pixels_and_nothing_between() {
    let bytes: Vec<u8> = (0..32).collect();
    let frame = FrameView::new(&bytes, SIZE, 10, PixelFormat::Gray16).unwrap();
    assert_eq!(frame.row(0), [0, 1, 2, 3, 4, 5]);
    assert_eq!(frame.row(1), [10, 11, 12, 13, 14, 15]);
    assert!(frame.row(2).is_empty());
    assert!(frame.row(u16::MAX).is_empty());
}

#[test]
fn a_stride_beyond_all_memory_is_refused() {
    let error = GrayView::new(&[0; 9], SIZE, usize::MAX).unwrap_err();
    assert_eq!(error, ImageError::BufferTooShort { found: 9, needed: usize::MAX });
    // One row needs no stride.
    let row = GrayView::new(&[1, 2, 3], Size::new(3, 1), usize::MAX).unwrap();
    assert_eq!(row.row(0), [1, 2, 3]);
    assert!(row.row(1).is_empty());
}

#[test]
fn rows_skip_what_the_stride_adds() {
    let view = GrayView::new(&[1, 2, 3, 9, 9, 4, 5, 6], SIZE, 5).unwrap();
    assert_eq!(view.row(0), [1, 2, 3]);
    assert_eq!(view.row(1), [4, 5, 6]);
    assert!(view.row(2).is_empty());
    assert!(view.row(u16::MAX).is_empty());
    assert_eq!(view.rows().flatten().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn regions_outside_are_refused() {
    let bytes = [0; 6];
    let view = GrayView::packed(&bytes, SIZE).unwrap();
    let region = |x, y, width, height| Region { x, y, width, height };
    for outside in [
        region(0, 0, 4, 2),
        region(0, 0, 3, 3),
        region(1, 0, 3, 1),
        region(0, 1, 1, 2),
        region(3, 0, 1, 1),
        region(0, 0, 0, 1),
        region(0, 0, 1, 0),
        region(u16::MAX, u16::MAX, u16::MAX, u16::MAX),
    ] {
        assert_eq!(view.crop(outside).unwrap_err(), ImageError::RegionOutside { region: outside, size: SIZE });
    }
    assert!(view.crop(Region::whole(SIZE)).is_ok());
    assert!(view.crop(region(2, 1, 1, 1)).is_ok());
}

#[test]
fn luma_of_rgb_is_that_of_pillow() {
    // Image.new("RGB", (1, 1), rgb).convert("L").getpixel((0, 0)) of Pillow 13.0
    for (rgb, gray) in [
        ([255, 0, 0], 76),
        ([0, 255, 0], 150),
        ([0, 0, 255], 29),
        ([12, 34, 56], 30),
        ([200, 100, 50], 124),
        ([1, 0, 1], 0),
        ([2, 0, 0], 1),
        // 51.5 exactly
        ([0, 52, 184], 52),
        ([255, 255, 255], 255),
    ] {
        assert_eq!(luma::of_rgb8(rgb), gray, "{rgb:?}");
    }
    for value in 0..=255 {
        assert_eq!(luma::of_rgb8([value; 3]), value);
    }
}

#[test]
fn luma_of_16_bits_is_the_nearest() {
    for value in 0..=u16::MAX {
        let nearest = (f64::from(value) * 255.0 / 65535.0 + 0.5).floor();
        assert_eq!(f64::from(luma::of_gray16(value.to_le_bytes())), nearest, "{value}");
    }
}

#[test]
fn luma_rows_of_every_format() {
    let mut out = [0; 2];
    let gray = FrameView::new(&[1, 2, 3, 4, 5, 6], SIZE, 3, PixelFormat::Gray8).unwrap();
    gray.luma_row(1, 1, &mut out).unwrap();
    assert_eq!(out, [5, 6]);
    let bytes = [0, 0, 0, 1, 0xff, 0xff, 9, 9, 0, 0, 0x80, 0, 0x81, 0];
    let gray16 = FrameView::new(&bytes, SIZE, 8, PixelFormat::Gray16).unwrap();
    gray16.luma_row(0, 1, &mut out).unwrap();
    assert_eq!(out, [1, 255]);
    gray16.luma_row(1, 1, &mut out).unwrap();
    assert_eq!(out, [0, 1]);
    let bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 255, 0, 0, 0, 0, 255];
    let rgb = FrameView::new(&bytes, SIZE, 9, PixelFormat::Rgb8).unwrap();
    rgb.luma_row(1, 1, &mut out).unwrap();
    assert_eq!(out, [76, 29]);
}

#[test]
fn luma_rows_outside_are_refused() {
    let frame = FrameView::new(&[0; 6], SIZE, 3, PixelFormat::Gray8).unwrap();
    assert!(frame.luma_row(0, 0, &mut [0; 4]).is_err());
    assert!(frame.luma_row(0, 1, &mut [0; 3]).is_err());
    assert!(frame.luma_row(2, 0, &mut [0; 1]).is_err());
    assert!(frame.luma_row(0, 0, &mut []).is_err());
    assert!(frame.luma_row(u16::MAX, u16::MAX, &mut vec![0; 1 << 16]).is_err());
}

#[test]
fn errors_say_what_was_found_and_expected() {
    let error = GrayView::new(&[0; 7], SIZE, 5).unwrap_err();
    assert_eq!(error.to_string(), "found a buffer of 7 bytes, expected at least 8");
    let error = Size::new(0, 5).check().unwrap_err();
    assert_eq!(error.to_string(), "found an image of 0x5 pixels, expected at least one pixel on each side");
    let region = Region { x: 1, y: 2, width: 3, height: 4 };
    let error = ImageError::RegionOutside { region, size: SIZE };
    assert_eq!(error.to_string(), "found the region 3x4+1+2, expected one inside 3x2 pixels");
    let view = GrayView::packed(&[0; 6], SIZE).unwrap();
    assert_eq!(format!("{view:?}"), "GrayView(3x2, stride 3)");
}

proptest! {
    #[test]
    fn crops_and_strides_agree_with_packed_pixels(
        size in sizes(1..=20),
        padding in 0_usize..9,
        [left, top, right, bottom] in any::<[prop::sample::Index; 4]>(),
    ) {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let packed = gray(size, |x, y| 31 * x + 57 * y);
        let strided: Vec<u8> =
            packed.chunks(width).flat_map(|row| row.iter().copied().chain(vec![0; padding])).collect();
        let x = left.index(width);
        let y = top.index(height);
        let region = Region {
            x: x as u16,
            y: y as u16,
            width: 1 + right.index(width - x) as u16,
            height: 1 + bottom.index(height - y) as u16,
        };
        let expected = GrayView::packed(&packed, size).unwrap().crop(region).unwrap();
        let found = GrayView::new(&strided, size, width + padding).unwrap().crop(region).unwrap();
        prop_assert_eq!(found.size(), region.size());
        let by_hand = gray(region.size(), |u, v| 31 * (u + x as u32) + 57 * (v + y as u32));
        prop_assert_eq!(&expected.rows().flatten().copied().collect::<Vec<_>>(), &by_hand);
        prop_assert_eq!(&found.rows().flatten().copied().collect::<Vec<_>>(), &by_hand);
        prop_assert_eq!(found.rows().count(), usize::from(region.height));
    }

    #[test]
    fn no_arguments_panic(
        size in sizes(0..=u16::MAX),
        stride in any::<usize>(),
        data in proptest::collection::vec(any::<u8>(), 0..600),
        (x, y) in any::<(u16, u16)>(),
        length in 0_usize..40,
    ) {
        for (size, stride) in [(size, stride), (Size::new(size.width % 20, size.height % 20), stride % 40)] {
            if let Ok(view) = GrayView::new(&data, size, stride) {
                prop_assert!(view.row(y).len() <= usize::from(size.width));
                let _ = view.crop(Region { x, y, width: size.width, height: 1 });
            }
            for format in [PixelFormat::Gray8, PixelFormat::Gray16, PixelFormat::Rgb8] {
                if let Ok(frame) = FrameView::new(&data, size, stride, format) {
                    let _ = frame.luma_row(y % 20, x % 20, &mut vec![0; length]);
                }
            }
        }
    }
}
