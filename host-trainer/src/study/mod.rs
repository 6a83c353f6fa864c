//! The paper's study: its three models, its data, its scores and its threshold, run again and reported beside its figures.
//!
//! The paper's threshold is chosen on defective parts, its validation images have twins in training, and its F1 rests on
//! one split of few images. All of this is kept, measured and said; therefore a study seals no bundle. What a station
//! runs, `train` makes.
//!
//! ```text
//! images -> run (variation, training) -> measure (similarity) -> threshold -> spread    \
//!                                                             -> localisation            > record -> tables
//! ```

mod error;
mod images;
mod kept;
mod localisation;
mod measure;
mod record;
mod run;
mod similarity;
mod spread;
mod tables;
mod threshold;
mod variation;

pub use error::StudyError;
pub use images::{PaperImages, Validation};
pub use kept::{Exported, KeptRun, limits};
pub use localisation::{Localisation, TestMap, TestMask};
pub use measure::{Measured, Measurer, ScoreKind};
pub use record::{FigureRecord, ImageRecord, ModelRecord, StudyRecord};
pub use run::{Findings, INPUT, LEAST_PHOTOGRAPHS, Study, TestImage, resized};
pub use spread::Spread;
pub use tables::{Table, markdown, tables};
pub use threshold::{Judgement, ScoreSplit, threshold_of};
pub use variation::{EPOCHS, Variation};
