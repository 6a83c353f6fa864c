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
