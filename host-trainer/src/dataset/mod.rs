//! Photographs on disk: where they lie ([`layout`]), how the good ones are divided ([`split`]), and how they become
//! the network's input ([`load`]).

pub mod fingerprint;
pub mod layout;
pub mod load;
pub mod split;

pub use fingerprint::fingerprint;
pub use layout::{DatasetError, EvaluationImage, EvaluationSet, GoodImages, Label};
pub use load::{LoadError, LoadedImages, load_good};
pub use split::{Split, SplitError};
