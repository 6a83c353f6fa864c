//! Photographs on disk: where they lie ([`layout`]), what they are like at first sight ([`survey`], [`alignment`]) and what
//! network's input that calls for ([`geometry`]), how they become it ([`load`]), which of them are
//! there twice ([`duplicates`]), and how the good ones are divided ([`split`]).

pub mod alignment;
pub mod duplicates;
pub mod fingerprint;
pub mod geometry;
pub mod layout;
pub mod load;
mod memory;
pub mod resolution;
pub mod split;
pub mod survey;
pub mod unreadable;
pub mod used;

pub use fingerprint::fingerprint;
pub use geometry::{ChosenGeometry, GeometryChoice};
pub use layout::{DatasetError, EvaluationImage, EvaluationSet, GoodImages, Label};
pub use load::{LoadError, LoadedImages, load_good, load_good_as};
pub use resolution::Resolution;
pub use split::{Development, DevelopmentImage, Split, SplitError};
pub use survey::Survey;
pub use unreadable::{LeftOut, OnUnreadable, UnreadableImages};
pub use used::{SplitFiles, UsedFile};
