//! One file per command. Results go to standard output, progress and remarks to standard error.

use crate::cli::{BundleCommand, Cli, Command, DemoArgs};
use clap::Parser;

mod bless;
mod bundle;
mod calibrate;
mod compare;
mod demo;
mod evaluate;
mod flash;
mod render;
mod search;
mod signing;
mod study;
mod train;

pub use flash::Usage;

/// Runs the command that the user named, or the demonstration.
///
/// # Errors
/// Whatever stopped the command, as one line for the user.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => demo::run(&default_demo()),
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Train(args)) => train::run(&args),
        Some(Command::Study(args)) => study::run(&args),
        Some(Command::Search(command)) => search::run(&command),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Calibrate(args)) => calibrate::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::Bundle(BundleCommand::Inspect(args))) => bundle::inspect(&args),
        Some(Command::Bundle(BundleCommand::Keygen(args))) => signing::keygen(&args),
        Some(Command::Bundle(BundleCommand::Sign(args))) => signing::sign_bundle(&args),
        Some(Command::Bundle(BundleCommand::Verify(args))) => signing::verify(&args),
        Some(Command::Flash(args)) => flash::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Bless(args)) => bless::run(&args),
    }
}

/// The demonstration's own defaults, as the command line states them.
fn default_demo() -> DemoArgs {
    match Cli::parse_from(["host-trainer", "demo"]).command {
        Some(Command::Demo(args)) => args,
        _ => unreachable!("`demo` parses as the demonstration"),
    }
}
