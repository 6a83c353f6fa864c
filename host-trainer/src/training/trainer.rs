//! A run as it stands after some step: the network, the optimiser's memory, the course so far and the best weights. It
//! can be taken down to plain numbers ([`TrainingState`]) and set up again from them, to the last bit.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::batches::Batches;
use super::config::HandicapDrawn;
use super::examples::{Example, Examples, Stream};
use super::optimizer::{NetworkOptimizer, OptimizerMemory};
use super::schedule::learning_rate;
use super::{HistoryEntry, Task, TrainingError};
use crate::augmentation::Flip;
use crate::loss::ReconstructionLoss;
use crate::model::{Autoencoder, Weights};

/// The best weights so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Their validation loss.
    pub validation_loss: f32,
    /// The step they are from.
    pub step: usize,
    /// The weights.
    pub weights: Weights,
}

/// Everything that a run needs to go on after `step` as if it had never stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingState {
    /// Steps taken.
    pub step: usize,
    /// The network's weights after them.
    pub weights: Weights,
    /// What the optimiser remembers.
    pub optimizer: OptimizerMemory,
    /// The best weights, once there was a look at the validation images.
    pub best: Option<Best>,
    /// The looks so far.
    pub history: Vec<HistoryEntry>,
    /// Training losses of the steps since the last look.
    pub losses: Vec<f32>,
    /// Whether the run has come to its end.
    pub done: bool,
}

/// A run in memory.
#[derive(Debug)]
pub struct Trainer<'a> {
    task: &'a Task<'a>,
    steps: usize,
    device: Device,
    loss: ReconstructionLoss,
    validation_loss: ReconstructionLoss,
    batches: Batches,
    examples: Examples,
    model: Autoencoder,
    optimizer: NetworkOptimizer,
    step: usize,
    losses: Vec<Tensor<1>>,
    history: Vec<HistoryEntry>,
    best: Option<Best>,
}

impl<'a> Trainer<'a> {
    /// A run before its first step, or after the last step of `state`.
    pub fn new(task: &'a Task<'a>, state: Option<TrainingState>) -> Self {
        let (architecture, config) = (task.architecture, task.config);
        let device = task.device.clone().autodiff();
        let state = state.unwrap_or_else(|| TrainingState {
            step: 0,
            weights: Weights::initial(architecture, config.seed).starting_at_the_mean_of(task.training),
            optimizer: OptimizerMemory::default(),
            best: None,
            history: Vec::new(),
            losses: Vec::new(),
            done: false,
        });
        let mut optimizer = NetworkOptimizer::new(config.optimizer);
        optimizer.restore(&state.optimizer, Autoencoder::parameter_ids(&state.weights), task.device);
        let scalar = |loss: f32| Tensor::from_data(TensorData::new(vec![loss], [1]), task.device);
        Self {
            task,
            steps: config.length.steps(task.training.len(), config.batch),
            loss: ReconstructionLoss::new(config.loss, architecture.size, &device),
            validation_loss: ReconstructionLoss::new(config.loss, architecture.size, task.device),
            batches: Batches::new(config.seed, task.training.len(), config.batch, config.flips),
            examples: Examples {
                seed: config.seed,
                image: task.image_size,
                window: architecture.size,
                light: config.light,
                handicap: config.handicap,
            },
            model: Autoencoder::new(architecture, &state.weights, &device),
            optimizer,
            step: state.step,
            losses: state.losses.into_iter().map(scalar).collect(),
            history: state.history,
            best: state.best,
            device,
        }
    }

    /// Steps at most.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Steps taken.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The looks so far.
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// The best weights so far.
    pub fn best(&self) -> Option<&Best> {
        self.best.as_ref()
    }

    /// The best weights, for good.
    pub fn into_best(self) -> Option<Best> {
        self.best
    }

    /// Whether the last step was taken, or enough looks went by without a better validation loss.
    pub fn is_done(&self) -> bool {
        let patience = self.task.config.patience.saturating_mul(self.task.config.validate_every);
        self.step >= self.steps || self.best.as_ref().is_some_and(|best| self.step - best.step >= patience)
    }

