//! The loop on a network small enough to train in a blink.

use std::path::Path;

use shared::image::Size;

use super::checkpoint::RunIdentity;
use super::*;
use crate::augmentation::{Flips, Handicap, Light};
use crate::loss::LossKind;
use crate::model::{AverageLayers, ConvShape, LayerSpec, ModelKind, NetworkOptions, alexnet};

const SIZE: Size = Size { width: 16, height: 16 };

fn small() -> Architecture {
    let conv = |channels_in, channels_out| {
        LayerSpec::Conv(ConvShape { channels_in, channels_out, kernel: 3, stride: 1, padding: 1 })
    };
    let layers =
        vec![conv(1, 4), LayerSpec::LeakyRelu(0.2), conv(4, 1), LayerSpec::PixelBias(SIZE), LayerSpec::Sigmoid];
    Architecture { name: "small", size: SIZE, layers }
}

fn config() -> TrainingConfig {
    TrainingConfig {
        seed: 3,
        model: ModelKind::Unet,
        network: NetworkOptions::default(),
        length: Length::Epochs(6),
        batch: 3,
        loss: LossKind::Ssim,
        optimizer: OptimizerKind::Adam,
        learning_rate: 1e-2,
        warmup: 2,
        schedule: Schedule::Cosine,
        validate_every: 4,
        patience: 50,
        flips: Flips::Both,
        light: Light::new(0.1).unwrap(),
        handicap: Handicap::Stain,
        handicap_drawn: HandicapDrawn::EachTime,
    }
}

fn images() -> Vec<Vec<u8>> {
    (0..7usize).map(|k| (0..SIZE.area()).map(|i| ((i * (k + 3) + k * 29) % 251) as u8).collect()).collect()
}

/// Keeps every state, and stops before the step after `last`.
#[derive(Default)]
struct Recorder {
    states: Vec<TrainingState>,
    last: Option<usize>,
    steps: usize,
}

impl Observer for Recorder {
    fn progress(&mut self, progress: Progress) {
        self.steps = progress.step;
    }

    fn keep(&mut self, state: TrainingState) -> Result<(), CheckpointError> {
        self.states.push(state);
        Ok(())
    }

    fn stop(&self) -> bool {
        self.last == Some(self.steps)
    }
}

