//! Inference by tract: one ONNX model, one image at a time, one thread, f32. This is the only file of the workspace
//! that names tract.
//!
//! The bytes must come from a bundle whose hashes were checked: ONNX protects nothing by itself. A model that
//! [`crate::admission`] does not let in never reaches tract. tract panics on some malformed models; loading and running
//! are therefore guarded, and a panic becomes an error.

use std::fmt;
use std::sync::Arc;

use shared::image::Size;
use tract_onnx::prelude::*;

/// The ONNX protobuf types, for whoever writes or reads models, so that all use the same ones.
pub use tract_onnx::pb as onnx_proto;

use super::interface::check_interface;
use super::{ModelError, ReconstructError, Reconstructor};
use crate::admission::{self, Limits, Work};
use crate::panic_guard;
use crate::trial::{Stage, reached};

/// An ONNX autoencoder, optimised for this processor.
///
/// Its input and output are f32 `[1, 1, height, width]`; a pixel of value `v` enters as `v / 255`.
pub struct TractReconstructor {
    size: Size,
    work: Work,
    plan: Arc<TypedSimplePlan>,
    /// `None` after a failure: a state in which a run broke off is not used again.
    state: Option<TypedSimpleState>,
    input: Arc<Tensor>,
    output: TVec<TValue>,
}

impl TractReconstructor {
    /// Loads and optimises the model in `bytes`, fixing its batch to one image of `size`.
    ///
    /// The model must have exactly one input, `input_name`, and exactly one output, `output_name`, both f32
    /// `[1, 1, height, width]`. The batch may be symbolic in the file.
    ///
    /// # Errors
    ///
    /// [`ModelError`]: not ONNX, other tensors, another shape, not admitted, or an operator that cannot run.
    pub fn from_onnx(bytes: &[u8], input_name: &str, output_name: &str, size: Size) -> Result<Self, ModelError> {
        Self::from_onnx_within(&Limits::default(), bytes, input_name, output_name, size)
    }

    /// As [`from_onnx`](Self::from_onnx), for a model that is within other limits than a station's: for the host, which may
    /// try out what no station has to run.
    ///
    /// # Errors
    ///
    /// As [`from_onnx`](Self::from_onnx).
    pub fn from_onnx_within(
        limits: &Limits,
        bytes: &[u8],
        input_name: &str,
        output_name: &str,
        size: Size,
    ) -> Result<Self, ModelError> {
        guarded(|| load(limits, bytes, input_name, output_name, size))
    }

    /// What one image costs, as it was counted when the model was admitted.
    pub fn work(&self) -> Work {
        self.work
    }
}

/// Loads by `load`, with a panic as an error.
fn guarded(load: impl FnOnce() -> Result<TractReconstructor, ModelError>) -> Result<TractReconstructor, ModelError> {
    panic_guard::catch(load).unwrap_or_else(|panic| Err(ModelError::NotRunnable { message: panicked(&panic) }))
}

impl fmt::Debug for TractReconstructor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TractReconstructor").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Reconstructor for TractReconstructor {
    fn size(&self) -> Size {
        self.size
    }

    fn reconstruct(&mut self, input: &[u8]) -> Result<&[f32], ReconstructError> {
        let expected = self.input.len();
        if input.len() != expected {
            return Err(ReconstructError::InputLength { found: input.len(), expected });
        }
        let state = self.state.take();
        let outcome = panic_guard::catch(|| run(&self.plan, state, &mut self.input, &mut self.output, input));
        match outcome {
            Ok(Ok(state)) => self.state = Some(state),
            Ok(Err(error)) => return Err(ReconstructError::Inference { message: chain(&error) }),
            Err(panic) => return Err(ReconstructError::Inference { message: panicked(&panic) }),
        }
        floats(&self.output).map_err(|error| ReconstructError::Inference { message: chain(&error) })
    }
}

