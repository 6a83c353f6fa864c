//! JPEG: segments of 0xff, marker, length (2 bytes, big-endian, counting itself) and data. After a start of scan comes
//! entropy-coded data, in which 0xff is followed by 0 or a restart marker only, so that any other marker ends it.

use super::{Container, FileFormat, Pixel, Refused};

/// Start of image, and the first byte of whatever marker follows.
pub(super) const START: [u8; 3] = [0xff, 0xd8, 0xff];

const END_OF_IMAGE: u8 = 0xd9;
/// Extended sequential with progressive coefficients: the decoder holds all of them, two bytes each.
const PROGRESSIVE: u8 = 0xc2;

/// Walks the segments after the start of image.
pub(super) fn examine(mut rest: &[u8]) -> Container {
    let mut found = Container::new(FileFormat::Jpeg);
    while let Some((marker, after)) = next_marker(rest) {
        rest = after;
        match marker {
            END_OF_IMAGE => {
                found.complete = true;
                return found;
            }
            // Markers without a segment: stuffing, TEM, restarts, start of image.
            0x00 | 0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let Some((length, _)) = rest.split_first_chunk::<2>() else { return found };
        let length = usize::from(u16::from_be_bytes(*length));
        // Start of frame, all kinds; 0xc4, 0xc8 and 0xcc are tables.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) && found.size.is_none() {
            start_of_frame(marker, rest, &mut found);
        }
        let Some(next) = rest.get(length.max(2)..) else { return found };
        rest = next;
    }
    found
}

/// Finds the next 0xff that is followed by something else than 0xff, and returns that byte and what follows it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut at = bytes.iter().position(|&byte| byte == 0xff)?;
    while *bytes.get(at)? == 0xff {
        at += 1;
    }
    Some((bytes[at], &bytes[at + 1..]))
}

/// Length (2), precision (1), height (2), width (2), components (1).
fn start_of_frame(marker: u8, segment: &[u8], found: &mut Container) {
    let Some(&[_, _, precision, h0, h1, w0, w1, components]) = segment.first_chunk::<8>() else { return };
    found.size = Some((u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1]))));
    let working_bytes = if marker == PROGRESSIVE { 2 * components.min(4) } else { 0 };
    found.pixel = Pixel { samples: if components == 1 { 1 } else { 3 }, sample_bytes: 1, working_bytes };
    if !matches!(marker, 0xc0..=PROGRESSIVE) {
        let found_process = format!("is coded by process SOF{}", marker - 0xc0);
        found.refuse(Refused::Unsupported { found: found_process, expected: "baseline or progressive Huffman coding" });
    }
    if precision != 8 {
        let found_bits = format!("has {precision} bits a sample");
        found.refuse(Refused::Unsupported { found: found_bits, expected: "8" });
    }
    if !matches!(components, 1 | 3) {
        let found_components = format!("has {components} components (4 are CMYK)");
        found.refuse(Refused::Unsupported { found: found_components, expected: "gray or RGB" });
    }
}

#[cfg(test)]
mod tests {
    use super::super::examine;
    use super::*;

    #[test]
    fn a_file_is_complete_at_its_end_mark_whatever_follows() {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend([0xff, 0xe0, 0, 4, 0xff, 0xd9]); // an end mark inside a segment is data
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 20, 0, 30, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        bytes.extend([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4]);
        let found = examine(&bytes).unwrap();
        assert_eq!((found.format, found.size, found.complete), (FileFormat::Jpeg, Some((30, 20)), false));
        bytes.extend([0xff, 0xd9, b'x']);
        assert!(examine(&bytes).unwrap().complete);
    }

    #[test]
    fn no_length_panics() {
        for second in 0..=255u8 {
            for length in 0..12 {
                let mut bytes = vec![0xff, 0xd8, 0xff, second];
                bytes.extend(vec![0xff; length]);
                assert!(!examine(&bytes).unwrap().complete || second == 0xd9);
            }
        }
    }

    #[test]
    fn arithmetic_coding_and_twelve_bits_are_refused() {
        for (marker, precision, said) in [(0xc9, 8, "SOF9"), (0xc3, 8, "SOF3"), (0xc1, 12, "12 bits")] {
            let bytes = [0xff, 0xd8, 0xff, marker, 0, 11, precision, 0, 20, 0, 30, 1, 1, 0x11, 0, 0xff, 0xd9];
            let Some(Refused::Unsupported { found, .. }) = examine(&bytes).unwrap().refused else { panic!("{said}") };
            assert!(found.contains(said), "{found}");
        }
    }
}
