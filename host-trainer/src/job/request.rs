//! What a job is asked for besides its training, kept in the checkpoint so that `--resume` need not be told again.

use std::path::Path;

use clap::ValueEnum;

use super::Job;
use crate::calibration::ThresholdChoice;
use crate::dataset::OnUnreadable;
use crate::evaluation::score_as_float;

impl Job {
    /// What is asked for besides the training, by the names of the settings.
    pub(super) fn request(&self) -> toml::Table {
        let mut request = toml::Table::new();
        let mut set = |name: &str, value: toml::Value| request.insert(name.to_owned(), value);
        set("product", self.product.clone().into());
        set("release", i64::from(self.release).into());
        if !self.camera.is_empty() {
            set("camera", self.camera.clone().into());
        }
        if let Some(mask) = self.mask.as_deref().and_then(Path::to_str) {
            set("mask", mask.into());
        }
        set("resolution", self.resolution.to_string().into());
        let chosen = [
            ("metric", self.score.metric.and_then(|metric| metric.to_possible_value())),
            ("pooling", self.score.pooling.to_possible_value()),
            ("normalise", self.score.normalise.to_possible_value()),
            ("margin", self.score.margin.to_possible_value()),
            ("geometry", self.geometry.to_possible_value()),
            ("device", self.device.to_possible_value()),
            ("detectability", self.detectability.to_possible_value()),
        ];
        for (name, choice) in chosen.into_iter().filter_map(|(name, choice)| Some((name, choice?))) {
            set(name, choice.get_name().into());
        }
        match self.threshold {
            ThresholdChoice::Rank(rank) => set("rank", i64::from(rank).into()),
            ThresholdChoice::TargetRate(rate) => set("target-frr", rate.to_string().into()),
            ThresholdChoice::ByHand(threshold) => set("threshold", score_as_float(threshold.raw()).into()),
        };
        set("skip-unreadable", (self.on_unreadable == OnUnreadable::Skip).into());
        request
    }
}
