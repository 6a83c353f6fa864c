//! Gathers the results of all trials: the ranking, what is missing, and who goes on to the next rung.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::SearchError;
use super::grid::Grid;
use super::halving::Halving;
use super::trial::{TrialResult, read_result, result_file};

/// What is there.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The results, the best first; those that diverged last.
    pub ranking: Vec<TrialResult>,
    /// Indices of the trials without a result.
    pub missing: Vec<usize>,
    /// Indices of the trials that go on to the next rung, once none is missing.
    pub survivors: Vec<usize>,
}

impl Collected {
    /// Of `rung`, out of the shared folder. From the second rung on only the survivors of the one before are expected.
    ///
    /// # Errors
    /// [`SearchError`] if a result cannot be read or belongs to another search.
    pub fn read(out: &Path, grid: &Grid, halving: Halving, rung: usize) -> Result<Self, SearchError> {
        let trials = grid.trials();
        let expected = match rung {
            0 => (0..trials.len()).collect(),
            _ => Self::survivors_of(out, grid, halving, rung - 1)?,
        };
        let (mut ranking, mut missing) = (Vec::<TrialResult>::new(), Vec::new());
        for index in expected {
            let file = result_file(out, index, rung);
            match read_result(&file)? {
                Some(result) => {
                    let lengths = (result.epochs, result.rung_epochs) == (halving.epochs, halving.epochs_at(rung));
                    let alike = ranking.first().is_none_or(|first| result.is_comparable(first));
                    if result.trial != trials[index] || !lengths || !alike {
                        return Err(SearchError::OtherSearch { file });
                    }
                    ranking.push(result);
                }
                None => missing.push(index),
            }
        }
        let objective = |result: &TrialResult| result.objective.unwrap_or(f64::NEG_INFINITY);
        ranking.sort_by(|a, b| objective(b).total_cmp(&objective(a)).then(a.index.cmp(&b.index)));
        missing.sort_unstable();
        let survivors = halving.survivors(ranking.iter().map(|one| (one.index, objective(one))).collect());
        Ok(Self { ranking, missing, survivors })
    }

    /// Indices of the trials that go on from `rung`, all of whose results are there.
    ///
    /// # Errors
    /// As [`Self::read`], and [`SearchError::Unfinished`].
    pub fn survivors_of(out: &Path, grid: &Grid, halving: Halving, rung: usize) -> Result<Vec<usize>, SearchError> {
        let found = Self::read(out, grid, halving, rung)?;
        if !found.missing.is_empty() {
            return Err(SearchError::Unfinished { rung, missing: found.missing });
        }
        Ok(found.survivors)
    }

    /// The ranking as CSV.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "rank,index,objective,validation-loss,best-step,steps,width,average-layer,bottleneck,loss,handicap,seed,\
             optimizer,learning-rate,batch\n",
        );
        for (rank, result) in (1..).zip(&self.ranking) {
            let trial = &result.trial;
            let or_none =
                |value: Option<f64>| value.map_or_else(|| "diverged".to_owned(), |value| format!("{value:.6}"));
            let cells = [
                rank.to_string(),
                result.index.to_string(),
                or_none(result.objective),
                or_none(result.validation_loss.map(f64::from)),
                result.best_step.to_string(),
                result.steps.to_string(),
                trial.alexnet.width.to_string(),
                name(&trial.alexnet.average),
                name(&trial.alexnet.bottleneck),
                name(&trial.loss),
                name(&trial.handicap),
                trial.seed.to_string(),
                name(&trial.optimizer),
                trial.learning_rate.to_string(),
                trial.batch.to_string(),
            ];
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }
}

/// What a choice is called in files.
fn name(choice: &impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(Value::String(name)) => name,
        other => format!("{other:?}"),
    }
}
