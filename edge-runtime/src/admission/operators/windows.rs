//! Convolutions and pools: windows over the spatial dimensions, one to three of them behind batch and channels.
//!
//! Sides of a kernel, dilations and strides are 1 to [`MAX_SIDE`]; padding is less than the window's extent, since a
//! window of padding alone sees nothing.

use crate::admission::NotAdmitted;
use crate::admission::node::{Inferred, Node};
use crate::admission::tensor::{Value, elements};

/// The greatest side of a kernel, dilation and stride.
const MAX_SIDE: u64 = 255;
/// The greatest number of groups.
const MAX_GROUPS: i64 = 1 << 16;

/// A window over the spatial dimensions.
struct Window {
    kernel: Vec<u64>,
    strides: Vec<u64>,
    /// Pixels from the first to the last one that the window sees, both counted.
    extents: Vec<u64>,
    /// Padding before and after, together.
    pads: Vec<u64>,
}

impl Window {
    /// The window that the attributes of `node` describe, over `spatial` dimensions.
    fn of(node: &Node<'_>, spatial: usize, kernel: Vec<u64>) -> Result<Self, NotAdmitted> {
        node.word("auto_pad", &["NOTSET"])?;
        if kernel.len() != spatial || !kernel.iter().all(|side| (1..=MAX_SIDE).contains(side)) {
            return node
                .refuse(format!("found a kernel of {kernel:?}, allowed are {spatial} sides of 1 to {MAX_SIDE}"));
        }
        let strides = node.integers("strides", spatial, 1, 1, MAX_SIDE)?;
        let dilations = node.integers("dilations", spatial, 1, 1, MAX_SIDE)?;
        let extents: Vec<u64> =
            kernel.iter().zip(&dilations).map(|(side, dilation)| dilation * (side - 1) + 1).collect();
        let pads = node.integers("pads", 2 * spatial, 0, 0, MAX_SIDE * MAX_SIDE)?;
        let (before, after) = pads.split_at(spatial);
        for ((before, after), extent) in before.iter().zip(after).zip(&extents) {
            if before.max(after) >= extent {
                return node.refuse(format!("found pads {pads:?}, allowed are fewer than the window's {extents:?}"));
            }
        }
        let pads = before.iter().zip(after).map(|(before, after)| before + after).collect();
        Ok(Self { kernel, strides, extents, pads })
    }

    /// How many windows fit into each of the dimensions.
    fn over(&self, node: &Node<'_>, spatial: &[u64]) -> Result<Vec<u64>, NotAdmitted> {
        let sides = spatial.iter().zip(&self.pads).zip(self.extents.iter().zip(&self.strides));
        let fitting =
            sides.map(|((side, pads), (extent, stride))| Some((side + pads).checked_sub(*extent)? / stride + 1));
        match fitting.collect() {
            Some(dims) => Ok(dims),
            None => {
                node.refuse(format!("found a window of {:?} over {spatial:?}, which it does not fit", self.extents))
            }
        }
    }

    fn taps(&self) -> u128 {
        elements(&self.kernel)
    }
}

/// Batch, channels and the spatial dimensions of the input.
fn image<'a>(node: &Node<'a>) -> Result<(u64, u64, &'a [u64]), NotAdmitted> {
    match &node.float(0)?.dims[..] {
        [batch, channels, spatial @ ..] if !spatial.is_empty() => Ok((*batch, *channels, spatial)),
        other => node.refuse(format!("found an input of dimensions {other:?}, expected batch, channels, sides")),
    }
}

fn with_channels(batch: u64, channels: u64, spatial: Vec<u64>) -> Vec<u64> {
    [vec![batch, channels], spatial].concat()
}

/// The sides of the kernel by the weights, which `kernel_shape` has to repeat if it is there.
fn kernel(node: &Node<'_>, weights: &Value, spatial: usize) -> Result<Vec<u64>, NotAdmitted> {
    let sides = weights.dims.get(2..).unwrap_or_default().to_vec();
    if weights.dims.len() != spatial + 2 {
        return node.refuse(format!("found weights of dimensions {:?} for {spatial} sides", weights.dims));
    }
    if node.attribute("kernel_shape").is_some() && node.integers("kernel_shape", spatial, 1, 1, MAX_SIDE)? != sides {
        return node.refuse(format!("found a kernel_shape other than that of the weights, {sides:?}"));
    }
    Ok(sides)
}

