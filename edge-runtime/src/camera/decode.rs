//! From an image file to a [`Frame`]: the one way in which images come into the product, for the station as for the
//! host trainer. PNG and JPEG, told apart by their first bytes, not by their names.
//!
//! Gray stays gray (8 or 16 bit); everything else becomes 8-bit RGB (palettes are expanded, 16-bit channels become
//! `(v + 128) / 257`). Alpha is dropped, not blended. Orientation tags and colour profiles are ignored: a camera of a
//! line does not turn. An image whose file is cut off is an error, however much of it could be shown.

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits};
use shared::image::{MAX_SIDE, PixelFormat, Size};

use super::container::{self, Container};
use crate::bounded_read::{ReadFailure, read_bounded};
use crate::frame::Frame;
use crate::panic_guard;

pub use super::container::FileFormat;

/// The largest image file that is read, in bytes (256 MiB).
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The most memory that a decoded image may take, in bytes (512 MiB).
pub const MAX_DECODED_BYTES: u64 = 512 << 20;

/// Why an image file did not become a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no such file.
    #[error("{}: no such file; check the path", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a folder, a pipe or a device.
    #[error("{}: not a regular file; give a PNG or JPEG file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The operating system would not let us read it.
    #[error("{}: cannot be read; check its permissions and the disk", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("{}: the file is empty; record it again or remove it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than any frame.
    #[error("{}: {found} bytes, at most {MAX_FILE_BYTES} are read", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
    },
    /// The file is something else.
    #[error("{}: neither PNG nor JPEG (it begins with {begins}); convert it or remove it", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// Its first bytes, in hexadecimal.
        begins: String,
    },
    /// The file ends before its image does.
    #[error("{}: the {format} ends before its image does ({found} bytes); copy or record it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// Its length in bytes.
        found: usize,
    },
    /// The image is larger than any frame, or has no pixels. Refused before memory is taken for it.
    #[error(
        "{}: the {format} is {width}x{height} pixels, expected 1 to {MAX_SIDE} a side \
         and at most {MAX_DECODED_BYTES} bytes decoded; record smaller frames",
        path.display()
    )]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// Width in pixels that the file claims.
        width: u32,
        /// Height in pixels that the file claims.
        height: u32,
    },
    /// The decoder found the file damaged, or of a kind it does not know.
    #[error("{}: the {format} cannot be decoded: {message}; copy or record it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it begins as.
        format: FileFormat,
        /// What the decoder said.
        message: String,
    },
}

/// Reads and decodes one image file.
///
/// # Errors
///
/// [`DecodeError`], which names the file, what was found and what to do.
pub fn decode_file(path: &Path) -> Result<Frame, DecodeError> {
    decode_bytes(&read_image_file(path)?, path)
}

/// Reads one image file without decoding it: for whoever needs its bytes too, to hash them.
///
/// # Errors
///
/// [`DecodeError`], as far as it is about the file.
pub fn read_image_file(path: &Path) -> Result<Vec<u8>, DecodeError> {
    read_bounded(path, MAX_FILE_BYTES).map_err(|failure| {
        let path = path.to_owned();
        match failure {
            ReadFailure::Missing => DecodeError::Missing { path },
            ReadFailure::NotAFile => DecodeError::NotAFile { path },
            ReadFailure::TooLarge { found } => DecodeError::FileTooLarge { path, found },
            ReadFailure::Io(source) => DecodeError::Unreadable { path, source },
        }
    })
}

