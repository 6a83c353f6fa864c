//! `bless`: replaces the committed default model, and the recorded frames and verdicts that the tests hold it to.
//!
//! Everything is made from renderings; no photograph enters the repository.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use edge_runtime::bundle::BundleFile;
use serde_json::json;

use super::demo::job;
use super::evaluate::{judge, number};
use crate::calibration::promise;
use crate::cli::BlessArgs;
use crate::dataset::EvaluationSet;
use crate::device::DeviceChoice;
use crate::digest::sha256_hex;
use crate::evaluation::{Evaluation, score_as_float};
use crate::files::write_atomically;
use crate::job::Artifacts;
use crate::render::{RenderConfig, write_dataset};
use crate::training::TrainingConfig;
use crate::watch::Keeping;

/// Seed of the frames that the tests replay: other parts than the model was trained on.
const RECORDED_SEED: u64 = 2;

/// Runs `bless`.
pub fn run(args: &BlessArgs) -> anyhow::Result<()> {
    let root = &args.repository;
    ensure!(
        root.join("models").is_dir() && root.join("tests").is_dir(),
        "{} is not this project's checkout: it has no models and tests folders; name the root with --repository",
        root.display()
    );
    let data = root.join("out/bless/data");
    write_dataset(&data, &RenderConfig::default(), &mut |_, _| {})?;
    let mut job = job(data.clone(), DeviceChoice::Cpu);
    job.training.length = TrainingConfig::default().length;
    let artifacts = job.execute(&Keeping::Nothing)?;

    let models = root.join("models/default");
    let bundle_path = models.join("station.bundle");
    write_atomically(&bundle_path, &artifacts.bundle)?;
    let file = BundleFile::read(&bundle_path)?;
    let bundle = file.verify()?;
    let (evaluation, _) = judge(&bundle, &EvaluationSet::open(&data)?)?;
    write_atomically(&models.join("MODEL_CARD.md"), model_card(&artifacts, &evaluation).as_bytes())?;

    let recorded = root.join("out/bless/recorded");
    let few =
        RenderConfig { seed: RECORDED_SEED, train_good: 0, test_good: 4, test_per_kind: 2, ..RenderConfig::default() };
    write_dataset(&recorded, &few, &mut |_, _| {})?;
    let frames = root.join("tests/frames");
    copy_frames(&recorded.join("test"), &frames)?;
    let (_, judged) = judge(&bundle, &EvaluationSet::open(&recorded)?)?;
    let golden: Vec<_> = judged
        .iter()
        .map(|one| {
            let file = one.path.strip_prefix(recorded.join("test")).unwrap_or(&one.path);
            let verdict = match (one.fault, one.rejected) {
                (Some(_), _) => "fault",
                (None, true) => "reject",
                (None, false) => "pass",
            };
            json!({ "file": file, "verdict": verdict, "score_raw": one.score.map(shared::score::Score::raw) })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&golden)?;
    text.push('\n');
    write_atomically(&root.join("tests/golden/default_verdicts.json"), text.as_bytes())?;
    println!("blessed     {}, {} recorded frames", bundle_path.display(), golden.len());
    Ok(())
}

/// Copies `KIND/NAME.png` below `from` to `to`.
fn copy_frames(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in edge_runtime::camera::recorded::list_images(from)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        write_atomically(&to.join(file.strip_prefix(from)?), &bytes)?;
    }
    Ok(())
}

fn model_card(artifacts: &Artifacts, evaluation: &Evaluation) -> String {
    let record = &artifacts.record;
    let best = record.history.iter().find(|entry| entry.step == record.best_step);
    let mut card = String::new();
    let mut line = |text: String| writeln!(card, "{text}").expect("a String takes everything");
    line("# Default model\n".into());
    line("Written by `cargo run -p host-trainer -- bless --repository .`; do not edit.\n".into());
    line(
        "An example for trying the station's software and for the tests. It knows made-up bottle mouths only: it cannot \
         judge real parts. Train your own model for those.\n"
            .into(),
    );
    line("| | |\n|---|---|".into());
    let mut row =
        |name: &str, value: String| writeln!(card, "| {name} | {value} |").expect("a String takes everything");
    row("architecture", format!("`{}`, {} parameters", record.architecture, record.parameters));
    row("trained on", format!("{} rendered frames of good parts, no photograph", artifacts.images.files.len()));
    row("images' SHA-256", format!("`{}`", record.images_sha256));
    row(
        "training",
        format!(
            "seed {}, {} images a step, {:?} loss, {:?}, peak rate {}; best at step {}, validation loss {:.4}",
            record.training.seed,
            record.training.batch,
            record.training.loss,
            record.training.optimizer,
            record.training.learning_rate,
            record.best_step,
            best.map_or(f32::NAN, |entry| entry.validation_loss),
        ),
    );
    row("threshold", format!("{:.6} ({} / 2^24)", score_as_float(record.threshold), record.threshold));
    row("threshold's promise", promise(&record.evidence));
    row("image AUROC on rendered test frames", number(evaluation.image_auroc));
    row(
        "F1 at the threshold",
        format!("{} (rejecting everything: {})", number(evaluation.f1), number(evaluation.f1_reject_all)),
    );
    row(
        "good / defective / faults in that test",
        format!("{} / {} / {}", evaluation.n_good, evaluation.n_defective, evaluation.n_fault),
    );
    row("SHA-256 of the file", format!("`{}`", sha256_hex(&artifacts.bundle)));
    card
}
