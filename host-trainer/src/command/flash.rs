//! `flash`: a bundle onto stations, over ssh or by a stick; a table of what became of each.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use comfy_table::{ContentArrangement, Table, presets};
use edge_runtime::bundle::BundleFile;
use edge_runtime::trust::{TrustError, read_keys};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use shared::bundle::Bundle;

use crate::cli::FlashArgs;
use crate::digest::hex;
use crate::flash::address::{Address, parse_list};
use crate::flash::outcome::Outcome;
use crate::flash::ssh::Ssh;
use crate::flash::{Event, Flash, Task, stick};
use crate::progress;

/// So long the connection may take, in seconds, where the whole may take longer.
const CONNECT_TIMEOUT_S: u32 = 10;
/// So many digits of an identifier are shown.
const DIGITS: usize = 12;

/// The command was used wrongly, though each argument is one: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// Runs `flash`.
pub fn run(args: &FlashArgs) -> anyhow::Result<()> {
    let stations = stations(args)?;
    let file = BundleFile::read(&args.bundle)?;
    let bundle = verified(args, &file)?;
    if let Some(folder) = &args.stick {
        let path = stick::write(folder, &bundle, file.bytes())?;
        println!("written     {}", path.display());
        println!("next        unmount the stick; on the station: edge-runtime install FILE --config FILE");
        return Ok(());
    }
    let task = match (args.dry_run, args.confirm) {
        (true, _) => Task::Ask,
        (false, true) => Task::InstallAndConfirm,
        (false, false) => Task::Install,
    };
    let flash = Flash {
        ssh: Ssh {
            program: args.ssh.clone(),
            options: args.ssh_option.clone(),
            identity: args.identity.clone(),
            connect_timeout_s: CONNECT_TIMEOUT_S.min(args.timeout),
        },
        program: args.program.clone(),
        config: args.config.clone(),
        bundle: file.bytes().into(),
        id: hex(&bundle.id().0),
        limit: Duration::from_secs(args.timeout.into()),
        task,
    };
    let bars = Bars::new(&stations, file.bytes().len());
    let outcomes = flash.all(&stations, args.parallel, &|index, event| bars.show(index, &event));
    bars.clear();
    let mut out = io::stdout().lock();
    if args.json {
        for (station, outcome) in stations.iter().zip(&outcomes) {
            writeln!(out, "{}", object(station, outcome, &bundle))?;
        }
    } else {
        writeln!(out, "{}", table(&stations, &outcomes, &bundle))?;
    }
    out.flush()?;
    let failed = outcomes.iter().filter(|outcome| !outcome.is_success()).count();
    if failed > 0 {
        bail!("{failed} of {} stations failed", stations.len());
    }
    Ok(())
}

/// The stations, each once.
fn stations(args: &FlashArgs) -> anyhow::Result<Vec<Address>> {
    let mut stations = args.to.clone();
    if let Some(path) = &args.stations {
        let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        let listed = parse_list(&text);
        stations.extend(listed.map_err(|(line, error)| Usage(format!("{}:{line}: {error}", path.display())))?);
        if stations.is_empty() {
            return Err(Usage(format!("{}: found no station, expected one a line", path.display())).into());
        }
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = stations.iter().find(|&station| !seen.insert(station)) {
        return Err(Usage(format!("found the station {twice} twice, expected each once")).into());
    }
    Ok(stations)
}

/// The bundle, whole, and signed by whom it has to be. Says who signed it.
fn verified<'a>(args: &FlashArgs, file: &'a BundleFile) -> anyhow::Result<Bundle<'a>> {
    let bundle = if args.key.is_empty() {
        file.verify()?
    } else {
        let keys = read_keys(args.key.iter().map(String::as_str))?;
        Bundle::verify_signed(file.bytes(), &keys).map_err(TrustError::from)?.0
    };
    let signers: Vec<_> = bundle.signatures().iter().map(|signature| signature.key.to_string()).collect();
    let signed = match (bundle.trust().signed_by(), signers.is_empty()) {
        (Some(key), _) => format!("signed by {key}, checked"),
        (None, false) => format!("signed by {}, which each station checks", signers.join(", ")),
        (None, true) if args.unsigned => "nobody signed it".to_owned(),
        (None, true) => {
            let path = args.bundle.display();
            return Err(Usage(format!(
                "{path}: nobody signed this bundle; sign it (host-trainer bundle sign {path} --key KEY), or add \
                 --unsigned for stations that take it all the same"
            ))
            .into());
        }
    };
    let manifest = bundle.manifest();
    progress::say(format!(
        "bundle {}: {}, release {}, {} bytes; {signed}",
        &hex(&bundle.id().0)[..DIGITS],
        manifest.product,
        manifest.release,
        file.bytes().len()
    ));
    Ok(bundle)
}

