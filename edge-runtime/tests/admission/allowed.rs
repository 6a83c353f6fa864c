//! Every operator on the list, in a small model: admitted with the shape that the engine computes, and run by it.

use std::collections::BTreeSet;

use edge_runtime::admission::{Limits, admit, allowed_operators, decode};
use edge_runtime::reconstruct::onnx_proto::attribute_proto::AttributeType;
use edge_runtime::reconstruct::onnx_proto::{AttributeProto, ModelProto, NodeProto, TensorProto};
use edge_runtime::reconstruct::{Reconstructor, TractReconstructor};
use prost::Message;

use crate::builder::{SIDE, float, floats, int, integers, ints, model, node, text, weights};
use crate::bundle::SIZE;

/// Models that give an image of the size they take. If a shape came out otherwise here than in the engine, one of the
/// two would refuse it.
pub fn models() -> Vec<ModelProto> {
    let flat = SIDE * SIDE;
    let one =
        |op: &str, attributes: &[AttributeProto]| model(vec![node(op, &["image"], "redrawn", attributes)], vec![]);
    let chain = |nodes: Vec<NodeProto>, stored: Vec<TensorProto>| model(nodes, stored);
    let mut all: Vec<ModelProto> =
        ["Abs", "Identity", "Neg", "Relu", "Sigmoid", "Sqrt", "Tanh"].iter().map(|op| one(op, &[])).collect();
    all.extend([
        one("LeakyRelu", &[float("alpha", 0.1)]),
        one("Elu", &[float("alpha", 0.5)]),
        one("HardSigmoid", &[float("alpha", 0.2), float("beta", 0.5)]),
    ]);
    for op in ["Add", "Sub", "Mean", "Mul", "Div"] {
        for dims in [&[1, 1, SIDE, SIDE][..], &[SIDE], &[1], &[]] {
            let count = dims.iter().product::<i64>() as usize;
            let stored = floats("b", dims, &vec![0.5; count]);
            all.push(chain(vec![node(op, &["image", "b"], "redrawn", &[])], vec![stored]));
        }
    }
    let conv = |attributes: &[AttributeProto], dims: &[i64]| {
        chain(
            vec![node("Conv", &["image", "w", "b"], "redrawn", attributes)],
            vec![weights("w", dims), weights("b", &[dims[0]])],
        )
    };
    all.extend([
        conv(&[ints("pads", &[1, 1, 1, 1])], &[1, 1, 3, 3]),
        conv(&[ints("pads", &[2, 1, 2, 1]), ints("dilations", &[2, 1])], &[1, 1, 3, 3]),
        conv(&[ints("pads", &[1, 0, 2, 1]), ints("kernel_shape", &[4, 2])], &[1, 1, 4, 2]),
    ]);
    // Down by strides with groups, up by transposed convolutions.
    let strided = |up: &[AttributeProto], up_dims: &[i64]| {
        let down = [ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])];
        chain(
            vec![
                node("Conv", &["image", "w"], "a", &down),
                node("Conv", &["a", "g"], "c", &[int("group", 2)]),
                node("ConvTranspose", &["c", "u", "b"], "redrawn", up),
            ],
            vec![weights("w", &[4, 1, 4, 4]), weights("g", &[4, 2, 1, 1]), weights("u", up_dims), weights("b", &[1])],
        )
    };
    let two = ints("strides", &[2, 2]);
    all.extend([
        strided(std::slice::from_ref(&two), &[4, 1, 2, 2]),
        strided(&[two.clone(), ints("pads", &[1, 1, 1, 1])], &[4, 1, 4, 4]),
        strided(&[two.clone(), ints("pads", &[1, 1, 1, 1]), ints("output_padding", &[1, 1])], &[4, 1, 3, 3]),
    ]);
    let kernel = ints("kernel_shape", &[2, 2]);
    let factors = floats("f", &[4], &[1.0, 1.0, 2.0, 2.0]);
    for pool in ["MaxPool", "AveragePool"] {
        let same = [ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])];
        all.push(one(pool, &same));
        for (mode, transformation) in [("nearest", "asymmetric"), ("linear", "half_pixel")] {
            let how = [text("mode", mode), text("coordinate_transformation_mode", transformation)];
            let down = node(pool, &["image"], "a", &[kernel.clone(), two.clone()]);
            let up = node("Resize", &["a", "", "f"], "redrawn", &how);
            all.push(chain(vec![down.clone(), up], vec![factors.clone()]));
            let up = node("Resize", &["a", "", "", "s"], "redrawn", &how);
            all.push(chain(vec![down, up], vec![integers("s", &[1, 1, SIDE, SIDE])]));
        }
    }
    let gains = ["s", "b", "m", "v"].map(|name| floats(name, &[1], &[0.5]));
    all.extend([
        chain(
            vec![node("BatchNormalization", &["image", "s", "b", "m", "v"], "redrawn", &[float("epsilon", 1e-3)])],
            gains.to_vec(),
        ),
        chain(
            vec![node("Clip", &["image", "l", "h"], "redrawn", &[])],
            vec![floats("l", &[], &[0.1]), floats("h", &[], &[0.9])],
        ),
        chain(vec![node("PRelu", &["image", "s"], "redrawn", &[])], vec![floats("s", &[1, 1, 1], &[0.1])]),
        chain(
            vec![
                node("Concat", &["image", "image"], "a", &[int("axis", 1)]),
                node("Conv", &["a", "w"], "redrawn", &[]),
            ],
            vec![weights("w", &[1, 2, 1, 1])],
        ),
        chain(
            vec![node("GlobalAveragePool", &["image"], "a", &[]), node("Add", &["image", "a"], "redrawn", &[])],
            vec![],
        ),
        chain(
            vec![
                node("Pad", &["image", "p"], "a", &[text("mode", "reflect")]),
                node("Conv", &["a", "w"], "redrawn", &[]),
            ],
            vec![integers("p", &[0, 0, 1, 2, 0, 0, 1, 2]), weights("w", &[1, 1, 3, 5])],
        ),
        chain(
            vec![
                node("Flatten", &["image"], "a", &[]),
                node("Gemm", &["a", "w", "b"], "c", &[int("transB", 1)]),
                node("MatMul", &["c", "u"], "d", &[]),
                node("Reshape", &["d", "s"], "redrawn", &[]),
            ],
            vec![
                weights("w", &[8, flat]),
                weights("b", &[8]),
                weights("u", &[8, flat]),
                integers("s", &[0, 1, SIDE, -1]),
            ],
        ),
        chain(
            vec![
                node("Transpose", &["image"], "a", &[ints("perm", &[0, 1, 3, 2])]),
                node("SpaceToDepth", &["a"], "b", &[int("blocksize", 2)]),
                node("DepthToSpace", &["b"], "redrawn", &[int("blocksize", 2), text("mode", "CRD")]),
            ],
            vec![],
        ),
        chain(
            vec![constant("c", floats("", &[1, 1, 1, 1], &[0.5])), node("Mul", &["image", "c"], "redrawn", &[])],
            vec![],
        ),
    ]);
    all
}

