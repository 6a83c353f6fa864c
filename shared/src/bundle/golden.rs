//! The golden frames: model inputs with the reconstruction, score and verdict that they had where the bundle was made, for
//! a station's self-test.
//!
//! Pixels are 8-bit gray, scores in Q24; `docs/bundle-format.md` specifies the bytes. It does not know the model, nor
//! whether a score is that of its images: the self-test computes it.

#[cfg(test)]
mod tests;

use core::fmt;

use crate::image::{GrayView, ImageError, Size};
use crate::score::{Score, Threshold};

/// The most golden frames of a bundle.
pub const MAX_GOLDEN_FRAMES: u16 = 64;

/// Width, height, number of frames, reserved.
const HEAD_LEN: usize = 8;

/// Score, verdict, reserved.
const FRAME_HEAD_LEN: usize = 8;

/// What a golden frame is judged to be. It moves nothing: a part's verdict is a [`Verdict`](crate::verdict::Verdict).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GoldenVerdict {
    /// The score is below the threshold.
    Pass = 1,
    /// The score is at or above the threshold.
    Reject = 2,
}

impl GoldenVerdict {
    /// The verdict that a threshold gives a score.
    pub const fn of(threshold: Threshold, score: Score) -> Self {
        if threshold.rejects(score) { Self::Reject } else { Self::Pass }
    }

    /// The stable code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Pass),
            2 => Some(Self::Reject),
            _ => None,
        }
    }
}

impl fmt::Display for GoldenVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Reject => "reject",
        })
    }
}

/// One golden frame.
#[derive(Clone, Copy, Debug)]
pub struct GoldenFrame<'a> {
    /// The model's input.
    pub input: GrayView<'a>,
    /// What the model made of it, rounded to 8 bit, of the same size.
    pub reconstruction: GrayView<'a>,
    /// The difference score of the two by the bundle's recipe.
    pub score: Score,
    /// The verdict by the bundle's threshold.
    pub verdict: GoldenVerdict,
}

/// Why golden frames can't be used. Frames are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoldenFrames {
    /// There are too few or too many bytes.
    #[error("found {found} bytes in the section golden_frames, expected {expected}")]
    Length {
        /// The length in bytes.
        found: usize,
        /// The length that size and number of frames ask for; `usize::MAX` if it can't be counted.
        expected: usize,
    },
    /// The size is that of no image.
    #[error("the size of the golden frames can't be used")]
    Image(#[from] ImageError),
    /// There is no frame, or there are too many.
    #[error("found {found} golden frames, expected 1 to {MAX_GOLDEN_FRAMES}")]
    Count {
        /// The number of frames.
        found: u16,
    },
    /// A reserved field is not zero.
    #[error("found a reserved field of the golden frames that is not 0, expected 0")]
    Reserved,
    /// A score out of range.
    #[error("found the score {found} of the golden frame {frame}, expected at most {}", Score::MAX.raw())]
    Score {
        /// The frame.
        frame: usize,
        /// The score in Q24.
        found: u32,
    },
    /// A code that stands for no verdict.
    #[error("found the verdict {found} of the golden frame {frame}, expected 1 (pass) or 2 (reject)")]
    VerdictCode {
        /// The frame.
        frame: usize,
        /// The code.
        found: u8,
    },
    /// The frames are for a model of another size.
    #[error("found golden frames of {found} pixels, expected the model's {expected}")]
    Size {
        /// Their size.
        found: Size,
        /// The size of the model's input.
        expected: Size,
    },
    /// Score and threshold give another verdict.
    #[error(
        "found the verdict {found} of the golden frame {frame}, expected {expected} for its score of {score} at the \
         threshold {threshold}"
    )]
    Verdict {
        /// The frame.
        frame: usize,
        /// The verdict in the section.
        found: GoldenVerdict,
        /// The verdict by score and threshold.
        expected: GoldenVerdict,
        /// The score in the section.
        score: Score,
        /// The manifest's threshold.
        threshold: Threshold,
    },
}

/// The golden frames of a bundle, viewed in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GoldenFrames<'a> {
    size: Size,
    /// What follows the head: at least one frame, each checked.
    frames: &'a [u8],
}

impl<'a> GoldenFrames<'a> {
    /// The bytes of so many frames of `size`; `usize::MAX` if they can't be counted.
    pub const fn len_of(size: Size, frames: u16) -> usize {
        HEAD_LEN.saturating_add(frame_len(size).saturating_mul(frames as usize))
    }

