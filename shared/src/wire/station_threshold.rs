//! A station's own threshold for one bundle, found from good parts on that station.
//!
//! It is bound to the bundle by its identity and carries its evidence, which is checked as that of a manifest is, and
//! more strictly: a station's threshold is always calibrated, never given by hand. It holds no time. It does not know
//! files, nor the parts.

use serde::{Deserialize, Serialize};

use super::envelope::{Format, MessageKind, OVERHEAD};
use super::{InvalidManifest, ThresholdEvidence, WireError};
use crate::bundle::BundleId;
use crate::score::Threshold;

const FORMAT: Format = Format { kind: MessageKind::StationThreshold, newest: 1, max_payload: 118 };

/// The threshold of one station for one bundle, with what it rests on.
///
/// A value that contradicts itself can't be made, and is refused when a message is decoded: it is no part of another
/// message, and only its own reader makes one from bytes.
///
/// ```compile_fail,E0277
/// fn needs<T: for<'a> serde::Deserialize<'a>>() {}
/// needs::<shared::wire::StationThreshold>();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationThreshold {
    bundle: BundleId,
    threshold: Threshold,
    evidence: ThresholdEvidence,
}

/// What is stored. The order of the fields is part of the wire format.
#[derive(Serialize, Deserialize)]
struct Payload {
    bundle: BundleId,
    threshold: Threshold,
    evidence: ThresholdEvidence,
}

/// What keeps a threshold from being a station's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStationThreshold {
    /// Evidence and threshold contradict each other.
    #[error("the evidence for the threshold is invalid")]
    Evidence(#[from] InvalidManifest),
    /// The threshold was not found from scores.
    #[error("found a threshold given by hand, expected one that is calibrated from good parts")]
    ByHand,
    /// Fewer parts than promise anything worth having.
    #[error("found a threshold from {found} good parts, expected at least {}", StationThreshold::MIN_PARTS)]
    Parts {
        /// The number of parts.
        found: u32,
    },
    /// A promise that does not follow from the numbers beside it.
    #[error("found a promise of {found} false rejects per million on average, expected {expected}: rank / (parts + 1)")]
    Average {
        /// The promise.
        found: u32,
        /// What rank and number of parts give, rounded up.
        expected: u32,
    },
}

impl StationThreshold {
    /// A station's threshold rests on at least so many good parts. Fewer promise too little (14 % of good parts
    /// rejected at 95 % confidence).
    pub const MIN_PARTS: u32 = 20;

    /// A length that is enough for every encoded message, in bytes.
    pub const MAX_LEN: usize = OVERHEAD + FORMAT.max_payload;

    /// The threshold for `bundle`, with the evidence that calibration gave beside it.
    ///
    /// # Errors
    ///
    /// [`InvalidStationThreshold`] if they do not fit, were given by hand, or rest on too few parts.
    pub fn new(
        bundle: BundleId,
        threshold: Threshold,
        evidence: ThresholdEvidence,
    ) -> Result<Self, InvalidStationThreshold> {
        evidence.validate(threshold)?;
        let ThresholdEvidence::Calibrated { images, rank, average_false_rejects_ppm: found, .. } = evidence else {
            return Err(InvalidStationThreshold::ByHand);
        };
        if images < Self::MIN_PARTS {
            return Err(InvalidStationThreshold::Parts { found: images });
        }
        // At most a million, since rank is at most the number of parts.
        let expected = (u64::from(rank) * 1_000_000).div_ceil(u64::from(images) + 1) as u32;
        if found != expected {
            return Err(InvalidStationThreshold::Average { found, expected });
        }
        Ok(Self { bundle, threshold, evidence })
    }

    /// The one bundle that it is for.
    pub const fn bundle(&self) -> BundleId {
        self.bundle
    }

    /// The score from which on a part is rejected.
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// What the threshold rests on: always calibrated.
    pub const fn evidence(&self) -> &ThresholdEvidence {
        &self.evidence
    }

