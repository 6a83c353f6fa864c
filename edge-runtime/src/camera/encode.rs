//! From a frame to a PNG file in memory: without loss, so that what is kept is what was judged. 16-bit gray stays
//! 16-bit. It does not know where the file goes.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError};
use shared::image::{FrameView, PixelFormat};

/// The frame as the bytes of a PNG file.
///
/// # Errors
///
/// [`ImageError`] if the encoder fails, for which there is no reason but memory.
pub fn encode_png(frame: &FrameView<'_>) -> Result<Vec<u8>, ImageError> {
    let size = frame.size();
    let mut pixels = Vec::with_capacity(size.area() * frame.format().bytes_per_pixel());
    for y in 0..size.height {
        let row = frame.row(y);
        match frame.format() {
            PixelFormat::Gray8 | PixelFormat::Rgb8 => pixels.extend_from_slice(row),
            // The encoder takes samples as the processor stores them.
            PixelFormat::Gray16 => {
                pixels.extend(row.as_chunks().0.iter().flat_map(|&sample| u16::from_le_bytes(sample).to_ne_bytes()));
            }
        }
    }
    let color = match frame.format() {
        PixelFormat::Gray8 => ExtendedColorType::L8,
        PixelFormat::Gray16 => ExtendedColorType::L16,
        PixelFormat::Rgb8 => ExtendedColorType::Rgb8,
    };
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive).write_image(
        &pixels,
        size.width.into(),
        size.height.into(),
        color,
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shared::image::Size;

    use super::*;
    use crate::camera::decode::decode_bytes;

    #[test]
    fn what_is_decoded_again_is_the_frame() {
        let data: Vec<u8> = (0..200).map(|index| (index * 53 % 256) as u8).collect();
        let size = Size::new(7, 5);
        for format in [PixelFormat::Gray8, PixelFormat::Gray16, PixelFormat::Rgb8] {
            let row = usize::from(size.width) * format.bytes_per_pixel();
            let frame = FrameView::new(&data, size, row + 3, format).unwrap();
            let decoded = decode_bytes(&encode_png(&frame).unwrap(), Path::new("frame.png")).unwrap();
            assert_eq!((decoded.size(), decoded.format()), (size, format));
            let packed: Vec<u8> = (0..5).flat_map(|y| &data[y * (row + 3)..][..row]).copied().collect();
            assert_eq!(decoded.data(), packed);
        }
    }
}
