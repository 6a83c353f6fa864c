//! The colours of difference maps: one scale for every image of a page, tied to the threshold, so that a colour means
//! the same wherever it is seen.
//!
//! Values are differences in Q24. The 256 colours run from black to pale yellow and grow lighter all the way: they can
//! be read in gray, in print and without seeing red or green. The scale does not know what a map shows.

use shared::difference::Pooling;
use shared::score::Threshold;

/// Every sixteenth colour of matplotlib's `inferno` (Smith and van der Walt 2015, CC0), red, green and blue; between
/// them the colour is interpolated, which is at most 7 of 255 from the original.
const INFERNO: [[u8; 3]; 17] = [
    [0, 0, 4],
    [11, 7, 36],
    [33, 12, 74],
    [61, 9, 101],
    [87, 16, 110],
    [113, 25, 110],
    [138, 34, 106],
    [163, 44, 97],
    [188, 55, 84],
    [210, 70, 68],
    [228, 90, 49],
    [241, 115, 29],
    [249, 142, 9],
    [252, 172, 17],
    [249, 203, 53],
    [242, 234, 105],
    [252, 255, 164],
];

/// From a difference to a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourScale {
    threshold: u32,
    multiple: u32,
}

impl ColourScale {
    /// The scale of all maps that are scored against `threshold`.
    ///
    /// A score that is the map's maximum reaches the threshold where a pixel does, so the scale ends at twice the
    /// threshold and has it in the middle; so it does for the mean of the greatest. A mean lies far below the pixels that make it, so there it ends at 8 times.
    pub fn new(threshold: Threshold, pooling: Pooling) -> Self {
        let multiple = match pooling {
            Pooling::SmoothedMaximum { .. } | Pooling::TopMean { .. } => 2,
            Pooling::Mean => 8,
        };
        Self { threshold: threshold.raw().max(1), multiple }
    }

    /// How many thresholds the scale spans.
    pub fn multiple(self) -> u32 {
        self.multiple
    }

    /// The least difference that has the last colour, in Q24.
    pub fn end(self) -> u32 {
        self.threshold.saturating_mul(self.multiple)
    }

    /// Where `difference` lies on the scale: 0 to 255. A difference of exactly one threshold has level
    /// 256 / [`multiple`](Self::multiple), anything less a lower one.
    pub fn level(self, difference: u32) -> u8 {
        let level = u64::from(difference) * 256 / (u64::from(self.threshold) * u64::from(self.multiple));
        level.min(255) as u8
    }

    /// The colour of a difference: red, green, blue.
    pub fn colour(self, difference: u32) -> [u8; 3] {
        colour_of_level(self.level(difference))
    }
}

/// The colour of a level, 0 (no difference) to 255.
pub fn colour_of_level(level: u8) -> [u8; 3] {
    let position = u32::from(level) * 16;
    let (index, share) = ((position / 255) as usize, position % 255);
    let [from, to] = [INFERNO[index], INFERNO[(index + 1).min(16)]];
    std::array::from_fn(|channel| {
        let mixed = u32::from(from[channel]) * (255 - share) + u32::from(to[channel]) * share;
        ((mixed + 127) / 255) as u8
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAXIMUM: Pooling = Pooling::SmoothedMaximum { radius: 4 };

    fn scale(threshold: u32, pooling: Pooling) -> ColourScale {
        ColourScale::new(Threshold::new(threshold).unwrap(), pooling)
    }

    /// Relative luminance of a colour (IEC 61966-2-1), 0 to 1.
    fn luminance(colour: [u8; 3]) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
    }

    #[test]
    fn every_colour_is_lighter_than_the_one_before() {
        let of = |level: u8| luminance(colour_of_level(level));
        assert!(of(0) < 0.001 && of(255) > 0.9, "{} to {}", of(0), of(255));
        for level in 1..=255 {
            assert!(of(level) > of(level - 1), "level {level}");
        }
    }

    #[test]
    fn both_ends_and_the_middle_are_the_control_points() {
        assert_eq!(colour_of_level(0), INFERNO[0]);
        assert_eq!(colour_of_level(255), INFERNO[16]);
        assert_eq!(colour_of_level(51 * 3), [221, 82, 57]); // 9.6 of 16: between [210, 70, 68] and [228, 90, 49]
    }

    proptest! {
        #[test]
        fn the_threshold_is_in_the_middle_to_the_last_bit(threshold in 1u32..=Threshold::MAX.raw(), share in 0.0..1.0) {
            let scale = scale(threshold, MAXIMUM);
            prop_assert_eq!(scale.level(0), 0);
            prop_assert_eq!(scale.level(threshold), 128);
            prop_assert!(scale.level(threshold - 1) < 128);
            prop_assert_eq!(scale.level(scale.end()), 255);
            prop_assert_eq!(scale.level(u32::MAX), 255);
            let below = (f64::from(threshold) * share) as u32;
            prop_assert!(scale.level(below) <= scale.level(threshold));
        }
    }

    #[test]
    fn a_mean_has_its_threshold_at_an_eighth() {
        let scale = scale(1000, Pooling::Mean);
        assert_eq!((scale.level(1000), scale.level(999), scale.end()), (32, 31, 8000));
    }

    #[test]
    fn a_threshold_that_rejects_everything_still_has_a_scale() {
        assert_eq!(ColourScale::new(Threshold::REJECT_ALL, MAXIMUM).level(5), 255);
    }
}