/// Decodes an image file that is already in memory; `path` is what errors call it.
///
/// # Errors
///
/// [`DecodeError`], as [`decode_file`].
pub fn decode_bytes(bytes: &[u8], path: &Path) -> Result<Frame, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty { path: path.to_owned() });
    }
    let Some(Container { format, size, complete }) = container::examine(bytes) else {
        return Err(DecodeError::NotAnImage { path: path.to_owned(), begins: first_bytes(bytes) });
    };
    let truncated = || DecodeError::Truncated { path: path.to_owned(), format, found: bytes.len() };
    let (width, height) = size.ok_or_else(truncated)?;
    let dimensions = || DecodeError::Dimensions { path: path.to_owned(), format, width, height };
    let damaged = |message: String| DecodeError::Damaged { path: path.to_owned(), format, message };
    let frame_size = frame_size(width, height).ok_or_else(dimensions)?;
    if !complete {
        return Err(truncated());
    }
    let image = panic_guard::catch(|| decode(bytes, format)).map_err(damaged)?.map_err(|error| match error {
        ImageError::Limits(_) => dimensions(),
        ImageError::IoError(source) if source.kind() == io::ErrorKind::UnexpectedEof => truncated(),
        error => damaged(error.to_string()),
    })?;
    if (image.width(), image.height()) != (width, height) {
        return Err(damaged(format!("it decodes to {}x{}, not {width}x{height}", image.width(), image.height())));
    }
    let (data, pixels) = into_pixels(image);
    Frame::new(data, frame_size, pixels).map_err(|error| damaged(error.to_string()))
}

fn frame_size(width: u32, height: u32) -> Option<Size> {
    let size = Size::new(u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    size.check().ok().map(|()| size)
}

fn decode(bytes: &[u8], format: FileFormat) -> ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(u32::from(MAX_SIDE));
    limits.max_image_height = Some(u32::from(MAX_SIDE));
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    match format {
        FileFormat::Png => within(PngDecoder::with_limits(Cursor::new(bytes), limits.clone())?, limits),
        FileFormat::Jpeg => within(JpegDecoder::new(Cursor::new(bytes))?, limits),
    }
}

fn within(mut decoder: impl ImageDecoder, mut limits: Limits) -> ImageResult<DynamicImage> {
    let (width, height) = decoder.dimensions();
    limits.reserve_buffer(width, height, decoder.color_type())?;
    decoder.set_limits(limits)?;
    DynamicImage::from_decoder(decoder)
}

fn into_pixels(image: DynamicImage) -> (Vec<u8>, PixelFormat) {
    match image {
        DynamicImage::ImageLuma8(gray) => (gray.into_raw(), PixelFormat::Gray8),
        DynamicImage::ImageLumaA8(gray) => (keep_first(gray.as_raw(), 2, 1), PixelFormat::Gray8),
        DynamicImage::ImageRgb8(rgb) => (rgb.into_raw(), PixelFormat::Rgb8),
        DynamicImage::ImageRgba8(rgb) => (keep_first(rgb.as_raw(), 4, 3), PixelFormat::Rgb8),
        DynamicImage::ImageLuma16(gray) => (little_endian(gray.as_raw()), PixelFormat::Gray16),
        DynamicImage::ImageLumaA16(gray) => (little_endian(&keep_first(gray.as_raw(), 2, 1)), PixelFormat::Gray16),
        DynamicImage::ImageRgb16(rgb) => (narrow(rgb.as_raw()), PixelFormat::Rgb8),
        DynamicImage::ImageRgba16(rgb) => (narrow(&keep_first(rgb.as_raw(), 4, 3)), PixelFormat::Rgb8),
        // Neither PNG nor JPEG decodes to anything else.
        other => (other.into_rgb8().into_raw(), PixelFormat::Rgb8),
    }
}

/// Keeps the first `kept` of every `channels` samples.
fn keep_first<T: Copy>(samples: &[T], channels: usize, kept: usize) -> Vec<T> {
    samples.chunks_exact(channels).flat_map(|pixel| &pixel[..kept]).copied().collect()
}

fn little_endian(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// The rule by which `shared` narrows 16-bit gray, for each channel.
fn narrow(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|&sample| ((u32::from(sample) + 128) / 257) as u8).collect()
}