fn load(
    limits: &Limits,
    bytes: &[u8],
    input_name: &str,
    output_name: &str,
    size: Size,
) -> Result<TractReconstructor, ModelError> {
    let proto = admission::decode(bytes, limits)?;
    check_interface(&proto, input_name, output_name, size)?;
    let work = admission::admit(&proto, limits)?;
    prepare(&proto, output_name, size, work)
}

/// Has tract build and optimise a model that was admitted.
fn prepare(
    proto: &onnx_proto::ModelProto,
    output_name: &str,
    size: Size,
    work: Work,
) -> Result<TractReconstructor, ModelError> {
    let engine = tract_onnx::onnx();
    let not_runnable = |error: TractError| ModelError::NotRunnable { message: chain(&error) };

    let shape = [1, 1, usize::from(size.height), usize::from(size.width)];
    let model: InferenceModel = engine.model_for_proto_model(proto).map_err(not_runnable)?;
    let model = model
        .with_input_fact(0, f32::fact(shape).into())
        .and_then(|model| model.into_optimized())
        .map_err(not_runnable)?;
    check_output(&model, output_name, size)?;
    let options = RunOptions { executor: Some(Default::default()), ..RunOptions::default() };
    let plan = TypedSimplePlan::new_with_options(model, &options).map_err(not_runnable)?;
    let state = plan.spawn().map_err(not_runnable)?;
    let input = Tensor::zero::<f32>(&shape).map_err(not_runnable)?;
    Ok(TractReconstructor { size, work, plan, state: Some(state), input: Arc::new(input), output: tvec!() })
}

fn run(
    plan: &Arc<TypedSimplePlan>,
    state: Option<TypedSimpleState>,
    input: &mut Arc<Tensor>,
    output: &mut TVec<TValue>,
    pixels: &[u8],
) -> TractResult<TypedSimpleState> {
    reached(Stage::Model);
    let mut state = match state {
        Some(state) => state,
        None => plan.spawn()?,
    };
    // The last output may be the input itself (a model that the optimiser reduced to nothing): let go of it first.
    output.clear();
    if Arc::get_mut(input).is_none() {
        *input = Arc::new(Tensor::zero::<f32>(input.shape())?);
    }
    if let Some(tensor) = Arc::get_mut(input) {
        let mut view = tensor.try_as_plain_ram_mut()?;
        for (value, &pixel) in view.as_slice_mut::<f32>()?.iter_mut().zip(pixels) {
            *value = f32::from(pixel) / 255.0;
        }
    }
    *output = state.run(tvec!(Arc::clone(input).into_tvalue()))?;
    Ok(state)
}

fn floats(output: &[TValue]) -> TractResult<&[f32]> {
    let tensor = output.first().ok_or_else(|| TractError::msg("the model gave no output"))?;
    tensor.try_as_plain_ram()?.as_slice::<f32>()
}

/// The shape that tract computed for the output, whatever the file declares.
fn check_output(model: &TypedModel, name: &str, size: Size) -> Result<(), ModelError> {
    let fact = model.output_fact(0).map_err(|error| ModelError::NotRunnable { message: chain(&error) })?;
    let wanted = [1, 1, usize::from(size.height), usize::from(size.width)];
    if fact.datum_type == f32::datum_type() && fact.shape.as_concrete() == Some(&wanted[..]) {
        return Ok(());
    }
    Err(ModelError::Shape { end: "output", name: name.to_owned(), found: format!("{fact:?}"), expected: size })
}

fn panicked(message: &str) -> String {
    format!("tract panicked: {message}")
}