    /// Writes the message in its envelope to the start of `out` and gives the length.
    ///
    /// # Errors
    ///
    /// [`WireError`] if `out` is too short; [`MAX_LEN`](Self::MAX_LEN) bytes are enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, WireError> {
        let &Self { bundle, threshold, evidence } = self;
        FORMAT.encode(&Payload { bundle, threshold, evidence }, out)
    }

    /// Reads the message at the start of `bytes` and gives it with the length of its envelope.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are truncated, changed, of another kind or a newer version, or contradict themselves.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), WireError> {
        let (_, payload, length) = FORMAT.open(bytes)?;
        let Payload { bundle, threshold, evidence } = FORMAT.payload(payload)?;
        Ok((Self::new(bundle, threshold, evidence)?, length))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::score::Score;
    use crate::testing::from_hex;
    use crate::wire::Trial;
    use crate::wire::tests::sealed;

    fn calibrated(images: u32, rank: u32, average_false_rejects_ppm: u32) -> ThresholdEvidence {
        let [lowest, median, highest] = [100, 500, 1000].map(|raw| Score::new(raw).unwrap());
        ThresholdEvidence::Calibrated {
            images,
            rank,
            average_false_rejects_ppm,
            upper95_false_rejects_ppm: 139_108,
            lowest,
            median,
            highest,
        }
    }

    fn raw(threshold: u32) -> Threshold {
        Threshold::new(threshold).unwrap()
    }

    fn good() -> StationThreshold {
        StationThreshold::new(BundleId([7; 32]), raw(1001), calibrated(20, 1, 47_620)).unwrap()
    }

    fn encoded(message: &StationThreshold) -> Vec<u8> {
        let mut out = [0; StationThreshold::MAX_LEN];
        let length = message.encode(&mut out).unwrap();
        out[..length].to_vec()
    }

    #[test]
    fn golden_bytes() {
        let id = "07".repeat(32);
        let golden = from_hex(&[
            "03 01 30 00 00 00", // kind, version, length
            &id,                 // bundle
            "e9 07",             // threshold
            "00 14 01",          // calibrated, parts, rank
            "84 f4 02 e4 be 08", // average and upper false rejects
            "64 f4 03 e8 07",    // lowest, median, highest score
            "b6 d0 33 f2",       // CRC-32
        ]);
        assert_eq!(encoded(&good()), golden);
        assert_eq!(StationThreshold::decode(&golden), Ok((good(), golden.len())));
    }

    #[test]
    fn every_truncation_and_every_bit_is_refused() {
        let bytes = encoded(&good());
        for length in 0..bytes.len() {
            assert!(StationThreshold::decode(&bytes[..length]).is_err(), "cut at {length}");
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[length] ^= 1 << bit;
                assert!(StationThreshold::decode(&changed).is_err(), "bit {bit} of byte {length}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_when_made_and_when_read() {
        let (lowest, highest) = (Score::new(100).unwrap(), Score::new(1000).unwrap());
        let tried = Trial {
            images: 20,
            rejected: 0,
            upper95_false_rejects_ppm: 139_108,
            lowest,
            median: lowest,
            highest: lowest,
        };
        let outside =
            InvalidManifest::CalibratedThreshold { threshold: raw(1002), rank: 1, images: 20, lowest, highest };
        for (threshold, evidence, expected) in [
            (1002, calibrated(20, 1, 47_620), InvalidStationThreshold::Evidence(outside)),
            (1001, calibrated(19, 1, 50_000), InvalidStationThreshold::Parts { found: 19 }),
            (1001, calibrated(20, 1, 47_619), InvalidStationThreshold::Average { found: 47_619, expected: 47_620 }),
            (900, ThresholdEvidence::ByHand { trial: None }, InvalidStationThreshold::ByHand),
            (900, ThresholdEvidence::ByHand { trial: Some(tried) }, InvalidStationThreshold::ByHand),
        ] {
            let (bundle, threshold) = (BundleId([7; 32]), raw(threshold));
            assert_eq!(StationThreshold::new(bundle, threshold, evidence), Err(expected));
            let mut bytes = [0; 200];
            let payload = postcard::to_slice(&Payload { bundle, threshold, evidence }, &mut bytes).unwrap();
            assert_eq!(StationThreshold::decode(&sealed(3, 1, payload)), Err(WireError::StationThreshold(expected)));
        }
    }

    /// The longest message: every number at its greatest.
    #[test]
    fn the_longest_message_fits() {
        let most = Score::MAX;
        let evidence = ThresholdEvidence::Calibrated {
            images: u32::MAX,
            rank: u32::MAX,
            average_false_rejects_ppm: 1_000_000,
            upper95_false_rejects_ppm: 1_000_000,
            lowest: most,
            median: most,
            highest: most,
        };
        let message = StationThreshold::new(BundleId([255; 32]), Threshold::MAX, evidence).unwrap();
        let bytes = encoded(&message);
        assert_eq!(StationThreshold::decode(&bytes), Ok((message, bytes.len())));
    }
}