    /// Whether an epoch, a pass over all training images, ended with the last step.
    pub fn at_the_end_of_an_epoch(&self) -> bool {
        self.batches.ends_an_epoch(self.step)
    }

    /// Takes one step, and looks at the validation images where it is time to. Gives the look.
    ///
    /// # Errors
    /// [`TrainingError`] if the loss or a weight is no number any more.
    pub fn advance(&mut self) -> Result<Option<HistoryEntry>, TrainingError> {
        let (task, config) = (self.task, self.task.config);
        self.step += 1;
        let first = (self.step - 1) * config.batch;
        let examples: Vec<Example<'_>> = (first..)
            .zip(self.batches.of_step(self.step))
            .map(|(number, (image, flip))| Example {
                image: task.training[image],
                flip,
                stream: Stream::Training(match config.handicap_drawn {
                    HandicapDrawn::EachTime => number as u64,
                    HandicapDrawn::Once => image as u64,
                }),
            })
            .collect();
        let batch = self.examples.batch(&examples, &self.device);
        let loss = self.loss.forward(self.model.forward(batch.shown), batch.drawn);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let rate = learning_rate(config.schedule, self.step, self.steps, config.warmup, config.learning_rate);
        self.optimizer.step(rate, &mut self.model, gradients);
        self.losses.push(loss.inner());
        let look = self.step.is_multiple_of(config.validate_every) || self.step == self.steps;
        if look { self.look().map(Some) } else { Ok(None) }
    }

    /// Looks at the validation images now: the course gets an entry, and the weights are kept if they are the best.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn look(&mut self) -> Result<HistoryEntry, TrainingError> {
        let entry = HistoryEntry {
            step: self.step,
            training_loss: mean(&values(&self.losses)),
            validation_loss: self.mean_validation_loss(),
        };
        self.losses.clear();
        if let Some(&loss) = [entry.training_loss, entry.validation_loss].iter().find(|loss| !loss.is_finite()) {
            let learning_rate = self.task.config.learning_rate;
            return Err(TrainingError::Diverged { step: self.step, loss, learning_rate });
        }
        if self.best.as_ref().is_none_or(|best| entry.validation_loss < best.validation_loss) {
            let weights = self.model.weights(self.task.architecture)?;
            self.best = Some(Best { validation_loss: entry.validation_loss, step: self.step, weights });
        }
        self.history.push(entry);
        Ok(entry)
    }

    /// The run as plain numbers.
    ///
    /// # Errors
    /// [`TrainingError::Weights`] if a weight is no number any more.
    pub fn state(&self) -> Result<TrainingState, TrainingError> {
        Ok(TrainingState {
            step: self.step,
            weights: self.model.weights(self.task.architecture)?,
            optimizer: self.optimizer.memory(),
            best: self.best.clone(),
            history: self.history.clone(),
            losses: values(&self.losses),
            done: self.is_done(),
        })
    }

    fn mean_validation_loss(&self) -> f32 {
        let (task, model) = (self.task, self.model.valid());
        let mut sum = 0.0;
        let examples: Vec<Example<'_>> = (0..)
            .zip(task.validation)
            .map(|(number, image)| Example { image, flip: Flip::default(), stream: Stream::Validation(number) })
            .collect();
        for chunk in examples.chunks(task.config.batch) {
            let batch = self.examples.batch(chunk, task.device);
            let loss = self.validation_loss.forward(model.forward(batch.shown), batch.drawn);
            sum += loss.into_scalar::<f32>() * chunk.len() as f32;
        }
        sum / task.validation.len() as f32
    }
}

fn values(losses: &[Tensor<1>]) -> Vec<f32> {
    losses.iter().map(|loss| loss.clone().into_scalar::<f32>()).collect()
}

fn mean(losses: &[f32]) -> f32 {
    losses.iter().sum::<f32>() / losses.len().max(1) as f32
}
