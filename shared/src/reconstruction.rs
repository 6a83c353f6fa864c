//! From the model's output to the 8-bit reconstruction: the border between floating point and integers.
//!
//! The output is taken as the bit patterns of IEEE 754 binary32 numbers, 0.0 (black) to 1.0 (white), and rounded in
//! integer arithmetic, so that every processor gives the same pixels. It does not know the model or its runtime.

use crate::image::Size;

/// The proof that a reconstruction was written from finite numbers only.
///
/// Only [`quantize`] makes one, and [`judge`](crate::verdict::judge) uses it up.
#[derive(Debug, PartialEq, Eq)]
pub struct Finite {
    pixels: usize,
}

impl Finite {
    /// The number of pixels that were written.
    pub const fn pixels(&self) -> usize {
        self.pixels
    }

    /// Whether as many pixels were written as an image of `size` has.
    pub const fn fills(&self, size: Size) -> bool {
        self.pixels == size.area()
    }
}

/// Why the model's output is no reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconstructionError {
    /// A number is infinite or not a number.
    #[error("found the bit pattern {bits:#010x} at index {index}, expected a finite number")]
    NotFinite {
        /// Its position in the output.
        index: usize,
        /// Its bit pattern.
        bits: u32,
    },
    /// There are fewer numbers than pixels.
    #[error("found {found} numbers, expected {expected}")]
    TooFew {
        /// The numbers there are.
        found: usize,
        /// The pixels of the reconstruction.
        expected: usize,
    },
    /// There are more numbers than pixels.
    #[error("found more numbers than the expected {expected}")]
    TooMany {
        /// The pixels of the reconstruction.
        expected: usize,
    },
}

/// Writes the 8-bit reconstruction to `out`, one pixel for each bit pattern of a binary32 number `v`:
/// `floor(255 * min(max(v, 0), 1) + 1/2)`, exactly.
///
/// # Errors
///
/// [`ReconstructionError`] if a number is infinite or not a number, or there are not exactly as many numbers as `out`
/// has pixels. `out` is then not to be used.
pub fn quantize(bits: impl IntoIterator<Item = u32>, out: &mut [u8]) -> Result<Finite, ReconstructionError> {
    let expected = out.len();
    let mut bits = bits.into_iter();
    for (index, pixel) in out.iter_mut().enumerate() {
        let bits = bits.next().ok_or(ReconstructionError::TooFew { found: index, expected })?;
        *pixel = gray(bits).ok_or(ReconstructionError::NotFinite { index, bits })?;
    }
    match bits.next() {
        None => Ok(Finite { pixels: expected }),
        Some(_) => Err(ReconstructionError::TooMany { expected }),
    }
}

/// The pixel for one bit pattern; `None` for an infinity or a NaN.
///
/// A number between 0 and 1 is `m 2^(e - 150)` with the exponent field `e` in `1..=126` and the 24-bit significand
/// `m`, hence `floor(255 v + 1/2) = floor((510 m + 2^(150 - e)) / 2^(151 - e))`. `510 m` is below 2^33. From a shift
/// of 64 on, `v` is below 2^-63 and the pixel 0; the power of two is therefore at most 2^62. Subnormal numbers
/// (`e = 0`) are 0 as well.
fn gray(bits: u32) -> Option<u8> {
    const ONE: u32 = 127 << 23;
    let exponent = (bits >> 23) & 0xff;
    if exponent == 0xff {
        return None;
    }
    let negative = bits >> 31 != 0;
    if negative || exponent == 0 {
        return Some(0);
    }
    if bits >= ONE {
        return Some(255);
    }
    let shift = 151 - exponent;
    if shift >= u64::BITS {
        return Some(0);
    }
    let significand = u64::from(bits & 0x007f_ffff | 0x0080_0000);
    Some(((510 * significand + (1 << (shift - 1))) >> shift) as u8)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    use super::*;

    /// The definition in float64, where the product of a binary32 number and 255 is exact.
    fn by_definition(bits: u32) -> Option<u8> {
        let value = f64::from(f32::from_bits(bits));
        value.is_finite().then(|| (value.clamp(0.0, 1.0) * 255.0 + 0.5).floor() as u8)
    }

    #[test]
    fn special_numbers() {
        for (value, expected) in [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (1.0, Some(255)),
            (-1.0, Some(0)),
            (2.0, Some(255)),
            (f32::MAX, Some(255)),
            (f32::MIN, Some(0)),
            (f32::MIN_POSITIVE, Some(0)),
            (f32::EPSILON, Some(0)),
            (f32::NAN, None),
            (-f32::NAN, None),
            (f32::INFINITY, None),
            (f32::NEG_INFINITY, None),
            (0.5, Some(128)),
        ] {
            assert_eq!(gray(value.to_bits()), expected, "{value}");
        }
    }

    #[test]
    fn neighbours_of_every_half() {
        for pixel in 0..=255_u32 {
            let half = ((f64::from(pixel) + 0.5) / 255.0) as f32;
            let whole = (f64::from(pixel) / 255.0) as f32;
            for centre in [half.to_bits(), whole.to_bits(), 1.0_f32.to_bits()] {
                for bits in centre.saturating_sub(4)..=centre + 4 {
                    assert_eq!(gray(bits), by_definition(bits), "{bits:#010x}");
                }
            }
        }
    }

    #[test]
    fn bit_patterns_of_every_exponent() {
        for high in 0..1 << 9 {
            for low in [0, 1, 2, 0x3f_ffff, 0x40_0000, 0x40_0001, 0x7f_fffe, 0x7f_ffff] {
                let bits = high << 23 | low;
                assert_eq!(gray(bits), by_definition(bits), "{bits:#010x}");
            }
        }
        for bits in (0..=u32::MAX).step_by(997) {
            assert_eq!(gray(bits), by_definition(bits), "{bits:#010x}");
        }
    }

    #[test]
    fn a_whole_reconstruction() {
        let bits: Vec<u32> = [0.0_f32, 0.1, 0.5, 1.0].map(f32::to_bits).to_vec();
        let mut out = [9; 4];
        let finite = quantize(bits.iter().copied(), &mut out).unwrap();
        assert_eq!(out, [0, 26, 128, 255]);
        assert_eq!(finite.pixels(), 4);
        assert!(finite.fills(Size::new(2, 2)));
        assert!(!finite.fills(Size::new(2, 1)));
    }

    #[test]
    fn counts_and_numbers_are_checked() {
        let numbers = |count: usize| vec![0_u32; count];
        let error = quantize(numbers(3), &mut [0; 4]).unwrap_err();
        assert_eq!(error, ReconstructionError::TooFew { found: 3, expected: 4 });
        let error = quantize(numbers(5), &mut [0; 4]).unwrap_err();
        assert_eq!(error, ReconstructionError::TooMany { expected: 4 });
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in 0..4 {
                let mut numbers = numbers(4);
                numbers[index] = value.to_bits();
                let error = quantize(numbers, &mut [0; 4]).unwrap_err();
                assert_eq!(error, ReconstructionError::NotFinite { index, bits: value.to_bits() });
            }
        }
        let error = ReconstructionError::NotFinite { index: 7, bits: 0x7f80_0000 };
        assert_eq!(error.to_string(), "found the bit pattern 0x7f800000 at index 7, expected a finite number");
    }
}
