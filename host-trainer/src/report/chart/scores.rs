//! Every score as a mark on a strip of its class, with the threshold across all strips.
//!
//! Scores and thresholds are in Q24; the axis shows them as numbers (1.0 is 2^24).

use maud::{Markup, html};

use super::{Axis, Chart, DEFECTIVE, GOOD, INK, Margins, Plot, QUIET, WIDTH, px};
use crate::evaluation::score_as_float;

/// Scores that span more than this are drawn on a logarithmic axis.
const LOGARITHMIC_FROM: f64 = 50.0;

/// Heights in pixels: of a strip, of its name, and of the room above all strips.
const STRIP: u32 = 50;
const NAME: f64 = 16.0;
const TOP: u32 = 38;

/// The golden ratio less 1: its multiples spread evenly between 0 and 1, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Whether a mark lies on the right side of the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A good part that passes or a defective one that is rejected: a dot.
    Right,
    /// A defective part that passes: a triangle.
    Escape,
    /// A good part that is rejected: a diamond.
    FalseReject,
}

/// One score.
#[derive(Clone, Debug)]
pub struct Mark {
    /// In Q24.
    pub score: u32,
    /// Decides the shape.
    pub outcome: Outcome,
    /// What is said when it is pointed at.
    pub title: String,
    /// The id of the element that it leads to.
    pub target: Option<String>,
}

/// The scores of one class.
#[derive(Clone, Debug)]
pub struct Strip {
    /// Name of the class.
    pub name: String,
    /// Whether its parts are good; decides the colour.
    pub good: bool,
    /// In any order.
    pub marks: Vec<Mark>,
}

/// Draws `strips` from top to bottom.
pub fn score_chart(strips: &[Strip], threshold: u32) -> Chart {
    let scores = strips.iter().flat_map(|strip| &strip.marks).map(|mark| score_as_float(mark.score));
    let at = score_as_float(threshold);
    let count = strips.len().max(1) as u32;
    let x = Axis::fitting(scores.chain([at]), LOGARITHMIC_FROM);
    let canvas = Plot {
        height: TOP + STRIP * count + 40,
        margins: Margins { left: 24, right: 24, top: TOP, bottom: 40 },
        x,
        y: Axis::linear(0.0, f64::from(count)),
        x_label: if x.is_logarithmic() { "difference score (logarithmic)" } else { "difference score" },
        y_ticks: false,
        curves: Vec::new(),
    }
    .draw();
    let line = canvas.x(at);
    let below = html! {
        rect x=(px(line)) y=(px(canvas.top)) width=(px(canvas.right - line)) height=(px(canvas.bottom - canvas.top))
            fill="#f3f4f6" {}
    };
    let above = html! {
        (threshold_line(line, at, canvas.top, canvas.bottom))
        @for (index, strip) in strips.iter().enumerate() {
            @let top = canvas.top + f64::from(STRIP) * index as f64;
            @if index > 0 {
                line x1=(px(canvas.left)) x2=(px(canvas.right)) y1=(px(top)) y2=(px(top)) stroke="#d0d7de" {}
            }
            text x=(px(canvas.left + 4.0)) y=(px(top + 14.0)) font-weight="600" stroke="#ffffff" stroke-width="3"
                paint-order="stroke" { (shortened(&strip.name)) " (" (strip.marks.len()) ")" }
            (marks(strip, top, |score| canvas.x(score)))
        }
    };
    canvas.finish(&below, &above)
}

/// The line, its value above it and what lies to its sides.
fn threshold_line(x: f64, threshold: f64, top: f64, bottom: f64) -> Markup {
    let label = format!("threshold {threshold:.4}");
    let anchor = match x {
        x if x < 60.0 => "start",
        x if x > f64::from(WIDTH) - 60.0 => "end",
        _ => "middle",
    };
    html! {
        line x1=(px(x)) x2=(px(x)) y1=(px(top - 18.0)) y2=(px(bottom))
            stroke=(INK) stroke-width="1.5" stroke-dasharray="6 3" {}
        text x=(px(x)) y=(px(top - 23.0)) text-anchor=(anchor) font-weight="600" { (label) }
        @if x > 60.0 { text x=(px(x - 6.0)) y=(px(top - 6.0)) text-anchor="end" fill=(QUIET) { "\u{2190} passed" } }
        @if x < f64::from(WIDTH) - 70.0 { text x=(px(x + 6.0)) y=(px(top - 6.0)) fill=(QUIET) { "rejected \u{2192}" } }
    }
}

