//! The images of the golden set: pairs of 8-bit gray images, each pixel an integer formula of its column and row; and the
//! residual maps and the mask that some recipes ask for.
//!
//! `reference.py` has the same formulas. It does not know scores.

use shared::difference::{Mask, ResidualMaps};
use shared::image::Size;

/// Two images of the same size.
#[derive(Clone, Copy)]
pub struct Pair {
    pub name: &'static str,
    pub size: Size,
    pub a: Pattern,
    pub b: Pattern,
}

/// The pixel `(x, y)` of an image of `size`, from 0. All arithmetic is modulo 2^32.
#[derive(Clone, Copy)]
pub enum Pattern {
    /// One value.
    Flat(u8),
    /// The first value where `x + y` is even, the second where it is odd.
    Checkerboard(u8, u8),
    /// The first value for the first pixels in row order, as many as the number says; then the second.
    First(u32, u8, u8),
    /// The last value at one column and row, else the value before it.
    Point(u16, u16, u8, u8),
    /// `c0 x^2 + c1 x y + c2 y^2 + c3 x + c4 y + c5` modulo 256.
    Polynomial([u32; 6]),
    /// `c0 x + c1 y + c2`, limited to 0 to 255.
    Ramp([i32; 3]),
    /// The highest byte of a hash of seed, column and row.
    Noise(u32),
    /// The first value plus the highest bits of the noise with that seed, as many as the number says.
    Grain(u8, u32, u32),
    /// A bright ring, brighter towards its rim, on a dark ground that brightens to the right. With a dent or without,
    /// with grain of so many bits or without.
    Ring { dent: bool, grain: u32 },
}

/// Every pair of the set. Names are unique.
#[rustfmt::skip]
pub const PAIRS: &[Pair] = &[
    pair("black_black", 7, 7, Pattern::Flat(0), Pattern::Flat(0)),
    pair("black_white", 7, 7, Pattern::Flat(0), Pattern::Flat(255)),
    pair("white_white", 16, 12, Pattern::Flat(255), Pattern::Flat(255)),
    pair("gray_next", 9, 8, Pattern::Flat(127), Pattern::Flat(128)),
    pair("boards", 16, 12, Pattern::Checkerboard(0, 255), Pattern::Checkerboard(255, 0)),
    pair("board_gray", 13, 21, Pattern::Checkerboard(0, 255), Pattern::Flat(128)),
    pair("board_faint", 21, 13, Pattern::Checkerboard(127, 128), Pattern::Checkerboard(128, 127)),
    pair("half", 7, 7, Pattern::First(24, 255, 0), Pattern::First(24, 0, 255)),
    pair("point_centre", 15, 15, Pattern::Point(7, 7, 0, 255), Pattern::Flat(0)),
    pair("point_corner", 15, 15, Pattern::Point(0, 0, 255, 0), Pattern::Point(14, 14, 255, 0)),
    pair("point_faint", 15, 16, Pattern::Point(8, 3, 200, 201), Pattern::Flat(200)),
    pair("ramp", 40, 30, Pattern::Ramp([5, 3, 0]), Pattern::Ramp([5, 3, 9])),
    pair("ramp_saturated", 40, 30, Pattern::Ramp([31, -17, -100]), Pattern::Ramp([-23, 29, 128])),
    pair("texture", 31, 17, Pattern::Polynomial([31, 7, 17, 0, 0, 0]), Pattern::Polynomial([0, 13, 0, 37, 101, 0])),
    pair("noise", 64, 48, Pattern::Noise(1), Pattern::Noise(2)),
    pair("noise_gray", 33, 65, Pattern::Noise(3), Pattern::Flat(128)),
    pair("noise_odd", 129, 127, Pattern::Noise(4), Pattern::Ring { dent: false, grain: 0 }),
    pair("grain_dark", 48, 48, Pattern::Grain(0, 2, 5), Pattern::Flat(1)),
    pair("grain_bright", 48, 48, Pattern::Grain(240, 4, 6), Pattern::Grain(240, 4, 7)),
    pair("ring", 128, 128, Pattern::Ring { dent: true, grain: 3 }, Pattern::Ring { dent: false, grain: 0 }),
    pair("ring_good", 128, 128, Pattern::Ring { dent: false, grain: 3 }, Pattern::Ring { dent: false, grain: 0 }),
    pair("ring_large", 227, 227, Pattern::Ring { dent: true, grain: 4 }, Pattern::Ring { dent: false, grain: 1 }),
    pair("widest", 16384, 11, Pattern::Checkerboard(0, 255), Pattern::Noise(8)),
    pair("tallest", 11, 16384, Pattern::Noise(9), Pattern::Checkerboard(255, 0)),
];

const fn pair(name: &'static str, width: u16, height: u16, a: Pattern, b: Pattern) -> Pair {
    Pair { name, size: Size::new(width, height), a, b }
}

