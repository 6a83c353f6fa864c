//! A training that is killed or interrupted, whenever that is, goes on to the very bundle of one that was left alone.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use host_trainer::random::uniform;
use host_trainer::render::{RenderConfig, write_dataset};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

use crate::programs::{path, program};

/// Four epochs of eight steps: 16 of the 45 images are trained on.
const SETTINGS: &str = "seed = 5\nepochs = 4\nbatch = 2\nwarmup = 2\nvalidate-every = 7\npatience = 20\n";
const KILLS: usize = 10;

struct Line {
    folder: tempfile::TempDir,
}

impl Line {
    fn new() -> Self {
        let line = Self { folder: tempfile::tempdir().unwrap() };
        let config = RenderConfig {
            size: 64,
            seed: 11,
            train_good: 45,
            test_good: 0,
            test_per_kind: 0,
            ..RenderConfig::default()
        };
        write_dataset(&line.path("data"), &config, &mut |_, _| {}).unwrap();
        fs::write(line.path("settings.toml"), SETTINGS).unwrap();
        line
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn train(&self, out: &str, options: &[&str]) -> Command {
        let mut command = Command::new(program("host-trainer"));
        command.args(["train", "--device", "cpu", "--data", path(&self.path("data"))]);
        command.args(["--config", path(&self.path("settings.toml")), "--out", path(&self.path(out))]).args(options);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn bundle(&self, out: &str) -> Vec<u8> {
        fs::read(self.path(out).join("station.bundle")).unwrap()
    }
}

fn finish(mut command: Command) -> bool {
    command.status().unwrap().success()
}

#[test]
fn killed_at_ten_random_points_it_gives_the_same_bundle() {
    let line = Line::new();
    let started = Instant::now();
    assert!(finish(line.train("whole", &[])));
    let whole = started.elapsed();
    let expected = line.bundle("whole");

    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut start = "--restart";
    let mut kills = 0;
    while kills < KILLS {
        let mut running = line.train("killed", &[start]).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(uniform(&mut rng)));
        if running.try_wait().unwrap().is_some() {
            // It was faster than the clock: what it gave is compared, and another one is begun.
            assert!(line.bundle("killed") == expected, "after {kills} kills");
            start = "--restart";
            continue;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        kills += 1;
        start = "--resume";
    }
    assert!(finish(line.train("killed", &["--resume"])));
    assert!(line.bundle("killed") == expected, "the bundle of a training killed {kills} times differs");
    let json = |out: &str| fs::read_to_string(line.path(out).join("training.json")).unwrap();
    assert_eq!(json("killed"), json("whole"));
    let names = |out: &str| -> BTreeSet<_> {
        fs::read_dir(line.path(out)).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names("killed"), names("whole"), "nothing is left of the files that were being written");
}

#[test]
fn interrupted_it_seals_the_best_so_far_and_resumes() {
    let line = Line::new();
    let asked = ["--product", "cap", "--rank", "3"];
    let mut running = line.train("out", &asked).spawn().unwrap();
    let checkpoint = line.path("out").join("checkpoint.safetensors");
    wait_until(&mut running, || checkpoint.is_file());
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert!(running.wait().unwrap().success(), "an interruption is no failure");
    let record =
        || -> Value { serde_json::from_slice(&fs::read(line.path("out").join("training.json")).unwrap()).unwrap() };
    assert_eq!(record()["ended"], "interrupted");
    let partial = line.bundle("out");

    // Neither a new training nor other settings put an end to the one that was interrupted.
    let refused = |options: &[&str], expected: &[&str]| {
        let output = line.train("out", options).stderr(Stdio::piped()).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(expected.iter().all(|part| message.contains(part)), "{message}");
        assert!(line.bundle("out") == partial);
    };
    refused(&[], &["--resume", "--restart"]);
    refused(&["--resume", "--learning-rate", "0.002"], &["learning-rate was 0.001, now 0.002"]);

    // What was asked for is known without being repeated.
    let data = line.path("data");
    let mut resumed = Command::new(program("host-trainer"));
    resumed.args(["train", "--resume", "--data", path(&data), "--out", path(&line.path("out"))]);
    assert!(finish(resumed));
    assert_eq!(record()["ended"], "complete");
    assert_eq!(record()["product"], "cap");
    assert!(finish(line.train("whole", &asked)));
    assert!(line.bundle("out") == line.bundle("whole"));

    // An interruption does not cost the bundle of a training that was finished.
    let finished = line.bundle("out");
    let mut running = line.train("out", &["--restart", "--seed", "6"]).spawn().unwrap();
    let before = fs::metadata(&checkpoint).unwrap().modified().unwrap();
    wait_until(&mut running, || fs::metadata(&checkpoint).unwrap().modified().unwrap() != before);
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert!(running.wait().unwrap().success());
    assert!(fs::read(line.path("out").join("station.previous.bundle")).unwrap() == finished);

    // A checkpoint that was damaged is refused, not gone on from.
    let mut bytes = fs::read(&checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&checkpoint, &bytes).unwrap();
    let output = line.train("out", &["--resume"]).stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("not a whole checkpoint") && message.contains("--restart"), "{message}");
}

fn wait_until(running: &mut Child, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(running.try_wait().unwrap().is_none(), "it ended before its first checkpoint");
        assert!(started.elapsed() < Duration::from_secs(120), "no checkpoint within two minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
}
