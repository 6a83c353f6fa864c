//! PBM, PGM and PPM (Netpbm): `P1` to `P6`, width, height and, but for bitmaps, the largest sample as decimal numbers
//! between white space and comments, one byte of white space, the raster. `P1` to `P3` are plain: samples are decimal
//! numbers, each followed by white space, so that a number that is cut off is seen; `P4` to `P6` are binary.

use super::{Container, FileFormat, Pixel, Refused};

/// Looks at a file; `None` if it does not begin like one.
pub(super) fn examine(bytes: &[u8]) -> Option<Container> {
    let kind = kind(bytes)?;
    let mut found = Container::new(FileFormat::Pnm);
    let mut rest = &bytes[2..];
    let Some(end) = read(kind, &mut rest, &mut found) else { return Some(found) };
    found.complete = true;
    // Images may follow each other in one file.
    let mut images = 1;
    let mut after = end;
    while let Some(kind) = self::kind(after) {
        let mut rest = &after[2..];
        let Some(end) = read(kind, &mut rest, &mut Container::new(FileFormat::Pnm)) else { break };
        (images, after) = (images + 1, end);
    }
    if images > 1 || self::kind(after).is_some() {
        found.refuse(Refused::Several { found: images.max(2) });
    }
    Some(found)
}

/// The digit of the first two bytes, if white space or a comment follows them.
fn kind(bytes: &[u8]) -> Option<u8> {
    let &[b'P', kind @ b'1'..=b'6', after] = bytes.first_chunk::<3>()? else { return None };
    (is_space(after) || after == b'#').then_some(kind - b'0')
}

/// Reads what follows the first two bytes into `found`; returns what follows the raster, or `None` if the file ends
/// before.
fn read<'a>(kind: u8, rest: &mut &'a [u8], found: &mut Container) -> Option<&'a [u8]> {
    let is_bitmap = matches!(kind, 1 | 4);
    let (width, height) = (number(rest, found)?, number(rest, found)?);
    let samples = if matches!(kind, 3 | 6) { 3 } else { 1 };
    found.size = Some((width, height));
    let largest = if is_bitmap { 1 } else { number(rest, found)? };
    let sample_bytes = if largest > 255 { 2 } else { 1 };
    found.pixel = Pixel { samples, sample_bytes, working_bytes: 0 };
    if !(1..=65535).contains(&largest) {
        found.refuse(Refused::Damaged(format!("its largest sample is {largest}, expected 1 to 65535")));
    }
    let in_row = u64::from(width) * u64::from(samples);
    match kind {
        1 => after_plain(rest, in_row.checked_mul(u64::from(height))?, true),
        2 | 3 => after_plain(rest, in_row.checked_mul(u64::from(height))?, false),
        _ => {
            let row = if is_bitmap { in_row.div_ceil(8) } else { in_row * u64::from(sample_bytes) };
            rest.get(usize::try_from(row.checked_mul(u64::from(height))?).ok()?..)
        }
    }
}

/// What follows `samples` decimal numbers and the white space after the last. The bits of a plain bitmap need none.
fn after_plain(mut rest: &[u8], samples: u64, bits: bool) -> Option<&[u8]> {
    for _ in 0..samples {
        rest = after_space(rest);
        let length = if bits { 1 } else { rest.iter().position(|&byte| is_space(byte))? };
        rest = rest.get(length..)?;
    }
    Some(after_space(rest))
}

/// The next number of the header and the byte of white space after it.
fn number(rest: &mut &[u8], found: &mut Container) -> Option<u32> {
    let mut value = None;
    while let Some((&byte, after)) = rest.split_first() {
        *rest = after;
        match byte {
            b'0'..=b'9' => {
                let digit = u32::from(byte - b'0');
                value = Some(value.unwrap_or(0u32).saturating_mul(10).saturating_add(digit));
            }
            b'#' => {
                if value.is_some() {
                    // Readers differ on whether the comment ends the number.
                    found.refuse(Refused::Damaged("a comment touches a number of its header".to_owned()));
                }
                let line = rest.iter().position(|&byte| matches!(byte, b'\n' | b'\r'))?;
                *rest = &rest[line + 1..];
            }
            _ if is_space(byte) => {
                if value.is_some() {
                    return value;
                }
            }
            _ => {
                found.refuse(Refused::Damaged(format!("its header holds the byte {byte:#04x} for a number")));
                return None;
            }
        }
    }
    None
}

/// The white space of Netpbm, which counts the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn after_space(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| !is_space(byte)).unwrap_or(bytes.len());
    &bytes[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_number_that_may_be_cut_off_is_incomplete() {
        assert!(!examine(b"P2 2 1 255 17 25").unwrap().complete);
        assert!(examine(b"P2 2 1 255 17 255\n").unwrap().complete);
        assert!(examine(b"P1 3 1 1 01").unwrap().complete);
        assert!(!examine(b"P1 3 1 1 0").unwrap().complete);
    }

    #[test]
    fn comments_and_white_space_are_skipped_where_readers_agree() {
        let found = examine(b"P5#c 9\n\x0b 2 # 7\r1\n255\n##").unwrap();
        assert_eq!((found.size, found.complete, found.refused), (Some((2, 1)), true, None));
        let touching = examine(b"P5 2# 9\n 1 255\n##").unwrap();
        assert!(matches!(touching.refused, Some(Refused::Damaged(_))));
    }

    #[test]
    fn numbers_too_large_for_a_size_stay_too_large() {
        let found = examine(b"P5 99999999999999999999 1 255\n#").unwrap();
        assert_eq!((found.size, found.complete), (Some((u32::MAX, 1)), false));
        let largest = examine(b"P5 1 1 65536\n##").unwrap();
        assert!(matches!(largest.refused, Some(Refused::Damaged(_))));
        let word = examine(b"P5 1 one 255\n#").unwrap();
        assert!(matches!((word.size, word.refused), (None, Some(Refused::Damaged(_)))));
    }
}
