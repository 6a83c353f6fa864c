//! The demonstration: the whole way on rendered parts, with the mean good image as a baseline beside the trained
//! network.

use std::path::PathBuf;

use edge_runtime::bundle::BundleFile;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::inspector::Inspector;

use shared::wire::FIRST_RELEASE;

use super::evaluate::{judge, new_table, number, table};
use super::train::print_summary;
use crate::augmentation::Flips;
use crate::calibration::ThresholdChoice;
use crate::cli::DemoArgs;
use crate::dataset::{EvaluationSet, GeometryChoice, OnUnreadable, Resolution};
use crate::detectability::DefectTrials;
use crate::device::DeviceChoice;
use crate::evaluation::{Evaluation, MeanFrame, evaluate};
use crate::files::write_atomically;
use crate::job::{Job, part};
use crate::progress;
use crate::recipe::ScoreChoice;
use crate::render::{RenderConfig, write_dataset};
use crate::report::EvaluationReport;
use crate::training::{Length, TrainingConfig};
use crate::watch::Keeping;

/// Enough for a clear result.
const STEPS: usize = 900;

/// The demonstration's training, on frames rendered to `data`.
pub fn job(data: PathBuf, device: DeviceChoice) -> Job {
    Job {
        data,
        on_unreadable: OnUnreadable::Refuse,
        product: "rendered bottle mouth".into(),
        release: FIRST_RELEASE,
        camera: String::new(),
        geometry: GeometryChoice::Auto,
        resolution: Resolution::default(),
        score: ScoreChoice::default(),
        mask: None,
        device,
        // The light comes from one side: a mirror image is another part.
        training: TrainingConfig { length: Length::Steps(STEPS), flips: Flips::None, ..TrainingConfig::default() },
        threshold: ThresholdChoice::default(),
        detectability: DefectTrials::Tried,
    }
}

/// Runs the demonstration.
pub fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let data = args.out.join("data");
    progress::say("Rendering parts, training on good ones, judging others. Ctrl-C stops it; nothing else is touched.");
    let bar = progress::counting("rendering", 0);
    write_dataset(&data, &RenderConfig::default(), &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();

    let artifacts = job(data.clone(), args.device).execute(&Keeping::Nothing)?;
    let path = artifacts.write(&args.out)?;

    let file = BundleFile::read(&path)?;
    let set = EvaluationSet::open(&data)?;
    let bundle = file.verify()?;
    let (evaluation, judged) = judge(&bundle, &set)?;
    let report = EvaluationReport { bundle: &bundle, data: &data, set: &set, evaluation: &evaluation, judged: &judged }
        .html()?;
    let report_path = args.out.join("evaluation.html");
    write_atomically(&report_path, report.as_bytes())?;
    let mean = MeanFrame::of(&part(&artifacts.images, &artifacts.split.training), bundle.manifest().model.size);
    let mut inspector = Inspector::new(&bundle, mean, MonotonicClock::new(), u64::MAX)?;
    let (baseline, _) = evaluate(&mut inspector, &set, || {})?;

    print_summary(&artifacts);
    println!("\n{}\n", table(&evaluation));
    println!("{}\n", comparison(&evaluation, &baseline));
    println!("rendered    {}", data.display());
    println!("bundle      {}", path.display());
    println!("reports     {}, {}", report_path.display(), args.out.join("report.html").display());
    println!("next        edge-runtime replay --bundle {} {}", path.display(), data.join("test").display());
    Ok(())
}

/// Image AUROC of each score: the trained network's reconstruction against the mean good image.
fn comparison(trained: &Evaluation, baseline: &Evaluation) -> comfy_table::Table {
    let mut table = new_table();
    table.set_header(["image AUROC", "trained network", "mean good image"]);
    table.add_row(["the bundle's score".to_owned(), number(trained.image_auroc), number(baseline.image_auroc)]);
    for (a, b) in trained.alternatives.iter().zip(&baseline.alternatives) {
        table.add_row([a.score.to_owned(), number(a.image_auroc), number(b.image_auroc)]);
    }
    table
}
