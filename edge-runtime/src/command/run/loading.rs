//! A bundle made ready to judge: model, masks, thresholds, its file and what is told of it, as one value. At the start
//! of a run, and beside a station that runs.

use anyhow::Context;
use edge_runtime::bundle::BundleFile;
use edge_runtime::camera::SourceKind;
use edge_runtime::clock::MonotonicClock;
use edge_runtime::config::StationConfig;
use edge_runtime::inspector::Inspector;
use edge_runtime::own_threshold::required_own_threshold;
use edge_runtime::reconstruct::TractReconstructor;
use edge_runtime::trust::{Trust, signer_words};
use shared::bundle::BundleId;
use shared::wire::ThresholdSource;

use super::chosen::Chosen;
use super::housekeeping::Judging;
use super::store_trial::StoreTrial;
use crate::log;

/// The inspector of a station.
pub type StationInspector = Inspector<TractReconstructor, MonotonicClock>;

/// A bundle that is ready to judge.
pub struct Loaded {
    /// What judges.
    pub inspector: StationInspector,
    /// What is told of it.
    pub judging: Judging,
    /// What the self-test takes.
    pub bundle: LoadedBundle,
}

/// The bytes of a loaded bundle, and whether it is on trial.
pub struct LoadedBundle {
    file: BundleFile,
    /// The bundle, if it is on trial and there is one to go back to.
    pub on_trial: Option<BundleId>,
}

/// Loads a bundle that was chosen, with this station's own threshold for it if there is one.
pub fn load(config: &StationConfig, trust: &Trust, chosen: Chosen, clock: MonotonicClock) -> anyhow::Result<Loaded> {
    let Chosen { file, pointer, trial } = chosen;
    let bundle = trust.verify(file.bytes())?;
    log::lines::notice(&signer_words(bundle.trust().signed_by()));
    let max_age_us = match config.camera.source {
        // A file is as old as it is.
        SourceKind::Folder | SourceKind::Raw => u64::MAX,
        SourceKind::V4l | SourceKind::Pipe => u64::from(config.camera.max_age_ms) * 1000,
    };
    let own = required_own_threshold(&config.state_dir, bundle.id(), config.trust.threshold)?;
    let mut inspector = Inspector::open(&bundle, clock, max_age_us)
        .with_context(|| format!("{}: the bundle cannot be used", file.path().display()))?
        .with_quality(config.camera.quality.limits()?);
    let (threshold_source, whose) = match &own {
        Some(own) => {
            inspector = inspector.at_station(&bundle, own)?;
            (ThresholdSource::Station, "this station's own")
        }
        None => (ThresholdSource::Bundle, "the bundle's"),
    };
    log::lines::notice(&format!("{whose} threshold judges: {}", inspector.threshold()));
    let judging = Judging {
        bundle: bundle.id(),
        trust: bundle.trust(),
        product: bundle.manifest().product.to_string(),
        threshold: inspector.threshold(),
        threshold_source,
        trial: pointer.map(|pointer| StoreTrial::new(config, pointer, bundle.id(), trial)),
    };
    let on_trial = trial.filter(|_| pointer.is_some_and(|pointer| pointer.previous.is_some()));
    drop(bundle);
    Ok(Loaded { inspector, judging, bundle: LoadedBundle { file, on_trial } })
}

impl LoadedBundle {
    /// Runs the golden frames through `inspector`; `measured` is called after each. Says what came out.
    pub fn self_test(
        &self,
        trust: &Trust,
        inspector: &mut StationInspector,
        measured: impl FnMut(),
    ) -> anyhow::Result<String> {
        let bundle = trust.verify(self.file.bytes())?;
        let report = inspector.self_test_with(&bundle, measured)?;
        if !report.is_proven() {
            return Ok("self-test: the bundle has no golden frames; the model runs, more is not known".to_owned());
        }
        Ok(format!(
            "self-test passed: {} golden frames, {} of their pixels differ, by at most {}",
            report.frames, report.differing_pixels, report.greatest_pixel_difference
        ))
    }
}