/// A line for each station on standard error: bars on a terminal, one line when it is done elsewhere.
struct Bars {
    all: MultiProgress,
    each: Vec<ProgressBar>,
    names: Vec<String>,
}

impl Bars {
    fn new(stations: &[Address], bytes: usize) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let names: Vec<_> = stations.iter().map(ToString::to_string).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let template = format!("{{prefix:{width}}}  {{bar:20}} {{bytes}}/{{total_bytes}}  {{msg}}");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |name: &String| {
            let bar = all.add(ProgressBar::new(bytes as u64).with_style(style.clone()).with_prefix(name.clone()));
            bar.set_message("waits");
            bar
        };
        Self { each: names.iter().map(bar).collect(), names, all }
    }

    fn show(&self, index: usize, event: &Event) {
        let bar = &self.each[index];
        match event {
            Event::Begun => bar.set_message("connects"),
            Event::Sent(bytes) => {
                bar.set_position(*bytes as u64);
                let words = match *bytes as u64 {
                    0 => "connects",
                    sent if Some(sent) == bar.length() => "checks",
                    _ => "sends",
                };
                if bar.message() != words {
                    bar.set_message(words);
                }
            }
            Event::Done(outcome) => {
                bar.finish_with_message(outcome.name());
                if !progress::is_interactive() {
                    progress::say(format!("{}: {}", self.names[index], outcome.name()));
                }
            }
        }
    }

    fn clear(&self) {
        self.each.iter().for_each(ProgressBar::finish_and_clear);
        // A terminal that is gone is no reason to fail.
        let _ = self.all.clear();
    }
}

fn table(stations: &[Address], outcomes: &[Outcome], bundle: &Bundle<'_>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["station", "result", "active", "release", "previous", "what to do"]);
    let short = |id: Option<&str>| id.map_or("-".to_owned(), |id| id.chars().take(DIGITS).collect());
    for (station, outcome) in stations.iter().zip(outcomes) {
        let (active, release, previous) = match outcome {
            Outcome::Installed(took) | Outcome::AlreadyActive(took) => {
                (Some(hex(&bundle.id().0)), bundle.manifest().release.to_string(), took.previous.clone())
            }
            Outcome::Ready { active } => (active.clone(), "-".to_owned(), None),
            _ => (None, "-".to_owned(), None),
        };
        let result = match outcome {
            Outcome::Refused { code, .. } => format!("refused ({code})"),
            other => other.name().replace('_', " "),
        };
        let result = match outcome.changed() {
            None => format!("{result}: not known whether it has it"),
            Some(_) => result,
        };
        let advice = match outcome.error() {
            Some(error) if !error.is_empty() => format!("{}\n({error})", outcome.advice()),
            _ => outcome.advice().to_owned(),
        };
        table.add_row([
            station.to_string(),
            result,
            short(active.as_deref()),
            release,
            short(previous.as_deref()),
            advice,
        ]);
    }
    table
}

fn object(station: &Address, outcome: &Outcome, bundle: &Bundle<'_>) -> Value {
    let id = hex(&bundle.id().0);
    let (took, active) = match outcome {
        Outcome::Installed(took) | Outcome::AlreadyActive(took) => (Some(took), Some(id.as_str())),
        Outcome::Ready { active } => (None, active.as_deref()),
        _ => (None, None),
    };
    let code = if let Outcome::Refused { code, .. } = outcome { Some(code) } else { None };
    json!({
        "station": station.to_string(),
        "result": outcome.name(),
        "changed": outcome.changed(),
        "bundle": id,
        "release": bundle.manifest().release,
        "active": active,
        "previous": took.and_then(|took| took.previous.as_deref()),
        "generation": took.map(|took| took.generation),
        "trial_parts": took.map(|took| took.trial_parts),
        "confirmed": took.map(|took| took.confirmed),
        "code": code,
        "error": outcome.error().filter(|error| !error.is_empty()),
        "advice": Some(outcome.advice()).filter(|advice| !advice.is_empty()),
    })
}
