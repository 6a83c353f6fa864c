//! Operators that give one element for each of their input's, and their broadcasting.

use crate::admission::NotAdmitted;
use crate::admission::node::{Inferred, Node};

pub(super) fn unary(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    Ok(Inferred::plain(node.float(0)?.dims.clone()))
}

pub(super) fn identity(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    match node.optional(0) {
        Some(value) => Ok(Inferred { value: value.clone(), macs: value.len(), scratch: 0 }),
        None => node.refuse("found no input, expected one".to_owned()),
    }
}

pub(super) fn binary(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (a, b) = (&node.float(0)?.dims, &node.float(1)?.dims);
    match broadcast(a, b) {
        Some(dims) => Ok(Inferred::plain(dims)),
        None => node.refuse(format!("found inputs of dimensions {a:?} and {b:?}, which cannot be broadcast")),
    }
}

/// The slope is broadcast to the input, never the other way round.
pub(super) fn parametric(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (input, slope) = (&node.float(0)?.dims, &node.weight(1)?.dims);
    match broadcast(input, slope) {
        Some(dims) if dims == *input => Ok(Inferred::plain(dims)),
        _ => node.refuse(format!("found a slope of dimensions {slope:?}, expected some that fit {input:?}")),
    }
}

pub(super) fn clip(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (low, high) = (node.optional_number(1)?, node.optional_number(2)?);
    if let (Some(low), Some(high)) = (low, high)
        && low > high
    {
        return node.refuse(format!("found the bounds {low} and {high}, allowed is a lower one that is not above"));
    }
    unary(node)
}

pub(super) fn batch_normalization(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    node.integer("training_mode", 0, 0, 0)?;
    let epsilon = node.attribute("epsilon").map_or(1e-5, |attribute| attribute.f);
    if epsilon < 0.0 {
        return node.refuse(format!("found epsilon {epsilon}, allowed is none below 0"));
    }
    let input = node.float(0)?;
    let Some(&channels) = input.dims.get(1) else {
        return node.refuse(format!("found an input of dimensions {:?}, expected channels", input.dims));
    };
    (1..5).try_for_each(|index| node.vector(index, channels))?;
    Ok(Inferred::plain(input.dims.clone()))
}

/// The dimensions of a result of inputs of these two, by ONNX's rule: aligned at the end, equal or 1.
pub(super) fn broadcast(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (kept, aligned) = long.split_at(long.len() - short.len());
    let both = aligned.iter().zip(short).map(|(&x, &y)| match (x, y) {
        (x, y) if x == y => Some(x),
        (x, 1) => Some(x),
        (1, y) => Some(y),
        _ => None,
    });
    kept.iter().copied().map(Some).chain(both).collect()
}
