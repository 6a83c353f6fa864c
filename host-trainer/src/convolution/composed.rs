//! The layers composed of burn's operations: for the GPU, and for processors without vectors.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};

use super::windows::Spacing;

pub(super) fn convolution(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, spacing: Spacing, leak: f64) -> Tensor<4> {
    let options = ConvOptions::new([spacing.stride; 2], [spacing.padding; 2], [1; 2], 1);
    rectified(conv2d(x, weight, Some(bias), options), leak)
}

pub(super) fn transposed_convolution(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    spacing: Spacing,
    leak: f64,
) -> Tensor<4> {
    if spacing.kernel == spacing.stride && spacing.padding == 0 {
        return rectified(spread(x, weight, bias), leak);
    }
    let options = ConvTransposeOptions::new([spacing.stride; 2], [spacing.padding; 2], [0; 2], [1; 2], 1);
    rectified(conv_transpose2d(x, weight, Some(bias), options), leak)
}

/// A transposed convolution whose kernel equals its stride: every input pixel becomes a block of its own. As a matrix
/// product and a permutation it trains in about half the time of the general case.
fn spread(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let [_, channels_out, rows, columns] = weight.dims();
    let block = channels_out * rows * columns;
    let weight = weight.reshape([1, channels, block]).swap_dims(1, 2).expand([batch, block, channels]);
    let blocks = weight.matmul(x.reshape([batch, channels, height * width]));
    let y = blocks.reshape([batch, channels_out, rows, columns, height, width]).permute([0, 1, 4, 2, 5, 3]).reshape([
        batch,
        channels_out,
        height * rows,
        width * columns,
    ]);
    y + bias.reshape([1, channels_out, 1, 1])
}

/// `leak x + (1 - leak) max(x, 0)`: the same function as burn's, whose gradient goes through a mask and takes twice as
/// long.
fn rectified(x: Tensor<4>, leak: f64) -> Tensor<4> {
    if leak == 1.0 { x } else { relu(x.clone()).mul_scalar(1.0 - leak) + x.mul_scalar(leak) }
}
