//! Five training steps through burn-wgpu give the CPU's losses. Runs on whatever adapter there is, a software renderer
//! included.

use burn::tensor::Device;
use host_trainer::device::DeviceChoice;
use host_trainer::model::{NetworkOptions, Placement, unet};
use host_trainer::render::{PartKind, render_good};
use host_trainer::training::{HistoryEntry, Length, Task, TrainingConfig, Unobserved, train};
use shared::image::Size;

/// The largest difference allowed between the losses of the two devices after up to five steps. Both compute in
/// float32; sums in another order differ by 1e-7, and Adam's first steps, which look at little but a gradient's sign,
/// enlarge that. The steps themselves move the validation loss by four times as much, so that a device that computed
/// other gradients would be found out. (A rate ten times as high makes the course chaotic on any device.)
const LOSS_TOLERANCE: f32 = 2e-5;

fn five_steps(device: &Device) -> Vec<HistoryEntry> {
    let frames: Vec<Vec<u8>> = (0..6).map(|index| render_good(3, index, PartKind::Bottle, 128).gray).collect();
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let config = TrainingConfig {
        length: Length::Steps(5),
        batch: 2,
        learning_rate: 1e-3,
        warmup: 1,
        validate_every: 1,
        ..TrainingConfig::default()
    };
    let architecture = unet(Size { width: 128, height: 128 }, Placement::Fixed, NetworkOptions::default());
    let (training, validation) = frames.split_at(4);
    let task = Task {
        architecture: &architecture,
        image_size: architecture.size,
        training,
        validation,
        config: &config,
        device,
    };
    train(&task, None, &mut Unobserved).unwrap().history
}

#[test]
fn five_steps_give_the_same_losses() {
    let cpu = five_steps(&DeviceChoice::Cpu.select().unwrap().device);
    let selected = DeviceChoice::Wgpu.select().unwrap();
    let gpu = five_steps(&selected.device);
    println!("{}: CPU {cpu:?}, wgpu {gpu:?}", selected.description);
    assert_eq!(cpu.len(), 5);
    for (a, b) in cpu.iter().zip(&gpu) {
        assert!((a.training_loss - b.training_loss).abs() <= LOSS_TOLERANCE, "step {}: {a:?} and {b:?}", a.step);
        assert!((a.validation_loss - b.validation_loss).abs() <= LOSS_TOLERANCE, "step {}: {a:?} and {b:?}", a.step);
    }
    let fallen = cpu[0].validation_loss - cpu[4].validation_loss;
    assert!(fallen > 4.0 * LOSS_TOLERANCE, "the loss falls by {fallen}: too little to compare by: {cpu:?}");
}
