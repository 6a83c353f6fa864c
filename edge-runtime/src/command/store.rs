//! `store`: prints what is in the store. And what the commands of the store share: opening it, its judge, its words.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use edge_runtime::acceptance::{self, Accepted, Refusal};
use edge_runtime::config::{StationConfig, Unproven};
use edge_runtime::preflight::{Limits, Preflight};
use edge_runtime::status::StoreStatus;
use edge_runtime::store::{Judge, RealFs, Store, StoreError, TrialLength};
use edge_runtime::trust::Trust;
use shared::bundle::BundleId;
use shared::wire::{Name, StorePointer, VersionFloor};

use crate::cli::StoreArguments;

/// What takes bundles for this station.
pub struct StationJudge {
    trust: Trust,
    program: PathBuf,
    limits: Limits,
    unproven: Unproven,
}

impl StationJudge {
    /// That of the configuration. Reads the files of public keys.
    pub fn of(config: &StationConfig) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program does not find itself")?;
        let limits = Limits {
            wall: Duration::from_secs(config.preflight.seconds.into()),
            memory_mib: config.preflight.memory_mib,
        };
        Ok(Self { trust: Trust::of(&config.trust)?, program, limits, unproven: config.trust.unproven })
    }

    /// Whom it trusts.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Has a child load and test the bundle in a file, which has to be `expected`: what is tested is what is used.
    pub fn try_in_child(&self, bundle: &Path, expected: BundleId) -> Result<Preflight, Refusal> {
        acceptance::prove(&self.program, bundle, expected, &self.limits)
    }
}

impl Judge for StationJudge {
    fn check(&self, bytes: &[u8], floor: Option<&VersionFloor>) -> Result<Accepted, Refusal> {
        acceptance::check(bytes, &self.trust, floor)
    }

    fn prove(&self, bundle: &Path, id: BundleId) -> Result<(), Refusal> {
        match self.try_in_child(bundle, id)? {
            Preflight { golden_frames: 0, .. } if self.unproven == Unproven::Refuse => Err(Refusal::NoGoldenFrames),
            _ => Ok(()),
        }
    }

    fn product(&self, bytes: &[u8], id: BundleId) -> Option<Name> {
        acceptance::product(bytes, id)
    }

    fn takes_one_product(&self) -> bool {
        self.trust.product.is_some()
    }
}

/// The station's store and judge. Touches no file of the store.
pub fn open(config: &StationConfig) -> anyhow::Result<(Store<RealFs>, StationJudge)> {
    let trial = TrialLength { tries: config.store.tries, parts: config.store.trial_parts };
    Ok((Store::new(RealFs::new(&config.store_dir()), trial), StationJudge::of(config)?))
}

/// Runs the command.
pub fn run(arguments: &StoreArguments) -> anyhow::Result<()> {
    let config = StationConfig::read(&arguments.config)?;
    let (store, _) = open(&config)?;
    let pointer = store.pointer()?.ok_or(StoreError::Empty { path: config.store_dir() })?;
    print(&config, &pointer, arguments.json)
}

/// Prints the pointer.
pub fn print(config: &StationConfig, pointer: &StorePointer, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &StoreStatus::from(pointer)).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write_lines(&mut out, pointer)?;
    }
    out.flush()?;
    if let Some(bundle) = &config.bundle {
        eprintln!("the configuration names {}: the station runs that, not the store", bundle.display());
    }
    Ok(())
}

fn write_lines(out: &mut impl Write, pointer: &StorePointer) -> io::Result<()> {
    writeln!(out, "active      {}", pointer.active)?;
    match pointer.previous {
        Some(previous) => writeln!(out, "previous    {previous}")?,
        None => writeln!(out, "previous    none")?,
    }
    writeln!(out, "generation  {}", pointer.generation)?;
    if pointer.confirmed {
        writeln!(out, "trial       over: confirmed")
    } else {
        let StorePointer { tries_left, trial_parts_left, .. } = pointer;
        writeln!(out, "trial       {trial_parts_left} parts confirm it, {tries_left} starts left for it")?;
        writeln!(out, "            `edge-runtime status` tells how many parts it has judged")
    }
}
