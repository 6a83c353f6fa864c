//! Intersection over union (IoU, the Jaccard index) of the pixels called defective and those marked defective, pooled
//! over images.

/// Pixels counted at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Called and marked.
    pub intersection: u64,
    /// Called or marked.
    pub union: u64,
}

impl Overlap {
    /// Adds pixels that are marked defective, or not, and called defective from `threshold` on.
    pub fn add(&mut self, values: &[u32], marked: bool, threshold: u32) {
        let called = values.iter().filter(|&&value| value >= threshold).count() as u64;
        if marked {
            self.intersection += called;
            self.union += values.len() as u64;
        } else {
            self.union += called;
        }
    }

    /// Adds the pixels of `other`, `times` over.
    pub fn merge(&mut self, other: Self, times: u32) {
        self.intersection += other.intersection * u64::from(times);
        self.union += other.union * u64::from(times);
    }

    /// Intersection over union; `None` without a pixel in the union.
    pub fn iou(self) -> Option<f64> {
        (self.union > 0).then(|| self.intersection as f64 / self.union as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut overlap = Overlap::default();
        assert_eq!(overlap.iou(), None);
        overlap.add(&[1, 5, 9], true, 5);
        overlap.add(&[4, 5], false, 5);
        assert_eq!(overlap, Overlap { intersection: 2, union: 4 });
        let mut pooled = Overlap { intersection: 1, union: 1 };
        pooled.merge(overlap, 2);
        assert_eq!(pooled.iou(), Some(5.0 / 9.0));
    }
}
