//! Convolutions with bias and leaky rectifier, ordinary and transposed, faster on the CPU than burn's.
//!
//! On burn's flex backend, and on a processor with AVX2, AVX-512 or NEON, a layer is one operation: direct sums over
//! images that are stored pixel by pixel, the rectifier applied before the numbers leave the registers, and a backward
//! pass of its own. Everywhere else it is composed of burn's operations. Values agree to rounding; on the CPU every
//! number is summed in one order, so that neither the number of threads nor the vector width changes a bit of it.
//!
//! ```text
//! flex (burn's tensors, autodiff) -> layer (forward, backward) -> products, weight_gradient (kernels)
//! ```

mod buffer;
mod composed;
mod flex;
mod layer;
mod panels;
mod products;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod windows;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::vectors::Vectors;
use flex::{LayerOps, Operation};
use layer::Direction;
use windows::Spacing;

/// `max(y, leak y)`, where y is the convolution of `input` plus `bias`.
///
/// # Shapes
/// - input: `[batch, channels in, height, width]`
/// - weight: `[channels out, channels in, kernel, kernel]`
/// - bias: `[channels out]`
/// - output: `[batch, channels out, (height + 2 padding - kernel) / stride + 1, the same of the width]`
///
/// # Panics
/// If the shapes don't fit together, or `leak` is outside of 0 to 1.
pub fn convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: usize,
    leak: f64,
) -> Tensor<4> {
    let spacing = Spacing { kernel: weight.dims()[2], stride, padding };
    if let Some(vectors) = Vectors::of_the_cpu(&input.device()) {
        return layer(input, weight, bias, vectors, Direction::Ordinary, spacing, leak);
    }
    composed::convolution(input, weight, bias, spacing, leak)
}

/// `max(y, leak y)`, where y is the transposed convolution of `input` plus `bias`.
///
/// # Shapes
/// - input: `[batch, channels in, height, width]`
/// - weight: `[channels in, channels out, kernel, kernel]`
/// - bias: `[channels out]`
/// - output: `[batch, channels out, (height - 1) stride + kernel - 2 padding, the same of the width]`
///
/// # Panics
/// If the shapes don't fit together, or `leak` is outside of 0 to 1.
pub fn transposed_convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: usize,
    leak: f64,
) -> Tensor<4> {
    let spacing = Spacing { kernel: weight.dims()[2], stride, padding };
    if let Some(vectors) = Vectors::of_the_cpu(&input.device()) {
        return layer(input, weight, bias, vectors, Direction::Transposed, spacing, leak);
    }
    composed::transposed_convolution(input, weight, bias, spacing, leak)
}

fn layer(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    vectors: Vectors,
    direction: Direction,
    spacing: Spacing,
    leak: f64,
) -> Tensor<4> {
    assert!((0.0..=1.0).contains(&leak), "a leaky rectifier of slope {leak}, not 0 to 1");
    let operation = Operation { vectors, direction, spacing, leak: leak as f32 };
    let output = Dispatch::layer(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), operation);
    Tensor::from_dispatch(output)
}