/// An error of tract with its causes, in one line.
fn chain(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use onnx_proto::tensor_proto::DataType;
    use onnx_proto::tensor_shape_proto::{Dimension, dimension};
    use onnx_proto::type_proto::{self, Value};
    use onnx_proto::{
        GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto, TypeProto, ValueInfoProto,
    };
    use prost::Message;

    use super::*;

    const SIZE: Size = Size::new(4, 3);

    fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
        let dim = dims
            .iter()
            .map(|&length| Dimension { value: Some(dimension::Value::DimValue(length)), ..Dimension::default() })
            .collect();
        let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim }) };
        ValueInfoProto {
            name: name.to_owned(),
            r#type: Some(TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() }),
            ..ValueInfoProto::default()
        }
    }

    /// A chain of operators without weights from "image" to "redrawn".
    fn chain_of(operators: &[&str], input_dims: &[i64]) -> ModelProto {
        let name = |index: usize| match index {
            0 => "image".to_owned(),
            index if index == operators.len() => "redrawn".to_owned(),
            index => format!("inner{index}"),
        };
        let node = operators
            .iter()
            .enumerate()
            .map(|(index, &operator)| NodeProto {
                op_type: operator.to_owned(),
                name: format!("node{index}"),
                input: vec![name(index)],
                output: vec![name(index + 1)],
                ..NodeProto::default()
            })
            .collect();
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
            graph: Some(GraphProto {
                name: "tiny".to_owned(),
                node,
                input: vec![value("image", input_dims)],
                output: vec![value("redrawn", input_dims)],
                ..GraphProto::default()
            }),
            ..ModelProto::default()
        }
    }

    fn load(model: &ModelProto) -> Result<TractReconstructor, ModelError> {
        TractReconstructor::from_onnx(&model.encode_to_vec(), "image", "redrawn", SIZE)
    }

    #[test]
    fn pixels_go_in_as_fractions_and_come_out_in_order() {
        for operators in [&["Relu"][..], &["Identity"], &["Neg", "Neg"], &["Sqrt", "Relu"]] {
            let mut model = load(&chain_of(operators, &[1, 1, 3, 4])).unwrap();
            // Twice with different pixels: nothing of the first image may stay.
            for offset in [0u8, 100] {
                let pixels: Vec<u8> = (0..12).map(|index| index * 10 + offset).collect();
                let output = model.reconstruct(&pixels).unwrap();
                for (value, pixel) in output.iter().zip(&pixels) {
                    let wanted = f32::from(*pixel) / 255.0;
                    let wanted = if operators[0] == "Sqrt" { wanted.sqrt() } else { wanted };
                    assert_eq!(*value, wanted, "{operators:?}");
                }
                assert_eq!(output.len(), 12);
            }
        }
    }

    #[test]
    fn an_open_batch_is_fixed_to_one() {
        let mut model = chain_of(&["Relu"], &[1, 1, 3, 4]);
        let graph = model.graph.as_mut().unwrap();
        for end in [&mut graph.input[0], &mut graph.output[0]] {
            let Some(Value::TensorType(tensor)) = &mut end.r#type.as_mut().unwrap().value else { panic!() };
            tensor.shape.as_mut().unwrap().dim[0].value = Some(dimension::Value::DimParam("N".to_owned()));
        }
        assert_eq!(load(&model).unwrap().reconstruct(&[255; 12]).unwrap(), [1.0; 12]);
    }

    #[test]
    fn an_input_of_another_length_is_an_error_and_the_next_one_works() {
        let mut model = load(&chain_of(&["Relu"], &[1, 1, 3, 4])).unwrap();
        let error = model.reconstruct(&[0; 11]).unwrap_err();
        assert!(matches!(error, ReconstructError::InputLength { found: 11, expected: 12 }));
        assert!(model.reconstruct(&[0; 12]).is_ok());
    }

    #[test]
    fn other_tensors_and_shapes_are_refused() {
        let good = chain_of(&["Relu"], &[1, 1, 3, 4]).encode_to_vec();
        let refused = |input, output, size| TractReconstructor::from_onnx(&good, input, output, size).err();
        let error = refused("picture", "redrawn", SIZE);
        assert!(matches!(error, Some(ModelError::Tensors { end: "input", .. })), "{error:?}");
        let error = refused("image", "inner", SIZE);
        assert!(matches!(error, Some(ModelError::Tensors { end: "output", .. })), "{error:?}");
        let error = refused("image", "redrawn", Size::new(3, 4));
        assert!(matches!(error, Some(ModelError::Shape { end: "input", .. })), "{error:?}");
        for dims in [&[1, 3, 4][..], &[2, 1, 3, 4], &[1, 3, 3, 4]] {
            let error = load(&chain_of(&["Relu"], dims)).err();
            assert!(matches!(error, Some(ModelError::Shape { end: "input", .. })), "{error:?}");
        }
        // The file may lie about its output: what tract computes counts.
        let mut model = chain_of(&["Flatten"], &[1, 1, 3, 4]);
        model.graph.as_mut().unwrap().output[0] = value("redrawn", &[1, 1, 3, 4]);
        let error = load(&model).err();
        assert!(matches!(error, Some(ModelError::NotAdmitted(_))), "{error:?}");
        let error = guarded(|| prepare(&model, "redrawn", SIZE, Work::default())).err();
        assert!(
            matches!(error, Some(ModelError::Shape { end: "output", .. } | ModelError::NotRunnable { .. })),
            "{error:?}"
        );
    }

    #[test]
    fn unknown_operators_and_missing_graphs_are_refused() {
        let unknown = chain_of(&["Conjure"], &[1, 1, 3, 4]);
        let error = load(&unknown).err();
        assert!(matches!(error, Some(ModelError::NotAdmitted(_))), "{error:?}");
        let error = guarded(|| prepare(&unknown, "redrawn", SIZE, Work::default())).err();
        assert!(matches!(error, Some(ModelError::NotRunnable { .. })), "{error:?}");
        let error = load(&ModelProto::default()).err();
        assert!(matches!(error, Some(ModelError::Unreadable { .. })), "{error:?}");
        let mut model = chain_of(&["Relu"], &[1, 1, 3, 4]);
        model.graph.as_mut().unwrap().node.clear();
        let error = load(&model).err();
        assert!(matches!(error, Some(ModelError::NotRunnable { .. })), "{error:?}");
    }

    #[test]
    fn garbage_and_cut_off_files_are_errors() {
        for garbage in [&b""[..], b"not a model", &[0xff; 1000], &[0; 64]] {
            assert!(TractReconstructor::from_onnx(garbage, "image", "redrawn", SIZE).is_err());
        }
        let whole = chain_of(&["Relu", "Sigmoid"], &[1, 1, 3, 4]).encode_to_vec();
        for length in 0..whole.len() {
            let cut = TractReconstructor::from_onnx(&whole[..length], "image", "redrawn", SIZE);
            // What is left may be a model in itself (the operator set comes last); then it must run.
            if let Ok(mut model) = cut {
                assert_eq!(model.reconstruct(&[0; 12]).unwrap().len(), 12, "cut at {length}");
            }
        }
    }

    #[test]
    fn a_model_that_makes_tract_panic_is_refused() {
        let integers = |name: &str, ints: &[i64]| onnx_proto::AttributeProto {
            name: name.to_owned(),
            r#type: onnx_proto::attribute_proto::AttributeType::Ints as i32,
            ints: ints.to_vec(),
            ..Default::default()
        };
        let mut model = chain_of(&["MaxPool"], &[1, 1, 3, 4]);
        model.graph.as_mut().unwrap().node[0].attribute =
            vec![integers("kernel_shape", &[1, 1]), integers("strides", &[0, 0])];
        let error = load(&model).err();
        assert!(matches!(error, Some(ModelError::NotAdmitted(_))), "{error:?}");
        // What was overlooked is caught.
        let error = guarded(|| prepare(&model, "redrawn", SIZE, Work::default())).err();
        assert!(error.is_some_and(|error| error.to_string().contains("panicked")));
    }

    #[test]
    fn changed_bytes_never_panic() {
        let whole = chain_of(&["Relu", "Sigmoid"], &[1, 1, 3, 4]).encode_to_vec();
        for index in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[index] ^= 1 << bit;
                if let Ok(mut model) = TractReconstructor::from_onnx(&changed, "image", "redrawn", SIZE) {
                    let _ = model.reconstruct(&[0; 12]);
                }
            }
        }
    }
}