impl Pattern {
    /// Writes the image of `size` to the start of `out`, row by row, and gives it.
    pub fn draw(self, size: Size, out: &mut [u8]) -> &[u8] {
        let out = &mut out[..size.area()];
        for (y, row) in (0..).zip(out.chunks_exact_mut(usize::from(size.width))) {
            for (x, pixel) in (0..).zip(row) {
                *pixel = self.pixel(size, x, y);
            }
        }
        out
    }

    fn pixel(self, size: Size, x: u32, y: u32) -> u8 {
        match self {
            Self::Flat(value) => value,
            Self::Checkerboard(even, odd) => {
                if (x + y).is_multiple_of(2) {
                    even
                } else {
                    odd
                }
            }
            Self::First(count, first, then) => {
                if u32::from(size.width) * y + x < count {
                    first
                } else {
                    then
                }
            }
            Self::Point(u, v, ground, value) => {
                if (x, y) == (u.into(), v.into()) {
                    value
                } else {
                    ground
                }
            }
            Self::Polynomial(factors) => {
                let terms = [x * x, x * y, y * y, x, y, 1];
                factors.iter().zip(terms).fold(0_u32, |sum, (&c, term)| sum.wrapping_add(c.wrapping_mul(term))) as u8
            }
            Self::Ramp([right, down, start]) => (right * x as i32 + down * y as i32 + start).clamp(0, 255) as u8,
            Self::Noise(seed) => (noise(seed, x, y) >> 24) as u8,
            Self::Grain(value, bits, seed) => value + (noise(seed, x, y) >> (32 - bits)) as u8,
            Self::Ring { dent, grain } => ring(size, x, y, dent) + (noise(10, x, y).unbounded_shr(32 - grain)) as u8,
        }
    }
}

/// Writes the section of residual maps for images of `size` to the start of `out` and gives it: means from 0.0 to 1/16,
/// spreads from 0.5 to 1.5.
pub fn residuals(size: Size, out: &mut [u8]) -> &[u8] {
    let means = positions(size).map(|(x, y)| noise(20, x, y) >> 12);
    let spreads = positions(size).map(|(x, y)| (1 << 23) + (noise(21, x, y) >> 8));
    write(ResidualMaps::<&[u8]>::encode(size, means, spreads), out)
}

/// Writes the section of the mask for images of `size` to the start of `out` and gives it: weights of 0 in the leftmost
/// quarter, random ones in the next, 255 in the rest.
pub fn mask(size: Size, out: &mut [u8]) -> &[u8] {
    let quarter = u32::from(size.width / 4);
    let weights = positions(size).map(|(x, y)| match x {
        _ if x < quarter => 0,
        _ if x < 2 * quarter => (noise(22, x, y) >> 24) as u8,
        _ => 255,
    });
    write(Mask::<&[u8]>::encode(size, weights), out)
}

/// Columns and rows, row by row.
fn positions(size: Size) -> impl Iterator<Item = (u32, u32)> {
    (0..u32::from(size.height)).flat_map(move |y| (0..u32::from(size.width)).map(move |x| (x, y)))
}

fn write(bytes: impl Iterator<Item = u8>, out: &mut [u8]) -> &[u8] {
    let mut length = 0;
    for (place, byte) in out.iter_mut().zip(bytes) {
        *place = byte;
        length += 1;
    }
    &out[..length]
}

/// A hash of seed, column and row (the finaliser is `lowbias32` by Chris Wellons).
fn noise(seed: u32, x: u32, y: u32) -> u32 {
    let mut hash = seed.wrapping_mul(0x9e37_79b1) ^ x.wrapping_mul(0x85eb_ca77) ^ y.wrapping_mul(0xc2b2_ae3d);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x7feb_352d);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x846c_a68b);
    hash ^ (hash >> 16)
}

/// The ring without grain: 30 to 220. Squared distances are from the centre, in half pixels.
fn ring(size: Size, x: u32, y: u32, dent: bool) -> u8 {
    let (width, height) = (u32::from(size.width), u32::from(size.height));
    let squared = |at: u32, side: u32| (2 * at + 1).abs_diff(side).pow(2);
    let distance = squared(x, width) + squared(y, height);
    let side = u32::from(size.shorter_side()).pow(2);
    // Radii of 5/16 and 7/16 of the shorter side.
    let (inner, outer) = (side * 25 / 64, side * 49 / 64);
    let dented = dent && x > width * 3 / 4 && (height * 7 / 16..height * 9 / 16).contains(&y);
    let value = if distance < inner {
        30
    } else if distance < outer && !dented {
        100 + 120 * (distance - inner) / (outer - inner)
    } else {
        40 + 60 * x / width
    };
    value as u8
}
