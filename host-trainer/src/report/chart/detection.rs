//! What share of synthetic defects is found: by size, one curve for each contrast; and by place, a grid of shares.
//!
//! Sizes are in pixels of the model's input, contrasts in gray levels, shares 0 to 1.

use maud::{Markup, html};
use plotters::style::RGBColor;

use super::{Axis, Chart, Curve, FONT_PX, Margins, Plot, QUIET, WIDTH, px};
use crate::detectability::{PlaceMap, Tried};
use crate::report::colour_scale::colour_of_level;

/// From the faintest contrast to the strongest (Okabe and Ito 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x1b, 0x1f, 0x24),
];

/// The share that counts as reliable.
const RELIABLE: f64 = 0.9;

/// Room above the grid of places.
const TOP: u32 = 26;

/// Draws the share of defects that was found over their size, with its interval of confidence.
pub fn detection_chart(tried: &[Tried]) -> Chart {
    let contrasts = contrasts(tried);
    let of = |contrast: u8| tried.iter().filter(move |tried| tried.contrast == contrast);
    let curve = |(index, &contrast): (usize, &u8)| Curve {
        points: of(contrast).map(|tried| (f64::from(tried.size), tried.rate.rate)).collect(),
        colour: colour(index),
        width: 2,
    };
    let largest = tried.iter().map(|tried| tried.size).max().unwrap_or(1);
    let canvas = Plot {
        height: 300,
        margins: Margins { left: 40, right: 14, top: 28, bottom: 40 },
        x: Axis::linear(0.0, f64::from(largest) + 1.0),
        y: Axis::linear(0.0, 1.0),
        x_label: "largest extent in input pixels",
        y_ticks: true,
        curves: contrasts.iter().enumerate().map(curve).collect(),
    }
    .draw();
    let level = px(canvas.y(RELIABLE));
    let marks = html! {
        text x="4" y="16" { "share of synthetic defects found" }
        line x1=(px(canvas.left)) x2=(px(canvas.right)) y1=(level) y2=(level) stroke=(QUIET) stroke-dasharray="3 3" {}
        @for (index, &contrast) in contrasts.iter().enumerate() {
            @for tried in of(contrast) {
                // Intervals of one size stand side by side.
                @let x = canvas.x(f64::from(tried.size)) + 2.5 * (index as f64 - (contrasts.len() as f64 - 1.0) / 2.0);
                @let (low, high) = (canvas.y(tried.rate.interval95.low), canvas.y(tried.rate.interval95.high));
                line x1=(px(x)) x2=(px(x)) y1=(px(low)) y2=(px(high)) stroke=(hex(colour(index)))
                    stroke-opacity="0.5" {}
                circle cx=(px(canvas.x(f64::from(tried.size)))) cy=(px(canvas.y(tried.rate.rate))) r="3"
                    fill=(hex(colour(index))) {
                    title {
                        (tried.size) " pixels, " (contrast) " gray levels: "
                        (tried.rate.found) " of " (tried.rate.trials) " found"
                    }
                }
            }
        }
    };
    canvas.finish(&html! {}, &marks)
}

/// Which colour stands for which contrast.
pub fn detection_legend(tried: &[Tried]) -> Markup {
    html! {
        ul.legend {
            @for (index, contrast) in contrasts(tried).iter().enumerate() {
                li {
                    svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" {
                        circle cx="7" cy="7" r="4" fill=(hex(colour(index))) {}
                    }
                    (contrast) " gray levels"
                }
            }
        }
    }
}

/// Draws a map of places in the shape of the frame: the darker a place, the fewer are found there.
pub fn place_chart(map: &PlaceMap, shape: [f64; 2]) -> Chart {
    let columns = usize::from(map.columns).max(1);
    let rows = map.cells.len().div_ceil(columns).max(1);
    let ratio = (shape[1] / shape[0]).clamp(0.25, 2.0);
    let width = f64::from(WIDTH) - 8.0;
    let (cell_width, cell_height) = (width / columns as f64, ratio * width / rows as f64);
    let place = |index: usize| {
        let (column, row) = (index % columns, index / columns);
        (4.0 + cell_width * column as f64, f64::from(TOP) + cell_height * row as f64)
    };
    let body = html! {
        g font-size=(FONT_PX) {
            text x="4" y="16" { "share found in each place, in percent" }
            @for (index, rate) in map.cells.iter().enumerate() {
                @let (x, y) = place(index);
                @let level = if rate.trials == 0 { 255 } else { (255.0 * rate.rate).round() as u8 };
                @let [red, green, blue] = colour_of_level(level);
                rect x=(px(x)) y=(px(y)) width=(px(cell_width)) height=(px(cell_height)) stroke="#ffffff"
                    fill=(hex(RGBColor(red, green, blue))) {
                    title { (rate.found) " of " (rate.trials) " found" }
                }
                text x=(px(x + cell_width / 2.0)) y=(px(y + cell_height / 2.0 + 4.0)) text-anchor="middle"
                    pointer-events="none" fill=(if level > 150 { "#1b1f24" } else { "#ffffff" }) {
                    @if rate.trials > 0 { (format!("{:.0}", 100.0 * rate.rate)) } @else { "\u{2013}" }
                }
            }
        }
    };
    Chart { height: TOP + (ratio * width).ceil() as u32 + 4, body }
}

/// In ascending order.
fn contrasts(tried: &[Tried]) -> Vec<u8> {
    let mut contrasts: Vec<u8> = tried.iter().map(|tried| tried.contrast).collect();
    contrasts.sort_unstable();
    contrasts.dedup();
    contrasts
}

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use shared::wire::DetectionTally;

    use super::*;
    use crate::detectability::Rate;

    fn rate(found: u16) -> Rate {
        Rate::of(DetectionTally { found, trials: 20 })
    }

    #[test]
    fn every_contrast_has_its_curve() {
        let tried = |contrast, size, found| Tried { contrast, size, rate: rate(found) };
        let all = [tried(10, 2, 0), tried(10, 8, 5), tried(40, 2, 10), tried(40, 8, 20)];
        let svg = detection_chart(&all).standalone("Detection");
        for colour in ["#CC79A7", "#E69F00"] {
            let curves = svg.lines().filter(|line| line.contains("<polyline") && line.contains(colour));
            assert_eq!(curves.count(), 1, "{colour}");
        }
        assert!(svg.contains("8 pixels, 40 gray levels: 20 of 20 found"));
        assert_eq!(detection_legend(&all).into_string().matches("<li>").count(), 2);
    }

    #[test]
    fn every_place_has_its_share() {
        let map = PlaceMap { size: 8, contrast: 40, columns: 2, cells: [0, 5, 10, 20].map(rate).to_vec() };
        let chart = place_chart(&map, [400.0, 300.0]);
        let svg = chart.standalone("Places");
        assert_eq!(svg.matches("<rect x").count(), 4);
        assert!(svg.contains(">25<") && svg.contains(">100<"), "{svg}");
        assert_eq!(chart.height, 26 + 279 + 4);
    }
}
