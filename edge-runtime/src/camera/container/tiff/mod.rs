//! TIFF 6.0, and BigTIFF with its 64-bit offsets: a header that says where the first directory lies; a directory for
//! each page, which leads to the next; in a directory, entries of tag, type, count and value or the value's offset.
//! Pixels lie in strips or tiles anywhere in the file.
//!
//! What the decoder (the `tiff` crate by way of `image`) reads wrongly, or fills up, is refused here by name.

use std::borrow::Cow;

use shared::image::MAX_SIDE;

use super::{Container, FileFormat, Pixel, Refused};

mod chunks;
mod directory;
#[cfg(test)]
mod tests;

use directory::Directory;
pub(in crate::camera) use directory::Header;

/// Tags of TIFF 6.0 that say how the pixels are stored.
pub(in crate::camera) mod tag {
    pub(in crate::camera) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in crate::camera) const WIDTH: u16 = 256;
    pub(in crate::camera) const HEIGHT: u16 = 257;
    pub(in crate::camera) const BITS_PER_SAMPLE: u16 = 258;
    pub(in crate::camera) const COMPRESSION: u16 = 259;
    pub(in crate::camera) const PHOTOMETRIC: u16 = 262;
    pub(in crate::camera) const FILL_ORDER: u16 = 266;
    pub(in crate::camera) const STRIP_OFFSETS: u16 = 273;
    pub(in crate::camera) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in crate::camera) const ROWS_PER_STRIP: u16 = 278;
    pub(in crate::camera) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in crate::camera) const PLANAR_CONFIGURATION: u16 = 284;
    pub(in crate::camera) const PREDICTOR: u16 = 317;
    pub(in crate::camera) const COLOUR_MAP: u16 = 320;
    pub(in crate::camera) const TILE_WIDTH: u16 = 322;
    pub(in crate::camera) const TILE_LENGTH: u16 = 323;
    pub(in crate::camera) const TILE_OFFSETS: u16 = 324;
    pub(in crate::camera) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in crate::camera) const EXTRA_SAMPLES: u16 = 338;
    pub(in crate::camera) const SAMPLE_FORMAT: u16 = 339;
}

/// Values of the compression tag.
const UNCOMPRESSED: u64 = 1;
const EXPECTED_COMPRESSION: &str = "none, LZW, Deflate or PackBits";
const EXPECTED_COLOUR: &str = "gray, RGB or an 8-bit palette";
const HORIZONTAL_PREDICTOR: u64 = 2;
const PALETTE: u64 = 3;
/// So many directories are looked at; a chain that is longer is refused all the same.
const MAX_DIRECTORIES: usize = 1000;

/// How the pixels of the first page are stored. Sizes in pixels.
struct Layout {
    width: u32,
    height: u32,
    samples: u64,
    bits: u64,
    compression: u64,
    planar: bool,
}

/// Looks at a file with this header.
pub(super) fn examine(bytes: &[u8], header: Header) -> Container {
    let mut found = Container::new(FileFormat::Tiff);
    let Some(first) = Directory::read(bytes, header, header.first) else { return found };
    found.complete = first.values_are_inside() && chunks::are_inside(&first);
    pages(&first, &mut found);
    let (Some(width), Some(height)) = (first.number(tag::WIDTH), first.number(tag::HEIGHT)) else {
        found.refuse(Refused::Damaged("its first page does not say its width and height".to_owned()));
        return found;
    };
    let side = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let layout = Layout {
        width: side(width),
        height: side(height),
        samples: first.number(tag::SAMPLES_PER_PIXEL).unwrap_or(1),
        bits: first.number(tag::BITS_PER_SAMPLE).unwrap_or(1),
        compression: first.number(tag::COMPRESSION).unwrap_or(UNCOMPRESSED),
        planar: first.number(tag::PLANAR_CONFIGURATION) == Some(2),
    };
    found.size = Some((layout.width, layout.height));
    if let Some(why) = unsupported(&first, &layout) {
        found.refuse(why);
        return found;
    }
    let samples = if first.number(tag::PHOTOMETRIC) == Some(PALETTE) { 3 } else { layout.samples as u8 };
    let sample_bytes = if layout.bits == 16 { 2 } else { 1 };
    // The decoder fills a buffer of its own before the one that it returns.
    found.pixel = Pixel { samples, sample_bytes, working_bytes: samples * sample_bytes };
    let is_possible = |side: u32| (1..=u32::from(MAX_SIDE)).contains(&side);
    if is_possible(layout.width) && is_possible(layout.height) {
        chunks::check(&first, &layout, &mut found);
    }
    found
}

