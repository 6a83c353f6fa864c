//! The evidence for a threshold: how it was found, and what it says of good parts that are still to come.
//!
//! Rates are in parts per million, scores in Q24. The order of fields and variants is part of the wire format. It says
//! nothing of defective parts, and it does not know the images.

use serde::{Deserialize, Serialize};

use super::InvalidManifest;
use crate::score::{Score, Threshold};

/// One million parts per million: every part.
const ALL_PPM: u32 = 1_000_000;

/// Where a threshold comes from. Stored by position: do not reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThresholdEvidence {
    /// One more than the score of a good calibration image that nothing else ever looked at.
    Calibrated {
        /// Calibration images, n, at least 1.
        images: u32,
        /// The rank of the deciding score, r: 1 is the greatest. At most n.
        rank: u32,
        /// The false-reject rate to be expected, r / (n + 1), in parts per million.
        average_false_rejects_ppm: u32,
        /// The false-reject rate that is exceeded with a probability of at most 5 %, in parts per million.
        upper95_false_rejects_ppm: u32,
        /// The least score of a calibration image.
        lowest: Score,
        /// The median score.
        median: Score,
        /// The greatest score.
        highest: Score,
    },
    /// A person gave the number.
    ByHand {
        /// How good images fared at it. `None`: it was not tried, and nothing is promised.
        trial: Option<Trial>,
    },
}

/// How good images fared at a threshold that does not depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Good images, at least 1.
    pub images: u32,
    /// How many of them reach the threshold.
    pub rejected: u32,
    /// The one-sided upper bound of Clopper and Pearson (1934) for the false-reject rate, at 95 %, in parts per
    /// million. It holds if whoever chose the threshold had not seen the scores of these images.
    pub upper95_false_rejects_ppm: u32,
    /// The least score of an image.
    pub lowest: Score,
    /// The median score.
    pub median: Score,
    /// The greatest score.
    pub highest: Score,
}

impl ThresholdEvidence {
    /// Checks every field, and that evidence and threshold fit together.
    pub(super) fn validate(&self, threshold: Threshold) -> Result<(), InvalidManifest> {
        match *self {
            Self::Calibrated {
                images,
                rank,
                average_false_rejects_ppm,
                upper95_false_rejects_ppm,
                lowest,
                median,
                highest,
            } => {
                if !(1..=images).contains(&rank) {
                    return Err(InvalidManifest::Rank { rank, images });
                }
                check_rate(average_false_rejects_ppm.max(upper95_false_rejects_ppm))?;
                check_order(lowest, median, highest)?;
                // The deciding score is the greatest at rank 1, the least at rank n, and between them otherwise.
                let least = if rank == 1 { highest } else { lowest };
                let greatest = if rank == images { lowest } else { highest };
                if threshold < Threshold::just_above(least) || threshold > Threshold::just_above(greatest) {
                    return Err(InvalidManifest::CalibratedThreshold { threshold, rank, images, lowest, highest });
                }
                Ok(())
            }
            Self::ByHand { trial: None } => Ok(()),
            Self::ByHand { trial: Some(trial) } => trial.validate(threshold),
        }
    }
}

impl Trial {
    fn validate(&self, threshold: Threshold) -> Result<(), InvalidManifest> {
        let &Self { images, rejected, upper95_false_rejects_ppm, lowest, median, highest } = self;
        if images == 0 || rejected > images {
            return Err(InvalidManifest::TrialCount { rejected, images });
        }
        check_rate(upper95_false_rejects_ppm)?;
        check_order(lowest, median, highest)?;
        let (any, all) = (threshold.rejects(highest), threshold.rejects(lowest));
        if any != (rejected > 0) || all != (rejected == images) {
            return Err(InvalidManifest::TrialThreshold { threshold, rejected, images, lowest, highest });
        }
        // The bound lies above what was seen. Both products are below 2^52.
        let (seen, bound) = (u64::from(rejected), u64::from(upper95_false_rejects_ppm));
        if bound * u64::from(images) < seen * u64::from(ALL_PPM) {
            return Err(InvalidManifest::TrialBound { found: upper95_false_rejects_ppm, rejected, images });
        }
        Ok(())
    }
}

fn check_rate(found: u32) -> Result<(), InvalidManifest> {
    if found > ALL_PPM { Err(InvalidManifest::Rate { found }) } else { Ok(()) }
}

