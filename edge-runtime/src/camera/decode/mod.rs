//! From an image file to a [`Frame`]: the one way in which images come into the product, for the station as for the
//! host trainer. PNG, JPEG, BMP, TIFF and PNM, told apart by their first bytes, not by their names.
//!
//! Gray stays gray (8 or 16 bit); everything else becomes 8-bit RGB (palettes are expanded, 16-bit channels become
//! `(v + 128) / 257`). Alpha is dropped, not blended. Orientation tags and colour profiles are ignored: a camera of a
//! line does not turn. An image whose file is cut off is an error, however much of it could be shown. A file is one
//! frame: a second page or image in it is an error too, since what it shows would go unjudged. CMYK, L*a*b*, YCbCr in
//! TIFF, raw sensor values, floating-point and signed samples have no gray value that everyone agrees on, and are
//! refused by name.

mod error;
mod pixels;
#[cfg(test)]
mod tests;
mod tiff;

use std::io::{self, Cursor};
use std::path::Path;

use image::codecs::bmp::BmpDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::pnm::PnmDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits};
use shared::image::{MAX_SIDE, Size};

use super::container::{self, Container, Pixel, Refused};
use crate::bounded_read::{ReadFailure, read_bounded};
use crate::frame::Frame;
use crate::panic_guard;

pub use super::container::FileFormat;
pub use error::DecodeError;

/// What can be decoded, for messages.
pub const FORMATS: &str = "PNG, JPEG, BMP, TIFF, PGM, PPM or PBM";

/// How the names of image files end, in any case.
pub const EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "pgm", "ppm", "pbm", "pnm"];

/// The largest image file that is read, in bytes (256 MiB).
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The most memory that a decoded image may take, in bytes (512 MiB).
pub const MAX_DECODED_BYTES: u64 = 512 << 20;

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
    let Some(Container { format, size, complete, pixel, refused }) = container::examine(bytes) else {
        return Err(DecodeError::NotAnImage { path: path.to_owned(), begins: first_bytes(bytes) });
    };
    let path = || path.to_owned();
    let truncated = || DecodeError::Truncated { path: path(), format, found: bytes.len() };
    let damaged = |message: String| DecodeError::Damaged { path: path(), format, message };
    let refuse = |why| match why {
        Refused::Unsupported { found, expected } => DecodeError::Unsupported { path: path(), format, found, expected },
        Refused::Several { found } => DecodeError::SeveralImages { path: path(), format, found },
        Refused::Damaged(message) => damaged(message),
    };
    let Some((width, height)) = size else { return Err(refused.map_or_else(truncated, refuse)) };
    let dimensions = || DecodeError::Dimensions { path: path(), format, width, height };
    let frame_size = frame_size(width, height).ok_or_else(dimensions)?;
    if decoded_bytes(frame_size, pixel) > MAX_DECODED_BYTES {
        return Err(dimensions());
    }
    if !complete {
        return Err(truncated());
    }
    if let Some(why) = refused {
        return Err(refuse(why));
    }
    let image = panic_guard::catch(|| decode(bytes, format)).map_err(damaged)?.map_err(|error| match error {
        ImageError::Limits(_) => dimensions(),
        ImageError::IoError(source) if source.kind() == io::ErrorKind::UnexpectedEof => truncated(),
        error => damaged(error.to_string()),
    })?;
    if (image.width(), image.height()) != (width, height) {
        return Err(damaged(format!("it decodes to {}x{}, not {width}x{height}", image.width(), image.height())));
    }
    let (data, pixels) = pixels::into_pixels(image);
    Frame::new(data, frame_size, pixels).map_err(|error| damaged(error.to_string()))
}

/// How many bytes [`decode_bytes`] takes at most to decode a file beside the file itself, by what its header says: for
/// whoever decodes several at a time and has to share memory among them. Nothing is decoded for it. At most
/// three times [`MAX_DECODED_BYTES`]; 0 for a file that is refused before memory is taken.
pub fn decoding_bytes(bytes: &[u8]) -> u64 {
    let Some((format, size, pixel)) = to_be_decoded(bytes) else { return 0 };
    let decoded = decoded_bytes(size, pixel);
    let is_kept = matches!((pixel.samples, pixel.sample_bytes), (1 | 3, 1));
    let converted = if is_kept { 0 } else { size.area() as u64 * 3 };
    // The JPEG decoder copies the file, and the TIFF decoder's palettes are made known to it in a copy.
    let copied = if matches!(format, FileFormat::Jpeg | FileFormat::Tiff) { bytes.len() as u64 } else { 0 };
    decoded + converted + copied
}

/// The size of the frame in a file, by what its header says; `None` for a file that [`decode_bytes`] refuses before it
/// decodes anything. Nothing is decoded, so a damaged file may have one, too.
pub fn size_in_header(bytes: &[u8]) -> Option<Size> {
    to_be_decoded(bytes).map(|(_, size, _)| size)
}

fn to_be_decoded(bytes: &[u8]) -> Option<(FileFormat, Size, Pixel)> {
    let Container { format, size, complete: true, pixel, refused: None } = container::examine(bytes)? else {
        return None;
    };
    let (width, height) = size?;
    let size = frame_size(width, height)?;
    (decoded_bytes(size, pixel) <= MAX_DECODED_BYTES).then_some((format, size, pixel))
}

fn frame_size(width: u32, height: u32) -> Option<Size> {
    let size = Size::new(u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    size.check().ok().map(|()| size)
}

/// What the decoder takes, before pixels are converted.
fn decoded_bytes(size: Size, pixel: Pixel) -> u64 {
    let pixel = u64::from(pixel.samples) * u64::from(pixel.sample_bytes) + u64::from(pixel.working_bytes);
    size.area() as u64 * pixel
}

fn decode(bytes: &[u8], format: FileFormat) -> ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(u32::from(MAX_SIDE));
    limits.max_image_height = Some(u32::from(MAX_SIDE));
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    match format {
        FileFormat::Png => within(PngDecoder::with_limits(Cursor::new(bytes), limits.clone())?, limits),
        FileFormat::Jpeg => within(JpegDecoder::new(Cursor::new(bytes))?, limits),
        FileFormat::Bmp => within(BmpDecoder::new(Cursor::new(bytes))?, limits),
        FileFormat::Tiff => tiff::decode(bytes, limits),
        FileFormat::Pnm => within(PnmDecoder::new(Cursor::new(bytes))?, limits),
    }
}

fn within(mut decoder: impl ImageDecoder, mut limits: Limits) -> ImageResult<DynamicImage> {
    let (width, height) = decoder.dimensions();
    limits.reserve_buffer(width, height, decoder.color_type())?;
    decoder.set_limits(limits)?;
    DynamicImage::from_decoder(decoder)
}

fn first_bytes(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ")
}