fn first_bytes(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};

    fn png(pixels: &[u8], width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(pixels, width, height, color).unwrap();
        bytes
    }

    fn texture(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 37 % 251) as u8).collect()
    }

    fn decode(bytes: &[u8]) -> Result<Frame, DecodeError> {
        decode_bytes(bytes, Path::new("frame.png"))
    }

    #[test]
    fn gray_and_rgb_come_through_unchanged() {
        let gray = texture(6 * 4);
        let frame = decode(&png(&gray, 6, 4, ExtendedColorType::L8)).unwrap();
        assert_eq!((frame.size(), frame.format(), frame.data()), (Size::new(6, 4), PixelFormat::Gray8, &gray[..]));
        let rgb = texture(6 * 4 * 3);
        let frame = decode(&png(&rgb, 6, 4, ExtendedColorType::Rgb8)).unwrap();
        assert_eq!((frame.format(), frame.data()), (PixelFormat::Rgb8, &rgb[..]));
    }

    #[test]
    fn sixteen_bit_gray_is_kept_and_sixteen_bit_colour_is_narrowed() {
        let native: Vec<u8> = [0u16, 127, 128, 300, 40000, 65535].iter().flat_map(|v| v.to_ne_bytes()).collect();
        let gray = decode(&png(&native, 6, 1, ExtendedColorType::L16)).unwrap();
        let little: Vec<u8> = [0u16, 127, 128, 300, 40000, 65535].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!((gray.format(), gray.data()), (PixelFormat::Gray16, &little[..]));
        let rgb = decode(&png(&native, 2, 1, ExtendedColorType::Rgb16)).unwrap();
        assert_eq!((rgb.format(), rgb.data()), (PixelFormat::Rgb8, &[0, 0, 0, 1, 156, 255][..]));
    }

    #[test]
    fn alpha_is_dropped() {
        let frame = decode(&png(&[10, 20, 30, 0, 40, 50, 60, 255], 2, 1, ExtendedColorType::Rgba8)).unwrap();
        assert_eq!((frame.format(), frame.data()), (PixelFormat::Rgb8, &[10, 20, 30, 40, 50, 60][..]));
        let frame = decode(&png(&[10, 0, 40, 255], 2, 1, ExtendedColorType::La8)).unwrap();
        assert_eq!((frame.format(), frame.data()), (PixelFormat::Gray8, &[10, 40][..]));
    }

    #[test]
    fn a_png_cut_off_anywhere_is_an_error() {
        let bytes = png(&texture(64 * 48), 64, 48, ExtendedColorType::L8);
        for length in 1..bytes.len() {
            match decode(&bytes[..length]) {
                Err(DecodeError::Truncated { found, .. }) => assert_eq!(found, length),
                Err(DecodeError::NotAnImage { .. }) => assert!(length < 8),
                other => panic!("{length} of {} bytes gave {other:?}", bytes.len()),
            }
        }
        assert!(decode(&bytes).is_ok());
    }

    #[test]
    fn a_jpeg_cut_off_anywhere_is_an_error() {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .write_image(&texture(64 * 48), 64, 48, ExtendedColorType::L8)
            .unwrap();
        let whole = decode(&bytes).unwrap();
        assert_eq!((whole.size(), whole.format()), (Size::new(64, 48), PixelFormat::Gray8));
        for length in 1..bytes.len() {
            match decode(&bytes[..length]) {
                Err(DecodeError::Truncated { found, .. }) => assert_eq!(found, length),
                Err(DecodeError::NotAnImage { .. }) => assert!(length < 3),
                other => panic!("{length} of {} bytes gave {other:?}", bytes.len()),
            }
        }
    }

    #[test]
    fn any_changed_byte_of_a_png_gives_an_error_or_an_image_but_no_panic() {
        let bytes = png(&texture(16 * 16), 16, 16, ExtendedColorType::L8);
        for index in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                let _ = decode(&changed);
            }
        }
    }

    #[test]
    fn hostile_dimensions_are_refused_by_the_header_alone() {
        let mut bytes = png(&texture(4), 2, 2, ExtendedColorType::L8);
        for (width, height) in [(60_000u32, 60_000u32), (16_385, 1), (1, 16_385), (0, 5), (u32::MAX, u32::MAX)] {
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let error = decode(&bytes).unwrap_err();
            let DecodeError::Dimensions { width: found_width, height: found_height, .. } = error else {
                panic!("{width}x{height} gave {error:?}");
            };
            assert_eq!((found_width, found_height), (width, height));
        }
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
        let message = decode_file(&path).unwrap_err().to_string();
        assert!(message.contains("note.png") && message.contains("6a 75 73 74"), "{message}");
    }
}
