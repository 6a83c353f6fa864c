//! Pipeline and inspector with the model of a bundle in tract.

use shared::bundle::{Bundle, SectionKind};

use super::Inspector;
use crate::clock::Clock;
use crate::pipeline::{Pipeline, PipelineError};
use crate::reconstruct::{ModelError, TractReconstructor};

/// Why a verified bundle cannot be inspected with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The bundle has no model. A verified bundle always has one.
    #[error("the bundle has no model; seal it again")]
    NoModel,
    /// The model cannot be used.
    #[error("the bundle's model cannot be used")]
    Model(#[from] ModelError),
    /// The bundle's parts do not fit each other.
    #[error("the bundle's parts do not fit each other")]
    Pipeline(#[from] PipelineError),
}

/// The measuring part for `bundle`, with the bundle's model in tract: for whoever needs scores without verdicts.
///
/// # Errors
///
/// [`OpenError`] if the model cannot be loaded or does not fit the rest of the bundle.
pub fn open_pipeline(bundle: &Bundle<'_>) -> Result<Pipeline<TractReconstructor>, OpenError> {
    let manifest = bundle.manifest();
    let model = &manifest.model;
    let onnx = bundle.section(SectionKind::Onnx).ok_or(OpenError::NoModel)?;
    let reconstructor = TractReconstructor::from_onnx(onnx, &model.input_name, &model.output_name, model.size)?;
    Ok(Pipeline::with_reference(manifest.preprocessing, manifest.recipe, bundle.reference(), reconstructor)?)
}

impl<C: Clock> Inspector<TractReconstructor, C> {
    /// An inspector for `bundle`, with the bundle's model in tract. `max_age_us` as in [`Inspector::new`].
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the model cannot be loaded or does not fit the rest of the bundle.
    pub fn open(bundle: &Bundle<'_>, clock: C, max_age_us: u64) -> Result<Self, OpenError> {
        Ok(Self::around(open_pipeline(bundle)?, bundle, clock, max_age_us)?)
    }
}