    /// Reads the bytes of the section.
    ///
    /// # Errors
    ///
    /// [`InvalidGoldenFrames`] if the size is that of no image, there are not 1 to [`MAX_GOLDEN_FRAMES`] frames, the
    /// length does not fit both, a score is above 2.0, a verdict has no meaning or a reserved field is not 0.
    pub fn read(bytes: &'a [u8]) -> Result<Self, InvalidGoldenFrames> {
        let found = bytes.len();
        let (head, frames) =
            bytes.split_first_chunk::<HEAD_LEN>().ok_or(InvalidGoldenFrames::Length { found, expected: HEAD_LEN })?;
        let &[w0, w1, h0, h1, n0, n1, r0, r1] = head;
        let size = Size::new(u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
        size.check()?;
        let count = u16::from_le_bytes([n0, n1]);
        if !(1..=MAX_GOLDEN_FRAMES).contains(&count) {
            return Err(InvalidGoldenFrames::Count { found: count });
        }
        if [r0, r1] != [0; 2] {
            return Err(InvalidGoldenFrames::Reserved);
        }
        let expected = Self::len_of(size, count);
        if found != expected {
            return Err(InvalidGoldenFrames::Length { found, expected });
        }
        for (frame, bytes) in frames.chunks_exact(frame_len(size)).enumerate() {
            read_frame(frame, bytes, size)?;
        }
        Ok(Self { size, frames })
    }

    /// The bytes of the section. [`read`](Self::read) says whether they are valid; images of another size than `size`
    /// give a length that is not.
    pub fn encode<'b>(size: Size, frames: impl ExactSizeIterator<Item = GoldenFrame<'b>>) -> impl Iterator<Item = u8> {
        let count = u16::try_from(frames.len()).unwrap_or(u16::MAX);
        let [w0, w1] = size.width.to_le_bytes();
        let [h0, h1] = size.height.to_le_bytes();
        let [n0, n1] = count.to_le_bytes();
        let body = frames.flat_map(|GoldenFrame { input, reconstruction, score, verdict }| {
            let [s0, s1, s2, s3] = score.raw().to_le_bytes();
            let pixels = input.rows().chain(reconstruction.rows()).flatten().copied();
            [s0, s1, s2, s3, verdict.code(), 0, 0, 0].into_iter().chain(pixels)
        });
        [w0, w1, h0, h1, n0, n1, 0, 0].into_iter().chain(body)
    }

    /// Checks that the frames belong to a model of `size`, and their verdicts to `threshold`.
    ///
    /// # Errors
    ///
    /// [`InvalidGoldenFrames::Size`] or [`InvalidGoldenFrames::Verdict`] if they do not.
    pub fn check(&self, size: Size, threshold: Threshold) -> Result<(), InvalidGoldenFrames> {
        if self.size != size {
            return Err(InvalidGoldenFrames::Size { found: self.size, expected: size });
        }
        for (frame, GoldenFrame { score, verdict: found, .. }) in self.iter().enumerate() {
            let expected = GoldenVerdict::of(threshold, score);
            if found != expected {
                return Err(InvalidGoldenFrames::Verdict { frame, found, expected, score, threshold });
            }
        }
        Ok(())
    }

    /// Width and height of every image, in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The number of frames, 1 to [`MAX_GOLDEN_FRAMES`].
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub const fn len(&self) -> usize {
        self.frames.len() / frame_len(self.size)
    }

    /// The frames in their order.
    pub fn iter(&self) -> impl Iterator<Item = GoldenFrame<'a>> + use<'a> {
        let size = self.size;
        // Reading them once has shown that there is no error.
        self.frames.chunks_exact(frame_len(size)).enumerate().filter_map(move |(n, b)| read_frame(n, b, size).ok())
    }
}

impl fmt::Debug for GoldenFrames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoldenFrames({} of {})", self.len(), self.size)
    }
}

/// The bytes of one frame.
const fn frame_len(size: Size) -> usize {
    FRAME_HEAD_LEN.saturating_add(size.area().saturating_mul(2))
}

fn read_frame(frame: usize, bytes: &[u8], size: Size) -> Result<GoldenFrame<'_>, InvalidGoldenFrames> {
    let (found, expected) = (bytes.len(), frame_len(size));
    let (head, pixels) =
        bytes.split_first_chunk::<FRAME_HEAD_LEN>().ok_or(InvalidGoldenFrames::Length { found, expected })?;
    let &[s0, s1, s2, s3, verdict, r0, r1, r2] = head;
    let found = u32::from_le_bytes([s0, s1, s2, s3]);
    let score = Score::new(found).ok_or(InvalidGoldenFrames::Score { frame, found })?;
    let verdict =
        GoldenVerdict::from_code(verdict).ok_or(InvalidGoldenFrames::VerdictCode { frame, found: verdict })?;
    if [r0, r1, r2] != [0; 3] {
        return Err(InvalidGoldenFrames::Reserved);
    }
    let (input, reconstruction) = pixels.split_at(size.area());
    Ok(GoldenFrame {
        input: GrayView::packed(input, size)?,
        reconstruction: GrayView::packed(reconstruction, size)?,
        score,
        verdict,
    })
}
