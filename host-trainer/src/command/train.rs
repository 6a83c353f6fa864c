//! `train`: a folder of good photographs becomes a bundle.

use std::path::Path;

use shared::wire::FIRST_RELEASE;

use crate::cli::TrainArgs;
use crate::dataset::OnUnreadable;
use crate::job::{Artifacts, Job};
use crate::settings::TrainSettings;
use crate::training::{Checkpoint, Ended};
use crate::watch::{CHECKPOINT_FILE, Keeping};

/// Runs `train`.
pub fn run(args: &TrainArgs) -> anyhow::Result<()> {
    let checkpoint = args.out.join(CHECKPOINT_FILE);
    let settings = settings(args, &checkpoint)?;
    let job = Job {
        data: args.data.clone(),
        on_unreadable: if settings.skip_unreadable { OnUnreadable::Skip } else { OnUnreadable::Refuse },
        product: settings.product.clone().unwrap_or_else(|| "unnamed part".into()),
        release: settings.release.unwrap_or(FIRST_RELEASE),
        camera: settings.camera.clone().unwrap_or_default(),
        geometry: settings.geometry.unwrap_or_default(),
        resolution: settings.resolution.unwrap_or_default(),
        score: settings.score(),
        mask: settings.mask.clone(),
        device: settings.device.unwrap_or_default(),
        threshold: settings.threshold.choice(),
        detectability: settings.detectability.unwrap_or_default(),
        training: settings.resolve(),
    };
    let keeping = match (args.resume, args.restart) {
        (true, _) => Keeping::Resume(checkpoint),
        (_, true) => Keeping::Restart(checkpoint),
        _ => Keeping::Fresh(checkpoint),
    };
    let artifacts = job.execute(&keeping)?;
    let bundle = artifacts.write(&args.out)?;
    print_summary(&artifacts);
    println!("bundle      {}", bundle.display());
    println!("report      {}", args.out.join("report.html").display());
    println!("next        host-trainer evaluate --bundle {} --data {}", bundle.display(), args.data.display());
    Ok(())
}

/// What the user set, on the command line or in a file; the settings of the run to be resumed where that is silent.
fn settings(args: &TrainArgs, checkpoint: &Path) -> anyhow::Result<TrainSettings> {
    let file = args.config.as_deref().map(TrainSettings::read).transpose()?.unwrap_or_default();
    let given = args.settings.clone().over(file);
    let former = if args.resume { Checkpoint::settings(checkpoint)? } else { None };
    Ok(match former {
        Some((training, request)) => {
            let asked = TrainSettings::from_table(&request, checkpoint)?;
            given.with_preset().over(TrainSettings::from(&training)).over(asked)
        }
        None => given,
    })
}

/// What a person wants to know of a finished training.
pub fn print_summary(artifacts: &Artifacts) {
    let record = &artifacts.record;
    if !record.left_out.is_empty() {
        println!("left out    {} images that cannot be used; training.json lists them", record.left_out.len());
    }
    println!("geometry    {}", record.geometry.reason);
    println!("            {}", record.geometry.limit());
    if let Some(counts) = record.mask_counts {
        println!("mask        {:.0} % of the picture counts", 100.0 * counts);
    }
    let best = record.history.iter().find(|entry| entry.step == record.best_step);
    println!(
        "trained     {} steps on {}, best at step {} (validation loss {:.4}){}",
        record.history.last().map_or(0, |entry| entry.step),
        record.device,
        record.best_step,
        best.map_or(f32::NAN, |entry| entry.validation_loss),
        match record.ended {
            Ended::Complete => "",
            Ended::StoppedEarly => ", ended early: it got no better",
            Ended::Interrupted => ", INTERRUPTED; --resume goes on",
        },
    );
    println!("exported    tract differs from burn by at most {:.1e} (gray 0 to 1)", record.parity);
    println!(
        "threshold   {:.6}: {}",
        crate::evaluation::score_as_float(record.threshold),
        crate::calibration::promise(&record.evidence),
    );
    println!(
        "checked     {} of {} development images rejected",
        record.development_rejected,
        artifacts.split.development.len()
    );
    let passing = record.golden_frames.iter().filter(|golden| golden.square.is_none()).count();
    println!(
        "self-test   {} golden frames in the bundle: {passing} pass, {} rejected",
        record.golden_frames.len(),
        record.golden_frames.len() - passing
    );
}
