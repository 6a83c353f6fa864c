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
use crate::evaluation::{Evaluation, Interval, Judged, Overlap, TestImage, evaluate};
use crate::files::write_atomically;
use crate::progress;
use crate::report::EvaluationReport;

/// Runs `evaluate`.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let file = BundleFile::read(&args.bundle)?;
    let set = EvaluationSet::open(&args.data)?;
    let bundle = file.verify()?;
    let (evaluation, judged) = judge(&bundle, &set)?;
    let overlap = overlap(&args.data, &bundle.manifest().preprocessing, &judged)?;
    overlap.warnings().iter().for_each(progress::say);
    if args.json {
        println!("{}", serde_json::to_string(&Printed { evaluation: &evaluation, duplicates: &overlap })?);
    } else {
        println!("{}", table(&evaluation));
        print_errors(&judged);
    }
    if let Some(path) = &args.report {
        let report =
            EvaluationReport { bundle: &bundle, data: &args.data, set: &set, evaluation: &evaluation, judged: &judged };
        write_atomically(path, report.html()?.as_bytes())?;
        let written = format!("report      {}", path.display());
        if args.json { progress::say(written) } else { println!("{written}") }
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
    let paths = match folder.is_dir().then(|| GoodImages::open(data)) {
        Some(Ok(good)) => good.paths(),
        Some(Err(error)) => {
            progress::say(format!("warning: test images were not compared with those of the training: {error}"));
            Vec::new()
        }
        None => Vec::new(),
    };
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
    Ok(result?)
}

/// The figures for a person: image level, pixel level, kinds of defects.
pub fn table(evaluation: &Evaluation) -> String {
    let mut tables = vec![image_level(evaluation)];
    if evaluation.n_defective > 0 {
        tables.extend([pixel_level(evaluation), kinds(evaluation), alternatives(evaluation)]);
    }
    tables.iter().map(Table::to_string).collect::<Vec<_>>().join("\n\n")
}

fn image_level(evaluation: &Evaluation) -> Table {
    let e = evaluation;
    let mut table = new_table();
    table.set_header(["image level", "", "95 % interval", ""]);
    let all = "1 = every defective part scores above every good one";
    table.add_row(figure("AUROC", e.image_auroc, e.image_auroc_interval95, all));
    table.add_row(figure("average precision", e.average_precision, e.average_precision_interval95, ""));
    table.add_row(figure("F1 at the stored threshold", e.f1, e.f1_interval95, "defective is positive"));
    table.add_row(figure("F1 of rejecting everything", e.f1_reject_all, None, "what F1 has to beat"));
    table.add_row(figure("best F1", e.f1_max, e.f1_max_interval95, "threshold chosen knowing the labels"));
    let good = format!(
        "at the stored threshold; best {}, passing everything {}",
        number(e.f1_max_good_positive),
        number(e.f1_pass_all_good_positive)
    );
    table.add_row(figure("F1, good is positive", e.f1_good_positive, None, &good));
    table.add_row(figure("precision", e.precision, None, "rejected parts that are defective"));
    let bound = |upper: Option<f64>| upper.map_or_else(String::new, |u| format!("; 95 % sure: at most {}", at_most(u)));
    let remark = format!("of {} good parts{}", e.n_good, bound(e.false_reject_rate_upper95));
    table.add_row(figure("false-reject rate", e.false_reject_rate, e.false_reject_rate_interval95, &remark));
    let remark = format!("of {} defective parts{}", e.n_defective, bound(e.escape_rate_upper95));
    table.add_row(figure("escape rate", e.escape_rate, e.escape_rate_interval95, &remark));
    table.add_row(["faults".to_owned(), e.n_fault.to_string(), String::new(), "counted as rejects".to_owned()]);
    table
}

fn pixel_level(evaluation: &Evaluation) -> Table {
    let p = &evaluation.pixel;
    let mut table = new_table();
    table.set_header(["pixel level", "", "95 % interval", ""]);
    if p.n_pixel_regions == 0 {
        let remark = "no defective part has a mask (ground_truth/KIND/NAME_mask.png)";
        table.add_row(["none".to_owned(), String::new(), String::new(), remark.to_owned()]);
        return table;
    }
    let counted =
        format!("{} regions in {} defective images, {} good", p.n_pixel_regions, p.n_pixel_defective, p.n_pixel_good);
    table.add_row(figure("AUROC", p.pixel_auroc, p.pixel_auroc_interval95, &counted));
    table.add_row(figure("average precision", p.pixel_ap, p.pixel_ap_interval95, ""));
    table.add_row(figure("AUPRO", p.aupro, p.aupro_interval95, "every region counts alike; FPR up to 0.3"));
    let threshold = if p.threshold_is_per_pixel {
        "at the stored threshold"
    } else {
        "says little: the stored threshold is for a mean of the map, not for its pixels"
    };
    table.add_row(figure("IoU", p.iou, p.iou_interval95, threshold));
    for (count, why) in [(p.n_without_mask, "defective, without a mask"), (p.n_without_map, "faults")] {
        if count > 0 {
            table.add_row(["left out".to_owned(), count.to_string(), String::new(), why.to_owned()]);
        }
    }
    table
}

fn kinds(evaluation: &Evaluation) -> Table {
    let mut table = new_table();
    table.set_header([
        "kind of defect",
        "rejected",
        "escapes at most",
        "AUROC",
        "AP",
        "pixel AUROC",
        "pixel AP",
        "AUPRO",
        "IoU",
    ]);
    for (name, kind) in &evaluation.kinds {
        let pixel = &kind.pixel;
        let figures =
            [kind.image_auroc, kind.average_precision, pixel.pixel_auroc, pixel.pixel_ap, pixel.aupro, pixel.iou];
        let rejected = format!("{} of {}", kind.rejected, kind.n);
        let bound = kind.escape_rate_upper95.map_or_else(|| "-".into(), at_most);
        table.add_row([name.clone(), rejected, bound].into_iter().chain(figures.map(number)));
    }
    table
}

fn alternatives(evaluation: &Evaluation) -> Table {
    let mut table = new_table();
    table.set_header(["other scores of the same images", "AUROC", "AP", "best F1"]);
    for other in &evaluation.alternatives {
        let figures = [other.image_auroc, other.average_precision, other.f1_max];
        table.add_row([other.score.to_owned()].into_iter().chain(figures.map(number)));
    }
    table
}

/// The look that all tables of the program share.
pub fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// An upper bound, rounded up.
fn at_most(bound: f64) -> String {
    format!("{:.3}", (1000.0 * bound - 1e-9).ceil() / 1000.0)
}

/// A rate or an area, or a dash where a class is missing.
pub fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.3}"))
}

fn figure(name: &str, value: Option<f64>, interval: Option<Interval>, remark: &str) -> [String; 4] {
    let interval = interval.map_or_else(String::new, |i| format!("{:.3} to {:.3}", i.low, i.high));
    [name.to_owned(), number(value), interval, remark.to_owned()]
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
