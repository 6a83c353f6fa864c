//! Golden rows of the steps before the score: preprocessing, and rounding of the model's output.

use shared::image::{FrameView, PixelFormat, Region, Size};
use shared::preprocess::{AcceptedSizes, Geometry, Preprocessing, ResampleScratch, Scale, preprocess};
use shared::reconstruction::quantize;

use super::pairs::Pattern;
use super::{Row, image};

const FRAME: Size = Size::new(61, 47);
const LARGEST: Size = Size::new(96, 64);

/// A noisy frame in each pixel format, with two unused bytes after each row, made smaller and larger; at a fixed scale
/// with its mirror image beside it, below it, and all around.
pub fn preprocessed(frame: &mut [u8], emit: &mut impl FnMut(Row<'_>)) {
    let region = Some(Region { x: 5, y: 3, width: 50, height: 40 });
    let resize = Geometry::Resize;
    let scaled = |numerator, denominator| Geometry::FixedScale(Scale { numerator, denominator });
    for (what, format, region, geometry, input) in [
        ("gray8.same", PixelFormat::Gray8, None, resize, FRAME),
        ("gray8.smaller", PixelFormat::Gray8, None, resize, Size::new(32, 24)),
        ("gray8.larger", PixelFormat::Gray8, region, resize, LARGEST),
        ("gray16.smaller", PixelFormat::Gray16, region, resize, Size::new(17, 13)),
        ("rgb8.smaller", PixelFormat::Rgb8, region, resize, Size::new(31, 29)),
        ("gray8.scaled", PixelFormat::Gray8, None, scaled(3, 7), LARGEST),
        ("gray16.scaled_to_fit", PixelFormat::Gray16, region, scaled(u16::MAX, 1), LARGEST),
        ("rgb8.scaled_to_fit", PixelFormat::Rgb8, region, scaled(1, 1), Size::new(32, 48)),
    ] {
        let stride = FRAME.width * format.bytes_per_pixel() as u16 + 2;
        let bytes = Pattern::Noise(7).draw(Size::new(stride, FRAME.height), frame);
        let frame = FrameView::new(bytes, FRAME, stride.into(), format).expect("a valid frame");
        let accepted = AcceptedSizes { min: FRAME, max: FRAME };
        let how = Preprocessing { region, geometry, accepted, input };
        let scratch = ResampleScratch {
            luma: &mut [0; FRAME.width as usize],
            sums: &mut [0; LARGEST.width as usize],
            accumulators: &mut [0; LARGEST.width as usize],
        };
        let out = &mut [0; LARGEST.area()];
        preprocess(&frame, &how, scratch, out).expect("a valid preprocessing");
        emit(image("preprocess", what, &out[..input.area()]));
    }
}

/// The pixels of two series of bit patterns of binary32 numbers, 0 for what is no finite number.
pub fn quantized(emit: &mut impl FnMut(Row<'_>)) {
    let pixel = |bits| {
        let pixel = &mut [0];
        quantize([bits], pixel).map_or(0, |_| pixel[0])
    };
    let from_one_512th_to_1: [u8; 4096] = core::array::from_fn(|index| pixel(0x3b00_0000 + 18_433 * index as u32));
    emit(image("reconstruction", "from_one_512th_to_1", &from_one_512th_to_1));
    let all: [u8; 4096] = core::array::from_fn(|index| pixel(1_048_573 * index as u32));
    emit(image("reconstruction", "all", &all));
}
