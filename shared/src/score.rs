//! The difference score, and the threshold that it is compared with.
//!
//! Both are in Q24: 1.0 is `1 << 24`. A score lies between 0.0 (alike) and 2.0 (SSIM of -1). They do not know
//! which metric or pooling they come from; the [recipe](crate::difference::ScoreRecipe) beside them says so.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::fixed_point::ONE;

/// How unlike a frame and its reconstruction are: 0.0 to 2.0 in Q24.
///
/// A value out of range can't be made, and is refused when a message is decoded. Displayed with six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Score(u32);

impl Score {
    /// 1.0 in the unit of scores and differences.
    pub const ONE: u32 = ONE;
    /// The least score: frame and reconstruction are alike.
    pub const MIN: Self = Self(0);
    /// The greatest score, 2.0.
    pub const MAX: Self = Self(2 * ONE);

    /// The score with the Q24 value `raw`, if that is at most 2.0.
    pub const fn new(raw: u32) -> Option<Self> {
        if raw <= Self::MAX.0 { Some(Self(raw)) } else { None }
    }

    /// The value in Q24.
    pub const fn raw(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0, f)
    }
}

/// The score from which on a part is rejected: 0.0 to one unit of Q24 above 2.0.
///
/// The least threshold, 0, rejects every part; the greatest, one above [`Score::MAX`], rejects none. A value out of
/// range can't be made, and is refused when a message is decoded. Displayed with six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Threshold(u32);

impl Threshold {
    /// The threshold that every score reaches.
    pub const REJECT_ALL: Self = Self(0);
    /// The greatest threshold, which no score reaches.
    pub const MAX: Self = Self(Score::MAX.0 + 1);

    /// The threshold with the Q24 value `raw`, if that is at most one more than [`Score::MAX`].
    pub const fn new(raw: u32) -> Option<Self> {
        if raw <= Self::MAX.0 { Some(Self(raw)) } else { None }
    }

    /// The least threshold that does not reject `score`.
    pub const fn just_above(score: Score) -> Self {
        Self(score.0 + 1)
    }

    /// The value in Q24.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Whether a part with this score is rejected: `score >= threshold`.
    pub const fn rejects(self, score: Score) -> bool {
        score.0 >= self.0
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0, f)
    }
}

/// An integer that is no score, or no threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found the Q24 value {found}, expected at most {max}")]
pub struct OutOfRange {
    /// The integer that was found.
    pub found: u32,
    /// The greatest value allowed.
    pub max: u32,
}

impl TryFrom<u32> for Score {
    type Error = OutOfRange;

    fn try_from(raw: u32) -> Result<Self, OutOfRange> {
        Self::new(raw).ok_or(OutOfRange { found: raw, max: Self::MAX.0 })
    }
}

impl TryFrom<u32> for Threshold {
    type Error = OutOfRange;

    fn try_from(raw: u32) -> Result<Self, OutOfRange> {
        Self::new(raw).ok_or(OutOfRange { found: raw, max: Self::MAX.0 })
    }
}

impl From<Score> for u32 {
    fn from(score: Score) -> Self {
        score.0
    }
}

impl From<Threshold> for u32 {
    fn from(threshold: Threshold) -> Self {
        threshold.0
    }
}

/// Writes a Q24 value with six decimals, rounded half up. The product is below 2^26 * 10^6 < 2^46.
fn decimal(raw: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let millionths = (u64::from(raw) * 1_000_000 + u64::from(ONE / 2)) >> 24;
    write!(f, "{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn ranges_are_kept() {
        assert_eq!(Score::new(0), Some(Score::MIN));
        assert_eq!(Score::new(1 << 25), Some(Score::MAX));
        assert_eq!(Score::new((1 << 25) + 1), None);
        assert_eq!(Threshold::new(0), Some(Threshold::REJECT_ALL));
        assert_eq!(Threshold::new((1 << 25) + 1), Some(Threshold::MAX));
        assert_eq!(Threshold::new((1 << 25) + 2), None);
        assert_eq!(Threshold::new(u32::MAX), None);
    }

    #[test]
    fn a_score_at_the_threshold_is_rejected() {
        let score = |raw| Score::new(raw).unwrap();
        let threshold = Threshold::new(1000).unwrap();
        assert!(!threshold.rejects(score(999)));
        assert!(threshold.rejects(score(1000)));
        assert!(threshold.rejects(score(1001)));
        assert!(Threshold::REJECT_ALL.rejects(Score::MIN));
        assert!(!Threshold::MAX.rejects(Score::MAX));
        for raw in [0, 999, 1 << 25] {
            assert!(!Threshold::just_above(score(raw)).rejects(score(raw)));
            assert!(Threshold::new(raw).unwrap().rejects(score(raw)));
        }
    }

    #[test]
    fn decimals_are_rounded_half_up() {
        let text = |raw| Score::new(raw).unwrap().to_string();
        assert_eq!(text(0), "0.000000");
        assert_eq!(text(1 << 24), "1.000000");
        assert_eq!(text(1 << 25), "2.000000");
        assert_eq!(text(1 << 23), "0.500000");
        // 2^18 / 2^24 = 0.015625; 8 / 2^24 = 4.77e-7 and 9 / 2^24 = 5.36e-7; 2^24 - 1 is 0.99999994.
        assert_eq!(text(1 << 18), "0.015625");
        assert_eq!(text(8), "0.000000");
        assert_eq!(text(9), "0.000001");
        assert_eq!(text((1 << 24) - 1), "1.000000");
        // 2^17 / 2^24 = 0.0078125: seven decimals, a half.
        assert_eq!(text(1 << 17), "0.007813");
        assert_eq!(Threshold::MAX.to_string(), "2.000000");
    }

    #[test]
    fn decoding_checks_the_range() {
        let mut bytes = [0; 5];
        for raw in [0, 1 << 25, (1 << 25) + 1, (1 << 25) + 2, u32::MAX] {
            let written = postcard::to_slice(&raw, &mut bytes).unwrap();
            assert_eq!(postcard::from_bytes(written).ok(), Score::new(raw));
            assert_eq!(postcard::from_bytes(written).ok(), Threshold::new(raw));
        }
        let error = Score::try_from(1 << 26).unwrap_err();
        assert_eq!(error.to_string(), "found the Q24 value 67108864, expected at most 33554432");
    }
}
