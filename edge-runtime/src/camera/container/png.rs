//! PNG: a signature, then chunks of length (4 bytes, big-endian), type (4), data and CRC (4). The decoder checks the
//! CRCs. Palettes are expanded, and a tRNS chunk becomes alpha.

use super::{Container, FileFormat, Pixel, Refused};

pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Walks the chunks after the signature.
pub(super) fn examine(mut rest: &[u8]) -> Container {
    let mut found = Container::new(FileFormat::Png);
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let [l0, l1, l2, l3, kind @ ..] = *head;
        // The header is worth reading even when the file ends within the chunk.
        if &kind == b"IHDR" && found.size.is_none() {
            found.size = size(after);
            found.pixel = pixel(after).unwrap_or_default();
        }
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let Some(end) = length.checked_add(4).filter(|&end| end <= after.len()) else { return found };
        match &kind {
            b"IEND" => {
                found.complete = true;
                return found;
            }
            b"tRNS" => found.pixel.samples = with_alpha(found.pixel.samples),
            // An animation: the number of its frames comes first.
            b"acTL" => match after.first_chunk::<4>().map(|frames| u32::from_be_bytes(*frames)) {
                None | Some(0 | 1) => {}
                Some(frames) => found.refuse(Refused::Several { found: frames as usize }),
            },
            _ => {}
        }
        rest = &after[end..];
    }
    found
}

fn size(header: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = header.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Bit depth and colour type follow the size.
fn pixel(header: &[u8]) -> Option<Pixel> {
    let (depth, colour) = (*header.get(8)?, *header.get(9)?);
    let samples = match colour {
        0 => 1,
        4 => 2,
        2 | 3 => 3,
        _ => 4,
    };
    Some(Pixel { samples, sample_bytes: if depth == 16 { 2 } else { 1 }, working_bytes: 0 })
}

fn with_alpha(samples: u8) -> u8 {
    match samples {
        1 => 2,
        3 => 4,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gives_its_size_even_when_cut_off() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend(13u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(60000u32.to_be_bytes());
        bytes.extend(50000u32.to_be_bytes());
        let found = super::super::examine(&bytes).unwrap();
        assert_eq!((found.format, found.size, found.complete), (FileFormat::Png, Some((60000, 50000)), false));
    }
}
