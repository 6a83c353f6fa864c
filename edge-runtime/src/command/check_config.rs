//! `check-config`: reads a configuration file and prints it with its defaults.

use std::io::{self, Write};

use edge_runtime::config::StationConfig;

use crate::cli::CheckConfigArguments;

/// Runs the command.
pub fn run(arguments: &CheckConfigArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.file)?;
    let mut out = io::stdout().lock();
    out.write_all(config.to_toml().as_bytes())?;
    out.flush()?;
    if config.trust.refuses_everything() {
        writeln!(
            io::stderr(),
            "remark: no bundle can be used: give trust.keys, or say trust.unsigned = \"accept\" to use unsigned ones"
        )?;
    }
    Ok(())
}
