//! From a decoder's image to the pixels of a frame: alpha is dropped, 16-bit colour is narrowed to 8 bits by the rule
//! of `shared` for 16-bit gray, `(v + 128) / 257`. 16-bit gray stays, in little-endian bytes.

use image::DynamicImage;
use shared::image::PixelFormat;

/// The pixels, row after row without gaps.
pub(super) fn into_pixels(image: DynamicImage) -> (Vec<u8>, PixelFormat) {
    match image {
        DynamicImage::ImageLuma8(gray) => (gray.into_raw(), PixelFormat::Gray8),
        DynamicImage::ImageLumaA8(gray) => (keep_first(gray.as_raw(), 2, 1), PixelFormat::Gray8),
        DynamicImage::ImageRgb8(rgb) => (rgb.into_raw(), PixelFormat::Rgb8),
        DynamicImage::ImageRgba8(rgb) => (keep_first(rgb.as_raw(), 4, 3), PixelFormat::Rgb8),
        DynamicImage::ImageLuma16(gray) => (little_endian(gray.as_raw().iter()), PixelFormat::Gray16),
        DynamicImage::ImageLumaA16(gray) => (little_endian(gray.as_raw().iter().step_by(2)), PixelFormat::Gray16),
        DynamicImage::ImageRgb16(rgb) => (narrow(rgb.as_raw(), 3), PixelFormat::Rgb8),
        DynamicImage::ImageRgba16(rgb) => (narrow(rgb.as_raw(), 4), PixelFormat::Rgb8),
        // None of the formats decodes to anything else.
        other => (other.into_rgb8().into_raw(), PixelFormat::Rgb8),
    }
}

/// Keeps the first `kept` of every `channels` samples.
fn keep_first(samples: &[u8], channels: usize, kept: usize) -> Vec<u8> {
    samples.chunks_exact(channels).flat_map(|pixel| &pixel[..kept]).copied().collect()
}

fn little_endian<'a>(samples: impl Iterator<Item = &'a u16>) -> Vec<u8> {
    samples.flat_map(|sample| sample.to_le_bytes()).collect()
}

fn narrow(samples: &[u16], channels: usize) -> Vec<u8> {
    let narrow = |&sample: &u16| ((u32::from(sample) + 128) / 257) as u8;
    samples.chunks_exact(channels).flat_map(|pixel| pixel[..3].iter().map(narrow)).collect()
}
