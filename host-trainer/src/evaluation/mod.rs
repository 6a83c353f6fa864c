//! How well a bundle judges: the station's own inspector on labelled images, and the rates and curves that follow.

mod baseline;
mod metrics;
mod overlap;
mod run;

pub use baseline::MeanFrame;
pub use metrics::{Counts, best_f1, f1, image_auroc};
pub use overlap::{Overlap, TestImage};
pub use run::{Alternative, Evaluation, Judged, Kind, evaluate, score_as_float};
