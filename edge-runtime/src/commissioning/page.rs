//! The report of a commissioning for the quality file: one HTML page that needs nothing else and runs nothing. Every
//! text from outside is escaped in one place. It reads no clock and no file.

use std::cmp::Ordering;
use std::fmt::{self, Display, Write};

use shared::wire::ThresholdSource;

use super::strip::strip;
use super::{BadPart, Comparison, Decision, Findings, MIN_DISTANCE, Parts, Repeatability, SIGNIFICANCE};
use crate::calibration::promise;

const STYLE: &str = include_str!("page.css");

/// What the page says of where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The station's name.
    pub station: String,
    /// The date, as somebody wants it written.
    pub date: String,
    /// What is inspected.
    pub product: String,
    /// The camera in words.
    pub camera: String,
    /// The program and its version.
    pub program: String,
}

/// A text with the characters that mean something in HTML replaced, in content and in quoted attributes.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Filter<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl Write for Filter<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for character in text.chars() {
                    match character {
                        '&' => self.0.write_str("&amp;")?,
                        '<' => self.0.write_str("&lt;")?,
                        '>' => self.0.write_str("&gt;")?,
                        '"' => self.0.write_str("&quot;")?,
                        '\'' => self.0.write_str("&#39;")?,
                        other => self.0.write_char(other)?,
                    }
                }
                Ok(())
            }
        }
        write!(Filter(f), "{}", self.0)
    }
}

/// The page.
pub fn page(header: &Header, findings: &Findings, parts: &Parts) -> String {
    let mut page = String::with_capacity(32 << 10);
    // Writing to a text cannot fail.
    let _ = write_page(&mut page, header, findings, parts);
    page
}

fn write_page(out: &mut String, header: &Header, findings: &Findings, parts: &Parts) -> fmt::Result {
    let Header { station, date, product, camera, program } = header;
    let (class, verdict) = match findings.passed() {
        true if findings.warnings.is_empty() => ("pass", "passed"),
        true => ("warn", "passed, with remarks"),
        false => ("fail", "failed"),
    };
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Commissioning of {0}: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header><div><h1>Commissioning of {0}</h1><p>{1} &middot; {2}</p></div>\
         <p class=\"verdict {class}\">{verdict}</p></header>",
        Escaped(station),
        Escaped(product),
        Escaped(date)
    )?;
    writeln!(out, "<ul class=\"findings\">")?;
    for place in &findings.bad_passed {
        writeln!(
            out,
            "<li class=\"fail\">Known bad part {} passes. This station must not run with it.</li>",
            place + 1
        )?;
    }
    for warning in &findings.warnings {
        writeln!(out, "<li class=\"warn\">{}</li>", sentence(&warning.to_string()))?;
    }
    writeln!(out, "<li>{}</li>\n</ul>", sentence(&decision(findings)))?;
    writeln!(out, "<section><h2>Scores</h2>\n{}", strip(findings, parts))?;
    writeln!(
        out,
        "<p class=\"note\">One mark for each part; marks are set off vertically so that equal scores stay visible. \
         Calibration: lowest, median and highest score. The shaded scores are rejected.</p></section>"
    )?;
    threshold(out, findings)?;
    good_parts(out, findings, parts)?;
    repeatability(out, findings.repeatability.as_ref())?;
    bad_parts(out, findings, parts)?;
    writeln!(out, "<section><h2>Station</h2>\n<table class=\"facts\">")?;
    for (name, value) in [
        ("Station", station.as_str()),
        ("Date", date),
        ("Product", product),
        ("Camera", camera),
        ("Bundle", &findings.before.bundle.to_string()),
        ("Program", program),
    ] {
        row(out, name, value)?;
    }
    writeln!(
        out,
        "</table></section>\n<footer><p>Commissioned by</p><p>Signature</p></footer>\n</main>\n</body>\n</html>"
    )
}

/// Escaped, with a capital at its start and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{}.", Escaped(first + characters.as_str()))
}

/// What becomes of the threshold, in words.
fn decision(findings: &Findings) -> String {
    match (&findings.decision, findings.passed()) {
        (Decision::Kept, _) => match findings.before.source {
            ThresholdSource::Bundle => "the bundle's threshold stays in force".to_owned(),
            ThresholdSource::Station => "this station's own threshold stays in force".to_owned(),
        },
        (Decision::Recalibrated(own), true) => {
            let change = match own.threshold().cmp(&findings.before.threshold) {
                Ordering::Less => "lower than before",
                Ordering::Equal => "the same as before",
                Ordering::Greater => "higher than before",
            };
            format!("this station has a threshold of its own from these parts, {change}")
        }
        (Decision::Recalibrated(_), false) => {
            "these parts would give the station a threshold of its own, which was not put in force".to_owned()
        }
    }
}

