//! The corpus of hostile models, made anew by each run, always the same.

use edge_runtime::reconstruct::onnx_proto::attribute_proto::AttributeType;
use edge_runtime::reconstruct::onnx_proto::tensor_proto::DataType;
use edge_runtime::reconstruct::onnx_proto::tensor_shape_proto::{Dimension, dimension};
use edge_runtime::reconstruct::onnx_proto::type_proto::Value;
use edge_runtime::reconstruct::onnx_proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, SparseTensorProto, StringStringEntryProto,
    TensorProto, TrainingInfoProto,
};
use prost::Message;

use crate::allowed::constant;
use crate::builder::{SIDE, declared, field, floats, int, integers, ints, model, node, text, varint, weights};

const MANY: usize = 100_000;

fn good() -> ModelProto {
    model(vec![node("Relu", &["image"], "redrawn", &[])], vec![])
}

fn changed(change: impl FnOnce(&mut ModelProto)) -> Vec<u8> {
    let mut model = good();
    change(&mut model);
    model.encode_to_vec()
}

fn graph(change: impl FnOnce(&mut GraphProto)) -> Vec<u8> {
    changed(|model| change(model.graph.as_mut().unwrap()))
}

fn chain(nodes: Vec<NodeProto>, stored: Vec<TensorProto>) -> Vec<u8> {
    model(nodes, stored).encode_to_vec()
}

fn one(op: &str, attributes: &[AttributeProto], stored: Vec<TensorProto>) -> Vec<u8> {
    let mut inputs = vec!["image".to_owned()];
    inputs.extend(stored.iter().map(|tensor| tensor.name.clone()));
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    chain(vec![node(op, &inputs, "redrawn", attributes)], stored)
}

fn tensor(change: impl FnOnce(&mut TensorProto)) -> Vec<u8> {
    let mut stored = weights("w", &[1, 1, 3, 3]);
    change(&mut stored);
    one("Conv", &[ints("pads", &[1; 4])], vec![stored])
}

/// A weight of 3 x 3 of which one is `value`.
fn weight_of(value: f32) -> Vec<u8> {
    let mut values = [0.1; 9];
    values[4] = value;
    tensor(|w| *w = floats("w", &[1, 1, 3, 3], &values))
}

/// A node with a graph in an attribute, `depth` times within one another.
fn subgraphs(op: &str, name: &str, depth: usize) -> Vec<u8> {
    let mut inner = GraphProto { node: vec![node("Identity", &["image"], "x", &[])], ..Default::default() };
    for _ in 0..depth {
        let body = AttributeProto {
            name: name.into(),
            r#type: AttributeType::Graph as i32,
            g: Some(inner),
            ..Default::default()
        };
        inner = GraphProto { node: vec![node(op, &["image"], "redrawn", &[body])], ..Default::default() };
    }
    graph(|graph| graph.node = inner.node)
}

fn long_chain(length: usize) -> Vec<u8> {
    let mut names: Vec<String> = (0..=length).map(|index| format!("n{index}")).collect();
    (names[0], names[length]) = ("image".to_owned(), "redrawn".to_owned());
    chain(names.windows(2).map(|pair| node("Relu", &[&pair[0]], &pair[1], &[])).collect(), vec![])
}