/// Follows the chain of directories. Pages that are smaller copies of another (thumbnails) are no further images.
fn pages(first: &Directory<'_>, found: &mut Container) {
    let is_copy = |directory: &Directory<'_>| directory.number(tag::NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    if is_copy(first) {
        let copy = "begins with a smaller copy of its image".to_owned();
        found.refuse(Refused::Unsupported { found: copy, expected: "the image on the first page" });
    }
    let (mut images, mut seen) = (1, vec![first.at]);
    let mut next = first.next;
    while next != 0 {
        if seen.contains(&next) || seen.len() > MAX_DIRECTORIES {
            found.refuse(Refused::Damaged("its directories lead in a circle".to_owned()));
            return;
        }
        seen.push(next);
        let Some(directory) = Directory::read(first.bytes, first.header, next) else {
            found.complete = false;
            return;
        };
        found.complete &= directory.values_are_inside() && chunks::are_inside(&directory);
        images += usize::from(!is_copy(&directory));
        next = directory.next;
    }
    if images > 1 {
        found.refuse(Refused::Several { found: images });
    }
}

/// Why the first page is of a kind that is not decoded.
fn unsupported(first: &Directory<'_>, layout: &Layout) -> Option<Refused> {
    let because = |found: String, expected| Some(Refused::Unsupported { found, expected });
    let photometric = first.number(tag::PHOTOMETRIC);
    let colour: Cow<'_, str> = match photometric {
        Some(0..=PALETTE) => "".into(),
        None => "does not say what its samples mean".into(),
        Some(4) => "holds a transparency mask".into(),
        Some(5) => "holds CMYK colour".into(),
        Some(6) => "holds YCbCr colour".into(),
        Some(8..=10) => "holds L*a*b* colour".into(),
        Some(32803 | 34892) => "holds a sensor's raw values".into(),
        Some(other) => format!("holds colour of kind {other}").into(),
    };
    if !colour.is_empty() {
        return because(colour.into_owned(), EXPECTED_COLOUR);
    }
    let bits = first.numbers(tag::BITS_PER_SAMPLE).unwrap_or_else(|| vec![1]);
    let samples = layout.samples;
    let formats = first.numbers(tag::SAMPLE_FORMAT).unwrap_or_default();
    match formats.iter().find(|&&format| format != 1) {
        None => {}
        Some(2) => return because(format!("holds signed {}-bit samples", layout.bits), "unsigned ones"),
        Some(3) => {
            return because(format!("holds {}-bit floating-point samples", layout.bits), "8- or 16-bit integers");
        }
        Some(other) => return because(format!("holds samples of format {other}"), "unsigned integers (1)"),
    }
    let is_gray = matches!(photometric, Some(0 | 1));
    if bits.iter().any(|&found| found != layout.bits)
        || !(matches!(layout.bits, 8 | 16) || layout.bits == 1 && is_gray)
        || (layout.bits != 8 && photometric == Some(PALETTE))
    {
        let list: Vec<String> = bits.iter().take(8).map(u64::to_string).collect();
        return because(format!("has {} bits a sample", list.join(", ")), "8 or 16, or 1 in gray, or 8 in a palette");
    }
    match (photometric, samples) {
        (Some(2), 3 | 4) | (Some(0 | 1 | PALETTE), 1) => {}
        (Some(2), _) => return because(format!("has {samples} samples a pixel"), "3, or 4 with alpha"),
        _ => return because(format!("has {samples} samples a pixel"), "1, without alpha"),
    }
    let map = first.numbers(tag::COLOUR_MAP).map_or(0, |map| map.len());
    if photometric == Some(PALETTE) && map != 3 * 256 {
        return because(format!("has a palette of {map} values"), "3 of each of 256 colours");
    }
    match (layout.compression, first.number(tag::PREDICTOR).unwrap_or(1)) {
        (UNCOMPRESSED | 5 | 8 | 32773 | 32946, 1) => {}
        // The decoder drops a sample of unknown meaning before it adds up the differences.
        (5 | 8 | 32946, HORIZONTAL_PREDICTOR) if samples == 4 && first.number(tag::EXTRA_SAMPLES) == Some(0) => {
            return because("stores differences of four samples, one of unknown meaning".to_owned(), "RGB or RGBA");
        }
        (UNCOMPRESSED | 5 | 8 | 32773 | 32946, HORIZONTAL_PREDICTOR) if layout.bits >= 8 => {}
        (UNCOMPRESSED | 5 | 8 | 32773 | 32946, other) => {
            return because(format!("stores differences of kind {other}"), "none or horizontal ones");
        }
        (2..=4, _) => return because("is compressed as a fax".to_owned(), EXPECTED_COMPRESSION),
        (6 | 7, _) => return because("is compressed as JPEG".to_owned(), EXPECTED_COMPRESSION),
        (other, _) => return because(format!("is compressed by method {other}"), EXPECTED_COMPRESSION),
    }
    match first.number(tag::FILL_ORDER) {
        None | Some(1) => None,
        Some(other) => because(format!("has its bits in order {other}"), "1, the most significant first"),
    }
}

