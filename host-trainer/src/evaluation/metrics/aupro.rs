//! AUPRO, the area below the per-region overlap curve (Bergmann, Batzner, Fauser, Sattlegger, Steger, "The MVTec
//! Anomaly Detection Dataset", International Journal of Computer Vision 129, 2021).
//!
//! At a threshold the overlap of a region is the share of its pixels at or above it; PRO is the mean over all regions
//! of all images, so that a small defect counts as much as a large one. FPR is the share of all pixels outside of
//! defects, those of good images included, at or above it.

use super::histogram::RegionLevel;

/// Where the integration over FPR ends; the area is divided by it, so that 1 is the best.
pub const AUPRO_LIMIT: f64 = 0.3;

/// The area below PRO over FPR from 0 to [`AUPRO_LIMIT`], divided by the limit.
///
/// `levels` run from the highest value down and hold the pixels of `regions` regions. The points are joined by straight
/// lines from (0, 0) on; at the limit itself the curve is interpolated. `None` without regions or without pixels
/// outside of them.
pub fn aupro(levels: &[RegionLevel], regions: u64) -> Option<f64> {
    let negatives: u64 = levels.iter().map(|level| level.negatives).sum();
    if regions == 0 || negatives == 0 {
        return None;
    }
    let (mut called, mut overlap) = (0, 0.0);
    let (mut fpr, mut pro, mut area) = (0.0, 0.0, 0.0);
    for level in levels {
        called += level.negatives;
        overlap += level.overlap;
        let next_fpr = called as f64 / negatives as f64;
        let next_pro = (overlap / regions as f64).min(1.0);
        if next_fpr >= AUPRO_LIMIT {
            let at_limit = pro + (next_pro - pro) * (AUPRO_LIMIT - fpr) / (next_fpr - fpr);
            area += 0.5 * (AUPRO_LIMIT - fpr) * (pro + at_limit);
            break;
        }
        area += 0.5 * (next_fpr - fpr) * (pro + next_pro);
        (fpr, pro) = (next_fpr, next_pro);
    }
    Some((area / AUPRO_LIMIT).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(pairs: &[(u64, f64)]) -> Vec<RegionLevel> {
        pairs.iter().map(|&(negatives, overlap)| RegionLevel { negatives, overlap }).collect()
    }

    #[test]
    fn by_hand() {
        // All regions before any other pixel.
        assert_eq!(aupro(&levels(&[(0, 2.0), (10, 0.0)]), 2), Some(1.0));
        assert_eq!(aupro(&levels(&[(10, 0.0), (0, 2.0)]), 2), Some(0.0));
        // One value throughout: a straight line to (1, 1), 0.3 * 0.3 / 2 / 0.3.
        assert!((aupro(&levels(&[(10, 1.0)]), 1).unwrap() - 0.15).abs() < 1e-15);
        // (0, 0), (0.1, 0.5), (0.5, 1.0): 0.1 * 0.5 / 2, then 0.2 * (0.5 + 0.75) / 2.
        let found = aupro(&levels(&[(1, 0.5), (4, 0.5), (5, 0.0)]), 1).unwrap();
        assert!((found - (0.025 + 0.125) / 0.3).abs() < 1e-15);
    }

    #[test]
    fn nothing_to_measure() {
        assert_eq!(aupro(&levels(&[(10, 0.0)]), 0), None);
        assert_eq!(aupro(&levels(&[(0, 1.0)]), 1), None);
        assert_eq!(aupro(&[], 0), None);
    }
}