/// Name and bytes of every model.
pub fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let conv = |attributes: &[AttributeProto]| one("Conv", attributes, vec![weights("w", &[1, 1, 3, 3])]);
    let up = |attributes: &[AttributeProto], dims: &[i64]| one("ConvTranspose", attributes, vec![weights("w", dims)]);
    let pool = |attributes: &[AttributeProto]| one("MaxPool", attributes, vec![]);
    let kernel = ints("kernel_shape", &[2, 2]);
    let huge = i64::MAX;
    let mut all: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut add = |name: &'static str, bytes: Vec<u8>| all.push((name, bytes));

    add("huge dimension, no bytes", tensor(|w| (w.dims, w.raw_data) = (vec![huge, 1, 3, 3], vec![])));
    add("dimensions whose product overflows", tensor(|w| w.dims = vec![1 << 24; 5]));
    add("product that wraps to the bytes given", tensor(|w| w.dims = vec![9, 1 << 32, 1 << 32]));
    add("zero dimension", tensor(|w| (w.dims, w.raw_data) = (vec![0, 1, 3, 3], vec![])));
    add("negative dimension", tensor(|w| w.dims = vec![-1, 1, 3, -3]));
    add("rank 64", tensor(|w| w.dims = [vec![1; 62], vec![3, 3]].concat()));
    add("fewer bytes than dimensions say", tensor(|w| w.raw_data.truncate(35)));
    add("more bytes than dimensions say", tensor(|w| w.raw_data.extend([0; 4])));
    add("bytes and a list of the same tensor", tensor(|w| w.float_data = vec![0.0; 9]));
    add(
        "strings as weights",
        tensor(|w| {
            (w.data_type, w.raw_data, w.string_data) = (DataType::String as i32, vec![], vec![vec![65; 1000]; 9]);
        }),
    );
    add("f64 as weights", tensor(|w| (w.data_type, w.raw_data) = (DataType::Double as i32, vec![0; 72])));
    add("unknown element type", tensor(|w| w.data_type = 999));
    add(
        "external data",
        tensor(|w| {
            let entry = StringStringEntryProto { key: "location".into(), value: "/etc/passwd".into() };
            (w.data_location, w.external_data, w.raw_data) = (Some(1), vec![entry], vec![]);
        }),
    );
    add(
        "external data without the flag",
        tensor(|w| {
            w.external_data = vec![StringStringEntryProto { key: "location".into(), value: "../x".into() }];
        }),
    );
    add("NaN as a weight", weight_of(f32::NAN));
    add("infinity as a weight", weight_of(f32::INFINITY));
    add("negative infinity as a weight", weight_of(f32::NEG_INFINITY));
    add(
        "NaN in a constant",
        chain(vec![constant("c", floats("", &[1], &[f32::NAN])), node("Mul", &["image", "c"], "redrawn", &[])], vec![]),
    );
    add(
        "more weights than allowed",
        graph(|graph| {
            let big = TensorProto {
                name: "big".into(),
                dims: vec![1 << 12, (1 << 12) + 1],
                data_type: DataType::Float as i32,
                raw_data: vec![0; 4 << 12 << 12 | 4 << 12],
                ..Default::default()
            };
            graph.initializer = vec![big];
        }),
    );

    add("stride 0", conv(&[ints("strides", &[0, 0]), ints("pads", &[1; 4])]));
    add("stride 0 of a pool", pool(&[kernel.clone(), ints("strides", &[0, 0])]));
    add("negative stride", pool(&[kernel.clone(), ints("strides", &[-1, 1])]));
    add("kernel 0", pool(&[ints("kernel_shape", &[0, 0])]));
    add("kernel of 2^62", pool(&[ints("kernel_shape", &[1 << 62, 1])]));
    add("kernel other than the weights", conv(&[ints("kernel_shape", &[5, 5]), ints("pads", &[2; 4])]));
    add("kernel larger than the image", pool(&[ints("kernel_shape", &[200, 200])]));
    add("negative pads", conv(&[ints("pads", &[-1; 4])]));
    add("pads that overflow", conv(&[ints("pads", &[huge; 4])]));
    add("pads of 2^30", pool(&[kernel.clone(), ints("pads", &[1 << 30; 4])]));
    add("dilation 0", conv(&[ints("dilations", &[0, 0])]));
    add("dilation of 2^40", conv(&[ints("dilations", &[1 << 40; 2])]));
    add("group 0", conv(&[int("group", 0), ints("pads", &[1; 4])]));
    add("group that does not divide", conv(&[int("group", 7), ints("pads", &[1; 4])]));
    add("weights of other channels", one("Conv", &[ints("pads", &[1; 4])], vec![weights("w", &[1, 5, 3, 3])]));
    add(
        "bias of another length",
        one("Conv", &[ints("pads", &[1; 4])], vec![weights("w", &[1, 1, 3, 3]), weights("b", &[3])]),
    );
    add("transposed convolution to 2^40", up(&[ints("strides", &[1 << 40; 2])], &[1, 1, 2, 2]));
    add("transposed convolutions that grow, 255 times each", {
        let mut names = vec!["image".to_owned()];
        names.extend((1..8).map(|index| format!("t{index}")));
        let nodes = names
            .windows(2)
            .map(|pair| node("ConvTranspose", &[&pair[0], "w"], &pair[1], &[ints("strides", &[255, 255])]));
        let end = node("GlobalAveragePool", &["t7"], "redrawn", &[]);
        chain(nodes.chain([end]).collect(), vec![weights("w", &[1, 1, 2, 2])])
    });
    add("output_shape of 2^31", up(&[ints("output_shape", &[1 << 31; 2])], &[1, 1, 2, 2]));
    add("output padding of 10^9", up(&[ints("output_padding", &[1_000_000_000; 2])], &[1, 1, 1, 1]));

    let resize = |stored: TensorProto| {
        let mut inputs = vec!["image", ""];
        if stored.data_type == DataType::Int64 as i32 {
            inputs.push("");
        }
        inputs.push("r");
        chain(vec![node("Resize", &inputs, "redrawn", &[])], vec![stored])
    };
    add("resize by 10^6", resize(floats("r", &[4], &[1.0, 1.0, 1e6, 1e6])));
    add("resize by 64, five times", {
        let names = ["image", "a", "b", "c", "d", "e"];
        let mut nodes: Vec<_> =
            names.windows(2).map(|pair| node("Resize", &[pair[0], "", "r"], pair[1], &[])).collect();
        nodes.push(node("GlobalAveragePool", &["e"], "redrawn", &[]));
        chain(nodes, vec![floats("r", &[4], &[1.0, 1.0, 64.0, 64.0])])
    });
    add("resize by NaN", resize(floats("r", &[4], &[1.0, 1.0, f32::NAN, 1.0])));
    add("resize by -1", resize(floats("r", &[4], &[1.0, 1.0, -1.0, 1.0])));
    add("resize to 2^50", resize(integers("r", &[1, 1, 1 << 50, 1 << 50])));
    add("resize by the pixels", chain(vec![node("Resize", &["image", "", "image"], "redrawn", &[])], vec![]));

    let reshape = |dims: &[i64]| one("Reshape", &[], vec![integers("s", dims)]);
    add("reshape to more", reshape(&[1, 1, SIDE * 1000, SIDE]));
    add("reshape with two open dimensions", reshape(&[-1, -1, SIDE, SIDE]));
    add("reshape whose product wraps", reshape(&[1 << 32, 1 << 32, SIDE, SIDE]));
    add("reshape to negative dimensions", reshape(&[-16, -16, 1, 1]));
    add("reshape to the pixels", chain(vec![node("Reshape", &["image", "image"], "redrawn", &[])], vec![]));
    add("expand to 2^40", one("Expand", &[], vec![integers("s", &[1, 1, 1 << 20, 1 << 20])]));
    add("tile by 10^6", one("Tile", &[], vec![integers("s", &[1, 1, 1_000_000, 1_000_000])]));
    add(
        "constant of 2^40 by its shape",
        chain(
            vec![node("ConstantOfShape", &["s"], "c", &[]), node("Mul", &["image", "c"], "redrawn", &[])],
            vec![integers("s", &[1 << 40])],
        ),
    );
    add("range to 2^40", one("Range", &[], vec![integers("a", &[1 << 40]), integers("b", &[1])]));
    add("pad by 2^40", one("Pad", &[], vec![integers("p", &[0, 0, 1 << 40, 0, 0, 0, 0, 0])]));
    add(
        "pad that reflects more than there is",
        one("Pad", &[text("mode", "reflect")], vec![integers("p", &[0, 0, 99, 0, 0, 0, 0, 0])]),
    );
    add(
        "product of vectors as a matrix of 2^32",
        chain(
            vec![
                node("Add", &["a", "b"], "c", &[]),
                node("GlobalAveragePool", &["c"], "d", &[]),
                node("Add", &["image", "d"], "redrawn", &[]),
            ],
            vec![weights("a", &[1, 1, 1 << 16, 1]), weights("b", &[1, 1, 1, 1 << 16])],
        ),
    );
    add(
        "gemm of 2^40",
        chain(
            vec![
                node("MatMul", &["a", "b"], "c", &[]),
                node("GlobalAveragePool", &["c"], "d", &[]),
                node("Add", &["image", "d"], "redrawn", &[]),
            ],
            vec![weights("a", &[1, 1, 1 << 20, 1]), weights("b", &[1, 1, 1, 1 << 20])],
        ),
    );
    add(
        "gemm of matrices that do not fit",
        chain(
            vec![node("Flatten", &["image"], "f", &[]), node("Gemm", &["f", "w"], "redrawn", &[])],
            vec![weights("w", &[7, 7])],
        ),
    );
    add("convolutions of 21.7 * 10^9 multiply-accumulates", {
        let pads = [ints("pads", &[1; 4])];
        let names: Vec<String> = (0..11).map(|index| format!("c{index}")).collect();
        let mut nodes = vec![node("Conv", &["image", "in"], "c0", &pads)];
        nodes.extend(names.windows(2).map(|pair| node("Conv", &[&pair[0], "w"], &pair[1], &pads)));
        nodes.push(node("Conv", &["c10", "out"], "redrawn", &pads));
        let stored = [("in", [1024, 1, 3, 3]), ("w", [1024, 1024, 3, 3]), ("out", [1, 1024, 3, 3])];
        chain(nodes, stored.iter().map(|(name, dims)| weights(name, dims)).collect())
    });

    add("10^5 nodes", long_chain(MANY));
    add("10^5 empty nodes", {
        let nodes = [0x0a, 0].repeat(MANY);
        [good().encode_to_vec(), field(7, &nodes)].concat()
    });
    add(
        "10^5 stored tensors",
        graph(|graph| {
            graph.initializer = (0..MANY).map(|n| floats(&format!("w{n}"), &[1], &[0.5])).collect();
        }),
    );
    add(
        "10^5 inputs",
        graph(|graph| {
            graph.input.extend((0..MANY).map(|n| declared(&format!("i{n}"), &[1])));
        }),
    );
    add("10^5 attributes", graph(|graph| graph.node[0].attribute = vec![int("x", 1); MANY]));
    add("2000 nodes", long_chain(2000));
    add("a name of 3 MiB", graph(|graph| graph.node[0].name = "n".repeat(3 << 20)));
    add(
        "a cycle of two nodes",
        chain(
            vec![
                node("Add", &["image", "b"], "a", &[]),
                node("Relu", &["a"], "b", &[]),
                node("Relu", &["b"], "redrawn", &[]),
            ],
            vec![],
        ),
    );
    add("a node that reads itself", chain(vec![node("Add", &["image", "redrawn"], "redrawn", &[])], vec![]));
    add(
        "nodes in the wrong order",
        chain(vec![node("Relu", &["a"], "redrawn", &[]), node("Relu", &["image"], "a", &[])], vec![]),
    );
    add("an input that nothing gives", chain(vec![node("Add", &["image", "ghost"], "redrawn", &[])], vec![]));
    add(
        "two outputs of one name",
        chain(
            vec![node("Relu", &["image"], "redrawn", &[]), {
                let mut second = node("Neg", &["image"], "redrawn", &[]);
                second.name = "second".into();
                second
            }],
            vec![],
        ),
    );
    add(
        "two nodes of one name",
        chain(
            vec![node("Relu", &["image"], "a", &[]), {
                let mut second = node("Relu", &["a"], "redrawn", &[]);
                second.name = "node of a".into();
                second
            }],
            vec![],
        ),
    );
    add("two stored tensors of one name", graph(|graph| graph.initializer = vec![weights("w", &[1]); 2]));
    add(
        "a node that writes the input",
        chain(vec![node("Relu", &["image"], "image", &[]), node("Relu", &["image"], "redrawn", &[])], vec![]),
    );
    add("no operator set", changed(|model| model.opset_import.clear()));
    add("operator set 1", changed(|model| model.opset_import[0].version = 1));
    add("operator set 2^40", changed(|model| model.opset_import[0].version = 1 << 40));
    add(
        "two operator sets",
        changed(|model| {
            model.opset_import.push(OperatorSetIdProto { domain: "com.example".into(), version: 1 });
        }),
    );
    add("IR version 99", changed(|model| model.ir_version = 99));
    add("unknown domain", graph(|graph| graph.node[0].domain = "com.example".into()));
    add("unknown operator", one("Conjure", &[], vec![]));
    add("unknown attribute", one("Relu", &[int("secret", 1)], vec![]));
    add("attribute of another type", conv(&[int("pads", 1)]));
    add(
        "attribute that refers to a function",
        one(
            "LeakyRelu",
            &[AttributeProto {
                name: "alpha".into(),
                r#type: AttributeType::Float as i32,
                ref_attr_name: "alpha".into(),
                ..Default::default()
            }],
            vec![],
        ),
    );
    add("If with subgraphs", subgraphs("If", "then_branch", 1));
    add("Loop of 2^60 rounds", subgraphs("Loop", "body", 1));
    add("subgraphs, 30 deep", subgraphs("If", "then_branch", 30));
    add("a subgraph in an allowed operator", subgraphs("Relu", "alpha", 1));
    add("protobuf messages, 100,000 deep", {
        // Of the outermost field, then again and again of a node, an attribute and a graph in it.
        let mut content = (0..MANY).scan(0u64, |length, _| {
            let inner = *length;
            *length += 1 + varint(inner).len() as u64;
            Some(inner)
        });
        let mut headers: Vec<Vec<u8>> = Vec::new();
        for (level, length) in content.by_ref().enumerate() {
            let number = if level + 1 == MANY { 7 } else { [1, 5, 6][(MANY - 2 - level) % 3] };
            headers.push([vec![number << 3 | 2], varint(length)].concat());
        }
        headers.into_iter().rev().flatten().collect()
    });
    add("groups, 100,000 deep", [0x0b].repeat(MANY));
    add("functions", changed(|model| model.functions = vec![Default::default(); 3]));
    add(
        "training information",
        changed(|model| {
            model.training_info =
                vec![TrainingInfoProto { initialization: Some(GraphProto::default()), ..Default::default() }];
        }),
    );
    add(
        "sparse tensors",
        graph(|graph| {
            let dims = vec![1 << 40, 1 << 40];
            graph.sparse_initializer = vec![SparseTensorProto { dims, ..Default::default() }];
        }),
    );
    add(
        "open height",
        graph(|graph| {
            let Some(Value::TensorType(tensor)) = &mut graph.input[0].r#type.as_mut().unwrap().value else { return };
            let open = Some(dimension::Value::DimParam("height".into()));
            tensor.shape.as_mut().unwrap().dim[2] = Dimension { value: open, ..Default::default() };
        }),
    );
    add("output declared otherwise than computed", chain(vec![node("Flatten", &["image"], "redrawn", &[])], vec![]));
    add(
        "inner tensor declared with 2^40 elements",
        graph(|graph| {
            graph.value_info = vec![declared("redrawn", &[1, 1, 1 << 20, 1 << 20])];
        }),
    );
    add("length that lies", [&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x07][..], &good().encode_to_vec()].concat());
    add("cut in the middle", {
        let whole = one("Conv", &[ints("pads", &[1; 4])], vec![weights("w", &[1, 1, 3, 3])]);
        whole[..whole.len() / 2].to_vec()
    });
    add("no model at all", b"\x7fELF and so on".repeat(1000));
    add("one byte", vec![0]);
    all
}
