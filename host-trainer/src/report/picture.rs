//! Images as PNG files inside the page (`data:` URIs): gray images as they are, difference maps in the colours of a
//! [`ColourScale`]. It does not know what an image shows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use shared::image::{GrayView, Size};

use super::colour_scale::{ColourScale, colour_of_level};

/// An 8-bit gray image.
pub fn gray(image: GrayView<'_>) -> String {
    let pixels: Vec<u8> = image.rows().flatten().copied().collect();
    data_uri(&pixels, image.size(), ExtendedColorType::L8)
}

/// A difference map in Q24, one value for each pixel of `size`.
pub fn map(differences: &[u32], size: Size, scale: ColourScale) -> String {
    let pixels: Vec<u8> = differences.iter().flat_map(|&difference| scale.colour(difference)).collect();
    data_uri(&pixels, size, ExtendedColorType::Rgb8)
}

/// The colours of every scale from left to right, one pixel high.
pub fn colour_bar() -> String {
    let pixels: Vec<u8> = (0..=255).flat_map(colour_of_level).collect();
    data_uri(&pixels, Size::new(256, 1), ExtendedColorType::Rgb8)
}

fn data_uri(pixels: &[u8], size: Size, colour: ExtendedColorType) -> String {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive)
        .write_image(pixels, u32::from(size.width), u32::from(size.height), colour)
        .expect("a Vec takes everything, and the buffer has one value for each pixel and channel");
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    use shared::difference::Pooling;
    use shared::score::Threshold;

    use super::*;

    fn decode(uri: &str) -> image::DynamicImage {
        let png = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        image::load_from_memory(&png).unwrap()
    }

    #[test]
    fn a_gray_image_comes_back_pixel_by_pixel_without_its_gaps() {
        let bytes = [1, 2, 3, 99, 4, 5, 6, 99];
        let uri = gray(GrayView::new(&bytes, Size::new(3, 2), 4).unwrap());
        let decoded = decode(&uri).into_luma8();
        assert_eq!((decoded.dimensions(), decoded.into_raw()), ((3, 2), vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn a_map_has_the_colours_of_its_scale() {
        let scale = ColourScale::new(Threshold::new(100).unwrap(), Pooling::SmoothedMaximum { radius: 0 });
        let decoded = decode(&map(&[0, 100, 250], Size::new(1, 3), scale)).into_rgb8();
        assert_eq!(decoded.dimensions(), (1, 3));
        let expected = [colour_of_level(0), colour_of_level(128), colour_of_level(255)];
        assert_eq!(decoded.into_raw(), expected.concat());
    }

    #[test]
    fn the_colour_bar_shows_all_levels() {
        let decoded = decode(&colour_bar()).into_rgb8();
        assert_eq!(decoded.get_pixel(0, 0).0, colour_of_level(0));
        assert_eq!(decoded.get_pixel(255, 0).0, colour_of_level(255));
    }
}
