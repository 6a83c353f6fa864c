//! The findings on stdout: in words, or as one line of JSON.

use std::io::{self, Write};

use edge_runtime::calibration::promise;
use edge_runtime::commissioning::{BadPart, Decision, Findings, Header, Parts, RankTest, Repeatability};
use serde_json::{Value, json};
use shared::score::{Score, Threshold};
use shared::wire::ThresholdSource;

/// What is in force now: the new threshold only if the commissioning passed.
fn in_force(findings: &Findings) -> (Threshold, ThresholdSource, String) {
    if findings.passed() {
        (findings.threshold(), findings.source(), promise(findings.evidence()))
    } else {
        (findings.before.threshold, findings.before.source, promise(&findings.before.evidence))
    }
}

const fn source_name(source: ThresholdSource) -> &'static str {
    match source {
        ThresholdSource::Bundle => "bundle",
        ThresholdSource::Station => "station",
    }
}

/// In words.
pub fn print(out: &mut impl Write, findings: &Findings, parts: &Parts) -> io::Result<()> {
    match &findings.comparison {
        Some(found) => writeln!(
            out,
            "good parts    {} scored: p = {:.4} that they score as the {} of the calibration; {}",
            found.parts,
            found.p_value,
            found.calibrated,
            if found.differs() { "they do not" } else { "nothing speaks against it" }
        )?,
        None => writeln!(out, "good parts    {} scored; nothing to compare with", parts.good.len())?,
    }
    let (threshold, source, promised) = in_force(findings);
    let whose = match source {
        ThresholdSource::Bundle => "the bundle's",
        ThresholdSource::Station => "this station's own",
    };
    writeln!(out, "threshold     {threshold}, {whose}, was {}", findings.before.threshold)?;
    writeln!(out, "promise       {promised}")?;
    if let Some(found) = &findings.repeatability {
        let distance = found.distance_in_deviations().map_or("any number of s".to_owned(), |far| format!("{far:.1} s"));
        writeln!(
            out,
            "one part      mean {:.6}, range {:.6}, s = {:.6}; below the threshold by {distance}",
            found.mean,
            found.range(),
            found.deviation
        )?;
    }
    if !parts.bad.is_empty() {
        let rejected = parts.bad.len() - findings.bad_passed.len();
        writeln!(out, "bad parts     {rejected} of {} rejected", parts.bad.len())?;
    }
    for warning in &findings.warnings {
        writeln!(out, "remark        {warning}")?;
    }
    writeln!(out, "result        {}", if findings.passed() { "passed" } else { "FAILED: a known bad part passes" })
}

/// As one line of JSON.
pub fn print_json(out: &mut impl Write, header: &Header, findings: &Findings, parts: &Parts) -> io::Result<()> {
    let (threshold, source, promised) = in_force(findings);
    let proposed = match &findings.decision {
        Decision::Kept => None,
        Decision::Recalibrated(own) => Some(own.threshold().raw()),
    };
    let raw = |scores: &[Score]| scores.iter().map(|score| score.raw()).collect::<Vec<_>>();
    let comparison = findings.comparison.as_ref();
    let object = json!({
        "passed": findings.passed(),
        "bundle": findings.before.bundle.to_string(),
        "product": header.product,
        "station": header.station,
        "date": header.date,
        "p_value": comparison.map(|found| found.p_value),
        "differs": comparison.map(|found| found.differs()),
        "tests": comparison.map(|found| found.tests.iter().map(test).collect::<Vec<_>>()),
        "recalibrated": proposed.is_some(),
        "threshold_raw": threshold.raw(),
        "threshold_source": source_name(source),
        "before_raw": findings.before.threshold.raw(),
        "proposed_raw": proposed,
        "promise": promised,
        "good_raw": raw(&parts.good),
        "repeat_raw": raw(&parts.repeats),
        "rejected_before": findings.rejected_before,
        "rejected_after": findings.rejected_after,
        "repeatability": findings.repeatability.as_ref().map(repeatability),
        "bad": parts.bad.iter().map(|part| bad(part, findings)).collect::<Vec<_>>(),
        "warnings": findings.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    writeln!(out, "{object}")
}

fn test(test: &RankTest) -> Value {
    json!({
        "landmark": test.landmark.name(),
        "at_raw": test.at.raw(),
        "direction": test.direction.name(),
        "count": test.count,
        "expected": test.expected,
        "chance": test.chance,
        "adjusted": test.adjusted,
    })
}

fn repeatability(found: &Repeatability) -> Value {
    json!({
        "measurements": found.measurements,
        "mean": found.mean,
        "range": found.range(),
        "deviation": found.deviation,
        "distance": found.distance,
        "distance_in_deviations": found.distance_in_deviations(),
        "sufficient": found.is_sufficient(),
    })
}

fn bad(part: &BadPart, findings: &Findings) -> Value {
    let (verdict, score, reason) = match part {
        BadPart::Measured(score) if findings.threshold().rejects(*score) => ("reject", Some(score.raw()), None),
        BadPart::Measured(score) => ("pass", Some(score.raw()), None),
        BadPart::Fault(reason) => ("fault", None, Some(reason.name())),
    };
    json!({"verdict": verdict, "score_raw": score, "reason": reason})
}
