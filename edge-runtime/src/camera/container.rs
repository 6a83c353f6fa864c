//! What an image file says of itself, read without decoding it: the format by its first bytes, the size, and whether
//! the file reaches its end. Decoders fill up what a cut-off file lacks; a frame that is partly made up must not be
//! judged, so this looks first. Nothing is allocated.

/// The formats of image files that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Portable network graphics.
    Png,
    /// JPEG in a file (JFIF, Exif or bare).
    Jpeg,
}

impl std::fmt::Display for FileFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        })
    }
}

/// An image file's own account of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) format: FileFormat,
    /// Width and height in pixels; `None` if the file ends before it says.
    pub(crate) size: Option<(u32, u32)>,
    /// Whether the end mark (PNG: IEND, JPEG: EOI) is there.
    pub(crate) complete: bool,
}

const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
const JPEG_START: [u8; 3] = [0xff, 0xd8, 0xff];

/// Looks at the bytes of a file; `None` if they begin like neither format.
pub(crate) fn examine(bytes: &[u8]) -> Option<Container> {
    if bytes.starts_with(&PNG_SIGNATURE) {
        Some(examine_png(&bytes[PNG_SIGNATURE.len()..]))
    } else if bytes.starts_with(&JPEG_START) {
        Some(examine_jpeg(&bytes[2..]))
    } else {
        None
    }
}

/// Walks the chunks: length (4 bytes, big-endian), type (4), data, CRC (4). The decoder checks the CRCs.
fn examine_png(mut rest: &[u8]) -> Container {
    let mut found = Container { format: FileFormat::Png, size: None, complete: false };
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let [l0, l1, l2, l3, kind @ ..] = *head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let Some(end) = length.checked_add(4).filter(|&end| end <= after.len()) else {
            // The header is worth reading even when the file ends within the chunk.
            if &kind == b"IHDR" && found.size.is_none() {
                found.size = png_size(after);
            }
            return found;
        };
        if &kind == b"IHDR" && found.size.is_none() {
            found.size = png_size(after);
        }
        if &kind == b"IEND" {
            found.complete = true;
            return found;
        }
        rest = &after[end..];
    }
    found
}

fn png_size(header: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = header.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Walks the segments: 0xff, marker, length (2 bytes, big-endian, counting itself), data. After a start of scan comes
/// entropy-coded data, in which 0xff is followed by 0 or a restart marker only, so that any other marker ends it.
fn examine_jpeg(mut rest: &[u8]) -> Container {
    let mut found = Container { format: FileFormat::Jpeg, size: None, complete: false };
    while let Some((marker, after)) = next_marker(rest) {
        rest = after;
        match marker {
            0xd9 => {
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
            found.size = jpeg_size(rest);
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

/// Length (2), precision (1), height (2), width (2).
fn jpeg_size(segment: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, h0, h1, w0, w1] = *segment.first_chunk::<7>()?;
    Some((u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_header_gives_its_size_even_when_cut_off() {
        let mut bytes = PNG_SIGNATURE.to_vec();
        bytes.extend(13u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(60000u32.to_be_bytes());
        bytes.extend(50000u32.to_be_bytes());
        let found = examine(&bytes).unwrap();
        assert_eq!(found, Container { format: FileFormat::Png, size: Some((60000, 50000)), complete: false });
    }

    #[test]
    fn a_jpeg_is_complete_at_its_end_mark_whatever_follows() {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend([0xff, 0xe0, 0, 4, 0xff, 0xd9]); // an end mark inside a segment is data
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 20, 0, 30, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        bytes.extend([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4]);
        let found = examine(&bytes).unwrap();
        assert_eq!(found, Container { format: FileFormat::Jpeg, size: Some((30, 20)), complete: false });
        bytes.extend([0xff, 0xd9, b'x']);
        assert!(examine(&bytes).unwrap().complete);
    }

    #[test]
    fn other_bytes_are_no_image_and_no_length_panics() {
        assert_eq!(examine(b""), None);
        assert_eq!(examine(b"GIF89a"), None);
        for second in 0..=255u8 {
            for length in 0..12 {
                let mut bytes = vec![0xff, 0xd8, 0xff, second];
                bytes.extend(vec![0xff; length]);
                assert!(!examine(&bytes).unwrap().complete || second == 0xd9);
            }
        }
    }
}
