//! What is searched: one value or several for each setting; a trial for each combination.
//!
//! A grid is a TOML file. Unknown keys are refused. The last key of the table below varies fastest, so that a trial's
//! index says what it is, on every machine.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::augmentation::Handicap;
use crate::loss::LossKind;
use crate::model::{AverageLayers, Bottleneck, NetworkOptions, Width};
use crate::study::Variation;
use crate::training::{OptimizerKind, TrainingConfig};

/// The paper's Table 2.
pub const TABLE_2: &str = include_str!("table-2.toml");
/// More trials than this are a mistake in the file.
const MOST_TRIALS: usize = 100_000;

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Values<T> {
    One(T),
    Several(Vec<T>),
}

impl<T: Clone> Values<T> {
    fn all(&self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value.clone()],
            Self::Several(values) => values.clone(),
        }
    }
}

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Grid {
    /// Epochs at most.
    pub epochs: usize,
    width: Values<f64>,
    average_layer: Values<AverageLayers>,
    bottleneck: Values<Bottleneck>,
    loss: Values<LossKind>,
    handicap: Values<Handicap>,
    seed: Values<u64>,
    optimizer: Values<OptimizerKind>,
    learning_rate: Values<f64>,
    batch: Values<usize>,
}

/// One combination.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trial {
    /// What is varied about the network.
    pub alexnet: NetworkOptions,
    /// What training makes small.
    pub loss: LossKind,
    /// How its input is damaged in training.
    pub handicap: Handicap,
    /// Of weights, order and damage of the images, and which are kept for validation.
    pub seed: u64,
    /// How gradients become steps.
    pub optimizer: OptimizerKind,
    /// The optimiser's rate.
    pub learning_rate: f64,
    /// Images per step.
    pub batch: usize,
}

/// A grid cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    /// The file cannot be read.
    #[error("{}: the grid cannot be read; check the path", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is no grid.
    #[error("{}: not a grid: {source}\nA whole one is printed by: host-trainer search grid", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value is out of its range.
    #[error("{}: {setting}: found {found}, expected {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        setting: &'static str,
        /// What it is set to.
        found: String,
        /// What it may be set to.
        expected: &'static str,
    },
}

impl Grid {
    /// Reads a grid; without a path, Table 2.
    ///
    /// # Errors
    /// [`GridError`] says what was found and what was expected.
    pub fn open(path: Option<&Path>) -> Result<Self, GridError> {
        match path {
            None => Self::parse(TABLE_2, Path::new("table-2.toml")),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| GridError::Read { path: path.to_owned(), source })?;
                Self::parse(&text, path)
            }
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, GridError> {
        let grid: Self = toml::from_str(text)
            .map_err(|source| GridError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        let refuse = |setting, found: &dyn ToString, expected| {
            Err(GridError::Value { path: path.to_owned(), setting, found: found.to_string(), expected })
        };
        if grid.epochs == 0 {
            return refuse("epochs", &0, "1 or more");
        }
        if let Some(width) = grid.width.all().iter().find(|&&width| Width::try_from(width).is_err()) {
            return refuse("width", width, "above 0 and at most 2");
        }
        if let Some(rate) = grid.learning_rate.all().iter().find(|&&rate| !(rate > 0.0 && rate <= 10.0)) {
            return refuse("learning-rate", rate, "above 0 and at most 10");
        }
        if grid.batch.all().contains(&0) {
            return refuse("batch", &0, "1 or more");
        }
        match grid.count() {
            Some(1..=MOST_TRIALS) => Ok(grid),
            Some(0) => refuse("a list", &"no value", "at least one"),
            _ => refuse("the grid", &"more combinations than can be searched", "at most 100000"),
        }
    }

    /// The number of combinations, if it can be counted.
    fn count(&self) -> Option<usize> {
        [
            self.width.all().len(),
            self.average_layer.all().len(),
            self.bottleneck.all().len(),
            self.loss.all().len(),
            self.handicap.all().len(),
            self.seed.all().len(),
            self.optimizer.all().len(),
            self.learning_rate.all().len(),
            self.batch.all().len(),
        ]
        .into_iter()
        .try_fold(1usize, usize::checked_mul)
    }

    /// All combinations, in order of their indices.
    pub fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::with_capacity(self.count().unwrap_or(0));
        for width in self.width.all().into_iter().filter_map(|width| Width::try_from(width).ok()) {
            for average in self.average_layer.all() {
                for bottleneck in self.bottleneck.all() {
                    let alexnet = NetworkOptions { width, average, bottleneck, ..NetworkOptions::default() };
                    for loss in self.loss.all() {
                        for handicap in self.handicap.all() {
                            for seed in self.seed.all() {
                                let of_network = (alexnet, loss, handicap, seed);
                                self.of_optimizers(of_network, &mut trials);
                            }
                        }
                    }
                }
            }
        }
        trials
    }

    fn of_optimizers(
        &self,
        (alexnet, loss, handicap, seed): (NetworkOptions, LossKind, Handicap, u64),
        trials: &mut Vec<Trial>,
    ) {
        for optimizer in self.optimizer.all() {
            for learning_rate in self.learning_rate.all() {
                for batch in self.batch.all() {
                    trials.push(Trial { alexnet, loss, handicap, seed, optimizer, learning_rate, batch });
                }
            }
        }
    }
}

impl Trial {
    /// How it is trained on `images` images.
    pub fn training(self, epochs: usize, images: usize) -> TrainingConfig {
        TrainingConfig {
            loss: self.loss,
            handicap: self.handicap,
            optimizer: self.optimizer,
            learning_rate: self.learning_rate,
            batch: self.batch,
            validate_every: images.div_ceil(self.batch).max(1),
            ..Variation::Baseline.training(self.alexnet, self.handicap, epochs, self.seed, images)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Grid, String> {
        Grid::parse(text, Path::new("x.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn table_2_has_75_trials_and_the_default_is_among_them() {
        let grid = Grid::open(None).unwrap();
        let trials = grid.trials();
        assert_eq!((trials.len(), grid.count()), (75, Some(75)));
        let default = Variation::Baseline.training(NetworkOptions::default(), Handicap::None, 150, 1, 596);
        assert_eq!(trials.iter().filter(|trial| trial.training(grid.epochs, 596) == default).count(), 1);
        assert_eq!((trials[0].batch, trials[1].batch, trials[5].learning_rate), (4, 8, 1e-4));
        assert_eq!(trials[74].optimizer, OptimizerKind::Sgd);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |from: &str, to: &str| parse(&TABLE_2.replace(from, to)).unwrap_err();
        assert!(with("width = 1", "width = 0").contains("width: found 0, expected above 0"));
        assert!(with("batch = [4, 8, 16, 32, 64]", "batch = [4, 0]").contains("batch: found 0"));
        assert!(with("batch = [4, 8, 16, 32, 64]", "batch = []").contains("no value"));
        assert!(with("epochs", "epoch").contains("epoch"));
        assert!(with("5e-5", "-1").contains("learning-rate"));
        assert!(with("5e-5", "nan").contains("learning-rate"));
    }
}
