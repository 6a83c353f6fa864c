//! `search`: settings by trial.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::cli::{CollectArgs, RunArgs, SearchCommand, SharedArgs, TrialArgs};
use crate::files::write_atomically;
use crate::progress;
use crate::search::{Collected, Grid, TABLE_2, TrialRun};

/// Runs `search`.
pub fn run(command: &SearchCommand) -> anyhow::Result<()> {
    match command {
        SearchCommand::Grid => {
            print!("{TABLE_2}");
            Ok(())
        }
        SearchCommand::Trial(args) => trial(args),
        SearchCommand::Run(args) => all(args),
        SearchCommand::Collect(args) => collect(args),
    }
}

fn trial(args: &TrialArgs) -> anyhow::Result<()> {
    let shared = &args.shared;
    let grid = Grid::open(shared.grid.as_deref())?;
    let halving = shared.halving(grid.epochs);
    ensure!(args.rung <= halving.rungs, "found rung {}, expected at most --rungs {}", args.rung, halving.rungs);
    if args.rung > 0 && !Collected::survivors_of(&shared.out, &grid, halving, args.rung - 1)?.contains(&args.index) {
        progress::say(format!("trial {} was dropped before rung {}: nothing to do", args.index, args.rung));
        return Ok(());
    }
    let run = TrialRun {
        data: args.training.data.clone(),
        out: shared.out.clone(),
        grid,
        index: args.index,
        halving,
        rung: args.rung,
        validation: args.training.validation,
        device: args.training.device,
    };
    let result = run.execute()?;
    match result.objective {
        Some(objective) => {
            println!("trial {}: validation SSIM {objective:.6} at step {}", args.index, result.best_step)
        }
        None => println!("trial {}: diverged at step {}", args.index, result.steps),
    }
    Ok(())
}

/// Each trial is a process of its own, as in a job array: one that dies takes no other with it.
fn all(args: &RunArgs) -> anyhow::Result<()> {
    let shared = &args.shared;
    let grid = Grid::open(shared.grid.as_deref())?;
    let halving = shared.halving(grid.epochs);
    let program = std::env::current_exe().context("this program cannot be found again to run a trial")?;
    for rung in 0..=halving.rungs {
        let found = Collected::read(&shared.out, &grid, halving, rung)?;
        for index in found.missing {
            let mut command = Command::new(&program);
            command.args(["search", "trial", "--index", &index.to_string(), "--rung", &rung.to_string()]);
            command.arg("--data").arg(&args.training.data).args(shared_arguments(shared));
            for (name, value) in
                [("--validation", name_of(args.training.validation)), ("--device", name_of(args.training.device))]
            {
                command.args([name, &value]);
            }
            let status = command.status().context("a trial cannot be started")?;
            ensure!(status.success(), "trial {index} ended with {status}; the same command goes on from there");
        }
    }
    report(&Collected::read(&shared.out, &grid, halving, halving.rungs)?, shared, halving.rungs)
}

fn name_of(choice: impl clap::ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn shared_arguments(shared: &SharedArgs) -> Vec<std::ffi::OsString> {
    let mut arguments = vec!["--out".into(), shared.out.clone().into_os_string()];
    if let Some(grid) = &shared.grid {
        arguments.extend(["--grid".into(), grid.clone().into_os_string()]);
    }
    for (name, value) in [("--factor", shared.factor.get()), ("--rungs", shared.rungs)] {
        arguments.extend([name.into(), value.to_string().into()]);
    }
    arguments
}

fn collect(args: &CollectArgs) -> anyhow::Result<()> {
    let grid = Grid::open(args.shared.grid.as_deref())?;
    let found = Collected::read(&args.shared.out, &grid, args.shared.halving(grid.epochs), args.rung)?;
    report(&found, &args.shared, args.rung)
}

/// Writes `ranking.csv`, prints it, and says what is missing or goes on.
fn report(found: &Collected, shared: &SharedArgs, rung: usize) -> anyhow::Result<()> {
    let (csv, file) = (found.csv(), shared.out.join("ranking.csv"));
    write_atomically(&file, csv.as_bytes())?;
    print!("{csv}");
    let listed = |indices: &[usize]| indices.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    if !found.missing.is_empty() {
        println!("missing     {}", listed(&found.missing));
    } else if rung < shared.rungs {
        println!("rung {}      {}", rung + 1, listed(&found.survivors));
    }
    println!("ranking     {}", file.display());
    Ok(())
}
