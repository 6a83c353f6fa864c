//! TIFF: two things that the decoder lacks. Palettes, which it refuses, are read as gray and looked up here. And it
//! reads on after the end of a compressed strip; the bytes that it reads in all are bounded here, so that a hostile
//! file cannot keep it busy for hours.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use image::codecs::tiff::TiffDecoder;
use image::{DynamicImage, ImageResult, Limits, RgbImage};

use crate::camera::container::tiff::details;

/// The decoder reads so many bytes beyond a strip or tile before it goes to the next.
const READ_AHEAD: u64 = 1 << 15;
/// The value of "the samples are gray, 0 is black".
const BLACK_IS_ZERO: u16 = 1;

/// Decodes a file that [`examine`](crate::camera::container::examine) accepted.
pub(super) fn decode(bytes: &[u8], limits: Limits) -> ImageResult<DynamicImage> {
    let Some(details) = details(bytes) else { return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) };
    let mut bytes = Cow::Borrowed(bytes);
    if let Some(palette) = &details.palette {
        let value = if palette.big_endian { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() };
        bytes.to_mut()[palette.photometric_at..palette.photometric_at + 2].copy_from_slice(&value);
    }
    let image = super::within(TiffDecoder::new(Metered::new(&bytes, details.chunks))?, limits)?;
    let Some(palette) = details.palette else { return Ok(image) };
    let indices = image.into_luma8();
    let (width, height) = indices.dimensions();
    let mut colours = Vec::with_capacity(3 * indices.as_raw().len());
    colours.extend(indices.as_raw().iter().flat_map(|&index| palette.colours[usize::from(index)]));
    let image = RgbImage::from_raw(width, height, colours).expect("three bytes were made of each");
    Ok(image.into())
}

/// Bytes in memory, of which only so many may be read.
struct Metered<'a> {
    bytes: Cursor<&'a [u8]>,
    /// Bytes that may still be read.
    left: u64,
}

impl<'a> Metered<'a> {
    /// Enough for twice the file, and to read ahead in each of `chunks` strips or tiles.
    fn new(bytes: &'a [u8], chunks: u64) -> Self {
        let left = (bytes.len() as u64 * 2).saturating_add(chunks.saturating_add(1).saturating_mul(READ_AHEAD));
        Self { bytes: Cursor::new(bytes), left }
    }

    fn spend(&mut self, bytes: usize) -> io::Result<()> {
        let too_much = || io::Error::other("its strips or tiles do not end where it says");
        self.left = self.left.checked_sub(bytes as u64).ok_or_else(too_much)?;
        Ok(())
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.spend(read)?;
        Ok(read)
    }
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.spend(0)?;
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.bytes.consume(amount);
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_reads_on_and_on_is_stopped() {
        let bytes = vec![7; 100_000];
        let mut metered = Metered::new(&bytes, 1);
        let mut times = 0;
        let stopped = loop {
            metered.rewind().unwrap();
            match metered.read_exact(&mut vec![0; bytes.len()]) {
                Ok(()) => times += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(times, 2);
        assert!(stopped.to_string().contains("do not end"), "{stopped}");
    }
}
