//! Seconds per training step on the CPU: the trainer's own steps (batches of 8, flips, SSIM loss, Adam) on made-up
//! images, validation left out; of the compact network, or of the paper's AlexNet at any width.
//!
//! With `--peer COMMAND`, that command runs too, alternating with the trainer, and the ratio of the two medians is
//! printed. The command says `median S s/step` somewhere in its output.
//!
//! ```sh
//! cargo bench -p host-trainer --bench training_step --profile dev -- --peer "python3 PEER.py --model compact"
//! cargo bench -p host-trainer --bench training_step --profile dev -- --model alexnet --steps 5 --rounds 3
//! ```

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use host_trainer::augmentation::{Handicap, Light};
use host_trainer::device::DeviceChoice;
use host_trainer::model::{Architecture, NetworkOptions, Width, alexnet, compact};
use host_trainer::training::{Length, Observer, Progress, Task, TrainingConfig, train};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps at the start that don't count: they fetch memory from the operating system.
const WARM_UP: usize = 3;

/// Images in a step: the peer's number.
const BATCH: usize = 8;

#[derive(Parser)]
struct Arguments {
    /// The network
    #[arg(long, value_enum, default_value = "compact")]
    model: Model,
    /// A factor on alexnet's channels
    #[arg(long, default_value_t = Width::default())]
    width: Width,
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

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    Compact,
    Alexnet,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.steps > 0 && arguments.rounds > 0, "--steps and --rounds are at least 1");
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let architecture = match arguments.model {
        Model::Compact => compact(),
        Model::Alexnet => alexnet(NetworkOptions { width: arguments.width, ..NetworkOptions::default() }),
    };
    println!("{}: {} numbers", architecture.name, architecture.parameter_count());
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let mut steps = trainer_steps(&architecture, arguments.steps)?;
        let seconds = median(&mut steps);
        let least = steps[0];
        print!("round {round}: trainer median {seconds:.4} s/step, min {least:.4}");
        ours.push(seconds);
        if let Some(command) = &arguments.peer {
            let seconds = peer_step(command)?;
            print!(", peer median {seconds:.4} s/step, ratio {:.2}", ours[round - 1] / seconds);
            peers.push(seconds);
        }
        println!();
    }
    let trainer = median(&mut ours);
    println!("trainer: median of {} rounds {trainer:.4} s/step", arguments.rounds);
    if !peers.is_empty() {
        let peer = median(&mut peers);
        println!("peer:    median of {} rounds {peer:.4} s/step, ratio {:.2}", arguments.rounds, trainer / peer);
    }
    Ok(())
}

/// The duration of each step that counts, in seconds.
fn trainer_steps(architecture: &Architecture, count: usize) -> Result<Vec<f64>> {
    let pixels = usize::from(architecture.size.width) * usize::from(architecture.size.height);
    let images: Vec<Vec<u8>> = (0..32usize)
        .map(|image| (0..pixels).map(|pixel| ((pixel * 7 + image * pixel / 31) % 251) as u8).collect())
        .collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    // The one look at the validation images comes with the last step, which does not count.
    let steps = WARM_UP + count + 1;
    let config = TrainingConfig {
        length: Length::Steps(steps),
        batch: BATCH,
        validate_every: steps,
        light: Light::new(0.0).context("no variation is one")?,
        handicap: Handicap::None,
        ..TrainingConfig::default()
    };
    let device = DeviceChoice::Cpu.select()?.device;
    let validation = &images[..1];
    let task = Task {
        architecture,
        image_size: architecture.size,
        training: &images,
        validation,
        config: &config,
        device: &device,
    };
    let mut clock = Ends(Vec::with_capacity(steps));
    train(&task, None, &mut clock)?;
    let Ends(mut ends) = clock;
    ends.pop();
    Ok(ends[WARM_UP - 1..].windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect())
}

/// When each step ended.
struct Ends(Vec<Instant>);

impl Observer for Ends {
    fn progress(&mut self, _: Progress) {
        self.0.push(Instant::now());
    }
}

/// What the peer says its median is, in seconds.
fn peer_step(command: &str) -> Result<f64> {
    let mut words = command.split_whitespace();
    let program = words.next().context("--peer is empty")?;
    let output = Command::new(program).args(words).output().with_context(|| format!("--peer: {command}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "--peer: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    let after = text.split("median ").nth(1).with_context(|| format!("--peer printed no `median S s/step`: {text}"))?;
    let number = after.split_whitespace().next().unwrap_or_default();
    number.parse().with_context(|| format!("--peer's median is `{number}`, not a number"))
}

/// Sorts.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