fn row(out: &mut String, name: &str, value: &str) -> fmt::Result {
    writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", Escaped(name), Escaped(value))
}

fn threshold(out: &mut String, findings: &Findings) -> fmt::Result {
    writeln!(out, "<section><h2>Threshold</h2>\n<table class=\"facts\">")?;
    let whose = |source| match source {
        ThresholdSource::Bundle => "the bundle's",
        ThresholdSource::Station => "this station's own",
    };
    let before = &findings.before;
    let after = findings.threshold();
    row(out, "Before", &format!("{} ({}, {})", before.threshold, before.threshold.raw(), whose(before.source)))?;
    row(out, "Promised before", &promise(&before.evidence))?;
    if let Decision::Recalibrated(_) = findings.decision {
        row(out, "From these parts", &format!("{after} ({}, {})", after.raw(), whose(findings.source())))?;
        row(out, "Promised", &promise(findings.evidence()))?;
        let state = if findings.passed() { "yes" } else { "no, since a known bad part passes" };
        row(out, "In force", state)?;
    }
    writeln!(
        out,
        "</table>\n<p class=\"note\">A part is rejected if its score reaches the threshold. In brackets the integer \
         that is compared, the score times 2<sup>24</sup>. The promise is about good parts, and ends when parts, light or \
         camera change.</p></section>"
    )
}

fn good_parts(out: &mut String, findings: &Findings, parts: &Parts) -> fmt::Result {
    writeln!(out, "<section><h2>Good parts: are the scores those of the calibration?</h2>")?;
    match &findings.comparison {
        None => writeln!(out, "<p>There are no scores of a calibration to compare with.</p>")?,
        Some(comparison) => comparison_table(out, comparison)?,
    }
    let total = parts.good.len();
    writeln!(out, "<table class=\"facts\">")?;
    row(out, "Rejected before", &format!("{} of {total}", findings.rejected_before))?;
    if findings.decision != Decision::Kept {
        row(out, "Rejected after", &format!("{} of {total}", findings.rejected_after))?;
    }
    row(out, "Could not be judged", &format!("{} frames, taken again", parts.faults))?;
    writeln!(out, "</table>")?;
    let scores = |scores: &[_]| scores.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ");
    writeln!(
        out,
        "<h3>All scores, in their order</h3><p class=\"scores\">{}</p></section>",
        Escaped(scores(&parts.good))
    )
}

fn comparison_table(out: &mut String, comparison: &Comparison) -> fmt::Result {
    let Comparison { parts, calibrated, tests, p_value } = comparison;
    let (class, answer) = if comparison.differs() { ("fail", "No") } else { ("pass", "Nothing speaks against it") };
    writeln!(
        out,
        "<p><strong class=\"{class}\">{answer}</strong>: p = {} ({parts} parts against {calibrated} calibration \
         scores; below {SIGNIFICANCE} they differ).</p>\n<table class=\"numbers\"><thead><tr><th>Parts that score</th>\
         <th>Found</th><th>Expected</th><th>Chance</th><th>Chance, all tests in mind</th></tr></thead><tbody>",
        probability(*p_value)
    )?;
    for test in tests {
        writeln!(
            out,
            "<tr><td>{} the {} calibration score, {}</td><td>{}</td><td>{:.1}</td><td>{}</td><td>{}</td></tr>",
            test.direction.name(),
            if test.landmark.name() == "threshold" { "threshold's" } else { test.landmark.name() },
            test.at,
            test.count,
            test.expected,
            probability(test.chance),
            probability(test.adjusted)
        )?;
    }
    writeln!(
        out,
        "</tbody></table>\n<p class=\"note\">Chance: the probability of as many or more if nothing has changed, from \
         ranks alone (negative hypergeometric distribution); all tests in mind: Holm&rsquo;s adjustment. p is the least \
         of these.</p>"
    )
}

/// A probability to two significant digits or four decimals.
fn probability(value: f64) -> String {
    match value {
        value if value >= 0.001 => format!("{value:.4}"),
        value if value >= 1e-12 => format!("{value:.1e}"),
        _ => "below 1e-12".to_owned(),
    }
}

fn repeatability(out: &mut String, found: Option<&Repeatability>) -> fmt::Result {
    writeln!(out, "<section><h2>Repeatability: one part, measured again</h2>")?;
    let Some(found) = found else { return writeln!(out, "<p>Not measured.</p></section>") };
    writeln!(out, "<table class=\"facts\">")?;
    row(out, "Measurements", &found.measurements.to_string())?;
    row(out, "Mean", &format!("{:.6}", found.mean))?;
    row(out, "Range", &format!("{:.6} ({} to {})", found.range(), found.lowest, found.highest))?;
    row(out, "Standard deviation s", &format!("{:.6}", found.deviation))?;
    let distance = match found.distance_in_deviations() {
        Some(deviations) => format!("{:.6} = {deviations:.1} s (expected at least {MIN_DISTANCE} s)", found.distance),
        None => format!("{:.6}; the score does not scatter", found.distance),
    };
    row(out, "From the mean to the threshold", &distance)?;
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    row(out, "Gauge ratio, 3 s / distance", &percent(found.gauge_ratio()))?;
    row(out, "s as a share of the good parts' deviation", &percent(found.share_of_good))?;
    writeln!(out, "</table></section>")
}

