//! `commission`: a bundle shown to do on this station what was promised for it. The library decides; this opens camera
//! and trigger, asks for parts, and keeps what was decided. It moves nothing.

mod alone;
mod capture;
mod output;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use edge_runtime::bundle::BundleFile;
use edge_runtime::camera::{self, SourceKind};
use edge_runtime::clock::{MonotonicClock, utc_now};
use edge_runtime::commissioning::{Announced, Decision, Findings, Header, InForce, Parts, assess, check_plan, page};
use edge_runtime::config::{RequiredThreshold, StationConfig, TriggerMode};
use edge_runtime::inspector::Inspector;
use edge_runtime::own_threshold::{read_own_threshold, write_own_threshold};
use edge_runtime::store::StoreError;
use edge_runtime::trigger::gpio::{GpioInputs, InputWiring};
use edge_runtime::trust::Trust;
use shared::bundle::Bundle;
use shared::wire::{StationThreshold, ThresholdSource};

use super::store;
use crate::cli::CommissionArguments;
use capture::{Announcing, Place, say};

/// Runs the command.
pub fn run(arguments: &CommissionArguments) -> anyhow::Result<()> {
    let plan = check_plan(arguments.false_reject_rate, arguments.good)?;
    let config = StationConfig::read(&arguments.config)?;
    let announcing_by_hand = by_hand(arguments, &config)?;
    alone::refuse_beside_a_station(&config)?;
    let _outputs = alone::hold_outputs(&config)?;

    let file = chosen(arguments, &config)?;
    let path = file.path();
    let bundle = Trust::of(&config.trust)?.verify(file.bytes())?;
    let own = own_threshold(&config, &bundle, arguments.recalibrate)?;
    let before = in_force(&bundle, own.as_ref());
    let mut place = open(&config, &bundle, path, announcing_by_hand)?;
    let parts = measure(&mut place, arguments)?;

    let findings = assess(before, &parts, plan.rule, arguments.recalibrate)?;
    let header = header(arguments, &config, &bundle);
    // First: without its report a threshold is not kept.
    if let Some(path) = &arguments.out {
        let unfinished = path.with_added_extension("unfinished");
        fs::write(&unfinished, page(&header, &findings, &parts))
            .and_then(|()| fs::rename(&unfinished, path))
            .with_context(|| format!("{}: the report cannot be written; check folder and disk", path.display()))?;
    }
    if let (Decision::Recalibrated(own), true) = (&findings.decision, findings.passed()) {
        let path = keep(&config, own)?;
        say(&format!("{}: this station's threshold for the bundle", path.display()));
        if config.trust.threshold == RequiredThreshold::Any {
            say("add threshold = \"station\" to [trust] of the configuration: if the file is lost, the station then \
                 refuses to run instead of judging by the bundle's");
        }
    }
    let told = tell(arguments, &header, &findings, &parts);
    // A failure comes before a reader of stdout that is gone.
    if !findings.passed() {
        let places: Vec<String> = findings.bad_passed.iter().map(|place| (place + 1).to_string()).collect();
        bail!("the commissioning failed: known bad part {} passes; nothing was changed", places.join(", "));
    }
    Ok(told?)
}

/// Writes this station's own threshold, while nobody else changes the store that it lies in.
fn keep(config: &StationConfig, own: &StationThreshold) -> anyhow::Result<PathBuf> {
    let (store, _) = store::open(config)?;
    let made = store.fs().create_root();
    made.with_context(|| format!("{}: cannot be made", config.store_dir().display()))?;
    let _lock = store.hold()?;
    let path = write_own_threshold(&config.state_dir, own)?;
    let kept = read_own_threshold(&config.state_dir, own.bundle())?;
    ensure!(kept.as_ref() == Some(own), "{}: the threshold was not kept as written; check the disk", path.display());
    Ok(path)
}

/// The bundle of the command line, of the configuration or of the store. As for `run`, who signed it is checked before
/// anything in it is looked at, and a child loads and tests it first.
fn chosen(arguments: &CommissionArguments, config: &StationConfig) -> anyhow::Result<BundleFile> {
    let (store, judge) = store::open(config)?;
    let file = match arguments.bundle.as_ref().or(config.bundle.as_ref()) {
        Some(path) => BundleFile::read(path)?,
        None => {
            let pointer = store.pointer()?.ok_or(StoreError::Empty { path: config.store_dir() })?;
            let (bytes, _) = store.load(pointer.active, &judge)?;
            BundleFile::from_bytes(bytes, &store.bundle_path(pointer.active))
        }
    };
    let refused = || format!("{}: refused", file.path().display());
    let id = judge.trust().verify(file.bytes()).with_context(refused)?.id();
    judge.try_in_child(file.path(), id).with_context(refused)?;
    Ok(file)
}

