//! Whether a frame is worth judging: exposure, sharpness, and whether the camera still delivers new pictures.
//! Computed from the 8-bit luma of every pixel, in integers, without allocation but for the first frame of a width.
//! Shares are in millionths of the frame's pixels.
//!
//! It does not know what a good part looks like: limits are to be set from frames of the line at work.

use shared::image::{FrameView, ImageError};
use shared::verdict::FaultReason;

/// Pixels from this level on count as overexposed.
pub const OVEREXPOSED_FROM: u8 = 250;

/// Pixels up to this level count as underexposed.
pub const UNDEREXPOSED_UP_TO: u8 = 5;

const MILLION: u32 = 1_000_000;

/// What one frame is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// Share of pixels of [`OVEREXPOSED_FROM`] and more, in millionths.
    pub overexposed: u32,
    /// Share of pixels of [`UNDEREXPOSED_UP_TO`] and less, in millionths.
    pub underexposed: u32,
    /// Mean squared difference between pixels that are neighbours in a row or in a column, in 1/256 squared gray
    /// levels: 0 to 256 * 255^2. Falls with blur, rises with noise and with the amount of structure.
    pub sharpness: u32,
    /// A hash of the luma and the size; equal frames have equal ones.
    pub hash: u64,
    /// How many frames in a row, this one included, had that hash.
    pub equal: u32,
}

/// `[camera.quality]` of the configuration file: what a frame has to be to be judged. Shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields, default))]
pub struct QualitySettings {
    /// Greatest share of pixels of [`OVEREXPOSED_FROM`] and more.
    pub max_overexposed: f64,
    /// Greatest share of pixels of [`UNDEREXPOSED_UP_TO`] and less.
    pub max_underexposed: f64,
    /// As many equal frames in a row are a frozen camera; 0: not checked.
    pub frozen_frames: u32,
    /// Least sharpness, mean squared difference between neighbours in squared gray levels, 0 to 65025; 0: not checked.
    pub min_sharpness: f64,
}

impl Default for QualitySettings {
    fn default() -> Self {
        Self { max_overexposed: 0.9, max_underexposed: 0.9, frozen_frames: 2, min_sharpness: 0.0 }
    }
}

impl QualitySettings {
    /// The limits that they amount to.
    ///
    /// # Errors
    ///
    /// [`InvalidLimits`] if they cannot be meant.
    pub fn limits(&self) -> Result<QualityLimits, InvalidLimits> {
        QualityLimits::new(self.max_overexposed, self.max_underexposed, self.min_sharpness, self.frozen_frames)
    }
}

/// What is demanded of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityLimits {
    /// The greatest share of overexposed pixels, in millionths; 1,000,000 checks nothing.
    pub max_overexposed: u32,
    /// The greatest share of underexposed pixels, in millionths; 1,000,000 checks nothing.
    pub max_underexposed: u32,
    /// The least sharpness, in 1/256 squared gray levels; 0 checks nothing.
    pub min_sharpness: u32,
    /// This many equal frames in a row are a camera that is frozen; 0 checks nothing. Sensors have noise, so that two
    /// frames are never equal to the bit; frames made by a computer may well be.
    pub frozen_frames: u32,
}

/// Limits that cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLimits {
    /// Not a share.
    #[error("{name} = {found}, expected a share of the pixels from 0 to 1")]
    Share {
        /// The limit.
        name: &'static str,
        /// What was found.
        found: f64,
    },
    /// Not a sharpness.
    #[error("min_sharpness = {found}, expected 0 (not checked) to 65025 squared gray levels")]
    Sharpness {
        /// What was found.
        found: f64,
    },
    /// One frame is always equal to itself.
    #[error("frozen_frames = 1 would refuse every frame, expected 0 (not checked) or at least 2")]
    Frozen,
}

impl QualityLimits {
    /// Checks nothing.
    pub const NONE: Self =
        Self { max_overexposed: MILLION, max_underexposed: MILLION, min_sharpness: 0, frozen_frames: 0 };

    /// From the numbers of a configuration file: shares from 0 to 1, sharpness in squared gray levels.
    ///
    /// # Errors
    ///
    /// [`InvalidLimits`].
    pub fn new(
        max_overexposed: f64,
        max_underexposed: f64,
        min_sharpness: f64,
        frozen_frames: u32,
    ) -> Result<Self, InvalidLimits> {
        let share = |name, found: f64| match found {
            0.0..=1.0 => Ok((found * f64::from(MILLION)).round() as u32),
            _ => Err(InvalidLimits::Share { name, found }),
        };
        let min_sharpness = match min_sharpness {
            0.0..=65025.0 => (min_sharpness * 256.0).round() as u32,
            found => return Err(InvalidLimits::Sharpness { found }),
        };
        if frozen_frames == 1 {
            return Err(InvalidLimits::Frozen);
        }
        Ok(Self {
            max_overexposed: share("max_overexposed", max_overexposed)?,
            max_underexposed: share("max_underexposed", max_underexposed)?,
            min_sharpness,
            frozen_frames,
        })
    }
}