/// What the decoder has to be told of a file that [`examine`] accepted.
pub(in crate::camera) struct Details {
    /// How many strips or tiles there are.
    pub(in crate::camera) chunks: u64,
    /// If the pixels are indices.
    pub(in crate::camera) palette: Option<Palette>,
}

/// The colours of a palette, and where the file says that it is one.
pub(in crate::camera) struct Palette {
    /// Offset of the two bytes that say so.
    pub(in crate::camera) photometric_at: usize,
    pub(in crate::camera) big_endian: bool,
    /// 8 bits a channel.
    pub(in crate::camera) colours: Vec<[u8; 3]>,
}

/// Details of a file that [`examine`] accepted; `None` of another.
pub(in crate::camera) fn details(bytes: &[u8]) -> Option<Details> {
    let header = Header::read(bytes)?;
    let first = Directory::read(bytes, header, header.first)?;
    let offsets = first.entry(tag::STRIP_OFFSETS).or(first.entry(tag::TILE_OFFSETS))?;
    let is_palette = first.number(tag::PHOTOMETRIC) == Some(PALETTE);
    let palette = if is_palette { Some(palette(&first)?) } else { None };
    Some(Details { chunks: offsets.count, palette })
}

fn palette(first: &Directory<'_>) -> Option<Palette> {
    let map = first.numbers(tag::COLOUR_MAP)?;
    // As libtiff: writers widen 8-bit values by 256 or by 257, and a few leave them as they are.
    let is_narrow = map.iter().all(|&value| value < 256);
    let narrow = |value: u64| if is_narrow { value } else { value >> 8 };
    let (red, rest) = map.split_at_checked(256)?;
    let (green, blue) = rest.split_at_checked(256)?;
    let colours = red.iter().zip(green).zip(blue).map(|((&r, &g), &b)| [r, g, b].map(|value| narrow(value) as u8));
    Some(Palette {
        photometric_at: first.entry(tag::PHOTOMETRIC)?.value_at?,
        big_endian: first.header.big_endian,
        colours: colours.collect(),
    })
}
