//! The model as a whole: versions, what it may not have, and its graph from the inputs on, node by node.
//!
//! Every name is given once, and a node reads only what was given before it: then there is no cycle.

use std::collections::HashMap;

use super::error::{at_most, shown};
use super::node::{Inferred, Node, label};
use super::operators::{CONSTANT, Operator};
use super::tensor::{self, Value};
use super::{Limits, NotAdmitted, Work};
use crate::reconstruct::onnx_proto::tensor_proto::DataType;
use crate::reconstruct::onnx_proto::tensor_shape_proto::dimension::Value as Dimension;
use crate::reconstruct::onnx_proto::type_proto::Value as ValueType;
use crate::reconstruct::onnx_proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto};

/// From 13 on, the parameters of an operator are where this module looks for them.
const OPSETS: (i64, i64) = (13, 21);
const IR_VERSIONS: (i64, i64) = (4, 11);

/// Bytes of an element that is computed.
const ELEMENT_BYTES: u128 = 4;

pub(super) fn admit(model: &ModelProto, limits: &Limits) -> Result<Work, NotAdmitted> {
    version("IR version", model.ir_version, IR_VERSIONS)?;
    if !model.training_info.is_empty() {
        return Err(NotAdmitted::feature("training information"));
    }
    if !model.functions.is_empty() {
        return Err(NotAdmitted::feature("functions"));
    }
    let [opset] = &model.opset_import[..] else {
        return Err(NotAdmitted::feature(format!("{} operator sets instead of one", model.opset_import.len())));
    };
    default_domain(&opset.domain)?;
    version("operator set", opset.version, OPSETS)?;
    let Some(graph) = &model.graph else { return Err(NotAdmitted::feature("no graph")) };
    if !graph.sparse_initializer.is_empty() {
        return Err(NotAdmitted::feature("sparse tensors"));
    }
    if !graph.quantization_annotation.is_empty() {
        return Err(NotAdmitted::feature("annotations of a quantisation"));
    }
    at_most("nodes", graph.node.len() as u64, limits.nodes)?;
    at_most("stored tensors", graph.initializer.len() as u64, limits.tensors)?;

    let mut walk = Walk { limits, values: HashMap::new(), work: Work::default(), computed: 0, scratch: 0 };
    walk.begin(graph)?;
    node_names(graph)?;
    for (index, node) in graph.node.iter().enumerate() {
        let inferred = walk.infer(node, &graph.node[index..])?;
        walk.add(node, inferred)?;
    }
    for value in graph.output.iter().chain(&graph.value_info) {
        walk.declared(value)?;
    }
    walk.work.nodes = graph.node.len() as u64;
    Ok(walk.work)
}

fn version(what: &'static str, found: i64, (from, to): (i64, i64)) -> Result<(), NotAdmitted> {
    if (from..=to).contains(&found) { Ok(()) } else { Err(NotAdmitted::Version { what, found, from, to }) }
}

fn default_domain(domain: &str) -> Result<(), NotAdmitted> {
    if domain.is_empty() || domain == "ai.onnx" {
        return Ok(());
    }
    Err(NotAdmitted::feature(format!("the operator domain \"{}\"", shown(domain))))
}

fn node_names(graph: &GraphProto) -> Result<(), NotAdmitted> {
    let mut names: Vec<&str> =
        graph.node.iter().map(|node| node.name.as_str()).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(NotAdmitted::feature(format!("two nodes named \"{}\"", shown(pair[0])))),
        None => Ok(()),
    }
}

/// What is known on the way from the inputs to the outputs.
struct Walk<'a> {
    limits: &'a Limits,
    values: HashMap<&'a str, Value>,
    work: Work,
    /// Bytes of everything computed so far.
    computed: u128,
    /// Bytes of the largest scratch memory so far.
    scratch: u128,
}

impl<'a> Walk<'a> {
    /// Takes stored tensors and inputs.
    fn begin(&mut self, graph: &'a GraphProto) -> Result<(), NotAdmitted> {
        for stored in &graph.initializer {
            let value = tensor::check(&stored.name, stored, &mut self.work.weights, self.limits)?;
            self.define(&stored.name, value)?;
        }
        for input in &graph.input {
            let dims = declared_dims(input, self.limits)?;
            let Some(dims) = dims else {
                return Err(NotAdmitted::tensor(&input.name, "found an input without dimensions".to_owned()));
            };
            // In old files a stored tensor is also an input.
            if self.values.get(input.name.as_str()).is_some_and(|value| value.stored) {
                self.declared(input)?;
                continue;
            }
            // The batch may be open, and is one then.
            let dims: Vec<u64> = match &dims[..] {
                [batch, rest @ ..] if rest.iter().all(Option::is_some) => {
                    [batch.unwrap_or(1)].into_iter().chain(rest.iter().flatten().copied()).collect()
                }
                _ => {
                    let problem = "found an open dimension, allowed is an open batch alone".to_owned();
                    return Err(NotAdmitted::tensor(&input.name, problem));
                }
            };
            let value = Value::computed(dims);
            self.computed += value.len() * ELEMENT_BYTES;
            self.define(&input.name, value)?;
        }
        self.check_work()
    }

