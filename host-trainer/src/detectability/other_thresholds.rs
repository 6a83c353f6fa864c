//! What other thresholds would have promised and found: the price of finding more, in good parts.
//!
//! A threshold lies just above the rank-th largest of the calibration scores. The defects are the synthetic ones of every
//! size and contrast, so the share that is found compares thresholds and is no forecast. It chooses nothing.

use serde::Serialize;
use shared::score::Score;
use shared::wire::DetectionTally;

use super::record::Rate;
use crate::calibration::{calibrate, false_reject_promise};

/// The ranks that are told, as far as there are as many images.
const RANKS: [u32; 7] = [1, 2, 3, 4, 6, 8, 12];

/// No more good parts than this may be expected to be rejected, in parts per million.
const MOST_REJECTED_PPM: u32 = 250_000;

/// A threshold that could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OtherThreshold {
    /// It lies just above the so-many-th largest calibration score.
    pub rank: u32,
    /// In units of 2^-24.
    pub threshold: u32,
    /// The share of good parts that it rejects, 0 to 1: on average at most.
    pub average: f64,
    /// The same with 95 % confidence.
    pub upper95: f64,
    /// How many synthetic defects it finds.
    #[serde(flatten)]
    pub rate: Rate,
}

/// The thresholds of ascending rank, from the scores of the calibration and those with a synthetic defect.
pub fn other_thresholds(calibration: &[Score], defective: &[Score]) -> Vec<OtherThreshold> {
    let images = calibration.len() as u32;
    let share = |ppm: u32| f64::from(ppm) / 1e6;
    let of_rank = |rank: u32| {
        let (threshold, _) = calibrate(calibration, rank).ok()?;
        let (average, upper95) = false_reject_promise(rank, images);
        let found = defective.iter().filter(|&&score| threshold.rejects(score)).count();
        let tally = DetectionTally { found: saturated(found), trials: saturated(defective.len()) };
        let one = OtherThreshold {
            rank,
            threshold: threshold.raw(),
            average: share(average),
            upper95: share(upper95),
            rate: Rate::of(tally),
        };
        (average <= MOST_REJECTED_PPM).then_some(one)
    };
    RANKS.into_iter().map_while(of_rank).collect()
}

fn saturated(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(raw: impl IntoIterator<Item = u32>) -> Vec<Score> {
        raw.into_iter().map(|raw| Score::new(raw).unwrap()).collect()
    }

    #[test]
    fn a_higher_rank_finds_more_and_rejects_more() {
        let told = other_thresholds(&scores((0..39).map(|raw| 10 * raw)), &scores([0, 365, 371, 500]));
        let row = |one: &OtherThreshold| (one.rank, one.threshold, one.rate.found, one.rate.trials);
        let rows: Vec<_> = told.iter().map(row).collect();
        assert_eq!(rows[..3], [(1, 381, 1, 4), (2, 371, 2, 4), (3, 361, 3, 4)]);
        assert!((told[1].average - 0.05).abs() < 1e-9 && told[1].upper95 > told[0].upper95, "{told:?}");
        assert_eq!(told.last().map(|one| one.rank), Some(8), "12 of 40 is more than a quarter");
    }

    #[test]
    fn few_images_have_few_ranks() {
        assert_eq!(other_thresholds(&scores([5, 6, 7]), &[]).len(), 1);
        assert!(other_thresholds(&[], &scores([1])).is_empty());
    }
}
