//! Photographs on disk: where they lie ([`layout`]), how they become the network's input ([`load`]), which of them are
//! there twice ([`duplicates`]), and how the good ones are divided ([`split`]).

pub mod duplicates;
pub mod fingerprint;
pub mod layout;
pub mod load;
mod memory;
pub mod split;
pub mod unreadable;
pub mod used;

pub use fingerprint::fingerprint;
pub use layout::{DatasetError, EvaluationImage, EvaluationSet, GoodImages, Label};
pub use load::{LoadError, LoadedImages, load_good};
pub use split::{Split, SplitError};
pub use unreadable::{LeftOut, OnUnreadable, UnreadableImages};
pub use used::{SplitFiles, UsedFile};
