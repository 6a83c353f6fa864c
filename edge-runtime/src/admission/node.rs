//! One node with what is known of its inputs, as the rules of its operator see it.

use super::NotAdmitted;
use super::error::shown;
use super::tensor::{Elements, Value};
use crate::reconstruct::onnx_proto::{AttributeProto, NodeProto};

/// A node whose inputs are known.
#[derive(Debug)]
pub(super) struct Node<'a> {
    proto: &'a NodeProto,
    operator: &'static str,
    /// `None`: an optional input that is left out.
    inputs: Vec<Option<&'a Value>>,
}

/// What a node gives and costs.
#[derive(Debug)]
pub(super) struct Inferred {
    /// What comes out.
    pub(super) value: Value,
    /// Multiply-accumulates.
    pub(super) macs: u128,
    /// Elements of scratch memory while it runs.
    pub(super) scratch: u128,
}

impl Inferred {
    /// A tensor of these dimensions, one operation for each element.
    pub(super) fn plain(dims: Vec<u64>) -> Self {
        let value = Value::computed(dims);
        Self { macs: value.len(), value, scratch: 0 }
    }
}

impl<'a> Node<'a> {
    pub(super) fn new(proto: &'a NodeProto, operator: &'static str, inputs: Vec<Option<&'a Value>>) -> Self {
        Self { proto, operator, inputs }
    }

    pub(super) fn attributes(&self) -> &'a [AttributeProto] {
        &self.proto.attribute
    }

    pub(super) fn refuse<T>(&self, problem: String) -> Result<T, NotAdmitted> {
        Err(NotAdmitted::Node { node: label(self.proto), operator: self.operator, problem })
    }

    pub(super) fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// The input at `index`, if it is there.
    pub(super) fn optional(&self, index: usize) -> Option<&'a Value> {
        self.inputs.get(index).copied().flatten()
    }

    /// The f32 tensor at `index`.
    pub(super) fn float(&self, index: usize) -> Result<&'a Value, NotAdmitted> {
        match self.optional(index) {
            Some(value) if value.is_float() => Ok(value),
            Some(_) => self.refuse(format!("found integers as input {index}, allowed is f32")),
            None => self.refuse(format!("found no input {index}, expected f32")),
        }
    }

    /// The f32 tensor at `index`, stored in the file.
    pub(super) fn weight(&self, index: usize) -> Result<&'a Value, NotAdmitted> {
        let value = self.float(index)?;
        if value.stored {
            return Ok(value);
        }
        self.refuse(format!("found a computed input {index}, allowed is a stored tensor"))
    }

    /// The stored f32 tensor at `index`, of dimensions `[length]`.
    pub(super) fn vector(&self, index: usize, length: u64) -> Result<(), NotAdmitted> {
        let dims = &self.weight(index)?.dims;
        if *dims == [length] {
            return Ok(());
        }
        self.refuse(format!("found input {index} of dimensions {dims:?}, expected [{length}]"))
    }

    /// The stored number at `index`, `None` if that input is left out.
    pub(super) fn optional_number(&self, index: usize) -> Result<Option<f32>, NotAdmitted> {
        match self.optional(index) {
            None => Ok(None),
            Some(Value { elements: Elements::KnownFloats(values), stored: true, .. }) if values.len() == 1 => {
                Ok(values.first().copied())
            }
            Some(_) => self.refuse(format!("found another input {index} than allowed, a stored f32")),
        }
    }

    /// The stored integers at `index`.
    pub(super) fn stored_integers(&self, index: usize) -> Result<&'a [i64], NotAdmitted> {
        match self.optional(index) {
            Some(Value { elements: Elements::Ints(values), stored: true, .. }) => Ok(values),
            _ => self.refuse(format!("input {index}: allowed are stored i64")),
        }
    }
}

/// How messages call a node.
pub(super) fn label(proto: &NodeProto) -> String {
    let name = if proto.name.is_empty() { proto.output.first().map_or("", |output| output) } else { &proto.name };
    format!("\"{}\"", shown(name))
}
