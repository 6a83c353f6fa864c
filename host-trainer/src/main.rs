//! The `host-trainer` program: parses the command line, runs the command, and turns errors into exit codes
//! (0 done, 1 failure, 2 usage, 10 to 12 a bundle that `bundle verify` refuses).

use std::process::ExitCode;

use clap::Parser;
use edge_runtime::trust::TrustError;
use host_trainer::cli::Cli;
use host_trainer::command::{self, Usage};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Else this thread would wait while the pool's threads work, and hand over to them at every small task.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().expect("nothing has used the pool yet");
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Usage>() {
                return ExitCode::from(2);
            }
            error.downcast_ref::<TrustError>().map_or(ExitCode::FAILURE, |refused| refused.exit_code().into())
        }
    }
}
