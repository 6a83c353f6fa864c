//! `train`: a folder of good photographs becomes a bundle.

use crate::cli::TrainArgs;
use crate::dataset::OnUnreadable;
use crate::job::{Artifacts, Job};

/// Runs `train`.
pub fn run(args: &TrainArgs) -> anyhow::Result<()> {
    let job = Job {
        data: args.data.clone(),
        on_unreadable: if args.skip_unreadable { OnUnreadable::Skip } else { OnUnreadable::Refuse },
        product: args.product.clone(),
        device: args.device,
        training: args.training.config(),
        rank: args.rank,
    };
    let artifacts = job.execute()?;
    let bundle = artifacts.write(&args.out)?;
    print_summary(&artifacts);
    println!("bundle      {}", bundle.display());
    println!("next        host-trainer evaluate --bundle {} --data {}", bundle.display(), args.data.display());
    Ok(())
}

/// What a person wants to know of a finished training.
pub fn print_summary(artifacts: &Artifacts) {
    let record = &artifacts.record;
    if !record.left_out.is_empty() {
        println!("left out    {} images that cannot be used; training.json lists them", record.left_out.len());
    }
    let best = record.history.iter().find(|entry| entry.step == record.best_step);
    println!(
        "trained     {} steps on {}, best at step {} (validation loss {:.4})",
        record.history.last().map_or(0, |entry| entry.step),
        record.device,
        record.best_step,
        best.map_or(f32::NAN, |entry| entry.validation_loss),
    );
    println!("exported    tract differs from burn by at most {:.1e} (gray 0 to 1)", record.parity);
    println!(
        "threshold   {:.6}: of further good parts {:.1} % are rejected on average, at most {:.1} % with 95 % confidence",
        crate::evaluation::score_as_float(record.threshold),
        100.0 * record.false_reject_rate.average,
        100.0 * record.false_reject_rate.upper95,
    );
    println!(
        "checked     {} of {} development images rejected",
        record.development_rejected,
        artifacts.split.development.len()
    );
}
