//! Counts of pixels by map value, in memory that does not grow with the number of images.
//!
//! A bin holds the values that agree in their leading bits: values below 2^bits have a bin each, greater ones share it
//! with those that differ by less than one part in 2^(bits - 1). Bins follow the order of the values, so that a figure
//! of bins is the exact figure of slightly coarser thresholds. What is lost is the order within a bin:
//!
//! | figure | differs from the exact one by at most |
//! |---|---|
//! | AUROC | half the share of (defective, other) pixel pairs that share a bin |
//! | AUPRO | the sum over the bins of (rise of FPR) x (rise of PRO) / 2, divided by the limit of FPR |
//! | AP | what the best and the worst order and ties within each bin give |
//!
//! The tests hold all three to these bounds.

use shared::score::Score;

use super::ladder::Level;

/// Which values share a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binning {
    bits: u32,
}

impl Binning {
    /// For figures: relative width of a bin at most 2^-14 (6e-5), 196,609 bins.
    pub const FINE: Self = Self { bits: 15 };
    /// For what is kept of each image to resample it: relative width at most 2^-6 (1.6 %), 1,281 bins.
    pub const COARSE: Self = Self { bits: 7 };

    /// How many bins hold 0 to [`Score::MAX`].
    pub const fn bins(self) -> usize {
        self.bin(Score::MAX.raw()) + 1
    }

    /// The bin of a value. A greater value has the same bin or a later one.
    pub const fn bin(self, value: u32) -> usize {
        let shift = (32 - value.leading_zeros()).saturating_sub(self.bits);
        (shift << (self.bits - 1)) as usize + (value >> shift) as usize
    }
}

/// What AUPRO needs of the pixels in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionLevel {
    /// Pixels outside of every defect.
    pub negatives: u64,
    /// Pixels of defects, each worth one part in the area of its region.
    pub overlap: f64,
}

/// Pixels by value, class and region.
#[derive(Clone, Debug)]
pub struct PixelHistogram {
    binning: Binning,
    negatives: Vec<u64>,
    positives: Vec<u64>,
    overlap: Vec<f64>,
    regions: u64,
}

/// The bins of one image that are not empty.
#[derive(Clone, Debug, Default)]
pub struct SparseHistogram {
    bins: Vec<SparseBin>,
    regions: u64,
}

/// An image has fewer than 2^32 pixels.
#[derive(Clone, Copy, Debug)]
struct SparseBin {
    bin: u16,
    negatives: u32,
    positives: u32,
    overlap: f32,
}

impl PixelHistogram {
    /// Without pixels.
    pub fn new(binning: Binning) -> Self {
        let bins = binning.bins();
        Self { binning, negatives: vec![0; bins], positives: vec![0; bins], overlap: vec![0.0; bins], regions: 0 }
    }

    /// Adds pixels outside of every defect. Values are at most [`Score::MAX`]; greater ones count as that.
    pub fn add_negatives(&mut self, values: &[u32]) {
        for &value in values {
            self.negatives[self.binning.bin(value.min(Score::MAX.raw()))] += 1;
        }
    }

    /// Adds pixels of a region of `area` pixels.
    pub fn add_positives(&mut self, values: &[u32], area: u64) {
        let share = 1.0 / area as f64;
        for &value in values {
            let bin = self.binning.bin(value.min(Score::MAX.raw()));
            self.positives[bin] += 1;
            self.overlap[bin] += share;
        }
    }

    /// Says that `regions` more were added.
    pub fn add_regions(&mut self, regions: usize) {
        self.regions += regions as u64;
    }

    /// Regions added.
    pub fn regions(&self) -> u64 {
        self.regions
    }

