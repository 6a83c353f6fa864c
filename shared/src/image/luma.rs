//! Luma: from each pixel format to 8-bit gray, 0 to 255, rounded half up.
//!
//! It knows the layout of one pixel, not of an image.

/// 8-bit luma of an RGB pixel.
///
/// `Y = (19595 R + 38470 G + 7471 B + 2^15) >> 16`: the weights 0.299, 0.587 and 0.114 of ITU-R BT.601 in units of
/// 2^-16, as in Pillow's `convert("L")`. The weights add up to 2^16, so that gray stays what it was. The sum is
/// below 2^24.
pub(super) const fn of_rgb8([red, green, blue]: [u8; 3]) -> u8 {
    ((19595 * red as u32 + 38470 * green as u32 + 7471 * blue as u32 + 0x8000) >> 16) as u8
}

/// 8-bit luma of a 16-bit gray pixel in little-endian order.
///
/// `Y = floor((v + 128) / 257)`, the nearest to `v * 255 / 65535`, because 65535 = 255 * 257. The quotient is at
/// most 255.
pub(super) const fn of_gray16(bytes: [u8; 2]) -> u8 {
    ((u16::from_le_bytes(bytes) as u32 + 128) / 257) as u8
}
