//! The figures of an evaluation as functions of scores, maps and masks: no file, no model, no text. `docs/metrics.md`
//! defines each of them.
//!
//! Defective is the positive class unless a name says `good_positive`. Scores and map values are Q24 integers; a part
//! is called defective from the threshold on. Shares and areas are 0 to 1.

mod aupro;
mod bilinear;
mod bootstrap;
mod counts;
mod histogram;
mod interval;
mod ladder;
mod overlap;
mod ranking;
mod regions;
mod roc;

pub use aupro::aupro;
pub use bilinear::Bilinear;
pub use bootstrap::{Bootstrap, Resample, quantile};
pub use counts::{Counts, RateBounds, f1};
pub use histogram::{Binning, PixelHistogram, SparseHistogram};
pub use interval::Interval;
pub use ladder::{Ladder, Level};
pub use overlap::Overlap;
pub use ranking::{auroc, average_precision, best_f1, f1_max, f1_max_good_positive, image_auroc};
pub use regions::Regions;
pub use roc::{RocPoint, roc_points};
