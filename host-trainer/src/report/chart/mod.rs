//! Charts as SVG: axes and curves drawn by plotters, marks on top of them that can be pointed at and followed.
//!
//! A chart is drawn for a width of [`WIDTH`] pixels, about that of a telephone, and scales from there: its text stays
//! legible on the narrowest screen. All colours are attributes of the elements, so that a chart is the same in a page
//! and as a file. It contains no style sheet, no script and no reference to anything outside.

mod axis;
mod detection;
mod loss;
mod roc;
mod scores;

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

pub use axis::Axis;
pub use detection::{detection_chart, detection_legend, place_chart};
pub use loss::loss_chart;
pub use roc::roc_chart;
pub use scores::{Mark, Outcome, Strip, score_chart, score_legend};

/// Width of every chart in its own pixels.
pub const WIDTH: u32 = 380;

/// plotters places everything on whole numbers: this many of them are a pixel.
const FINE: u32 = 10;

/// Size of the type, in pixels. plotters divides the sizes it is given by 1.24.
const FONT_PX: f64 = 12.5;
const PLOTTERS_FONT: f64 = FONT_PX * FINE as f64 * 1.24;

/// Good, defective (Okabe and Ito 2008, told apart by the colour-blind), and what the chart is drawn with.
const GOOD: &str = "#0072b2";
const DEFECTIVE: &str = "#d55e00";
const INK: &str = "#1b1f24";
const QUIET: &str = "#57606a";
const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const AXIS: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
const LABEL: RGBColor = RGBColor(0x57, 0x60, 0x6a);

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Chart {
    height: u32,
    body: Markup,
}

impl Chart {
    /// As part of a page. `label` says in words what the chart shows.
    pub fn inline(&self, label: &str) -> Markup {
        // The parts of an image are hidden from screen readers; links must not be.
        let role = if self.body.0.contains("<a ") { "group" } else { "img" };
        html! {
            svg.chart viewBox=(self.view_box()) role=(role) aria-label=(label) { (self.body) }
        }
    }

    /// As a file of its own, on white.
    pub fn standalone(&self, title: &str) -> String {
        let (width, height) = (2 * WIDTH, 2 * self.height);
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(self.view_box())
                font-family="sans-serif" {
                title { (title) }
                rect width="100%" height="100%" fill="#ffffff" {}
                (self.body)
            }
        };
        format!("{}\n", svg.into_string())
    }

    fn view_box(&self) -> String {
        format!("0 0 {WIDTH} {}", self.height)
    }
}

/// Room around the plotting area, in pixels.
#[derive(Clone, Copy, Debug)]
struct Margins {
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
}

/// A line through points in the axes' values.
#[derive(Clone, Debug)]
struct Curve {
    points: Vec<(f64, f64)>,
    colour: RGBColor,
    /// In pixels.
    width: u32,
}

/// What is drawn below the marks.
#[derive(Clone, Debug)]
struct Plot<'a> {
    /// In pixels.
    height: u32,
    margins: Margins,
    x: Axis,
    y: Axis,
    x_label: &'a str,
    /// Whether the y axis has ticks and lines.
    y_ticks: bool,
    curves: Vec<Curve>,
}

/// A plot whose axes and curves are drawn. It places marks.
#[derive(Debug)]
struct Canvas {
    x: Axis,
    y: Axis,
    height: u32,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    svg: String,
}

impl Plot<'_> {
    fn draw(self) -> Canvas {
        let mut svg = String::new();
        let corners = self.draw_into(&mut svg).expect("a String takes everything");
        let [(left, bottom), (right, top)] =
            corners.map(|(x, y)| (f64::from(x) / f64::from(FINE), f64::from(y) / f64::from(FINE)));
        Canvas { x: self.x, y: self.y, height: self.height, left, right, top, bottom, svg: inside(&svg).to_owned() }
    }

    /// Draws, and gives the bottom left and the top right corner of the plotting area in plotters' own units.
    fn draw_into(&self, svg: &mut String) -> Result<[(i32, i32); 2], Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, (WIDTH * FINE, self.height * FINE)).into_drawing_area();
        let Margins { left, right, top, bottom } = self.margins;
        let mut chart = ChartBuilder::on(&root)
            .margin_top(top * FINE)
            .margin_right(right * FINE)
            .set_label_area_size(LabelAreaPosition::Left, left * FINE)
            .set_label_area_size(LabelAreaPosition::Bottom, bottom * FINE)
            .build_cartesian_2d(self.x, self.y)?;
        let text = TextStyle::from(("sans-serif", PLOTTERS_FONT).into_font()).color(&LABEL);
        let line = |colour: RGBColor| colour.stroke_width(FINE);
        let mut mesh = chart.configure_mesh();
        mesh.bold_line_style(line(GRID))
            .axis_style(line(AXIS))
            .label_style(text)
            .x_labels(9)
            .y_labels(9)
            .x_desc(self.x_label)
            .set_all_tick_mark_size(3 * FINE);
        if !self.y_ticks {
            mesh.disable_y_mesh().disable_y_axis();
        }
        mesh.draw()?;
        for curve in &self.curves {
            let style = line(curve.colour).stroke_width(curve.width * FINE);
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
        }
        let ends = |axis: Axis| {
            let range = plotters::coord::ranged1d::Ranged::range(&axis);
            (range.start, range.end)
        };
        let ((x0, x1), (y0, y1)) = (ends(self.x), ends(self.y));
        let corners = [chart.backend_coord(&(x0, y0)), chart.backend_coord(&(x1, y1))];
        drop(chart);
        root.present()?;
        Ok(corners)
    }
}

impl Canvas {
    /// Pixels from the left.
    fn x(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * (self.right - self.left)
    }

    /// Pixels from the top.
    fn y(&self, value: f64) -> f64 {
        self.bottom + self.y.share(value) * (self.top - self.bottom)
    }

    /// With `below` between the paper and the axes and `above` on top of all.
    fn finish(self, below: &Markup, above: &Markup) -> Chart {
        let scale = format!("scale({})", 1.0 / f64::from(FINE));
        let body = html! {
            (below)
            g transform=(scale) { (PreEscaped(&self.svg)) }
            g font-size=(FONT_PX) fill=(INK) { (above) }
        };
        Chart { height: self.height, body }
    }
}

/// The elements between plotters' `<svg ...>` and `</svg>`.
fn inside(svg: &str) -> &str {
    let start = svg.find('>').map_or(0, |end| end + 1);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg[start..end].trim()
}

/// A coordinate with one decimal: finer cannot be seen.
fn px(value: f64) -> String {
    format!("{value:.1}")
}
