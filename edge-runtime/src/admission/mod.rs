//! Which models are let in: a decoded ONNX file is held against a list of operators and against limits, and what it
//! will cost is counted, before the inference engine sees any of it.
//!
//! Sizes are in elements or bytes as named, work in multiply-accumulates for one image. The shapes are computed here
//! and compared with what the file declares. It does not know what a model is good for, nor whether the engine
//! implements what is allowed: loading in a child process (`preflight`) shows that. `docs/admission.md` has the list
//! and the reasons.

mod attributes;
mod error;
mod graph;
mod node;
mod operators;
mod tensor;
mod wire;

use prost::Message;

use crate::reconstruct::onnx_proto::ModelProto;

pub use error::NotAdmitted;
pub use operators::allowed_operators;

/// What a model may cost at most. The defaults are for a station with 1 GiB of memory, of which the loader's child gets
/// a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file other than weights: names, nodes, shapes.
    pub structure_bytes: u64,
    /// Fields of the file, in the sense of protobuf. A field takes some hundred bytes of memory at most.
    pub fields: u64,
    /// Nodes of the graph.
    pub nodes: u64,
    /// Stored tensors.
    pub tensors: u64,
    /// Elements of all stored tensors.
    pub weights: u64,
    /// Dimensions of any tensor.
    pub rank: usize,
    /// Any one dimension.
    pub dimension: u64,
    /// Multiply-accumulates for one image; what is none of them counts one for each element that comes out.
    pub macs: u64,
    /// Memory of everything that is computed for one image, as if nothing were freed before the end, and of the largest
    /// scratch memory of a convolution.
    pub activation_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            structure_bytes: 1 << 20,
            fields: 1 << 16,
            nodes: 1024,
            tensors: 2048,
            weights: 16 << 20,
            rank: 5,
            dimension: 1 << 24,
            macs: 20_000_000_000,
            activation_bytes: 256 << 20,
        }
    }
}

/// What a model that was let in costs. Units as in [`Limits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Nodes of the graph.
    pub nodes: u64,
    /// Elements of all stored tensors.
    pub weights: u64,
    /// Multiply-accumulates for one image.
    pub macs: u64,
    /// Memory of everything that is computed for one image.
    pub activation_bytes: u64,
}

/// Reads the bytes of an ONNX file. How much memory that takes is known before it is done.
///
/// # Errors
///
/// [`NotAdmitted`] if the bytes are no protobuf message of this kind or hold more than `limits` allow.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<ModelProto, NotAdmitted> {
    wire::scan(bytes, limits)?;
    ModelProto::decode(bytes).map_err(|error| NotAdmitted::Malformed { message: error.to_string() })
}

/// Holds a decoded model against the list and the limits. An open batch counts as one image.
///
/// # Errors
///
/// [`NotAdmitted`] names the first thing that is not allowed, and what is.
pub fn admit(model: &ModelProto, limits: &Limits) -> Result<Work, NotAdmitted> {
    graph::admit(model, limits)
}
