//! From the false-reject rate that somebody wants to a rank, or to the number of images that are missing.
//!
//! With n calibration images and rank r the rate is r / (n + 1) on average (see `conformal`). The highest rank that a
//! target allows gives the lowest threshold, which lets the fewest defects escape. Rates are in parts per million and
//! compared in integers. It does not know any score.

use std::fmt;

use super::conformal::false_reject_promise;
use super::rate::{MILLION, TargetRate};
use super::words::{percent, percent_at_most};

/// Fewer calibration images than this promise too little to be worth a threshold (14 % false rejects at 95 %).
pub const MIN_CALIBRATION: usize = shared::wire::StationThreshold::MIN_PARTS as usize;

/// How many of `photographs` of good parts a training sets aside for the threshold: a fifth, rounded half up. Never falls
/// as photographs are added.
pub fn calibration_images(photographs: usize) -> usize {
    ((photographs * 20 + 50) / 100).max(MIN_CALIBRATION)
}

/// The images there are to calibrate on, and the photographs they are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Calibration images.
    pub images: u32,
    photographs: usize,
    split: bool,
}

impl Supply {
    /// Every photograph calibrates.
    pub fn all(photographs: usize) -> Self {
        Self { images: photographs as u32, photographs, split: false }
    }

    /// Of `photographs` to train on, `images` were set aside by the split.
    pub fn of_split(photographs: usize, images: usize) -> Self {
        Self { images: images as u32, photographs, split: true }
    }

    /// How many more photographs make `images` calibration images.
    fn missing(&self, images: u32) -> usize {
        let share = |photographs| if self.split { calibration_images(photographs) } else { photographs };
        let enough = (self.photographs..).find(|&photographs| share(photographs) >= images as usize);
        enough.unwrap_or(usize::MAX) - self.photographs
    }

    fn remark(&self) -> &'static str {
        if self.split { ", of which 20 % calibrate" } else { "" }
    }
}

/// The answer to a target rate that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// The rate that was asked for.
    pub target: TargetRate,
    /// The rank that gives it, r.
    pub rank: u32,
    /// Calibration images, n.
    pub images: u32,
    /// The rate on average, r / (n + 1), in parts per million.
    pub average_ppm: u32,
    /// The rate with 95 % confidence, in parts per million.
    pub upper95_ppm: u32,
    /// The highest rank that keeps the target with 95 % confidence; 0 if there is none.
    pub certified_rank: u32,
    /// How many more photographs give such a rank.
    pub missing_to_certify: usize,
}

/// The answer to a target rate that needs more images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a false-reject rate of {target} is not reachable with {} calibration images: the lowest possible is 1/{} = {}. \
     Collect {missing} more images of good parts ({} in all{}), or {missing_to_certify} more to have {target} with 95 % \
     confidence", supply.images, supply.images + 1, percent(false_reject_promise(1, supply.images).0),
    supply.photographs + missing, supply.remark()
)]
pub struct NotReachable {
    /// The rate that was asked for.
    pub target: TargetRate,
    /// The images there are.
    pub supply: Supply,
    /// How many more photographs reach the target on average.
    pub missing: usize,
    /// How many more photographs keep the target with 95 % confidence.
    pub missing_to_certify: usize,
}

impl TargetRate {
    /// The highest r with r / (n + 1) at most the target, for n = `images`; 0 if there is none.
    fn highest_rank(self, images: u32) -> u32 {
        let rank = u64::from(self.0) * (u64::from(images) + 1) / MILLION;
        (rank as u32).min(images)
    }

    /// The least n with 1 / (n + 1) at most the target.
    fn images_to_reach(self) -> u32 {
        MILLION.div_ceil(u64::from(self.0)) as u32 - 1
    }

    /// Whether the rate is kept with 95 % confidence.
    fn is_certain(self, rank: u32, images: u32) -> bool {
        false_reject_promise(rank, images).1 <= self.0
    }

    /// The highest rank that keeps the rate with 95 % confidence; 0 if there is none.
    fn certified_rank(self, images: u32) -> u32 {
        // The bound grows with the rank and lies above the average.
        let (mut certain, mut uncertain) = (0, self.highest_rank(images) + 1);
        while uncertain - certain > 1 {
            let middle = certain + (uncertain - certain) / 2;
            if self.is_certain(middle, images) { certain = middle } else { uncertain = middle }
        }
        certain
    }

    /// The least n at which rank 1 keeps the rate with 95 % confidence: (1 - target)^n at most 0.05.
    fn images_to_certify(self) -> u32 {
        let rate = f64::from(self.0) / 1e6;
        let mut images = ((0.05_f64.ln() / (-rate).ln_1p()).ceil() as u32).max(1);
        while !self.is_certain(1, images) {
            images += 1;
        }
        while images > 1 && self.is_certain(1, images - 1) {
            images -= 1;
        }
        images
    }

