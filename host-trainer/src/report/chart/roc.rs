//! The receiver operating characteristic: for every threshold there could be, the share of good parts rejected (x) and
//! of defective parts rejected (y), with the point that the stored threshold stands for.

use maud::html;
use plotters::style::RGBColor;

use super::{Axis, Chart, Curve, INK, Margins, Plot, QUIET, px};
use crate::report::text::percent;

const CURVE: RGBColor = RGBColor(0x00, 0x72, 0xb2);

/// Draws a curve of (good rejected, defective rejected) and the `operating` point.
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
    use super::*;

    #[test]
    fn the_operating_point_is_labelled() {
        let svg = roc_chart(vec![(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)], (0.5, 1.0)).standalone("ROC");
        assert!(svg.contains("50.0\u{a0}% of good and") && svg.contains("100.0\u{a0}% of defective rejected"), "{svg}");
    }
}