/// The marks of a strip, the rightly judged ones first so that the others lie on top.
fn marks(strip: &Strip, top: f64, x: impl Fn(f64) -> f64) -> Markup {
    let mut sorted: Vec<&Mark> = strip.marks.iter().collect();
    sorted.sort_by_key(|mark| (mark.outcome != Outcome::Right, mark.score));
    let colour = if strip.good { GOOD } else { DEFECTIVE };
    let room = f64::from(STRIP) - NAME - 14.0;
    html! {
        @for (index, mark) in sorted.into_iter().enumerate() {
            @let jitter = (index as f64 * GOLDEN).fract();
            @let place = (x(score_as_float(mark.score)), top + NAME + 7.0 + room * jitter);
            @match &mark.target {
                Some(id) => a href={ "#" (id) } { (shape(mark, place, colour)) },
                None => (shape(mark, place, colour)),
            }
        }
    }
}

fn shape(mark: &Mark, (x, y): (f64, f64), colour: &str) -> Markup {
    let path = |points: [(f64, f64); 4]| {
        let corners = points.map(|(dx, dy)| format!("{},{}", px(x + dx), px(y + dy)));
        html! {
            polygon points=(corners.join(" ")) fill=(colour) stroke=(INK) stroke-width="1.4" { title { (mark.title) } }
        }
    };
    match mark.outcome {
        Outcome::Right => html! {
            circle cx=(px(x)) cy=(px(y)) r="3" fill=(colour) fill-opacity="0.75" { title { (mark.title) } }
        },
        Outcome::Escape => path([(0.0, -6.0), (0.0, -6.0), (6.0, 5.0), (-6.0, 5.0)]),
        Outcome::FalseReject => path([(0.0, -6.5), (6.5, 0.0), (0.0, 6.5), (-6.5, 0.0)]),
    }
}

/// A name that fits on a strip.
fn shortened(name: &str) -> String {
    const MOST: usize = 40;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['\u{2026}']).collect()
}

/// The shapes and what they mean.
pub fn score_legend(what: &[(Outcome, bool, &str)]) -> Markup {
    html! {
        ul.legend {
            @for &(outcome, good, text) in what {
                @let mark = Mark { score: 0, outcome, title: text.to_owned(), target: None };
                li {
                    svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" {
                        (shape(&mark, (9.0, 9.0), if good { GOOD } else { DEFECTIVE }))
                    }
                    (text)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(score: u32, outcome: Outcome) -> Mark {
        Mark {
            score,
            outcome,
            title: format!("<{score}>"),
            target: (outcome != Outcome::Right).then(|| "case-1".into()),
        }
    }

    fn chart() -> String {
        let strips = [
            Strip {
                name: "good".into(),
                good: true,
                marks: vec![mark(10, Outcome::Right), mark(40, Outcome::FalseReject)],
            },
            Strip { name: "<b>".into(), good: false, marks: vec![mark(20, Outcome::Escape), mark(50, Outcome::Right)] },
        ];
        score_chart(&strips, 30).standalone("Scores")
    }

    #[test]
    fn wrong_verdicts_have_shapes_of_their_own_and_lead_to_their_panels() {
        let svg = chart();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(svg.matches("<a href=\"#case-1\"><polygon").count(), 2);
    }

    #[test]
    fn names_and_titles_are_escaped() {
        let svg = chart();
        assert!(svg.contains("&lt;b&gt; (2)") && svg.contains("<title>&lt;50&gt;</title>"), "{svg}");
    }

    #[test]
    fn the_same_scores_give_the_same_drawing() {
        assert_eq!(chart(), chart());
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(shortened(&"x".repeat(41)), format!("{}\u{2026}", "x".repeat(39)));
        assert_eq!(shortened("scratch"), "scratch");
    }

    #[test]
    fn no_scores_at_all_are_an_empty_chart() {
        assert!(score_chart(&[], 0).standalone("Scores").contains("threshold 0.0000"));
    }
}
