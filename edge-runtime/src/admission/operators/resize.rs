//! Resizing by stored factors or to stored sizes, nearest or linear.

use crate::admission::NotAdmitted;
use crate::admission::node::{Inferred, Node};
use crate::admission::tensor::{Elements, Value};

/// The greatest factor, and the reciprocal of the least.
const MAX_FACTOR: f32 = 64.0;

pub(super) fn resize(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    node.word("mode", &["nearest", "linear"])?;
    let transformations = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"];
    node.word("coordinate_transformation_mode", &transformations)?;
    node.word("nearest_mode", &["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])?;
    node.word("keep_aspect_ratio_policy", &["stretch"])?;
    node.integer("antialias", 0, 0, 0)?;
    node.integer("exclude_outside", 0, 0, 0)?;
    let dims = &node.float(0)?.dims;
    if node.optional(1).is_some() {
        return node.refuse("found a region of interest, allowed is none".to_owned());
    }
    let resized: Option<Vec<u64>> = match (node.optional(2), node.optional(3)) {
        (Some(Value { elements: Elements::KnownFloats(factors), stored: true, .. }), None) => {
            let side = |(&dim, &factor): (&u64, &f32)| {
                let allowed = (1.0 / MAX_FACTOR..=MAX_FACTOR).contains(&factor);
                // Rounded down as the specification says; at most 2^24 * 64.
                allowed.then(|| (dim as f64 * f64::from(factor)).floor() as u64)
            };
            if factors.len() == dims.len() { dims.iter().zip(factors).map(side).collect() } else { None }
        }
        (None, Some(Value { elements: Elements::Ints(sizes), stored: true, .. })) => {
            let side = |(&dim, &size): (&u64, &i64)| {
                let size = u64::try_from(size).ok()?;
                let most = MAX_FACTOR as u64;
                (size <= dim.saturating_mul(most) && size.saturating_mul(most) >= dim).then_some(size)
            };
            if sizes.len() == dims.len() { dims.iter().zip(sizes).map(side).collect() } else { None }
        }
        _ => None,
    };
    match resized.filter(|resized| !resized.contains(&0)) {
        // Linear interpolation weighs two elements for each dimension.
        Some(resized) => {
            let value = Value::computed(resized);
            let macs = value.len().saturating_mul(1 << dims.len());
            Ok(Inferred { value, macs, scratch: 0 })
        }
        None => node.refuse(format!(
            "allowed are stored factors of 1/{MAX_FACTOR} to {MAX_FACTOR}, or sizes that give such, for all of {dims:?}"
        )),
    }
}
