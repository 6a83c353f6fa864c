//! Why a model is not let in. Names that come out of the file are cut to [`MAX_NAME`] characters.

use super::operators::allowed_operators;

/// How much of a name is repeated in a message.
const MAX_NAME: usize = 64;

/// Why a model is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// The bytes are no ONNX file.
    #[error("the bytes are no ONNX file: {message}; export the model again")]
    Malformed {
        /// What is wrong with them.
        message: String,
    },
    /// The model is greater than allowed.
    #[error("found {found} {what}, allowed are {allowed} at most; make the model smaller")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How much there is, at least.
        found: u64,
        /// How much may be.
        allowed: u64,
    },
    /// The file is of a version that is not known here.
    #[error("found {what} {found}, allowed are {from} to {to}; export the model in one of these")]
    Version {
        /// Which version.
        what: &'static str,
        /// The version found.
        found: i64,
        /// The first one allowed.
        from: i64,
        /// The last one allowed.
        to: i64,
    },
    /// The file uses a part of ONNX that no model for a station needs.
    #[error("found {found}, which no model may have; export the model without it")]
    Feature {
        /// Which part.
        found: String,
    },
    /// A node is of an operator that is not on the list.
    #[error(
        "node {node}: found the operator \"{operator}\", allowed are {}; export the model with these alone",
        allowed_operators().collect::<Vec<_>>().join(", ")
    )]
    Operator {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A node has inputs, attributes or shapes that it may not have.
    #[error("node {node} ({operator}): {problem}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        operator: &'static str,
        /// What was found and what is allowed.
        problem: String,
    },
    /// A tensor or its name is otherwise than allowed.
    #[error("tensor \"{name}\": {problem}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What was found and what is allowed.
        problem: String,
    },
    /// A weight is no number.
    #[error("tensor \"{name}\": found {found} at index {index}, allowed are finite numbers; train the model again")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Which element.
        index: usize,
        /// NaN or an infinity.
        found: String,
    },
}

impl NotAdmitted {
    pub(super) fn tensor(name: &str, problem: String) -> Self {
        Self::Tensor { name: shown(name), problem }
    }

    pub(super) fn limit(what: &'static str, found: u64, allowed: u64) -> Self {
        Self::Limit { what, found, allowed }
    }

    pub(super) fn feature(found: impl Into<String>) -> Self {
        Self::Feature { found: found.into() }
    }
}

/// A name out of the file as a message may repeat it.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(MAX_NAME).flat_map(char::escape_debug).collect();
    if name.chars().nth(MAX_NAME).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Refuses a count above its limit.
pub(super) fn at_most(what: &'static str, found: u64, allowed: u64) -> Result<(), NotAdmitted> {
    if found > allowed { Err(NotAdmitted::limit(what, found, allowed)) } else { Ok(()) }
}
