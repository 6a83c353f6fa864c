//! `study`: the paper's study on a labelled data set.

use crate::cli::StudyArgs;
use crate::files::write_atomically;
use crate::model::NetworkOptions;
use crate::report::study_page;
use crate::study::{Study, Variation, markdown};

/// Runs `study`.
pub fn run(args: &StudyArgs) -> anyhow::Result<()> {
    let mut variations: Vec<Variation> =
        args.models.iter().filter_map(|&number| Variation::from_number(number.into())).collect();
    variations.sort_unstable();
    variations.dedup();
    let study = Study {
        data: args.data.clone(),
        out: args.out.clone(),
        variations,
        alexnet: NetworkOptions {
            width: args.width,
            average: args.average_layer,
            bottleneck: args.bottleneck,
            ..NetworkOptions::default()
        },
        handicap: args.handicap,
        epochs: args.epochs.get(),
        seeds: args.seeds,
        splits: args.splits as usize,
        validation: args.validation,
        device: args.device,
        restart: args.restart,
    };
    let findings = study.execute()?;
    findings.write(&args.out)?;
    let report = args.out.join("report.html");
    write_atomically(&report, study_page(&findings).as_bytes())?;
    print!("{}", markdown(&findings.record));
    println!("report      {}", report.display());
    Ok(())
}
