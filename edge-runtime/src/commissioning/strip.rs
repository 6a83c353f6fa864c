//! The scores as a strip of marks on one axis, as an inline SVG: good parts, the repeated part, known bad parts, and
//! what is known of the calibration, with the thresholds before and after. Marks carry no text from outside.

use std::fmt::Write;

use shared::score::Score;
use shared::wire::{ThresholdEvidence, Trial};

use super::repeatability::unit;
use super::{BadPart, Findings, Parts};

const WIDTH: f64 = 1080.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 44.0;
const ROW: f64 = 44.0;

/// Beyond this multiple of the greatest threshold and good score marks stand at the edge.
const REACH: f64 = 2.5;

struct Axis {
    end: f64,
}

impl Axis {
    fn x(&self, value: f64) -> f64 {
        LEFT + (value / self.end).min(1.0) * (WIDTH - LEFT - RIGHT)
    }

    /// Steps of 1, 2 or 5 times a power of ten, at most eight.
    fn step(&self) -> f64 {
        let raw = self.end / 8.0;
        let power = 10_f64.powf(raw.log10().floor());
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&step| step >= raw).unwrap_or(raw)
    }
}

/// The least, median and greatest calibration score, if they are known.
fn known(evidence: &ThresholdEvidence) -> Option<[Score; 3]> {
    match *evidence {
        ThresholdEvidence::Calibrated { lowest, median, highest, .. }
        | ThresholdEvidence::ByHand { trial: Some(Trial { lowest, median, highest, .. }) } => {
            Some([lowest, median, highest])
        }
        ThresholdEvidence::ByHand { trial: None } => None,
    }
}