pub fn constant(name: &str, value: TensorProto) -> NodeProto {
    let value = AttributeProto {
        name: "value".into(),
        r#type: AttributeType::Tensor as i32,
        t: Some(value),
        ..Default::default()
    };
    node("Constant", &[], name, &[value])
}

#[test]
fn every_allowed_operator_is_admitted_and_runs_in_the_engine() {
    let mut seen = BTreeSet::new();
    for model in models() {
        let operators: Vec<&str> = model.graph.as_ref().unwrap().node.iter().map(|n| n.op_type.as_str()).collect();
        let bytes = model.encode_to_vec();
        let work = admit(&decode(&bytes, &Limits::default()).unwrap(), &Limits::default());
        let work = work.unwrap_or_else(|error| panic!("{operators:?}: {error}"));
        assert!(work.macs > 0 && work.activation_bytes >= (2 * SIDE * SIDE * 4) as u64, "{operators:?}: {work:?}");
        let loaded = TractReconstructor::from_onnx(&bytes, "image", "redrawn", SIZE);
        let mut loaded = loaded.unwrap_or_else(|error| panic!("{operators:?}: {error}"));
        assert_eq!(loaded.work(), work);
        let output = loaded.reconstruct(&vec![128; SIZE.area()]).unwrap();
        assert_eq!(output.len(), SIZE.area(), "{operators:?}");
        seen.extend(operators.into_iter().map(str::to_owned));
    }
    let allowed: BTreeSet<String> = allowed_operators().map(str::to_owned).collect();
    assert_eq!(seen, allowed);
}

