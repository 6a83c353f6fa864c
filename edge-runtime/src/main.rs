//! The station's program. Data goes to stdout, everything else to stderr; exit codes: 0 done, 1 failure, 2 usage, 10 to
//! 19 a bundle that is refused (`docs/operation.md`).

mod cli;
mod command;
#[cfg(all(feature = "station", target_os = "linux"))]
mod log;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Replay(arguments) => command::replay::run(&arguments),
        Command::Bench(arguments) => command::bench::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Run(arguments) => command::run::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Install(arguments) => command::install::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Confirm(arguments) => command::confirm::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Rollback(arguments) => command::rollback::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Store(arguments) => command::store::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::CheckConfig(arguments) => command::check_config::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Records(arguments) => command::records::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Log(arguments) => command::log::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Status(arguments) => command::status::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Clear(arguments) => command::clear::run(&arguments),
        Command::SelfTest(arguments) => command::self_test::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Outputs(arguments) => command::outputs::run(&arguments),
        #[cfg(all(feature = "station", target_os = "linux"))]
        Command::Preflight(arguments) => command::preflight::run(&arguments),
        Command::Commission(arguments) => command::commission::run(&arguments),
        Command::Record(arguments) => command::record::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has enough of it, as `head` does.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed too.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(command::exit_code(&error))
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
