//! `bundle inspect`: verifies a bundle and prints what a station would read from it.

use edge_runtime::bundle::BundleFile;
use serde_json::json;
use shared::bundle::Bundle;

use crate::cli::InspectArgs;
use crate::digest::hex;
use crate::evaluation::score_as_float;
use crate::export::describe::describe;

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
    let golden = bundle.golden_frames().into_iter().flat_map(|golden| golden.iter());
    let golden: Vec<_> =
        golden.map(|one| json!({ "score_raw": one.score, "verdict": one.verdict.to_string() })).collect();
    json!({
        "id": hex(&bundle.id().0),
        "sections": sections,
        "golden_frames": golden,
        "detectability": bundle.detectability(),
        "signatures": bundle.signatures().iter().map(|signature| signature.key.to_string()).collect::<Vec<_>>(),
        "manifest": manifest,
        "threshold": score_as_float(manifest.threshold.raw()),
    })
}

fn as_text(bundle: &Bundle<'_>) -> String {
    describe(bundle).into_iter().map(|(name, value)| format!("{name:<11} {value}\n")).collect()
}
