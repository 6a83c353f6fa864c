//! `status`: reads the status file. A station that is not ready is an error, so that the exit code tells.

use std::io::{self, Write};

use edge_runtime::clock::{Clock, MonotonicClock};
use edge_runtime::status::{Found, boot_id, read_status};
use serde_json::Value;

use crate::cli::StatusArguments;

/// Runs the command.
pub fn run(arguments: &StatusArguments) -> anyhow::Result<()> {
    let found = read_status(&arguments.runtime_dir, &boot_id(), MonotonicClock::new().now_us())?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let mut json = found.json.clone();
        json["age_us"] = found.age_us.into();
        json["stale"] = found.is_stale().into();
        writeln!(out, "{json}")?;
    } else {
        print(&mut out, "", &found.json)?;
    }
    out.flush()?;
    explain(&found)
}

/// An error unless the station is ready now.
fn explain(found: &Found) -> anyhow::Result<()> {
    match found.age_us {
        None => anyhow::bail!("the status is from before the last boot: the station does not run"),
        Some(age) if found.is_stale() => {
            anyhow::bail!("the status is {:.1} s old: the station does not run, or hangs", age as f64 / 1e6)
        }
        Some(_) if found.ready => Ok(()),
        Some(_) => anyhow::bail!("the station is not ready: {}", found.state),
    }
}

/// One value a line, inner objects with their key before it.
fn print(out: &mut impl Write, prefix: &str, json: &Value) -> io::Result<()> {
    let Value::Object(entries) = json else { return Ok(()) };
    for (key, value) in entries {
        match value {
            Value::Object(_) => print(out, &format!("{prefix}{key}."), value)?,
            Value::String(text) => writeln!(out, "{prefix}{key}: {text}")?,
            Value::Null => writeln!(out, "{prefix}{key}: -")?,
            other => writeln!(out, "{prefix}{key}: {other}")?,
        }
    }
    Ok(())
}