fn bad_parts(out: &mut String, findings: &Findings, parts: &Parts) -> fmt::Result {
    writeln!(out, "<section><h2>Known bad parts</h2>")?;
    if parts.bad.is_empty() {
        return writeln!(out, "<p>None was tried.</p></section>");
    }
    writeln!(
        out,
        "<table class=\"numbers\"><thead><tr><th>Part</th><th>Score</th><th>Verdict</th></tr></thead><tbody>"
    )?;
    for (place, part) in parts.bad.iter().enumerate() {
        let (score, verdict) = match part {
            BadPart::Measured(score) if findings.threshold().rejects(*score) => {
                (score.to_string(), "reject".to_owned())
            }
            BadPart::Measured(score) => (score.to_string(), "pass".to_owned()),
            BadPart::Fault(reason) => ("-".to_owned(), format!("fault: {}", reason.name())),
        };
        let class = if verdict == "pass" { "fail" } else { "pass" };
        writeln!(
            out,
            "<tr><td>{}</td><td>{score}</td><td class=\"{class}\">{}</td></tr>",
            place + 1,
            Escaped(verdict)
        )?;
    }
    writeln!(out, "</tbody></table></section>")
}

#[cfg(test)]
mod tests {
    use shared::bundle::BundleId;
    use shared::score::Score;

    use super::*;
    use crate::calibration::calibrate;
    use crate::commissioning::{InForce, assess, check_plan};

    fn scores(range: std::ops::Range<u32>) -> Vec<Score> {
        range.map(|raw| Score::new(raw * 100).unwrap()).collect()
    }

    fn header(text: &str) -> Header {
        let text = || text.to_owned();
        Header { station: text(), date: text(), product: text(), camera: text(), program: text() }
    }

    fn made(header: &Header, good: std::ops::Range<u32>, bad: Vec<BadPart>) -> String {
        let (threshold, evidence) = calibrate(&scores(1000..1040), 1).unwrap();
        let before = InForce { bundle: BundleId([7; 32]), threshold, evidence, source: ThresholdSource::Bundle };
        let parts = Parts { good: scores(good), repeats: scores(1000..1025), bad, faults: 1 };
        let findings = assess(before, &parts, check_plan(None, 30).unwrap().rule, false).unwrap();
        page(header, &findings, &parts)
    }

    /// Every element that is opened is closed in turn, and nothing of a hostile name is markup.
    #[test]
    fn the_page_is_well_formed_whatever_the_station_is_called() {
        let hostile = "</title><script src=x>alert('&\"')</script>&lt;";
        for (good, bad) in [(1005..1035, vec![]), (2000..2030, vec![BadPart::Measured(Score::MIN)])] {
            let page = made(&header(hostile), good, bad);
            assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
            assert!(page.contains("&lt;script src=x&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;&amp;lt;"));
            let mut open = Vec::new();
            let body = page.replace(STYLE, "");
            for tag in body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let name = tag.split_whitespace().next().unwrap();
                match name.strip_prefix('/') {
                    Some(closed) => assert_eq!(open.pop(), Some(closed.to_owned()), "{tag}"),
                    None if name == "meta" || name == "!doctype" || tag.ends_with('/') => {}
                    None => open.push(name.to_owned()),
                }
            }
            assert_eq!(open, Vec::<String>::new());
        }
    }

    #[test]
    fn the_page_says_what_was_found() {
        let kept = made(&header("Station 4"), 1005..1035, vec![BadPart::Measured(Score::MAX)]);
        for text in [
            "passed, with remarks",
            "The bundle&#39;s threshold stays in force.",
            "Nothing speaks against it",
            "07070707",
        ] {
            assert!(kept.contains(text), "{text}: {kept}");
        }
        let own = made(&header("Station 4"), 2000..2030, vec![BadPart::Measured(Score::MAX)]);
        assert!(
            own.contains("This station has a threshold of its own from these parts, higher than before.")
                && own.contains("of further good parts 3.23 %")
        );
        let failed = made(&header("Station 4"), 2000..2030, vec![BadPart::Measured(Score::MIN)]);
        assert!(failed.contains("Known bad part 1 passes.") && failed.contains("which was not put in force"));
        assert!(failed.contains("<p class=\"verdict fail\">failed</p>"));
    }
}
