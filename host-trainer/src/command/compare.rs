//! `compare`: how unlike two images are, by the integers that the station compares.

use serde_json::json;

use crate::cli::CompareArgs;
use crate::comparison::{Comparison, compare, picture};
use crate::evaluation::score_as_float;
use crate::files::write_atomically;

/// Runs `compare`.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let comparison = compare(&args.a, &args.b, args.metric.into())?;
    if let Some(path) = &args.map {
        write_atomically(path, &picture(&comparison)?)?;
    }
    let Comparison { size, score, .. } = &comparison;
    let value = score_as_float(score.raw());
    let name = args.metric.name();
    if args.json {
        let object =
            json!({ "metric": name, "score": value, "raw": score.raw(), "width": size.width, "height": size.height });
        println!("{object}");
    } else {
        println!("{name}: {value:.6} ({} in units of 2^-24), {size} pixels", score.raw());
    }
    Ok(())
}