fn run(
    config: &TrainingConfig,
    state: Option<TrainingState>,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainingError> {
    let images = images();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let (architecture, device) = (small(), Device::flex());
    let (training, validation) = images.split_at(5);
    train(
        &Task { architecture: &architecture, image_size: SIZE, training, validation, config, device: &device },
        state,
        observer,
    )
}

#[test]
fn a_run_resumed_from_any_checkpoint_ends_with_the_same_bits() {
    for (loss, optimizer) in [
        (LossKind::Ssim, OptimizerKind::Adam),
        (LossKind::Mse, OptimizerKind::AdamW),
        (LossKind::SsimL1, OptimizerKind::Sgd),
        (LossKind::Mse, OptimizerKind::RmsProp),
    ] {
        let config = TrainingConfig { loss, optimizer, ..config() };
        let mut recorder = Recorder::default();
        let whole = run(&config, None, &mut recorder).unwrap();
        assert_eq!(recorder.steps, 10); // 6 epochs of 5 images, 3 a step
        let kept: Vec<usize> = recorder.states.iter().map(|state| state.step).collect();
        assert_eq!(kept, [2, 4, 5, 7, 9, 10]);
        assert!(recorder.states[5].done && !recorder.states[4].done);
        for state in recorder.states {
            let resumed = run(&config, Some(state), &mut Unobserved).unwrap();
            assert_eq!(resumed.weights, whole.weights);
            assert_eq!((resumed.history, resumed.best_step), (whole.history.clone(), whole.best_step));
        }
    }
}

#[test]
fn an_interrupted_run_keeps_its_state_and_gives_the_best_so_far() {
    let whole = run(&config(), None, &mut Unobserved).unwrap();
    assert_eq!(whole.ended, Ended::Complete);
    for last in [1, 3, 6] {
        let mut recorder = Recorder { last: Some(last), ..Recorder::default() };
        let stopped = run(&config(), None, &mut recorder).unwrap();
        assert_eq!(stopped.ended, Ended::Interrupted);
        assert!(stopped.best_step <= last);
        let state = recorder.states.pop().unwrap();
        assert_eq!((state.step, state.done), (last, false));
        let resumed = run(&config(), Some(state), &mut Unobserved).unwrap();
        assert_eq!(resumed.weights, whole.weights, "interrupted after step {last}");
        assert_eq!(resumed.history, whole.history);
    }
}

#[test]
fn training_stops_where_it_gets_no_better() {
    // Whatever the course, looks without a better loss end a run in the end: the rate is too high to settle.
    let config =
        TrainingConfig { length: Length::Steps(400), learning_rate: 0.5, validate_every: 1, patience: 2, ..config() };
    let trained = run(&config, None, &mut Unobserved).unwrap();
    let last = trained.history.last().unwrap().step;
    assert_eq!(trained.ended, Ended::StoppedEarly);
    assert_eq!(last, trained.best_step + 2);
    let best = trained.history.iter().map(|entry| entry.validation_loss).fold(f32::MAX, f32::min);
    assert_eq!(trained.history[trained.best_step - 1].validation_loss, best);
}

#[test]
fn damage_that_is_drawn_once_is_the_same_in_each_epoch() {
    // A rate that changes nothing: what differs between epochs is the damage alone.
    let losses = |handicap_drawn| -> Vec<f32> {
        let config = TrainingConfig {
            length: Length::Epochs(3),
            batch: 5,
            loss: LossKind::Mse,
            schedule: Schedule::Constant,
            learning_rate: 1e-12,
            validate_every: 1,
            flips: Flips::None,
            light: Light::default(),
            handicap: Handicap::Paper,
            handicap_drawn,
            ..config()
        };
        let trained = run(&config, None, &mut Unobserved).unwrap();
        trained.history.iter().map(|entry| entry.training_loss).collect()
    };
    let spread = |losses: Vec<f32>| losses.iter().map(|loss| (loss - losses[0]).abs()).fold(0.0, f32::max);
    let (once, each_time) = (spread(losses(HandicapDrawn::Once)), spread(losses(HandicapDrawn::EachTime)));
    assert!(once < 1e-6 && each_time > 1e-4, "{once} {each_time}");
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    for config in [
        TrainingConfig { batch: 0, ..config() },
        TrainingConfig { length: Length::Steps(0), ..config() },
        TrainingConfig { validate_every: 0, ..config() },
    ] {
        assert!(matches!(run(&config, None, &mut Unobserved), Err(TrainingError::Nothing { .. })));
    }
}

fn identity() -> RunIdentity {
    RunIdentity {
        architecture: "small".into(),
        geometry: "resize to 128x128".into(),
        device: "CPU".into(),
        images_sha256: "00ff".into(),
        libraries: [("burn".to_owned(), "0.22.1".to_owned())].into(),
        training: TrainingConfig { learning_rate: 0.1 + 0.2, ..config() },
    }
}

fn checkpoint() -> Checkpoint {
    let mut recorder = Recorder::default();
    run(&config(), None, &mut recorder).unwrap();
    let request = "product = \"cap\"\nrank = 3".parse().unwrap();
    Checkpoint { identity: identity(), request, state: recorder.states.swap_remove(2) }
}

#[test]
fn a_checkpoint_on_disk_gives_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    assert!(Checkpoint::read(&path, &small()).unwrap().is_none());
    let checkpoint = checkpoint();
    assert!(!checkpoint.state.losses.is_empty() && checkpoint.state.best.is_some());
    checkpoint.write(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(Checkpoint::read(&path, &small()).unwrap().unwrap(), checkpoint);
    checkpoint.write(&path).unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes, "the same state gives other bytes");
}

