//! Tests of TIFF files that lie: golden files with numbers of their directories written over.

use super::super::{Container, Refused, examine};
use super::tag;

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/golden/images/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize
}

/// Offset of the entry with this tag in the first directory of a little-endian file.
fn entry(bytes: &[u8], tag: u16) -> usize {
    let directory = u32_at(bytes, 4);
    let count = usize::from(u16::from_le_bytes(*bytes[directory..].first_chunk().unwrap()));
    let entries = (0..count).map(|index| directory + 2 + 12 * index);
    entries.into_iter().find(|&at| bytes[at..at + 2] == tag.to_le_bytes()).unwrap()
}

/// Offset of the place that says where the next directory is.
fn next(bytes: &[u8]) -> usize {
    let directory = u32_at(bytes, 4);
    directory + 2 + 12 * usize::from(u16::from_le_bytes(*bytes[directory..].first_chunk().unwrap()))
}

fn with(mut bytes: Vec<u8>, at: usize, value: u32) -> Container {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    examine(&bytes).unwrap()
}

fn damage(found: &Container) -> &str {
    match &found.refused {
        Some(Refused::Damaged(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn directories_in_a_circle_end() {
    let bytes = golden("rgb8.tif");
    let (at, first) = (next(&bytes), u32_at(&bytes, 4) as u32);
    assert!(damage(&with(bytes, at, first)).contains("in a circle"));
    let several = golden("refused-several.tif");
    let second = u32_at(&several, next(&several));
    let circle = with(several.clone(), second + (next(&several) - u32_at(&several, 4)), second as u32);
    assert!(damage(&circle).contains("in a circle"));
}

#[test]
fn directories_and_values_beyond_the_end_are_what_a_cut_leaves() {
    let bytes = golden("rgb8.tif");
    let length = bytes.len() as u32;
    for (what, at, value) in [
        ("first directory", 4, length),
        ("first directory", 4, u32::MAX),
        ("next directory", next(&bytes), length - 3),
        ("offset of a strip", entry(&bytes, tag::STRIP_OFFSETS) + 8, length - 1),
        ("length of a strip", entry(&bytes, tag::STRIP_BYTE_COUNTS) + 8, u32::MAX),
        ("count of a list", entry(&bytes, tag::BITS_PER_SAMPLE) + 4, u32::MAX),
        ("offset of a list", entry(&bytes, tag::BITS_PER_SAMPLE) + 8, u32::MAX),
    ] {
        assert!(!with(bytes.clone(), at, value).complete, "{what}");
    }
}

#[test]
fn strips_and_tiles_have_to_agree_with_the_size() {
    let strips = golden("gray16-predicted.tif"); // three strips of three rows, Deflate
    let plain = golden("gray8.tif"); // one strip, uncompressed
    let tiles = golden("gray8-tiled.tif");
    let lengths = entry(&strips, tag::STRIP_BYTE_COUNTS);
    assert_eq!(u32_at(&strips, lengths + 4), 3);
    // SHORTs: each strip claims the same 100 of the 274 bytes.
    let mut overlapping = strips.clone();
    let list = u32_at(&strips, lengths + 8);
    let is_short = overlapping[lengths + 2] == 3;
    for index in 0..3 {
        let at = list + index * if is_short { 2 } else { 4 };
        overlapping[at..at + 2].copy_from_slice(&[100, 0]);
    }
    let offsets = u32_at(&strips, entry(&strips, tag::STRIP_OFFSETS) + 8);
    overlapping[offsets..offsets + 12].copy_from_slice(&[8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0]);
    for (what, found) in [
        ("its size needs 9", with(strips.clone(), entry(&strips, tag::ROWS_PER_STRIP) + 8, 1)),
        ("have no rows", with(strips.clone(), entry(&strips, tag::ROWS_PER_STRIP) + 8, 0)),
        ("its strips overlap", examine(&overlapping).unwrap()),
        ("has 5 bytes, expected 117", with(plain.clone(), entry(&plain, tag::STRIP_BYTE_COUNTS) + 8, 5)),
        ("where its strips lie", with(plain.clone(), entry(&plain, tag::STRIP_BYTE_COUNTS), 999)),
        ("are not 1 to 16384", with(tiles.clone(), entry(&tiles, tag::TILE_WIDTH) + 8, 0)),
        ("are not 1 to 16384", with(tiles.clone(), entry(&tiles, tag::TILE_LENGTH) + 8, 1 << 31)),
        ("its width and height", with(plain.clone(), entry(&plain, tag::WIDTH), 999)),
    ] {
        assert!(damage(&found).contains(what), "{what}: {found:?}");
    }
}

#[test]
fn kinds_that_are_not_decoded_are_named() {
    let (rgb, index) = (golden("rgb8.tif"), golden("index.tif"));
    for (what, found) in [
        ("holds a sensor's raw values", with(rgb.clone(), entry(&rgb, tag::PHOTOMETRIC) + 8, 32803)),
        ("holds colour of kind 77", with(rgb.clone(), entry(&rgb, tag::PHOTOMETRIC) + 8, 77)),
        ("does not say what its samples mean", with(rgb.clone(), entry(&rgb, tag::PHOTOMETRIC), 999)),
        ("is compressed by method 50000", with(rgb.clone(), entry(&rgb, tag::COMPRESSION) + 8, 50000)),
        ("has a palette of 0 values", with(index.clone(), entry(&index, tag::COLOUR_MAP), 999)),
        ("has 7 samples a pixel", with(rgb.clone(), entry(&rgb, tag::SAMPLES_PER_PIXEL) + 8, 7)),
    ] {
        let Some(Refused::Unsupported { found, .. }) = &found.refused else { panic!("{what}: {found:?}") };
        assert_eq!(found, what);
    }
}
