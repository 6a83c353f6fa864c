//! The operators that a model may use: what their inputs and attributes may be, and what comes out at what cost.
//!
//! Those that the trainer writes, and those that autoencoders with skips, tiles, pooling, resizing, normalisation or a
//! dense middle are made of. None has a subgraph, more than one output, an output whose shape depends on pixels, or one
//! that repeats its input a number of times out of the file. Source: the ONNX operator specification, opsets 13 to 21.

mod elementwise;
mod layout;
mod products;
mod resize;
mod windows;

use std::ops::RangeInclusive;

use super::node::{Inferred, Node};
use super::{NotAdmitted, attributes};
use crate::reconstruct::onnx_proto::attribute_proto::AttributeType::{self, Float, Int, Ints, String, Tensor};

/// An operator and its rules.
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) inputs: RangeInclusive<usize>,
    attributes: &'static [(&'static str, AttributeType)],
    infer: fn(&Node<'_>) -> Result<Inferred, NotAdmitted>,
}

const fn operator(
    name: &'static str,
    inputs: RangeInclusive<usize>,
    attributes: &'static [(&'static str, AttributeType)],
    infer: fn(&Node<'_>) -> Result<Inferred, NotAdmitted>,
) -> Operator {
    Operator { name, inputs, attributes, infer }
}

/// `Constant` is handled by the graph, since it gives a stored tensor.
pub(super) const CONSTANT: &str = "Constant";

const CONVOLUTION: &[(&str, AttributeType)] = &[
    ("auto_pad", String),
    ("dilations", Ints),
    ("group", Int),
    ("kernel_shape", Ints),
    ("pads", Ints),
    ("strides", Ints),
];
const TRANSPOSED: &[(&str, AttributeType)] = &[
    ("auto_pad", String),
    ("dilations", Ints),
    ("group", Int),
    ("kernel_shape", Ints),
    ("output_padding", Ints),
    ("pads", Ints),
    ("strides", Ints),
];
const MAX_POOL: &[(&str, AttributeType)] = &[
    ("auto_pad", String),
    ("ceil_mode", Int),
    ("dilations", Ints),
    ("kernel_shape", Ints),
    ("pads", Ints),
    ("storage_order", Int),
    ("strides", Ints),
];
const AVERAGE_POOL: &[(&str, AttributeType)] = &[
    ("auto_pad", String),
    ("ceil_mode", Int),
    ("count_include_pad", Int),
    ("kernel_shape", Ints),
    ("pads", Ints),
    ("strides", Ints),
];
const RESIZE: &[(&str, AttributeType)] = &[
    ("antialias", Int),
    ("coordinate_transformation_mode", String),
    ("cubic_coeff_a", Float),
    ("exclude_outside", Int),
    ("extrapolation_value", Float),
    ("keep_aspect_ratio_policy", String),
    ("mode", String),
    ("nearest_mode", String),
];

const OPERATORS: &[Operator] = &[
    operator("Abs", 1..=1, &[], elementwise::unary),
    operator("Add", 2..=2, &[], elementwise::binary),
    operator("AveragePool", 1..=1, AVERAGE_POOL, windows::pool),
    operator(
        "BatchNormalization",
        5..=5,
        &[("epsilon", Float), ("momentum", Float), ("training_mode", Int)],
        elementwise::batch_normalization,
    ),
    operator("Clip", 1..=3, &[], elementwise::clip),
    operator("Concat", 1..=16, &[("axis", Int)], layout::concat),
    operator(CONSTANT, 0..=0, &[("value", Tensor)], elementwise::unary),
    operator("Conv", 2..=3, CONVOLUTION, windows::conv),
    operator("ConvTranspose", 2..=3, TRANSPOSED, windows::conv_transpose),
    operator("DepthToSpace", 1..=1, &[("blocksize", Int), ("mode", String)], layout::depth_to_space),
    operator("Div", 2..=2, &[], elementwise::binary),
    operator("Elu", 1..=1, &[("alpha", Float)], elementwise::unary),
    operator("Flatten", 1..=1, &[("axis", Int)], layout::flatten),
    operator("Gemm", 2..=3, &[("alpha", Float), ("beta", Float), ("transA", Int), ("transB", Int)], products::gemm),
    operator("GlobalAveragePool", 1..=1, &[], windows::global_average_pool),
    operator("HardSigmoid", 1..=1, &[("alpha", Float), ("beta", Float)], elementwise::unary),
    operator("Identity", 1..=1, &[], elementwise::identity),
    operator("LeakyRelu", 1..=1, &[("alpha", Float)], elementwise::unary),
    operator("MatMul", 2..=2, &[], products::mat_mul),
    operator("MaxPool", 1..=1, MAX_POOL, windows::pool),
    operator("Mean", 2..=2, &[], elementwise::binary),
    operator("Mul", 2..=2, &[], elementwise::binary),
    operator("Neg", 1..=1, &[], elementwise::unary),
    operator("PRelu", 2..=2, &[], elementwise::parametric),
    operator("Pad", 2..=3, &[("mode", String)], layout::pad),
    operator("Relu", 1..=1, &[], elementwise::unary),
    operator("Reshape", 2..=2, &[("allowzero", Int)], layout::reshape),
    operator("Resize", 3..=4, RESIZE, resize::resize),
    operator("Sigmoid", 1..=1, &[], elementwise::unary),
    operator("SpaceToDepth", 1..=1, &[("blocksize", Int)], layout::space_to_depth),
    operator("Sqrt", 1..=1, &[], elementwise::unary),
    operator("Sub", 2..=2, &[], elementwise::binary),
    operator("Tanh", 1..=1, &[], elementwise::unary),
    operator("Transpose", 1..=1, &[("perm", Ints)], layout::transpose),
];

/// The names of the operators that a model may use, in the order of the alphabet.
pub fn allowed_operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|operator| operator.name)
}

impl Operator {
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.name == name)
    }

    /// Checks attributes and shapes of a node and gives what comes out of it.
    pub(super) fn infer(&self, node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
        if !self.inputs.contains(&node.input_count()) {
            let (from, to) = (self.inputs.start(), self.inputs.end());
            return node.refuse(format!("found {} inputs, allowed are {from} to {to}", node.input_count()));
        }
        attributes::check(node, self.attributes)?;
        (self.infer)(node)
    }

    /// As [`infer`](Self::infer), for a node whose result is stored in it: checks the attributes only.
    pub(super) fn check_attributes(&self, node: &Node<'_>) -> Result<(), NotAdmitted> {
        attributes::check(node, self.attributes)
    }
}