    /// The rank for this rate, or how many photographs are missing.
    ///
    /// # Errors
    /// [`NotReachable`] if even rank 1 exceeds the rate on average.
    pub fn reach(self, supply: Supply) -> Result<Reachable, NotReachable> {
        let images = supply.images;
        let rank = self.highest_rank(images);
        let missing_to_certify = supply.missing(self.images_to_certify());
        if rank == 0 {
            let missing = supply.missing(self.images_to_reach());
            return Err(NotReachable { target: self, supply, missing, missing_to_certify });
        }
        let (average_ppm, upper95_ppm) = false_reject_promise(rank, images);
        let certified_rank = self.certified_rank(images);
        Ok(Reachable { target: self, rank, images, average_ppm, upper95_ppm, certified_rank, missing_to_certify })
    }
}

impl fmt::Display for Reachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, rank, images, average_ppm, upper95_ppm, certified_rank, missing_to_certify } = self;
        write!(
            f,
            "a false-reject rate of {target} is reachable: r = {rank}, n = {images}, on average {}, at most {} with \
             95 % confidence (for {target} with 95 % confidence: ",
            percent(*average_ppm),
            percent_at_most(*upper95_ppm),
        )?;
        match certified_rank {
            0 => write!(f, "{missing_to_certify} more images of good parts)"),
            rank => write!(f, "--rank {rank})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> TargetRate {
        text.parse().unwrap()
    }

    /// The figures of the literature: 1 / (n + 1), and 1 - 0.05^(1/n).
    #[test]
    fn the_numbers_of_images_of_the_literature() {
        for (text, reach, certify) in
            [("5%", 19, 59), ("2%", 49, 149), ("1%", 99, 299), ("0.1%", 999, 2_995), ("0.0001%", 999_999, 2_995_731)]
        {
            assert_eq!((rate(text).images_to_reach(), rate(text).images_to_certify()), (reach, certify), "{text}");
        }
    }

    #[test]
    fn the_answer_in_words() {
        assert_eq!(
            rate("5%").reach(Supply::all(42)).unwrap().to_string(),
            "a false-reject rate of 5 % is reachable: r = 2, n = 42, on average 4.65 %, at most 10.9 % with 95 % \
             confidence (for 5 % with 95 % confidence: 17 more images of good parts)"
        );
        assert!(rate("5%").reach(Supply::all(200)).unwrap().to_string().ends_with("95 % confidence: --rank 5)"));
        assert_eq!(
            rate("1%").reach(Supply::of_split(209, 42)).unwrap_err().to_string(),
            "a false-reject rate of 1 % is not reachable with 42 calibration images: the lowest possible is 1/43 = \
             2.33 %. Collect 284 more images of good parts (493 in all, of which 20 % calibrate), or 1284 more to have \
             1 % with 95 % confidence"
        );
        assert_eq!(
            rate("1%").reach(Supply::all(42)).unwrap_err().to_string(),
            "a false-reject rate of 1 % is not reachable with 42 calibration images: the lowest possible is 1/43 = \
             2.33 %. Collect 57 more images of good parts (99 in all), or 257 more to have 1 % with 95 % confidence"
        );
    }

    fn rates() -> impl Strategy<Value = TargetRate> {
        prop_oneof![1_u32..2_000, 1_u32..1_000_000, (1_u32..1_000).prop_map(|n| 1_000_000 / n)]
            .prop_map(|ppm| TargetRate(ppm.min(999_999)))
    }

    proptest! {
        #[test]
        fn the_rank_is_the_highest_that_the_target_allows(target in rates(), images in 1_u32..5_000) {
            let within = |rank: u32| u64::from(rank) * MILLION <= u64::from(target.0) * (u64::from(images) + 1);
            let rank = target.highest_rank(images);
            prop_assert!(rank == 0 || within(rank));
            prop_assert!(rank == images || !within(rank + 1));
            if rank > 0 {
                prop_assert!(false_reject_promise(rank, images).0 <= target.0);
            }
        }

        /// What the error asks for suffices, and one photograph fewer does not, by the split's own arithmetic.
        #[test]
        fn as_many_as_it_says_and_not_one_fewer(target in rates(), photographs in 45_usize..600, of_split: bool) {
            let supply = |photographs: usize| if of_split {
                Supply::of_split(photographs, calibration_images(photographs))
            } else {
                Supply::all(photographs)
            };
            let answer = target.reach(supply(photographs));
            let missing_to_certify = match &answer {
                Ok(reachable) => reachable.missing_to_certify,
                Err(error) => error.missing_to_certify,
            };
            if let Err(NotReachable { missing, .. }) = answer {
                prop_assert!(missing > 0 && missing <= missing_to_certify);
                prop_assume!(missing < 200_000);
                prop_assert!(target.reach(supply(photographs + missing)).is_ok());
                prop_assert!(target.reach(supply(photographs + missing - 1)).is_err());
            }
            let certain = |photographs: usize| {
                let answer = target.reach(supply(photographs));
                answer.is_ok_and(|reachable| reachable.certified_rank > 0)
            };
            prop_assume!(missing_to_certify < 200_000);
            prop_assert!(certain(photographs + missing_to_certify));
            prop_assert!(missing_to_certify == 0 || !certain(photographs + missing_to_certify - 1));
        }

        #[test]
        fn the_certified_rank_is_the_highest(target in rates(), images in 1_u32..60) {
            let by_trying = (1..=images).filter(|&rank| target.is_certain(rank, images)).max().unwrap_or(0);
            prop_assert_eq!(target.certified_rank(images), by_trying);
        }
    }
}