#[test]
fn a_damaged_checkpoint_is_refused_wherever_the_damage_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    checkpoint().write(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Checkpoint::read(&path, &small())
    };
    for position in (0..bytes.len()).step_by(7).chain([8, bytes.len() - 1]) {
        let mut changed = bytes.clone();
        changed[position] ^= 0x10;
        let Err(error) = read(&changed) else {
            panic!("a changed byte at {position} of {} was not noticed", bytes.len());
        };
        assert!(error.to_string().contains("--restart"), "{error}");
    }
    for length in (0..bytes.len()).step_by(61) {
        assert!(matches!(read(&bytes[..length]), Err(CheckpointError::Damaged { .. })), "cut off at {length}");
    }
    assert!(matches!(Checkpoint::read(folder.path(), &small()), Err(CheckpointError::Read { .. })));
}

#[test]
fn no_number_hides_a_difference() {
    // TOML's own values end at 2^63; a seed does not.
    let seeded = |images: &str| RunIdentity {
        images_sha256: images.into(),
        training: TrainingConfig { seed: u64::MAX, ..config() },
        ..identity()
    };
    let checkpoint = Checkpoint { identity: seeded("aa"), ..checkpoint() };
    let message = checkpoint.check(&seeded("bb"), Path::new("x")).unwrap_err().to_string();
    assert!(message.contains("images-sha256 was"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    checkpoint.write(&path).unwrap();
    assert_eq!(Checkpoint::read(&path, &small()).unwrap().unwrap(), checkpoint);
}

#[test]
fn a_whole_file_of_impossible_contents_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let refused = |change: &dyn Fn(&mut TrainingState)| {
        let mut checkpoint = checkpoint();
        change(&mut checkpoint.state);
        checkpoint.write(&path).unwrap();
        matches!(Checkpoint::read(&path, &small()), Err(CheckpointError::Damaged { .. }))
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|state| state.best.as_mut().unwrap().step = state.step + 1));
    assert!(refused(&|state| state.optimizer.tensors.clear()));
    assert!(refused(&|state| state.optimizer.tensors.values_mut().next().unwrap().push(0.0)));
    assert!(refused(&|state| state.optimizer.tensors.values_mut().next().unwrap()[0] = f32::NAN));
}

#[test]
fn the_checkpoint_of_another_run_is_refused_with_every_difference() {
    let checkpoint = checkpoint();
    assert!(checkpoint.check(&identity(), Path::new("x")).is_ok());
    let mut other = identity();
    other.images_sha256 = "0000".into();
    other.training.length = Length::Steps(9);
    other.training.batch = 4;
    let message = checkpoint.check(&other, Path::new("x")).unwrap_err().to_string();
    for part in ["images-sha256 was \"00ff\", now \"0000\"", "batch was 3, now 4", "length was", "epochs"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

/// The paper's network at a twentieth of its width: pools, wide strides, the dense middle and averages learn together.
#[test]
fn the_paper_s_network_learns() {
    let options =
        NetworkOptions { width: 0.05.try_into().unwrap(), average: AverageLayers::Fourth, ..Default::default() };
    let architecture = alexnet(options);
    let size = architecture.size;
    let disc = |shift: i32| -> Vec<u8> {
        let side = i32::from(size.width);
        let inside = |x: i32, y: i32| (x - side / 2 - shift).pow(2) + (y - side / 2).pow(2) < 70 * 70;
        (0..side * side).map(|i| if inside(i % side, i / side) { 200 } else { 40 }).collect()
    };
    let images: Vec<Vec<u8>> = [-6, -3, 0, 3, 6].map(disc).into();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let config = TrainingConfig {
        model: ModelKind::Alexnet,
        network: options,
        length: Length::Steps(12),
        learning_rate: 1e-3,
        handicap: Handicap::Paper,
        ..config()
    };
    let (training, validation) = images.split_at(4);
    let device = Device::flex();
    let task =
        Task { architecture: &architecture, image_size: size, training, validation, config: &config, device: &device };
    let trained = train(&task, None, &mut Unobserved).unwrap();
    let losses: Vec<f32> = trained.history.iter().map(|entry| entry.validation_loss).collect();
    assert!(losses.len() >= 3 && losses.last() < losses.first(), "{losses:?}");
    assert_eq!(train(&task, None, &mut Unobserved).unwrap().weights, trained.weights);
}
