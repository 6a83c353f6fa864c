//! The pages that `train`, `evaluate`, `study` and the demonstration leave behind: one HTML file each, complete in itself.
//!
//! A page has no script and refers to nothing outside it; it can be mailed, printed and opened in ten years. The same
//! inputs give the same bytes: no page holds a date. Names of files and products are escaped by `maud`, and a content
//! security policy forbids the rest.
//!
//! ```text
//! cases (which images) -> redraw (their pictures) -> panel  \
//! chart (loss, scores, ROC)                                   > evaluation, training -> page
//! text, colour_scale, picture                               /
//! ```

use std::path::PathBuf;

use edge_runtime::camera::decode::DecodeError;
use edge_runtime::inspector::OpenError;
use edge_runtime::pipeline::MeasureError;
use shared::bundle::BundleError;
use shared::score::Score;

mod cases;
mod chart;
mod colour_scale;
mod detectability;
mod evaluation;
mod page;
mod panel;
mod picture;
mod redraw;
mod study;
#[cfg(test)]
mod testing;
mod text;
mod training;

pub use colour_scale::colour_of_level;
pub use evaluation::EvaluationReport;
pub use page::CONTENT_SECURITY_POLICY;
pub use study::study_page;
pub use training::{loss_svg, training_page};

use crate::versions::PROGRAM;

/// A report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The bytes are no bundle.
    #[error("the bundle is refused; seal it again")]
    Bundle(#[from] BundleError),
    /// The bundle cannot be inspected with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An image that was judged a moment ago cannot be read any more.
    #[error(transparent)]
    Read(#[from] DecodeError),
    /// An image that was judged a moment ago cannot be measured any more.
    #[error("{}: cannot be measured again for the report; leave the photographs where they are", path.display())]
    Again {
        /// The image.
        path: PathBuf,
        /// Why not.
        source: MeasureError,
    },
    /// An image gives another score than a moment ago.
    #[error(
        "{}: scored {found} for the report, {expected} before; do not change the photographs while they are judged",
        path.display()
    )]
    Changed {
        /// The image.
        path: PathBuf,
        /// The score that was found.
        found: Score,
        /// The score that it had.
        expected: Score,
    },
}