    fn define(&mut self, name: &'a str, value: Value) -> Result<(), NotAdmitted> {
        if name.is_empty() {
            return Err(NotAdmitted::tensor(name, "found a tensor without a name, expected one".to_owned()));
        }
        match self.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(NotAdmitted::tensor(name, "found the name twice, allowed is once".to_owned())),
        }
    }

    /// What `node` gives; `rest` are the nodes from it on.
    fn infer(&mut self, node: &'a NodeProto, rest: &[NodeProto]) -> Result<Inferred, NotAdmitted> {
        default_domain(&node.domain)?;
        let Some(operator) = Operator::of(&node.op_type) else {
            return Err(NotAdmitted::Operator { node: label(node), operator: shown(&node.op_type) });
        };
        let refused = |problem: String| NotAdmitted::Node { node: label(node), operator: operator.name, problem };
        at_most("inputs of one node", node.input.len() as u64, 16)?;
        if node.output.len() != 1 {
            return Err(refused(format!("found {} outputs, allowed is one", node.output.len())));
        }
        let mut inputs = Vec::with_capacity(node.input.len());
        for name in &node.input {
            let input = self.values.get(name.as_str());
            if input.is_none() && !name.is_empty() {
                let later = rest.iter().any(|node| node.output.contains(name));
                let why =
                    if later { "is computed by it or after it, in a cycle or out of order" } else { "nothing gives" };
                return Err(refused(format!("found the input \"{}\", which {why}", shown(name))));
            }
            inputs.push(input);
        }
        // Left out at the end is left out.
        while inputs.last().is_some_and(Option::is_none) {
            inputs.pop();
        }
        let seen = Node::new(node, operator.name, inputs);
        if operator.name != CONSTANT {
            return operator.infer(&seen);
        }
        operator.check_attributes(&seen)?;
        let stored = node.attribute.first().and_then(|attribute| attribute.t.as_ref());
        let Some(stored) = stored.filter(|_| node.input.is_empty()) else {
            return Err(refused("found no value or an input, expected a value and none".to_owned()));
        };
        let value = tensor::check(&node.output[0], stored, &mut self.work.weights, self.limits)?;
        Ok(Inferred { value, macs: 0, scratch: 0 })
    }

    fn add(&mut self, node: &'a NodeProto, inferred: Inferred) -> Result<(), NotAdmitted> {
        let Inferred { value, macs, scratch } = inferred;
        let name = &node.output[0];
        let dims: Vec<i64> = value.dims.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect();
        tensor::check_dims(name, &dims, self.limits)?;
        self.computed = self.computed.saturating_add(value.len().saturating_mul(ELEMENT_BYTES));
        self.scratch = self.scratch.max(scratch.saturating_mul(ELEMENT_BYTES));
        self.work.macs = self.work.macs.saturating_add(u64::try_from(macs).unwrap_or(u64::MAX));
        self.check_work()?;
        self.define(name, value)
    }

    fn check_work(&mut self) -> Result<(), NotAdmitted> {
        let bytes = self.computed.saturating_add(self.scratch);
        self.work.activation_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        at_most("bytes of activations", self.work.activation_bytes, self.limits.activation_bytes)?;
        at_most("multiply-accumulates for one image", self.work.macs, self.limits.macs)
    }

    /// Holds what the file declares of a tensor against what is known.
    fn declared(&self, value: &ValueInfoProto) -> Result<(), NotAdmitted> {
        let Some(known) = self.values.get(value.name.as_str()) else {
            return Err(NotAdmitted::tensor(&value.name, "it is declared, and nothing gives it".to_owned()));
        };
        let Some(dims) = declared_dims(value, self.limits)? else { return Ok(()) };
        let fits = dims.len() == known.dims.len()
            && dims.iter().zip(&known.dims).all(|(dim, &known)| dim.is_none_or(|dim| dim == known));
        if fits && known.is_float() {
            return Ok(());
        }
        let dims: Vec<String> = dims.iter().map(|dim| dim.map_or("?".to_owned(), |dim| dim.to_string())).collect();
        let problem = format!("it is declared as [{}], and is {:?}", dims.join(", "), known.dims);
        Err(NotAdmitted::tensor(&value.name, problem))
    }
}

/// The dimensions that a tensor is declared to have, `None` for an open one; no list if there is no declaration.
fn declared_dims(value: &ValueInfoProto, limits: &Limits) -> Result<Option<Vec<Option<u64>>>, NotAdmitted> {
    let Some(ValueType::TensorType(declared)) = value.r#type.as_ref().and_then(|kind| kind.value.as_ref()) else {
        return Ok(None);
    };
    if declared.elem_type != DataType::Float as i32 {
        return Err(NotAdmitted::tensor(&value.name, "found another element type, allowed is f32".to_owned()));
    }
    let Some(shape) = &declared.shape else { return Ok(None) };
    let open_as_one = shape.dim.iter().map(|dim| match dim.value {
        Some(Dimension::DimValue(length)) => length,
        _ => 1,
    });
    let lengths = tensor::check_dims(&value.name, &open_as_one.collect::<Vec<_>>(), limits)?;
    let is_open = |dim: &Option<Dimension>| !matches!(dim, Some(Dimension::DimValue(_)));
    Ok(Some(shape.dim.iter().zip(lengths).map(|(dim, length)| (!is_open(&dim.value)).then_some(length)).collect()))
}
