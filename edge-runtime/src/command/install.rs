//! `install`: puts a bundle into the store and makes it active, on trial. File, stick and standard input are the same.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use edge_runtime::config::StationConfig;
use edge_runtime::store::{InstallError, Installed, Outcome, RealFs, Store, StoreError};
use serde::Serialize;

use super::store::{StationJudge, open};
use crate::cli::InstallArguments;

/// Runs the command.
pub fn run(arguments: &InstallArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
    let (store, judge) = open(&config)?;
    let result = install(&arguments.bundle, &config, &store, &judge);
    let told = tell(arguments.json, &config, &store, &result);
    // A refusal comes before a reader of stdout that is gone.
    let installed = result?;
    told?;
    if let Some(error) = &installed.litter {
        eprintln!("what is not needed any more could not be deleted: {}", super::chain(error));
    }
    if let Some(bundle) = &config.bundle {
        eprintln!(
            "{} names {}: take `bundle` out of it for the station to run the store's bundle",
            arguments.config.display(),
            bundle.display()
        );
    }
    Ok(())
}

fn tell(
    json: bool,
    config: &StationConfig,
    store: &Store<RealFs>,
    result: &Result<Installed, InstallError>,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let generation = store.pointer().ok().flatten().map_or(0, |pointer| pointer.generation);
        let object = Object::new(result, generation, config.store.trial_parts);
        serde_json::to_writer(&mut out, &object)?;
        writeln!(out)?;
    } else if let Ok(installed) = result {
        print(&mut out, installed)?;
    }
    out.flush()
}

fn install(
    path: &Path,
    config: &StationConfig,
    store: &Store<RealFs>,
    judge: &StationJudge,
) -> Result<Installed, InstallError> {
    let mut source: Box<dyn Read> = if path == Path::new("-") { Box::new(io::stdin().lock()) } else { file(path)? };
    store.fs().create_root().map_err(|source| StoreError::Io { doing: "be made", path: config.store_dir(), source })?;
    store.install(&mut source, judge)
}

/// A regular file; a pipe or a device on a stick would be waited for.
fn file(path: &Path) -> Result<Box<dyn Read>, InstallError> {
    let named =
        |error: io::Error| InstallError::Source(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
    if !path.metadata().map_err(named)?.is_file() {
        return Err(named(io::Error::new(io::ErrorKind::InvalidInput, "found no regular file, expected a bundle")));
    }
    Ok(Box::new(File::open(path).map_err(named)?))
}

fn print(out: &mut impl Write, installed: &Installed) -> io::Result<()> {
    let Installed { outcome, bundle, pointer, .. } = installed;
    let result = match outcome {
        Outcome::Installed => "installed",
        Outcome::AlreadyActive => "active already; nothing was changed",
        Outcome::SignaturesReplaced => "active already; its signatures were replaced",
    };
    writeln!(out, "result      {result}")?;
    writeln!(out, "bundle      {}", bundle.id)?;
    writeln!(out, "product     {}, release {}", bundle.product, bundle.release)?;
    match pointer.previous {
        Some(previous) => writeln!(out, "previous    {previous}")?,
        None => writeln!(out, "previous    none")?,
    }
    match outcome {
        Outcome::Installed => {
            writeln!(out, "trial       {} parts until it is confirmed", pointer.trial_parts_left)?;
            writeln!(out, "next        a station that runs takes it over by itself; else the next start does")
        }
        Outcome::AlreadyActive | Outcome::SignaturesReplaced => Ok(()),
    }
}

/// The result as one line of JSON.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    bundle: Option<String>,
    release: Option<u32>,
    product: Option<String>,
    previous: Option<String>,
    generation: u64,
    trial_parts: u32,
    error: Option<String>,
    code: u8,
}

impl Object {
    fn new(result: &Result<Installed, InstallError>, generation: u64, trial_parts: u32) -> Self {
        let installed = result.as_ref().ok();
        let bundle = installed.map(|installed| &installed.bundle);
        let error = result.as_ref().err();
        Self {
            result: match installed.map(|installed| installed.outcome) {
                Some(Outcome::Installed) => "installed",
                Some(Outcome::AlreadyActive) => "already_active",
                Some(Outcome::SignaturesReplaced) => "signatures_replaced",
                None => "refused",
            },
            bundle: bundle.map(|bundle| bundle.id.to_string()),
            release: bundle.map(|bundle| bundle.release),
            product: bundle.map(|bundle| bundle.product.to_string()),
            previous: installed.and_then(|installed| installed.pointer.previous).map(|id| id.to_string()),
            generation,
            trial_parts: installed.map_or(trial_parts, |installed| installed.pointer.trial_parts_left),
            error: error.map(|error| super::chain(error)),
            code: error.map_or(0, InstallError::code),
        }
    }
}