/// Measures every frame and holds it against the limits.
#[derive(Debug)]
pub struct QualityGate {
    limits: QualityLimits,
    row: Vec<u8>,
    above: Vec<u8>,
    last_hash: Option<u64>,
    equal: u32,
}

impl QualityGate {
    /// A gate that has seen no frame yet.
    pub fn new(limits: QualityLimits) -> Self {
        Self { limits, row: Vec::new(), above: Vec::new(), last_hash: None, equal: 0 }
    }

    /// Measures a frame, and says why it should not be judged: [`FaultReason::FrameFrozen`],
    /// [`FaultReason::FrameOverexposed`], [`FaultReason::FrameUnderexposed`], [`FaultReason::FrameBlurred`], the first
    /// that holds.
    ///
    /// # Errors
    ///
    /// None in practice: [`ImageError`] if the frame lacks a row, which a view cannot.
    pub fn check(&mut self, frame: &FrameView<'_>) -> Result<(Quality, Option<FaultReason>), ImageError> {
        let quality = self.measure(frame)?;
        let QualityLimits { max_overexposed, max_underexposed, min_sharpness, frozen_frames } = self.limits;
        let reasons = [
            (frozen_frames > 0 && quality.equal >= frozen_frames, FaultReason::FrameFrozen),
            (quality.overexposed > max_overexposed, FaultReason::FrameOverexposed),
            (quality.underexposed > max_underexposed, FaultReason::FrameUnderexposed),
            (quality.sharpness < min_sharpness, FaultReason::FrameBlurred),
        ];
        Ok((quality, reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))))
    }

    fn measure(&mut self, frame: &FrameView<'_>) -> Result<Quality, ImageError> {
        let size = frame.size();
        let width = usize::from(size.width);
        self.row.resize(width, 0);
        self.above.resize(width, 0);
        let (mut over, mut under, mut squares) = (0_u64, 0_u64, 0_u64);
        let mut hash = mix(u64::from(size.width) << 16 | u64::from(size.height));
        for y in 0..size.height {
            frame.luma_row(y, 0, &mut self.row)?;
            over += count(&self.row, |pixel| pixel >= OVEREXPOSED_FROM);
            under += count(&self.row, |pixel| pixel <= UNDEREXPOSED_UP_TO);
            squares += squared_differences(&self.row, &self.row[1..]);
            if y > 0 {
                squares += squared_differences(&self.row, &self.above);
            }
            hash = hash_row(hash, &self.row);
            std::mem::swap(&mut self.row, &mut self.above);
        }
        self.equal = if self.last_hash == Some(hash) { self.equal.saturating_add(1) } else { 1 };
        self.last_hash = Some(hash);
        let pixels = size.area() as u64;
        let (columns, rows) = (u64::from(size.width), u64::from(size.height));
        let neighbours = (columns - 1) * rows + columns * (rows - 1);
        // Both fit: a share is at most a million, a mean of squares at most 256 * 255^2.
        let share = |count: u64| (count * u64::from(MILLION) / pixels) as u32;
        let sharpness = (squares * 256).checked_div(neighbours).unwrap_or(0) as u32;
        Ok(Quality { overexposed: share(over), underexposed: share(under), sharpness, hash, equal: self.equal })
    }
}

/// How many pixels `holds` for. A run of 255 is counted in bytes, which the compiler turns into vectors.
fn count(row: &[u8], holds: impl Fn(u8) -> bool) -> u64 {
    let of_run = |run: &[u8]| run.iter().fold(0_u8, |count, &pixel| count.wrapping_add(u8::from(holds(pixel))));
    row.chunks(255).map(|run| u64::from(of_run(run))).sum()
}

/// Over as many pixels as the shorter row has. A row has at most 2^16 of them, so that the sum fits in 32 bit; without
/// checks for it, which would keep the compiler from vectors.
fn squared_differences(row: &[u8], other: &[u8]) -> u64 {
    let square = |a: u8, b: u8| {
        let difference = i32::from(i16::from(a).wrapping_sub(i16::from(b)));
        difference.wrapping_mul(difference).cast_unsigned()
    };
    row.iter().zip(other).fold(0_u32, |sum, (&a, &b)| sum.wrapping_add(square(a, b))).into()
}

/// Each step is a bijection of the hash so far, and of the bytes.
fn hash_row(mut hash: u64, row: &[u8]) -> u64 {
    let (words, rest) = row.as_chunks::<8>();
    for &word in words {
        hash = mix(hash ^ u64::from_le_bytes(word));
    }
    for &byte in rest {
        hash = mix(hash ^ u64::from(byte));
    }
    hash
}

/// The first half of the finaliser of MurmurHash3 (64 bit).
fn mix(hash: u64) -> u64 {
    let product = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    product ^ product >> 33
}

#[cfg(test)]
mod tests {
    use shared::image::{PixelFormat, Size};

    use super::*;
    use crate::frame::Frame;
    use crate::test_support::frame_of;

    const SIZE: Size = Size::new(20, 10);

    fn gray(pixels: Vec<u8>) -> Frame {
        Frame::new(pixels, SIZE, PixelFormat::Gray8).unwrap()
    }

