//! How well a bundle judges: the station's own inspector on labelled images, and the rates and curves that follow.
//!
//! [`evaluate`] judges a data set; `metrics` holds the figures as functions of numbers, `pixels` counts pixels image by
//! image, `figures` names everything that comes out. `docs/metrics.md` has the definitions.

mod baseline;
mod figures;
mod mask;
mod metrics;
mod overlap;
mod pixels;
mod run;
#[cfg(test)]
mod tests;

pub use baseline::MeanFrame;
pub use figures::{Alternative, Evaluation, Kind, roc, score_as_float};
pub use mask::Mask;
pub use metrics::{Bootstrap, Counts, Interval, RateBounds, Resample, RocPoint, best_f1, f1, image_auroc, quantile};
pub use overlap::{Overlap, TestImage};
pub use pixels::{AnomalyMap, KindPixelFigures, PixelFigures, PixelTally};
pub use run::{EvaluationError, Judged, evaluate};
