//! Writes an architecture and its weights as an ONNX model: opset 17, IR version 8, float32, one image per run.
//!
//! The bytes depend on nothing but the architecture and the weights: no date, no random name. Source: the ONNX
//! operator specification, `Add`-14, `Conv`-11, `ConvTranspose`-11, `LeakyRelu`-16,
//! `MaxPool`-12, `Mean`-13, `Sigmoid`-13.

use edge_runtime::reconstruct::onnx_proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto::Dimension,
    tensor_shape_proto::dimension, type_proto,
};
use prost::Message;
use shared::image::Size;

use crate::model::{Architecture, ConvShape, LayerSpec, WeightTensor, Weights};

/// Name of the input tensor: `[1, 1, height, width]`, gray 0 to 1.
pub const INPUT_NAME: &str = "frame";
/// Name of the output tensor: the same shape and range.
pub const OUTPUT_NAME: &str = "reconstruction";
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// The model file's bytes.
pub fn to_onnx(architecture: &Architecture, weights: &Weights) -> Vec<u8> {
    let last = architecture.layers.len() - 1;
    let tensor_after = |index: usize| {
        if index == last { OUTPUT_NAME.to_owned() } else { format!("layer{index:02}") }
    };
    let mut previous = INPUT_NAME.to_owned();
    let mut nodes = Vec::with_capacity(architecture.layers.len());
    for (index, layer) in architecture.layers.iter().enumerate() {
        let output = tensor_after(index);
        let mut node = match layer {
            LayerSpec::Conv(shape) => convolution("Conv", index, shape),
            LayerSpec::ConvTranspose(shape) => convolution("ConvTranspose", index, shape),
            LayerSpec::LeakyRelu(slope) => NodeProto {
                op_type: "LeakyRelu".into(),
                attribute: vec![AttributeProto {
                    name: "alpha".into(),
                    r#type: AttributeType::Float.into(),
                    f: *slope as f32,
                    ..Default::default()
                }],
                ..Default::default()
            },
            LayerSpec::PixelBias(_) => NodeProto {
                op_type: "Add".into(),
                input: vec![format!("layer{index:02}.pixels")],
                ..Default::default()
            },
            LayerSpec::Add(from) => {
                NodeProto { op_type: "Add".into(), input: vec![tensor_after(*from)], ..Default::default() }
            }
            LayerSpec::Average(from) => {
                NodeProto { op_type: "Mean".into(), input: vec![tensor_after(*from)], ..Default::default() }
            }
            LayerSpec::MaxPool(pool) => NodeProto {
                op_type: "MaxPool".into(),
                attribute: vec![
                    integers("kernel_shape", vec![pool.kernel as i64; 2]),
                    integers("strides", vec![pool.stride as i64; 2]),
                ],
                ..Default::default()
            },
            LayerSpec::Sigmoid => NodeProto { op_type: "Sigmoid".into(), ..Default::default() },
        };
        node.name = format!("node{index:02}");
        node.input.insert(0, std::mem::replace(&mut previous, output.clone()));
        node.output = vec![output];
        nodes.push(node);
    }
    let graph = GraphProto {
        name: architecture.name.into(),
        node: nodes,
        initializer: weights.tensors().iter().map(initializer).collect(),
        input: vec![image(INPUT_NAME, architecture.size)],
        output: vec![image(OUTPUT_NAME, architecture.size)],
        ..Default::default()
    };
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        graph: Some(graph),
        ..Default::default()
    }
    .encode_to_vec()
}

fn convolution(op_type: &str, index: usize, shape: &ConvShape) -> NodeProto {
    let (kernel, stride, padding) = (shape.kernel as i64, shape.stride as i64, shape.padding as i64);
    NodeProto {
        op_type: op_type.into(),
        input: vec![format!("layer{index:02}.weight"), format!("layer{index:02}.bias")],
        attribute: vec![
            integers("kernel_shape", vec![kernel; 2]),
            integers("strides", vec![stride; 2]),
            integers("pads", vec![padding; 4]),
        ],
        ..Default::default()
    }
}

fn integers(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Ints.into(), ints, ..Default::default() }
}

fn initializer(tensor: &WeightTensor) -> TensorProto {
    TensorProto {
        name: tensor.name.clone(),
        dims: tensor.shape.iter().map(|&d| d as i64).collect(),
        data_type: DataType::Float.into(),
        raw_data: tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..Default::default()
    }
}

fn image(name: &str, size: Size) -> ValueInfoProto {
    let dim = [1, 1, i64::from(size.height), i64::from(size.width)]
        .map(|value| Dimension { value: Some(dimension::Value::DimValue(value)), ..Default::default() })
        .to_vec();
    let tensor = type_proto::Tensor { elem_type: DataType::Float.into(), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::compact;

    #[test]
    fn the_same_weights_give_the_same_bytes_and_other_weights_others() {
        let architecture = compact();
        let one = to_onnx(&architecture, &Weights::initial(&architecture, 1));
        assert_eq!(one, to_onnx(&architecture, &Weights::initial(&architecture, 1)));
        assert_ne!(one, to_onnx(&architecture, &Weights::initial(&architecture, 2)));
    }

    #[test]
    fn the_graph_is_a_chain_from_frame_to_reconstruction() {
        let architecture = compact();
        let bytes = to_onnx(&architecture, &Weights::initial(&architecture, 1));
        let graph = ModelProto::decode(bytes.as_slice()).unwrap().graph.unwrap();
        let mut tensor = INPUT_NAME;
        for node in &graph.node {
            assert_eq!(node.input[0], tensor);
            tensor = &node.output[0];
            for parameter in &node.input[1..] {
                assert!(graph.initializer.iter().any(|i| &i.name == parameter), "{parameter} has no values");
            }
        }
        assert_eq!(tensor, OUTPUT_NAME);
    }
}