fn check_order(lowest: Score, median: Score, highest: Score) -> Result<(), InvalidManifest> {
    if lowest > median || median > highest {
        return Err(InvalidManifest::ScoreOrder { lowest, median, highest });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::difference::ScoreRecipe;
    use crate::testing::{before_releases, from_hex, manifest, manifest_bytes};
    use crate::wire::tests::sealed;
    use crate::wire::{Manifest, WireError};

    fn score(raw: u32) -> Score {
        Score::new(raw).unwrap()
    }

    fn with(threshold: u32, evidence: ThresholdEvidence) -> Manifest {
        Manifest { threshold: Threshold::new(threshold).unwrap(), evidence, ..manifest() }
    }

    /// What reading says, which is also what writing says.
    fn attempt(manifest: &Manifest) -> Result<(), InvalidManifest> {
        let mut bytes = [0; 1024];
        let read = Manifest::decode(&sealed(1, 4, postcard::to_slice(manifest, &mut bytes).unwrap()));
        assert_eq!(manifest.encode(&mut [0; 1024]).err(), read.as_ref().err().cloned());
        match read {
            Ok((found, _)) => {
                assert_eq!(found, *manifest);
                Ok(())
            }
            Err(WireError::Manifest(invalid)) => Err(invalid),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn calibrated(images: u32, rank: u32, scores: [u32; 3]) -> ThresholdEvidence {
        let [lowest, median, highest] = scores.map(score);
        let (average_false_rejects_ppm, upper95_false_rejects_ppm) = (47_619, 139_108);
        ThresholdEvidence::Calibrated {
            images,
            rank,
            average_false_rejects_ppm,
            upper95_false_rejects_ppm,
            lowest,
            median,
            highest,
        }
    }

    fn trial(images: u32, rejected: u32, upper95_false_rejects_ppm: u32, scores: [u32; 3]) -> ThresholdEvidence {
        let [lowest, median, highest] = scores.map(score);
        let trial = Trial { images, rejected, upper95_false_rejects_ppm, lowest, median, highest };
        ThresholdEvidence::ByHand { trial: Some(trial) }
    }

    /// The bytes of version 4, which are written, and of versions 1 to 3, which are read for ever.
    #[test]
    fn golden_bytes_of_a_threshold_by_hand() {
        let rest = "06 746573742031 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let start = "06 626f74746c65 01 01 02 ac 02 c8 01 00 c0 02 f0 01 80 05 e0 03 10 08 \
                     05 696e707574 06 6f7574707574 10 08 00 01 02";
        let steps = "03 00 00"; // smoothing, not normalised, not masked: since version 2
        let since = "07  00 02 ac 02  06 6c696e652033"; // release, least program, camera: since version 3
        let tried = with(900, trial(20, 3, 343_664, [100, 500, 1000]));
        let by_hand = [
            "84 07",          // threshold
            "01 01",          // by hand, tried
            "14 03 f0 fc 14", // images, rejected, upper false rejects
            "64 f4 03 e8 07", // lowest, median, highest score
        ]
        .join(" ");
        let untried = with(900, ThresholdEvidence::ByHand { trial: None });
        let heads = [
            ("01 01 60 00 00 00", "01 01 56 00 00 00"),
            ("01 02 63 00 00 00", "01 02 59 00 00 00"),
            ("01 03 6f 00 00 00", "01 03 65 00 00 00"),
            ("01 04 71 00 00 00", "01 04 67 00 00 00"),
        ];
        let sums = [
            ("af e2 43 29", "61 22 27 f6"),
            ("3e fe 32 08", "5e 0d 97 e2"),
            ("3b 52 91 2e", "a3 c1 ce fb"),
            ("d1 06 c5 12", "3c 40 9c 5d"),
        ];
        for (version, (heads, sums)) in (1..).zip(heads.into_iter().zip(sums)) {
            let steps = if version == 1 { "" } else { steps };
            let margin = if version == 4 { "00 ff" } else { "" };
            let since = if version >= 3 { since } else { "" };
            for (manifest, head, evidence, sum) in
                [(&tried, heads.0, by_hand.as_str(), sums.0), (&untried, heads.1, "84 07 01 00", sums.1)]
            {
                let golden = from_hex(&[head, start, steps, margin, evidence, rest, since, sum]);
                let smoothing = if version == 1 { 0 } else { 3 };
                let recipe = ScoreRecipe { smoothing, ..manifest.recipe };
                let Manifest { release, minimum_runtime, camera, .. } =
                    if version >= 3 { manifest.clone() } else { before_releases() };
                let manifest = Manifest { recipe, release, minimum_runtime, camera, ..manifest.clone() };
                assert_eq!(Manifest::decode(&golden), Ok((manifest.clone(), golden.len())));
                if version == 4 {
                    assert_eq!(manifest_bytes(&manifest), golden);
                }
            }
        }
    }

    #[test]
    fn a_calibrated_threshold_lies_just_above_a_score() {
        for (threshold, rank, fits) in [
            (1001, 1, true),
            (1000, 1, false), // at rank 1 it is the greatest score that decides,
            (1002, 1, false),
            (1001, 2, true), // at rank 2 a tie may put it as high,
            (101, 2, true),  // or as low as the least
            (100, 2, false),
            (1002, 2, false),
            (101, 20, true), // at rank n it is the least that decides
            (102, 20, false),
            (0, 20, false),
        ] {
            let found = attempt(&with(threshold, calibrated(20, rank, [100, 500, 1000])));
            let (lowest, highest) = (score(100), score(1000));
            let threshold = Threshold::new(threshold).unwrap();
            let refused = InvalidManifest::CalibratedThreshold { threshold, rank, images: 20, lowest, highest };
            assert_eq!(found, if fits { Ok(()) } else { Err(refused) });
        }
        // One image, and all scores the greatest.
        assert_eq!(attempt(&with(8, calibrated(1, 1, [7; 3]))), Ok(()));
        let most = Score::MAX.raw();
        assert_eq!(attempt(&with(most + 1, calibrated(9, 4, [most; 3]))), Ok(()));
    }

    #[test]
    fn trials_that_contradict_themselves_are_refused() {
        let scores = [100, 500, 1000];
        let found = |threshold, evidence| attempt(&with(threshold, evidence));
        assert_eq!(found(900, trial(0, 0, 0, [0; 3])), Err(InvalidManifest::TrialCount { rejected: 0, images: 0 }));
        assert_eq!(
            found(900, trial(3, 4, 1_000_000, scores)),
            Err(InvalidManifest::TrialCount { rejected: 4, images: 3 })
        );
        assert_eq!(found(900, trial(3, 1, 1_000_001, scores)), Err(InvalidManifest::Rate { found: 1_000_001 }));
        assert!(matches!(found(900, trial(3, 1, 900_000, [2, 1, 3])), Err(InvalidManifest::ScoreOrder { .. })));
        for (threshold, rejected) in [(900, 0), (900, 3), (1001, 1), (100, 2), (0, 2)] {
            let found = found(threshold, trial(3, rejected, 1_000_000, scores));
            assert!(matches!(found, Err(InvalidManifest::TrialThreshold { .. })), "{threshold}, {rejected}: {found:?}");
        }
        for (threshold, rejected) in [(900, 1), (900, 2), (1001, 0), (100, 3), (0, 3)] {
            assert_eq!(found(threshold, trial(3, rejected, 1_000_000, scores)), Ok(()));
        }
        let bound = InvalidManifest::TrialBound { found: 333_333, rejected: 1, images: 3 };
        assert_eq!(found(900, trial(3, 1, 333_333, scores)), Err(bound));
        assert_eq!(found(900, trial(3, 1, 333_334, scores)), Ok(()));
        assert_eq!(found(0, ThresholdEvidence::ByHand { trial: None }), Ok(()));
    }

    proptest! {
        /// Whatever the scores and however many are equal: what the rules of calibration give is accepted.
        #[test]
        fn honest_evidence_is_accepted(
            mut raw in proptest::collection::vec(0_u32..12, 1..30), rank: prop::sample::Index, by_hand in 0_u32..14,
        ) {
            raw.sort_unstable();
            let scores = [raw[0], raw[raw.len() / 2], raw[raw.len() - 1]];
            let (images, rank) = (raw.len() as u32, rank.index(raw.len()));
            let threshold = raw[raw.len() - 1 - rank] + 1;
            prop_assert_eq!(attempt(&with(threshold, calibrated(images, rank as u32 + 1, scores))), Ok(()));
            let rejected = raw.iter().filter(|&&score| score >= by_hand).collect::<Vec<_>>().len() as u32;
            prop_assert_eq!(attempt(&with(by_hand, trial(images, rejected, 1_000_000, scores))), Ok(()));
        }
    }
}
