//! `evaluate`: a bundle's verdicts on labelled photographs, summed up.

use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};
use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;
use serde::Serialize;
use shared::bundle::Bundle;
use shared::preprocess::Preprocessing;

use crate::cli::EvaluateArgs;
use crate::dataset::duplicates::Identity;
use crate::dataset::load::load_each;
use crate::dataset::{EvaluationSet, GoodImages};
use crate::evaluation::{Evaluation, Judged, Overlap, TestImage, evaluate};
use crate::progress;

/// Runs `evaluate`.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let file = BundleFile::read(&args.bundle)?;
    let set = EvaluationSet::open(&args.data)?;
    let (evaluation, judged) = judge(&file.verify()?, &set)?;
    let overlap = overlap(&args.data, &file.verify()?.manifest().preprocessing, &judged)?;
    overlap.warnings().iter().for_each(progress::say);
    if args.json {
        println!("{}", serde_json::to_string(&Printed { evaluation: &evaluation, duplicates: &overlap })?);
    } else {
        println!("{}", table(&evaluation));
        print_errors(&judged);
    }
    Ok(())
}

/// The JSON object.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    duplicates: &'a Overlap,
}

/// Compares what was judged with itself and with the images in `data`/train/good, if there are any.
fn overlap(data: &Path, how: &Preprocessing, judged: &[Judged]) -> anyhow::Result<Overlap> {
    let folder = data.join("train").join("good");
    let paths = if folder.is_dir() { GoodImages::open(data)?.paths() } else { Vec::new() };
    let bar = progress::counting("comparing", paths.len() as u64);
    let loaded = load_each(&paths, how, &|| bar.inc(1));
    bar.finish_and_clear();
    let unreadable = loaded.iter().filter(|loaded| loaded.is_err()).count();
    if unreadable > 0 {
        let folder = folder.display();
        progress::say(format!("warning: images in {folder} that cannot be used and were not compared: {unreadable}"));
    }
    let readable = paths.into_iter().zip(loaded).filter_map(|(path, loaded)| Some((path, loaded.ok()?)));
    let training: Vec<_> = readable.map(|(path, loaded)| (path, Identity::of([&loaded.image[..]]))).collect();
    let images = judged.iter().map(|one| TestImage { path: &one.path, label: &one.label, identity: one.identity });
    Ok(Overlap::find(&images.collect::<Vec<_>>(), &training))
}

/// Judges `set` with the model in `bundle`.
pub fn judge(bundle: &Bundle<'_>, set: &EvaluationSet) -> anyhow::Result<(Evaluation, Vec<Judged>)> {
    let mut inspector = Inspector::open(bundle, MonotonicClock::new(), u64::MAX)?;
    let bar = progress::counting("judging", set.images.len() as u64);
    let result = evaluate(&mut inspector, set, || bar.inc(1));
    bar.finish_and_clear();
    Ok(result)
}

/// The figures for a person.
pub fn table(evaluation: &Evaluation) -> Table {
    let mut table = new_table();
    table.set_header(["", "", ""]);
    let good = evaluation.n_good;
    let defective = evaluation.n_defective;
    table.add_row(row("image AUROC", evaluation.image_auroc, "1 = every defective part scores above every good one"));
    table.add_row(row("F1 at the stored threshold", evaluation.f1, "defective is positive"));
    table.add_row(row("F1 of rejecting everything", evaluation.f1_reject_all, "what F1 has to beat"));
    table.add_row(row("best F1", evaluation.f1_max, "threshold chosen knowing the labels"));
    table.add_row(row("false-reject rate", evaluation.false_reject_rate, &format!("of {good} good parts")));
    table.add_row(row("escape rate", evaluation.escape_rate, &format!("of {defective} defective parts")));
    for (name, kind) in &evaluation.kinds {
        table.add_row([format!("  {name}"), format!("{} of {}", kind.rejected, kind.n), "rejected".to_owned()]);
    }
    table.add_row(["faults".to_owned(), evaluation.n_fault.to_string(), "counted as rejects".to_owned()]);
    for alternative in &evaluation.alternatives {
        table.add_row(row(
            &format!("image AUROC of {}", alternative.score),
            alternative.image_auroc,
            &format!("best F1 {}", number(alternative.f1_max)),
        ));
    }
    table
}

/// The look that all tables of the program share.
pub fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// A rate or an area, or a dash where a class is missing.
pub fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.3}"))
}

fn row(name: &str, value: Option<f64>, remark: &str) -> [String; 3] {
    [name.to_owned(), number(value), remark.to_owned()]
}

/// Names every part that was judged wrongly, so that a person can look at it.
fn print_errors(judged: &[Judged]) {
    for one in judged {
        let good = one.label == crate::dataset::Label::Good;
        let what = match (good, one.rejected, one.fault) {
            (_, _, Some(reason)) => format!("fault ({reason})"),
            (true, true, None) => "false reject".to_owned(),
            (false, false, None) => "escape".to_owned(),
            _ => continue,
        };
        let score = one.score.map_or_else(String::new, |s| format!(", score {s}"));
        println!("{what}: {}{score}", one.path.display());
    }
}
