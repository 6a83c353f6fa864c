//! Tests of the decoder on files that `golden/images.py` wrote: 13x9 pixels of its formulas, by Pillow, tifffile and
//! imagecodecs.

use std::path::PathBuf;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use shared::image::PixelFormat;

use super::*;

const SIZE: Size = Size::new(13, 9);

/// Name and bytes of every golden file.
fn golden() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/images"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 60, "{} golden files", files.len());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

fn accepted() -> impl Iterator<Item = (String, Vec<u8>)> {
    golden().into_iter().filter(|(name, _)| !name.starts_with("refused"))
}

fn bytes_of(name: &str) -> Vec<u8> {
    golden().into_iter().find(|(found, _)| found == name).unwrap().1
}

fn decode(bytes: &[u8]) -> Result<Frame, DecodeError> {
    decode_bytes(bytes, Path::new("frame"))
}

/// The pixel at `x`, `y` by the formulas of the script: 16-bit gray, or RGB.
fn expected(content: &str, x: usize, y: usize) -> Expected {
    let rgb = |r: usize, g: usize, b: usize| Expected::Rgb([r, g, b].map(|value| value as u8));
    let gray8 = (19 * x + 7 * y) % 256;
    match content {
        "gray8" | "la8" => Expected::Gray8(gray8 as u8),
        "white8" => Expected::Gray8(255 - gray8 as u8),
        "gray16" => Expected::Gray16(((5003 * x + 911 * y) % 65536) as u16),
        // Scaled to the full range, as PNM's largest sample asks for.
        "gray10" => Expected::Gray16((((83 * x + 17 * y) % 1024 * 65535 * 2 + 1023) / 2046) as u16),
        "rgb8" | "rgba8" => rgb(gray8, (5 * x + 29 * y) % 256, (11 * x + 3 * y) % 256),
        "rgb16" => {
            let narrow = |value: usize| (value % 65536 + 128) / 257;
            rgb(narrow(5003 * x + 911 * y), narrow(701 * x + 4001 * y), narrow(97 * x + 13 * y))
        }
        "index" => {
            let colours = [[0, 0, 0], [250, 10, 20], [30, 240, 40], [50, 60, 230], [255, 255, 255]];
            Expected::Rgb(colours[(x + 2 * y) % 5])
        }
        "bit" => Expected::Gray8(if (x + y).is_multiple_of(3) { 255 } else { 0 }),
        "smooth" => rgb(8 * x + 40, 12 * y + 30, 4 * x + 6 * y + 20),
        "smoothgray" => Expected::Gray8((8 * x + 40) as u8),
        other => panic!("what does {other} hold?"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Gray8(u8),
    Gray16(u16),
    Rgb([u8; 3]),
}

fn pixel(frame: &Frame, x: usize, y: usize) -> Expected {
    let at = y * usize::from(frame.size().width) + x;
    match frame.format() {
        PixelFormat::Gray8 => Expected::Gray8(frame.data()[at]),
        PixelFormat::Gray16 => Expected::Gray16(u16::from_le_bytes(frame.data().as_chunks().0[at])),
        PixelFormat::Rgb8 => Expected::Rgb(frame.data().as_chunks().0[at]),
    }
}

#[test]
fn every_kind_of_file_gives_the_pixels_that_were_written() {
    for (name, bytes) in accepted() {
        let frame = decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let content = name.split(['-', '.']).next().unwrap();
        // Tiles need more than one of them.
        let size = if name == "rgb8-tiled.tif" { Size::new(18, 17) } else { SIZE };
        assert_eq!(frame.size(), size, "{name}");
        let is_bmp = name.ends_with(".bmp");
        for (x, y) in (0..usize::from(size.height)).flat_map(|y| (0..usize::from(size.width)).map(move |x| (x, y))) {
            let (found, wanted) = (pixel(&frame, x, y), expected(content, x % 13, y % 9));
            let close = |a: u8, b: u8| content.starts_with("smooth") && a.abs_diff(b) <= 6;
            let same = match (found, wanted) {
                (Expected::Gray8(a), Expected::Gray8(b)) => a == b || close(a, b),
                (Expected::Gray16(a), Expected::Gray16(b)) => a == b,
                (Expected::Rgb(a), Expected::Rgb(b)) => a == b || (0..3).all(|i| close(a[i], b[i])),
                // A BMP has no gray but in its palette.
                (Expected::Rgb(a), Expected::Gray8(b)) => is_bmp && a == [b; 3],
                _ => false,
            };
            assert!(same, "{name}: ({x}, {y}) is {found:?}, expected {wanted:?}");
        }
    }
}

#[test]
fn what_has_no_agreed_gray_value_or_is_no_single_frame_is_refused_by_name() {
    let said = [
        ("bits32.tif", "has 32 bits a sample"),
        ("cmyk.jpg", "has 4 components"),
        ("cmyk.tif", "holds CMYK colour"),
        ("extra-predicted.tif", "one of unknown meaning"),
        ("float.tif", "holds 32-bit floating-point samples"),
        ("group4.tif", "is compressed as a fax"),
        ("jpeg.tif", "is compressed as JPEG"),
        ("la.tif", "has 2 samples a pixel"),
        ("lab.tif", "holds L*a*b* colour"),
        ("several.pgm", "the PNM holds 2 images"),
        ("several.png", "the PNG holds 2 images"),
        ("several.tif", "the TIFF holds 2 images"),
        ("signed.tif", "holds signed 16-bit samples"),
        ("ycbcr.tif", "holds YCbCr colour"),
    ];
    let refused = golden().into_iter().filter(|(name, _)| name.starts_with("refused"));
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused.len(), said.len());
    for ((name, bytes), (of, said)) in refused.iter().zip(said) {
        assert_eq!(*name, format!("refused-{of}"));
        let error = decode(bytes).unwrap_err();
        let is_typed = matches!(error, DecodeError::Unsupported { .. } | DecodeError::SeveralImages { .. });
        assert!(is_typed && error.to_string().contains(said), "{name}: {error}");
        assert_eq!(decoding_bytes(bytes), 0, "{name}");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for (name, bytes) in accepted() {
        // The bits of a plain bitmap need no white space after the last.
        let needless = usize::from(name == "bit-plain.pbm");
        for length in 1..bytes.len() - needless {
            match decode(&bytes[..length]) {
                Err(DecodeError::Truncated { found, .. }) => assert_eq!(found, length, "{name}"),
                Err(DecodeError::NotAnImage { .. }) => assert!(length < 8, "{name}"),
                other => panic!("{length} of the {} bytes of {name} gave {other:?}", bytes.len()),
            }
            assert_eq!(decoding_bytes(&bytes[..length]), 0, "{name}");
        }
    }
}

#[test]
fn any_changed_byte_gives_an_error_or_an_image_but_no_panic() {
    let mut images = 0;
    for (_, bytes) in golden() {
        for index in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                images += usize::from(decode(&changed).is_ok());
            }
        }
    }
    assert!(images > 1000);
}

