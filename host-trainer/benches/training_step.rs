//! Seconds per training step of the compact network on the CPU: the trainer's own steps (batches of 8, flips, SSIM
//! loss, Adam) on made-up images, validation left out.
//!
//! With `--peer COMMAND`, that command runs too, alternating with the trainer, and the ratios of the medians and of the
//! fastest steps are printed: the latter says more on a machine that others use. The command says
//! `median S s/step, min S` somewhere in its output.
//!
//! ```sh
//! cargo bench -p host-trainer --bench training_step --profile dev -- --peer "python3 PEER.py --model compact"
//! ```

use std::fmt;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use host_trainer::device::DeviceChoice;
use host_trainer::model::compact;
use host_trainer::training::{TrainingConfig, train};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps at the start that don't count: they fetch memory from the operating system.
const WARM_UP: usize = 3;

#[derive(Parser)]
struct Arguments {
    /// Steps that count in one round
    #[arg(long, default_value_t = 30)]
    steps: usize,
    /// Rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A command to compare with, split at blanks
    #[arg(long)]
    peer: Option<String>,
    /// `cargo bench` passes this
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.steps > 0 && arguments.rounds > 0, "--steps and --rounds are at least 1");
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let own = trainer_round(arguments.steps)?;
        print!("round {round}: trainer {own}");
        ours.push(own);
        if let Some(command) = &arguments.peer {
            let peer = peer_round(command)?;
            print!(", peer {peer}");
            peers.push(peer);
        }
        println!();
    }
    let trainer = Round::of_all(&ours);
    println!("trainer: {trainer}");
    if !peers.is_empty() {
        let peer = Round::of_all(&peers);
        let (median, least) = (trainer.median / peer.median, trainer.least / peer.least);
        println!("peer:    {peer}\nratio of the medians {median:.2}, of the minima {least:.2}");
    }
    Ok(())
}

/// Seconds per step.
#[derive(Clone, Copy)]
struct Round {
    median: f64,
    least: f64,
}

impl Round {
    fn of(steps: &[f64]) -> Self {
        let mut sorted = steps.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self { median: sorted[sorted.len() / 2], least: sorted[0] }
    }

    /// The median of the medians and the least of all.
    fn of_all(rounds: &[Self]) -> Self {
        let [medians, minima] =
            [|r: &Self| r.median, |r: &Self| r.least].map(|of| rounds.iter().map(of).collect::<Vec<_>>());
        Self { median: Self::of(&medians).median, least: Self::of(&minima).least }
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "median {:.4} s/step, min {:.4}", self.median, self.least)
    }
}

/// Steps of the trainer, `count` of which count.
fn trainer_round(count: usize) -> Result<Round> {
    let architecture = compact();
    let pixels = usize::from(architecture.size.width) * usize::from(architecture.size.height);
    let images: Vec<Vec<u8>> = (0..32usize)
        .map(|image| (0..pixels).map(|pixel| ((pixel * 7 + image * pixel / 31) % 251) as u8).collect())
        .collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    // The one look at the validation images comes with the last step, which does not count.
    let steps = WARM_UP + count + 1;
    let config = TrainingConfig { steps, validate_every: steps, ..TrainingConfig::default() };
    let device = DeviceChoice::Cpu.select()?.device;
    let mut ends = Vec::with_capacity(steps);
    train(&architecture, &images, &images[..1], &config, &device, |_| ends.push(Instant::now()))?;
    ends.pop();
    let durations: Vec<_> = ends[WARM_UP - 1..].windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    Ok(Round::of(&durations))
}

/// What the peer says of its steps.
fn peer_round(command: &str) -> Result<Round> {
    let mut words = command.split_whitespace();
    let program = words.next().context("--peer is empty")?;
    let output = Command::new(program).args(words).output().with_context(|| format!("--peer: {command}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "--peer: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    let number = |name: &str| {
        let after = text.split(name).nth(1).and_then(|after| after.split_whitespace().next());
        after
            .and_then(|word| word.parse().ok())
            .with_context(|| format!("--peer printed no `median S s/step, min S` but: {text}"))
    };
    Ok(Round { median: number("median ")?, least: number("min ")? })
}