/// The strip.
pub(super) fn strip(findings: &Findings, parts: &Parts) -> String {
    let value = |score: Score| unit(score.raw());
    let bad: Vec<Score> = parts
        .bad
        .iter()
        .filter_map(|part| match part {
            BadPart::Measured(score) => Some(*score),
            BadPart::Fault(_) => None,
        })
        .collect();
    let calibration = known(&findings.before.evidence);
    let (before, after) = (unit(findings.before.threshold.raw()), unit(findings.threshold().raw()));
    let good = parts.good.iter().chain(&parts.repeats).chain(calibration.iter().flatten());
    let inner = good.map(|&score| value(score)).fold(before.max(after), f64::max);
    let outer = bad.iter().map(|&score| value(score)).fold(inner, f64::max);
    let axis = Axis { end: (outer * 1.04).min(inner * REACH).max(1e-6) };

    let bottom = TOP + 4.0 * ROW;
    let height = bottom + 44.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Scores of all parts and the threshold\">\n"
    );
    // Writing to a text cannot fail.
    let mut put = |text: std::fmt::Arguments<'_>| {
        let _ = svg.write_fmt(text);
        svg.push('\n');
    };
    put(format_args!(
        "<rect class=\"rejected\" x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        axis.x(after),
        (WIDTH - RIGHT - axis.x(after)).max(0.0),
        bottom - TOP
    ));
    for (row, name) in ["calibration", "good parts", "one part again", "known bad parts"].into_iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        put(format_args!("<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>", LEFT - 14.0, y + 4.5));
        put(format_args!(
            "<line class=\"rule\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>",
            WIDTH - RIGHT
        ));
    }
    let step = axis.step();
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    for tick in (0..).map(|index| f64::from(index) * step).take_while(|&tick| tick <= axis.end) {
        let x = axis.x(tick);
        put(format_args!(
            "<line class=\"tick\" x1=\"{x:.1}\" y1=\"{bottom:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
            bottom + 6.0
        ));
        put(format_args!("<text class=\"scale\" x=\"{x:.1}\" y=\"{:.1}\">{tick:.decimals$}</text>", bottom + 22.0));
    }
    if let Some([lowest, median, highest]) = calibration {
        let y = TOP + ROW * 0.5;
        let [low, middle, high] = [lowest, median, highest].map(|score| axis.x(value(score)));
        put(format_args!(
            "<rect class=\"range\" x=\"{low:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\"/>",
            y - 6.0,
            high - low
        ));
        for x in [low, middle, high] {
            put(format_args!(
                "<line class=\"known\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
                y - 10.0,
                y + 10.0
            ));
        }
    }
    for (row, scores) in [(1, &parts.good), (2, &parts.repeats)] {
        let y = TOP + ROW * (f64::from(row) + 0.5);
        for (index, &score) in scores.iter().enumerate() {
            // Side by side, so that equal scores stay visible.
            let aside = (index % 5) as f64 * 4.0 - 8.0;
            put(format_args!(
                "<circle class=\"good\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>",
                axis.x(value(score)),
                y + aside
            ));
        }
    }
    for (index, &score) in bad.iter().enumerate() {
        let (x, y) = (axis.x(value(score)), TOP + ROW * 3.5 + (index % 5) as f64 * 4.0 - 8.0);
        let class = if findings.threshold().rejects(score) { "bad" } else { "bad escaped" };
        if value(score) > axis.end {
            put(format_args!("<path class=\"{class}\" d=\"M{:.1} {:.1} l9 5 l-9 5 z\"/>", x - 9.0, y - 5.0));
        } else {
            put(format_args!("<path class=\"{class}\" d=\"M{x:.1} {:.1} l5 9 h-10 z\"/>", y - 5.0));
        }
    }
    let mut line = |at: f64, name: &str, y: f64, anchor: &str| {
        let x = axis.x(at);
        let aside = if anchor == "end" { -6.0 } else { 6.0 };
        put(format_args!(
            "<line class=\"{name}\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>",
            y - 10.0
        ));
        put(format_args!(
            "<text class=\"label\" text-anchor=\"{anchor}\" x=\"{:.1}\" y=\"{y:.1}\">{name} {at:.6}</text>",
            x + aside
        ));
    };
    // Neither line runs through the other one's label: the upper label belongs to the line that it leads away from.
    let (lower, higher) = if after < before {
        ((after, "threshold"), (before, "before"))
    } else {
        ((before, "before"), (after, "threshold"))
    };
    if before == after {
        line(after, "threshold", 18.0, if axis.x(after) > 0.8 * WIDTH { "end" } else { "start" });
    } else if axis.x(higher.0) > 0.8 * WIDTH {
        line(higher.0, higher.1, 18.0, "end");
        line(lower.0, lower.1, 36.0, if axis.x(lower.0) < 250.0 { "start" } else { "end" });
    } else {
        line(lower.0, lower.1, 18.0, "start");
        line(higher.0, higher.1, 36.0, "start");
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::bundle::BundleId;
    use shared::wire::ThresholdSource;

    use super::*;
    use crate::calibration::calibrate;
    use crate::commissioning::{InForce, assess, check_plan};

    proptest! {
        /// Whatever the scores: every part has its mark, and no number is out of the picture or none.
        #[test]
        fn every_part_has_a_mark_within_the_picture(
            old in proptest::collection::vec(0_u32..=1 << 24, 20..40),
            good in proptest::collection::vec(0_u32..=1 << 24, 20..40),
            bad in proptest::collection::vec(0_u32..=1 << 25, 0..9),
        ) {
            let scores = |raw: &[u32]| raw.iter().map(|&raw| Score::new(raw).unwrap()).collect::<Vec<_>>();
            let (threshold, evidence) = calibrate(&scores(&old), 1).unwrap();
            let before = InForce { bundle: BundleId([7; 32]), threshold, evidence, source: ThresholdSource::Bundle };
            let parts = Parts {
                good: scores(&good),
                repeats: scores(&good[..5]),
                bad: scores(&bad).into_iter().map(BadPart::Measured).collect(),
                faults: 0,
            };
            let rule = check_plan(None, good.len() as u32).unwrap().rule;
            let svg = strip(&assess(before, &parts, rule, false).unwrap(), &parts);
            prop_assert_eq!(svg.matches("<circle").count(), good.len() + 5);
            prop_assert_eq!(svg.matches("<path").count(), bad.len());
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
            for position in svg.split(" cx=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let x: f64 = position.parse().unwrap();
                prop_assert!((LEFT - 0.1..=WIDTH - RIGHT + 0.1).contains(&x));
            }
        }
    }
}