/// Writes `value` over the bytes at `at`.
fn with(bytes: &[u8], at: usize, value: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at..at + value.len()].copy_from_slice(value);
    changed
}

#[test]
fn hostile_dimensions_are_refused_by_the_header_alone() {
    let (png, bmp, tiff) = (bytes_of("rgb8.png"), bytes_of("rgb8.bmp"), bytes_of("gray8-bigendian.tif"));
    let jpeg = bytes_of("smooth.jpg");
    let start_of_frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    // The value of an entry follows its tag, type (here LONG) and count.
    let entry = |tag: u16| tiff.windows(4).position(|entry| entry == [(tag >> 8) as u8, tag as u8, 0, 4]).unwrap();
    for (width, height) in [(60_000u16, 60_000u16), (16_385, 1), (1, 16_385), (0, 5), (16_384, 16_384)] {
        let (wide, high) = (u32::from(width), u32::from(height));
        let pnm = format!("P6 {width} {height} 255\n0123456789").into_bytes();
        let files = [
            with(&with(&png, 16, &wide.to_be_bytes()), 20, &high.to_be_bytes()),
            with(&with(&bmp, 18, &wide.to_le_bytes()), 22, &high.to_le_bytes()),
            with(&with(&jpeg, start_of_frame + 5, &height.to_be_bytes()), start_of_frame + 7, &width.to_be_bytes()),
            with(&with(&tiff, entry(256) + 8, &wide.to_be_bytes()), entry(257) + 8, &high.to_be_bytes()),
            pnm,
        ];
        for bytes in files {
            assert_eq!(decoding_bytes(&bytes), 0);
            match decode(&bytes).unwrap_err() {
                DecodeError::Dimensions { width: found_width, height: found_height, .. } => {
                    assert_eq!((found_width, found_height), (wide, high));
                }
                // As large as a frame may be in gray: the bytes are not there.
                DecodeError::Damaged { format: FileFormat::Tiff, .. } => assert_eq!(width, 16_384),
                other => panic!("{width}x{height} gave {other}"),
            }
        }
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_holds_is_refused_before_memory_is_taken() {
    // Each of these would be 16384x16384 or 16384x8192 pixels: small enough to be a frame, large enough to notice.
    let plain = b"P2 16384 16384 255\n1 2 3 4 5 6 7 8 9\n".to_vec();
    let binary = b"P4 16384 16384\n0123456789".to_vec();
    let bmp = bytes_of("gray8.bmp");
    let bmp = with(&with(&bmp, 18, &16_384u32.to_le_bytes()), 22, &8_192u32.to_le_bytes());
    for bytes in [plain, binary, bmp] {
        assert!(matches!(decode(&bytes), Err(DecodeError::Truncated { .. })));
        assert_eq!(decoding_bytes(&bytes), 0);
    }
}

#[test]
fn the_memory_to_decode_is_known_from_the_header() {
    let area = 13 * 9;
    for (name, expected) in [
        ("gray8.png", area),
        ("la8.png", 2 * area + 3 * area),
        ("rgb16.ppm", 6 * area + 3 * area),
        ("rgb8.bmp", 3 * area),
        ("smooth.jpg", 3 * area + bytes_of("smooth.jpg").len()),
        ("smooth-progressive.jpg", 9 * area + bytes_of("smooth-progressive.jpg").len()),
        ("gray16.tif", 4 * area + 3 * area + bytes_of("gray16.tif").len()),
    ] {
        assert_eq!(decoding_bytes(&bytes_of(name)), expected as u64, "{name}");
    }
    assert_eq!(decoding_bytes(b"no image"), 0);
}

#[test]
fn sixteen_bit_samples_are_narrowed_by_one_rule() {
    let native: Vec<u8> = [0u16, 127, 128, 300, 40000, 65535].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(&native, 2, 1, ExtendedColorType::Rgb16).unwrap();
    let rgb = decode(&bytes).unwrap();
    assert_eq!((rgb.format(), rgb.data()), (PixelFormat::Rgb8, &[0, 0, 0, 1, 156, 255][..]));
}

#[test]
fn errors_name_the_file_and_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note.png");
    assert!(matches!(decode_file(&path), Err(DecodeError::Missing { .. })));
    assert!(matches!(decode_file(folder.path()), Err(DecodeError::NotAFile { .. })));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(decode_file(&path), Err(DecodeError::Empty { .. })));
    std::fs::write(&path, "just a note").unwrap();
    let error = decode_file(&path).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("note.png") && message.contains("6a 75 73 74"), "{message}");
    let reason = error.into_reason();
    assert!(message.ends_with(&format!("note.png: {reason}")) && reason.starts_with("not a PNG"), "{reason}");
    let unreadable = DecodeError::Unreadable { path, source: io::Error::other("the disk is on fire") };
    assert!(unreadable.into_reason().ends_with("the disk: the disk is on fire"));
}
