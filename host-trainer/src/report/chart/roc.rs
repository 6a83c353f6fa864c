//! The receiver operating characteristic: for every threshold there could be, the share of good parts rejected (x) and
//! of defective parts rejected (y), with the point that the stored threshold stands for.

use maud::html;
use plotters::style::RGBColor;

use super::{Axis, Chart, Curve, INK, Margins, Plot, QUIET, px};
use crate::report::text::percent;

const CURVE: RGBColor = RGBColor(0x00, 0x72, 0xb2);

/// The corners of the curve from (0, 0) to (1, 1), each (good rejected, defective rejected). Equal scores fall
/// together, which makes a slope. `None` if a class is empty.
pub fn roc_curve(good: &[u32], defective: &[u32]) -> Option<Vec<(f64, f64)>> {
    if good.is_empty() || defective.is_empty() {
        return None;
    }
    let descending = |scores: &[u32]| {
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(|a, b| b.cmp(a));
        scores
    };
    let (good, defective) = (descending(good), descending(defective));
    let mut thresholds = [&good[..], &defective[..]].concat();
    thresholds.sort_unstable_by(|a, b| b.cmp(a));
    thresholds.dedup();
    let rejected = |scores: &[u32], threshold: u32| {
        scores.partition_point(|&score| score >= threshold) as f64 / scores.len() as f64
    };
    let corners = thresholds.into_iter().map(|at| (rejected(&good, at), rejected(&defective, at)));
    Some(std::iter::once((0.0, 0.0)).chain(corners).collect())
}

/// Draws a curve of [`roc_curve`] and the `operating` point.
pub fn roc_chart(curve: Vec<(f64, f64)>, operating: (f64, f64)) -> Chart {
    let canvas = Plot {
        height: 366,
        margins: Margins { left: 40, right: 14, top: 28, bottom: 40 },
        x: Axis::linear(0.0, 1.0),
        y: Axis::linear(0.0, 1.0),
        x_label: "share of good parts rejected",
        y_ticks: true,
        curves: vec![Curve { points: curve, colour: CURVE, width: 2 }],
    }
    .draw();
    let chance = html! {
        line x1=(px(canvas.x(0.0))) y1=(px(canvas.y(0.0))) x2=(px(canvas.x(1.0))) y2=(px(canvas.y(1.0)))
            stroke="#8c959f" stroke-dasharray="2 4" {}
    };
    let (x, y) = (canvas.x(operating.0), canvas.y(operating.1));
    // The label stands where the curve is not: below the point, and to the side that has room.
    let (label_x, anchor) = if operating.0 < 0.5 { (x + 12.0, "start") } else { (x - 12.0, "end") };
    let label_y = (y + 22.0).min(canvas.bottom - 24.0);
    let label = [
        "stored threshold:".to_owned(),
        format!("{} of good and", percent(operating.0)),
        format!("{} of defective rejected", percent(operating.1)),
    ];
    let marks = html! {
        text x="4" y="16" { "share of defective parts rejected" }
        circle cx=(px(x)) cy=(px(y)) r="5.5" fill="#ffffff" stroke=(INK) stroke-width="2.2" {}
        @for (line, text) in label.iter().enumerate() {
            text x=(px(label_x)) y=(px(label_y + 15.0 * line as f64)) text-anchor=(anchor) { (text) }
        }
        text x=(px(canvas.x(0.62))) y=(px(canvas.y(0.55))) fill=(QUIET) { "chance" }
    };
    canvas.finish(&chance, &marks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluation::image_auroc;

    #[test]
    fn the_corners_by_hand() {
        let curve = roc_curve(&[1, 2], &[2, 3]).unwrap();
        assert_eq!(curve, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        assert_eq!(roc_curve(&[], &[1]), None);
        assert_eq!(roc_curve(&[1], &[]), None);
    }

    proptest! {
        /// The area below the curve is the image AUROC, which is computed in another way.
        #[test]
        fn the_area_is_the_auroc(
            good in proptest::collection::vec(0u32..20, 1..30), defective in proptest::collection::vec(0u32..20, 1..30),
        ) {
            let curve = roc_curve(&good, &defective).unwrap();
            let area: f64 = curve.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0).sum();
            prop_assert!((area - image_auroc(&good, &defective).unwrap()).abs() < 1e-12);
            prop_assert_eq!(*curve.last().unwrap(), (1.0, 1.0));
        }
    }

    #[test]
    fn the_operating_point_is_labelled() {
        let svg = roc_chart(roc_curve(&[1, 2], &[2, 3]).unwrap(), (0.5, 1.0)).standalone("ROC");
        assert!(svg.contains("50.0\u{a0}% of good and") && svg.contains("100.0\u{a0}% of defective rejected"), "{svg}");
    }
}