    /// Adds the pixels of `other`, which has the same binning.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.binning, other.binning);
        self.negatives.iter_mut().zip(&other.negatives).for_each(|(sum, &count)| *sum += count);
        self.positives.iter_mut().zip(&other.positives).for_each(|(sum, &count)| *sum += count);
        self.overlap.iter_mut().zip(&other.overlap).for_each(|(sum, &share)| *sum += share);
        self.regions += other.regions;
    }

    /// Adds the pixels of an image `times` over.
    pub fn add_sparse(&mut self, image: &SparseHistogram, times: u32) {
        for bin in &image.bins {
            let at = usize::from(bin.bin);
            self.negatives[at] += u64::from(times) * u64::from(bin.negatives);
            self.positives[at] += u64::from(times) * u64::from(bin.positives);
            self.overlap[at] += f64::from(times) * f64::from(bin.overlap);
        }
        self.regions += u64::from(times) * image.regions;
    }

    /// Takes all pixels out, in a form that needs little memory. For binnings of fewer than 2^16 bins.
    pub fn take_sparse(&mut self) -> SparseHistogram {
        let filled = |&bin: &usize| self.negatives[bin] + self.positives[bin] > 0;
        let sparse = |bin: usize| SparseBin {
            bin: bin as u16,
            negatives: self.negatives[bin] as u32,
            positives: self.positives[bin] as u32,
            overlap: self.overlap[bin] as f32,
        };
        let bins = (0..self.negatives.len()).filter(filled).map(sparse).collect();
        let taken = SparseHistogram { bins, regions: self.regions };
        self.negatives.fill(0);
        self.positives.fill(0);
        self.overlap.fill(0.0);
        self.regions = 0;
        taken
    }

    /// The bins that hold pixels, from the highest value down, for AUROC and AP.
    pub fn levels(&self) -> Vec<Level> {
        let counts = self.negatives.iter().zip(&self.positives).rev();
        let filled = counts.filter(|&(&negatives, &positives)| negatives + positives > 0);
        filled.map(|(&negatives, &positives)| Level { negatives, positives }).collect()
    }

    /// The same bins for AUPRO.
    pub fn region_levels(&self) -> Vec<RegionLevel> {
        let counts = self.negatives.iter().zip(&self.positives).zip(&self.overlap).rev();
        let filled = counts.filter(|&((&negatives, &positives), _)| negatives + positives > 0);
        filled.map(|((&negatives, _), &overlap)| RegionLevel { negatives, overlap }).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::aupro::{AUPRO_LIMIT, aupro};
    use super::super::ladder::{Ladder, totals};
    use super::super::ranking::{auroc, average_precision};
    use super::*;

    #[test]
    fn bins_follow_the_values() {
        assert_eq!((Binning::FINE.bins(), Binning::COARSE.bins()), (196_609, 1_281));
        for binning in [Binning::FINE, Binning::COARSE] {
            let mut last = 0;
            for value in 0..1 << 20 {
                let bin = binning.bin(value);
                assert!(bin == last || bin == last + 1, "{value}");
                assert!(bin == value as usize || value >= 1 << binning.bits);
                last = bin;
            }
            // The first and the last value of a bin differ by less than one part in 2^(bits - 1).
            for value in [1u32 << 15, 40_000, 123_457, 1 << 20, (1 << 25) - 5, 1 << 25] {
                let last = value + (value >> (binning.bits - 1)) + 1;
                assert!(binning.bin(last) > binning.bin(value), "{value}");
            }
            assert_eq!(binning.bin(1 << 25), binning.bins() - 1);
        }
    }

    /// Values of pixels outside of defects, and of one region after the other.
    fn pixels() -> impl Strategy<Value = (Vec<u32>, Vec<Vec<u32>>)> {
        // Around 1.0 a fine bin is 512 units wide: some share one, some do not.
        let value = || prop_oneof![0u32..50_000, (1u32 << 24) - 3_000..(1 << 24) + 3_000];
        let region = proptest::collection::vec(value(), 1..12);
        (proptest::collection::vec(value(), 1..60), proptest::collection::vec(region, 1..5))
    }

    fn count(binning: Binning, outside: &[u32], regions: &[Vec<u32>]) -> PixelHistogram {
        let mut histogram = PixelHistogram::new(binning);
        histogram.add_negatives(outside);
        for region in regions {
            histogram.add_positives(region, region.len() as u64);
        }
        histogram.add_regions(regions.len());
        histogram
    }

    /// Every distinct value a level of its own.
    fn exact_aupro(outside: &[u32], regions: &[Vec<u32>]) -> f64 {
        let inside = regions.concat();
        let ladder = Ladder::new(outside, &inside);
        let mut levels: Vec<RegionLevel> =
            ladder.levels().iter().map(|level| RegionLevel { negatives: level.negatives, overlap: 0.0 }).collect();
        for region in regions {
            region.iter().for_each(|&value| levels[ladder.position(value)].overlap += 1.0 / region.len() as f64);
        }
        aupro(&levels, regions.len() as u64).unwrap()
    }

    proptest! {
        #[test]
        fn figures_of_bins_keep_to_the_bounds((outside, regions) in pixels()) {
            let ladder = Ladder::new(&outside, &regions.concat());
            let exact = [auroc(ladder.levels()), average_precision(ladder.levels())].map(Option::unwrap);
            let exact_aupro = exact_aupro(&outside, &regions);
            for binning in [Binning::FINE, Binning::COARSE] {
                let histogram = count(binning, &outside, &regions);
                let levels = histogram.levels();
                let all = totals(&levels);
                let (n, p) = (all.negatives as f64, all.positives as f64);

                let shared: f64 = levels.iter().map(|l| l.negatives as f64 * l.positives as f64).sum();
                prop_assert!((auroc(&levels).unwrap() - exact[0]).abs() <= shared / (2.0 * n * p) + 1e-12);

                let (mut found, mut called, mut least, mut greatest) = (0.0, 0.0, 0.0, 0.0);
                for level in &levels {
                    // At worst the others come first and these are not tied; at best these are tied and come first.
                    for i in 1..=level.positives {
                        least += (found + i as f64) / (called + level.negatives as f64 + i as f64) / p;
                    }
                    let own = level.positives as f64;
                    greatest += if own > 0.0 { own / p * (found + own) / (called + own) } else { 0.0 };
                    found += own;
                    called += (level.positives + level.negatives) as f64;
                }
                let ap = average_precision(&levels).unwrap();
                prop_assert!(least - 1e-12 <= ap && ap <= greatest + 1e-12);
                prop_assert!(least - 1e-12 <= exact[1] && exact[1] <= greatest + 1e-12);

                let rises = histogram.region_levels().iter().map(|l| l.negatives as f64 * l.overlap).sum::<f64>();
                let bound = rises / (2.0 * n * regions.len() as f64 * AUPRO_LIMIT);
                let found = aupro(&histogram.region_levels(), histogram.regions()).unwrap();
                prop_assert!((found - exact_aupro).abs() <= bound + 1e-12, "{found} {exact_aupro} {bound}");
            }
        }

        #[test]
        fn small_values_are_kept_apart(outside in proptest::collection::vec(0u32..1 << 15, 1..80),
                                       region in proptest::collection::vec(0u32..1 << 15, 1..80)) {
            let histogram = count(Binning::FINE, &outside, std::slice::from_ref(&region));
            let ladder = Ladder::new(&outside, &region);
            prop_assert_eq!(histogram.levels(), ladder.levels());
        }

        #[test]
        fn images_can_be_added_several_times((outside, regions) in pixels(), times in 0u32..4) {
            let mut once = count(Binning::COARSE, &outside, &regions);
            let mut expected = PixelHistogram::new(Binning::COARSE);
            (0..times).for_each(|_| expected.merge(&once));
            let mut found = PixelHistogram::new(Binning::COARSE);
            found.add_sparse(&once.take_sparse(), times);
            prop_assert_eq!(found.levels(), expected.levels());
            prop_assert_eq!(found.regions(), expected.regions());
            for (found, expected) in found.region_levels().iter().zip(expected.region_levels()) {
                prop_assert!((found.overlap - expected.overlap).abs() < 1e-5);
            }
            prop_assert!(once.levels().is_empty() && once.regions() == 0);
        }
    }
}
