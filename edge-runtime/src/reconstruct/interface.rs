//! What an ONNX file says of its tensors, compared with what the manifest promises, before the inference engine sees
//! the graph. It does not know what the operators do.

use std::collections::HashSet;

use shared::image::Size;

use super::ModelError;
use super::onnx_proto::tensor_proto::DataType;
use super::onnx_proto::tensor_shape_proto::dimension::Value as Dimension;
use super::onnx_proto::type_proto::Value as ValueType;
use super::onnx_proto::{GraphProto, ModelProto, ValueInfoProto};

/// How many names an error repeats.
const MAX_NAMES: usize = 4;

/// Checks that the model has exactly one input and one output, of the names, type and shape expected.
///
/// Tensors with a weight behind them are no inputs. The batch may be open, and so may any side of the output, which the
/// engine computes; what it computed is checked later.
///
/// # Errors
///
/// [`ModelError`] names the tensor that is otherwise.
pub(super) fn check_interface(
    proto: &ModelProto,
    input_name: &str,
    output_name: &str,
    size: Size,
) -> Result<(), ModelError> {
    let Some(graph) = &proto.graph else {
        return Err(ModelError::Unreadable { message: "it contains no graph".to_owned() });
    };
    let weights: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs: Vec<_> = graph.input.iter().filter(|value| !weights.contains(value.name.as_str())).collect();
    let outputs: Vec<_> = graph.output.iter().collect();
    check_end("input", &inputs, input_name, size)?;
    check_end("output", &outputs, output_name, size)?;
    if !is_computed(graph, output_name) {
        return Err(ModelError::NotRunnable { message: format!("nothing computes the output \"{output_name}\"") });
    }
    Ok(())
}

fn is_computed(graph: &GraphProto, name: &str) -> bool {
    graph.node.iter().any(|node| node.output.iter().any(|output| output == name))
}

fn check_end(end: &'static str, values: &[&ValueInfoProto], name: &str, size: Size) -> Result<(), ModelError> {
    let [value] = values else {
        return Err(other_tensors(end, values, name));
    };
    if value.name != name {
        return Err(other_tensors(end, values, name));
    }
    let is_output = end == "output";
    let found = declared(value);
    let fits = match &found {
        None => is_output,
        Some((is_f32, dims)) => {
            let is = |dim: Option<i64>, wanted: i64, may_be_open: bool| dim.map_or(may_be_open, |dim| dim == wanted);
            *is_f32
                && matches!(dims[..], [batch, channel, height, width]
                    if is(batch, 1, true)
                        && is(channel, 1, is_output)
                        && is(height, i64::from(size.height), is_output)
                        && is(width, i64::from(size.width), is_output))
        }
    };
    if fits {
        return Ok(());
    }
    let found = match found {
        Some((is_f32, dims)) => {
            let dims: Vec<String> =
                dims.iter().map(|dim| dim.map_or_else(|| "?".to_owned(), |dim| dim.to_string())).collect();
            format!("{} [{}]", if is_f32 { "f32" } else { "not f32" }, dims.join(", "))
        }
        None => "of no declared shape".to_owned(),
    };
    Err(ModelError::Shape { end, name: name.to_owned(), found, expected: size })
}

fn other_tensors(end: &'static str, values: &[&ValueInfoProto], name: &str) -> ModelError {
    let names: Vec<&str> = values.iter().take(MAX_NAMES).map(|value| value.name.as_str()).collect();
    let found = if names.is_empty() { "missing".to_owned() } else { format!("\"{}\"", names.join("\", \"")) };
    ModelError::Tensors { end, found, expected: name.to_owned() }
}

/// Whether a tensor is declared f32, and its dimensions (`None`: symbolic); `None` if it has no declared shape.
fn declared(value: &ValueInfoProto) -> Option<(bool, Vec<Option<i64>>)> {
    let ValueType::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()?;
    let dims = tensor.shape.as_ref()?.dim.iter().map(|dim| match dim.value {
        Some(Dimension::DimValue(length)) => Some(length),
        _ => None,
    });
    Some((tensor.elem_type == DataType::Float as i32, dims.collect()))
}
