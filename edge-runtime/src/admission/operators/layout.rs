//! Operators that move elements: nothing is computed, and what comes out is as large as what goes in, padding apart.

use crate::admission::NotAdmitted;
use crate::admission::node::{Inferred, Node};
use crate::admission::tensor::elements;

/// The greatest side of a block that becomes channels, or the other way round.
const MAX_BLOCK: i64 = 64;
/// The most elements of padding on one side of a dimension.
const MAX_PAD: i64 = 1 << 12;

pub(super) fn concat(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let mut dims = node.float(0)?.dims.clone();
    let axis = node.axis(None, dims.len())?;
    for index in 1..node.input_count() {
        let other = &node.float(index)?.dims;
        let fits = other.len() == dims.len()
            && other.iter().zip(&dims).enumerate().all(|(at, (other, dim))| at == axis || other == dim);
        if !fits {
            return node
                .refuse(format!("found inputs of dimensions {dims:?} and {other:?}, equal but for axis {axis}"));
        }
        dims[axis] += other[axis];
    }
    Ok(Inferred::plain(dims))
}

pub(super) fn flatten(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let dims = &node.float(0)?.dims;
    // Unlike elsewhere, the axis may also be the rank.
    let rank = dims.len() as i64;
    let axis = node.integer("axis", 1, -rank, rank)?;
    let axis = if axis < 0 { axis + rank } else { axis };
    let (before, after) = dims.split_at(axis as usize);
    match (u64::try_from(elements(before)), u64::try_from(elements(after))) {
        (Ok(before), Ok(after)) => Ok(Inferred::plain(vec![before, after])),
        _ => node.refuse(format!("found dimensions {dims:?}, which are too many elements")),
    }
}

/// The new dimensions are stored; 0 keeps a dimension, one may be -1 for what is left.
pub(super) fn reshape(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    node.integer("allowzero", 0, 0, 0)?;
    let (dims, wanted) = (&node.float(0)?.dims, node.stored_integers(1)?);
    let refused = || node.refuse(format!("found {dims:?} to become {wanted:?}, expected as many elements"));
    let (mut shape, mut open) = (Vec::new(), None);
    for (index, &dim) in wanted.iter().enumerate() {
        match (dim, dims.get(index)) {
            (0, Some(&kept)) => shape.push(kept),
            (-1, _) if open.is_none() => {
                open = Some(index);
                shape.push(1);
            }
            (dim, _) if dim > 0 => shape.push(dim.unsigned_abs()),
            _ => return refused(),
        }
    }
    let (all, given) = (elements(dims), elements(&shape));
    if let Some(open) = open
        && let Ok(left) = u64::try_from(all / given)
    {
        shape[open] = left;
    }
    if elements(&shape) == all { Ok(Inferred::plain(shape)) } else { refused() }
}

pub(super) fn transpose(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let dims = &node.float(0)?.dims;
    if node.attribute("perm").is_none() {
        return Ok(Inferred::plain(dims.iter().rev().copied().collect()));
    }
    let order = node.integers("perm", dims.len(), 0, 0, (dims.len() as u64).saturating_sub(1))?;
    if (0..dims.len() as u64).any(|axis| !order.contains(&axis)) {
        return node.refuse(format!("found perm {order:?}, allowed is every axis once"));
    }
    Ok(Inferred::plain(order.iter().map(|&axis| dims[axis as usize]).collect()))
}

/// The padding is stored: before each dimension, then after each.
pub(super) fn pad(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let mode = node.word("mode", &["constant", "reflect", "edge"])?;
    let (dims, pads) = (&node.float(0)?.dims, node.stored_integers(1)?);
    node.optional_number(2)?;
    let (before, after) = pads.split_at(pads.len() / 2);
    let allowed =
        |(pad, &dim): (&i64, &u64)| (0..=MAX_PAD).contains(pad) && (mode != "reflect" || pad.unsigned_abs() < dim);
    if pads.len() != 2 * dims.len() || !before.iter().zip(dims).chain(after.iter().zip(dims)).all(allowed) {
        return node.refuse(format!(
            "found pads {pads:?} for {dims:?}, allowed are two for each dimension, of 0 to {MAX_PAD}, and fewer than \
             the dimension if reflected"
        ));
    }
    let pads = before.iter().zip(after).map(|(before, after)| before.unsigned_abs() + after.unsigned_abs());
    Ok(Inferred::plain(dims.iter().zip(pads).map(|(dim, pads)| dim + pads).collect()))
}

/// A block of channels becomes a square of pixels.
pub(super) fn depth_to_space(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    node.word("mode", &["DCR", "CRD"])?;
    let (side, dims) = block(node)?;
    let [batch, channels, height, width] = dims;
    if !channels.is_multiple_of(side * side) {
        return node.refuse(format!("found {channels} channels, which are no blocks of {side} x {side}"));
    }
    Ok(Inferred::plain(vec![batch, channels / (side * side), height * side, width * side]))
}

/// A square of pixels becomes a block of channels.
pub(super) fn space_to_depth(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (side, dims) = block(node)?;
    let [batch, channels, height, width] = dims;
    if !height.is_multiple_of(side) || !width.is_multiple_of(side) {
        return node.refuse(format!("found {height} x {width} pixels, which are no squares of {side} x {side}"));
    }
    Ok(Inferred::plain(vec![batch, channels * side * side, height / side, width / side]))
}

fn block(node: &Node<'_>) -> Result<(u64, [u64; 4]), NotAdmitted> {
    let side = node.integer("blocksize", 0, 1, MAX_BLOCK)?.unsigned_abs();
    match <[u64; 4]>::try_from(&node.float(0)?.dims[..]) {
        Ok(dims) => Ok((side, dims)),
        Err(_) => node.refuse(format!("found {:?}, expected four dimensions", node.float(0)?.dims)),
    }
}
