//! How long the stages of an inspection take: median, 99th percentile and maximum since the start of the process, in
//! microseconds, exact to three digits. Memory is fixed; times above a minute count as a minute.

use hdrhistogram::Histogram;
use hdrhistogram::errors::CreationError;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use shared::wire::StageMicros;

const LONGEST_US: u64 = 60_000_000;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From the frame to the model's input.
    Preprocess,
    /// From the input to the reconstruction.
    Inference,
    /// From the reconstruction to the score.
    Score,
    /// From the frame to the verdict.
    Total,
    /// From the capture, or the trigger where there is one, to the decision.
    Decision,
}

impl Stage {
    const ALL: [Self; 5] = [Self::Preprocess, Self::Inference, Self::Score, Self::Total, Self::Decision];

    const fn name(self) -> &'static str {
        match self {
            Self::Preprocess => "preprocess",
            Self::Inference => "inference",
            Self::Score => "score",
            Self::Total => "total",
            Self::Decision => "decision",
        }
    }
}

/// A histogram for each stage.
#[derive(Debug, Clone)]
pub struct Latencies {
    stages: [Histogram<u32>; Stage::ALL.len()],
}

impl Latencies {
    /// Takes all the memory there will be: about 350 KB.
    ///
    /// # Errors
    ///
    /// None in practice: the bounds are constant and valid.
    pub fn new() -> Result<Self, CreationError> {
        let one = Histogram::new_with_bounds(1, LONGEST_US, 3)?;
        Ok(Self { stages: std::array::from_fn(|_| one.clone()) })
    }

    /// Adds the stages of one inspection; those that were not reached, which are 0, do not count.
    pub fn add(&mut self, stages: &StageMicros) {
        let StageMicros { preprocess, inference, score, total } = *stages;
        for (stage, micros) in [
            (Stage::Preprocess, preprocess),
            (Stage::Inference, inference),
            (Stage::Score, score),
            (Stage::Total, total),
        ] {
            if micros > 0 {
                self.add_one(stage, micros.into());
            }
        }
    }

    /// Adds one time.
    pub fn add_one(&mut self, stage: Stage, micros: u64) {
        self.stages[stage as usize].saturating_record(micros);
    }

    /// How many times were added, median, 99th percentile and maximum; zeros if there was none.
    pub fn summary(&self, stage: Stage) -> (u64, u64, u64, u64) {
        let times = &self.stages[stage as usize];
        (times.len(), times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max())
    }
}

/// `{"preprocess":{"count":9,"p50":..,"p99":..,"max":..},..}`.
impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Summary {
            count: u64,
            p50: u64,
            p99: u64,
            max: u64,
        }
        let mut map = serializer.serialize_map(Some(Stage::ALL.len()))?;
        for stage in Stage::ALL {
            let (count, p50, p99, max) = self.summary(stage);
            map.serialize_entry(stage.name(), &Summary { count, p50, p99, max })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut latencies = Latencies::new().unwrap();
        for micros in 1..=1000 {
            latencies.add(&StageMicros { preprocess: micros, inference: 0, score: 7, total: micros * 10 });
        }
        assert_eq!(latencies.summary(Stage::Preprocess), (1000, 500, 990, 1000));
        assert_eq!(latencies.summary(Stage::Inference), (0, 0, 0, 0));
        assert_eq!(latencies.summary(Stage::Score), (1000, 7, 7, 7));
        let (count, p50, p99, max) = latencies.summary(Stage::Total);
        assert_eq!(count, 1000);
        for (found, exact) in [(p50, 5000), (p99, 9900), (max, 10_000)] {
            assert!(found.abs_diff(exact) <= exact / 1000, "{found}, expected {exact}");
        }
    }

    #[test]
    fn a_time_without_end_counts_as_a_minute() {
        let mut latencies = Latencies::new().unwrap();
        latencies.add_one(Stage::Decision, u64::MAX);
        let (count, .., max) = latencies.summary(Stage::Decision);
        assert_eq!(count, 1);
        assert!(max.abs_diff(LONGEST_US) <= LONGEST_US / 1000 + 1, "{max}");
    }
}
