//! The course of training: mean training loss and validation loss at every look, and the step that was kept.
//!
//! The loss is that of the training (1 - SSIM, without unit).

use maud::{Markup, html};
use plotters::style::RGBColor;

use super::{Axis, Chart, Curve, FONT_PX, INK, Margins, Plot, QUIET, px};
use crate::training::HistoryEntry;

/// Losses that span more than this are drawn on a logarithmic axis.
const LOGARITHMIC_FROM: f64 = 8.0;

const TRAINING: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const VALIDATION: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const TRAINING_INK: &str = "#d55e00";
const VALIDATION_INK: &str = "#0072b2";

/// Draws `history`; `best_step` is the step whose weights were kept.
pub fn loss_chart(history: &[HistoryEntry], best_step: usize) -> Chart {
    let history: Vec<&HistoryEntry> =
        history.iter().filter(|entry| (entry.training_loss + entry.validation_loss).is_finite()).collect();
    let last = history.last().map_or(1, |entry| entry.step);
    let losses = history.iter().flat_map(|entry| [f64::from(entry.training_loss), f64::from(entry.validation_loss)]);
    let curve = |loss: fn(&HistoryEntry) -> f32, colour| Curve {
        points: history.iter().map(|entry| (entry.step as f64, f64::from(loss(entry)))).collect(),
        colour,
        width: 2,
    };
    let y = Axis::fitting(losses, LOGARITHMIC_FROM);
    let canvas = Plot {
        height: 280,
        margins: Margins { left: 46, right: 14, top: 46, bottom: 40 },
        x: Axis::linear(0.0, last as f64),
        y,
        x_label: "training step",
        y_ticks: true,
        curves: vec![curve(|entry| entry.training_loss, TRAINING), curve(|entry| entry.validation_loss, VALIDATION)],
    }
    .draw();
    let at = |entry: &HistoryEntry, loss: f32| (px(canvas.x(entry.step as f64)), px(canvas.y(f64::from(loss))));
    let marks = html! {
        (legend(y))
        @for entry in &history {
            @let ((x, y), (_, square)) = (at(entry, entry.validation_loss), at(entry, entry.training_loss));
            circle cx=(x) cy=(y) r="3" fill=(VALIDATION_INK) {
                title { "step " (entry.step) ": validation loss " (format!("{:.4}", entry.validation_loss)) }
            }
            circle cx=(x) cy=(square) r="2.4" fill="#ffffff" stroke=(TRAINING_INK) stroke-width="1.4" {
                title { "step " (entry.step) ": training loss " (format!("{:.4}", entry.training_loss)) }
            }
        }
        @if let Some(best) = history.iter().find(|entry| entry.step == best_step) {
            @let (x, y) = at(best, best.validation_loss);
            line x1=(x) x2=(x) y1=(px(canvas.top)) y2=(px(canvas.bottom)) stroke=(QUIET) stroke-dasharray="3 3" {}
            circle cx=(x) cy=(y) r="6" fill="none" stroke=(INK) stroke-width="1.6" {}
            @let share = canvas.x.share(best_step as f64);
            text x=(x) y=(px(canvas.top - 6.0)) text-anchor=(anchor(share)) {
                "kept: step " (best_step) ", " (format!("{:.4}", best.validation_loss))
            }
        }
    };
    canvas.finish(&html! {}, &marks)
}

/// Which end of a text stands at its place, so that it stays inside the chart.
fn anchor(share: f64) -> &'static str {
    match share {
        share if share < 0.3 => "start",
        share if share > 0.7 => "end",
        _ => "middle",
    }
}

fn legend(axis: Axis) -> Markup {
    let y = px(FONT_PX + 4.0);
    html! {
        text x="4" y=(y) { "loss" @if axis.is_logarithmic() { " (logarithmic)" } }
        g transform="translate(168 12)" {
            line x1="0" x2="26" y1="0" y2="0" stroke=(TRAINING_INK) stroke-width="2" {}
            circle cx="13" cy="0" r="2.4" fill="#ffffff" stroke=(TRAINING_INK) stroke-width="1.4" {}
            text x="32" y="4" { "training" }
            line x1="104" x2="130" y1="0" y2="0" stroke=(VALIDATION_INK) stroke-width="2" {}
            circle cx="117" cy="0" r="3" fill=(VALIDATION_INK) {}
            text x="136" y="4" { "validation" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(losses: &[(f32, f32)]) -> Vec<HistoryEntry> {
        let entry = |(i, &(training_loss, validation_loss)): (usize, &(f32, f32))| HistoryEntry {
            step: 50 * (i + 1),
            training_loss,
            validation_loss,
        };
        losses.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn both_curves_and_the_step_that_was_kept_are_drawn() {
        let svg = loss_chart(&history(&[(0.4, 0.3), (0.2, 0.1), (0.15, 0.12)]), 100).standalone("Loss");
        for colour in ["#D55E00", "#0072B2"] {
            let curve = svg.lines().find(|line| line.contains("<polyline") && line.contains(colour));
            let points = curve.and_then(|curve| curve.split("points=\"").nth(1)?.split('"').next()).unwrap();
            assert_eq!(points.matches(',').count(), 3, "{points}");
        }
        assert!(svg.contains("kept: step 100, 0.1000"));
        assert!(svg.contains("step 150: validation loss 0.1200"));
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    }

    #[test]
    fn one_look_or_none_is_still_a_chart() {
        for history in [history(&[]), history(&[(0.5, f32::NAN)]), history(&[(0.0, 0.0)])] {
            let svg = loss_chart(&history, 50).standalone("Loss");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
