//! Products of matrices.

use super::elementwise::broadcast;
use crate::admission::NotAdmitted;
use crate::admission::node::{Inferred, Node};
use crate::admission::tensor::Value;

pub(super) fn gemm(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let matrix = |index: usize, transposed: &str| {
        let transposed = node.integer(transposed, 0, 0, 1)? == 1;
        match node.float(index)?.dims[..] {
            [rows, columns] => Ok(if transposed { (columns, rows) } else { (rows, columns) }),
            ref other => node.refuse(format!("found input {index} of dimensions {other:?}, expected a matrix")),
        }
    };
    let ((rows, inner), (other_inner, columns)) = (matrix(0, "transA")?, matrix(1, "transB")?);
    if inner != other_inner {
        return node.refuse(format!("found {inner} columns and {other_inner} rows, expected as many"));
    }
    let dims = vec![rows, columns];
    if node.optional(2).is_some() {
        let bias = &node.float(2)?.dims;
        if broadcast(&dims, bias).as_ref() != Some(&dims) {
            return node.refuse(format!("found a bias of dimensions {bias:?}, expected some that fit {dims:?}"));
        }
    }
    let value = Value::computed(dims);
    Ok(Inferred { macs: value.len().saturating_mul(u128::from(inner)), value, scratch: 0 })
}

/// The last two dimensions are matrices, those before are broadcast.
pub(super) fn mat_mul(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (a, b) = (&node.float(0)?.dims, &node.float(1)?.dims);
    let refused = || node.refuse(format!("found inputs of dimensions {a:?} and {b:?}, expected matrices that fit"));
    let ([a_batch @ .., rows, inner], [b_batch @ .., other_inner, columns]) = (&a[..], &b[..]) else {
        return refused();
    };
    let Some(mut dims) = broadcast(a_batch, b_batch).filter(|_| inner == other_inner) else { return refused() };
    dims.extend([rows, columns]);
    let value = Value::computed(dims);
    Ok(Inferred { macs: value.len().saturating_mul(u128::from(*inner)), value, scratch: 0 })
}