/// Whether a person is asked for each part. Refuses to take frames of one part for many.
fn by_hand(arguments: &CommissionArguments, config: &StationConfig) -> anyhow::Result<bool> {
    let waits = !arguments.no_wait && config.trigger.mode == TriggerMode::Free;
    let (is_recorded, is_pipe) = match config.camera.source {
        SourceKind::Folder | SourceKind::Raw => (true, false),
        SourceKind::V4l => (false, false),
        SourceKind::Pipe => (false, true),
    };
    if !waits || is_recorded {
        return Ok(false);
    }
    ensure!(
        !is_pipe,
        "the frames come through standard input, so that no part can be asked for; give --no-wait, and each frame must \
         be of another part"
    );
    ensure!(
        io::stdin().is_terminal(),
        "standard input is no terminal, so that no part can be asked for; give --no-wait, and each frame must be of \
         another part"
    );
    Ok(true)
}

/// A damaged one is an error, unless it is to be replaced anyway.
fn own_threshold(
    config: &StationConfig,
    bundle: &Bundle<'_>,
    recalibrate: bool,
) -> anyhow::Result<Option<StationThreshold>> {
    match read_own_threshold(&config.state_dir, bundle.id()) {
        Err(error) if recalibrate => {
            say(&format!("{}; it is replaced if the commissioning passes", super::chain(&error)));
            Ok(None)
        }
        other => Ok(other?),
    }
}

fn in_force(bundle: &Bundle<'_>, own: Option<&StationThreshold>) -> InForce {
    let (threshold, evidence, source) = match own {
        Some(own) => (own.threshold(), *own.evidence(), ThresholdSource::Station),
        None => (bundle.manifest().threshold, bundle.manifest().evidence, ThresholdSource::Bundle),
    };
    InForce { bundle: bundle.id(), threshold, evidence, source }
}

/// Opens model, camera and trigger, and proves the model.
fn open(config: &StationConfig, bundle: &Bundle<'_>, path: &Path, by_hand: bool) -> anyhow::Result<Place> {
    let clock = MonotonicClock::new();
    let max_age_us = match config.camera.source {
        SourceKind::Folder | SourceKind::Raw => u64::MAX,
        SourceKind::V4l | SourceKind::Pipe => u64::from(config.camera.max_age_ms) * 1000,
    };
    let mut inspector = Inspector::open(bundle, clock, max_age_us)
        .with_context(|| format!("{}: the bundle cannot be used", path.display()))?
        .with_quality(config.camera.quality.limits()?);
    let report = inspector.self_test(bundle).with_context(|| format!("{}: the self-test failed", path.display()))?;
    if !report.is_proven() {
        say("the bundle has no golden frames: that this machine computes as it should is not proven");
    }
    let announcing = match config.trigger.mode {
        _ if by_hand => Announcing::Operator,
        TriggerMode::Free => Announcing::Frames,
        TriggerMode::Gpio => {
            let trigger = config.input_wiring().trigger;
            let inputs = GpioInputs::open(&InputWiring { trigger, ..InputWiring::default() })?;
            let (from, to) = (config.trigger.frame_from_ms, config.trigger.frame_to_ms);
            Announcing::Trigger(Box::new(inputs), Announced::new((u64::from(from) * 1000, u64::from(to) * 1000)))
        }
    };
    let source = camera::open(&config.camera).context("the camera cannot be opened")?;
    Ok(Place { source: Box::new(source), inspector, clock, announcing })
}

fn measure(place: &mut Place, arguments: &CommissionArguments) -> anyhow::Result<Parts> {
    let mut faults = 0;
    let good = place.good(arguments.good, "good part", &mut faults)?;
    if arguments.repeat > 0 {
        say(&format!("now one good part, {} times; take it away and put it back each time", arguments.repeat));
    }
    let repeats = place.good(arguments.repeat, "the same good part,", &mut faults)?;
    if arguments.red_rabbits > 0 {
        say(&format!("now {} known bad parts", arguments.red_rabbits));
    }
    let bad = place.bad(arguments.red_rabbits)?;
    Ok(Parts { good, repeats, bad, faults })
}

fn header(arguments: &CommissionArguments, config: &StationConfig, bundle: &Bundle<'_>) -> Header {
    Header {
        station: arguments.station.clone().unwrap_or_else(host_name),
        date: arguments.date.clone().unwrap_or_else(utc_now),
        product: bundle.manifest().product.to_string(),
        camera: config.camera.name(),
        program: concat!("edge-runtime ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

fn tell(arguments: &CommissionArguments, header: &Header, findings: &Findings, parts: &Parts) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if arguments.json {
        output::print_json(&mut out, header, findings, parts)?;
    } else {
        output::print(&mut out, findings, parts)?;
    }
    out.flush()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
