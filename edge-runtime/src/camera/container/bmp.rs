//! BMP (Microsoft, `wingdi.h`): a file header of 14 bytes that says where the pixels begin, a bitmap header of 12, 40
//! or more bytes, a palette, the pixels. All numbers are little-endian. Uncompressed rows are padded to 4 bytes;
//! run-length coded bitmaps end with a mark.

use super::{Container, FileFormat, Pixel, Refused};

pub(super) const SIGNATURE: [u8; 2] = *b"BM";

const FILE_HEADER: usize = 14;
/// The bitmap header of OS/2 1.x, with sides of 16 bits.
const CORE_HEADER: u32 = 12;
const COMPRESSIONS: &str = "none, run lengths or bit fields";

/// Looks at a file that begins with the signature.
pub(super) fn examine(bytes: &[u8]) -> Container {
    let mut found = Container::new(FileFormat::Bmp);
    // A file that ends within its header is incomplete.
    let _ = read(bytes, &mut found);
    found
}

fn read(bytes: &[u8], found: &mut Container) -> Option<()> {
    let start = u32_at(bytes, 10)? as usize;
    let header = u32_at(bytes, FILE_HEADER)?;
    let (width, height, bits, compression);
    if header == CORE_HEADER {
        (width, height) = (u32::from(u16_at(bytes, 18)?), u32::from(u16_at(bytes, 20)?));
        (bits, compression) = (u16_at(bytes, 24)?, 0);
    } else {
        // A negative height means that the rows come from the top; a negative width means nothing.
        (width, height) = (u32_at(bytes, 18)?, (u32_at(bytes, 22)? as i32).unsigned_abs());
        (bits, compression) = (u16_at(bytes, 28)?, u32_at(bytes, 30)?);
    }
    found.size = Some((width, height));
    found.pixel = Pixel { samples: if matches!(bits, 16 | 32) { 4 } else { 3 }, sample_bytes: 1, working_bytes: 0 };
    if !matches!(header, CORE_HEADER | 40 | 52 | 56 | 108 | 124) {
        let header = format!("has a bitmap header of {header} bytes");
        found.refuse(Refused::Unsupported { found: header, expected: "12, 40, 52, 56, 108 or 124" });
    }
    if !matches!(compression, 0..=3) {
        let how = match compression {
            4 => "is compressed as JPEG".to_owned(),
            5 => "is compressed as PNG".to_owned(),
            11..=13 => "holds CMYK colour".to_owned(),
            other => format!("is compressed by method {other}"),
        };
        found.refuse(Refused::Unsupported { found: how, expected: COMPRESSIONS });
    }
    if start < FILE_HEADER + header as usize {
        found.refuse(Refused::Damaged(format!("its pixels begin at byte {start}, within its header")));
    }
    let pixels = bytes.get(start..)?;
    found.complete = if matches!(compression, 1 | 2) {
        run_lengths_cover(pixels, compression, u64::from(width) * u64::from(height))
    } else {
        let row = (u64::from(width) * u64::from(bits)).div_ceil(32).checked_mul(4)?;
        pixels.len() as u64 >= row.checked_mul(u64::from(height))?
    };
    Some(())
}

/// Walks the run-length codes, of 8 bits a pixel (method 1) or of 4 (method 2), to the mark that ends the bitmap.
/// Pixels that no code sets would be made up: with fewer than `area` of them, the bitmap is not whole.
fn run_lengths_cover(mut codes: &[u8], method: u32, area: u64) -> bool {
    let mut set = 0;
    while let Some((&[count, value], after)) = codes.split_first_chunk::<2>() {
        let literals = match (count, value) {
            (0, 1) => return set >= area,
            // A move to the right and up leaves a gap.
            (0, 2) => return false,
            (0, literals @ 3..) => literals,
            // The end of a row, or a run.
            _ => 0,
        };
        set += u64::from(count.max(literals));
        let literals = usize::from(literals);
        let bytes = if method == 1 { literals } else { literals.div_ceil(2) };
        let Some(next) = after.get(bytes.next_multiple_of(2)..) else { return false };
        codes = next;
    }
    false
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A BITMAPINFOHEADER file of 2x2 pixels of 8 bits, without its palette and pixels.
    fn header(start: u32, compression: u32) -> Vec<u8> {
        let mut bytes = b"BM".to_vec();
        for word in [0, 0, start, 40, 2, 2] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend([1, 0, 8, 0]);
        for word in [compression, 0, 0, 0, 0, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn run_lengths_set_every_pixel_and_end_at_their_mark() {
        let with = |codes: &[u8]| examine(&[&header(54, 1)[..], codes].concat()).complete;
        // Three literals and their padding hold what looks like the mark.
        assert!(!with(&[0, 3, 0, 1, 7, 0, 1, 9, 0, 0, 0, 0]));
        assert!(with(&[0, 3, 0, 1, 7, 0, 1, 9, 0, 0, 0, 1]));
        assert!(!with(&[2, 9, 0, 0, 1, 9, 0, 1]), "one pixel is not set");
        assert!(!with(&[2, 9, 0, 2, 0, 1, 2, 9, 0, 1]), "a move");
    }

    #[test]
    fn methods_that_hide_another_format_and_pixels_in_the_header_are_refused() {
        let refused = |bytes: &[u8]| examine(bytes).refused;
        assert!(matches!(refused(&header(54, 4)), Some(Refused::Unsupported { .. })));
        assert!(matches!(refused(&header(20, 0)), Some(Refused::Damaged(_))));
        assert_eq!(refused(&header(54, 0)), None);
    }
}
