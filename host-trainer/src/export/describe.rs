//! What a station would read from a bundle, in words: for `bundle inspect` and for reports.

use shared::bundle::{Bundle, GoldenVerdict};
use shared::difference::{Pooling, ScoreRecipe};
use shared::preprocess::Geometry;
use shared::similarity::Metric;
use shared::wire::ThresholdEvidence;

use crate::calibration::promise;
use crate::detectability::{blind_cells, frame_pixels, smallest_by_contrast};
use crate::digest::hex;
use crate::evaluation::score_as_float;

/// Names and values, in the order of the way from a frame to a verdict.
pub fn describe(bundle: &Bundle<'_>) -> Vec<(&'static str, String)> {
    let manifest = bundle.manifest();
    let p = &manifest.preprocessing;
    let mut lines = vec![
        ("bundle", hex(&bundle.id().0)),
        ("product", manifest.product.to_string()),
        ("release", manifest.release.to_string()),
        ("camera", or_any(&manifest.camera)),
        (
            "runtime",
            match manifest.minimum_runtime {
                [0, 0, 0] => or_any(""),
                [major, minor, patch] => format!("edge-runtime {major}.{minor}.{patch} or newer"),
            },
        ),
        ("created by", manifest.created_by.to_string()),
        ("trained on", format!("images with SHA-256 {}", hex(&manifest.training_images_sha256))),
        (
            "frames",
            if p.accepted.min == p.accepted.max {
                format!("{} pixels only", p.accepted.min)
            } else {
                format!("{} to {} pixels", p.accepted.min, p.accepted.max)
            },
        ),
        (
            "region",
            p.region.map_or_else(
                || "the whole frame".into(),
                |r| format!("{}x{} pixels at ({}, {})", r.width, r.height, r.x, r.y),
            ),
        ),
        (
            "geometry",
            match &p.geometry {
                Geometry::Resize => format!("resampled to {}", p.input),
                Geometry::FixedScale(scale) => format!(
                    "scaled by {}/{}, or less if it would not fit, and mirrored to {}",
                    scale.numerator, scale.denominator, p.input
                ),
            },
        ),
        (
            "model",
            format!("\"{}\" -> \"{}\", {}", manifest.model.input_name, manifest.model.output_name, manifest.model.size),
        ),
        ("score", recipe(&manifest.recipe)),
        (
            "threshold",
            format!(
                "{:.6} ({} in units of 2^-24): a part is rejected if its score is this or more",
                score_as_float(manifest.threshold.raw()),
                manifest.threshold.raw()
            ),
        ),
        ("evidence", evidence(&manifest.evidence)),
    ];
    lines.push(("self-test", golden(bundle)));
    lines.push(("catches", catches(bundle)));
    lines.push(("signatures", signatures(bundle)));
    for section in bundle.sections() {
        lines.push((
            "section",
            format!(
                "{:<13} {:>9} bytes, SHA-256 {}",
                section.kind.to_string(),
                section.bytes.len(),
                hex(&section.sha256)
            ),
        ));
    }
    lines
}

fn or_any(name: &str) -> String {
    if name.is_empty() { "any".to_owned() } else { name.to_owned() }
}

/// Such as `by the key 21fe31dfa154a261; whether it is valid, bundle verify tells`.
fn signatures(bundle: &Bundle<'_>) -> String {
    let keys: Vec<_> = bundle.signatures().iter().map(|signature| signature.key.to_string()).collect();
    match &keys[..] {
        [] => "none: a station takes it only if its configuration lets unsigned bundles run".to_owned(),
        [key] => format!("by the key {key}; whether it is valid, `bundle verify` tells"),
        keys => format!("by the keys {}; whether they are valid, `bundle verify` tells", keys.join(", ")),
    }
}

/// Such as `maximum of the smoothed SSIM difference map (radius 4)`, in the order of the steps read backwards.
pub fn recipe(recipe: &ScoreRecipe) -> String {
    let metric = match recipe.metric {
        Metric::Ssim => "SSIM",
        Metric::SsimGaussian => "Gaussian SSIM",
        Metric::L2 => "L2",
        Metric::Msgms => "MSGMS",
        Metric::SsimMsgms => "SSIM and MSGMS",
    };
    let (pooling, end) = match recipe.pooling {
        Pooling::Mean => ("mean".to_owned(), String::new()),
        Pooling::SmoothedMaximum { radius } => ("maximum".to_owned(), format!("(radius {radius})")),
        Pooling::TopMean { pixels } => (format!("mean of the greatest {pixels} pixels"), String::new()),
    };
    let mut words = vec![pooling, "of the".into()];
    if matches!(recipe.pooling, Pooling::SmoothedMaximum { .. }) {
        words.push("smoothed".into());
    }
    words.push(format!("{metric} difference map"));
    words.push(end);
    let mut sentence = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let before = [
        (recipe.smoothing > 0).then(|| format!("smoothed by radius {}", recipe.smoothing)),
        recipe.normalised.then(|| "normalised by the residual maps".to_owned()),
        recipe.masked.then(|| "weighted by the mask".to_owned()),
        (!recipe.margin.is_none()).then(|| {
            let (width, weight) = (recipe.margin.width, f64::from(recipe.margin.weight) / 255.0);
            format!("less within {width} pixels of the edge, {:.0} % there", 100.0 * weight)
        }),
    ];
    for step in before.into_iter().flatten() {
        sentence += ", ";
        sentence += &step;
    }
    sentence
}