fn bias(node: &Node<'_>, channels: u64) -> Result<(), NotAdmitted> {
    if node.optional(2).is_some() { node.vector(2, channels) } else { Ok(()) }
}

fn groups(node: &Node<'_>) -> Result<u64, NotAdmitted> {
    Ok(node.integer("group", 1, 1, MAX_GROUPS)?.unsigned_abs())
}

pub(super) fn conv(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (batch, channels, spatial) = image(node)?;
    let weights = node.weight(1)?;
    let window = Window::of(node, spatial.len(), kernel(node, weights, spatial.len())?)?;
    let (filters, depth, groups) = (weights.dims[0], weights.dims[1], groups(node)?);
    if depth.checked_mul(groups) != Some(channels) || !filters.is_multiple_of(groups) {
        return node.refuse(format!(
            "found weights of dimensions {:?} in {groups} groups, which do not fit {channels} channels",
            weights.dims
        ));
    }
    bias(node, filters)?;
    let value = Value::computed(with_channels(batch, filters, window.over(node, spatial)?));
    let taps = window.taps() * u128::from(depth);
    let macs = value.len().saturating_mul(taps);
    // The engine may lay out what every window sees as one matrix.
    let scratch = elements(&value.dims[2..]).saturating_mul(taps * u128::from(groups) * u128::from(batch));
    Ok(Inferred { value, macs, scratch })
}

pub(super) fn conv_transpose(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (batch, channels, spatial) = image(node)?;
    let weights = node.weight(1)?;
    let window = Window::of(node, spatial.len(), kernel(node, weights, spatial.len())?)?;
    let groups = groups(node)?;
    if weights.dims[0] != channels || !channels.is_multiple_of(groups) {
        return node.refuse(format!(
            "found weights of dimensions {:?} in {groups} groups, which do not fit {channels} channels",
            weights.dims
        ));
    }
    let filters = weights.dims[1].saturating_mul(groups);
    bias(node, filters)?;
    let extra = node.integers("output_padding", spatial.len(), 0, 0, MAX_SIDE)?;
    if !extra.iter().zip(&window.strides).all(|(extra, stride)| extra < stride) {
        return node.refuse(format!("found output_padding {extra:?}, allowed is less than the stride"));
    }
    let sides = spatial.iter().zip(&window.strides).zip(&window.extents).zip(window.pads.iter().zip(&extra));
    let dims = sides.map(|(((side, stride), extent), (pads, extra))| {
        (stride * (side - 1) + extent + extra).checked_sub(*pads).filter(|&side| side > 0)
    });
    let Some(dims) = dims.collect() else {
        return node.refuse("found padding that leaves nothing of the output, allowed is less".to_owned());
    };
    let value = Value::computed(with_channels(batch, filters, dims));
    let pixels = elements(spatial).saturating_mul(window.taps());
    let macs = pixels.saturating_mul(u128::from(batch) * u128::from(channels) * u128::from(weights.dims[1]));
    let scratch = pixels.saturating_mul(u128::from(batch) * u128::from(filters));
    Ok(Inferred { macs: macs.saturating_add(value.len()), value, scratch })
}

pub(super) fn pool(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (batch, channels, spatial) = image(node)?;
    node.integer("ceil_mode", 0, 0, 0)?;
    node.integer("storage_order", 0, 0, 0)?;
    node.integer("count_include_pad", 0, 0, 1)?;
    if node.attribute("kernel_shape").is_none() {
        return node.refuse("found no kernel_shape, expected one".to_owned());
    }
    let kernel = node.integers("kernel_shape", spatial.len(), 1, 1, MAX_SIDE)?;
    let window = Window::of(node, spatial.len(), kernel)?;
    let value = Value::computed(with_channels(batch, channels, window.over(node, spatial)?));
    Ok(Inferred { macs: value.len().saturating_mul(window.taps()), value, scratch: 0 })
}

pub(super) fn global_average_pool(node: &Node<'_>) -> Result<Inferred, NotAdmitted> {
    let (batch, channels, spatial) = image(node)?;
    let value = Value::computed(with_channels(batch, channels, vec![1; spatial.len()]));
    Ok(Inferred { value, macs: node.float(0)?.len(), scratch: 0 })
}
