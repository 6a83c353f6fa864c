//! The receiver operating characteristic, point by point, for drawing.

use serde::Serialize;

use super::ladder::{Ladder, totals};

/// What one threshold does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RocPoint {
    /// Share of the good parts that it rejects.
    pub fpr: f64,
    /// Share of the defective parts that it rejects.
    pub tpr: f64,
    /// The threshold, in Q24; `None` for the origin, where nothing is rejected.
    pub threshold: Option<u32>,
}

/// The curve from (0, 0) to (1, 1): one point for each distinct score, and the origin. None are left out, so that
/// between two neighbours there is no further threshold. Empty if a class is.
///
/// The area below the straight lines that join the points is [`auroc`](super::auroc).
pub fn roc_points(ladder: &Ladder<u32>) -> Vec<RocPoint> {
    let all = totals(ladder.levels());
    if all.negatives == 0 || all.positives == 0 {
        return Vec::new();
    }
    let mut points = vec![RocPoint { fpr: 0.0, tpr: 0.0, threshold: None }];
    let (mut negatives, mut positives) = (0, 0);
    for (&score, level) in ladder.scores().iter().zip(ladder.levels()) {
        negatives += level.negatives;
        positives += level.positives;
        points.push(RocPoint {
            fpr: negatives as f64 / all.negatives as f64,
            tpr: positives as f64 / all.positives as f64,
            threshold: Some(score),
        });
    }
    points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ranking::auroc;
    use super::*;

    #[test]
    fn the_curve_of_four_scores() {
        let points = roc_points(&Ladder::new(&[1, 2], &[2, 3]));
        let seen: Vec<_> = points.iter().map(|point| (point.fpr, point.tpr, point.threshold)).collect();
        assert_eq!(seen, [(0.0, 0.0, None), (0.0, 0.5, Some(3)), (0.5, 1.0, Some(2)), (1.0, 1.0, Some(1))]);
        assert!(roc_points(&Ladder::new(&[], &[1])).is_empty());
    }

    proptest! {
        #[test]
        fn its_area_is_auroc(
            good in proptest::collection::vec(0u32..15, 1..30), defective in proptest::collection::vec(0u32..15, 1..30),
        ) {
            let ladder = Ladder::new(&good, &defective);
            let points = roc_points(&ladder);
            let area: f64 = points.windows(2).map(|p| (p[1].fpr - p[0].fpr) * (p[0].tpr + p[1].tpr) / 2.0).sum();
            prop_assert!((area - auroc(ladder.levels()).unwrap()).abs() < 1e-12);
            prop_assert!(points.windows(2).all(|p| p[0].fpr <= p[1].fpr && p[0].tpr <= p[1].tpr));
            prop_assert_eq!((points[points.len() - 1].fpr, points[points.len() - 1].tpr), (1.0, 1.0));
        }
    }
}