fn evidence(evidence: &ThresholdEvidence) -> String {
    match evidence {
        ThresholdEvidence::Calibrated {
            images,
            rank,
            average_false_rejects_ppm,
            upper95_false_rejects_ppm,
            lowest,
            median,
            highest,
        } => format!(
            "{images} good images, threshold above the {} score; good parts rejected: {:.2} % on average, at most \
             {:.2} % with 95 % confidence; scores from {lowest} over {median} (median) to {highest}",
            ordinal_from_top(*rank),
            f64::from(*average_false_rejects_ppm) / 1e4,
            f64::from(*upper95_false_rejects_ppm) / 1e4,
        ),
        ThresholdEvidence::ByHand { trial: None } => promise(evidence),
        ThresholdEvidence::ByHand { trial: Some(trial) } => format!(
            "{}; scores from {} over {} (median) to {}",
            promise(evidence),
            trial.lowest,
            trial.median,
            trial.highest
        ),
    }
}

/// Such as `at least 90 % of synthetic defects from 6 input pixels at a contrast of 40; none of the sizes tried ...`.
fn catches(bundle: &Bundle<'_>) -> String {
    let Some(told) = bundle.detectability() else {
        return "not tried out with synthetic defects at this threshold".into();
    };
    let (mut sizes, mut without) = (Vec::new(), Vec::new());
    for (contrast, size) in smallest_by_contrast(&told) {
        match size {
            Some(size) => sizes.push(format!("from {size} input pixels at a contrast of {contrast}")),
            None => without.push(contrast.to_string()),
        }
    }
    if !without.is_empty() {
        let (first, last) = (told.sizes.first().unwrap_or(&0), told.sizes.last().unwrap_or(&0));
        sizes.push(format!("none of the sizes tried ({first} to {last}) at {}", without.join(", ")));
    }
    let [across, down] = frame_pixels(&bundle.manifest().preprocessing);
    let (blind, cells) = blind_cells(&told.map);
    format!(
        "at least 90 % of synthetic defects, with 95 % confidence: {} (contrast in gray levels; an input pixel is \
         {across:.2} x {down:.2} frame pixels; {} good images); blind spots: {blind} of {cells} places, for spots of \
         {} input pixels at {}",
        sizes.join("; "),
        told.images,
        told.map.size,
        told.map.contrast,
    )
}

/// Such as `5 golden frames: 3 pass (scores 0.031000 to 0.148000), 2 rejected (scores 0.912000 to 1.034000)`.
pub fn golden(bundle: &Bundle<'_>) -> String {
    let Some(golden) = bundle.golden_frames() else {
        return "no golden frames: a station cannot prove that it computes as the machine that sealed this".into();
    };
    let group = |verdict, words: &str| {
        let scores: Vec<_> = golden.iter().filter(|one| one.verdict == verdict).map(|one| one.score).collect();
        match (scores.iter().min(), scores.iter().max()) {
            (Some(least), Some(greatest)) => format!("{} {words} (scores {least} to {greatest})", scores.len()),
            _ => format!("0 {words}"),
        }
    };
    format!(
        "{} golden frames: {}, {}",
        golden.len(),
        group(GoldenVerdict::Pass, "pass"),
        group(GoldenVerdict::Reject, "rejected")
    )
}

fn ordinal_from_top(rank: u32) -> String {
    if rank == 1 { "largest".into() } else { format!("number {rank} from the top") }
}

#[cfg(test)]
mod tests {
    use shared::difference::Margin;

    use super::*;

    #[test]
    fn every_step_of_a_recipe_is_named() {
        let plain = ScoreRecipe::new(Metric::Ssim, Pooling::SmoothedMaximum { radius: 4 });
        assert_eq!(recipe(&plain), "maximum of the smoothed SSIM difference map (radius 4)");
        assert_eq!(recipe(&ScoreRecipe::new(Metric::L2, Pooling::Mean)), "mean of the L2 difference map");
        let whole = ScoreRecipe {
            metric: Metric::SsimGaussian,
            smoothing: 2,
            normalised: true,
            masked: true,
            pooling: Pooling::TopMean { pixels: 50 },
            margin: Margin { width: 16, weight: 102 },
        };
        let expected = "mean of the greatest 50 pixels of the Gaussian SSIM difference map, smoothed by radius 2, \
                        normalised by the residual maps, weighted by the mask, less within 16 pixels of the edge, 40 % \
                        there";
        assert_eq!(recipe(&whole), expected);
    }
}
