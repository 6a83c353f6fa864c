//! `bundle inspect`: verifies a bundle and prints what a station would read from it.

use edge_runtime::bundle::BundleFile;
use serde_json::json;
use shared::bundle::Bundle;
use shared::preprocess::Geometry;
use shared::wire::ThresholdEvidence;

use crate::calibration::promise;
use crate::cli::InspectArgs;
use crate::evaluation::score_as_float;
use crate::job::hex;

/// Runs `bundle inspect`.
pub fn inspect(args: &InspectArgs) -> anyhow::Result<()> {
    let file = BundleFile::read(&args.file)?;
    let bundle = file.verify()?;
    if args.json {
        println!("{}", as_json(&bundle));
    } else {
        print!("{}", as_text(&bundle));
    }
    Ok(())
}

fn as_json(bundle: &Bundle<'_>) -> serde_json::Value {
    let manifest = bundle.manifest();
    let sections: Vec<_> = bundle
        .sections()
        .map(|s| json!({ "kind": s.kind.to_string(), "bytes": s.bytes.len(), "sha256": hex(&s.sha256) }))
        .collect();
    json!({
        "id": hex(&bundle.id().0),
        "sections": sections,
        "manifest": manifest,
        "threshold": score_as_float(manifest.threshold.raw()),
    })
}

fn as_text(bundle: &Bundle<'_>) -> String {
    let manifest = bundle.manifest();
    let p = &manifest.preprocessing;
    let mut lines = vec![
        ("bundle", hex(&bundle.id().0)),
        ("product", manifest.product.to_string()),
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
                Geometry::Tiles(tiles) => format!("tiles: {tiles:?}"),
            },
        ),
        (
            "model",
            format!("\"{}\" -> \"{}\", {}", manifest.model.input_name, manifest.model.output_name, manifest.model.size),
        ),
        ("score", format!("{:?}, {:?}", manifest.recipe.metric, manifest.recipe.pooling)),
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
    lines.into_iter().map(|(name, value)| format!("{name:<11} {value}\n")).collect()
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

fn ordinal_from_top(rank: u32) -> String {
    if rank == 1 { "largest".into() } else { format!("number {rank} from the top") }
}
