//! What an image file says of itself, read without decoding it: the format by its first bytes, the size, what a decoder
//! will make of it, and whether the file reaches its end. Decoders fill up what a cut-off file lacks; a frame that is
//! partly made up must not be judged, so this looks first. One file for each format.
//!
//! Sizes are in pixels, offsets and lengths in bytes. Nothing is allocated but lists that are no longer than the file.

mod bmp;
mod jpeg;
mod png;
mod pnm;
pub(super) mod tiff;

/// The formats of image files that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Portable network graphics.
    Png,
    /// JPEG in a file (JFIF, Exif or bare).
    Jpeg,
    /// Windows bitmap.
    Bmp,
    /// Tagged image file format, BigTIFF too.
    Tiff,
    /// Portable bitmap, graymap or pixmap (Netpbm), binary or plain.
    Pnm,
}

impl std::fmt::Display for FileFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Pnm => "PNM",
        })
    }
}

/// An image file's own account of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) format: FileFormat,
    /// Width and height in pixels; `None` if the file ends before it says, or does not say.
    pub(crate) size: Option<(u32, u32)>,
    /// Whether all of the image is there: PNG has its IEND, JPEG its EOI, every other format its last pixel.
    pub(crate) complete: bool,
    /// What a decoder will make of a pixel.
    pub(crate) pixel: Pixel,
    /// Why it should not be decoded, although it is there.
    pub(crate) refused: Option<Refused>,
}

impl Container {
    fn new(format: FileFormat) -> Self {
        Self { format, size: None, complete: false, pixel: Pixel::default(), refused: None }
    }

    /// Keeps the first reason.
    fn refuse(&mut self, why: Refused) {
        self.refused.get_or_insert(why);
    }
}

/// What one pixel takes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pixel {
    /// Samples that come out of the decoder: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha.
    pub(crate) samples: u8,
    /// Bytes of each.
    pub(crate) sample_bytes: u8,
    /// Bytes that the decoder needs for the whole image beside what comes out.
    pub(crate) working_bytes: u8,
}

/// Why a file should not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A kind of this format that is not decoded. The two read as "the TIFF {found}, expected {expected}".
    Unsupported { found: String, expected: &'static str },
    /// It holds more than one image.
    Several { found: usize },
    /// It contradicts itself; what follows "cannot be decoded:".
    Damaged(String),
}

/// Looks at the bytes of a file; `None` if they begin like none of the formats.
pub(crate) fn examine(bytes: &[u8]) -> Option<Container> {
    if let Some(chunks) = bytes.strip_prefix(&png::SIGNATURE) {
        Some(png::examine(chunks))
    } else if bytes.starts_with(&jpeg::START) {
        Some(jpeg::examine(&bytes[2..]))
    } else if bytes.starts_with(&bmp::SIGNATURE) {
        Some(bmp::examine(bytes))
    } else if let Some(header) = tiff::Header::read(bytes) {
        Some(tiff::examine(bytes, header))
    } else {
        pnm::examine(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_no_image() {
        for bytes in [&b""[..], b"GIF89a", b"B", b"P5", b"P7\nWIDTH 1", b"P55 1 1 255 x", b"II", b"MM\0\0", b"II*"] {
            assert_eq!(examine(bytes), None, "{bytes:?}");
        }
    }
}
