//! `render`: a data set of made-up parts.

use crate::cli::RenderArgs;
use crate::progress;
use crate::render::{RenderConfig, write_dataset};

/// Runs `render`.
pub fn run(args: &RenderArgs) -> anyhow::Result<()> {
    let config = RenderConfig {
        part: args.kind,
        size: args.size,
        seed: args.seed,
        train_good: args.train_good,
        test_good: args.test_good,
        test_per_kind: args.test_per_kind,
    };
    let bar = progress::counting("rendering", 0);
    write_dataset(&args.out, &config, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    println!("rendered    {}", args.out.display());
    Ok(())
}