#[test]
fn work_is_what_the_layers_add_up_to() {
    let nodes = vec![
        node("Conv", &["image", "w"], "a", &[ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])]),
        node("ConvTranspose", &["a", "u"], "redrawn", &[ints("strides", &[2, 2])]),
    ];
    let model = model(nodes, vec![weights("w", &[4, 1, 4, 4]), weights("u", &[4, 1, 2, 2])]);
    let work = admit(&model, &Limits::default()).unwrap();
    assert_eq!((work.nodes, work.weights), (2, 64 + 16));
    // 8 x 8 pixels of 4 channels of 16 taps; each of these pixels gives 2 x 2, and 256 are added up.
    assert_eq!(work.macs, 64 * 4 * 16 + 64 * 4 * 4 + 256);
    // Input, both outputs, and the larger matrix of windows: 64 windows of 16 taps.
    assert_eq!(work.activation_bytes, 4 * (256 + 256 + 256 + 64 * 16));
    for (limits, what) in [
        (Limits { macs: work.macs - 1, ..Limits::default() }, "multiply-accumulates"),
        (Limits { weights: work.weights - 1, ..Limits::default() }, "weights"),
        (Limits { activation_bytes: work.activation_bytes - 1, ..Limits::default() }, "bytes of activations"),
        (Limits { nodes: 1, ..Limits::default() }, "nodes"),
    ] {
        let error = admit(&model, &limits).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    let exact =
        Limits { macs: work.macs, weights: work.weights, activation_bytes: work.activation_bytes, ..Limits::default() };
    assert_eq!(admit(&model, &exact), Ok(work));
}

/// The bytes of a good model with one bit changed: an error or a model that runs, never a panic.
#[test]
fn changed_bits_are_refused_or_run() {
    let (mut refused, mut run) = (0, 0);
    for model in models().into_iter().step_by(3) {
        let whole = model.encode_to_vec();
        for index in 0..whole.len().min(300) {
            let mut changed = whole.clone();
            changed[index] ^= 1 << (index % 8);
            match decode(&changed, &Limits::default()).and_then(|model| admit(&model, &Limits::default())) {
                Err(error) => {
                    assert!((1..2000).contains(&error.to_string().len()));
                    refused += 1;
                }
                Ok(work) => {
                    assert!(work.macs <= Limits::default().macs);
                    run += 1;
                }
            }
        }
    }
    assert!(refused > 100 && run > 100, "{refused} {run}");
}

/// Not a test: writes what the fuzzer starts from, `cargo test -p edge-runtime --test admission -- --ignored corpus`.
#[test]
#[ignore = "writes fuzz/corpus/admission"]
fn write_the_corpus_of_the_fuzzer() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/admission");
    std::fs::create_dir_all(&folder).unwrap();
    let good = models().into_iter().map(|model| model.encode_to_vec());
    let hostile = crate::hostile::corpus().into_iter().map(|(_, bytes)| bytes);
    for (index, bytes) in good.chain(hostile).filter(|bytes| bytes.len() <= 1500).enumerate() {
        std::fs::write(folder.join(format!("{index:03}")), bytes).unwrap();
    }
}
