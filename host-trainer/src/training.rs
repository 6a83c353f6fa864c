//! The training loop: Adam on the SSIM loss with a cosine learning rate, early stopping on the validation images,
//! and the best weights returned.
//!
//! On the CPU the same seed gives the same batches and the same weights. This module knows preprocessed images and
//! an architecture; it knows nothing of files, of thresholds or of defects.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use shared::image::Size;

use crate::augmentation::{Flip, Flips};
use crate::loss::{Border, SsimLoss};
use crate::model::{Architecture, Autoencoder, Weights, WeightsError};
use crate::random::shuffle;

/// Everything that shapes a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// Of the initial weights and the order of the images.
    pub seed: u64,
    /// Steps at most.
    pub steps: usize,
    /// Images per step.
    pub batch: usize,
    /// Adam's peak learning rate.
    pub learning_rate: f64,
    /// Steps over which the rate rises from 0 to its peak.
    pub warmup: usize,
    /// Steps between two looks at the validation images.
    pub validate_every: usize,
    /// Looks without a better validation loss before training stops.
    pub patience: usize,
    /// Mirror images that count as good parts too.
    pub flips: Flips,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: 800,
            batch: 8,
            learning_rate: 1e-3,
            warmup: 20,
            validate_every: 50,
            patience: 6,
            flips: Flips::Both,
        }
    }
}

/// How training went, one entry per look at the validation images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Steps taken so far.
    pub step: usize,
    /// Mean training loss since the last entry.
    pub training_loss: f32,
    /// Mean loss over the validation images.
    pub validation_loss: f32,
}

/// The result of a training run.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weights of the lowest validation loss.
    pub weights: Weights,
    /// The step they are from.
    pub best_step: usize,
    /// The whole course.
    pub history: Vec<HistoryEntry>,
}

/// What a run says while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps taken.
    pub step: usize,
    /// Steps at most.
    pub steps: usize,
    /// Loss of the step just taken; known only now and then, since reading it waits for the device.
    pub training_loss: Option<f32>,
    /// The lowest validation loss so far.
    pub validation_loss: Option<f32>,
}

/// Training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// There is nothing to learn from.
    #[error("training needs at least one training and one validation image and a batch of at least 1")]
    Nothing,
    /// The loss left the real numbers.
    #[error("the loss at step {step} is {loss}: training diverged; lower the learning rate (now {learning_rate})")]
    Diverged {
        /// At which step.
        step: usize,
        /// What it was.
        loss: f32,
        /// The peak rate.
        learning_rate: f64,
    },
    /// The weights are not usable.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Trains `architecture` on packed gray images of its size.
///
/// # Errors
/// [`TrainingError`] if there are no images or the loss leaves the real numbers.
pub fn train(
    architecture: &Architecture,
    training: &[&[u8]],
    validation: &[&[u8]],
    config: &TrainingConfig,
    device: &Device,
    mut report: impl FnMut(Progress),
) -> Result<Trained, TrainingError> {
    if training.is_empty() || validation.is_empty() || config.batch == 0 {
        return Err(TrainingError::Nothing);
    }
    let size = architecture.size;
    let training_device = device.clone().autodiff();
    let initial = Weights::initial(architecture, config.seed).starting_at_the_mean_of(training);
    let mut model = Autoencoder::new(architecture, &initial, &training_device);
    let loss = SsimLoss::new(size, Border::Mirrored, &training_device);
    let validation_loss = SsimLoss::new(size, Border::Mirrored, device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut batches = Batches::new(training.len(), config);

    let mut best: Option<(f32, usize, Weights)> = None;
    let mut history = Vec::new();
    let mut losses = Vec::new();
    for step in 1..=config.steps {
        let batch = batches.next_batch(config);
        let images = to_tensor(batch.iter().map(|&(index, flip)| (training[index], flip)), size, &training_device);
        let step_loss = loss.forward(model.forward(images.clone()), images);
        let gradients = GradientsParams::from_grads(step_loss.backward(), &model);
        model = optimizer.step(learning_rate(step, config), model, gradients);
        losses.push(step_loss.detach());

        let look = step % config.validate_every == 0 || step == config.steps;
        let mut training_loss = None;
        if look {
            let mean = mean_of(&mut losses);
            let current = mean_loss(&model.valid(), validation, size, config.batch, &validation_loss, device);
            if !mean.is_finite() || !current.is_finite() {
                let loss = if mean.is_finite() { current } else { mean };
                return Err(TrainingError::Diverged { step, loss, learning_rate: config.learning_rate });
            }
            history.push(HistoryEntry { step, training_loss: mean, validation_loss: current });
            training_loss = Some(mean);
            if best.as_ref().is_none_or(|(lowest, ..)| current < *lowest) {
                best = Some((current, step, model.weights(architecture)?));
            }
        }
        report(Progress {
            step,
            steps: config.steps,
            training_loss,
            validation_loss: best.as_ref().map(|(lowest, ..)| *lowest),
        });
        let best_step = best.as_ref().map_or(step, |&(_, at, _)| at);
        if step - best_step >= config.patience * config.validate_every {
            break;
        }
    }
    let (_, best_step, weights) = best.ok_or(TrainingError::Nothing)?;
    Ok(Trained { weights, best_step, history })
}

/// Linear warm-up, then half a cosine down to zero at the last step (Loshchilov and Hutter 2017, without restarts).
fn learning_rate(step: usize, config: &TrainingConfig) -> f64 {
    if step <= config.warmup {
        return config.learning_rate * step as f64 / config.warmup as f64;
    }
    let done = (step - config.warmup) as f64 / (config.steps - config.warmup).max(1) as f64;
    config.learning_rate * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done))
}

/// Draws batches: every image once in random order, then again in another; batches run over the seam.
struct Batches {
    rng: ChaCha8Rng,
    order: Vec<usize>,
    next: usize,
}

impl Batches {
    fn new(count: usize, config: &TrainingConfig) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(1); // stream 0 drew the weights
        Self { rng, order: (0..count).collect(), next: count }
    }

    fn next_batch(&mut self, config: &TrainingConfig) -> Vec<(usize, Flip)> {
        (0..config.batch)
            .map(|_| {
                if self.next == self.order.len() {
                    shuffle(&mut self.rng, &mut self.order);
                    self.next = 0;
                }
                self.next += 1;
                (self.order[self.next - 1], config.flips.draw(&mut self.rng))
            })
            .collect()
    }
}

/// `[batch, 1, height, width]`, values in 0 to 1.
fn to_tensor<'a>(images: impl Iterator<Item = (&'a [u8], Flip)>, size: Size, device: &Device) -> Tensor<4> {
    let mut values = Vec::new();
    let mut count = 0;
    for (image, flip) in images {
        values.extend(flip.rows(image, size).map(|v| f32::from(v) / 255.0));
        count += 1;
    }
    let shape = [count, 1, usize::from(size.height), usize::from(size.width)];
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn mean_loss(model: &Autoencoder, images: &[&[u8]], size: Size, batch: usize, loss: &SsimLoss, device: &Device) -> f32 {
    let mut sum = 0.0;
    for chunk in images.chunks(batch) {
        let tensor = to_tensor(chunk.iter().map(|&image| (image, Flip::default())), size, device);
        sum += loss.forward(model.forward(tensor.clone()), tensor).into_scalar::<f32>() * chunk.len() as f32;
    }
    sum / images.len() as f32
}

fn mean_of(losses: &mut Vec<Tensor<1>>) -> f32 {
    let count = losses.len().max(1) as f32;
    losses.drain(..).map(|loss| loss.into_scalar::<f32>()).sum::<f32>() / count
}
