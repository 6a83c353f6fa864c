//! Installs a bundle on stations over the system's `ssh`, several at once.
//!
//! On each it runs `edge-runtime install -` with the bundle on standard input: the station's store checks it and either
//! takes it whole or stays as it is (`docs/store.md`), so that flashing again does no harm. It does not know what a
//! station trusts; that is for the station to say.

pub mod address;
pub mod answer;
pub mod outcome;
pub mod process;
pub mod ssh;
pub mod stick;

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use self::address::Address;
use self::outcome::{Outcome, Problem};
use self::process::Ran;
use self::ssh::Ssh;

/// What is done on each station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The bundle is installed, on trial.
    Install,
    /// It is installed and confirmed at once, without a trial.
    InstallAndConfirm,
    /// The station is asked what is active.
    Ask,
}

/// What is flashed, and how.
#[derive(Debug, Clone)]
pub struct Flash {
    /// The way to the stations.
    pub ssh: Ssh,
    /// The station's program: its name, or its path there.
    pub program: String,
    /// Path of the station's configuration, there.
    pub config: String,
    /// The bundle's bytes.
    pub bundle: Arc<[u8]>,
    /// The bundle's identifier, 64 hexadecimal digits.
    pub id: String,
    /// How long one command on a station may take.
    pub limit: Duration,
    /// What is done.
    pub task: Task,
}

/// What is told while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A station is begun with.
    Begun,
    /// So many bytes of the bundle went off.
    Sent(usize),
    /// A station is done with.
    Done(Outcome),
}

impl Flash {
    /// Flashes all stations, `parallel` at a time, each once. `tell` hears of each by its index. The outcomes are
    /// in the order of the stations.
    pub fn all(
        &self,
        stations: &[Address],
        parallel: NonZeroUsize,
        tell: &(dyn Fn(usize, Event) + Sync),
    ) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(station) = stations.get(index) else { return done };
                tell(index, Event::Begun);
                let outcome = self.one(station, &|bytes| tell(index, Event::Sent(bytes)));
                tell(index, Event::Done(outcome.clone()));
                done.push((index, outcome));
            }
        };
        let mut outcomes: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..parallel.get().min(stations.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a station's outcome is no panic")).collect()
        });
        outcomes.sort_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Flashes one station. `sent` is told how many bytes of the bundle went off.
    pub fn one(&self, station: &Address, sent: &dyn Fn(usize)) -> Outcome {
        let attempt = || -> io::Result<Outcome> {
            if self.task == Task::Ask {
                return Ok(answer::of_store(&self.run(station, &["store"], &[][..].into(), &|_| {})?, &self.id));
            }
            let ran = self.run(station, &["install", "-"], &self.bundle, sent)?;
            let outcome = answer::of_install(&ran, &self.id, self.bundle.len());
            if self.task == Task::Install || !outcome.is_success() {
                return Ok(outcome);
            }
            let ran = self.run(station, &["confirm"], &[][..].into(), &|_| {})?;
            Ok(answer::of_confirm(&ran, &self.id, outcome))
        };
        attempt().unwrap_or_else(|error| Outcome::Failed { problem: Problem::NoSsh, said: error.to_string() })
    }

    fn run(&self, station: &Address, what: &[&str], input: &Arc<[u8]>, sent: &dyn Fn(usize)) -> io::Result<Ran> {
        let words = [&[self.program.as_str()], what, &["--config", &self.config, "--json"]].concat();
        process::run(&mut self.ssh.command(station, &words), input, self.limit, sent)
    }
}
