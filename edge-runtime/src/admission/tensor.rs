//! Stored tensors: of f32 or, for parameters such as shapes, of a few i64; inside the file; as many bytes as their
//! dimensions say; finite.

use super::error::at_most;
use super::{Limits, NotAdmitted};
use crate::reconstruct::onnx_proto::TensorProto;
use crate::reconstruct::onnx_proto::tensor_proto::{DataLocation, DataType};

/// Stored tensors of at most so many elements are kept, since they may be parameters.
const MAX_PARAMETERS: u64 = 64;

/// What a tensor of the graph is known to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// Its dimensions; none for a scalar.
    pub(super) dims: Vec<u64>,
    /// What its elements are, and which, if that matters.
    pub(super) elements: Elements,
    /// Whether it is stored in the file.
    pub(super) stored: bool,
}

/// The elements of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    /// Numbers that nothing here depends on.
    Floats,
    /// A few stored numbers.
    KnownFloats(Vec<f32>),
    /// A few stored integers.
    Ints(Vec<i64>),
}

impl Value {
    /// A tensor that is computed.
    pub(super) fn computed(dims: Vec<u64>) -> Self {
        Self { dims, elements: Elements::Floats, stored: false }
    }

    pub(super) fn is_float(&self) -> bool {
        !matches!(self.elements, Elements::Ints(_))
    }

    pub(super) fn len(&self) -> u128 {
        elements(&self.dims)
    }
}

/// The product of dimensions. It cannot overflow with dimensions that [`check_dims`] let through.
pub(super) fn elements(dims: &[u64]) -> u128 {
    dims.iter().fold(1u128, |product, &dim| product.saturating_mul(u128::from(dim)))
}

/// Checks the dimensions of any tensor.
pub(super) fn check_dims(name: &str, dims: &[i64], limits: &Limits) -> Result<Vec<u64>, NotAdmitted> {
    let allowed = |&dim: &i64| u64::try_from(dim).ok().filter(|dim| (1..=limits.dimension).contains(dim));
    let checked: Option<Vec<u64>> = if dims.len() <= limits.rank { dims.iter().map(allowed).collect() } else { None };
    checked.ok_or_else(|| {
        let shown: Vec<_> = dims.iter().take(limits.rank + 1).map(i64::to_string).collect();
        NotAdmitted::tensor(
            name,
            format!(
                "found {} dimensions, [{}{}], allowed are {} of 1 to {} each",
                dims.len(),
                shown.join(", "),
                if dims.len() > shown.len() { ", ..." } else { "" },
                limits.rank,
                limits.dimension
            ),
        )
    })
}

/// Checks a stored tensor and adds its elements to `weights`.
pub(super) fn check(
    name: &str,
    tensor: &TensorProto,
    weights: &mut u64,
    limits: &Limits,
) -> Result<Value, NotAdmitted> {
    let wrong = |problem: String| Err(NotAdmitted::tensor(name, problem));
    let location = tensor.data_location.unwrap_or(DataLocation::Default as i32);
    if location != DataLocation::Default as i32 || !tensor.external_data.is_empty() {
        return wrong("found data outside of the file, allowed is data inside; export the model as one file".into());
    }
    if tensor.segment.is_some() {
        return wrong("found a segment of a tensor, allowed are whole ones".into());
    }
    let dims = check_dims(name, &tensor.dims, limits)?;
    let length = u64::try_from(elements(&dims)).unwrap_or(u64::MAX);
    *weights = weights.saturating_add(length);
    at_most("weights", *weights, limits.weights)?;
    let others =
        [tensor.int32_data.len(), tensor.string_data.len(), tensor.double_data.len(), tensor.uint64_data.len()];
    if others.iter().any(|&other| other > 0) {
        return wrong("found elements of another type than declared, allowed are f32, and i64 for parameters".into());
    }
    let elements = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) => {
            fits(name, tensor, length, 4, tensor.float_data.len(), tensor.int64_data.len())?;
            let raw = tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            let mut all = raw.chain(tensor.float_data.iter().copied());
            if let Some((index, found)) = all.clone().enumerate().find(|(_, value)| !value.is_finite()) {
                return Err(NotAdmitted::NotFinite {
                    name: super::error::shown(name),
                    index,
                    found: found.to_string(),
                });
            }
            if length <= MAX_PARAMETERS { Elements::KnownFloats(all.by_ref().collect()) } else { Elements::Floats }
        }
        Ok(DataType::Int64) => {
            if length > MAX_PARAMETERS {
                return wrong(format!("found {length} integers, allowed are {MAX_PARAMETERS}, for parameters"));
            }
            fits(name, tensor, length, 8, tensor.int64_data.len(), tensor.float_data.len())?;
            let raw = tensor.raw_data.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
            Elements::Ints(raw.chain(tensor.int64_data.iter().copied()).collect())
        }
        Ok(other) => {
            return wrong(format!(
                "found elements of type {}, allowed are f32, and i64 for parameters",
                other.as_str_name()
            ));
        }
        Err(_) => return wrong(format!("found the unknown element type {}, allowed is f32", tensor.data_type)),
    };
    Ok(Value { dims, elements, stored: true })
}

/// Checks that the elements are there once, in bytes or as a list, and as many as the dimensions say.
fn fits(
    name: &str,
    tensor: &TensorProto,
    length: u64,
    width: u64,
    listed: usize,
    others: usize,
) -> Result<(), NotAdmitted> {
    let (raw, listed) = (tensor.raw_data.len() as u64, listed as u64);
    if others == 0 && ((raw == length * width && listed == 0) || (raw == 0 && listed == length)) {
        return Ok(());
    }
    Err(NotAdmitted::tensor(
        name,
        format!(
            "found {raw} bytes and {listed} listed elements, expected {} bytes or {length} elements by its dimensions",
            length * width
        ),
    ))
}