    fn measure(frame: &Frame) -> Quality {
        QualityGate::new(QualityLimits::NONE).check(&frame.view().unwrap()).unwrap().0
    }

    fn reason(limits: QualityLimits, frame: &Frame) -> Option<FaultReason> {
        QualityGate::new(limits).check(&frame.view().unwrap()).unwrap().1
    }

    #[test]
    fn shares_are_counted_at_their_borders() {
        let pixels = (0..200).map(|index| match index {
            0..10 => 250,
            10..20 => 249,
            20..50 => 5,
            50..60 => 6,
            _ => 100,
        });
        let frame = gray(pixels.collect());
        let quality = measure(&frame);
        assert_eq!((quality.overexposed, quality.underexposed), (50_000, 150_000));
        let limits =
            |over, under| QualityLimits { max_overexposed: over, max_underexposed: under, ..QualityLimits::NONE };
        assert_eq!(reason(limits(50_000, 150_000), &frame), None);
        assert_eq!(reason(limits(49_999, 150_000), &frame), Some(FaultReason::FrameOverexposed));
        assert_eq!(reason(limits(50_000, 149_999), &frame), Some(FaultReason::FrameUnderexposed));
    }

    #[test]
    fn sharpness_is_the_mean_squared_difference_of_neighbours() {
        // Columns alternate between 10 and 13: 19 * 10 differences of 3, and 20 * 9 of 0.
        let stripes = gray((0..200).map(|index| 10 + 3 * (index % 2) as u8).collect());
        assert_eq!(measure(&stripes).sharpness, (190 * 9 * 256) / (190 + 180));
        assert_eq!(measure(&gray(vec![77; 200])).sharpness, 0);
        let limits = |min_sharpness| QualityLimits { min_sharpness, ..QualityLimits::NONE };
        assert_eq!(reason(limits(1183), &stripes), None);
        assert_eq!(reason(limits(1184), &stripes), Some(FaultReason::FrameBlurred));
        let checkers = gray((0..200).map(|index| 255 * ((index / 20 + index) % 2) as u8).collect());
        assert_eq!(measure(&checkers).sharpness, 256 * 65025);
        let one = Frame::new(vec![3], Size::new(1, 1), PixelFormat::Gray8).unwrap();
        assert_eq!(measure(&one).sharpness, 0);
    }

    #[test]
    fn equal_frames_in_a_row_are_frozen() {
        let (one, other) = (frame_of(SIZE), gray(vec![9; 200]));
        let mut gate = QualityGate::new(QualityLimits { frozen_frames: 3, ..QualityLimits::NONE });
        let mut check = |frame: &Frame| gate.check(&frame.view().unwrap()).unwrap().1;
        let frozen = Some(FaultReason::FrameFrozen);
        let frames = [&one, &one, &other, &one, &one, &one, &one, &other];
        assert_eq!(frames.map(&mut check), [None, None, None, None, None, frozen, frozen, None]);
        let mut off = QualityGate::new(QualityLimits::NONE);
        assert!((0..50).all(|_| off.check(&one.view().unwrap()).unwrap().1.is_none()));
    }

    #[test]
    fn colour_is_measured_by_its_luma() {
        let pixels: Vec<u8> = (0..200).map(|index| (index * 7 % 256) as u8).collect();
        let rgb = pixels.iter().flat_map(|&pixel| [pixel; 3]).collect();
        let rgb = Frame::new(rgb, SIZE, PixelFormat::Rgb8).unwrap();
        assert_eq!(measure(&rgb), measure(&gray(pixels)));
    }

    #[test]
    fn limits_that_cannot_be_meant_are_refused() {
        let limits = QualityLimits::new(0.2, 0.6, 1.5, 3).unwrap();
        let expected =
            QualityLimits { max_overexposed: 200_000, max_underexposed: 600_000, min_sharpness: 384, frozen_frames: 3 };
        assert_eq!(limits, expected);
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(QualityLimits::new(share, 0.0, 0.0, 0), Err(InvalidLimits::Share { .. })));
            assert!(matches!(QualityLimits::new(0.0, share, 0.0, 0), Err(InvalidLimits::Share { .. })));
        }
        assert!(matches!(QualityLimits::new(0.0, 0.0, f64::NAN, 0), Err(InvalidLimits::Sharpness { .. })));
        assert!(matches!(QualityLimits::new(0.0, 0.0, 0.0, 1), Err(InvalidLimits::Frozen)));
    }

    #[test]
    fn any_other_pixel_is_another_hash() {
        let pixels: Vec<u8> = (0..200).map(|index| (index * 53 % 256) as u8).collect();
        let mut seen = std::collections::HashSet::from([measure(&gray(pixels.clone())).hash]);
        for at in 0..200 {
            for change in [1, 2, 0x80, 0xff] {
                let mut other = pixels.clone();
                other[at] ^= change;
                assert!(seen.insert(measure(&gray(other)).hash), "pixel {at} ^ {change}");
            }
        }
        // The same bytes in another shape.
        let other = Frame::new(pixels, Size::new(10, 20), PixelFormat::Gray8).unwrap();
        assert!(seen.insert(measure(&other).hash));
    }
}
